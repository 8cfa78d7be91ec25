"""Back to the release before: both halves, in an order that a repetition can finish."""

from datetime import timedelta

import pytest

from mlops.src.release import history, rollback, status
from mlops.src.release.history import Pair
from mlops.src.release.rollback import RolledBack
from mlops.tests.release.worlds import START, Papers, Registry, Service
from telecom.errors import DependencyUnavailable, NotFound, UsageError


class World:
    """Releases 1 to 3: revisions a, b, c with models 1, 2, 3; c serves."""

    def __init__(self, *, follow: bool = False) -> None:
        self.service, self.papers = Service(), Papers()
        self.registry = Registry(self.service, champion="3")
        for number, name in enumerate("abc", 1):
            self.service.deploy(name, "3" if follow else str(number))
            pair, moment = Pair(name, str(number)), START + timedelta(days=number)
            history.change(self.papers, "churn", lambda known, pair=pair, at=moment: history.found(known, pair, at))
        self.service.followers = set("abc") if follow else set()
        self.service.shift("churn", {"c": 100})
        self.service.log.clear()

    def run(self, to: int | None = None) -> RolledBack:
        now = START + timedelta(days=9)
        return rollback.run(self.service, self.registry, self.papers, service="churn", now=now, to=to)

    def states(self) -> list[tuple[int, str, str]]:
        return [(r.number, r.revision, r.state) for r in history.read(self.papers, "churn")]

    def serves(self) -> tuple[dict[str, int], str | None]:
        return self.service.shares(), self.registry.champion


def test_revision_and_model_go_back_together() -> None:
    world = World()
    assert world.run() == RolledBack("b", "2", "c", "3", alias_moved=True, traffic_moved=True)
    assert world.serves() == ({"b": 100}, "2")
    assert world.states() == [(4, "b", "serving"), (3, "c", "withdrawn"), (2, "b", "served"), (1, "a", "served")]
    assert history.read(world.papers, "churn")[0].note == "back from c with model version 3"


def test_the_same_again_changes_nothing() -> None:
    world = World()
    world.run()
    world.service.log.clear()
    again = world.run()
    assert (again.revision, again.alias_moved, again.traffic_moved) == ("b", False, False)
    assert world.service.log == [] and len(world.states()) == 4


def test_further_back_by_number() -> None:
    world = World()
    world.run()
    assert world.run(to=1).revision == "a" and world.serves() == ({"a": 100}, "1")
    assert world.run(to=1) == RolledBack("a", "1", "a", "1", alias_moved=False, traffic_moved=False)
    with pytest.raises(NotFound, match="no release 77"):
        world.run(to=77)


def test_a_withdrawn_release_is_not_gone_back_to() -> None:
    world = World()
    world.run()
    world.service.deploy("d", "3")
    world.service.shift("churn", {"d": 100})
    world.registry.champion = "3"
    world.run()
    assert world.serves() == ({"b": 100}, "2")


def test_revisions_that_serve_the_right_model_get_requests_first() -> None:
    world = World()
    world.run()
    assert world.service.log == [("traffic", {"b": 100}), ("alias", "2")]


def test_revisions_that_follow_the_alias_get_them_once_they_have_followed() -> None:
    world = World(follow=True)
    world.run()
    assert world.service.log == [("alias", "2"), ("traffic", {"b": 100})]


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("half", ["alias", "traffic"])
def test_when_one_half_fails_a_repetition_finishes(half: str, follow: bool) -> None:
    world = World(follow=follow)
    broken = world.registry if half == "alias" else world.service
    broken.broken = 1
    with pytest.raises(DependencyUnavailable):
        world.run()
    assert world.states()[0] == (4, "b", "under_way")
    world.run()
    assert world.serves() == ({"b": 100}, "2")
    assert world.states()[:2] == [(4, "b", "serving"), (3, "c", "withdrawn")]


def test_a_pinned_revision_takes_requests_even_if_the_registry_is_away() -> None:
    world = World()
    world.registry.broken = 1
    with pytest.raises(DependencyUnavailable):
        world.run()
    assert world.service.shares() == {"b": 100}


def test_requests_do_not_move_to_a_revision_that_never_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops.src.release.service_state.LOOK_SECONDS", 1e-4)
    monkeypatch.setattr("mlops.src.release.service_state.FOLLOW_SECONDS", 1e-3)
    world = World(follow=True)
    world.service.followers.clear()
    with pytest.raises(DependencyUnavailable, match=r"Revision b serves version 3 .* it should serve version 2"):
        rollback.put_into_service(world.service, world.registry, "churn", Pair("b", "2"), seconds=1e-3)
    assert world.service.shares() == {"c": 100}


def test_a_canary_under_way_is_taken_back() -> None:
    world = World()
    world.service.deploy("d", "3")
    world.service.shift("churn", {"d": 50, "c": 50})
    history.change(world.papers, "churn", lambda known: history.begun(known, "canary", Pair("d", "3"), START))
    done = world.run()
    assert (done.revision, world.serves()) == ("c", ({"c": 100}, "3"))
    assert (done.from_revision, done.from_model_version) == ("d", "3")
    note = history.read(world.papers, "churn")[0].note
    assert note == "taken back by a rollback from d with model version 3"
    assert world.states()[:2] == [(4, "d", "stopped"), (3, "c", "serving")]
    with pytest.raises(UsageError, match="Release 4 never served"):
        world.run(to=4)


def test_what_others_put_into_service_counts() -> None:
    """Somebody moved requests by hand: going back goes back from there."""
    world = World()
    world.service.deploy("d", "3")
    world.service.shift("churn", {"d": 100})
    world.run()
    assert world.serves()[0] == {"c": 100}


