"""The state machine: whatever is done in whatever order, what must never happen never does."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from llmops.agent.proposals import ActionRefused, Proposal, Status, approve, execute, reject, release, withdraw
from llmops.tests.agent.desk import AUDIT, MANAGER, RETENTION, Desk, Killed, agent, customer
from llmops.tests.small_world import CUSTOMER, NOW, RULES
from llmops.tools.context import ToolError
from llmops.tools.offer_facts import read_grants
from telecom.errors import DependencyUnavailable

ALLOWED: dict[Status, set[Status]] = {
    "proposed": {"proposed", "approved", "executed", "rejected", "expired"},
    "approved": {"approved", "executed", "rejected"},
    "executed": {"executed"},
    "rejected": {"rejected"},
    "expired": {"expired"},
}
DRAFTS: tuple[tuple[Any, dict[str, Any]], ...] = (
    ("retention_discount", {"percent": 10, "months": 1, "asked_by_customer": True}),
    ("retention_discount", {"percent": 22, "months": 6, "asked_by_customer": True}),
    ("free_service", {"service": "Streaming TV", "months": 3, "asked_by_customer": True}),
    ("technician_visit", {"line_id": "0001-AAAAA-NET", "day": "2026-11-25", "window": "morning", "courtesy": True}),
    ("second_copy", {"invoice_id": f"{CUSTOMER}-202610", "channel": "sms"}),
    ("modem_restart", {"line_id": "0001-AAAAA-NET"}),
)
PEOPLE = st.sampled_from((MANAGER, agent("ana"), agent("rui", "approve:retention"), customer(), customer("0002-BBBBB")))


class Machine(RuleBasedStateMachine):
    """People propose, approve, reject and wait, while the executor works, fails or dies."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.now = NOW
        self.seen: dict[str, Status] = {}
        self.authorised: set[str] = set()

    @rule(target=ids, draft=st.sampled_from(DRAFTS), role=st.sampled_from(("agent", "customer")))
    def propose(self, draft: tuple[Any, dict[str, Any]], role: str) -> Any:
        try:
            return self.desk.propose(draft[0], draft[1], role=role, now=self.now).id
        except ToolError:
            return "act_none"

    @rule(
        action=ids,
        who=PEOPLE,
        key=st.sampled_from(("", "k1", "k2")),
        step=st.sampled_from(("", "", "fail", "die", "die_after")),
    )
    def approve(self, action: str, who: Any, key: str, step: str) -> None:
        self.desk.hands.plan = [step]
        try:
            assert self.desk.actions.approve(action, who, self.now, key).status == "executed"
        except (ActionRefused, DependencyUnavailable, Killed) as stopped:
            if isinstance(stopped, ActionRefused) and stopped.code in ("not_found", "not_allowed", "key_reused"):
                return
        self.authorised.add(action)

    @rule(action=ids, who=PEOPLE)
    def reject(self, action: str, who: Any) -> None:
        with suppress(ActionRefused):
            assert self.desk.actions.reject(action, who, self.now).status == "rejected"

    @rule(hours=st.sampled_from((0, 1, 30, 24 * 8)))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours, seconds=31)

    @rule()
    def restart(self) -> None:
        self.desk.hands.plan = []
        self.desk.actions.resume(self.now)
        assert all(p.status != "approved" for p in self.desk.actions.of(CUSTOMER, self.now)) or self.leased()
        if not self.leased():
            assert all(p.recorded for p in self.desk.actions.of(CUSTOMER, self.now) if p.status == "executed")

    def leased(self) -> bool:
        every = self.desk.actions.of(CUSTOMER, self.now)
        return any(p.leased_until and p.leased_until > self.now for p in every)

    @invariant()
    def nothing_forbidden_happened(self) -> None:
        every = {p.id: p for p in self.desk.actions.of(CUSTOMER, self.now, 50)}
        for action, proposal in every.items():
            assert proposal.status in ALLOWED[self.seen.get(action, "proposed")]
            self.seen[action] = proposal.status
            if proposal.status in ("approved", "executed"):
                assert action in self.authorised
        made = [
            r.key
            for k in ("network_event", "billing_adjustment", "delivery")
            for r in self.desk.records.of(k, CUSTOMER)
        ]
        assert len(made) == len(set(made)) and set(made) <= self.authorised
        executed = {action for action, proposal in every.items() if proposal.status == "executed"}
        assert executed <= set(made)
        assert all(every[key].status in ("approved", "executed") for key in made if key in every)

    @invariant()
    def the_budget_holds(self) -> None:
        grants = read_grants(self.desk.turn(now=self.now))
        assert sum(grant.cost for grant in grants) <= RULES.budget.per_customer["standard"]
        assert len({grant.action_id for grant in grants}) == len(grants)

    @invariant()
    def every_row_has_one_meaning(self) -> None:
        rows: dict[Any, Any] = {}
        for row in self.desk.events.of(AUDIT):
            assert rows.setdefault(row["event_id"], row) == row
        states: dict[Any, Any] = {}
        for row in self.desk.events.of(RETENTION):
            assert states.setdefault((row["action_id"], row["status"]), row["title"]) == row["title"]


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=25, stateful_step_count=18, deadline=None)


