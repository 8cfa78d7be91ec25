"""The check of the assistant's revisions against the service itself, and every kind of wrong answer."""

import json
from collections.abc import Callable

import pytest

from mlops.src.release import assistant_check
from telecom.errors import DependencyUnavailable, GateRefused
from telecom.ports import Answer

REPLY = Answer(200, json.dumps({"message": "Olá", "session_id": "s"}).encode())
Ask = Callable[[str, bytes | None], Answer]


def service(reply: Answer = REPLY, refusal: int = 422, **routes: int) -> Ask:
    def ask(path: str, body: bytes | None) -> Answer:
        if body is None:
            return Answer(routes.get(path.strip("/"), 200), b"")
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return Answer(refusal, b"")
        good = set(told) == {"message"} and isinstance(told["message"], str) and len(told["message"]) < 4_000
        return reply if good else Answer(refusal, b"")

    return ask


def test_a_service_that_keeps_its_contract_passes() -> None:
    found = assistant_check.run(service())
    assert found.passed and (found.requests, found.answered, found.refused) == (50, 6, 44)
    found.require()


def test_an_account_that_is_nobody_proves_the_refusals() -> None:
    found = assistant_check.run(service(Answer(403, b""), 403))
    assert found.passed and (found.answered, found.refused) == (0, 50)


@pytest.mark.parametrize(
    ("ask", "case", "sentence"),
    [
        (service(Answer(500, b"")), "a question", "Answered with 500."),
        (service(Answer(401, b"")), "a question", "Answered with 401."),
        (service(Answer(200, b"{")), "a question", "The answer is no reply."),
        (service(Answer(200, b'{"message": " ", "session_id": "s"}')), "a question", "The reply is empty."),
        (service(refusal=500), "no JSON", "Answered with 500, though it is no message."),
        (service(refusal=200), "too deep", "Answered with 200, though it is no message."),
        (service(refusal=429), "no text", "Answered with 429, though it is no message."),
        (service(readyz=503), "/readyz", "Answered with 503."),
    ],
)
def test_what_is_wrong_is_named(ask: Ask, case: str, sentence: str) -> None:
    found = assistant_check.run(ask, requests=9)
    assert (case, sentence) in [(failure.case, failure.sentence) for failure in found.failures]
    with pytest.raises(GateRefused):
        found.require()


def test_silence_is_a_failure_and_at_first_an_error() -> None:
    def late(path: str, body: bytes | None) -> Answer:
        if body is None:
            return Answer(200, b"")
        raise DependencyUnavailable("It does not answer.")

    assert {failure.sentence for failure in assistant_check.run(late, requests=3).failures} == {"It does not answer."}

    def never(path: str, body: bytes | None) -> Answer:
        raise DependencyUnavailable("It does not answer.")

    with pytest.raises(DependencyUnavailable):
        assistant_check.run(never)
