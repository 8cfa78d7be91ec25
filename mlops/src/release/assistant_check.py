"""Before a revision of the assistant gets requests: does it answer messages and refuse what is none? Writes nothing.

Over HTTP alone; what a good answer is, `telecom eval` says.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

from mlops.src.release.post_deploy_check import Ask, Checked, Failure
from telecom.errors import DependencyUnavailable
from telecom.ports import Answer

CHAT = "/chat"
OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json")
QUESTIONS = (
    "Como peço a segunda via da fatura?",
    "Quais são os meus direitos se eu cancelar o contrato?",
    "How do I restart the modem?",
    "Minha internet está lenta, o que eu faço?",
)
DEEP = 10_000
NOBODY = 403
"""Of a message: the service knows the check's account and it is none of its people."""


@dataclass(frozen=True)
class Message:
    """One POST to /chat: what is special about it, its body, and whether it must be refused."""

    name: str
    body: bytes
    refused: bool


def run(ask: Ask, *, requests: int = 50) -> Checked:
    """Asks the open routes of one revision, then sends messages, every ninth of which is one.

    An account that is none of the service's people is refused each time; then only the refusals are proven.

    Args:
        ask: sends GET (body None) or POST to a path of the revision.
        requests: how many messages; the same number sends the same bytes.

    Raises:
        DependencyUnavailable: the revision does not answer at all.
    """
    statuses = {path: ask(path, None).status for path in OPEN}
    failures = [Failure(path, f"Answered with {status}.") for path, status in statuses.items() if status != 200]
    sent = [(message, _sent(ask, message)) for message in islice(_messages(), requests)]
    failures += [Failure(message.name, said) for message, answer in sent if (said := fault(message, answer))]
    received = [answer for _, answer in sent if isinstance(answer, Answer)]
    taken = sum(answer.status == 200 for answer in received)
    return Checked(len(sent), taken, sum(400 <= answer.status < 500 for answer in received), tuple(failures))


def fault(message: Message, answer: Answer | str) -> str:
    """What is wrong with an answer to a message, as a sentence; empty where nothing is."""
    if isinstance(answer, str):
        return answer
    if message.refused:
        refused = 400 <= answer.status < 500 and answer.status not in (401, 429)
        return "" if refused else f"Answered with {answer.status}, though it is no message."
    if answer.status == NOBODY:
        return ""
    return f"Answered with {answer.status}." if answer.status != 200 else _reply_fault(answer.body)


def _reply_fault(body: bytes) -> str:
    try:
        reply = json.loads(body)
        said, session = str(reply["message"]), str(reply["session_id"])
    except (ValueError, KeyError, TypeError):
        return "The answer is no reply."
    return "" if said.strip() and session else "The reply is empty."


def _messages() -> Iterator[Message]:
    """Without end; the good ones go through the questions."""
    good = cycle(QUESTIONS)
    while True:
        yield Message("a question", json.dumps({"message": next(good)}).encode(), refused=False)
        yield from _BAD


def _sent(ask: Ask, message: Message) -> Answer | str:
    try:
        return ask(CHAT, message.body)
    except DependencyUnavailable as error:
        return error.message


_BAD = tuple(
    Message(name, body, refused=True)
    for name, body in (
        ("no JSON", b"{"),
        ("an unknown field", b'{"message": "oi", "role": "agent"}'),
        ("no text", b'{"message": 7}'),
        ("too long", json.dumps({"message": "a" * (1 << 20)}).encode()),
        ("too deep", b'{"message": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
        ("a channel that is none", b'{"message": "oi", "channel": "fax"}'),
        ("somebody else's session name", b'{"message": "oi", "session_id": "../../etc"}'),
        ("bytes that are no text", b'{"message": "\xff\xfe"}'),
    )
)