def test_the_first_release_has_nothing_before_it() -> None:
    world = World()
    world.papers = Papers()
    with pytest.raises(NotFound, match="no earlier release"):
        world.run()


@pytest.mark.parametrize("half", ["alias", "traffic"])
def test_a_canary_half_taken_back_is_finished_by_a_repetition(half: str) -> None:
    world = World()
    world.service.deploy("d", "2")
    world.service.shift("churn", {"d": 50, "c": 50})
    world.registry.champion = "2"
    history.change(world.papers, "churn", lambda known: history.begun(known, "canary", Pair("d", "2"), START))
    (world.registry if half == "alias" else world.service).broken = 1
    with pytest.raises(DependencyUnavailable):
        world.run()
    assert world.states()[0] == (4, "d", "taking_back")
    said = status.run(world.service, world.registry, world.papers, service="churn").remarks
    assert "Release 4 (canary of d) is being taken back." in said
    world.run()
    assert world.serves() == ({"c": 100}, "3") and world.states()[:2] == [(4, "d", "stopped"), (3, "c", "serving")]


def test_a_canary_that_ended_meanwhile_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.service.deploy("d", "3")
    history.change(world.papers, "churn", lambda known: history.begun(known, "canary", Pair("d", "3"), START))
    plan = rollback._plan

    def late(releases: history.Releases, to: int | None) -> rollback._Plan | None:
        history.change(world.papers, "churn", lambda known: history.ended(known, 4, "serving"))
        return plan(releases, to)

    monkeypatch.setattr(rollback, "_plan", late)
    with pytest.raises(history.TakenBack, match=r"canary of d.*serving"):
        world.run()
    assert world.service.log == [] and world.states()[0] == (4, "d", "serving")


@pytest.mark.parametrize("remembered", ["3", ""])
def test_a_revision_that_died_is_what_it_was_released_as(remembered: str) -> None:
    """Nothing is found in service that is there already, with another model because it says none."""
    world = World()
    world.service.change("c", ready=False, model_version=remembered)
    world.registry.champion = "1"
    back = world.run()
    assert (back.revision, back.from_revision, back.from_model_version) == ("b", "c", "3")
    assert [(number, name) for number, name, _ in world.states()] == [(4, "b"), (3, "c"), (2, "b"), (1, "a")]


def test_requests_go_to_a_revision_that_answers() -> None:
    world = World()
    world.service.change("b", ready=False)
    assert world.run().revision == "a" and world.serves() == ({"a": 100}, "1")


def test_where_nobody_answers_the_newest_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for name in "ab":
        world.service.change(name, ready=False)
    put, revive = rollback.put_into_service, lambda _: world.service.change("b", ready=True)
    monkeypatch.setattr(rollback, "put_into_service", lambda *given: put(*given, sleep=revive))
    assert world.run().revision == "b"


def test_requests_do_not_move_before_a_revision_is_ready() -> None:
    """It serves the right model already, and says that it cannot take requests yet."""
    world = World()
    world.service.change("b", ready=False)
    seen: list[dict[str, int]] = []

    def wait(_: float) -> None:
        seen.append(world.service.shares())
        world.service.change("b", ready=len(seen) == 3)

    rollback.put_into_service(world.service, world.registry, "churn", Pair("b", "2"), sleep=wait)
    assert seen == [{"c": 100}] * 3 and world.serves() == ({"b": 100}, "2")


def test_status_tells_the_model_of_a_revision_that_does_not_answer() -> None:
    world = World()
    world.service.change("b", ready=False)
    world.service.change("a", ready=False, model_version="")
    rows = status.run(world.service, world.registry, world.papers, service="churn").revision_rows()
    assert [row[3] for row in rows] == ["3", "2 (not answering)", "champion (3) (not answering)"]


def test_status_says_who_gets_requests_beside_a_canary() -> None:
    world = World()
    world.service.deploy("d", "3")
    history.change(world.papers, "churn", lambda known: history.begun(known, "canary", Pair("d", "3"), START))
    world.service.shift("churn", {"d": 10, "c": 80, "a": 10})
    said = status.run(world.service, world.registry, world.papers, service="churn").remarks
    assert "Revision a gets 10 %; releases.json knows nothing of that." in said
    assert not any("Revision c gets" in remark or "Revision d gets" in remark for remark in said)


def test_status_names_what_is_amiss() -> None:
    world = World()
    assert status.run(world.service, world.registry, world.papers, service="churn").remarks == ()
    world.registry.champion = "1"
    world.service.change("c", ready=False)
    world.service.shift("churn", {"c": 60, "b": 40})
    said = " ".join(status.run(world.service, world.registry, world.papers, service="churn").remarks)
    assert "c gets 60 % of the requests and is not ready" in said
    assert "serves model version 3, the champion is 1" in said
    assert "releases.json says that c serves; it gets 60 %" in said


def test_only_what_is_under_way_is_taken_back_if_that_is_asked() -> None:
    world = World()
    now = START + timedelta(days=9)

    def recover() -> RolledBack:
        return rollback.run(world.service, world.registry, world.papers, service="churn", now=now, if_under_way=True)

    assert recover() == RolledBack("c", "3", "c", "3", alias_moved=False, traffic_moved=False)
    assert world.service.log == [] and world.states()[0] == (3, "c", "serving")
    world.service.deploy("d", "4")
    history.change(world.papers, "churn", lambda known: history.begun(known, "canary", Pair("d", "4"), now))
    world.service.shift("churn", {"c": 90, "d": 10})
    assert recover().revision == "c"
    assert world.serves() == ({"c": 100}, "3") and world.states()[0] == (4, "d", "stopped")
    assert recover() == RolledBack("c", "3", "c", "3", alias_moved=False, traffic_moved=False)
    assert world.serves() == ({"c": 100}, "3")
