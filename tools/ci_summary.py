"""What the last tests and the last evaluation left in `build`, as Markdown.

`python -m tools.ci_summary` appends to the file that GITHUB_STEP_SUMMARY names, or prints. Reads `build/junit.xml`,
`build/coverage.xml` and `build/eval/report.md`, as far as they are there; of one that is cut off it says so.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from telecom.errors import NotFound

BUILD = Path("build")
REMEDY = "Run: make coverage"
FLOOR = 0.85
MOST_NAMED = 20
MOST_TEXT = 900_000
"""GitHub takes 1 MiB per step."""


@dataclass(frozen=True)
class Outcomes:
    """A run of the tests: counts, seconds of all together, and the names of those that failed."""

    tests: int
    failed: int
    skipped: int
    seconds: float
    failures: tuple[str, ...]

    @property
    def passed(self) -> int:
        """How many passed."""
        return self.tests - self.failed - self.skipped


@dataclass(frozen=True)
class Coverage:
    """Shares (0 to 1) of lines, of branches, and of both together, which is what the floor is about."""

    lines: float
    branches: float
    both: float


def read_tests(path: Path) -> Outcomes:
    """The figures of a JUnit file.

    Raises:
        NotFound: there is none, or it is none.
    """
    cases = _root(path).iter("testcase")
    counted, failures, skipped, seconds = 0, [], 0, 0.0
    for case in cases:
        counted += 1
        seconds += float(case.get("time", "0"))
        skipped += case.find("skipped") is not None
        if case.find("failure") is not None or case.find("error") is not None:
            failures.append(f"{case.get('classname', '')}::{case.get('name', '')}")
    return Outcomes(counted, len(failures), skipped, seconds, tuple(failures))


def read_coverage(path: Path) -> Coverage:
    """The figures of a Cobertura file.

    Raises:
        NotFound: there is none, or it is none.
    """
    root = _root(path)
    lines, taken = (int(root.get(f"lines-{name}", "0")) for name in ("valid", "covered"))
    branches, branches_taken = (int(root.get(f"branches-{name}", "0")) for name in ("valid", "covered"))
    if not lines:
        raise NotFound(f"{path} has no lines.", REMEDY)
    both = (taken + branches_taken) / (lines + branches)
    return Coverage(taken / lines, branches_taken / branches if branches else 1.0, both)


def _root(path: Path) -> Any:
    # Reports of our own run; without entities and network, since a file is a file.
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    if not path.is_file():
        raise NotFound(f"{path} is missing.", REMEDY)
    try:
        return etree.parse(path, parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise NotFound(f"{path} is no report: {getattr(error, 'msg', error)}.", REMEDY) from error


def summary(build: Path) -> str:
    """The Markdown; one sentence where nothing is there."""
    parts = [
        *_part("## Tests", _tests, build / "junit.xml"),
        *_part("## Coverage", _coverage, build / "coverage.xml"),
        *_evaluation(build / "eval/report.md"),
    ]
    return "\n".join(parts or ["Neither tests nor evaluation left a report."]) + "\n"


def _part(title: str, read: Callable[[Path], Iterator[str]], path: Path) -> list[str]:
    """The lines of one report; the reason where it is none, since the others are still worth reading."""
    if not path.exists():
        return []
    try:
        return list(read(path))
    except NotFound as error:
        return [f"{title}\n\n{error.message}\n"]


def _tests(path: Path) -> Iterator[str]:
    found = read_tests(path)
    yield "## Tests\n\n| tests | passed | failed | skipped | seconds, side by side |\n|---|---|---|---|---|"
    yield f"| {found.tests} | {found.passed} | {found.failed} | {found.skipped} | {found.seconds:.0f} |\n"
    yield from (f"- `{name.replace('`', chr(39))}`" for name in found.failures[:MOST_NAMED])
    if found.failed > MOST_NAMED:
        yield f"- and {found.failed - MOST_NAMED} more"


def _coverage(path: Path) -> Iterator[str]:
    found = read_coverage(path)
    verdict = "" if found.both >= FLOOR else f", **below {FLOOR:.0%}**"
    yield "\n## Coverage\n\n| lines | branches | together |\n|---|---|---|"
    yield f"| {found.lines:.1%} | {found.branches:.1%} | {found.both:.1%}{verdict} |\n"


def _evaluation(path: Path) -> Iterator[str]:
    if path.exists():
        yield path.read_text("utf-8")[:MOST_TEXT]


def main() -> None:
    """Appends or prints."""
    text = summary(BUILD)
    if target := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
