"""`make infra-check`: formats, plans, applies and destroys every environment without a cloud; tests every module."""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from telecom.errors import TelecomError
from tools.infra_check import estate, examples, inventory, judged, mocked, modules, provider, workspace
from tools.infra_check.provider import Provider
from tools.infra_check.steps import Step, Unit
from tools.infra_check.terraform import Missing, Terraform, find

ROOT = Path(__file__).resolve().parents[2]
TREE = Path("infra/terraform")
NOTHING_CHECKED = 5
Work = Callable[[], Iterator[Step]]


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Args:
        checkout: the folder up to which the tree may read files.
        tree: the folder with `envs` and `modules`.
        only: names of units (`envs/dev`, `modules/gcs`, `examples`); all if empty.
        jobs: units at a time.
        plans: where to leave plans as JSON; None: they go when the check ends.
    """

    checkout: Path
    tree: Path
    only: Sequence[str]
    jobs: int
    plans: Path | None

    def wants(self, name: str) -> bool:
        """Whether a unit is to be checked."""
        return not self.only or name in self.only


class Report:
    """One line per step, as it ends; terraform's words below a step that did not pass."""

    def __init__(self, console: Console, width: int = 26) -> None:
        self._console, self._width, self._lock = console, width, threading.Lock()
        self.steps: list[Step] = []

    def line(self, step: Step) -> bool:
        """Prints a step; returns whether it passed."""
        with self._lock:
            self.steps.append(step)
            state = "ok    " if step.passed else "FAILED"
            text = f"{step.unit:<{self._width}} {step.name:<19} {state} {step.seconds:6.1f} s  {step.note}".rstrip()
            self._say(text)
            for line in step.error.splitlines():
                self._say(f"    {line}")
        return step.passed

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def run(self, works: Sequence[Work], jobs: int) -> None:
        """Runs works side by side, each up to the first step that nothing can follow."""
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            list(pool.map(self._one, works))

    def _one(self, work: Work) -> None:
        try:
            all(self.line(step) or not step.stops for step in work())
        except (OSError, subprocess.SubprocessError, TelecomError) as error:
            self.line(Step("?", "start", False, 0.0, error=str(error)))


def formatted(terraform: Terraform, tree: Path) -> Step:
    """`terraform fmt -check -recursive`, on the tree itself."""
    return Unit(str(TREE), tree, terraform).step("fmt", "fmt", "-check", "-recursive", "-diff")


def providers(terraform: Terraform, asked: Asked, wanted: str, scratch: Path) -> tuple[list[Provider], list[str]]:
    """The sources of providers that answer, and why the others do not.

    Raises:
        Missing: none does.
    """
    reasons, found = [], []
    if wanted != "stand-in":
        first = workspace.copy(asked.tree, asked.checkout, scratch / "first").environments()
        if not first:
            raise Missing(f"NOTHING WAS CHECKED: {asked.tree} has no envs/<name>/*.tf.")
        found.append(provider.registry(terraform, first[0], scratch))
    if wanted != "registry":
        found.append(provider.stand_in(terraform, asked.checkout))
    reasons = [each for each in found if isinstance(each, str)]
    answering = [each for each in found if isinstance(each, Provider)]
    if not answering:
        raise Missing("ONLY THE FORMAT WAS CHECKED: no provider answers: neither " + " nor ".join(reasons) + ".")
    return answering, reasons


def works(source: Provider, alone: bool, asked: Asked, scratch: Path) -> list[Work]:
    """What is run with a source; module tests run with the stand-in unless Google's provider runs them.

    Args:
        source: where providers come from.
        alone: whether there is no other source.
        asked: the command line.
        scratch: a folder for the copy.
    """
    tree = workspace.copy(asked.tree, asked.checkout, scratch)
    units = [Unit(f"envs/{folder.name}", folder, source.terraform) for folder in tree.environments()]
    wanted = [unit for unit in units if asked.wants(unit.name)]
    found = [_environment(source, unit, asked, scratch, unit is wanted[0]) for unit in wanted]
    if not source.real and tree.modules() and asked.wants(examples.NAME):
        found.append(_examples(source, tree.modules()))
    # The longest first, so that no core waits for it at the end.
    for folder in sorted(tree.modules(), key=workspace.runs, reverse=True) if source.real or alone else ():
        unit = Unit(f"modules/{folder.name}", folder, source.terraform)
        if asked.wants(unit.name):
            found.append(_module(source, unit))
    return found


