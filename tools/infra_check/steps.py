"""Steps: one terraform command each, or one look at what it left."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.infra_check.terraform import Terraform

COUNTS = re.compile(r"Plan: (?:\d+ to import, )?\d+ to add, \d+ to change, \d+ to destroy")
COMPLETE = re.compile(r"complete! (Resources: .+?\.)")
TESTED = re.compile(r"\d+ passed, \d+ failed(?:, \d+ skipped)?")


@dataclass(frozen=True)
class Step:
    """A step that was done.

    Args:
        unit: an environment or a module, as `envs/dev`.
        name: what was done.
        passed: whether it went as it should.
        seconds: how long it took.
        note: what there is to say about it, in a few words.
        error: terraform's own words where it did not pass.
        stops: whether nothing can follow where it did not pass.
    """

    unit: str
    name: str
    passed: bool
    seconds: float
    note: str = ""
    error: str = ""
    stops: bool = True


@dataclass(frozen=True)
class Unit:
    """A folder in which terraform runs.

    Args:
        name: as `envs/dev`.
        folder: its copy.
        terraform: terraform, with a source of providers.
    """

    name: str
    folder: Path
    terraform: Terraform

    def step(
        self, name: str, *arguments: str, note: Callable[[str], str] = lambda _: "", good: Sequence[int] = (0,)
    ) -> Step:
        """Runs terraform once.

        Args:
            name: what the report calls it.
            arguments: of terraform.
            note: takes its standard output to a few words.
            good: exit codes with which it passes.
        """
        began = time.monotonic()
        done = self.terraform.run(self.folder, arguments[0], "-no-color", *arguments[1:])
        passed = done.returncode in good
        error = "" if passed else f"{done.stdout}\n{done.stderr}".strip()
        return Step(self.name, name, passed, time.monotonic() - began, note(done.stdout) if passed else "", error)

    def look(self, name: str, faults: Sequence[str], began: float, note: str) -> Step:
        """A step that is not a command: it passes where there are no faults."""
        seconds = time.monotonic() - began
        return Step(self.name, name, not faults, seconds, "" if faults else note, "\n".join(faults), stops=False)


def planned(output: str) -> str:
    """What a plan says of itself: the counts, or that it is empty."""
    found = COUNTS.search(output)
    return found[0].removeprefix("Plan: ") if found else "no changes"


def applied(output: str) -> str:
    """What apply and destroy say of themselves."""
    found = COMPLETE.search(output)
    return found[1].removeprefix("Resources: ").rstrip(".") if found else ""


def tests(output: str) -> str:
    """What `terraform test` says of itself."""
    found = TESTED.search(output)
    return found[0] if found else ""
