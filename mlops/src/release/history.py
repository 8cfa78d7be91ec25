"""releases.json: who was in service and who tried to be, in a shared document. The last ten of either kind are kept.

A release is a pair: a revision of the service and the model version that it serves. What is about to be done is written
before it is done, so that whoever comes after a process that died can finish it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from telecom.errors import GateRefused, NotFound, UsageError
from telecom.ports import Documents

DOCUMENT = "releases"
KEPT = 10

Kind = Literal["found", "canary", "rollback"]
State = Literal["under_way", "taking_back", "serving", "served", "withdrawn", "stopped"]
OPEN = ("under_way", "taking_back")


@dataclass(frozen=True)
class Pair:
    """What goes into service together."""

    revision: str
    model_version: str


@dataclass(frozen=True)
class Release:
    """One attempt to put a pair into service.

    Args:
        number: counts up, never used again.
        revision: of the service.
        model_version: registered version.
        kind: how it began; `found` is what served before the first release was made.
        state: under_way, then serving, or taking_back and stopped; served once another took its place, withdrawn once
            rolled back from.
        began_at: UTC.
        passed: steps of a canary that were passed, in percent of the requests.
        target: number of the release that a rollback goes back to.
        note: why it is taken back or was stopped, or what it went back from.
    """

    number: int
    revision: str
    model_version: str
    kind: Kind
    state: State
    began_at: datetime
    passed: tuple[int, ...] = ()
    target: int | None = None
    note: str = ""

    @property
    def told_state(self) -> str:
        """The state of an open one, in words."""
        return "being taken back" if self.state == "taking_back" else "under way"

    @property
    def pair(self) -> Pair:
        """What it puts into service."""
        return Pair(self.revision, self.model_version)


class TakenBack(GateRefused):
    """A canary whose turn it is no more: somebody took it back, or finished it. Whoever led it touches nothing now."""

    def __init__(self, number: int, release: Release | None) -> None:
        what = f"Release {number} ({release.kind} of {release.revision})" if release else f"Release {number}"
        told = [release.state.replace("_", " "), *([release.note] if release.note else [])] if release else ["unknown"]
        said = f"{what} is not under way any more ({': '.join(told).removesuffix('.')})."
        super().__init__("canary", said, (said,), "See: telecom release status")


Releases = tuple[Release, ...]
"""Newest first."""


def read(documents: Documents, service: str) -> Releases:
    """The service's releases, newest first."""
    return _parse(documents.read(DOCUMENT), service)


def change(documents: Documents, service: str, edit: Callable[[Releases], Releases]) -> Releases:
    """Replaces the service's releases by `edit` of them, and returns those; `edit` may be asked more than once."""

    def edited(stored: Any) -> Any:
        following = _kept(edit(_parse(stored, service)))
        return {**(stored or {}), service: [_as_json(release) for release in following]}

    return _parse(documents.change(DOCUMENT, edited), service)


def serving(releases: Releases) -> Release | None:
    """The one in service, as far as the document knows."""
    return next((release for release in releases if release.state == "serving"), None)


def under_way(releases: Releases) -> Release | None:
    """The one that was begun and not ended."""
    return next((release for release in releases if release.state in OPEN), None)


def before(releases: Releases, present: Release, ready: Collection[str]) -> Release:
    """The one to go back to: the newest that served before, was not withdrawn, and whose revision is ready.

    Where none is ready, the newest: its revision may come back.

    Raises:
        NotFound: none served before.
    """
    earlier = [
        release
        for release in releases
        if release.number < present.number and release.state == "served" and release.pair != present.pair
    ]
    for release in [*(each for each in earlier if each.revision in ready), *earlier]:
        return release
    raise NotFound("There is no earlier release to go back to.", "See them with: telecom release status")


def numbered(releases: Releases, number: int) -> Release:
    """The release of that number, if it ever served.

    Raises:
        NotFound: there is none (any more).
        UsageError: it never served.
    """
    for release in releases:
        if release.number == number:
            if release.state in ("stopped", *OPEN):
                raise UsageError(f"Release {number} never served.", "Choose another: telecom release status")
            return release
    raise NotFound(f"There is no release {number}.", "See them with: telecom release status")


def begun(releases: Releases, kind: Kind, pair: Pair, now: datetime, target: int | None = None) -> Releases:
    """The releases with a new one under way. A rollback that is under way can be begun again, a canary cannot.

    Raises:
        UsageError: another one is under way.
    """
    open_one = under_way(releases)
    if open_one is None:
        number = 1 + max((release.number for release in releases), default=0)
        return (Release(number, *_fields(pair), kind, "under_way", now, target=target), *releases)
    same = (open_one.kind, open_one.pair, open_one.target) == (kind, pair, target)
    # The same moment: our own entry, seen again because the answer to writing it was lost.
    if same and (kind == "rollback" or open_one.began_at == now):
        return releases
    raise UsageError(
        f"Release {open_one.number} ({open_one.kind} of {open_one.revision}) is {open_one.told_state}.",
        "Wait for its end; if nobody works on it any more: telecom release rollback",
    )


def ended(releases: Releases, number: int, state: State, note: str = "") -> Releases:
    """The releases with one of them ended; when it serves, the one before was replaced, or withdrawn by a rollback.

    Raises:
        TakenBack: it was ended otherwise, or is being taken back and was to serve.
    """
    done = next((release for release in releases if release.number == number), None)
    if done and done.state == state:
        return releases
    if done is None or done.state not in (("under_way",) if state == "serving" else OPEN):
        raise TakenBack(number, done)
    instead: State = "withdrawn" if done.kind == "rollback" else "served"
    return tuple(
        replace(release, state=state, note=note or release.note)
        if release.number == number
        else replace(release, state=instead)
        if state == "serving" and release.state == "serving"
        else release
        for release in releases
    )


def found(releases: Releases, pair: Pair, now: datetime) -> Releases:
    """The releases with what was found in service, where they say otherwise and nothing is under way."""
    present = serving(releases)
    if under_way(releases) or (present and present.pair == pair):
        return releases
    number = 1 + max((release.number for release in releases), default=0)
    others = (replace(r, state="served") if r.state == "serving" else r for r in releases)
    return (Release(number, *_fields(pair), "found", "serving", now), *others)


def with_changes(releases: Releases, number: int, **changed: Any) -> Releases:
    """The releases with fields of one of them changed."""
    return tuple(replace(release, **changed) if release.number == number else release for release in releases)


def _fields(pair: Pair) -> tuple[str, str]:
    return pair.revision, pair.model_version


def _kept(releases: Releases) -> Releases:
    """The last ten that served or will, and the last ten that were stopped."""
    stopped = [release.number for release in releases if release.state == "stopped"]
    others = [release.number for release in releases if release.state != "stopped"]
    kept = {*stopped[:KEPT], *others[:KEPT]}
    return tuple(release for release in releases if release.number in kept)


def _parse(stored: Any, service: str) -> Releases:
    rows: Sequence[Mapping[str, Any]] = (stored or {}).get(service, ())
    return tuple(
        Release(**{**row, "began_at": datetime.fromisoformat(row["began_at"]), "passed": tuple(row["passed"])})
        for row in rows
    )


def _as_json(release: Release) -> dict[str, Any]:
    return {**asdict(release), "began_at": release.began_at.isoformat(), "passed": list(release.passed)}
