"""A canary over a service on paper: what is moved, in which order, and what happens when somebody says no."""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from benchmarks.release_study import Revision as Behaviour
from mlops.src.release import history, rollback
from mlops.src.release.history import TakenBack
from mlops.src.release.policy import Policy
from mlops.src.release.rollout import Canary, Pace
from mlops.src.release.service_state import newest_waiting
from mlops.tests.release.worlds import START, Clock, Papers, Registry, Service
from telecom.errors import DependencyUnavailable, GateRefused, NotFound, UsageError

POLICY = Policy()
QUICK = Policy(error_increase=0.1, slow_increase=0.3, slower=0.45, superiority=0.45, psi=4.0, blocks=4, power=0.8)
"""Finds only what is gross, so that a rollout has few looks."""


class World:
    """Revision `old` with model 1 in service, a candidate `new`, and a canary over them."""

    def __init__(self, behaviour: Behaviour | None = None, version: str = "2", policy: Policy = POLICY) -> None:
        self.policy = policy
        self.service, self.clock, self.papers = Service(), Clock(), Papers()
        self.clock.each = self.service.pass_time
        self.registry = Registry(self.service)
        self.service.deploy("old", "1")
        self.service.deploy("new", version, behaviour or Behaviour())
        self.approved: list[str] = []
        self.checked: list[str] = []
        self.told: list[tuple[int, str]] = []

    def canary(self) -> Canary:
        return Canary(
            self.service,
            self.registry,
            self.papers,
            "churn",
            self.policy,
            Pace(look_seconds=5, settle_seconds=2, step_seconds=600, now=self.clock.now, sleep=self.clock.sleep),
            lambda share, found: self.told.append((share, found.verdict)),
        )

    def run(self, candidate: str = "new", **more: Any) -> Any:
        parts: dict[str, Callable[[Any], None]] = {
            "approve": self.approved.append,
            "check": lambda revision: self.checked.append(revision.name),
        }
        return self.canary().run(candidate, **(parts | more))

    def roll_back(self) -> rollback.RolledBack:
        return rollback.run(self.service, self.registry, self.papers, service="churn", now=self.clock.now())

    def at_sleep(self, number: int, act: Callable[[], object]) -> None:
        """Somebody else acts while this canary sleeps that often."""
        slept = [0]

        def each(seconds: float) -> None:
            self.service.pass_time(seconds)
            slept[0] += 1
            if slept[0] == number:
                act()

        self.clock.each = each

    def sleeps(self) -> int:
        """How often a rollout sleeps that nobody disturbs."""
        slept = [0]

        def each(seconds: float) -> None:
            self.service.pass_time(seconds)
            slept[0] += 1

        self.clock.each = each
        self.run()
        return slept[0]

    def states(self) -> list[tuple[str, str, str]]:
        return [(r.revision, r.model_version, r.state) for r in history.read(self.papers, "churn")]


def test_a_good_candidate_goes_step_by_step_and_its_model_becomes_champion_last() -> None:
    world = World()
    done = world.run()
    moves = [{"new": 10, "old": 90}, {"new": 50, "old": 50}, {"new": 100}]
    assert world.service.log == [*(("traffic", shares) for shares in moves), ("alias", "2")]
    assert (done.revision, done.model_version, done.from_revision, done.from_model_version) == ("new", "2", "old", "1")
    assert [step.share for step in done.steps] == [10, 50, 100] and all(step.requests > 500 for step in done.steps)
    assert world.approved == ["2"] and world.checked == ["new"]
    assert world.states() == [("new", "2", "serving"), ("old", "1", "served")]
    (newest, _) = history.read(world.papers, "churn")
    assert newest.passed == (10, 50, 100)


def test_a_new_revision_with_the_same_model_needs_no_gate() -> None:
    world = World(version="1")
    world.run()
    assert world.approved == [] and world.service.log[-1] == ("traffic", {"new": 100})
    assert world.registry.champion == "1"


def test_without_a_name_the_newest_waiting_revision_is_taken() -> None:
    world = World()
    world.service.deploy("newer", "3", ready=False)
    assert world.run("").revision == "new"


def test_a_revision_that_terraform_made_meanwhile_is_not_taken_for_the_candidate() -> None:
    world = World()
    world.service.change("new", candidate=True)
    world.service.deploy("settings", "1")
    assert newest_waiting(world.service.revisions("churn")).name == "new"
    assert world.run("").revision == "new"
    assert newest_waiting(world.service.revisions("churn")).name == "settings"


def test_a_release_is_finished_although_terraform_made_a_revision_meanwhile() -> None:
    world = World()
    world.service.change("new", candidate=True)
    world.registry.broken = 1
    with pytest.raises(DependencyUnavailable):
        world.run()
    world.service.deploy("settings", "1")
    assert world.run("").revision == "new" and world.registry.champion == "2"


