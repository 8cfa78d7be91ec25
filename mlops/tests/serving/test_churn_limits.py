"""What one request may take: bytes, seconds, a place."""

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest

from mlops.tests.serving.churn_fakes import CUSTOMER, FEATURE_ROW, Service, pieces, registry_with, request, running
from mlops.tests.serving.conftest import Model
from telecom.serving import limits

ASKED = json.dumps({"instances": [CUSTOMER]}).encode()


@pytest.mark.parametrize("surplus", [0, 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_at_most_so_many_bytes(first: Model, chunked: bool, surplus: int) -> None:
    made = Service(registry_with(first), body_bytes=4_096)
    body = ASKED + b" " * (4_096 - len(ASKED) + surplus)
    sent: Any = pieces([body[:1_000], body[1_000:4_000], body[4_000:]]) if chunked else body
    answer = asyncio.run(request(made.app, "POST", "/predict", sent))
    assert answer.status_code == (413 if surplus else 200), answer.text


def test_a_megabyte_is_the_default(first: Model) -> None:
    made = Service(registry_with(first))
    assert made.ask("/predict", ASKED + b" " * 1_000_000).status_code == 200
    assert made.ask("/predict", ASKED + b" " * 1_048_576).status_code == 413


def test_a_length_that_is_no_number(first: Model) -> None:
    made = Service(registry_with(first))
    for length in ("-1", "x", "1.5", "9" * 5_000):
        sent = made.ask("/predict", ASKED, **{"content-length": length})
        assert sent.status_code == (413 if length[0] == "9" else 400)


def test_a_body_that_does_not_arrive(first: Model) -> None:
    made = Service(registry_with(first), timeout_seconds=0.05)
    answer = asyncio.run(request(made.app, "POST", "/predict", pieces([ASKED[:10], ASKED[10:]], pause=0.2)))
    assert answer.status_code == 408 and "arrive" in answer.json()["error"]
    assert made.metric("churn_requests_running") == 0


def test_an_answer_that_takes_too_long(first: Model) -> None:
    gate = threading.Event()
    made = Service(registry_with(first), timeout_seconds=0.05, features=lambda _: gate.wait(10) and None)
    answer = made.ask("/v1/customers/a/risk")
    gate.set()
    assert answer.status_code == 504
    assert made.metric("churn_requests_running") == 0


def test_more_at_once_than_there_are_places(first: Model) -> None:
    gate = threading.Event()

    def slow(_: str) -> dict[str, Any]:
        gate.wait(10)
        return FEATURE_ROW

    made = Service(registry_with(first), concurrency=2, features=slow)

    async def crowd() -> list[Any]:
        waiting = [asyncio.create_task(request(made.app, "GET", "/v1/customers/a/risk")) for _ in range(2)]
        await asyncio.sleep(0.1)
        refused = [await request(made.app, "POST", "/predict", ASKED), await request(made.app, "GET", "/healthz")]
        gate.set()
        return [*refused, *await asyncio.gather(*waiting), await request(made.app, "POST", "/predict", ASKED)]

    answers = asyncio.run(crowd())
    assert [answer.status_code for answer in answers] == [429, 200, 200, 200, 200]
    assert answers[0].headers["retry-after"] == "1"
    assert made.metric('churn_requests_total{code="429",route="predict"}') == 1


def test_all_bodies_together_have_at_most_so_many_bytes(first: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CARRIED", 10_000)
    made = Service(registry_with(first))

    async def crowd() -> list[Any]:
        bodies = [pieces([b" " * 4_000, ASKED], pause=0.2) for _ in range(3)]
        return await asyncio.gather(*[request(made.app, "POST", "/predict", body) for body in bodies])

    assert sorted(answer.status_code for answer in asyncio.run(crowd())) == [200, 200, 429]
    assert made.ask("/predict", ASKED + b" " * 9_000).status_code == 200, "what left is not counted any more"
    assert made.ask("/predict", ASKED + b" " * 10_000).status_code == 429


def test_a_caller_that_goes_away_is_no_failure(first: Model) -> None:
    made = Service(registry_with(first))

    async def leave() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [], "root_path": ""}
        await made.app(scope, receive, send)
        return sent

    assert asyncio.run(leave()) == []
    assert made.metric('churn_requests_total{code="499",route="predict"}') == 1
    assert made.metric("churn_requests_running") == 0


def test_a_reader_that_does_not_read_is_not_waited_for(first: Model) -> None:
    made = Service(registry_with(first), timeout_seconds=0.05)

    async def stall() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": ASKED, "more_body": False}

        async def send(message: Any) -> None:
            await asyncio.sleep(30)

        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [], "root_path": ""}
        await made.app(scope, receive, send)

    asyncio.run(asyncio.wait_for(stall(), 5))
    assert made.metric('churn_requests_total{code="499",route="predict"}') == 1
    assert made.metric('churn_request_seconds_count{route="predict"}') == 1


def test_a_refused_body_closes_its_connection(first: Model) -> None:
    made = Service(registry_with(first), body_bytes=4_096, timeout_seconds=0.05)
    sent = asyncio.run(request(made.app, "POST", "/predict", pieces([ASKED[:10], ASKED[10:]], pause=0.2)))
    assert (sent.status_code, sent.headers.get("connection")) == (408, "close")
    large = made.ask("/predict", ASKED + b" " * 5_000)
    assert (large.status_code, large.headers.get("connection")) == (413, "close")
    assert "connection" not in made.ask("/predict", {}).headers, "one that arrived may be followed by another"


def test_over_a_socket_a_refused_body_is_not_read_to_its_end(first: Model) -> None:
    made = Service(registry_with(first), body_bytes=1_024)
    with running(made.app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert client.post("/predict", content=b" " * 20_000_000).status_code == 413
        assert client.post("/predict", content=iter([b" " * 60_000] * 50)).status_code == 413
        assert client.post("/predict", content=ASKED).status_code == 200
