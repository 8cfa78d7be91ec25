"""Traces leave the churn service as OTLP: the real service, the real exporter, a collector on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops.src.model_versions import MODEL
from mlops.tests.serving.churn_fakes import saved_model
from telecom.adapters.local.registry import LocalRegistry
from telecom.settings import Settings
from tests.loopback.collector import collecting
from tests.processes.test_churn_service_process import Process

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[Any]:
    with collecting() as server:
        yield server


def test_a_prediction_is_a_span_of_its_callers_trace_and_holds_nobodys_data(tmp_path: Path, collector: Any) -> None:
    home = tmp_path / "home"
    registry, (folder, digest) = LocalRegistry(Settings(home=home)), saved_model(tmp_path / "model")
    registry.register(MODEL, folder, digest, {})
    registry.point(MODEL, "champion", "1")
    url = f"http://127.0.0.1:{collector.server_port}"
    service = Process(home, "--port", "0", OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_BSP_SCHEDULE_DELAY="100")
    answer = service.predict(**service.door, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    assert answer.status_code == 200
    service.until(lambda: collector.requests)
    assert service.end() == 0
    spans = [
        (path, span)
        for path, request in collector.requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    ((path, span),) = spans
    assert (path, span.name, span.trace_id.hex()) == ("/v1/traces", "POST /predict", TRACE)
    told = {a.key for a in span.attributes}
    assert "http.response.status_code" in told and not {name for name in told if "body" in name or "header" in name}
