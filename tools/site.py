"""Builds the site: stages docs/ for MkDocs, builds it strictly, looks that no page loads anything from elsewhere.

Staged are the pages without docs/telecom (the assistant's knowledge base). Links that leave docs/ become links to the
repository. Where a model is in service, its card and the prompts' are pages too. Runs in .venv-docs, with the standard
library and MkDocs alone.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
STAGED = ROOT / "build" / "site-src"
SITE = ROOT / "build" / "site"
REPOSITORY = "https://github.com/telecom-ml-llmops/telecom-ml-llmops"
SUFFIXES = {".md", ".png", ".sql", ".json"}
RENAMED = {"README.md": "pages.md"}
"""docs/index.md is the first page, so that the table of all pages needs another name."""
WITH_CARDS = """# Cards

As `telecom cards` wrote them when this site was built.

- [Model card](model_card.md): the model in service, what it is for, its data, figures and limits
- [Prompt card](prompt_card.md): what the assistant is told, and how each text was judged
"""
WITHOUT_CARDS = """# Cards

No model was in service where this site was built. After `telecom demo`, `make site` puts the cards of the model and of
the prompts here; `telecom cards --out cards` writes them as files.
"""
MERMAID = "11.17.2"
MERMAID_SHA512 = (
    "57a2b70bc101744b0f1595d228c25eea9a50384371b87011afd1af1d7e21878e"
    "e501b84c443f6a7f8a042bb2e869143150b31af34feab798073bbdda0a578106"
)

_PIECE = re.compile(r"(?:^ *```.*?^ *```$)|`[^`\n]+`|\]\((?P<path>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)", re.M | re.S)
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon)[^>]*\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)"
)


def sources() -> tuple[Path, ...]:
    """Every file of docs/ that belongs to the site, in name order."""
    found = (path for path in DOCS.rglob("*") if path.is_file() and path.suffix in SUFFIXES)
    return tuple(sorted(path for path in found if not path.is_relative_to(DOCS / "telecom")))


def staged_name(path: Path) -> str:
    """Where a file of docs/, or the changelog, stands in the site."""
    if path == ROOT / "CHANGELOG.md":
        return "changelog.md"
    name = path.relative_to(DOCS).as_posix()
    return RENAMED.get(name, name)


def stage(folder: Path) -> None:
    """Makes `folder` hold what MkDocs reads."""
    shutil.rmtree(folder, ignore_errors=True)
    for source in (*sources(), ROOT / "CHANGELOG.md"):
        target = folder / staged_name(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(deeper(linked(source.read_text("utf-8"), source)), "utf-8")
        else:
            shutil.copyfile(source, target)
    (folder / "adr" / "README.md").write_text(decisions(), "utf-8")


def linked(text: str, page: Path) -> str:
    """The page with links as the site needs them; code stays."""

    def replaced(match: re.Match[str]) -> str:
        if not match["path"] or re.match(r"[a-z][a-z0-9+.-]*:", match["path"]):
            return match[0]
        return f"]({target_of(page, match['path'])}{match['anchor'] or ''})"

    return _PIECE.sub(replaced, text)


def target_of(page: Path, link: str) -> str:
    """A relative link of a page of docs/, or of the changelog, as it is in the site."""
    target = (page.parent / link).resolve()
    depth = staged_name(page).count("/")
    if target == DOCS / "adr":
        return "../" * depth + "adr/README.md"
    if target in {*sources(), ROOT / "CHANGELOG.md"}:
        return "../" * depth + staged_name(target)
    kind = "tree" if target.is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{target.relative_to(ROOT).as_posix()}"


def deeper(text: str) -> str:
    """Continuations of numbered items, which GitHub takes at three spaces, at the four that Python-Markdown wants."""
    lines, within = [], False
    for line in text.splitlines():
        if re.match(r"\d+\. ", line):
            within = True
        elif line and not line.startswith(" "):
            within = False
        lines.append(f" {line}" if within and line.startswith("   ") else line)
    return "\n".join(lines) + "\n"


def decisions() -> str:
    """The list of decisions, which has no page of its own in docs/."""
    rows = [
        f"| [{path.stem[:4]}]({path.name}) | {path.read_text('utf-8').splitlines()[0].partition('. ')[2]} |"
        for path in sorted((DOCS / "adr").glob("[0-9]*.md"))
    ]
    return "\n".join(["# Decisions", "", "| | decision |", "|---|---|", *rows, ""])


def cards(folder: Path) -> None:
    """Model card and prompt card of the last run below TELECOM_HOME, and the page that leads to them, into `folder`."""
    command = ROOT / ".venv" / "bin" / "telecom"
    asked = (str(command), "cards", "--out", str(folder))
    made = command.is_file() and subprocess.run(asked, cwd=ROOT, capture_output=True).returncode == 0
    folder.mkdir(exist_ok=True)
    (folder / "README.md").write_text(WITH_CARDS if made else WITHOUT_CARDS, "utf-8")


def mermaid(folder: Path) -> Path:
    """The script that draws the diagrams, fetched once by npm and verified; so that pages fetch none.

    Raises:
        SystemExit: npm is not there, or brought something else.
    """
    script = folder / f"mermaid-{MERMAID}.min.js"
    if not script.is_file():
        npm = shutil.which("npm") or sys.exit("npm is missing; it fetches mermaid.\n→ Debian: apt-get install -y npm")
        subprocess.run([npm, "pack", "--silent", f"mermaid@{MERMAID}"], cwd=folder, check=True, capture_output=True)
        archive = folder / f"mermaid-{MERMAID}.tgz"
        if hashlib.sha512(archive.read_bytes()).hexdigest() != MERMAID_SHA512:
            sys.exit(f"{archive} is not mermaid {MERMAID} as it was published. Do not use it.")
        with tarfile.open(archive) as packed:
            inside = packed.extractfile("package/dist/mermaid.min.js")
            script.write_bytes(inside.read() if inside else b"")
        archive.unlink()
    return script


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """Scripts, styles, fonts and pictures that a page would fetch from another host."""
    for page in sorted(site.rglob("*.html")):
        for match in _LOADED.finditer(page.read_text("utf-8")):
            yield f"{page.relative_to(site)}: {match[1] or match[2]}"


def main() -> int:
    """Entry point; returns the exit code."""
    stage(STAGED)
    cards(STAGED / "cards")
    (STAGED / "assets").mkdir()
    shutil.copyfile(mermaid(Path(sys.prefix)), STAGED / "assets" / "mermaid.min.js")
    # Material's notice of its end is in docs/adr/0018-the-site.md.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    # Never with --quiet: warnings that are not logged do not count, and nothing is strict any more.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if built.returncode:
        sys.stderr.write(built.stdout + built.stderr)
        return 1
    foreign = tuple(loaded_from_elsewhere(SITE))
    for found in foreign:
        sys.stderr.write(f"Loaded from elsewhere: {found}\n")
    sys.stdout.write(f"{SITE.relative_to(ROOT)}/index.html\n")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main())
