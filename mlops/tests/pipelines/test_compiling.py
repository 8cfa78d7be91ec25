"""Definition → YAML: the same bytes everywhere, as stored, and as the policy wants it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops.src.pipelines import compiling, validation
from mlops.src.pipelines.compiling import NO_IMAGE, PIPELINES, STORED, compile_pipeline, stored_pipeline
from telecom.errors import UsageError

IMAGE = "europe-docker.pkg.dev/p/r/churn@sha256:" + "0f" * 32
READS_ONLY = {"retraining-need"}
HARMLESS = {"batch-only", "nothing-to-do"}


@pytest.mark.parametrize("name", PIPELINES)
def test_the_stored_yaml_is_what_the_definition_gives(name: str, tmp_path: Path) -> None:
    found = compile_pipeline(name, NO_IMAGE, tmp_path / "out.yaml").read_bytes()
    stored = STORED / f"{name}.yaml"
    remedy = f"telecom pipeline compile {name} --out {stored.relative_to(STORED.parents[3])}"
    assert stored.read_bytes() == found, f"run: {remedy}"


def test_no_other_yaml_is_stored() -> None:
    assert {path.stem for path in STORED.iterdir()} == set(PIPELINES)


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from mlops.src.pipelines.compiling import *; "
    script += f"compile_pipeline('churn', {IMAGE!r}, Path(sys.argv[1]))"
    other = tmp_path / "other.yaml"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", script, str(other)], check=True, cwd=tmp_path, env=environment)
    assert other.read_bytes() == compile_pipeline("churn", IMAGE, tmp_path / "here.yaml").read_bytes()
    assert other.read_bytes() == stored_pipeline("churn", IMAGE, tmp_path / "stored.yaml").read_bytes()


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_is_valid_and_in_one_image(name: str, tmp_path: Path) -> None:
    spec = validation.check_spec(stored_pipeline(name, IMAGE, tmp_path / "x.yaml"))
    assert {e["container"]["image"] for e in spec["deploymentSpec"]["executors"].values()} == {IMAGE}


@pytest.mark.parametrize("maker", [compile_pipeline, stored_pipeline])
def test_unknown_names_and_images_without_digest_are_refused(maker: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'nothing'.*churn, churn-retraining, churn-automl"):
        maker("nothing", IMAGE, tmp_path / "x.yaml")
    for image in ("churn:latest", "churn@sha256:" + "0" * 63, "a b@sha256:" + "0" * 64, ""):
        with pytest.raises(UsageError, match="digest"):
            maker("churn", image, tmp_path / "x.yaml")
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_when_the_check_finds_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        assert path.exists()
        raise UsageError("a fault")

    (out := tmp_path / "churn.yaml").write_text("before")
    monkeypatch.setattr(compiling, "check_spec", refuse)
    with pytest.raises(UsageError, match="a fault"):
        compile_pipeline("churn", IMAGE, out)
    assert out.read_text() == "before" and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", PIPELINES)
def test_only_steps_that_read_may_be_cached_and_each_can_be_repeated(name: str) -> None:
    tasks = leaves(stored(name))
    cached = {task for task, spec in tasks.items() if spec.get("cachingOptions", {}).get("enableCache")}
    assert cached <= READS_ONLY
    for task in cached:
        assert {"data_state", "run_date"} <= tasks[task]["inputs"]["parameters"].keys()
    without = {task for task, spec in tasks.items() if not spec.get("retryPolicy")}
    assert without <= HARMLESS | {"compare-automl"}
    assert all(spec["taskInfo"]["name"] != task for task, spec in tasks.items()), "every step has a name for people"


@pytest.mark.parametrize("name", PIPELINES)
def test_every_if_has_its_else(name: str) -> None:
    spec = stored(name)
    dags = [spec["root"], *spec["components"].values()]
    for tasks in (dag["dag"]["tasks"] for dag in dags if "dag" in dag):
        conditions = [
            t["triggerPolicy"]["condition"] for t in tasks.values() if "condition" in t.get("triggerPolicy", {})
        ]
        assert len(conditions) in (0, 2)
        if conditions:
            positive, negative = sorted(conditions, key=lambda text: text.startswith("!("))
            assert negative == f"!({positive})" and "'" in positive


def test_the_environment_is_a_parameter_not_in_the_yaml() -> None:
    for name in PIPELINES:
        text = (STORED / f"{name}.yaml").read_text("utf-8")
        assert "TELECOM_" not in text
        assert stored(name)["root"]["inputDefinitions"]["parameters"]["environment"] == {"parameterType": "STRUCT"}


def test_component_bodies_call_one_step_and_nothing_else() -> None:
    for name in PIPELINES:
        for executor in stored(name)["deploymentSpec"]["executors"].values():
            source = executor["container"]["command"][-1]
            body = source[source.index("def ") :]
            assert "from mlops.src.pipelines import steps" in body and body.count("return steps.") == 1


def stored(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((STORED / f"{name}.yaml").read_text("utf-8"))
    return read


def leaves(spec: dict[str, Any]) -> dict[str, Any]:
    dags = [spec["root"], *spec["components"].values()]
    tasks = {name: task for dag in dags for name, task in dag.get("dag", {}).get("tasks", {}).items()}
    return {n: t for n, t in tasks.items() if "dag" not in spec["components"][t["componentRef"]["name"]]}
