"""Links, anchors and named files: what a page points at is there."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.honesty.documents import ROOT, name_of, pages, prose, spans

LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
PATH = re.compile(r"[\w.*{},-]+(?:/[\w.*{},-]+)*/?")
# Named in the docs, made by the commands that stand beside the names.
MADE_BY_COMMANDS = {
    "data/Telco-Customer-Churn.csv",
    "reports",
    "reports/",
    "reports/index.html",
    "build/site",
    "build/notebooks",
}
TOP = {path.name for path in ROOT.iterdir()} | {"llmops", "infra", "data", "docs", "reports"}
KNOWLEDGE = ("docs/telecom/", "llmops/prompts/", "tools/knowledge_base/sources/")


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    seen: Counter[str] = Counter()
    found = set()
    for match in HEADING.finditer(prose(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(slug if not seen[slug] else f"{slug}-{seen[slug]}")
        seen[slug] += 1
    return found


def links(page: Path) -> list[str]:
    without_code = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "code", prose(page))
    return [one or other for one, other in LINK.findall(without_code)]


def broken(page: Path, target: str) -> bool:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return not target.startswith(("https://", "mailto:"))
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    if not found.exists() or not found.is_relative_to(ROOT):
        return True
    return bool(anchor) and (found.suffix != ".md" or anchor not in slugs(found))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_and_anchor_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if broken(page, target)] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_named_files_and_folders_exist(page: Path) -> None:
    named = [(where, text) for where, text in spans(page) if PATH.fullmatch(text) and text.split("/")[0] in TOP]
    absent = [(where, text) for where, text in named if text not in MADE_BY_COMMANDS and not exists(text)]
    assert absent == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_lines_wrap_at_120(page: Path) -> None:
    """Table rows cannot be; generated pages are not read as source, nor are prompts and the knowledge base."""
    apart = page.parent.name in ("reference", "api") or name_of(page).startswith(KNOWLEDGE)
    lines = [] if apart else prose(page).splitlines()
    assert [line for line in lines if len(line) > 120 and not line.lstrip().startswith("|")] == []


def exists(text: str) -> bool:
    """Whether a path, perhaps with `*` and one `{a,b}`, stands for at least one file each."""
    if match := re.fullmatch(r"(.*)\{(.+)\}(.*)", text):
        return all(exists(f"{match[1]}{choice}{match[3]}") for choice in match[2].split(","))
    return any(ROOT.glob(text.rstrip("/")))


def test_the_checks_notice_what_is_wrong(tmp_path: Path) -> None:
    page = ROOT / "README.md"
    assert broken(page, "docs/nowhere.md") and broken(page, "docs/README.md#no-such-heading")
    assert broken(page, "http://insecure.example") and broken(page, "../outside.md")
    assert not broken(page, "docs/README.md#documentation")
    assert not exists("telecom/nothing.py") and not exists("telecom/{ports,nothing}.py") and exists("docs/adr/0001*")
    other = tmp_path / "page.md"
    other.write_text(
        "# A `b`: [c](d)\n# A b c\n\n[x](y) `[no](link)` [z]( <q> )\n\n```bash\n# not a heading\n[u](v)\n```\n"
    )
    assert slugs(other) == {"a-b-c", "a-b-c-1"} and links(other) == ["d", "y", "q"]
