"""`python -m benchmarks` (`make bench`): every step beside its plain alternative, in one run, on generated customers.

Prints speed and peak memory; ends with 1 if the two sides of a step do not agree on the rows or the numbers.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Bench, Measured, in_child
from benchmarks.steps import STEPS, Step

WIDTH = 160
"""Of the table where nobody says how wide the page is."""
LIBRARIES = ("duckdb", "pyarrow", "numpy", "pandas", "xgboost-cpu", "xgboost")


@dataclass(frozen=True)
class Line:
    """One step's figures: those of the fastest round of each side, and the largest peaks; the ratio is per row."""

    step: str
    rows: int
    seconds: float
    cpu_seconds: float
    rows_per_second: float
    peak_mb: float
    alternative: str
    alternative_rows: int
    alternative_seconds: float
    alternative_cpu_seconds: float
    alternative_peak_mb: float
    ratio: float
    target: str
    reached: bool | None
    complaints: tuple[str, ...]
    found: Mapping[str, Any] = field(default_factory=dict)


def measure(step: Step, bench: Bench) -> Line:
    """Prepares what the step needs, measures both sides in turn and compares what they left."""
    for need in ("customers", *step.needs):
        in_child(f"benchmarks.world:{need}", bench)
    mine: list[Measured] = []
    theirs: list[Measured] = []
    for _ in range(step.rounds):
        mine.append(in_child(f"{step.module}:ours", bench))
        theirs.append(in_child(f"{step.module}:alternative", bench))
    found = dict(in_child(f"{step.module}:compare", bench).found)
    return _line(step, mine, theirs, found)


def _line(step: Step, mine: Sequence[Measured], theirs: Sequence[Measured], found: dict[str, Any]) -> Line:
    best, other = (min(side, key=lambda m: m.took.wall) for side in (mine, theirs))
    seconds = best.took.wall
    rate, ratio = best.rows / seconds, (other.took.wall / other.rows) / (seconds / best.rows)
    target = step.target
    return Line(
        step=step.title,
        rows=best.rows,
        seconds=seconds,
        cpu_seconds=best.took.cpu,
        rows_per_second=rate,
        peak_mb=max(m.peak_mb for m in mine),
        alternative=step.alternative,
        alternative_rows=other.rows,
        alternative_seconds=other.took.wall,
        alternative_cpu_seconds=other.took.cpu,
        alternative_peak_mb=max(m.peak_mb for m in theirs),
        ratio=ratio,
        target=str(target or "–"),
        reached=target.reached(ratio=ratio, rows_per_second=rate, seconds=seconds) if target else None,
        complaints=tuple(found.pop("complaints")),
        found=found,
    )


def machine() -> dict[str, str]:
    """What the figures depend on: day, processor, memory, versions."""
    names = {name: _version(name) for name in LIBRARIES}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, {platform.system()}",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{name: found for name, found in names.items() if found},
    }


def table(lines: Sequence[Line]) -> Table:
    """The figures for a person."""
    shown = Table(box=None, pad_edge=False)
    heads = (
        *("step", "rows", "s", "CPU s", "rows/s", "peak MB"),
        *("beside", "rows", "s", "CPU s", "peak MB", "ratio", "target", "reached"),
    )
    for head in heads:
        shown.add_column(head, justify="left" if head in ("step", "beside", "target") else "right")
    for line in lines:
        shown.add_row(
            line.step,
            f"{line.rows:,}",
            f"{line.seconds:.2f}",
            f"{line.cpu_seconds:.2f}",
            f"{line.rows_per_second:,.0f}",
            f"{line.peak_mb:,.0f}",
            line.alternative,
            f"{line.alternative_rows:,}",
            f"{line.alternative_seconds:.2f}",
            f"{line.alternative_cpu_seconds:.2f}",
            f"{line.alternative_peak_mb:,.0f}",
            f"{line.ratio:.1f}×",
            line.target,
            {True: "yes", False: "no", None: "–"}[line.reached],
        )
    return shown


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    """The folder of this run; a temporary one is removed at the end."""
    if given is None:
        with TemporaryDirectory(prefix="telecom-bench-") as folder:
            yield Path(folder)
        return
    given.mkdir(parents=True, exist_ok=True)
    yield given.absolute()


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="generated customers (default 1,000,000)")
    parser.add_argument("--only", action="append", choices=[step.name for step in STEPS], help="this step; repeatable")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--home", type=Path, help="new folder to work in, kept; default: temporary, removed")
    return parser.parse_args()


def main() -> int:
    """Runs the chosen steps; 0 if every comparison agreed."""
    chosen = _arguments()
    began, facts = time.monotonic(), machine()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(" · ".join(f"{name} {found}" for name, found in facts.items()), highlight=False)
    lines = []
    with _home(chosen.home) as home:
        for step in STEPS:
            if not chosen.only or step.name in chosen.only:
                console.print(f"{step.title} …", style="dim", highlight=False)
                lines.append(measure(step, Bench(home, chosen.customers)))
    console.print(table(lines), highlight=False)
    for line in lines:
        for sentence in (*line.complaints, *(f"{name}: {value:.3g}" for name, value in line.found.items())):
            console.print(f"{line.step}: {sentence}", highlight=False)
    console.print(f"{time.monotonic() - began:.0f} s in all", highlight=False)
    if chosen.json:
        chosen.json.write_text(json.dumps({**facts, "steps": [asdict(line) for line in lines]}, indent=1), "utf-8")
    return 1 if any(line.complaints for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
