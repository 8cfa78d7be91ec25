"""A tool's result as JSON, short enough for a model's context."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

MOST_CHARS = 8_000
TRUNCATED = "truncated"


def plain(result: object, most_chars: int = MOST_CHARS) -> dict[str, Any]:
    """The result's fields: amounts as text with two decimals, days and instants in ISO 8601.

    Where it would be longer than `most_chars` as JSON, lists lose their last items, the longest list first, and
    `truncated` says so.

    Args:
        result: a dataclass of `llmops.tools`.
        most_chars: bound; what no list holds is never cut, so that it may be exceeded by single texts.
    """
    found: dict[str, Any] = _plain(result)
    while len(_json(found)) > most_chars:
        longest = max(_lists(found), key=lambda items: len(_json(items)), default=None)
        if longest is None:
            break
        found[TRUNCATED] = True
        del longest[max(1, len(longest) // 2) if len(longest) > 1 else 0 :]
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def _lists(value: Any) -> Iterator[list[Any]]:
    """Every list in it that holds something."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _lists(each)
    elif isinstance(value, list) and value:
        yield value
        for each in value:
            yield from _lists(each)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
