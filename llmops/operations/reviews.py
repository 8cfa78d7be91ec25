"""Human review: a week's conversations gathered while they live, some drawn, graded by people, corrected.

Records, all of them the customer's, so that erasure takes them: `review_pool` (conversations of the week, masked),
`review` (those drawn, with their grades). `review_week` lists ids by week and is nobody's. A session lasts a day: who
draws once a week sees its last day only, so draw every day; what is graded stays drawn.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from llmops.agent import memory
from llmops.agent.turn import Ask, Principal
from llmops.operations.drawing import Candidate, draw, strata_of
from telecom.errors import NotFound, UsageError
from telecom.ports import Reader, Record, Records
from telecom.privacy_places import words_of
from telecom.queries import read_query

QUERIES = Path(__file__).parent / "queries"
POOL, REVIEW, WEEK = "review_pool", "review", "review_week"
NOBODYS = "reviews"
POOL_KEPT, REVIEW_KEPT = timedelta(days=14), timedelta(days=180)
NAME_MARK = "[NOME]"
NUMBER_MARK = "[CLIENTE]"
NUMBER = re.compile(r"(?<!\w)\d{4}-[A-Za-z]{5}(?!\w)")
"""A customer's number, as all of them are made."""
NOTHING = r"(?!)"
SHORTEST_NAME = 3
ID_CHARS = 32
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True)
class Review:
    """A conversation to be graded; all texts are masked. `grades` are by the reviewer's name.

    `turns` are message, answer, intent; `sources`, in the same order, the tools and passages that each answer rests on.
    """

    id: str
    week: str
    intent: str
    role: str
    channel: str
    language: str
    strata: tuple[str, ...]
    turns: tuple[tuple[str, str, str], ...]
    bound: bool
    grades: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    owner: str = ""
    sources: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    def value(self) -> dict[str, Any]:
        """As a record keeps it; the owner is the record's."""
        told = {name: value for name, value in vars(self).items() if name != "owner"}
        sources = [[list(tools), list(cited)] for tools, cited in self.sources]
        return told | {"strata": list(self.strata), "turns": [list(turn) for turn in self.turns], "sources": sources}

    @classmethod
    def of(cls, record: Record) -> "Review":
        """From a record."""
        told = dict(record.value)
        told |= {"strata": tuple(told["strata"]), "turns": tuple(tuple(turn) for turn in told["turns"])}
        told["sources"] = tuple((tuple(tools), tuple(cited)) for tools, cited in told.get("sources", ()))
        return cls(**told, owner=record.owner)


@dataclass(frozen=True)
class Drawn:
    """What a drawing found: conversations of the week in all, how many were still there, and those drawn."""

    week: str
    conversations: int
    gathered: int
    drawn: int
    by_stratum: Mapping[str, int]


def days_of(week: str) -> tuple[date, date]:
    """Monday and Sunday of a week such as 2026-W47 (ISO 8601).

    Raises:
        UsageError: there is no such week.
    """
    found = _WEEK.fullmatch(week)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if monday is None:
        raise UsageError(f"There is no week {week!r}.", "Write it as 2026-W47.")
    return monday, monday + timedelta(days=6)


def week_of(day: date) -> str:
    """The week of a day."""
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02d}"


def sample(warehouse: Reader, records: Records, week: str, *, size: int, seed: int, now: datetime) -> Drawn:
    """Gathers what lives of the week's conversations, and draws; again with more of the week it draws anew.

    Args:
        warehouse: tells of the conversations.
        records: hold the sessions, and take what is drawn.
        week: as 2026-W47.
        size: how many are to be graded.
        seed: of the lot.
        now: the moment, UTC.

    Raises:
        UsageError: there is no such week.
    """
    first, last = days_of(week)
    sql = read_query(QUERIES, "review_candidates")
    rows = warehouse.query(sql, {"first_day": first, "last_day": last}).to_pylist()
    until = datetime.combine(last, time.max, UTC)
    for review in _gathered(records, rows, week, now):
        _put(records, POOL, review, until + POOL_KEPT)
    index = _index(records, week)
    ids = tuple(dict.fromkeys([*index["pool"], *(_id_of(row, now) for row in rows)]))
    pool = [review for review in (read(records, name, POOL) for name in ids) if review]
    graded = [name for name in index["drawn"] if (known := read(records, name)) and known.grades]
    candidates = [Candidate(each.id, each.intent, frozenset(each.strata)) for each in pool]
    drawn = draw(candidates, size, seed, week, graded)
    for review in pool:
        if review.id in drawn and review.id not in graded:
            _put(records, REVIEW, _nameless(warehouse, review), until + REVIEW_KEPT)
    record = Record(week, {"pool": [each.id for each in pool], "drawn": list(drawn)}, NOBODYS, until + REVIEW_KEPT)
    records.change(WEEK, week, lambda _: record)
    strata = [stratum for each in pool if each.id in drawn for stratum in each.strata or ("other",)]
    return Drawn(week, len(rows), len(pool), len(drawn), {name: strata.count(name) for name in sorted(set(strata))})


