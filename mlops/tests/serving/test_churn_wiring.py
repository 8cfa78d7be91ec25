"""The churn service over the real ports: what the environment says, and who is let in."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops.src.serving import config
from mlops.src.serving.churn_wiring import wire
from mlops.src.serving.config import ServingConfig, VertexContract
from mlops.tests.serving.conftest import Model
from telecom.bootstrap import Platform
from telecom.errors import MissingExtra, ModelRejected, NotFound, UsageError
from telecom.settings import Settings


def platform(tmp_path: Path, **settings: Any) -> Platform:
    return Platform(Settings(home=tmp_path / "home", **settings))


def folder(model: Model, **more: Any) -> VertexContract:
    return VertexContract(storage_uri=str(model[0]), **more)


def test_what_vertex_ai_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AIP_HTTP_PORT": "8080",
        "AIP_HEALTH_ROUTE": "/healthz",
        "AIP_PREDICT_ROUTE": "/v1/endpoints/7/deployedModels/9:predict",
        "AIP_STORAGE_URI": "gs://caip-tenant/7/artifacts",
        "AIP_MODE": "PREDICTION",
        "TELECOM_SERVING_RELOAD_SECONDS": "0.5",
    }.items():
        monkeypatch.setenv(name, value)
    told, vertex = config.load_config()
    assert vertex == VertexContract(
        http_port=8080,
        health_route="/healthz",
        predict_route="/v1/endpoints/7/deployedModels/9:predict",
        storage_uri="gs://caip-tenant/7/artifacts",
    )
    assert told == ServingConfig(reload_seconds=0.5) and told.body_bytes == 1_048_576


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIP_HTTP_PORT", "http"),
        ("AIP_PREDICT_ROUTE", "/a/{b}"),
        ("AIP_HEALTH_ROUTE", "healthz"),
        ("TELECOM_SERVING_TOKENS", "no"),
        ("TELECOM_SERVING_VERSION", "newest"),
        ("TELECOM_SERVING_DIGEST", "abc"),
        ("TELECOM_SERVING_CONCURRENCY", "0"),
    ],
)
def test_what_cannot_be_meant(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"{name} = '{value}'"):
        config.load_config()


def test_tokens_are_wanted_unless_vertex_ai_is_in_front(tmp_path: Path, first: Model) -> None:
    p = platform(tmp_path)
    alone, behind = folder(first), folder(first, http_port=8080)
    assert wire(p, ServingConfig(), alone).admission is not None
    assert wire(p, ServingConfig(), behind).admission is None
    assert wire(p, ServingConfig(tokens="required"), behind).admission is not None
    assert wire(p, ServingConfig(tokens="off"), alone).admission is None


def test_who_may_ask(tmp_path: Path, first: Model) -> None:
    cloud = {"backend": "gcp", "project": "p", "audience": "https://churn"}
    for settings, callers, expected in (
        ({}, "", None),
        ({}, "a, b", {"a", "b"}),
        (cloud, "", frozenset()),
        (cloud, "a@x", {"a@x"}),
    ):
        wiring = wire(platform(tmp_path, **settings), ServingConfig(callers=callers), folder(first))
        assert wiring.admission and wiring.admission._callers == expected


def test_on_google_cloud_an_audience_is_needed(tmp_path: Path, first: Model) -> None:
    with pytest.raises(UsageError, match="TELECOM_AUDIENCE"):
        wire(platform(tmp_path, backend="gcp", project="p"), ServingConfig(), folder(first))


def test_traces_need_what_sends_them(tmp_path: Path, first: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wire(platform(tmp_path), ServingConfig(), folder(first)).traces["auto_configure"] is True
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter", None)
    with pytest.raises(MissingExtra, match=r"opentelemetry.*telemetry"):
        wire(platform(tmp_path), ServingConfig(), folder(first))


def test_without_a_folder_the_registrys_champion_is_wanted_or_waited_for(tmp_path: Path) -> None:
    assert wire(platform(tmp_path), ServingConfig(), VertexContract()).slot.predictor is None


def test_a_version_that_was_never_registered_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="has no version 7"):
        wire(platform(tmp_path), ServingConfig(version="7"), VertexContract())


def test_a_folder_whose_model_does_not_verify(tmp_path: Path, first: Model) -> None:
    shutil.copytree(first[0], tmp_path / "copy")
    (tmp_path / "copy" / "model.json").write_text("{}")
    with pytest.raises(ModelRejected):
        wire(platform(tmp_path), ServingConfig(), folder((tmp_path / "copy", first[1])))
