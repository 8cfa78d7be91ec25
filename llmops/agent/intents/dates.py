"""Which day and part of it a message names, for visits and calls back. Rules, in both languages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from llmops.tools.visit_windows import Window
from telecom.passages import folded

_WEEKDAYS: Mapping[str, int] = {
    name: place % 7
    for place, name in enumerate(
        "segunda terca quarta quinta sexta sabado domingo "
        "monday tuesday wednesday thursday friday saturday sunday".split()
    )
}
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)})\b(?!\s+(?:via|opcao|vez|oferta))")
_DAY = re.compile(r"\b(?:dia\s+)?(\d{1,2})/(\d{1,2})(?:/(20\d\d))?\b")
_BARE_DAY = re.compile(r"\bdia (\d{1,2})\b(?!/)")
_WINDOWS: tuple[tuple[Window, re.Pattern[str]], ...] = (
    (
        "morning",
        re.compile(r"\b(?:(?:de|pela|na|da|a) manha|manhazinha|cedo|cedinho|(?<!good )morning|antes do almoco)\b"),
    ),
    ("afternoon", re.compile(r"\b(?:(?<!boa )(?<!mais )tarde|(?<!good )afternoon|depois do almoco)\b(?!\s+demais)")),
    ("evening", re.compile(r"\b(?:(?<!boa )noite|(?<!good )evening|(?<!good )night)\b")),
)
_AFTER_TOMORROW = re.compile(r"\bdepois de amanha\b|\bday after tomorrow\b")
_TOMORROW = re.compile(r"\b(?:amanha|tomorrow)\b")
_TODAY = re.compile(r"\b(?:hoje|hj|today)\b")
_HOUR = re.compile(
    r"\b(?:as|das|pelas|umas|amanha|hoje|hj|feira|at|after|around|tomorrow|today) (?P<hour>\d{1,2})(?:[:h][0-5]\d)?"
    r"\s*(?:h|hs|hrs|horas)?\s*(?P<half>am|pm)?\b(?!\s*(?:/|%|reais|mega))"
)
_PAST = re.compile(r"\b(?:desde|caiu|parou|sumiu|comecou|ficou|ontem|since|yesterday|went|stopped|down)\b")
"""Who tells what happened names an hour that is over."""


NOON, EVENING = 12, 18


@dataclass(frozen=True)
class When:
    """A day and a window; None where a message names none."""

    day: date | None = None
    window: Window | None = None

    def __bool__(self) -> bool:
        return self.day is not None or self.window is not None


def when_named(message: str, today: date) -> When:
    """The day and the window that a message names; a weekday is the next one.

    Args:
        message: as somebody wrote it.
        today: the day in Brasília.
    """
    plain = folded(message)
    window = next((name for name, pattern in _WINDOWS if pattern.search(plain)), None)
    return When(_day_of(plain, today), window or _window_of_hour(plain))


def _window_of_hour(plain: str) -> Window | None:
    """The window of an hour that is wished for: `às 10h`, `at 3 pm`."""
    found = None if _PAST.search(plain) else _HOUR.search(plain)
    hour = int(found["hour"]) + 12 * (found["half"] == "pm" and int(found["hour"]) < NOON) if found else 24
    if hour >= 24:
        return None
    return "morning" if hour < NOON else "afternoon" if hour < EVENING else "evening"


def _day_of(plain: str, today: date) -> date | None:
    for pattern, days in ((_AFTER_TOMORROW, 2), (_TOMORROW, 1), (_TODAY, 0)):
        if pattern.search(plain):
            return today + timedelta(days=days)
    if found := _WEEKDAY.search(plain):
        return today + timedelta(days=(_WEEKDAYS[found[1]] - today.weekday() - 1) % 7 + 1)
    if found := _DAY.search(plain):
        return _next(int(found[1]), int(found[2]), int(found[3] or today.year), today)
    if found := _BARE_DAY.search(plain):
        this = _next(int(found[1]), today.month, today.year, today)
        later = today.replace(day=1) + timedelta(days=32)
        return this if this and this >= today else _next(int(found[1]), later.month, later.year, today)
    return None


def _next(day: int, month: int, year: int, today: date) -> date | None:
    """Such a day; None where the calendar has none or it is long past."""
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found >= today else None
