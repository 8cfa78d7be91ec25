"""What a conversation remembers: its last turns, a summary of those before, and where a journey stands.

A session belongs to one principal and one customer: its record's key is made of both, so that nobody else's request can
name it, and what it holds is compared again when it is read. Everything in it is masked. It expires, and is erased with
the customer's other records. (ADR 13.)
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from llmops.agent.turn import Ask, Language
from llmops.tools.words import short
from telecom.errors import NotFound, TelecomError
from telecom.ports import Record, Records

KIND = "session"
LASTS = timedelta(hours=24)
MOST_TURNS = 6
MOST_TEXT = 1_500
MOST_SOURCES, MOST_NAME = 8, 160
MOST_SUMMARY = 1_200
SUMMARY_LINE = 160
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Said:
    """One turn, masked; the tools and the passages (`document, section`) that its answer rests on."""

    user: str
    assistant: str
    intent: str
    tools: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """A conversation so far. `state` is the responder's, small and JSON; `count` counts all turns."""

    turns: tuple[Said, ...] = ()
    summary: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    language: Language = "pt-BR"
    count: int = 0

    def after(self, said: Said, state: Mapping[str, Any], language: Language) -> "Session":
        """With one more turn; what no longer fits becomes a line of the summary."""
        turns = (*self.turns, _bounded(said))
        old, kept = turns[:-MOST_TURNS], turns[-MOST_TURNS:]
        summary = "\n".join([*self.summary.splitlines(), *(_line(turn) for turn in old)])
        return Session(kept, _newest(summary), dict(state), language, self.count + 1)


def load(records: Records, ask: Ask) -> Session:
    """The session of a message; a new one where there is none.

    Raises:
        NotFound: the record is somebody else's.
    """
    record = records.read(KIND, key_of(ask))
    if record is None:
        return Session()
    value = record.value
    if (value["principal"], value["customer_id"]) != (_who(ask), ask.customer_id or ""):
        raise NotFound("There is no such conversation.", "Begin a new one.")
    return Session(
        turns=tuple(_said(*turn) for turn in value["turns"]),
        summary=value["summary"],
        state=value["state"],
        language=value["language"],
        count=value["count"],
    )


def recalled(records: Records, ask: Ask) -> tuple[Session, bool]:
    """As `load`; a new session, and False, where the records do not answer."""
    try:
        return load(records, ask), True
    except NotFound:
        raise
    except (TelecomError, OSError) as error:
        log.warning("The session cannot be read: %s", type(error).__name__)
        return Session(), False


def save(records: Records, ask: Ask, session: Session) -> None:
    """Keeps the session for another day. Of two turns at once, the later one's state stands."""
    value = {
        "principal": _who(ask),
        "customer_id": ask.customer_id or "",
        "turns": [
            [turn.user, turn.assistant, turn.intent, list(turn.tools), list(turn.cited)] for turn in session.turns
        ],
        "summary": session.summary,
        "state": dict(session.state),
        "language": session.language,
        "count": session.count,
    }
    record = Record(key_of(ask), value, ask.customer_id or "", ask.now + LASTS)
    records.change(KIND, record.key, lambda _: record)


def key_of(ask: Ask) -> str:
    """The record's key; the parts are told apart by their lengths."""
    parts = (_who(ask), ask.customer_id or "", ask.session_id)
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "replace")).hexdigest()


def _who(ask: Ask) -> str:
    return f"{ask.principal.role}:{ask.principal.name}"


def _bounded(said: Said) -> Said:
    cited = tuple(each[:MOST_NAME] for each in said.cited[:MOST_SOURCES])
    return replace(
        said,
        user=said.user[:MOST_TEXT],
        assistant=said.assistant[:MOST_TEXT],
        tools=tuple(dict.fromkeys(said.tools))[:MOST_SOURCES],
        cited=cited,
    )


def _said(
    user: str, assistant: str, intent: str, tools: Sequence[str] = (), cited: Sequence[str] = ()
) -> Said:  # sessions of the day of an update have no sources
    return Said(user, assistant, intent, tuple(tools), tuple(cited))


def _line(said: Said) -> str:
    return short(f"[{said.intent}] {said.user} → {said.assistant}", SUMMARY_LINE)


def _newest(summary: str) -> str:
    """Whole lines from the end, as many as fit."""
    kept: list[str] = []
    room = MOST_SUMMARY
    for line in reversed(summary.splitlines()):
        if len(line) + 1 > room:
            break
        kept.append(line)
        room -= len(line) + 1
    return "\n".join(reversed(kept))