def test_a_bad_candidate_is_stopped_and_everything_is_as_before() -> None:
    world = World(Behaviour(errors=0.2))
    with pytest.raises(GateRefused, match=r"Stopped at 10 % of the requests\. Errors: ") as refused:
        world.run()
    assert refused.value.gate == "canary" and refused.value.exit_code == 4
    assert world.service.log == [("traffic", {"new": 10, "old": 90}), ("traffic", {"old": 100})]
    assert world.states() == [("new", "2", "stopped"), ("old", "1", "serving")]
    assert history.read(world.papers, "churn")[0].note.startswith("Errors: ")
    assert world.told[-1] == (10, "stop")


def test_a_model_that_was_promoted_before_goes_back_with_its_revision() -> None:
    world = World(Behaviour(errors=0.2))
    world.registry.champion = "2"
    with pytest.raises(GateRefused):
        world.run()
    assert world.approved == [] and world.registry.champion == "1" and world.service.shares() == {"old": 100}


@pytest.mark.parametrize("part", ["approve", "check"])
def test_gate_and_check_come_before_the_first_request(part: str) -> None:
    def no(_: Any) -> None:
        raise GateRefused(part, "no")

    world = World()
    with pytest.raises(GateRefused, match="no"):
        world.run(**{part: no})
    assert world.service.log == [] and world.states() == []


def test_a_candidate_that_falls_silent_is_stopped() -> None:
    world = World()

    def die(seconds: float) -> None:
        world.service.pass_time(seconds)
        if world.clock.time.minute >= 1:
            world.service.change("new", ready=False)

    world.clock.each = die
    with pytest.raises(GateRefused, match="Revision new is not ready any more"):
        world.run()
    assert world.service.shares() == {"old": 100}


def test_too_few_requests_are_no_proof() -> None:
    world = World()
    world.service.rate = 1.0
    with pytest.raises(GateRefused, match=r"After 600 s only \d+% of the needed requests were there"):
        world.run()
    assert world.service.shares() == {"old": 100}


def test_whoever_breaks_it_off_leaves_nothing_behind() -> None:
    world = World()

    def stop(seconds: float) -> None:
        world.clock.each = world.service.pass_time
        raise KeyboardInterrupt

    world.clock.each = stop
    with pytest.raises(KeyboardInterrupt) as stopped:
        world.run()
    assert stopped.value.__notes__ == ["Revision old has all requests again, with model version 1."]
    assert world.service.shares() == {"old": 100}
    assert world.states()[0] == ("new", "2", "stopped")


def test_what_cannot_be_taken_back_stays_under_way_until_a_rollback() -> None:
    world = World(Behaviour(errors=0.2))
    world.clock.each = lambda seconds: (world.service.pass_time(seconds), setattr(world.service, "broken", 1))[0]
    with pytest.raises(DependencyUnavailable, match="cannot be moved"):
        world.run()
    assert world.states()[0] == ("new", "2", "taking_back")
    with pytest.raises(UsageError, match="is being taken back"):
        world.run()
    world.roll_back()
    assert world.states() == [("new", "2", "stopped"), ("old", "1", "serving")]
    assert world.service.shares() == {"old": 100}


def test_when_the_alias_fails_at_the_end_the_same_again_finishes() -> None:
    world = World()
    world.registry.broken = 1
    with pytest.raises(DependencyUnavailable, match="registry"):
        world.run()
    assert world.service.shares() == {"new": 100} and world.registry.champion == "1"
    done = world.run()
    assert world.registry.champion == "2" and done.steps == ()
    assert world.states() == [("new", "2", "serving"), ("old", "1", "served")]


def test_a_process_that_began_again_is_counted_from_there() -> None:
    world = World()
    slept = [0]

    def restart(seconds: float) -> None:
        slept[0] += 1
        if slept[0] == 4:
            world.service.counted.clear()
        world.service.pass_time(seconds)

    world.clock.each = restart
    assert world.run().revision == "new"


