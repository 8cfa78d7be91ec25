"""The assistant's own service as a process whose clock is told.

An entry point: `python -m llmops.evaluations.service_process --port N`. All is as in `telecom serve assistant`, but for
two things. The moment of a turn is what `PUT /evaluation/clock` said last, so that a scenario of one fixed day reads
the same lines and invoices whenever it is played; and records do not expire by the machine's clock, which knows nothing
of that day.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops.agent import assistant_wiring, config
from llmops.agent.assistant_service import create_app
from llmops.evaluations import world
from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.ports import Record, Records
from telecom.serving import process
from telecom.serving.limits import Turnstile
from telecom.settings import load_settings

CLOCK = "/evaluation/clock"


class Unexpiring:
    """Implements `telecom.ports.Records` over another one in which nothing expires."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def read(self, kind: str, key: str) -> Record | None:
        """As the other."""
        return self._records.read(kind, key)

    def change(self, kind: str, key: str, change: Callable[[Record | None], Record | None]) -> Record | None:
        """As the other; the record is kept without its expiry."""

        def kept(found: Record | None) -> Record | None:
            after = change(found)
            return replace(after, expires_at=None) if after else None

        return self._records.change(kind, key, kept)

    def of(self, kind: str, owner: str, limit: int = 100) -> tuple[Record, ...]:
        """As the other."""
        return self._records.of(kind, owner, limit)

    def owned(self, owner: str) -> tuple[tuple[str, Record], ...]:
        """As the other."""
        return self._records.owned(owner)

    def erase(self, owner: str) -> int:
        """As the other."""
        return self._records.erase(owner)


@dataclass(frozen=True)
class EvaluatedPlatform(Platform):
    """A platform whose records do not expire."""

    @cached_property
    def records(self) -> Records:
        """State of conversations and proposals."""
        return Unexpiring(super().records)


class Clock:
    """Says what it was told last."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The moment, UTC."""
        return self._at

    async def told(self, asked: Request) -> Response:
        """Sets it: `{"at": "2026-11-20T15:00:00+00:00"}`."""
        at = datetime.fromisoformat((await asked.json())["at"])
        if at.utcoffset() != timedelta(0):
            raise UsageError(f"The moment {at.isoformat()} is not in UTC.")
        self._at = at
        return JSONResponse({"at": at.astimezone(UTC).isoformat()})


def main() -> None:
    """Serves until the process is told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    platform, told, clock = EvaluatedPlatform(load_settings()), config.load_config(), Clock(world.AT)
    wiring = replace(assistant_wiring.wire(platform, told), now=clock.now)
    turnstile = Turnstile(told.concurrency)
    process.prepare(platform.settings.project)
    app = create_app(wiring, turnstile)
    app.add_route(CLOCK, clock.told, methods=["PUT"])
    process.run(app, "127.0.0.1", port, turnstile, drain=0, finish=told.deadline_seconds)


if __name__ == "__main__":
    main()
