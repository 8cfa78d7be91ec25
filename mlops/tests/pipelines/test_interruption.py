"""How a run that breaks off ends: what is said, kept, recorded and left behind."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mlops.src.pipelines import broken_off
from telecom.bootstrap import Platform
from telecom.pipeline_runs import FailedStep, KeptRun
from telecom.ports import StepRun
from telecom.settings import Settings
from tests.contracts import small_pipelines as small

RECORDED = "SELECT pipeline, job_id, state, failed_step, message, seconds FROM telecom_monitoring.pipeline_runs"
RUN = """
import sys
from pathlib import Path
from telecom import pipeline_cli
from telecom.cli import main
from telecom.ports import PipelineRequest
spec, marker = sys.argv[1:]
pipeline_cli.prepared = lambda *_: PipelineRequest(Path(spec), "job-1", {"marker": marker})
sys.argv = ["telecom", "pipeline", "run", "churn"]
main()
"""
BROKEN = KeptRun(
    "job-1",
    "failed",
    "run.log",
    steps=(FailedStep("train", "failed", message="It broke off."), StepRun("record-outcome", "skipped")),
    note="It broke off.",
    pipeline="churn",
    started_at="2026-11-20T06:00:00+00:00",
    ended_at="2026-11-20T06:00:30+00:00",
)


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_and_leaves_nothing(sign: signal.Signals, code: int, tmp_path: Path) -> None:
    home, marker, temporary = tmp_path / "home", tmp_path / "marker", tmp_path / "tmp"
    temporary.mkdir()
    spec = small.compiled(small.sleeping, tmp_path)
    environment = {**os.environ, "TELECOM_HOME": str(home), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(spec), str(marker)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not marker.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(sign)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, ""), said
    log = home / "pipelines" / "job-1" / "run.log"
    assert f"The run job-1 was interrupted during the step sleep; what it said: {log}" in said
    assert "Traceback" not in said and list(temporary.iterdir()) == []
    platform = Platform(Settings(home=home))
    (row,) = platform.warehouse.query(RECORDED).to_pylist()
    found = [row[name] for name in ("pipeline", "job_id", "state", "failed_step", "message")]
    assert found == ["sleeping", "job-1", "failed", "sleep", "It was interrupted."]


def test_what_broke_off_is_recorded_once(tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path))
    for _ in range(2):
        broken_off.record(platform.warehouse, platform.metrics, BROKEN)
    rows = platform.warehouse.query(RECORDED).to_pylist()
    assert [(row["job_id"], row["failed_step"], row["seconds"]) for row in rows] == [("job-1", "train", 30.0)]


def test_only_what_could_not_record_itself_is_recorded(tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path))
    told = (BROKEN.steps[0], StepRun("record-outcome", "succeeded"))
    for run in (
        None,
        replace(BROKEN, state="submitted", ended_at=""),
        replace(BROKEN, state="succeeded", note=""),
        replace(BROKEN, note="", steps=told),
    ):
        assert broken_off.record(platform.warehouse, platform.metrics, run) is None
    for run in (replace(BROKEN, steps=told), replace(BROKEN, note="")):
        outcome = broken_off.record(platform.warehouse, platform.metrics, run)
        assert outcome is not None and (outcome.state, outcome.message) == ("failed", "It broke off.")
