"""What a compiled pipeline and the values for its parameters must be."""

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.src.pipelines import validation
from mlops.src.pipelines.compiling import STORED
from telecom.errors import UsageError

SPEC: dict[str, Any] = yaml.safe_load((STORED / "churn.yaml").read_text("utf-8"))
GOOD = {"environment": {"A": "b"}, "run_date": "2026-11-20T00:00:00+00:00"}
TYPED = {
    "root": {
        "inputDefinitions": {
            "parameters": {
                "text": {"parameterType": "STRING"},
                "count": {"parameterType": "NUMBER_INTEGER"},
                "share": {"parameterType": "NUMBER_DOUBLE"},
                "flag": {"parameterType": "BOOLEAN", "defaultValue": True},
                "mapping": {"parameterType": "STRUCT", "isOptional": True},
                "items": {"parameterType": "LIST", "defaultValue": []},
            }
        }
    }
}
REQUIRED = {"text": "x", "count": 1, "share": 0.5}


def container(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["deploymentSpec"]["executors"]["exec-train"]["container"]
    return found


def task(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["root"]["dag"]["tasks"]["record-outcome"]
    return found


def amount(spec: dict[str, Any], text: str) -> None:
    container(spec)["resources"]["resourceMemoryLimit"] = text


def checked(spec: Any, folder: Path) -> str:
    """What the check says of it."""
    path = folder / "x.yaml"
    path.write_text(json.dumps(spec), "utf-8")
    with pytest.raises(UsageError) as refused:
        validation.check_spec(path)
    return refused.value.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["root"].update(dagg=1), "dagg"),
        (lambda s: s["deploymentSpec"].update(colour=1), "colour"),
        (lambda s: container(s).update(imagine="x"), "imagine"),
        (lambda s: s.update(root=[]), "root"),
        (lambda s: s.update(root=None), "no tasks"),
        (lambda s: s.update(components=None), "comp-record-outcome', which does not exist"),
        (lambda s: s.update(components={"comp-train": None}), "components"),
        (lambda s: s.update(deploymentSpec=[1]), "deploymentSpec"),
        (lambda s: s.update(deploymentSpec=None), "0 images"),
        (lambda s: s["deploymentSpec"]["executors"].update({"exec-train": None}), "executors"),
        (lambda s: container(s).update(resources="x"), "resources"),
        (lambda s: s["components"]["comp-train"].update(executorLabel="exec-x"), "'exec-x', which does not exist"),
        (lambda s: s["components"]["comp-train"].pop("executorLabel"), "comp-train does nothing"),
        (lambda s: task(s)["componentRef"].update(name="comp-x"), "'comp-x', which does not exist"),
        (lambda s: task(s)["dependentTasks"].append("nobody"), "record-outcome waits for 'nobody'"),
        (lambda s: amount(s, "much"), "resource_memory_limit = 'much'"),
        (lambda s: amount(s, "0G"), "resource_memory_limit = '0G'"),
        (lambda s: amount(s, "-4G"), "resource_memory_limit = '-4G'"),
        (lambda s: amount(s, "16GB"), "resource_memory_limit = '16GB'"),
        (lambda s: s["root"].pop("dag"), "no tasks"),
        (lambda s: container(s).update(image="python:3.11"), "2 images"),
        (lambda s: container(s).update(image="python:3.11"), "'python:3.11' is not named by its digest"),
        (
            lambda s: container(s)["resources"].pop("resourceMemoryLimit"),
            "exec-train does not set resource_memory_limit",
        ),
        (lambda s: container(s).pop("resources"), "resource_cpu_request"),
    ],
)
def test_what_breaks_the_policy_is_named(change: Callable[[Any], Any], said: str, tmp_path: Path) -> None:
    spec = copy.deepcopy(SPEC)
    change(spec)
    assert said in checked(spec, tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        "python3 -m pip install --quiet numpy && exec $0",
        "pip3 install numpy",
        "apt-get update && apt-get install -y gcc",
        "apk add gcc",
        "poetry install",
        "easy_install numpy",
        "uv sync",
        "uv pip install numpy",
        "conda install numpy",
    ],
)
def test_nothing_is_installed_when_a_step_starts(command: str, tmp_path: Path) -> None:
    spec = copy.deepcopy(SPEC)
    container(spec)["command"] = ["sh", "-c", command]
    assert "exec-train installs packages" in checked(spec, tmp_path)


