"""When technicians come: windows of a day in Brasília's time, as the service levels print them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Literal

BRASILIA = timezone(timedelta(hours=-3), "BRT")
Window = Literal["morning", "afternoon", "evening"]
HOURS: dict[Window, tuple[int, int]] = {"morning": (8, 12), "afternoon": (13, 18), "evening": (18, 21)}
FURTHEST_DAYS = 14
NOTICE = timedelta(hours=2)
"""A window that begins sooner than this is not offered."""
SUNDAY = 6


@dataclass(frozen=True)
class Visit:
    """One window of one day."""

    day: date
    window: Window

    @property
    def starts_at(self) -> datetime:
        """UTC."""
        return _at(self.day, HOURS[self.window][0])

    @property
    def ends_at(self) -> datetime:
        """UTC."""
        return _at(self.day, HOURS[self.window][1])

    @property
    def words(self) -> str:
        """`23/11/2026, das 8h às 12h`."""
        start, end = HOURS[self.window]
        return f"{self.day:%d/%m/%Y}, das {start}h às {end}h"


def local_day(moment: datetime) -> date:
    """The day in Brasília."""
    return moment.astimezone(BRASILIA).date()


def why_not(visit: Visit, now: datetime, *, no_service: bool) -> str:
    """Why there can be no such visit, in Portuguese; empty where there can.

    Args:
        visit: asked for.
        now: UTC.
        no_service: the line is down altogether, which evenings and Sundays are kept for.
    """
    if visit.starts_at < now + NOTICE:
        return "a janela já passou ou começa em menos de 2 horas"
    if visit.day > local_day(now) + timedelta(days=FURTHEST_DAYS):
        return f"a agenda vai até {FURTHEST_DAYS} dias à frente"
    if not no_service and (visit.window == "evening" or visit.day.weekday() == SUNDAY):
        return "noites e domingos são só para falta total de serviço"
    return ""


def next_visit(now: datetime, *, no_service: bool) -> Visit:
    """The first window that can still be had."""
    first = local_day(now)
    days = (first + timedelta(days=n) for n in range(FURTHEST_DAYS + 1))
    visits = (Visit(day, window) for day in days for window in HOURS)
    return next(visit for visit in visits if not why_not(visit, now, no_service=no_service))


def wished_visit(now: datetime, day: date | None, window: Window | None, *, no_service: bool) -> Visit | None:
    """The first window that can be had of those wished for; None where none can.

    Args:
        now: UTC.
        day: wished for; None: any.
        window: wished for; None: any.
        no_service: as for `why_not`.
    """
    first = local_day(now)
    days = [day] if day else [first + timedelta(days=n) for n in range(FURTHEST_DAYS + 1)]
    visits = (Visit(each, name) for each in days for name in ([window] if window else HOURS))
    return next((visit for visit in visits if not why_not(visit, now, no_service=no_service)), None)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), BRASILIA).astimezone(UTC)


def nearest_visit(now: datetime, day: date | None, window: Window | None, *, no_service: bool) -> Visit:
    """What can be had instead of what is wished for: the same part of the first day from then on, else another part.

    Args:
        now: UTC.
        day: wished for; None: any.
        window: wished for; None: any. In place of an evening, afternoons come before mornings.
        no_service: as for `why_not`.
    """
    today = local_day(now)
    first = max(day or today, today)
    days = [first + timedelta(days=n) for n in range(FURTHEST_DAYS + 1)]
    others = list(reversed(HOURS)) if window == "evening" else list(HOURS)
    same = (Visit(each, window) for each in days if window)
    visits = (*same, *(Visit(each, name) for each in days for name in others))
    found = next((visit for visit in visits if not why_not(visit, now, no_service=no_service)), None)
    return found or next_visit(now, no_service=no_service)
