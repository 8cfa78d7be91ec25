"""Renders the sources beside this file into docs/telecom. `--check` writes nothing and exits 1 if a file differs.

`sources/<folder>/<name>.pdf.md` becomes `docs/telecom/<folder>/<name>.pdf` and `<name>.pdf.meta.yaml`.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from tools.knowledge_base import docx_file, pdf_file
from tools.knowledge_base.source import Source, read

SOURCES = Path(__file__).parent / "sources"
TARGET = Path(__file__).resolve().parents[2] / "docs" / "telecom"
RENDERERS: Mapping[str, Callable[[Source], bytes]] = {".pdf": pdf_file.render, ".docx": docx_file.render}


def files(sources: Path = SOURCES) -> Mapping[str, bytes]:
    """Every file that the sources give: path below docs/telecom → content."""
    found: dict[str, bytes] = {}
    for path in sorted(sources.rglob("*.md")):
        name = path.relative_to(sources).with_suffix("").as_posix()
        source = read(path)
        found[name] = RENDERERS[Path(name).suffix](source)
        found[f"{name}.meta.yaml"] = sidecar(source)
    return found


def sidecar(source: Source) -> bytes:
    """The front matter as a file of its own, for formats that cannot hold it."""
    return yaml.safe_dump(dict(source.meta), allow_unicode=True, sort_keys=False, width=110).encode()


def stale(target: Path, wanted: Mapping[str, bytes]) -> tuple[str, ...]:
    """Names of files that are missing or differ, and of rendered files without a source; in name order."""
    differ = {name for name, content in wanted.items() if _read(target / name) != content}
    kinds = [kind + ending for kind in RENDERERS for ending in ("", ".meta.yaml")]
    rendered = {path.relative_to(target).as_posix() for kind in kinds for path in target.rglob(f"*{kind}")}
    return tuple(sorted(differ | (rendered - wanted.keys())))


def write(target: Path, wanted: Mapping[str, bytes]) -> None:
    """Makes the target's rendered files exactly the wanted ones."""
    for name in stale(target, wanted):
        path = target / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[name])
        else:
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the files, or with `--check` only compares."""
    parser = argparse.ArgumentParser(prog="python -m tools.knowledge_base", description=__doc__)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args(arguments)
    wanted = files()
    differing = stale(TARGET, wanted)
    if not chosen.check:
        write(TARGET, wanted)
    sys.stdout.writelines(f"{'stale' if chosen.check else 'written'}: docs/telecom/{name}\n" for name in differing)
    return int(chosen.check and bool(differing))


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
