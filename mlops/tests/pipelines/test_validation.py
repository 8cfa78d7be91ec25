"""What a compiled pipeline and the values for its parameters must be."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def install(spec: dict[str, Any]) -> None:
    container(spec)["command"] = ["sh", "-c", "python3 -m pip install --quiet numpy && exec $0"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["root"].update(dagg=1), "dagg"),
        (lambda s: s["root"].pop("dag"), "no tasks"),
        (lambda s: container(s).update(image="python:3.11"), "2 images"),
        (lambda s: container(s).update(image="python:3.11"), "'python:3.11' is not named by its digest"),
        (install, "exec-train installs packages"),
        (lambda s: container(s)["resources"].pop("resourceMemoryLimit"), "exec-train does not set resourceMemoryLimit"),
        (lambda s: container(s).pop("resources"), "resourceCpuRequest"),
    ],
)
def test_what_breaks_the_policy_is_named(change: Callable[[Any], Any], said: str, tmp_path: Path) -> None:
    spec = copy.deepcopy(SPEC)
    change(spec)
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(spec), "utf-8")
    with pytest.raises(UsageError) as refused:
        validation.check_spec(path)
    assert said in refused.value.message


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
        ({"count": "3"}, "count = '3' is not an integer"),
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
    ],
)
def test_wrong_values_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        validation.check_parameters(TYPED, REQUIRED | change)
    assert said in refused.value.message and "share (NUMBER_DOUBLE)" in refused.value.remedy


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
        ("unknown", "7", "7"),
    ):
        assert validation.parameter_from(TYPED, name, text) == value
