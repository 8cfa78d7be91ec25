"""How a pipeline run is shown: live on a terminal, whole where there is none."""

import sys
from io import StringIO

import pytest
from rich.console import Console

from telecom import console
from telecom.pipeline_output import Follower, figures, notes, show, state
from telecom.pipeline_runs import FailedStep, KeptRun
from telecom.ports import StepRun

STEPS = (
    StepRun("ingest", "succeeded", 1.0, {"read": 7.0, "accepted": 6.0, "share": 0.25}),
    FailedStep("train", "failed", 2.0, message="Error: it's [bold]empty", exit_code=3),
    StepRun("score", "skipped"),
)
DONE = KeptRun("job-1", "failed", "/x/run.log", steps=STEPS)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def followed(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> tuple[str, str]:
    """What stdout and stderr got of the run above."""
    out, err = (Terminal(), Terminal()) if terminal else (StringIO(), StringIO())
    monkeypatch.setattr(sys, "stdout", out)
    plain = Console(file=err, force_terminal=terminal, highlight=False, width=100, color_system=None)
    monkeypatch.setattr(console, "stderr", lambda: plain)
    follower = Follower()
    for step in STEPS:
        if step.state != "skipped":
            follower(StepRun(step.name, "running"))
        follower(step)
    follower.close()
    show(DONE, follower)
    return out.getvalue(), err.getvalue()


def test_a_terminal_sees_each_step_once_and_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = followed(monkeypatch, terminal=True)
    assert out == "Pipeline job-1: failed in 3.0 s; skipped: score\n"
    assert "ingest 0:00:00" in err and err.count("✓ ingest") == 1 and err.count("it's [bold]empty") == 1


def test_elsewhere_nothing_is_transient_and_the_table_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = followed(monkeypatch, terminal=False)
    words = [line.split()[:2] for line in out.splitlines() if line.split()]
    assert words[-3:] == [["ingest", "succeeded"], ["train", "failed"], ["score", "skipped"]]
    assert err.splitlines() == [
        "✓ ingest             1.0 s  read 7, accepted 6, share 0.2500",
        "✗ train              2.0 s",
        "Error: it's [bold]empty",
        "→ All that the steps said: /x/run.log",
    ]


def test_words_for_states_figures_and_reasons() -> None:
    assert state(KeptRun("job-1", "submitted", "", already=True)) == "running in another process"
    assert figures(STEPS[0]) == "read 7, accepted 6, share 0.2500"
    told = (StepRun("need", "succeeded", note="enough: A b."), StepRun("nothing", "succeeded", note="It stays. A b."))
    assert notes(KeptRun("job-1", "succeeded", "", steps=told)) == [("nothing", "It stays. A b.")]
    twice = (StepRun("one", "succeeded", note="A b."), StepRun("two", "succeeded", note="A b."))
    assert notes(KeptRun("job-1", "succeeded", "", steps=twice)) == [("two", "A b.")]
