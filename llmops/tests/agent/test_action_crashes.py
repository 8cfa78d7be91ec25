"""What happens when a process dies, a system fails, or two people click at the same moment."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from llmops.agent.action_types import parse
from llmops.agent.actions import Actions
from llmops.agent.ledger import Withheld, give_back, reserve
from llmops.agent.proposals import ActionRefused
from llmops.tests.agent.desk import AUDIT, MANAGER, RETENTION, Desk, Hands, Killed, approve_together, real_desk
from llmops.tests.small_world import CUSTOMER, DAY, NOW, RULES, MemoryEvents, by_hand, context
from llmops.tools.drafts import ActionDraft
from llmops.tools.offer_facts import Grant, read_facts, read_grants
from llmops.tools.retention_checks import discount
from telecom.adapters.local.events import LocalEvents
from telecom.adapters.local.records import LocalRecords
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings

SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
ROOT = Path(__file__).resolve().parents[3]


class DyingEvents(MemoryEvents):
    """Dies while it is told of an execution, as often as `times`."""

    def __init__(self, times: int, table: str) -> None:
        super().__init__()
        self.times, self.table = times, table

    def add(self, table: str, rows: Any) -> None:
        executed = any(row.get("event") == "action.execute" or row.get("status") == "executed" for row in rows)
        if table == self.table and executed and self.times:
            self.times -= 1
            raise Killed
        super().add(table, rows)


def test_a_failure_leaves_the_approval_which_can_be_repeated() -> None:
    desk = Desk(plan=("fail",))
    proposal = desk.discount()
    with pytest.raises(DependencyUnavailable):
        desk.actions.approve(proposal.id, MANAGER, SOON)
    assert desk.actions.read(proposal.id, MANAGER, SOON).status == "approved" and desk.effects() == 0
    assert desk.audit()[-1] == ("action.execute", "failed", "DependencyUnavailable")
    assert desk.actions.approve(proposal.id, MANAGER, SOON).status == "executed"
    assert (desk.hands.calls, desk.effects(), len(read_grants(desk.turn()))) == (2, 1, 1)


@pytest.mark.parametrize("step", ["die", "die_after"])
def test_a_process_that_dies_is_finished_by_the_next(step: str) -> None:
    desk = Desk(plan=(step,))
    proposal = desk.discount()
    with pytest.raises(Killed):
        desk.actions.approve(proposal.id, MANAGER, SOON)
    with pytest.raises(ActionRefused) as refused:
        desk.actions.approve(proposal.id, MANAGER, SOON)
    assert refused.value.code == "in_progress"
    assert desk.actions.resume(SOON) == ()
    [done] = desk.actions.resume(LATER)
    assert (done.status, done.decided_by, desk.effects()) == ("executed", "gil", 1)
    assert desk.hands.calls == (2 if step == "die" else 1)
    assert len(read_grants(desk.turn())) == 1 and desk.actions.resume(LATER) == ()
    assert [row["status"] for row in desk.events.of(RETENTION)] == ["approved", "executed"]


@pytest.mark.parametrize("table", [AUDIT, RETENTION])
def test_the_audit_is_told_even_after_a_crash_and_its_rows_can_be_told_apart(table: str) -> None:
    events = DyingEvents(1, table)
    desk = Desk(events=events)
    proposal = desk.discount()
    with pytest.raises(Killed):
        desk.actions.approve(proposal.id, MANAGER, SOON)
    assert desk.actions.read(proposal.id, MANAGER, SOON).status == "executed"
    assert desk.actions.approve(proposal.id, MANAGER, LATER).recorded and desk.hands.calls == 1
    told = {row["event_id"] for row in events.of(AUDIT) if row["event"] == "action.execute"}
    assert len(told) == 1
    assert [row["status"] for row in events.of(RETENTION)] == ["approved", "executed"]
    assert desk.actions.resume(LATER) == ()


def test_what_the_policy_no_longer_allows_is_not_resumed_and_gives_its_budget_back() -> None:
    desk = Desk(plan=("die",))
    proposal = desk.discount()
    with pytest.raises(Killed):
        desk.actions.approve(proposal.id, MANAGER, SOON)
    assert len(read_grants(desk.turn())) == 1
    desk.reader.rows["customer_score"] = []
    assert desk.actions.resume(LATER) == ()
    found = desk.actions.read(proposal.id, MANAGER, LATER)
    assert found.status == "rejected" and "avaliação de risco" in found.decision
    assert (desk.effects(), read_grants(desk.turn())) == (0, ())


def test_what_was_done_is_finished_though_the_policy_would_refuse_it_now() -> None:
    desk = Desk(plan=("die_after",))
    proposal = desk.discount()
    with pytest.raises(Killed):
        desk.actions.approve(proposal.id, MANAGER, SOON)
    desk.reader.rows["customer_score"] = []
    assert [done.id for done in desk.actions.resume(LATER)] == [proposal.id]


def test_the_last_of_a_budget_is_granted_once() -> None:
    desk = Desk()
    facts = read_facts(desk.turn(), 35)
    grants = [Grant(f"a{n}", "discount", discount(RULES, facts, 20, 6, asked=True).cost, DAY, DAY) for n in range(8)]

    def grant(each: Grant) -> bool:
        def verdict(others: tuple[Grant, ...]) -> Any:
            return discount(RULES, replace(facts, grants=others), 20, 6, asked=True)

        try:
            reserve(desk.records, CUSTOMER, each, verdict)
        except Withheld:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(grant, grants))
    assert sum(given) == 1 and len(read_grants(desk.turn())) == 1
    winner = grants[given.index(True)]
    assert grant(winner) and len(read_grants(desk.turn())) == 1
    give_back(desk.records, CUSTOMER, winner.action_id)
    give_back(desk.records, CUSTOMER, "another")
    assert read_grants(desk.turn()) == ()


def test_the_simulated_systems_do_a_thing_once() -> None:
    desk = Desk()
    proposal = desk.discount()
    parameters = parse(proposal.type, proposal.parameters)
    first = desk.hands.execute(proposal, parameters, SOON)
    [record] = desk.records.of("billing_adjustment", CUSTOMER)
    assert desk.hands.execute(proposal, parameters, LATER) == first == desk.hands.done(proposal)
    assert desk.records.of("billing_adjustment", CUSTOMER) == (record,) and record.value["at"] == SOON.isoformat()


def test_two_threads_execute_once(tmp_path: Path) -> None:
    actions = real_desk(tmp_path)
    records = LocalRecords(Settings(home=tmp_path))
    draft = ActionDraft("retention_discount", "x", {"percent": 10, "months": 1, "asked_by_customer": True})
    proposal = actions.propose(context(by_hand(), records=records), draft)
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: approve_together(tmp_path, proposal.id, SOON, 4), range(4)))
    assert sorted(set(said)) in (["executed"], ["executed", "in_progress"])
    assert (tmp_path / "effects").read_text().count("\n") == 1
    assert len(records.of("billing_adjustment", CUSTOMER)) == 1


def test_two_processes_execute_once(tmp_path: Path) -> None:
    actions = real_desk(tmp_path)
    records = LocalRecords(Settings(home=tmp_path))
    draft = ActionDraft("retention_discount", "x", {"percent": 10, "months": 1, "asked_by_customer": True})
    proposal = actions.propose(context(by_hand(), records=records), draft)
    command = [sys.executable, "-m", "llmops.tests.agent.desk", str(tmp_path), proposal.id]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert "executed" in said and set(said) <= {"executed", "in_progress"}
    assert (tmp_path / "effects").read_text().count("\n") == 1
    assert len(records.of("billing_adjustment", CUSTOMER)) == 1
    assert actions.approve(proposal.id, MANAGER, LATER).status == "executed"


def test_rows_reach_the_tables(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    warehouse = LocalWarehouse(settings)
    records, events = LocalRecords(settings), LocalEvents(settings, warehouse)
    actions = Actions(records, events, by_hand(), RULES, Hands(records))
    draft = ActionDraft("retention_discount", "x", {"percent": 10, "months": 1, "asked_by_customer": True})
    proposal = actions.propose(context(by_hand(), records=records), draft)
    actions.approve(proposal.id, MANAGER, SOON)
    events.flush()
    sql = "SELECT status, decided_by, parameters FROM telecom_gold.retention_actions ORDER BY decided_at, status"
    rows = warehouse.query(sql).to_pylist()
    assert [(row["status"], row["decided_by"]) for row in rows] == [("approved", "gil"), ("executed", "gil")]
    assert json.loads(rows[0]["parameters"])["percent"] == 10
    audit = "SELECT event, outcome FROM telecom_monitoring.assistant_audit ORDER BY happened_at, event"
    assert [tuple(row.values()) for row in warehouse.query(audit).to_pylist()] == [
        ("action.propose", "allowed"),
        ("action.approve", "allowed"),
        ("action.execute", "allowed"),
    ]