def _environment(source: Provider, unit: Unit, asked: Asked, scratch: Path, buckets: bool) -> Work:
    committed = asked.tree / "envs" / unit.folder.name
    how = estate.Life(committed, asked.checkout, asked.plans or scratch, buckets)
    return lambda: mocked.environment(unit) if source.real else estate.life(unit, how)


def _module(source: Provider, unit: Unit) -> Work:
    return lambda: mocked.module(unit) if source.real else modules.module(unit)


def _examples(source: Provider, found: Sequence[Path]) -> Work:
    unit = Unit(examples.NAME, examples.write(found), source.terraform)
    return lambda: examples.examples(unit, found)


def cost(asked: Asked, scratch: Path) -> Iterator[Step]:
    """Whether the cost page is what the plans of both environments say; nothing where one of them was not planned."""
    plans = [(asked.plans or scratch) / f"{name}.json" for name in judged.ENVIRONMENTS]
    asked_for = all(asked.wants(f"envs/{name}") for name in judged.ENVIRONMENTS)
    if asked_for and judged.priced(asked.checkout) and all(path.is_file() for path in plans):
        began = time.monotonic()
        faults = judged.cost_faults(plans, asked.checkout)
        yield Unit("envs", scratch, Terraform("", {})).look("cost page", faults, began, f"as in {judged.PAGE}")


def write(source: Provider, asked: Asked, scratch: Path, report: Report) -> None:
    """Writes the inventory of every environment from a plan with the stand-in."""
    for folder in workspace.copy(asked.tree, asked.checkout, scratch).environments():
        unit = Unit(f"envs/{folder.name}", folder, source.terraform)
        if asked.wants(unit.name) and all(map(report.line, estate.planning(unit))):
            found = inventory.inventory(estate.plan_of(unit))
            file = inventory.write(found, asked.tree / "envs" / folder.name)
            report.line(unit.look("inventory", (), time.monotonic(), f"{found['total']} addresses → {file}"))


def check(asked: Asked, wanted: str, writing: bool, console: Console) -> int:
    """Runs everything; returns the exit code.

    Raises:
        Missing: terraform or every source of providers.
    """
    report, began = Report(console), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="telecom-infra-") as name:
        scratch = Path(name).resolve()
        terraform = find(scratch)
        report.line(formatted(terraform, asked.tree))
        sources, reasons = providers(terraform, asked, "stand-in" if writing else wanted, scratch)
        for reason in reasons:
            console.print(f"Not used: {reason}.", markup=False, highlight=False, soft_wrap=True)
        for number, source in enumerate(sources):
            console.print(f"Provider: {source.words}.", markup=False, highlight=False, soft_wrap=True)
            place = scratch / f"copy-{number}"
            if writing:
                write(source, asked, place, report)
            else:
                report.run(works(source, len(sources) == 1, asked, place), asked.jobs)
                report.run([lambda place=place: cost(asked, place)], 1)  # type: ignore[misc]
    good = all(step.passed for step in report.steps)
    console.print(f"{'PASSED' if good else 'NOT PASSED'}: {_tally(report.steps)} in {time.monotonic() - began:.0f} s.")
    for source in sources:
        console.print(
            f"{source.not_proven} No cloud was asked, nothing real was made.", highlight=False, soft_wrap=True
        )
    return 0 if good else 1


def _tally(steps: Sequence[Step]) -> str:
    return f"{sum(step.passed for step in steps)} of {len(steps)} steps passed"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.infra_check", description=__doc__)
    parser.add_argument("units", nargs="*", metavar="UNIT", help="only these, as envs/dev, modules/gcs, examples")
    parser.add_argument("--provider", choices=("auto", "registry", "stand-in"), default="auto")
    parser.add_argument("--write", action="store_true", help="write envs/<name>/inventory.yaml instead of comparing")
    parser.add_argument("--plans", type=Path, metavar="FOLDER", help="leave plans there as <env>.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="how many at a time")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="the checkout whose infra/terraform is checked")
    return parser.parse_args(words)


def main() -> int:
    """Entry point; returns the exit code: 0 all passed, 1 not, 5 something without which nothing is checked."""
    given, console = arguments(), Console()
    checkout = given.checkout.resolve()
    if given.plans:
        given.plans.mkdir(parents=True, exist_ok=True)
    asked = Asked(checkout, checkout / TREE, given.units, given.jobs, given.plans and given.plans.resolve())
    try:
        return check(asked, given.provider, given.write, console)
    except Missing as missing:
        console.print(str(missing), style="bold red", markup=False, highlight=False, soft_wrap=True)
        return NOTHING_CHECKED


if __name__ == "__main__":
    sys.exit(main())
