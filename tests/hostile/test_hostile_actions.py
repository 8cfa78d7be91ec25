"""Decisions over HTTP that nobody may take, or that may be taken once: the real service, real tokens, real records."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from llmops.agent.action_store import KIND
from llmops.tests.small_world import ids
from telecom.adapters.local.records import LocalRecords
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Record
from telecom.settings import Settings
from tests.hostile.attacked_service import SCREENED, Attacked
from tests.loopback.llm_server import Reply
from tests.loopback.openai_server import OpenAiServer

pytestmark = pytest.mark.slow
EFFECTS = ("network_event", "billing_adjustment", "ticket", "delivery", "plan_change")
CALL = {"window": "morning", "topic": "Fatura", "reason": "Pediu contato."}
DISCOUNT = {"percent": 5, "months": 1, "asked_by_customer": True, "reason": "Pediu desconto."}


class Desk:
    """The service, and a model that proposes what a test wants, once per message."""

    def __init__(self, service: Attacked, model: OpenAiServer) -> None:
        self.service, self.model = service, model
        self.records = LocalRecords(Settings(home=service.home))
        self.customers = list(ids(LocalWarehouse(Settings(home=service.home))))
        self.plain = service.victims.plain

    def fresh(self) -> str:
        """A customer about whom nothing waits."""
        return self.customers.pop()

    def proposed(self, customer: str, type_: str, given: Mapping[str, Any]) -> str:
        """The id of a proposal that the model made in a chat of an agent."""
        self.model.replies = [Reply(calls=((f"propose_{type_}", given),)), Reply("Certo.")]
        known = {record.key for record in self.records.of(KIND, customer)}
        self.service.chat("Faça isso, por favor.", customer, "agent")
        (made,) = {record.key for record in self.records.of(KIND, customer)} - known
        return made

    def callback(self, customer: str, topic: str = "Fatura") -> str:
        return self.proposed(customer, "callback", CALL | {"day": _next_workday(), "topic": topic})

    def decide(self, verb: str, action: str, door: Mapping[str, str], **body: Any) -> httpx.Response:
        return self.service.client.post(f"/actions/{action}/{verb}", json=body, headers=dict(door))

    def effects(self, customer: str) -> int:
        return sum(len(self.records.of(kind, customer)) for kind in EFFECTS)

    def changed(self, action: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Somebody's hand in the store."""

        def replaced(record: Record | None) -> Record | None:
            assert record
            return Record(record.key, change(record.value), record.owner, record.expires_at)

        self.records.change(KIND, action, replaced)


def _next_workday() -> str:
    day = datetime.now(UTC).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day.isoformat()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with OpenAiServer() as model:
        service = Attacked(tmp_path_factory.mktemp("actions") / "home", model, 9, SCREENED)
        yield Desk(service, model)
        service.kill()


def manager(desk: Desk, customer: str) -> dict[str, str]:
    return desk.service.door(customer, "agent", "approve:*", name="gil")


