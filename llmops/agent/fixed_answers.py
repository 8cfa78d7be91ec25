"""Messages that get a fixed answer, whichever model is there: somebody is in danger, or another customer is named.

Looked at before any search, tool or model. The patterns of danger are in `safety_patterns.yaml`; the numbers to call
are Brazil's public ones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from llmops.agent.turn import Role
from telecom.passages import folded

SAFETY = "safety_patterns.yaml"
OTHER_CUSTOMER = "other_customer"
LINES: Mapping[str, str] = {"listening": "188", "police": "190", "ambulance": "192", "fire": "193"}
"""CVV (Centro de Valorização da Vida), police, SAMU and fire brigade: free of charge, day and night."""
_DASH = r"\-\u2010-\u2015\u2212\u2e3a\ufe58\ufe63\uff0d"
_NUMBER = re.compile(
    rf"(?<![\w{_DASH}])(\d{{4}})(?:\s?[{_DASH}]\s?([A-Z]{{5}})|[{_DASH}]([A-Za-z]{{5}})"
    r"|(?!MEGAS|REAIS|HORAS|MESES|VEZES)([A-Z]{5}))(?![A-Za-z0-9])"
)


@dataclass(frozen=True)
class Fixed:
    """A fixed answer: its phrase with its blanks, and the code that is noted.

    `refused`: nothing of what was asked is done; otherwise a person is offered, as after other answers.
    """

    code: str
    phrase: str
    refused: bool
    blanks: Mapping[str, str] = field(default_factory=dict)


def danger(message: str) -> Fixed | None:
    """The answer to a message from which somebody seems to be in danger."""
    plain = folded(message)
    for code, words, pattern in _dangers():
        if any(word in plain for word in words) and pattern.search(plain):
            return Fixed(code, f"service.{code}", refused=False, blanks=LINES)
    return None


def other_customer(message: str, bound: str | None, role: Role) -> Fixed | None:
    """The answer to a message that names another customer than the one of the conversation.

    Args:
        message: masked or not; numbers of customers are no personal data that is masked.
        bound: the customer of the conversation; without one there is nothing to mix up.
        role: of the reader.
    """
    if bound is None or named(message) <= {bound.upper()}:
        return None
    if role == "customer":
        return Fixed(OTHER_CUSTOMER, "service.other_customer", refused=True)
    return Fixed(OTHER_CUSTOMER, "service.other_customer_agent", refused=True, blanks={"customer": bound})


def named(message: str) -> frozenset[str]:
    """Numbers of customers in a message, as `7590-VHVEG`, however their dash and letters are written."""
    found = (match.groups() for match in _NUMBER.finditer(message))
    return frozenset(f"{digits}-{(a or b or c).upper()}" for digits, a, b, c in found)


@cache
def _dangers() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    told = yaml.safe_load((files(__package__) / SAFETY).read_text("utf-8"))
    return tuple(
        (entry["code"], tuple(entry["words"]), re.compile(entry["pattern"], re.VERBOSE)) for entry in told["messages"]
    )
