"""Results as JSON, within bounds; figures as people write them."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from llmops.tools import words
from llmops.tools.results import plain


@dataclass(frozen=True)
class Inner:
    text: str
    amounts: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Outer:
    day: date
    at: datetime
    inner: tuple[Inner, ...]
    nothing: None = None


def outer(count: int) -> Outer:
    inner = tuple(Inner("x" * 50, (Decimal("1.50"),)) for _ in range(count))
    return Outer(date(2026, 11, 20), datetime(2026, 11, 20, 15, tzinfo=UTC), inner)


def test_everything_becomes_json() -> None:
    assert plain(outer(1)) == {
        "day": "2026-11-20",
        "at": "2026-11-20T15:00:00+00:00",
        "inner": [{"text": "x" * 50, "amounts": ["1.50"]}],
        "nothing": None,
    }


def test_what_is_too_long_loses_its_tail_and_says_so() -> None:
    found = plain(outer(400), most_chars=1_000)
    assert found["truncated"] is True and 1 <= len(found["inner"]) < 15
    assert len(json.dumps(found)) <= 1_000
    assert plain(Inner("y" * 500), most_chars=100) == {"text": "y" * 500, "amounts": []}


def test_figures_are_written_as_in_brazil() -> None:
    assert words.money(Decimal("1234.5")) == "R$ 1.234,50" and words.money(Decimal("-0.4")) == "-R$ 0,40"
    assert words.number(1234.5) == "1.234,5" and words.number(-25.0) == "-25" and words.number(100.0, 0) == "100"
    assert words.day(date(2026, 1, 2)) == "02/01/2026" and words.listed(["a", "b", "c"]) == "a, b e c"
    assert words.listed([]) == "" and words.listed(["a"]) == "a"
    assert words.cents("0.125") == Decimal("0.13") and words.cents(20.3) == Decimal("20.30")


def test_texts_of_others_become_one_short_line() -> None:
    assert words.short("a\n\tb\u200b\u202ec  d", 80) == "a bc d"
    assert words.short("abcdef", 4) == "abc…" and words.short(None, 5) == ""
