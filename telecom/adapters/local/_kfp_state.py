"""What is known of one run on this machine, as `state.json` beside it keeps it."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from telecom.adapters.local._files import beside
from telecom.adapters.local._kfp_plan import plan_of
from telecom.errors import UsageError
from telecom.pipeline_runs import FailedStep, KeptRun
from telecom.ports import StepRun

OnStep = Callable[[StepRun], None]
GONE = "It broke off: the process that ran it is gone."

_ENDS: dict[str, Literal["submitted", "succeeded", "failed"]] = {
    "running": "submitted",
    "succeeded": "succeeded",
    "failed": "failed",
}


@dataclass
class State:
    """A run in `folder`. `message` says why it broke off; a step's failure is told by the step."""

    folder: Path
    job_id: str
    pipeline: str = ""
    state: str = "running"
    message: str = ""
    started_at: str = ""
    ended_at: str = ""
    steps: dict[str, StepRun] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "State | None":
        """What was kept; None if nothing was."""
        path = folder / "state.json"
        if not path.exists():
            return None
        kept = json.loads(path.read_text("utf-8"))
        steps = [(FailedStep if "exit_code" in step else StepRun)(**step) for step in kept.pop("steps")]
        return cls(folder, **kept, steps={step.name: step for step in steps})

    def write(self, folder: Path | None = None) -> None:
        """Replaces what is kept, in one step. The order of a step's figures is its own."""
        kept: dict[str, Any] = {**asdict(self), "steps": [asdict(step) for step in self.steps.values()]}
        del kept["folder"]
        with beside((folder or self.folder) / "state.json") as part:
            part.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")

    def take(self, event: dict[str, Any]) -> StepRun:
        """The step as an event of the process tells it."""
        name, state, note = event["step"], event["state"], event.get("note", "")
        figures = (event.get("seconds"), event.get("metrics", {}))
        if state == "failed":
            said, code = event["message"], event["exit_code"]
            self.steps[name] = FailedStep(name, "failed", *figures, message=said, exit_code=code)
        else:
            self.steps[name] = StepRun(name, state, *figures, note=note)
        return self.steps[name]

    def finish(self, steps: tuple[str, ...], on_step: OnStep) -> None:
        """Adds the steps that were not due (of branches not taken, behind a failure) and puts all in their order."""
        for name in steps:
            if name not in self.steps:
                self.steps[name] = StepRun(name, "skipped")
                on_step(self.steps[name])
        self.steps = {name: self.steps[name] for name in dict.fromkeys((*steps, *self.steps))}

    def break_off(self, message: str) -> None:
        """The run has failed, and with it the step that was running; the log says why, too."""
        self.state, self.message = "failed", message
        for name, step in self.steps.items():
            if step.state == "running":
                self.steps[name] = FailedStep(name, "failed", message=message)
        with suppress(OSError), (self.folder / "run.log").open("a", encoding="utf-8") as log:
            log.write(f"\n{message}\n")

    def settle(self) -> None:
        """A run whose process is gone without a word has failed; its last sign of life was its end."""
        if self.state != "running":
            return
        files = [path for path in (self.folder / "run.log", self.folder / "state.json") if path.exists()]
        self.ended_at = moment(max(path.stat().st_mtime for path in files))
        self.break_off(GONE)
        with suppress(UsageError):
            self.finish(plan_of(self.folder / "pipeline.yaml").steps, nobody)
        self.write()

    def as_run(self, already: bool) -> KeptRun:
        """For whoever asked."""
        return KeptRun(
            self.job_id,
            _ENDS[self.state],
            str(self.folder / "run.log"),
            already,
            tuple(self.steps.values()),
            self.message,
            self.pipeline,
            self.started_at,
            self.ended_at,
        )


def moment(seconds: float | None = None) -> str:
    """A time stamp (default: now), UTC."""
    now = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return now.isoformat(timespec="seconds")


def nobody(_: StepRun) -> None:
    """Hears of steps when nobody asked."""
