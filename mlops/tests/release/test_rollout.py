"""A canary over a service on paper: what is moved, in which order, and what happens when somebody says no."""

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.release_study import Revision as Behaviour
from mlops.src.release import history
from mlops.src.release.policy import Policy
from mlops.src.release.rollout import Canary, Pace
from mlops.tests.release.worlds import Clock, Papers, Registry, Service
from telecom.errors import DependencyUnavailable, GateRefused, NotFound, UsageError

POLICY = Policy()


class World:
    """Revision `old` with model 1 in service, a candidate `new`, and a canary over them."""

    def __init__(self, behaviour: Behaviour | None = None, version: str = "2") -> None:
        self.service, self.clock, self.papers = Service(), Clock(), Papers()
        self.clock.each = self.service.pass_time
        self.registry = Registry(self.service)
        self.service.deploy("old", "1")
        self.service.deploy("new", version, behaviour or Behaviour())
        self.approved: list[str] = []
        self.checked: list[str] = []
        self.told: list[tuple[int, str]] = []

    def run(self, candidate: str = "new", **more: Any) -> Any:
        canary = Canary(
            self.service,
            self.registry,
            self.papers,
            "churn",
            POLICY,
            Pace(look_seconds=5, settle_seconds=2, step_seconds=600, now=self.clock.now, sleep=self.clock.sleep),
            lambda share, found: self.told.append((share, found.verdict)),
        )
        parts: dict[str, Callable[[Any], None]] = {
            "approve": self.approved.append,
            "check": lambda revision: self.checked.append(revision.name),
        }
        return canary.run(candidate, **(parts | more))

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
    with pytest.raises(KeyboardInterrupt):
        world.run()
    assert world.service.shares() == {"old": 100}
    assert world.states()[0] == ("new", "2", "stopped")


def test_what_cannot_be_taken_back_stays_under_way_until_a_rollback() -> None:
    world = World(Behaviour(errors=0.2))
    world.clock.each = lambda seconds: (world.service.pass_time(seconds), setattr(world.service, "broken", 1))[0]
    with pytest.raises(DependencyUnavailable, match="cannot be moved"):
        world.run()
    assert world.states()[0] == ("new", "2", "under_way")
    with pytest.raises(UsageError, match="is under way"):
        world.run()


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
