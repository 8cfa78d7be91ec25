"""Short messages that go on with a visit, a call back, an incident or a fault, whatever they look like alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from llmops.agent.intents.dates import when_named
from llmops.agent.intents.features import words
from llmops.agent.intents.outages import ABOUT, ABOUT_EN, After, after_outage, waited
from llmops.agent.intents.topics import FAULTS
from llmops.agent.intents.understanding import Understood, understand
from llmops.agent.language import language_of

SHORT, SURE = 8, 0.5
_TIMES = frozenset(
    "segunda terca quarta quinta sexta sabado domingo feira hoje amanha depois manha tarde noite cedo dia h horas as a"
    " de da na no pela para pode ser entao melhor prefiro verdade mas e que tal agora 0 monday tuesday wednesday"
    " thursday friday saturday sunday today tomorrow morning afternoon evening in the on at then pm am instead".split()
)
"""Of a message of nothing but these words, a time is all that it names."""


def same_matter(message: str, alone: Understood, state: Mapping[str, Any], today: date) -> Understood | None:
    """A short message that goes on with a visit, a call back, an incident or a fault; None for any other.

    Args:
        message: its text.
        alone: what it wants taken by itself.
        state: of the session.
        today: the day from which days count.
    """
    topic = ""
    if state.get("visit") is True and len(words(message)) <= SHORT and when_named(message, today):
        topic = "visit"
    elif state.get("call") and _other_time(message, alone, today):
        topic = "human"
    elif (after := after_outage(message)) and _of_outage(alone, after, state):
        return _after_outage(message, alone, after, today)
    elif state.get("topic") in FAULTS and not alone.answer and waited(message):
        topic = str(state["topic"])
    return replace(alone, intent=topic, answer="", month="") if topic else None


def _of_outage(alone: Understood, after: After, state: Mapping[str, Any]) -> bool:
    """Whether an incident was told or, where none was, it is asked when the service comes back."""
    if after == "back" and (alone.answer or not state.get("outage")):
        return not alone.answer and alone.intent in ("no_internet", "outage")
    return bool(state.get("outage"))


def _other_time(message: str, alone: Understood, today: date) -> bool:
    """Whether a message only names another day or part of it."""
    other = alone.sure >= SURE and alone.intent not in ("human", "visit", "unclear")
    elsewhere = other and not set(words(message)) <= _TIMES
    return len(words(message)) <= SHORT and bool(when_named(message, today)) and not elsewhere


def _after_outage(message: str, alone: Understood, after: After, today: date) -> Understood:
    """What is asked of an incident that was told: when it ends of the line, what is paid for it of the documents."""
    if after == "back":
        return replace(alone, intent="outage", answer="", month="", sure=1.0)
    said = (ABOUT_EN if language_of(message, "pt-BR") == "en" else ABOUT)[after]
    intent = "outage" if after == "longer" else "knowledge"
    return replace(understand(said, today), intent=intent, answer="", month="", names=alone.names, said=said)