@settings(max_examples=25, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3), st.data())
def test_a_malformed_file_is_refused_and_never_crashes(node: Any, data: st.DataObject) -> None:
    spec = copy.deepcopy(SPEC)
    at = spec
    for _ in range(data.draw(st.integers(0, 7))):
        inner = [key for key, value in at.items() if isinstance(value, dict) and value]
        if not inner:
            break
        at = at[data.draw(st.sampled_from(inner))]
    at[data.draw(st.sampled_from(sorted(at)))] = node
    with TemporaryDirectory() as folder, suppress(UsageError):
        (path := Path(folder) / "x.yaml").write_text(json.dumps(spec), "utf-8")
        validation.check_spec(path)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: [", "utf-8")
    (tmp_path / "y.yaml").write_text("- 1", "utf-8")
    for name in ("x.yaml", "y.yaml", "z.yaml"):
        with pytest.raises(UsageError, match=name):
            validation.check_spec(tmp_path / name)


@pytest.mark.parametrize(
    "values",
    [
        REQUIRED,
        REQUIRED | {"share": 1, "flag": False, "mapping": {"a": [1, None, {"b": 2.5}]}, "items": ["x", 1]},
        REQUIRED | {"text": 'it\'s "so" ç😀'},
    ],
)
def test_right_values_pass(values: dict[str, Any]) -> None:
    validation.check_parameters(TYPED, values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": 1}, "'colour' is not a parameter"),
        ({"count": "3"}, "count = '3' is not a whole number"),
        ({"count": 1.5}, "count"),
        ({"count": True}, "count"),
        ({"share": "much"}, "share = 'much' is not a number"),
        ({"share": float("nan")}, "share"),
        ({"text": 5}, "text"),
        ({"flag": "true"}, "flag = 'true' is not true or false"),
        ({"mapping": []}, "mapping"),
        ({"mapping": {1: "x"}}, "mapping"),
        ({"mapping": {"day": object()}}, "mapping"),
        ({"items": {}}, "items"),
        ({"share": 10**400}, "share"),
        ({"text": "a{{$.inputs}}"}, "text holds '{{$'"),
        ({"mapping": {"a": ["{{$"]}}, "mapping holds '{{$'"),
    ],
)
def test_wrong_values_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        validation.check_parameters(TYPED, REQUIRED | change)
    assert said in refused.value.message and "share (a number)" in refused.value.remedy


def test_only_what_may_be_given_is_offered() -> None:
    with pytest.raises(UsageError) as refused:
        validation.check_parameters(SPEC, GOOD | {"colour": "red"})
    assert refused.value.remedy == "It takes csv (text), deploy (batch or online), snapshot_date (text)."


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        validation.check_parameters(SPEC, {"colour": 1, "csv": 2, "run_date": "x", "deploy": "it's"})
    for said in ("'colour'", "csv = 2", "'environment' is missing", 'deploy = "it\'s" is none of batch, online'):
        assert said in refused.value.message


def test_the_pipelines_own_values_pass() -> None:
    validation.check_parameters(SPEC, GOOD)
    validation.check_parameters(SPEC, GOOD | {"deploy": "online", "csv": "it's.csv"})


def test_texts_become_what_the_pipeline_declares() -> None:
    for name, text, value in (
        ("text", "5", "5"),
        ("count", "5", 5),
        ("share", "0.25", 0.25),
        ("flag", "false", False),
        ("items", "[1, a]", [1, "a"]),
        ("count", "many", "many"),
        ("count", "[", "["),
        ("count", "010", 10),
        ("count", 5, 5),
        ("share", "2", 2.0),
        ("share", "1e1", 10.0),
        ("share", 2, 2.0),
        ("share", True, True),
        ("share", "much", "much"),
        ("items", "2026-13-45", "2026-13-45"),
        ("unknown", "7", "7"),
    ):
        found = validation.parameter_from(TYPED, name, text)
        assert (found, type(found)) == (value, type(value)), name