@pytest.mark.parametrize(
    ("candidate", "error", "said"),
    [("old", UsageError, "100 % of the requests already"), ("none", NotFound, "There is no revision 'none'")],
)
def test_what_cannot_be_a_candidate(candidate: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        World().run(candidate)


def test_a_revision_that_is_not_ready_is_none() -> None:
    world = World()
    world.service.change("new", ready=False)
    with pytest.raises(UsageError, match="is not ready"):
        world.run()
    with pytest.raises(NotFound, match="No ready revision waits"):
        world.run("")


def test_a_lost_answer_while_writing_the_history_does_no_harm() -> None:
    world = World()
    world.papers.twice = True
    world.run()
    assert world.states() == [("new", "2", "serving"), ("old", "1", "served")]


AT_ONCE = Policy(steps=())


def test_all_at_once_is_after_gate_and_check_and_asks_for_no_requests() -> None:
    world = World(Behaviour(errors=0.2), policy=AT_ONCE)
    world.service.rate = 0.0
    done = world.run()
    assert (world.approved, world.checked) == (["2"], ["new"])
    assert world.service.log == [("traffic", {"new": 100}), ("alias", "2")]
    assert (done.revision, done.from_revision, done.steps, world.told) == ("new", "old", (), [])
    assert world.states() == [("new", "2", "serving"), ("old", "1", "served")]
    world.roll_back()
    assert world.service.shares() == {"old": 100} and world.registry.champion == "1"


@pytest.mark.parametrize("part", ["approve", "check"])
def test_all_at_once_is_nothing_where_gate_or_check_says_no(part: str) -> None:
    def no(_: Any) -> None:
        raise GateRefused(part, "no")

    world = World(policy=AT_ONCE)
    with pytest.raises(GateRefused, match="no"):
        world.run(**{part: no})
    assert world.service.log == [] and world.states() == []


def test_all_at_once_does_not_finish_a_canary_that_has_only_begun() -> None:
    world, second = World(), World(policy=AT_ONCE)
    second.service, second.registry, second.papers = world.service, world.registry, world.papers
    second.clock.time += timedelta(seconds=1)

    def instead() -> None:
        world.service.deploy("newer", "3")
        for candidate in ("new", "newer", ""):
            with pytest.raises(UsageError, match=r"Release 2 \(canary of new\) is under way"):
                second.run(candidate)
        assert world.service.shares() == {"new": 10, "old": 90} and world.registry.champion == "1"

    world.at_sleep(1, instead)
    assert [step.share for step in world.run().steps] == [10, 50, 100]


def test_all_at_once_that_broke_off_is_taken_back_by_a_rollback() -> None:
    world = World(policy=AT_ONCE)
    world.registry.broken = 1
    with pytest.raises(DependencyUnavailable, match="registry"):
        world.run()
    assert world.states()[0] == ("new", "2", "under_way")
    world.roll_back()
    assert world.states() == [("new", "2", "stopped"), ("old", "1", "serving")]
    assert world.service.shares() == {"old": 100} and world.registry.champion == "1"
    assert world.run().revision == "new" and world.registry.champion == "2"


SLEEPS = 15
"""Of a rollout with few looks; a test counts them."""


def test_how_often_a_rollout_sleeps() -> None:
    assert World(policy=QUICK).sleeps() == SLEEPS


@pytest.mark.parametrize("moment", range(1, SLEEPS + 1))
def test_a_canary_that_was_taken_back_stops_and_touches_nothing(moment: int) -> None:
    world = World(policy=QUICK)
    log: list[Any] = []
    world.at_sleep(moment, lambda: (world.roll_back(), log.extend(world.service.log)))
    with pytest.raises(TakenBack, match=r"Release 2 \(canary of new\) is not under way .*taken back by a rollback"):
        world.run()
    assert world.service.log == log and world.service.shares() == {"old": 100} and world.registry.champion == "1"
    assert world.states() == [("new", "2", "stopped"), ("old", "1", "serving")]


@pytest.mark.parametrize("moment", [1, 5, SLEEPS])
def test_a_second_canary_is_not_disturbed_by_the_first(moment: int) -> None:
    world = World(policy=QUICK)
    world.service.deploy("newer", "3")
    log: list[Any] = []

    def instead() -> None:
        world.roll_back()
        world.service.shift("churn", {"newer": 10, "old": 90})
        at = world.clock.now()
        history.change(
            world.papers, "churn", lambda known: history.begun(known, "canary", history.Pair("newer", "3"), at)
        )
        log.extend(world.service.log)

    world.at_sleep(moment, instead)
    with pytest.raises(TakenBack):
        world.run()
    assert world.service.log == log and world.service.shares() == {"newer": 10, "old": 90}
    assert world.states()[:2] == [("newer", "3", "under_way"), ("new", "2", "stopped")]


@pytest.mark.parametrize("behaviour", [Behaviour(errors=0.2), Behaviour()])
def test_who_runs_out_of_time_or_is_stopped_does_not_act_out_of_turn(behaviour: Behaviour) -> None:
    """The process wakes after its time is up, or sees what would stop it, and everything has moved on."""
    world = World(behaviour, policy=QUICK)
    world.service.rate = 1.0

    def meanwhile() -> None:
        world.roll_back()
        world.service.shift("churn", {"new": 100})
        world.clock.time += timedelta(seconds=1_000)

    world.at_sleep(2, meanwhile)
    with pytest.raises(TakenBack):
        world.run()
    assert world.service.shares() == {"new": 100} and world.states()[0] == ("new", "2", "stopped")


def test_ctrl_c_out_of_turn_touches_nothing_and_says_so() -> None:
    world = World(policy=QUICK)

    def stop() -> None:
        world.roll_back()
        world.service.shift("churn", {"new": 100})
        raise KeyboardInterrupt

    world.at_sleep(3, stop)
    with pytest.raises(KeyboardInterrupt) as stopped:
        world.run()
    assert world.service.shares() == {"new": 100} and "taken back by a rollback" in stopped.value.__notes__[0]


@pytest.mark.parametrize("share", [10, 50, 100])
def test_a_rollback_between_look_and_move_wins(share: int) -> None:
    """Our move comes after theirs: it is taken back at once."""
    world = World(policy=QUICK)
    shift, disturbed = world.service.shift, [False]

    def late(service: str, shares: Any) -> None:
        if shares.get("new") == share and not disturbed[0]:
            disturbed[0] = True
            world.roll_back()
        shift(service, shares)

    world.service.shift = late  # type: ignore[method-assign]
    with pytest.raises(TakenBack):
        world.run()
    assert world.service.shares() == {"old": 100} and world.registry.champion == "1"
    assert world.states() == [("new", "2", "stopped"), ("old", "1", "serving")]


def test_a_rollback_between_traffic_and_alias_wins() -> None:
    world = World(policy=QUICK)
    point = world.registry.point

    def late(name: str, alias: str, version: str) -> None:
        if version == "2":
            world.roll_back()
        point(name, alias, version)

    world.registry.point = late  # type: ignore[method-assign]
    with pytest.raises(TakenBack):
        world.run()
    assert world.service.shares() == {"old": 100} and world.registry.champion == "1"
    assert world.states() == [("new", "2", "stopped"), ("old", "1", "serving")]


def test_a_rollback_while_a_stopped_candidate_is_taken_back_leaves_nothing_to_do() -> None:
    world = World(Behaviour(errors=0.2))
    shift, log = world.service.shift, list[Any]()

    def broken(service: str, shares: Any) -> None:
        shift(service, shares)
        if shares == {"old": 100} and not log:
            log.append(1)
            world.roll_back()

    world.service.shift = broken  # type: ignore[method-assign]
    with pytest.raises(GateRefused):
        world.run()
    assert world.states() == [("new", "2", "stopped"), ("old", "1", "serving")]
    assert world.service.shares() == {"old": 100}


def test_the_alias_is_not_taken_back_out_of_turn() -> None:
    """Between the two halves of taking it back, somebody else does that and goes on to another model."""
    world = World(Behaviour(errors=0.2))
    world.registry.champion = "2"
    shift = world.service.shift

    def overtaken(service: str, shares: Any) -> None:
        shift(service, shares)
        if shares == {"old": 100} and world.registry.champion == "2":
            world.roll_back()
            world.registry.champion = "3"

    world.service.shift = overtaken  # type: ignore[method-assign]
    with pytest.raises(TakenBack):
        world.run()
    assert world.registry.champion == "3"


def test_another_release_is_not_finished_instead_of_the_candidate() -> None:
    world = World(policy=QUICK)
    world.registry.broken = 1
    with pytest.raises(DependencyUnavailable, match="registry"):
        world.run()
    world.service.deploy("newer", "3")
    for candidate in ("newer", "", "old"):
        with pytest.raises(UsageError, match=r"Release 2 \(canary of new\) passed all steps and is not finished"):
            world.run(candidate)
    assert world.registry.champion == "1" and world.states()[0] == ("new", "2", "under_way")
    world.service.change("newer", ready=False)
    assert world.run("").revision == "new", "nobody else waits"


def test_one_look_at_which_a_revision_is_not_ready_does_not_stop_it() -> None:
    world = World(policy=QUICK)
    turn = [0]

    def blink(seconds: float) -> None:
        world.service.pass_time(seconds)
        turn[0] += 1
        world.service.change("new", ready=turn[0] % 2 == 0)

    world.clock.each = blink
    assert world.run().revision == "new"


def test_a_revision_that_tells_no_figures_at_a_look_is_not_counted_twice() -> None:
    world, calls = World(), [0]
    world.service.shift("churn", {"new": 50, "old": 50})
    world.service.pass_time(10)
    for edit in (
        lambda known: history.found(known, history.Pair("old", "1"), START),
        lambda known: history.begun(known, "canary", history.Pair("new", "2"), START),
    ):
        history.change(world.papers, "churn", edit)
    before, tallies = world.service.counted["new"].requests, world.service.tallies

    def sometimes(service: str, since: Any) -> Any:
        calls[0] += 1
        return {} if calls[0] == 3 else tallies(service, since)

    world.service.tallies = sometimes  # type: ignore[method-assign]
    parts = world.canary()._parts(2, 50, "old", "new")
    answered = [new.requests for _, new in islice(parts, 5)]
    assert answered[1] == 0 and sum(answered) == world.service.counted["new"].requests - before
