"""A scripted customer with a real problem, who does only what the reply says, and not always well.

Seeded: the same seed, the same customers with the same slips. The customer reads the steps in the reply, does them at
home one after the other, now and then misreads one, skips one or botches one by doing two at once, approves what is
proposed, and says how it went. Measured is whether the problem is solved, in how many turns, and what was proposed that
should not have been.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import zip_longest
from typing import Any

from llmops.agent.proposals import Proposal
from llmops.evaluations import facts, judging, playing
from llmops.evaluations.home_network import PROBLEMS, STEPS, Problem, Step, steps_in
from llmops.evaluations.scenario_types import Someone
from llmops.evaluations.service_client import Service
from llmops.evaluations.simulation_figures import Visit
from llmops.tools.context import ToolError

MOST_TURNS, MOST_PATIENCE, MOST_STEPS = 8, 2, 4
MISREADS, SKIPS, TWO_AT_ONCE = 0.08, 0.10, 0.15
RESTART_MINUTES = 6
NEIGHBOURS = 4
"""So many customers of the world have the same problem; who it is follows from the seed."""
LINE_TOO = ("thick_walls",)
"""Problems at home that the line shows, too."""
DONE_STILL = ("já fiz, continua igual", "fiz isso e nada mudou, continua", "pronto, fiz, mas continua o problema")
GOOD_BY_CABLE = "testei por cabo e ficou bom, mas no wifi continua ruim"
APPROVED_STILL = "aprovei e esperei, mas continua igual"
ASKS_ON = "continua o problema, o que mais eu faço?"


@dataclass
class _Home:
    """What the customer knows and did."""

    problem: Problem
    chance: random.Random
    done: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    slips: list[str] = field(default_factory=list)
    by_cable: bool = False

    @property
    def mended(self) -> bool:
        """Whether a cure was really done."""
        return bool(self.problem.cures & self.done)


@dataclass
class _Log:
    """What came of the conversation so far."""

    said: list[tuple[str, str]] = field(default_factory=list)
    illegal: dict[str, None] = field(default_factory=dict)
    unneeded: dict[str, None] = field(default_factory=dict)
    solved: bool = False
    over: bool = False


def run(service: Service, people: Mapping[str, Someone], customers: int, seed: int) -> tuple[Visit, ...]:
    """Plays so many customers, one after the other, the problems in turn.

    Args:
        service: over the evaluation world.
        people: whom problems happen to, by name.
        customers: how many.
        seed: same seed, same customers.
    """
    known = {each.name: _neighbours(service, people, each) for each in PROBLEMS[:customers]}
    return tuple(_visit(service, known, number, seed) for number in range(customers))


def _neighbours(service: Service, people: Mapping[str, Someone], problem: Problem) -> tuple[str, ...]:
    """Whom a problem may happen to; where it is behind the line, the line itself is good."""
    found = playing.candidates(service, problem.customer, people[problem.customer], 5 * NEIGHBOURS)
    if problem.cures and problem.name not in LINE_TOO:
        found = tuple(each for each in found if _verdict(service, each, problem) in judging.GOOD)
    return found[:NEIGHBOURS]


def _visit(service: Service, known: Mapping[str, Sequence[str]], number: int, seed: int) -> Visit:
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - a simulation
    problem = PROBLEMS[number % len(PROBLEMS)]
    customer = chance.choice(known[problem.name])
    home, log = _Home(problem, chance), _Log()
    service.begin(customer)
    message, idle = problem.complaints[0], 0
    while len(log.said) < MOST_TURNS and idle < MOST_PATIENCE and not log.over:
        verdict = _verdict(service, customer, problem)
        reply = _say(service, customer, number, message)
        log.said.append((message, reply))
        proposals = [p for p in service.proposals(customer) if p.status == "proposed"]
        home.told |= {step.name for step in steps_in(reply)}
        log.illegal |= dict.fromkeys(p.type for p in proposals if not judging.allowed(p, verdict))
        needless = [p.type for p in proposals if judging.unneeded(p, verdict, problem.cures, home.told)]
        log.unneeded |= dict.fromkeys(needless)
        if problem.told_only:
            log.solved, log.over = _told(service, customer, problem, reply), True
            continue
        message, helped, log.solved = _acted(service, customer, home, reply, proposals)
        log.over, idle = log.solved, 0 if helped else idle + 1
        if not helped and len(log.said) == 1:
            message = problem.complaints[1]
    return _visited(number, customer, home, log)


def _visited(number: int, customer: str, home: _Home, log: _Log) -> Visit:
    return Visit(
        number=number,
        problem=home.problem.name,
        journey=home.problem.journey,
        customer=customer,
        solved=log.solved,
        turns=len(log.said),
        illegal=tuple(log.illegal),
        unneeded=tuple(log.unneeded),
        slips=tuple(home.slips),
        said=tuple(log.said),
    )


def _acted(
    service: Service, customer: str, home: _Home, reply: str, proposals: Sequence[Proposal]
) -> tuple[str, bool, bool]:
    """What the customer does about a reply: the next message, whether it helped on, whether all is well now."""
    if wanted := [p for p in proposals if p.type in ("modem_restart", *home.problem.ends_with)]:
        return _approved(service, customer, home, wanted[-1])
    steps = steps_in(reply)
    fresh = [step for step in steps if step.name not in home.done]
    if not fresh:
        return ASKS_ON, False, False
    minutes = sum(step.minutes for step in fresh[:MOST_STEPS])
    _do(home, fresh[:MOST_STEPS])
    service.clock(service.at + timedelta(minutes=minutes))
    if home.mended:
        return "", True, True
    if home.problem.cures and home.problem.service == "internet" and "test_cable" in home.done and not home.by_cable:
        home.by_cable = True
        return GOOD_BY_CABLE, True, False
    return home.chance.choice(DONE_STILL), True, False


def _do(home: _Home, steps: Sequence[Step]) -> None:
    """Does steps one after the other until it works. Of two at once, the second comes to nothing."""
    botched = False
    for step, following in zip_longest(steps, steps[1:]):
        lot = home.chance.random()
        if botched or home.mended:
            botched = False
        elif lot < MISREADS:
            home.slips.append(f"misread {step.name}")
            home.done.add(home.chance.choice(STEPS).name)
        elif lot < MISREADS + SKIPS:
            home.slips.append(f"skipped {step.name}")
        else:
            home.done.add(step.name)
            if following and lot > 1 - TWO_AT_ONCE:
                home.slips.append(f"{step.name} and {following.name} at once")
                botched = True


def _approved(service: Service, customer: str, home: _Home, wanted: Proposal) -> tuple[str, bool, bool]:
    """Approves; a restart is waited for and looked at, anything else is the end of what can be done."""
    ok = service.approve("customer", customer, wanted.id) == 200
    if wanted.type != "modem_restart":
        return "", ok, ok
    service.clock(service.at + timedelta(minutes=RESTART_MINUTES))
    home.done.add("power_cycle")
    if home.mended or (not home.problem.cures and _verdict(service, customer, home.problem) in judging.GOOD):
        return "", True, True
    return APPROVED_STILL, ok, False


def _told(service: Service, customer: str, problem: Problem, reply: str) -> bool:
    """Whether the reply names the incident and when it ends."""
    found = _diagnosis(service, customer, problem)
    own = [each for each in found.get("outages", ()) if each["own"]]
    return bool(own) and all(facts.holds(reply, own[0][name], 0.0) for name in ("incident_id", "expected_end_at"))


def _verdict(service: Service, customer: str, problem: Problem) -> str:
    lines = _diagnosis(service, customer, problem).get("lines", ())
    verdicts = [str(line["advice"]["verdict"]) for line in lines]
    return next((verdict for verdict in verdicts if verdict not in judging.GOOD), "good")


def _diagnosis(service: Service, customer: str, problem: Problem) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = facts.look(
            service.context("customer", customer), "diagnose_line", {"service": problem.service}
        )
    except ToolError:
        return {}
    return found


def _say(service: Service, customer: str, number: int, message: str) -> str:
    body = {"message": message, "session_id": f"simulated-{number}", "customer_id": customer, "channel": "whatsapp"}
    return str(service.chat("customer", body)[1].get("message", ""))
