"""The assistant's routes: contract, who sees whom, decisions, refusals, and what it tells of itself."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Iterator
from io import StringIO
from typing import Any

import pytest

from llmops.agent.assistant_service import HEADERS
from llmops.agent.turn import Ask, Event
from llmops.tests.agent.desk import AUDIT
from llmops.tests.agent.service_fakes import CLAIMS, Service, polite, reply_to
from llmops.tests.small_world import CUSTOMER, NOW, by_hand
from telecom.errors import DependencyUnavailable, NotFound
from telecom.logs import JsonFormatter
from telecom.serving.limits import Turnstile

OTHER = "0002-BBBBB"
FIELDS = {
    "session_id", "trace_id", "message", "language", "intent", "citations", "actions", "tools", "guardrails",
    "degraded", "prompt_version", "model", "usage",
}  # fmt: skip


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def said() -> Iterator[Any]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("telecom-test"))
    ours = [logging.getLogger(name) for name in ("llmops", "telecom")]
    for logger in ours:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for logger in ours:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_a_reply_has_every_field_of_the_interface(service: Service) -> None:
    answer = service.chat()
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told.keys() == FIELDS
    assert told["citations"] == [{"document": "a.md", "title": "A", "section": "B", "page": 2, "quote": "c"}]
    assert told["actions"][0].keys() == {
        "id", "type", "title", "parameters", "requires_approval", "status", "reason"
    }  # fmt: skip
    assert told["tools"] == [{"name": "diagnose_line", "ok": True, "ms": 1.5}]
    assert told["usage"] == {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.001}
    assert len(told["trace_id"]) == 32 and len(told["session_id"]) > 16


def test_what_a_turn_is_told(service: Service) -> None:
    service.chat(session_id="abc", customer_id=CUSTOMER, channel="whatsapp")
    (ask,) = service.turns.asks
    assert (ask.message, ask.session_id, ask.customer_id, ask.channel) == ("Oi", "abc", CUSTOMER, "whatsapp")
    assert (ask.principal.name, ask.principal.role, ask.principal.customers, ask.now) == ("ana", "agent", None, NOW)
    assert "approve:retention:manager" in ask.principal.scopes


def test_events_are_streamed_in_order_and_done_is_the_reply(service: Service) -> None:
    events = service.stream()
    assert [kind for kind, _ in events] == ["tool", "action", "token", "token", "done"]
    assert "".join(data["text"] for kind, data in events if kind == "token") == events[-1][1]["message"]
    assert events[-1][1].keys() == FIELDS and service.turns.ended == 1


def test_line_ends_in_an_answer_do_not_break_the_frames(service: Service) -> None:
    async def lines(ask: Ask) -> AsyncGenerator[Event, None]:
        yield Event("token", "a\n\nevent: done\ndata: {}\r\n\u2028b")
        yield Event("done", reply_to(ask))

    service.turns.behave = lines
    (first, _) = service.stream()
    assert first == ("token", {"text": "a\n\nevent: done\ndata: {}\r\n\u2028b"})


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DependencyUnavailable("All is down."), 503, "unavailable"),
        (NotFound("There is no such conversation."), 404, "not_found"),
        (TimeoutError(), 503, "unavailable"),
        (RuntimeError("secret path"), 500, "failed"),
    ],
)
def test_a_failure_before_the_first_event_has_its_status(
    service: Service, streamed: bool, error: Exception, status: int, code: str
) -> None:
    async def failing(_: Ask) -> AsyncGenerator[Event, None]:
        if error:
            raise error
        yield Event("token", "")

    service.turns.behave = failing
    answer = service.ask("/chat", {"message": "Oi"}, accept="text/event-stream" if streamed else "*/*")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "secret" not in answer.text and ("retry-after" in answer.headers) == (status == 503)


def test_a_stream_that_breaks_off_says_so_and_counts_as_a_failure(service: Service) -> None:
    async def breaking(ask: Ask) -> AsyncGenerator[Event, None]:
        yield Event("token", "Olá")
        raise RuntimeError("secret path")

    service.turns.behave = breaking
    events = service.stream()
    assert events[-1] == ("error", {"error": "An error of ours; see the log.", "code": "failed", "status": 500})
    assert service.metric('assistant_requests_total{code="500",route="chat"}') == 1


@pytest.mark.parametrize("begun", [False, True])
def test_an_answer_has_its_deadline(begun: bool) -> None:
    service = Service(deadline_seconds=0.5)

    async def slow(ask: Ask) -> AsyncGenerator[Event, None]:
        if begun:
            yield Event("token", "Olá")
        await asyncio.sleep(30)
        yield Event("done", reply_to(ask))

    service.turns.behave = slow
    answer = service.ask("/chat", {"message": "Oi"}, accept="text/event-stream")
    assert answer.status_code == (200 if begun else 504) and '"timeout"' in answer.text
    assert service.turns.ended == 1 and service.metric('assistant_requests_total{code="504",route="chat"}') == 1


@pytest.mark.parametrize(
    ("who", "customer", "status", "bound"),
    [
        ("ana", None, 200, None),
        ("ana", CUSTOMER, 200, CUSTOMER),
        ("rui", None, 200, CUSTOMER),
        ("rui", OTHER, 403, None),
        ("eva", None, 200, None),
        ("eva", OTHER, 200, OTHER),
        ("eva", "0003-CCCCC", 403, None),
        ("nil", None, 200, None),
        ("nil", CUSTOMER, 403, None),
        (CUSTOMER, None, 200, CUSTOMER),
        (CUSTOMER, CUSTOMER, 200, CUSTOMER),
        (CUSTOMER, OTHER, 403, None),
        (CUSTOMER, "*", 403, None),
        ("ana", "../../etc", 403, None),
        ("ana", "*", 403, None),
        ("ana", "", 403, None),
    ],
)
def test_a_body_only_chooses_among_the_tokens_customers(
    service: Service, who: str, customer: str | None, status: int, bound: str | None
) -> None:
    answer = service.chat(who, **({"customer_id": customer} if customer is not None else {}))
    assert answer.status_code == status
    assert [ask.customer_id for ask in service.turns.asks] == ([bound] if status == 200 else [])
    refused = [row["outcome"] for row in service.desk.events.of(AUDIT)]
    assert refused == ([] if status == 200 else ["refused"])


@pytest.mark.parametrize("who", ["robot", "odd", "both", "none"])
def test_whoever_has_no_role_is_let_in_nowhere(service: Service, who: str) -> None:
    for path, body in (("/chat", {"message": "Oi"}), (f"/v1/customers/{CUSTOMER}/card", None), ("/v1/queue", None)):
        answer = service.ask(path, body, Authorization=f"Bearer {who}")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path


def test_nobody_is_let_in_without_a_token(service: Service) -> None:
    for path, body in (
        ("/chat", {"message": "Oi"}),
        ("/actions/a/approve", {}),
        ("/actions/a/reject", {}),
        (f"/v1/customers/{CUSTOMER}/card", None),
        ("/v1/queue", None),
        ("/feedback", {}),
    ):
        for door in ("", "Basic x", "Bearer forged", "Bearer"):
            answer = service.ask(path, body, Authorization=door)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/"):
        assert service.ask(path, Authorization="").status_code == 200


def test_an_action_is_approved_once_whoever_asks_how_often(service: Service) -> None:
    proposal = service.desk.discount()
    path = f"/actions/{proposal.id}/approve"
    first, again = (service.ask(path, "", "POST", **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.status_code == again.status_code == 200 and first.json() == again.json()
    assert first.json()["status"] == "executed" and first.json()["result"]["message"]
    assert service.desk.hands.calls == 1
    other = service.desk.propose("second_copy", {"invoice_id": f"{CUSTOMER}-202610", "channel": "sms"})
    reused = service.ask(f"/actions/{other.id}/approve", "", "POST", **{"Idempotency-Key": "k1"})
    assert (reused.status_code, reused.json()["code"]) == (409, "key_reused")
    late = service.ask(f"/actions/{proposal.id}/reject", {"reason": "Não."})
    assert (late.status_code, late.json()["code"]) == (409, "decided")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [(CUSTOMER, 403, "not_allowed"), ("rui", 403, "not_allowed"), (OTHER, 404, "not_found"), ("nil", 404, "not_found")],
)
def test_who_may_not_decide(service: Service, who: str, status: int, code: str) -> None:
    proposal = service.desk.discount()
    answer = service.ask(f"/actions/{proposal.id}/approve", "", "POST", Authorization=f"Bearer {who}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert service.desk.hands.calls == 0


def test_a_rejection_keeps_the_reason_and_counts(service: Service) -> None:
    proposal = service.desk.discount()
    answer = service.ask(f"/actions/{proposal.id}/reject", {"reason": "Já tem desconto."})
    assert answer.json() | {"result": None} == answer.json()
    assert (answer.json()["status"], answer.json()["reason"]) == ("rejected", "Já tem desconto.")
    assert service.metric('assistant_actions_total{status="rejected",type="retention_discount"}') == 1


@pytest.mark.parametrize("key", ["x" * 201, "with space", "caf\u00e9"])
def test_strange_idempotency_keys_are_refused(service: Service, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("utf-8").decode("latin-1")}
    answer = asyncio.run(_approve(service, headers))
    assert answer.status_code == 400


async def _approve(service: Service, headers: dict[str, str]) -> Any:
    import httpx

    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        raw = [(b"authorization", b"Bearer ana"), *((k.encode(), v.encode("latin-1")) for k, v in headers.items())]
        return await client.post("/actions/a/approve", headers=raw)


def test_a_card_shows_an_agent_all_and_a_customer_what_is_theirs(service: Service) -> None:
    service.desk.discount()
    card = service.ask(f"/v1/customers/{CUSTOMER}/card").json()
    assert card.keys() == {"customer_id", "profile", "invoices", "network", "tickets", "offers", "churn", "actions"}
    assert card["churn"]["percent"] == 61.0 and card["profile"]["full_name"] == "Maria Silva Santos"
    assert card["actions"][0]["type"] == "retention_discount"
    own = service.ask(f"/v1/customers/{CUSTOMER}/card", Authorization=f"Bearer {CUSTOMER}").json()
    assert own.keys() == {"customer_id", "profile", "invoices", "network", "tickets", "actions"}
    text = json.dumps(own)
    assert "segment" not in text and "0.61" not in text and "61.0" not in text
    assert service.ask(f"/v1/customers/{OTHER}/card", Authorization=f"Bearer {CUSTOMER}").status_code == 403
    rows = [(row["event"], row["outcome"], row["principal"]) for row in service.desk.events.of(AUDIT)[1:]]
    assert rows == [
        ("view.card", "allowed", "ana"), ("view.card", "allowed", CUSTOMER), ("view.card", "refused", CUSTOMER)
    ]  # fmt: skip


def test_an_unknown_customer_has_no_card() -> None:
    service = Service(warehouse=by_hand(customer_profile=[], customer_lines=[]))
    assert service.ask(f"/v1/customers/{CUSTOMER}/card").status_code == 404


def test_parts_of_a_card_that_cannot_be_told_say_why() -> None:
    service = Service(warehouse=by_hand(customer_score=[], customer_lines=[]))
    card = service.ask(f"/v1/customers/{CUSTOMER}/card").json()
    assert card["churn"]["error"] == "no_churn_score" and card["network"]["error"]
    assert card["profile"]["city"] == "São Paulo"


def test_feedback_is_kept_masked(service: Service) -> None:
    given = {"trace_id": "a" * 32, "rating": "down", "comment": "Meu CPF 529.982.247-25 vazou."}
    assert service.ask("/feedback", given, Authorization=f"Bearer {CUSTOMER}").status_code == 202
    (row,) = service.desk.events.of("telecom_monitoring.llm_feedback")
    assert row["comment"] == "Meu CPF [CPF] vazou." and (row["rating"], row["given_by"]) == ("down", "customer")


def test_one_person_asks_so_much_and_others_still_may() -> None:
    service = Service(agent_rate="2/minute")
    assert [service.chat().status_code for _ in range(3)] == [200, 200, 429]
    refused = service.chat()
    assert refused.json()["code"] == "too_many_requests" and 1 <= int(refused.headers["retry-after"]) <= 61
    assert service.chat("eva").status_code == 200
    assert service.ask("/v1/queue").status_code == 429, "all routes count"


def test_a_full_service_says_so_and_stays_alive() -> None:
    service = Service(turnstile=Turnstile(0))
    answer = service.chat()
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests") and answer.headers["retry-after"]
    assert service.ask("/healthz").status_code == 200


def test_readiness_names_what_rests_and_the_end(service: Service) -> None:
    service.resting = ("llm",)
    assert service.ask("/readyz").json() == {"ready": True, "resting": ["llm"]}
    turnstile = Turnstile(8)
    turnstile.draining = True
    ending = Service(turnstile=turnstile)
    assert ending.ask("/readyz").status_code == 503 and ending.ask("/healthz").status_code == 200
    assert ending.chat().headers["connection"] == "close"


def test_every_answer_has_the_security_headers(service: Service) -> None:
    for answer in (
        service.chat(), service.ask("/"), service.ask("/nowhere"), service.ask("/chat"), service.chat("forged"),
        service.ask("/openapi.json"), service.ask("/chat", {"message": "Oi"}, accept="text/event-stream"),
    ):  # fmt: skip
        for name, value in HEADERS:
            pages = answer.url.path == "/" and name == b"cache-control"
            assert answer.headers[name.decode()] == ("no-cache" if pages else value.decode()), answer.url


def test_metrics_count_what_replies_tell(service: Service) -> None:
    async def degraded(ask: Ask) -> AsyncGenerator[Event, None]:
        async for event in polite(ask, degraded="llm,search", model="gemini", intent="invoice"):
            yield event

    service.turns.behave = degraded
    service.chat()
    service.telemetry.hit("override")
    assert service.metric('assistant_turns_total{degraded="true",intent="invoice",model="gemini"}') == 1
    assert service.metric('assistant_tokens_total{kind="input",model="gemini"}') == 10
    assert service.metric('assistant_tokens_total{kind="output",model="gemini"}') == 5
    assert service.metric('assistant_cost_usd_total{model="gemini"}') == pytest.approx(0.001)
    assert service.metric('assistant_fallbacks_total{reason="llm"}') == 1
    assert service.metric('assistant_fallbacks_total{reason="search"}') == 1
    assert service.metric('assistant_tool_calls_total{ok="true",tool="diagnose_line"}') == 1
    assert service.metric('assistant_actions_total{status="proposed",type="modem_restart"}') == 1
    assert service.metric('assistant_guardrail_hits_total{kind="override"}') == 1
    assert service.metric('assistant_requests_total{code="200",route="chat"}') == 1
    assert service.metric('assistant_request_seconds_count{route="chat"}') == 1


def test_invented_names_do_not_become_labels(service: Service) -> None:
    for number in range(300):
        service.telemetry.hit(f"kind_{number}")
    service.telemetry.hit('evil"} 1\nx')
    page = service.ask("/metrics").text
    assert page.count("assistant_guardrail_hits_total{") <= 101 and "evil" not in page
    assert service.metric('assistant_guardrail_hits_total{kind="other"}') == 201


def test_lines_of_the_log_hold_nothing_of_what_is_said(service: Service, said: Any) -> None:
    service.chat(message="Meu segredo é abacaxi 529.982.247-25", customer_id=CUSTOMER, session_id="sessao1")
    service.chat("forged")
    service.ask(f"/v1/customers/{CUSTOMER}/card")
    lines = said()
    assert [line["route"] for line in lines if line["message"] == "Answered."] == ["chat", "chat", "card"]
    text = json.dumps(lines, ensure_ascii=False)
    for secret in ("abacaxi", "529.9", CUSTOMER, "sessao1", "forged", "Maria", "Olá"):
        assert secret not in text


def test_the_description_names_every_route(service: Service) -> None:
    told = service.ask("/openapi.json").json()
    routed = {route.path.replace(":path", "") for route in service.app.routes}  # type: ignore[attr-defined]
    assert told["openapi"].startswith("3.") and told["paths"].keys() | {"/openapi.json"} == routed
    text = json.dumps(told)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in told["components"]["schemas"]
    assert told["components"]["schemas"]["Reply"]["properties"].keys() == FIELDS


def test_every_kind_of_claims_is_tried() -> None:
    assert {claims.get("kind") for claims in CLAIMS.values()} == {"agent", "customer", "service", None}