def numberless(text: str, owner: str = "") -> str:
    """The text without numbers of customers; the owner's is known without its hyphen, too."""
    own = re.escape(owner).replace(r"\-", r"[-\s.]?")
    return NUMBER.sub(NUMBER_MARK, re.sub(rf"(?<!\w){own}(?!\w)", NUMBER_MARK, text, flags=re.I) if owner else text)


def drawn_of(records: Records, week: str) -> tuple[Review, ...]:
    """The conversations that were drawn of a week, in their order; those of people who were erased are gone."""
    days_of(week)
    return tuple(review for name in _index(records, week)["drawn"] if (review := read(records, name)))


def read(records: Records, name: str, kind: str = REVIEW) -> Review | None:
    """One conversation."""
    record = records.read(kind, name) if name else None
    return Review.of(record) if record else None


def grade(records: Records, name: str, reviewer: str, given: Mapping[str, Any]) -> Review:
    """Keeps a reviewer's grades in the place of those that they gave before.

    Raises:
        NotFound: there is no such conversation any more.
    """

    def graded(record: Record | None) -> Record:
        if record is None:
            raise NotFound("There is no such conversation.", "It may have been erased; draw again.")
        value = {**record.value, "grades": {**record.value["grades"], reviewer: dict(given)}}
        return Record(record.key, value, record.owner, record.expires_at)

    kept = records.change(REVIEW, name, graded)
    if kept is None:
        raise NotFound("There is no such conversation.", "It may have been erased; draw again.")
    return Review.of(kept)


def _gathered(records: Records, rows: list[dict[str, Any]], week: str, now: datetime) -> Iterator[Review]:
    """The conversations whose session still lives."""
    for row in rows:
        session = memory.load(records, _asked(row, now))
        if not session.turns:
            continue
        yield Review(
            id=_id_of(row, now),
            week=week,
            intent=row["intent"],
            role=row["role"],
            channel=row["channel"],
            language=session.language,
            strata=tuple(sorted(strata_of(row["confidence"], row["hits"], row["downs"]))),
            turns=tuple((turn.user, turn.assistant, turn.intent) for turn in session.turns),
            bound=row["customer_id"] is not None,
            owner=row["customer_id"] or "",
            sources=tuple((turn.tools, turn.cited) for turn in session.turns),
        )


def _nameless(warehouse: Reader, review: Review) -> Review:
    """Without the customer's own name and anybody's number, which masking does not know."""
    words = words_of(warehouse, review.owner) if review.owner else ()
    parts = {part for word in words for part in (word, *word.split()) if len(part) >= SHORTEST_NAME}
    either = "|".join(re.escape(part) for part in sorted(parts, key=lambda part: (-len(part), part)))
    pattern = re.compile(rf"(?<!\w)(?:{either or NOTHING})(?!\w)", re.IGNORECASE)

    def hide(text: str) -> str:
        return pattern.sub(NAME_MARK, numberless(text, review.owner))

    return replace(review, turns=tuple((hide(user), hide(said), intent) for user, said, intent in review.turns))


def _asked(row: Mapping[str, Any], now: datetime) -> Ask:
    """The question by which a session's record is found."""
    who = Principal(row["principal"], row["role"], None)
    return Ask("", who, row["customer_id"], row["session_id"], row["channel"], "", now, 0.0)


def _id_of(row: Mapping[str, Any], now: datetime) -> str:
    return memory.key_of(_asked(row, now))[:ID_CHARS]


def _index(records: Records, week: str) -> dict[str, list[str]]:
    record = records.read(WEEK, week)
    return dict(record.value) if record else {"pool": [], "drawn": []}


def _put(records: Records, kind: str, review: Review, until: datetime) -> None:
    record = Record(review.id, review.value(), review.owner, until)
    records.change(kind, review.id, lambda _: record)