def test_a_replay_does_it_once(desk: Desk) -> None:
    customer = desk.fresh()
    action = desk.callback(customer)
    door = manager(desk, customer) | {"Idempotency-Key": "k-1"}
    answers = [desk.decide("approve", action, door) for _ in range(3)]
    answers.append(desk.decide("approve", action, manager(desk, customer)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"executed"} and desk.effects(customer) == 1
    second = desk.fresh()
    other = desk.callback(second)
    reused = manager(desk, second) | {"Idempotency-Key": "k-1"}
    assert desk.decide("approve", other, reused).json()["code"] == "key_reused" and desk.effects(second) == 0
    assert desk.decide("reject", action, manager(desk, customer)).status_code == 409


def test_of_many_approvals_at_once_one_does_it(desk: Desk) -> None:
    customer = desk.fresh()
    action = desk.callback(customer)
    doors = [desk.service.door(customer, "agent", "approve:*", name=f"gil-{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda door: desk.decide("approve", action, door), doors))
    assert {answer.status_code for answer in answers} <= {200, 409} and desk.effects(customer) == 1
    assert 200 in {answer.status_code for answer in answers}


def test_approval_and_rejection_at_once_agree(desk: Desk) -> None:
    for _ in range(4):
        customer = desk.fresh()
        action = desk.callback(customer)
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(desk.decide, verb, action, manager(desk, customer)) for verb in ("approve", "reject")]
            yes, no = (future.result() for future in both)
        assert sorted((yes.status_code, no.status_code)) == [200, 409]
        assert desk.effects(customer) == (yes.status_code == 200)


def test_a_customer_does_not_approve_what_is_ours_to_grant(desk: Desk) -> None:
    customer = desk.fresh()
    action = desk.callback(customer)
    stranger = desk.service.door(desk.plain)
    assert desk.decide("approve", action, stranger).status_code == 404
    assert desk.decide("approve", action, desk.service.door(customer)).status_code == 200, "a call is theirs to ask for"
    assert desk.effects(customer) == 1


def grantable(desk: Desk) -> tuple[str, str]:
    """A customer to whom the policy allows a discount, and the proposal of it."""
    while True:
        customer = desk.fresh()
        try:
            return customer, desk.proposed(customer, "retention_discount", DISCOUNT)
        except ValueError:
            continue


def test_a_discount_is_for_those_with_the_scope_who_see_the_customer(desk: Desk) -> None:
    customer, action = grantable(desk)
    door = desk.service.door
    for caller, status in (
        (door(customer), 403),
        (door(customer, "agent"), 403),
        (door(customer, "agent", "approve:somethingelse"), 403),
        (door(desk.plain, "agent", "approve:*"), 404),
        (door(desk.plain), 404),
        ({}, 401),
        ({"Authorization": "Bearer x.y.z"}, 401),
    ):
        for verb in ("approve", "reject"):
            assert desk.decide(verb, action, caller).status_code == status, (verb, caller)
    assert desk.effects(customer) == 0
    assert desk.decide("approve", action, manager(desk, customer)).json()["status"] == "executed"
    assert desk.effects(customer) == 1


def test_what_is_expired_is_not_done(desk: Desk) -> None:
    customer = desk.fresh()
    action = desk.callback(customer)
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    desk.changed(action, lambda value: value | {"expires_at": past})
    refused = desk.decide("approve", action, manager(desk, customer))
    assert (refused.status_code, refused.json()["code"]) == (409, "expired") and desk.effects(customer) == 0


def test_what_an_approval_says_of_the_parameters_changes_nothing(desk: Desk) -> None:
    customer = desk.fresh()
    action = desk.callback(customer, "Plano")
    body = {"parameters": {"topic": "outra coisa"}, "customer_id": desk.plain, "type": "courtesy_credit"}
    assert desk.decide("approve", action, manager(desk, customer), **body).status_code == 422
    assert desk.effects(customer) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"percent": 100, "months": 24, "asked_by_customer": True}},
        {"type": "courtesy_credit", "parameters": {"amount": "999.00", "reference": "x"}},
        {"parameters": {"line_id": "9999-OTHER-NET"}, "type": "modem_restart"},
    ],
    ids=["more", "another type", "another's line"],
)
def test_a_proposal_changed_in_the_store_is_checked_again_when_it_is_done(desk: Desk, change: dict[str, Any]) -> None:
    customer = desk.fresh()
    action = desk.callback(customer)
    desk.changed(action, lambda value: value | change)
    refused = desk.decide("approve", action, manager(desk, customer))
    assert refused.status_code in (403, 409, 422, 500) and desk.effects(customer) == 0, refused.text


def test_the_model_cannot_approve(desk: Desk) -> None:
    customer = desk.fresh()
    action = desk.callback(customer, "Modelo")
    for name in ("approve_action", "approve", "execute", "propose_approval"):
        desk.model.replies = [Reply(calls=((name, {"id": action, "action_id": action}),))] * 3
        desk.service.chat(f"Aprove {action}", customer, "agent")
    assert desk.effects(customer) == 0
    found = desk.records.read(KIND, action)
    assert found and found.value["status"] == "proposed"
