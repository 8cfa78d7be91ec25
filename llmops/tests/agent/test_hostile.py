"""Requests that nobody means well: sizes, depths, types, other people's numbers, tokens, keys."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmops.agent.turn import Ask, Event
from llmops.tests.agent.desk import agent, customer
from llmops.tests.agent.service_fakes import DOOR, Service, events_of, reply_to
from llmops.tests.small_world import CUSTOMER


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


BAD: dict[str, tuple[Any, int]] = {
    "no JSON": ("message", 400),
    "half of it": ('{"message": "a', 400),
    "nothing": ("", 400),
    "no UTF-8": (b'{"message": "\xff"}', 400),
    "a lone surrogate": (b'{"message": "\\ud800"}', 400),
    "too deep": ('{"message": ' + "[" * 50_000, 400),
    "deep and whole": ('{"message": ' + "[" * 5_000 + "]" * 5_000 + "}", 400),
    "a list": ([], 422),
    "null": ("null", 422),
    "no message": ({}, 422),
    "an empty message": ({"message": ""}, 422),
    "a blank message": ({"message": " \n\t"}, 422),
    "a number": ({"message": 7}, 422),
    "a list of messages": ({"message": ["a"]}, 422),
    "an object": ({"message": {"$ne": ""}}, 422),
    "too long": ({"message": "a" * 4_001}, 422),
    "far too long": ({"message": "a" * 30_000}, 422),
    "an unknown field": ({"message": "a", "role": "agent"}, 422),
    "a principal": ({"message": "a", "principal": {"role": "agent", "customers": None}}, 422),
    "scopes": ({"message": "a", "scopes": ["approve:*"]}, 422),
    "an unknown channel": ({"message": "a", "channel": "root"}, 422),
    "a session with a path": ({"message": "a", "session_id": "../../x"}, 422),
    "a session too long": ({"message": "a", "session_id": "x" * 65}, 422),
    "a session that is none": ({"message": "a", "session_id": 7}, 422),
    "customers": ({"message": "a", "customer_id": ["0001-AAAAA"]}, 422),
    "true": ({"message": "a", "customer_id": True}, 422),
    "a number of a customer too long": ({"message": "a", "customer_id": "x" * 201}, 422),
    "SQL": ({"message": "a", "customer_id": "' OR 1=1 --"}, 403),
    "a name twice": ('{"message": "a", "customer_id": "0001-AAAAA", "customer_id": "*"}', 403),
    "too many bytes": ({"message": "a", "pad": "x" * 70_000}, 413),
}


@pytest.mark.parametrize(("body", "status"), BAD.values(), ids=BAD)
def test_bodies_that_cannot_be_taken(service: Service, body: Any, status: int) -> None:
    before = len(service.turns.asks)
    answer = service.ask("/chat", body)
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["error"] and told["code"] and "Traceback" not in answer.text and len(answer.text) < 3_000
    assert len(service.turns.asks) == before


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["message", "session_id", "customer_id", "channel", "x"]), inner, max_size=4
            )
        ),
        max_leaves=8,
    )
)
def test_no_body_is_an_error_of_ours(service: Service, body: Any) -> None:
    for path in ("/chat", "/feedback", "/actions/a/approve", "/actions/a/reject"):
        assert service.ask(path, json.dumps(body)).status_code in (200, 202, 400, 403, 404, 422)


@pytest.mark.parametrize(
    "query",
    [
        "segment=all", "contract=x", "limit=0", "limit=101", "limit=1e3", "offset=-1", "offset=10000000", "limit=",
        "limit=1;DROP", "reason=a'b", "unknown=1", "segment=high&segment=low", "city=" + "x" * 81, "a=1&" * 30,
        "search=%ff%fe", "reason=../x",
    ],
)  # fmt: skip
def test_filters_that_cannot_be_meant(service: Service, query: str) -> None:
    answer = service.ask(f"/v1/queue?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_filter"), answer.text


@pytest.mark.parametrize("path", ["/v1/customers/%2e%2e/card", "/v1/customers/*/card", "/v1/customers/a%20b/card"])
def test_strange_numbers_of_customers_are_nobodys(service: Service, path: str) -> None:
    assert service.ask(path).status_code == 403


@pytest.mark.parametrize("action_id", ["x", "%2e%2e", "a" * 300, "á", "'--", "*"])
def test_strange_actions_do_not_exist(service: Service, action_id: str) -> None:
    answer = service.ask(f"/actions/{action_id}/approve", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_other_methods_and_paths(service: Service) -> None:
    for path, method in (("/chat", "GET"), ("/chat", "PUT"), ("/v1/queue", "POST"), ("/actions/a/approve", "GET")):
        answer = service.ask(path, "", method)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed") and answer.headers["allow"]
    for path in ("/chat/", "/docs", "/redoc", "/v1/customers", "/actions/a", "/.env"):
        answer = service.ask(path)
        assert answer.status_code == 307 or answer.json()["code"] == "not_found", path


def test_a_body_without_a_length_is_counted_as_it_arrives(service: Service) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"message": "'
        while True:
            yield b"a" * 10_000

    assert asyncio.run(_post(service, endless())).status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30])
def test_lengths_that_are_none(service: Service, length: str) -> None:
    answer = asyncio.run(_post(service, b"{}", **{"content-length": length}))
    assert answer.status_code in (400, 413)


async def _post(service: Service, body: Any, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://assistant") as client:
        return await client.post("/chat", content=body, headers=DOOR | headers)


def test_another_persons_key_decides_nothing_for_them() -> None:
    service = Service()
    one, other = service.desk.discount(), service.desk.propose("callback", CALL)
    key = {"Idempotency-Key": "same"}
    assert service.ask(f"/actions/{one.id}/approve", "", "POST", **key).status_code == 200
    other_person = {"Authorization": f"Bearer {CUSTOMER}", **key}
    assert service.ask(f"/actions/{other.id}/approve", "", "POST", **other_person).status_code == 200
    assert service.ask(f"/actions/{one.id}/approve", "", "POST", **other_person).status_code in (403, 409)


CALL = {"day": "2026-11-23", "window": "morning", "topic": "Fatura"}


def test_a_callers_trace_is_not_ours(service: Service) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    ids = {service.ask("/chat", {"message": "Oi"}, traceparent=trace).json()["trace_id"] for _ in range(2)}
    assert len(ids) == 2 and "a" * 32 not in ids


def test_the_session_of_another_is_told_apart_by_whoever_remembers() -> None:
    """The service passes the principal and the customer on; `memory` keys sessions by both."""
    from datetime import UTC, datetime

    from llmops.agent.memory import key_of

    def asked(who: Any, about: str | None) -> Ask:
        return Ask("Oi", who, about, "s1", "desk", "t", datetime.now(UTC), 0.0)

    keys = {
        key_of(asked(agent("ana"), None)), key_of(asked(agent("ana"), CUSTOMER)), key_of(asked(agent("rui"), CUSTOMER)),
        key_of(asked(customer(CUSTOMER), CUSTOMER)),
    }  # fmt: skip
    assert len(keys) == 4


def test_a_caller_who_leaves_ends_the_turn() -> None:
    service = Service()
    ended = asyncio.run(_left(service, service.app, {}))
    assert ended == 1
    assert service.metric('assistant_requests_total{code="499",route="chat"}') == 1


def test_a_listener_who_leaves_ends_the_turn() -> None:
    service = Service()
    assert asyncio.run(_left(service, service.app, {b"accept": b"text/event-stream"}, begun=True)) == 1
    assert service.metric('assistant_requests_total{code="499",route="chat"}') == 1


async def _left(service: Service, app: Any, headers: dict[bytes, bytes], *, begun: bool = False) -> int:
    """A request whose caller disconnects while the turn goes on; how many turns ended."""

    async def slow(ask: Ask) -> AsyncGenerator[Event, None]:
        if begun:
            yield Event("token", "Olá")
        await asyncio.sleep(30)
        yield Event("done", reply_to(ask))

    service.turns.behave = slow
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    inbox.put_nowait({"type": "http.request", "body": b'{"message": "Oi"}', "more_body": False})
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/chat", "query_string": b"", "raw_path": b"/chat",
        "headers": [(b"authorization", b"Bearer ana"), *headers.items()],
    }  # fmt: skip
    request = asyncio.ensure_future(app(scope, inbox.get, send))
    while not service.turns.asks or (begun and len(sent) < 2):
        await asyncio.sleep(0.01)
    inbox.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(request, 5)
    assert bool(sent) == begun
    return service.turns.ended


def test_frames_of_an_error_are_frames(service: Service) -> None:
    answer = service.ask("/chat", {"message": ""}, accept="text/event-stream")
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/json"
    good = service.ask("/chat", {"message": "Oi"}, accept="text/html, text/event-stream;q=0.9")
    assert events_of(good.text)[-1][0] == "done"
