"""Back to the release before: model alias and revision together. Reads and writes releases.json, alias and traffic."""

from dataclasses import dataclass
from datetime import datetime

from mlops.src.release import history, turn
from mlops.src.release.history import Pair, Releases, State
from mlops.src.release.service_state import in_service, put_into_service, served_by
from telecom.errors import NotFound
from telecom.ports import Documents, ModelRegistry, Revision, Traffic


@dataclass(frozen=True)
class RolledBack:
    """What serves now, what served before, and what had to be moved for it; nothing, if all was in place."""

    revision: str
    model_version: str
    from_revision: str
    from_model_version: str
    alias_moved: bool
    traffic_moved: bool


@dataclass(frozen=True)
class _Plan:
    """The pair that is to serve, the release that ends with it, if one does, and the canary that is taken back."""

    pair: Pair
    ends: int | None = None
    state: State = "serving"
    instead_of: Pair | None = None


def run(
    traffic: Traffic,
    registry: ModelRegistry,
    documents: Documents,
    *,
    service: str,
    now: datetime,
    to: int | None = None,
    if_under_way: bool = False,
) -> RolledBack:
    """Goes back to the release before the present one, or to the one numbered `to`.

    A rollback that was begun and not ended is finished, a canary taken back. After a rollback, the same again changes
    nothing; to go further back, name the release.

    Raises:
        NotFound: there is no release to go back to, or its revision or model is gone.
        TakenBack: a canary that was to be taken back ended meanwhile; nothing was moved.
        UsageError: the numbered release never served, or something else is under way.
        DependencyUnavailable: one half could not be moved; a repetition finishes it.
    """
    revisions = traffic.revisions(service)
    known = history.read(documents, service)
    present = _present(in_service(revisions), registry, known)
    if if_under_way and not history.under_way(known):
        pair = (present.revision, present.model_version)
        return RolledBack(*pair, *pair, False, False)
    releases = history.change(documents, service, lambda known: history.found(known, present, now))
    plan = _plan(releases, to)
    if plan is None:
        ready = {revision.name for revision in revisions if revision.ready}
        target = history.numbered(releases, to) if to else history.before(releases, _serving(releases), ready)
        begun = history.change(
            documents, service, lambda known: history.begun(known, "rollback", target.pair, now, target.number)
        )
        plan = _plan(begun, None) or _Plan(target.pair)
    was = plan.instead_of or present
    note = f"back from {was.revision} with model version {was.model_version}"
    if plan.instead_of:
        note = f"taken back by a rollback from {was.revision} with model version {was.model_version}"
    number, state = plan.ends, plan.state
    if number is not None and plan.instead_of:
        # Said before anything is moved, so that whoever leads the canary moves nothing after us.
        history.change(documents, service, lambda known: turn.taken_over(known, number, note))
    moved = put_into_service(traffic, registry, service, plan.pair)
    if number is not None:
        history.change(documents, service, lambda known: history.ended(known, number, state, note))
    pairs = (plan.pair.revision, plan.pair.model_version, was.revision, was.model_version)
    return RolledBack(*pairs, moved.alias, moved.traffic)


def _present(revision: Revision, registry: ModelRegistry, releases: Releases) -> Pair:
    """What serves. Of a revision that does not answer, what it was released with."""
    serving = history.serving(releases)
    if serving and serving.revision == revision.name and not revision.ready:
        return serving.pair
    return served_by(revision, registry)


def _plan(releases: Releases, to: int | None) -> _Plan | None:
    """What is to be finished or kept; None where another release has to be chosen."""
    open_one = history.under_way(releases)
    if open_one and open_one.kind == "rollback":
        return _Plan(open_one.pair, open_one.number)
    serving = _serving(releases)
    if open_one:
        return _Plan(serving.pair, open_one.number, "stopped", open_one.pair)
    stays = history.numbered(releases, to).pair == serving.pair if to else serving.kind == "rollback"
    return _Plan(serving.pair) if stays else None


def _serving(releases: Releases) -> history.Release:
    serving = history.serving(releases)
    if serving is None:
        raise NotFound("No release is known to serve.", "See them with: telecom release status")
    return serving
