"""Readings of the revisions' counters, as what was answered between them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from telecom.ports import Buckets, Tally

NO_TALLY = Tally(0, 0, 0, Buckets(), Buckets())


@dataclass(frozen=True)
class Block:
    """What both revisions answered in one stretch of time."""

    before: Tally
    after: Tally


def between(earlier: Tally, now: Tally) -> Tally:
    """The difference of two readings of a revision; if its process began again between them, what it counted since."""
    seconds, scores = _less(now.seconds, earlier.seconds), _less(now.scores, earlier.scores)
    counts = (now.requests - earlier.requests, now.errors - earlier.errors, now.refused - earlier.refused)
    if seconds is None or scores is None or min(counts) < 0:
        return now
    return Tally(*counts, seconds, scores)


def together(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies of one service."""
    total = NO_TALLY
    for tally in tallies:
        total = Tally(
            total.requests + tally.requests,
            total.errors + tally.errors,
            total.refused + tally.refused,
            _plus(total.seconds, tally.seconds),
            _plus(total.scores, tally.scores),
        )
    return total


def side_by_side(before: Sequence[Tally], after: Sequence[Tally]) -> list[Block]:
    """Stretches of the two that were not at the same time: first beside first, and so on."""
    return [Block(b, a) for b, a in zip_longest(before, after, fillvalue=NO_TALLY)]


def _less(now: Buckets, earlier: Buckets) -> Buckets | None:
    """None where the counters did not only grow."""
    if not sum(earlier.counts):
        return now
    if now.bounds != earlier.bounds:
        return None
    counts = tuple(late - early for late, early in zip(now.counts, earlier.counts, strict=True))
    return None if min(counts) < 0 else Buckets(now.bounds, counts)


def _plus(total: Buckets, more: Buckets) -> Buckets:
    """Where a new release of the service counts with other bounds, the later ones are kept."""
    if not sum(total.counts) or total.bounds != more.bounds:
        return more if sum(more.counts) or not sum(total.counts) else total
    return Buckets(total.bounds, tuple(map(sum, zip(total.counts, more.counts, strict=True))))
