"""What every Experiments promises."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from telecom.bootstrap import Platform
from telecom.ports import Run
from tests.loopback.cloud import Cloud

pytestmark = pytest.mark.backends("local", "gcp")


@dataclass(frozen=True)
class Found:
    """What a person finds under a run's id."""

    parameters: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str]


def found(platform: Platform, run_id: str, request: pytest.FixtureRequest) -> Found:
    if platform.settings.backend == "local":
        return found_in_mlflow(platform, run_id)
    return found_in_vertex(request.getfixturevalue("cloud"), run_id)


def found_in_mlflow(platform: Platform, run_id: str) -> Found:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{platform.settings.home / 'mlflow.db'}")
    data = client.get_run(run_id).data
    tags = {key: value for key, value in data.tags.items() if not key.startswith("mlflow.")}
    names = [file.path for file in client.list_artifacts(run_id)]
    folder = Path(client.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    return Found(data.params, data.metrics, tags, {name: (folder / name).read_text() for name in names})


def found_in_vertex(cloud: Cloud, run_id: str) -> Found:
    context = cloud.grpc.store[run_id]
    metadata: dict[str, Any] = json.loads(type(context).to_json(context))["metadata"]
    assert metadata["_state"] == "COMPLETE"
    parameters = metadata["_params"]
    tags = {key.removeprefix("tag."): parameters.pop(key) for key in sorted(parameters) if key.startswith("tag.")}
    place = parameters.pop("artifacts_uri", None)
    files = {uri.removeprefix(place): cloud.storage.content(uri) for uri in cloud.storage.objects()} if place else {}
    return Found(parameters, metadata["_metrics"], tags, {name: content.decode() for name, content in files.items()})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    files = tmp_path / "artifacts"
    files.mkdir()
    (files / "curve.json").write_text("[]")
    return Run("churn", "first", {"depth": "3"}, {"auc": 0.85}, {"data_digest": "abc"}, files)


def test_a_run_is_remembered(platform: Platform, run: Run, request: pytest.FixtureRequest) -> None:
    run_id = platform.experiments.record(run)
    assert found(platform, run_id, request) == Found(
        {"depth": "3"}, {"auc": 0.85}, {"data_digest": "abc"}, {"curve.json": "[]"}
    )


def test_a_run_may_have_no_files(platform: Platform, run: Run, request: pytest.FixtureRequest) -> None:
    run_id = platform.experiments.record(replace(run, artifacts=None))
    assert found(platform, run_id, request).files == {}


def test_recording_again_is_harmless(platform: Platform, run: Run, request: pytest.FixtureRequest) -> None:
    first, second = (platform.experiments.record(run) for _ in range(2))
    assert found(platform, first, request) == found(platform, second, request)


def test_runs_of_one_name_from_other_data_are_told_apart(
    platform: Platform, run: Run, request: pytest.FixtureRequest
) -> None:
    other = replace(run, metrics={"auc": 0.9}, tags={"data_digest": "def"})
    first, second = (platform.experiments.record(each) for each in (run, other))
    assert found(platform, first, request).metrics == {"auc": 0.85}
    assert found(platform, second, request).metrics == {"auc": 0.9}


def test_a_figure_that_is_no_number_does_not_lose_the_run(
    platform: Platform, run: Run, request: pytest.FixtureRequest
) -> None:
    run_id = platform.experiments.record(replace(run, metrics={"auc": 0.85, "lift": math.nan}))
    metrics = found(platform, run_id, request).metrics
    assert metrics["auc"] == 0.85 and math.isnan(float(metrics["lift"]))
