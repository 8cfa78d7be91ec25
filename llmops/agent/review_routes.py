"""The reviewers' routes: conversations that were drawn, and grades, by people whose token has `review:answers`."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

from pydantic import Field, StringConstraints
from starlette.routing import Route

from llmops.agent.chat_answers import answer
from llmops.agent.chat_requests import Body, parse
from llmops.agent.masking import mask
from llmops.agent.turn import Principal
from llmops.operations import reviews
from llmops.operations.reviews import Review
from telecom.errors import NotFound
from telecom.serving.answers import Answer, Forbidden
from telecom.serving.endpoint import Asked, Endpoint, Handle

if TYPE_CHECKING:
    from llmops.agent.assistant_service import Wiring

T = TypeVar("T")
SCOPE = "review:answers"
Text = Annotated[str, StringConstraints(max_length=2_000)]
Fact = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Scale = Annotated[int, Field(ge=1, le=5, strict=True)]


class GradesRequest(Body):
    """A reviewer's grades; with a `correction`, what the last answer should have said."""

    correct: bool
    grounded: bool
    complete: Scale
    tone: Scale
    safe: bool
    comment: Text = ""
    correction: Text = ""
    facts: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...], Field(max_length=5)
    ] = ()
    citation: Annotated[str, StringConstraints(max_length=200)] = ""


class Bounded(Protocol):
    """Makes an endpoint of a handler."""

    def __call__(self, name: str, handle: Handle, seconds: float | None = None) -> Endpoint:
        """`seconds` where it may take other than usual."""
        ...


class ReviewService:
    """The routes' handlers, over the service's parts."""

    def __init__(self, wiring: "Wiring") -> None:
        self._wiring = wiring

    async def listed(self, asked: Asked) -> Answer:
        """The conversations of a week (`?week=2026-W47`; default: this week), with the caller's own grades only."""
        who, now = await self._admit(asked, "reviews"), self._wiring.now()
        week = _week_in(asked.query) or reviews.week_of(now.date())
        found = await self._in_thread(lambda: reviews.drawn_of(self._wiring.records, week))
        await self._looked("reviews", who, "allowed", week=week)
        shown = [_shown(each, who) for each in found if _may_see(who, each)]
        return answer({"week": week, "reviews": shown, "graded": sum(each["mine"] is not None for each in shown)})

    async def grade(self, asked: Asked) -> Answer:
        """Keeps the caller's grades of one conversation."""
        who = await self._admit(asked, "review_grade")
        given = parse(GradesRequest, await asked.body())
        name, records, now = asked.path["review_id"], self._wiring.records, self._wiring.now()
        known = await self._in_thread(lambda: reviews.read(records, name[: reviews.ID_CHARS]))
        if known is None or known.id != name or not _may_see(who, known):
            raise NotFound("There is no such conversation.", "See GET /v1/reviews.")
        told = given.model_dump() | {"at": now.isoformat()}
        for field in ("comment", "correction", "citation"):
            told[field] = _masked(told[field], known)
        told["facts"] = [_masked(fact, known) for fact in given.facts]
        kept = await self._in_thread(lambda: reviews.grade(records, name, who.name, told))
        await self._looked("review_grade", who, "allowed", review=name)
        return answer(_shown(kept, who))

    async def _admit(self, asked: Asked, what: str) -> Principal:
        who = await self._wiring.door.admit(asked.headers)
        self._wiring.rates.take(who)
        if who.role != "agent" or SCOPE not in who.scopes:
            await self._looked(what, who, "refused")
            raise Forbidden(f"Reviews are for people with the scope {SCOPE}.")
        return who

    async def _looked(self, what: str, who: Principal, outcome: Literal["allowed", "refused"], **more: Any) -> None:
        now, audit = self._wiring.now(), self._wiring.audit
        await self._in_thread(lambda: audit.looked(what, who, None, outcome, now, **more))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._wiring.desk, work)


def routes(wiring: "Wiring", bounded: Bounded) -> tuple[Route, ...]:
    """The routes over the service's parts."""
    service = ReviewService(wiring)
    return (
        Route("/v1/reviews", bounded("reviews", service.listed), methods=["GET"]),
        Route("/v1/reviews/{review_id}/grades", bounded("review_grade", service.grade), methods=["POST"]),
    )


def _week_in(query: bytes) -> str:
    from urllib.parse import parse_qs

    return parse_qs(query.decode("latin-1")).get("week", [""])[0]


def _masked(text: str, review: Review) -> str:
    """Without personal data and without customers' numbers: what is accepted stays when the customer is erased."""
    return reviews.numberless(mask(text).text, review.owner)


def _may_see(who: Principal, review: Review) -> bool:
    return who.may_see(review.owner) if review.owner else True


def _shown(review: Review, who: Principal) -> dict[str, Any]:
    """What a reviewer sees: neither whose conversation it is nor what others say of it."""
    told = asdict(review)
    grades, sources = told.pop("grades"), dict(enumerate(told.pop("sources")))
    del told["owner"]
    told["turns"] = [
        {"user": user, "assistant": said, "intent": intent}
        | dict(zip(("tools", "citations"), sources.get(place, ((), ())), strict=True))
        for place, (user, said, intent) in enumerate(review.turns)
    ]
    return told | {"mine": grades.get(who.name), "others": len(grades.keys() - {who.name})}
