"""How a pipeline run on this machine is shown: live on stderr, what became of it on stdout."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from telecom import console
from telecom.pipeline_runs import FailedStep, KeptRun
from telecom.ports import PipelineRun, StepRun

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

NAME = 16


@dataclass
class Follower:
    """Shows steps as they begin and end: a line for each that ended; on a terminal also the one that runs."""

    running: str = ""
    told: list[str] = field(default_factory=list)
    bars: "Bars | None" = None

    def __call__(self, step: StepRun) -> None:
        """Hears of a step."""
        self.close()
        if step.state == "running":
            self.running = step.name
            self._spin(step.name)
        elif step.state == "succeeded":
            self.told.append(step.name)
            console.print_step(f"{step.name:<{NAME}}", step.seconds or 0.0, figures(step))
        elif isinstance(step, FailedStep):
            self.told.append(step.name)
            console.stderr().print(f"[red]✗[/red] {step.name:<{NAME}} {step.seconds or 0.0:5.1f} s", soft_wrap=True)
            print_reason(step)

    def close(self) -> None:
        """Takes away what is transient."""
        if self.bars:
            self.bars.stop()
            self.bars = None

    def _spin(self, name: str) -> None:
        where = console.stderr()
        if not where.is_terminal:
            return
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self.bars = Progress(*columns, console=where, transient=True)
        self.bars.start()
        self.bars.add_task(name, total=None)


def print_begin(job_id: str, log: Path) -> None:
    """Where the run can be found, before anything happens."""
    console.print_next(f"Job {job_id}; what the steps say: {log}")


def print_interrupted(run: KeptRun | None, follower: Follower) -> None:
    """What was left of a run that was interrupted."""
    if run is None:
        return
    during = f" during the step {follower.running}" if follower.running else ""
    _error(f"\nThe run {run.job_id} was interrupted{during}; what it said: {run.link}")
    console.print_next("To try again, take another job id: steps replace their rows.")


def print_reason(step: FailedStep) -> None:
    """What the failed step said, below its line."""
    console.stderr().print(step.message, markup=False, soft_wrap=True)


def show(done: PipelineRun, follower: Follower) -> None:
    """What became of the run: a table; only the total and the sentences where a terminal showed each step already."""
    seen = bool(follower.told) and sys.stdout.isatty() and console.stderr().is_terminal
    if seen:
        print_total(done)
    else:
        console.print_table(
            f"Pipeline {done.job_id}: {state(done)}", ("step", "state", "seconds", "figures"), rows(done)
        )
    if reasons := notes(done):
        console.print_pairs("Why", reasons)
    if done.note:
        _error(done.note)
    failed = [step for step in done.steps if isinstance(step, FailedStep) and step.name not in follower.told]
    for step in failed:
        if step.message != done.note:
            _error(f"The step {step.name} failed.")
            print_reason(step)
    if done.already:
        console.print_next("This job id was started before; nothing was run again.")
    console.print_next(f"All that the steps said: {done.link}")


def notes(done: PipelineRun) -> list[tuple[str, str]]:
    """The sentences that the steps gave; an answer that a later step repeats in full is told there only."""
    told = [(step.name, step.note) for step in done.steps if step.note]
    later = ["\n".join(note for _, note in told[number:]) for number in range(1, len(told) + 1)]
    return [pair for pair, rest in zip(told, later, strict=True) if (pair[1].partition(": ")[2] or pair[1]) not in rest]


def print_total(done: PipelineRun) -> None:
    """One line on stdout: how it ended, how long the steps took, and which were not due."""
    seconds = sum(step.seconds or 0.0 for step in done.steps)
    skipped = [step.name for step in done.steps if step.state == "skipped"]
    rest = f"; skipped: {', '.join(skipped)}" if skipped else ""
    sys.stdout.write(f"Pipeline {done.job_id}: {state(done)} in {seconds:.1f} s{rest}\n")


def state(done: PipelineRun) -> str:
    """The state in words: a run that was not started here and has not ended runs elsewhere."""
    return "running in another process" if done.state == "submitted" else done.state


def rows(done: PipelineRun) -> list[tuple[str, str, str, str]]:
    """The steps as rows of a table."""
    seconds = [console.NOTHING if step.seconds is None else f"{step.seconds:.1f}" for step in done.steps]
    return [(step.name, step.state, took, figures(step)) for step, took in zip(done.steps, seconds, strict=True)]


def figures(step: StepRun) -> str:
    """The step's numbers in one line, in its own order."""
    found: Mapping[str, float] = step.metrics
    whole = {name: int(value) if float(value).is_integer() else value for name, value in found.items()}
    return ", ".join(f"{name.replace('_', ' ')} {console.text(value)}" for name, value in whole.items())


def _error(sentence: str) -> None:
    console.stderr().print(sentence, style="bold red", markup=False, soft_wrap=True)
