"""The analysts' routes: who may look, every look written down, the work in the desk's threads."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, cast

import orjson
from pydantic import Field, StringConstraints
from starlette.routing import Route

from llmops.agent.chat_answers import answer
from llmops.agent.chat_requests import Body, parse
from llmops.agent.policy import READ_ANALYTICS
from llmops.agent.thread_streams import in_threads
from llmops.agent.turn import Principal
from llmops.analytics import assistant, csv_files, customers, drift, models, segments, sql_box
from llmops.analytics.asking import (
    CustomersWanted,
    DaysWanted,
    Filters,
    ModelsWanted,
    Query,
    SnapshotsWanted,
    wanted_of,
)
from llmops.analytics.reading import BoundedReader
from llmops.tools.cached_reader import CachedReader
from telecom.errors import DependencyUnavailable, NotFound
from telecom.ports import Reader, Warehouse
from telecom.serving.answers import Answer, Forbidden, Streamed
from telecom.serving.endpoint import Asked, Endpoint, Handle

if TYPE_CHECKING:
    from llmops.agent.assistant_service import Wiring

T = TypeVar("T")
Wanted = TypeVar("Wanted", bound=Query)
AT_ONCE = 2
"""Threads of the desk that analysts may keep busy; the others stay with the agents."""
EXPORT_SECONDS = 300.0
KEPT_SECONDS, KEPT_ANSWERS, KEPT_BYTES = 60.0, 128, 1 << 20


@dataclass(frozen=True)
class Analysts:
    """What the analysts' part works with: a warehouse of its own, and what parses a SELECT."""

    warehouse: Warehouse
    tables_of: sql_box.TablesOf


class SqlRequest(Body):
    """One SELECT in BigQuery's dialect, and how many rows of its result are wanted."""

    sql: Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
    limit: Annotated[int, Field(ge=1, le=sql_box.MOST_ROWS)] = 1_000


class Bounded(Protocol):
    """Makes an endpoint of a handler."""

    def __call__(self, name: str, handle: Handle, seconds: float | None = None) -> Endpoint:
        """`seconds` where it may take other than usual."""
        ...


