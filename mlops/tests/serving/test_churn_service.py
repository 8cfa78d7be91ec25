"""The service over HTTP: the contract with Vertex AI, answers, refusals, and what it tells of itself."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mlops.src.serving.churn_service import INLINE_BYTES
from mlops.src.serving.config import VertexContract
from mlops.src.serving.instances import Instances, InstancesRefused
from mlops.tests.serving.churn_fakes import CUSTOMER, FEATURE_ROW, Service, no_store, registry_with
from mlops.tests.serving.conftest import Model
from mlops.tests.serving.fakes import FakeIdentity, served
from telecom import errors
from telecom.errors import TokenRefused
from telecom.ports import Caller
from telecom.serving.admission import MOST_REMEMBERED, REMEMBERED_SECONDS, Admission

Said = Callable[[], list[dict[str, Any]]]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_an_answer_is_a_probability_a_segment_reasons_and_a_version(service: Service) -> None:
    (answer,) = service.predict(CUSTOMER)
    assert answer.keys() == {"churn_probability", "risk_segment", "top_reasons", "model_version"}
    assert 0 < answer["churn_probability"] < 1 and answer["risk_segment"] in ("low", "medium", "high")
    assert answer["model_version"] == "1" and 3 <= len(answer["top_reasons"]) <= 5
    sizes = [abs(reason["contribution"]) for reason in answer["top_reasons"]]
    assert sizes == sorted(sizes, reverse=True)


def test_both_forms_of_a_customer_get_the_same_answer(service: Service) -> None:
    telco, features = service.predict(CUSTOMER, FEATURE_ROW)
    assert telco == features


def test_reasons_are_left_out_when_they_are_not_wanted(service: Service) -> None:
    (with_reasons,) = service.predict(CUSTOMER, parameters={"reasons": True})
    (without,) = service.predict(CUSTOMER, parameters={"reasons": False})
    assert with_reasons.pop("top_reasons") and without == with_reasons
    assert service.predict(CUSTOMER, parameters={}) == service.predict(CUSTOMER)


@pytest.mark.parametrize("count", [0, 2, 64, 65, 300])
def test_answers_come_in_the_order_of_the_instances(service: Service, count: int) -> None:
    tenures = [number % 73 for number in range(count)]
    together = service.predict(*[CUSTOMER | {"tenure": tenure, "TotalCharges": ""} for tenure in tenures])
    alone = {t: service.predict(CUSTOMER | {"tenure": t, "TotalCharges": ""})[0] for t in set(tenures)}
    assert len(together) == count
    for tenure, answer in zip(tenures, together, strict=True):
        assert answer["churn_probability"] == pytest.approx(alone[tenure]["churn_probability"], abs=1e-12)
        assert answer["top_reasons"] == alone[tenure]["top_reasons"]


def test_a_large_request_is_answered_in_a_thread(service: Service) -> None:
    body = json.dumps({"instances": [CUSTOMER] * 200})
    assert len(body) > INLINE_BYTES
    answer = service.ask("/predict", body)
    assert answer.status_code == 200 and len(answer.json()["predictions"]) == 200
    bad = service.ask("/predict", {"instances": [CUSTOMER] * 200 + [{}]})
    assert bad.status_code == 422 and bad.json()["faults"][0]["instance"] == 200


def test_vertex_ai_names_its_own_paths(first: Model) -> None:
    vertex = VertexContract(http_port=8080, health_route="/healthz", predict_route="/predict")
    made = Service(
        registry_with(first),
        vertex=VertexContract(health_route="/alive", predict_route="/v1/endpoints/7/deployedModels/9:predict"),
    )
    for path in ("/v1/endpoints/7/deployedModels/9:predict", "/predict"):
        assert made.ask(path, {"instances": [CUSTOMER]}).status_code == 200
    assert made.ask("/alive").json()["ready"] is True
    same = Service(registry_with(first), vertex=vertex.model_copy(update={"predict_route": ""}))
    assert same.ask("/healthz").json()["ready"] is True
    same.slot.predictor = None
    assert same.ask("/healthz").status_code == 503, "Vertex AI sends requests as soon as this says 200"


BAD: dict[str, tuple[Any, int]] = {
    "no JSON": ("instances", 400),
    "half of it": ('{"instances": [', 400),
    "not a number": ('{"instances": [NaN]}', 400),
    "no UTF-8": (b'{"instances": ["\xff"]}', 400),
    "nothing": ("", 400),
    "too deep": ("[" * 100_000, 400),
    "a list": ([], 422),
    "no instances": ({}, 422),
    "instances that are none": ({"instances": CUSTOMER}, 422),
    "unknown parameter": ({"instances": [], "parameters": {"reason": False}}, 422),
    "parameters that are none": ({"instances": [], "parameters": 7}, 422),
    "parameters that are 0": ({"instances": [], "parameters": 0}, 422),
    "parameters that are a list": ({"instances": [], "parameters": []}, 422),
    "parameters that are a flag": ({"instances": [], "parameters": False}, 422),
    "parameters that are a text": ({"instances": [], "parameters": ""}, 422),
    "reasons that are no flag": ({"instances": [], "parameters": {"reasons": "no"}}, 422),
    "an instance that is none": ({"instances": [CUSTOMER, 7]}, 422),
    "an unknown category": ({"instances": [CUSTOMER | {"Contract": "Weekly"}]}, 422),
}


@pytest.mark.parametrize(("body", "status"), BAD.values(), ids=BAD)
def test_what_cannot_be_answered(service: Service, body: Any, status: int) -> None:
    answer = service.ask("/predict", body)
    assert answer.status_code == status and answer.headers["content-type"] == "application/json"
    assert answer.json()["error"] and "Traceback" not in answer.text


def test_a_refusal_names_instance_field_value_and_what_is_allowed(service: Service) -> None:
    answer = service.ask("/predict", {"instances": [CUSTOMER, CUSTOMER | {"Contract": "Weekly"}]})
    assert answer.json()["faults"] == [
        {
            "instance": 1,
            "field": "Contract",
            "value": '"Weekly"',
            "reason": "value_not_allowed",
            "allowed": ["Month-to-month", "One year", "Two year"],
        }
    ]


@pytest.mark.parametrize(
    ("path", "method"), [("/predict", "GET"), ("/predict", "PUT"), ("/v1/customers/a/risk", "POST")]
)
def test_other_methods(service: Service, path: str, method: str) -> None:
    answer = service.ask(path, "", method)
    assert (answer.status_code, answer.json()) == (405, {"error": "This address does not take this method."})
    assert answer.headers["allow"]


def test_unknown_paths(service: Service) -> None:
    for path in ("/", "/predict/", "/openapi.json", "/docs", "/v1/customers/a", "/v1/customers/a/b/risk"):
        answer = service.ask(path)
        assert answer.status_code in (404, 307), path
        assert answer.status_code == 307 or answer.json() == {"error": "There is no such address."}


STORE = {"7590-VHVEG": FEATURE_ROW | {"customer_id": "7590-VHVEG"}, "broken": FEATURE_ROW | {"contract": None}}


def test_a_known_customer_needs_no_features_from_the_caller(first: Model) -> None:
    made = Service(registry_with(first), features=STORE.get)
    answer = made.ask("/v1/customers/7590-VHVEG/risk")
    assert answer.status_code == 200
    assert answer.json() == {"customer_id": "7590-VHVEG", **made.predict(FEATURE_ROW)[0]}
    for name in ("nobody", "..", "a%20b", "x" * 65, "%2e%2e%2fetc", "á"):
        missing = made.ask(f"/v1/customers/{name}/risk")
        assert missing.status_code == 404, name
    assert made.ask("/v1/customers/broken/risk").status_code == 503


def test_without_features_no_customer_is_known(first: Model) -> None:
    answer = Service(registry_with(first), features=no_store).ask("/v1/customers/a/risk")
    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert "telecom features" in answer.json()["error"]


def guarded(first: Model, callers: frozenset[str] | None = None) -> Service:
    admission = Admission(FakeIdentity, "telecom-churn", callers)
    return Service(registry_with(first), admission=admission, features=STORE.get)


@pytest.mark.parametrize("path", ["/predict", "/v1/customers/7590-VHVEG/risk"])
def test_callers_need_a_token_for_this_service(first: Model, path: str) -> None:
    made, body = guarded(first), {"instances": [CUSTOMER]} if path == "/predict" else None
    for door in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer a@@telecom-dispatcher"}):
        answer = made.ask(path, body, **door)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert made.ask(path, body, Authorization="Bearer a@@telecom-churn").status_code == 200
    for open_path in ("/healthz", "/readyz", "/metrics"):
        assert made.ask(open_path).status_code == 200


def test_only_callers_that_are_named_may_ask(first: Model) -> None:
    made = guarded(first, frozenset(["batch"]))
    for name, status in (("batch", 200), ("somebody", 403), ("batch", 200), ("somebody", 403)):
        answer = made.ask("/predict", {"instances": [CUSTOMER]}, Authorization=f"Bearer {name}@@telecom-churn")
        assert answer.status_code == status and "somebody" not in answer.text


class Counting:
    """Verifies every token, and counts; `exp` is what its tokens say."""

    def __init__(self, exp: float) -> None:
        self.verified, self.exp = 0, exp

    def verify(self, token: str, audience: str) -> Caller:
        self.verified += 1
        if token == "revoked":
            raise TokenRefused("signature")
        return Caller("a", {"exp": self.exp})


def test_a_token_is_not_verified_again_for_a_while_but_never_outlives_itself(first: Model) -> None:
    now = [1_000.0]
    identity = Counting(exp=1_040.0)
    admission = Admission(lambda: identity, "a", None, clock=lambda: now[0])
    made = Service(registry_with(first), admission=admission)

    def ask(token: str = "t") -> int:
        return made.ask("/predict", {"instances": []}, Authorization=f"Bearer {token}").status_code

    assert [ask(), ask()] == [200, 200] and identity.verified == 1
    assert [ask("revoked"), ask("revoked")] == [401, 401] and identity.verified == 3
    now[0] += REMEMBERED_SECONDS + 1
    assert ask() == 200 and identity.verified == 4
    now[0] = 1_041.0
    assert ask() == 200 and identity.verified == 5, "an expired token is asked about again"
    for number in range(MOST_REMEMBERED + 5):
        admission._remember(str(number).encode(), Caller("a", {"exp": 9e9}))
    assert len(admission._known) <= MOST_REMEMBERED


def test_keys_that_cannot_be_read_let_nobody_in(first: Model, said: Said) -> None:
    class Broken:
        def verify(self, token: str, audience: str) -> Caller:
            raise errors.UsageError("Others can read the key.")

    made = Service(registry_with(first), admission=Admission(Broken, "a", None))
    answer = made.ask("/predict", {"instances": []}, Authorization="Bearer x")
    assert answer.status_code == 401 and "key" not in answer.text
    assert any("Others can read the key." in line["message"] for line in said())


@pytest.mark.parametrize("error", [TokenRefused("keys_unavailable"), errors.DependencyUnavailable("No network.")])
def test_nothing_is_known_against_a_token_that_nobody_can_verify(first: Model, error: Exception) -> None:
    class Away:
        def verify(self, token: str, audience: str) -> Caller:
            raise error

    made = Service(registry_with(first), admission=Admission(Away, "a", None))
    answer = made.ask("/predict", {"instances": []}, Authorization="Bearer x")
    assert answer.status_code == 503 and answer.headers["retry-after"]


def test_what_verifies_is_opened_before_the_first_caller_comes(first: Model, said: Said) -> None:
    opened: list[int] = []

    def identity() -> Any:
        opened.append(1)
        raise errors.MissingExtra("The package 'jwt' is not installed.")

    with served(Service(registry_with(first), admission=Admission(identity, "a", None)).app) as client:
        deadline = time.monotonic() + 10
        while not opened and time.monotonic() < deadline:
            time.sleep(0.01)
        assert client.post("/predict", json={}, headers={"Authorization": "Bearer x"}).status_code == 503
    assert any("jwt" in line["message"] for line in said())


def test_metrics(first: Model) -> None:
    made = Service(registry_with(first))
    answers = made.predict(*[CUSTOMER | {"tenure": tenure} for tenure in range(20)])
    made.ask("/predict", {})
    scores = [answer["churn_probability"] for answer in answers]
    assert made.metric('churn_requests_total{code="200",route="predict"}') == 1
    assert made.metric('churn_requests_total{code="422",route="predict"}') == 1
    assert made.metric('churn_request_seconds_count{route="predict"}') == 2
    assert made.metric("churn_score_count") == 20
    assert made.metric("churn_score_sum") == pytest.approx(sum(scores))
    assert made.metric('churn_score_bucket{le="0.5"}') == sum(score <= 0.5 for score in scores)
    assert made.metric('churn_score_bucket{le="+Inf"}') == 20
    assert made.metric(f'churn_model_info{{digest="{first[1]}",version="1"}}') == 1
    assert made.metric("churn_reload_failures_total") == 0
    assert made.metric("churn_requests_running") == 0


def test_a_request_is_logged_with_its_trace_and_without_anybodys_data(first: Model, said: Said) -> None:
    made = Service(registry_with(first), features=STORE.get)
    trace = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    made.ask("/predict", {"instances": [CUSTOMER, CUSTOMER | {"Contract": "Weekly"}]}, **trace)
    made.ask("/v1/customers/7590-VHVEG/risk", **{"x-cloud-trace-context": f"{TRACE}/1;o=1"})
    made.ask("/v1/customers/broken/risk", **trace)
    lines = said()
    told = [(line["route"], line["status"], line["instances"]) for line in lines if line["message"] == "Answered."]
    assert told == [("predict", 422, 2), ("risk", 200, 1), ("risk", 503, 0)]
    for line in lines[1:]:
        assert line["logging.googleapis.com/trace"] == f"projects/telecom-test/traces/{TRACE}"
    text = json.dumps(lines[1:])
    for secret in ("7590", "AAAAA", "Weekly", "One year", "62.5", "broken"):
        assert secret not in text


@pytest.mark.parametrize(
    ("logged", "expected"),
    [("all", ["00", "01", ""]), ("sampled", ["01"]), ("failures", [])],
)
def test_which_requests_that_went_well_get_a_line(first: Model, said: Said, logged: Any, expected: list[str]) -> None:
    made = Service(registry_with(first))
    made.telemetry._logged = logged
    for flags in ("00", "01"):
        made.ask("/predict", {"instances": []}, traceparent=f"00-{TRACE}-00f067aa0ba902b7-{flags}")
    made.ask("/predict", {"instances": []})
    made.ask("/predict", {})
    lines = [line for line in said() if line["message"] == "Answered."]
    assert [line["status"] for line in lines] == [200] * len(expected) + [422]


def test_an_error_of_ours_is_an_answer_that_says_nothing_of_it(first: Model, said: Said) -> None:
    def broken(_: str) -> None:
        try:
            dict[str, int]()["7590-VHVEG"]
        except KeyError as error:
            raise RuntimeError("secret path") from error

    answer = Service(registry_with(first), features=broken).ask("/v1/customers/a/risk")
    assert answer.status_code == 500 and "secret" not in answer.text
    (line,) = [line for line in said() if line["message"] == "A request failed."]
    assert "7590" not in json.dumps(line) and "secret" not in json.dumps(line)
    first_cause, _, last = line["exception"].partition("RuntimeError")
    assert first_cause.startswith("KeyError\n  mlops/tests/serving/test_churn_service.py:")
    assert "mlops/src/serving/churn_service.py:" in last and "ChurnService._features_of" in last


def test_a_refusal_carries_no_value_behind_it() -> None:
    """Whoever logs the chain of a refusal finds nothing of what was refused in it."""
    for form in (CUSTOMER | {"Contract": "Weekly"}, FEATURE_ROW | {"contract": "Weekly"}, CUSTOMER | {"tenure": "x"}):
        with pytest.raises(InstancesRefused) as refused:
            Instances().rows([form])
        assert refused.value.__cause__ is None and refused.value.__suppress_context__
        assert refused.value.__context__ is not None and refused.value.__context__.__context__ is None


def test_without_a_model_nothing_is_promised(first: Model) -> None:
    made = Service(registry_with(first))
    made.slot.predictor = None
    asked = [made.ask("/predict", {"instances": [CUSTOMER]}), made.ask("/v1/customers/c1/risk"), made.ask("/readyz")]
    assert [answer.status_code for answer in asked] == [503] * 3
    assert all(answer.headers["retry-after"] and "No model is in service yet." in answer.text for answer in asked)
    assert made.ask("/healthz").status_code == 200


def test_traces_where_somebody_collects_them(first: Model, said: Said) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    made = Service(registry_with(first), traces={"tracer_provider": provider, "operation_spans": False})
    made.ask("/predict", {"instances": [CUSTOMER]}, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    (span,) = exporter.get_finished_spans()
    assert (span.name, f"{span.context.trace_id:032x}") == ("POST /predict", TRACE)
    assert span.attributes["http.response.status_code"] == 200
    (line,) = [line for line in said() if line["message"] == "Answered."]
    assert line["logging.googleapis.com/spanId"] == f"{span.context.span_id:016x}"