def proposal() -> Proposal:
    return Desk().discount()


def test_a_lease_keeps_others_away_until_it_ends() -> None:
    first = approve(proposal(), "ana", NOW, NOW + timedelta(seconds=30))
    assert (first.status, first.decided_by) == ("approved", "ana")
    with pytest.raises(ActionRefused) as refused:
        approve(first, "rui", NOW + timedelta(seconds=29), NOW + timedelta(seconds=60))
    assert refused.value.code == "in_progress"
    later = approve(first, "rui", NOW + timedelta(seconds=30), NOW + timedelta(seconds=60))
    assert (later.decided_by, later.decided_at) == ("ana", NOW)
    assert approve(release(first), "rui", NOW, NOW).status == "approved"


@pytest.mark.parametrize("act", [lambda p: reject(p, "rui", NOW, "não"), lambda p: withdraw(p, NOW, "não")])
def test_what_is_executed_stays_executed(act: Any) -> None:
    done = execute(approve(proposal(), "ana", NOW, NOW), NOW, {"message": "feito"})
    assert execute(done, NOW + timedelta(days=1), {"message": "outra vez"}) == done
    assert approve(done, "rui", NOW, NOW) == done and release(done) == done
    with pytest.raises(ActionRefused, match="já foi decidida"):
        act(done)


def test_what_nobody_approved_is_not_executed() -> None:
    for untouched in (proposal(), reject(proposal(), "ana", NOW, "não")):
        with pytest.raises(ActionRefused):
            execute(untouched, NOW, {})


def test_time_runs_out() -> None:
    waiting = proposal()
    late = waiting.expires_at
    assert (late - NOW).days == 7
    assert waiting.at(late - timedelta(seconds=1)).status == "proposed" and waiting.at(late).status == "expired"
    for act in (lambda: approve(waiting, "ana", late, late), lambda: reject(waiting, "ana", late, "não")):
        with pytest.raises(ActionRefused) as refused:
            act()
        assert refused.value.code == "expired"
    desk = Desk()
    with pytest.raises(ActionRefused, match="expirou"):
        desk.actions.approve(desk.discount().id, MANAGER, late)
    assert desk.hands.calls == 0
    assert [row["status"] for row in desk.events.of(RETENTION)] == ["expired"]
    assert desk.records.of("action_under_way", "actions under way") == ()


def test_a_proposal_survives_being_stored() -> None:
    done = execute(approve(proposal(), "ana", NOW, NOW), NOW, {"message": "é"})
    assert Proposal.of_json(json.loads(json.dumps(done.to_json()))) == done
