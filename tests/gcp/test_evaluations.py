"""The Gen AI evaluation service over loopback: the real client asks, and every verdict or failure arrives."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from telecom.adapters.gcp.evaluations import PREDEFINED, VertexJudge
from telecom.errors import DependencyUnavailable
from telecom.ports import Judge, ToJudge
from telecom.settings import Settings
from tests.loopback.faults import Faults
from tests.loopback.rest import RestHandler, RestServer

# Importing the vendor's client takes seconds, and warns of its own use of pydantic.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
CASES = (
    ToJudge("one", "PERSON: quanto devo?", "R$ 10,00.", "TOOL list_invoices: 10", ("list_invoices",)),
    ToJudge("two", "PERSON: oi", "Olá!"),
)
RUBRICS = {"plain_words": "Everybody understands it."}


class Handler(RestHandler):
    """`:evaluateInstances`; what it answers is `answer`."""

    answer: Callable[[Any], Any] = staticmethod(lambda _: {"metricResults": [{"score": 1.0, "explanation": "fine"}]})

    def respond(self, method: str) -> None:
        told = type(self).answer(json.loads(self.body))
        if isinstance(told, int):
            self.refuse(told, "not now")
            return
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RestServer]:
    running = RestServer(Handler, Faults())
    running.start()
    monkeypatch.setenv("TELECOM_REST_EMULATOR_HOST", running.url)
    yield running
    running.stop()


@pytest.fixture
def judge() -> VertexJudge:
    return VertexJudge(Settings(backend="gcp", project="telecom-test", region="us-central1"))


def spec(body: Any) -> str:
    """The metric that a request names."""
    (metric,) = body["metrics"]
    predefined = metric.get("predefined_metric_spec") or metric.get("predefinedMetricSpec")
    return predefined["metric_spec_name"] if predefined else "rubric"


def test_every_metric_of_every_case_is_asked_for(server: RestServer, judge: VertexJudge) -> None:
    assert isinstance(judge, Judge)
    found = judge.judge(CASES, ("groundedness", "safety", "tool_use"), RUBRICS)
    assert [(each.case, each.metric, each.score) for each in found] == [
        ("one", "groundedness", 1.0),
        ("one", "safety", 1.0),
        ("one", "plain_words", 1.0),
        ("two", "groundedness", 1.0),
        ("two", "safety", 1.0),
        ("two", "plain_words", 1.0),
        ("one", "tool_use", 1.0),
    ]
    bodies = [json.loads(call.body) for call in server.calls]
    names = sorted(spec(body) for body in bodies)
    assert names == sorted(["grounding_v1", "safety_v1", "rubric"] * 2 + ["tool_use_quality_v1"])
    assert all(":evaluateInstances" in call.path and "us-central1-aiplatform" in call.path for call in server.calls)
    whole = json.dumps(bodies, ensure_ascii=False)
    assert "TOOL list_invoices: 10" in whole and "quanto devo?" in whole and "Everybody understands it." in whole
    (tool,) = [body for body in bodies if spec(body) == PREDEFINED["tool_use"]]
    assert "list_invoices" in json.dumps(tool["instance"])


def test_a_verdict_that_failed_is_told(server: RestServer, judge: VertexJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(body: Any) -> Any:
        return {"metricResults": [{"score": 0.5}]} if spec(body) == "safety_v1" else 400

    monkeypatch.setattr(Handler, "answer", staticmethod(answer))
    grounded, safe = judge.judge(CASES[:1], ("groundedness", "safety"), {})
    assert grounded.score is None and "not now" in grounded.error
    assert safe.score == 0.5 and not safe.error


def test_no_verdict_at_all_is_an_error(
    server: RestServer, judge: VertexJudge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Handler, "answer", staticmethod(lambda _: 403))
    with pytest.raises(DependencyUnavailable, match="no verdict"):
        judge.judge(CASES, ("safety",), {})
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(Handler, "answer", staticmethod(lambda _: {"metricResults": []}))
    with pytest.raises(DependencyUnavailable):
        judge.judge(CASES, ("safety",), {})


def test_nothing_to_judge_asks_nothing(server: RestServer, judge: VertexJudge) -> None:
    assert judge.judge((), ("safety",), RUBRICS) == ()
    assert judge.judge(CASES[1:], ("tool_use",), {}) == ()
    assert server.calls == []
