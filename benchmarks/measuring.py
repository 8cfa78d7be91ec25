"""One measured part per process, so that its peak memory is its own.

The parent stays small (no Arrow, no pandas): Linux lets a child start with its parent's peak.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


@dataclass(frozen=True)
class Bench:
    """Where the generated world of this run lies, and how many customers it has."""

    home: Path
    customers: int

    @property
    def platform(self) -> Path:
        """The product's local state (`TELECOM_HOME`)."""
        return self.home / "platform"

    @property
    def csv(self) -> Path:
        """The generated customers as a file."""
        return self.home / "customers.csv"

    def scratch(self, name: str) -> Path:
        """A file of an alternative, or one that both sides leave for the comparison."""
        folder = self.home / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name


@dataclass(frozen=True)
class Took:
    """Wall seconds and processor seconds; on a shared machine the second are the steadier ones."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True)
class Measured:
    """What one part took for so many rows: wall seconds, the processor seconds of all its threads, and its findings.

    `peak_mb` is the peak memory of its whole process, in MB.
    """

    took: "Took"
    rows: int
    peak_mb: float = 0.0
    found: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> "Measured":
        """What the child wrote."""
        data = json.loads(text)
        return cls(**data | {"took": Took(**data["took"])})


Part = Callable[[Bench], Measured]


class PartFailed(Exception):
    """A measured process died or raised; its own words went to stderr."""


def timed(work: Callable[[], Any]) -> tuple[Took, Any]:
    """How long a call took, and what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu), result


def in_child(part: str, bench: Bench) -> Measured:
    """Runs `module:function` on the bench in a process of its own.

    Raises:
        PartFailed: the process did not end well.
    """
    with TemporaryDirectory(prefix="telecom-bench-") as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "benchmarks.measuring", part, str(bench.home), str(bench.customers)]
        ended = subprocess.run([*command, str(answer)], check=False, stdout=sys.stderr)
        if ended.returncode or not answer.is_file():
            raise PartFailed(f"{part} ended with {ended.returncode}")
        return Measured.from_json(answer.read_text("utf-8"))


def peak_mb() -> float:
    """The largest resident size of this process so far, in MB (10⁶ bytes)."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / 1e6 if sys.platform == "darwin" else largest * 1024 / 1e6


def main(arguments: list[str]) -> None:
    """The child: runs one part and writes what it measured as JSON."""
    part, home, customers, answer = arguments
    module, name = part.split(":")
    run: Part = getattr(import_module(module), name)
    measured = run(Bench(Path(home), int(customers)))
    Path(answer).write_text(json.dumps(asdict(measured) | {"peak_mb": peak_mb()}), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