class AnalystService:
    """The routes' handlers.

    Args:
        wiring: the service's parts; `analysts` among them, without which every look is answered with 503.
    """

    def __init__(self, wiring: "Wiring") -> None:
        self._wiring, self._places = wiring, asyncio.Semaphore(AT_ONCE)
        self._seconds = wiring.config.answer_seconds
        self._reader: Reader | None = None
        if wiring.analysts:
            bounded = BoundedReader(wiring.analysts.warehouse, self._seconds)
            self._reader = CachedReader(bounded, KEPT_SECONDS, KEPT_ANSWERS, KEPT_BYTES)

    async def customers(self, asked: Asked) -> Answer:
        """One page of scored customers."""
        return await self._page("customers", asked, CustomersWanted, customers.page)

    async def segments(self, asked: Asked) -> Answer:
        """Parts of the customers over snapshots."""
        return await self._page("segments", asked, SnapshotsWanted, segments.segments)

    async def drift(self, asked: Asked) -> Answer:
        """Features over snapshots."""
        return await self._page("drift", asked, SnapshotsWanted, drift.drift)

    async def models(self, asked: Asked) -> Answer:
        """Versions, runs, the model in service."""
        return await self._page("models", asked, ModelsWanted, lambda reader, _, today: models.models(reader, today))

    async def assistant(self, asked: Asked) -> Answer:
        """The assistant's figures."""
        return await self._page("assistant", asked, DaysWanted, assistant.figures)

    async def tables(self, asked: Asked) -> Answer:
        """The tables that the caller's SQL may read."""
        who = await self._admit(asked, "tables")
        await self._looked("tables", who, "allowed")
        return answer(sql_box.tables(who.scopes))

    async def sql(self, asked: Asked) -> Answer:
        """The first rows of the caller's own SELECT."""
        who = await self._admit(asked, "sql")
        wanted, analysts = parse(SqlRequest, await asked.body()), self._analysts()
        allowed = [table.table for table in sql_box.readable(who.scopes)]
        try:
            found = await self._in_thread(
                lambda: sql_box.run(
                    analysts.warehouse, analysts.tables_of, wanted.sql, wanted.limit, allowed, self._seconds
                )
            )
        except Forbidden:
            await self._looked("sql", who, "refused")
            raise
        await self._looked("sql", who, "allowed", tables=found.tables)
        return answer(found)

    async def export(self, asked: Asked) -> Answer:
        """All customers that the filters let through, as CSV."""
        who = await self._admit(asked, "export")
        wanted, analysts, today = wanted_of(Filters, asked.query), self._analysts(), self._now().date()
        known = await self._in_thread(lambda: customers.snapshots(self._known(), today))
        day = customers.chosen(known, wanted.snapshot)
        if day is None:
            raise NotFound("Nothing was scored yet.", "Run: telecom score")
        await self._looked("export", who, "allowed")
        batches = customers.export(analysts.warehouse, wanted, day, EXPORT_SECONDS)
        pieces = in_threads(csv_files.pieces(batches, customers.EXPORTED), self._in_thread)
        headers = (
            (b"content-type", b"text/csv; charset=utf-8"),
            (b"content-disposition", f'attachment; filename="customers-{day}.csv"'.encode()),
        )
        # The first piece decides between a status of its own and a file.
        first = await anext(pieces)
        return Streamed(200, headers=headers, pieces=_again(first, pieces), last_words=_broken_off)

    async def _page(
        self, what: str, asked: Asked, kind: type[Wanted], work: Callable[[Reader, Wanted, date], Any]
    ) -> Answer:
        who = await self._admit(asked, what)
        wanted, reader, today = wanted_of(kind, asked.query), self._known(), self._now().date()
        found = await self._in_thread(lambda: work(reader, wanted, today))
        await self._looked(what, who, "allowed")
        return answer(found)

    async def _admit(self, asked: Asked, what: str) -> Principal:
        """Who asks: an agent who may see everybody and whose token says that they analyse."""
        who = await self._wiring.door.admit(asked.headers)
        self._wiring.rates.take(who)
        if who.role != "agent" or who.customers is not None or READ_ANALYTICS not in who.scopes:
            await self._looked(what, who, "refused")
            raise Forbidden("This is for agents who may see all customers.", f"It takes the scope {READ_ANALYTICS}.")
        return who

    async def _looked(self, what: str, who: Principal, outcome: Any, **more: Any) -> None:
        audit, now = self._wiring.audit, self._now()
        await self._in_thread(lambda: audit.looked(f"analytics.{what}", who, None, outcome, now, **more))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._places:
            return await asyncio.get_running_loop().run_in_executor(self._wiring.desk, work)

    def _analysts(self) -> Analysts:
        if self._wiring.analysts is None:
            raise DependencyUnavailable("This service has no pages for analysts.")
        return self._wiring.analysts

    def _known(self) -> Reader:
        self._analysts()
        return cast(Reader, self._reader)

    def _now(self) -> datetime:
        return self._wiring.now()


def routes(wiring: "Wiring", bounded: Bounded) -> list[Route]:
    """The routes."""
    service = AnalystService(wiring)
    pages = ("customers", "segments", "drift", "models", "assistant", "tables")
    made = [
        Route(f"/v1/analytics/{name}", bounded(f"analytics_{name}", getattr(service, name)), methods=["GET"])
        for name in pages
    ]
    export = bounded("analytics_export", service.export, EXPORT_SECONDS)
    return [
        *made,
        Route("/v1/analytics/customers.csv", export, methods=["GET"]),
        Route("/v1/analytics/sql", bounded("analytics_sql", service.sql), methods=["POST"]),
    ]


async def _again(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece


def _broken_off(instead: Answer) -> bytes:
    """The last line of a file that is not whole."""
    return f"# INCOMPLETE: {orjson.loads(instead.body)['error']}\n".encode()
