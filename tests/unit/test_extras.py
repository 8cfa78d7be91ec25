"""The remedy for a missing package names an extra that brings it."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from telecom import extras
from telecom.bootstrap import missing_extra

PROJECT = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("duckdb", "local,train,report"),
        ("jinja2", "local,train,report"),
        ("jwt", "local,train,report"),
        ("fastapi", "serve"),
        ("uvicorn.config", "serve"),
        ("orjson", "serve"),
        ("opentelemetry.sdk.trace", "serve"),
        ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "telemetry"),
        ("sklearn.ensemble", "automl"),
        ("docx", "documents"),
        ("pydantic_ai.models", "assistant"),
        ("phonenumbers", "assistant"),
        ("kfp.dsl", "pipelines"),
        ("altair", "notebooks"),
        ("tqdm", "evaluation"),
        ("google.cloud.storage", "gcp"),
        ("google.genai", "assistant-gcp"),
        ("nowhere_at_all", "local,train,report"),
    ],
)
def test_the_extra_that_brings_a_module(module: str, extra: str) -> None:
    remedy = missing_extra(ModuleNotFoundError("No.", name=module)).remedy
    assert remedy == f"Install it with: pip install 'telecom-ml-llmops[{extra}]'"


def test_what_the_caller_knows_goes_before() -> None:
    assert extras.extra_of("google.cloud.bigquery", "assistant,assistant-gcp") == "assistant,assistant-gcp"
    assert extras.extra_of("sqlglot", "gcp") == "gcp"


def test_without_metadata_the_caller_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> list[str]:
        raise PackageNotFoundError

    monkeypatch.setattr(extras, "requires", absent)
    assert extras.extra_of("fastapi", "local") == "local"


def test_what_is_named_otherwise_is_a_package_of_an_extra() -> None:
    assert PROJECT["name"] == extras.DISTRIBUTION
    required = {
        re.split(r"[\[<>=~; ]", line)[0] for lines in PROJECT["optional-dependencies"].values() for line in lines
    }
    assert set(extras.NAMED_OTHERWISE.values()) <= required
