"""What becomes of a tool's result before a model reads it: orders in free texts go, size is bounded, roles are kept."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from pydantic_core import to_jsonable_python

from llmops.agent.parts import Guard
from llmops.agent.turn import Role

MOST_CHARS = 8_000
OMITTED = "[texto omitido por segurança]"
CODE = "tool_text_omitted"
AGENTS_EYES = frozenset(
    (
        "segment",
        "segment_words",
        "approval",
        "not_offered",
        "maximum_percent",
        "maximum_months",
        "budget_left",
        "policy",
    )
)
"""Fields that customers' models do not see."""


def cleaned(found: Any, guard: Guard) -> tuple[Any, frozenset[str]]:
    """The result without texts that give orders to a model, and the codes of what was done."""
    whole = "\n".join(_texts(found))
    if not whole or guard.screen(whole, source="tool").verdict == "allow":
        return found, frozenset()
    return _without(found, guard), frozenset((CODE,))


def shown_to(role: Role, found: Any) -> Any:
    """As JSON, without what is for agents' eyes only."""
    plain = to_jsonable_python(found)
    return plain if role == "agent" else _hidden(plain)


def bounded(plain: Any) -> Any:
    """JSON of at most 8,000 characters; more is cut off and said to be."""
    text = json.dumps(plain, ensure_ascii=False)
    return plain if len(text) <= MOST_CHARS else {"truncated": True, "text": text[:MOST_CHARS]}


def _texts(found: Any) -> list[str]:
    """All texts in a result, in their order."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, Mapping):
        return [text for value in found.values() for text in _texts(value)]
    if isinstance(found, list | tuple):
        return [text for value in found for text in _texts(value)]
    return [text for name in getattr(found, "__dataclass_fields__", ()) for text in _texts(getattr(found, name))]


def _without(found: Any, guard: Guard) -> Any:
    if isinstance(found, str):
        return found if not found or guard.screen(found, source="tool").verdict == "allow" else OMITTED
    if is_dataclass(found) and not isinstance(found, type):
        return replace(found, **{f.name: _without(getattr(found, f.name), guard) for f in fields(found) if f.init})
    if isinstance(found, Mapping):
        return {name: _without(value, guard) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return type(found)(_without(value, guard) for value in found)
    return found


def _hidden(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _hidden(value) for name, value in plain.items() if name not in AGENTS_EYES}
    if isinstance(plain, list):
        return [_hidden(value) for value in plain]
    return plain
