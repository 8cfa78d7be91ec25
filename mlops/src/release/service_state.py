"""What serves now, and how a pair of revision and model version is put into service. Moves traffic and alias."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mlops.src.model_versions import CHAMPION, MODEL, find
from mlops.src.release.history import Pair
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.ports import ModelRegistry, Revision, Traffic

WHOLE = 100
FOLLOW_SECONDS = 25.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Moved:
    """What had to be moved to put a pair into service."""

    alias: bool
    traffic: bool


def revision_of(revisions: Sequence[Revision], name: str) -> Revision:
    """The revision of that name.

    Raises:
        NotFound: it was never deployed, or is gone.
    """
    for revision in revisions:
        if revision.name == name:
            return revision
    known = ", ".join(revision.name for revision in revisions)
    raise NotFound(f"There is no revision {name!r}.", f"There are: {known or 'none'}.")


def in_service(revisions: Sequence[Revision]) -> Revision:
    """The revision with most of the requests, the newest among equals.

    Raises:
        NotFound: there is none.
    """
    if not revisions:
        raise NotFound("The service has no revision yet.", "Deploy one first.")
    return max(revisions, key=lambda revision: (revision.share, revision.created_at))


def newest_waiting(revisions: Sequence[Revision]) -> Revision:
    """Of those without requests the candidate, else the newest; else the one in service.

    Raises:
        NotFound: there is none.
    """
    return next(iter(candidates_first(r for r in revisions if not r.share)), None) or in_service(revisions)


def candidates_first(revisions: Iterable[Revision]) -> list[Revision]:
    """In their order, but one that was deployed to be released before those that a change of settings made."""
    return sorted(revisions, key=lambda revision: not revision.candidate)


def waits(revision: Revision) -> bool:
    """Whether it could be led to requests."""
    return revision.ready and not revision.share


def candidate_of(revisions: Sequence[Revision], name: str) -> tuple[Revision, Revision]:
    """The revision in service, and the one to lead to its requests: that of the name, else of those that wait the
    candidate, else the newest.

    Raises:
        NotFound: there is no such revision, or none waits.
        UsageError: it has the requests already, or is not ready.
    """
    baseline = in_service(revisions)
    waiting = candidates_first(filter(waits, revisions))
    if not name and not waiting:
        raise NotFound("No ready revision waits without requests.", "Deploy one, then name it with --candidate.")
    chosen = revision_of(revisions, name) if name else waiting[0]
    if chosen.name == baseline.name:
        raise UsageError(f"Revision {chosen.name} has {chosen.share} % of the requests already.")
    if not chosen.ready:
        raise UsageError(f"Revision {chosen.name} is not ready.", "Look at its log.")
    return baseline, chosen


def served_by(revision: Revision, registry: ModelRegistry) -> Pair:
    """A revision with the model version that it serves: its own, else the champion.

    Raises:
        NotFound: it follows the champion, and there is none.
    """
    if revision.model_version:
        return Pair(revision.name, revision.model_version)
    champion = find(registry, CHAMPION)
    if champion is None:
        raise NotFound(f"{MODEL} has no champion yet.", "Run: telecom train, then telecom promote")
    return Pair(revision.name, champion.version)


def put_into_service(
    traffic: Traffic,
    registry: ModelRegistry,
    service: str,
    pair: Pair,
    *,
    seconds: float = FOLLOW_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    may: Callable[[], object] = lambda: None,
) -> Moved:
    """Gives a revision all requests and points the champion alias at its model version; safe to repeat.

    A revision that serves that version already gets its requests first, for that helps whoever asks it now; then the
    alias is moved. One that serves another version follows the alias: that is moved first, and requests follow as soon
    as the revision has. If one of the two fails, the other stays done and a repetition finishes.

    Args:
        traffic: of the service.
        registry: holds the alias.
        service: whose requests move.
        pair: what is to serve.
        seconds: how long a revision may take to become ready with that version.
        sleep: waits between two looks.
        may: asked before anything is moved; raises if it must not be any more.

    Raises:
        NotFound: the revision or the version is gone.
        DependencyUnavailable: the revision does not become ready, or one of the two could not be moved.
    """
    revision = revision_of(traffic.revisions(service), pair.revision)
    if revision.ready and revision.model_version == pair.model_version:
        shifted = _shift(traffic, service, pair, may)
        return Moved(_point(registry, pair, may), shifted)
    pointed = _point(registry, pair, may)
    _wait_for(traffic, service, pair, seconds, sleep)
    return Moved(pointed, _shift(traffic, service, pair, may))


def _point(registry: ModelRegistry, pair: Pair, may: Callable[[], object]) -> bool:
    champion = find(registry, CHAMPION)
    if champion is not None and champion.version == pair.model_version:
        return False
    may()
    registry.point(MODEL, CHAMPION, pair.model_version)
    return True


def _shift(traffic: Traffic, service: str, pair: Pair, may: Callable[[], object]) -> bool:
    shares = {revision.name: revision.share for revision in traffic.revisions(service) if revision.share}
    if shares == {pair.revision: WHOLE}:
        return False
    may()
    traffic.shift(service, {pair.revision: WHOLE})
    return True


def _wait_for(traffic: Traffic, service: str, pair: Pair, seconds: float, sleep: Callable[[float], None]) -> None:
    """Until the revision is ready and serves that version, or does not tell which."""
    for _ in range(max(1, round(seconds / LOOK_SECONDS))):
        revision = revision_of(traffic.revisions(service), pair.revision)
        if revision.ready and revision.model_version in ("", pair.model_version):
            return
        sleep(LOOK_SECONDS)
    serves = f"serves version {revision.model_version}" if revision.ready else "is not ready"
    raise DependencyUnavailable(
        f"Revision {pair.revision} {serves} after {seconds:g} s; it should serve version {pair.model_version}.",
        "Look at its log. The champion alias has been moved; run it again, or start another revision.",
    )
