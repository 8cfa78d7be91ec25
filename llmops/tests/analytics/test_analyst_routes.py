"""The analysts' routes: who may look, what is written down, and answers that go out as they should."""

import asyncio
import json
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from llmops.agent.admission import principal_of
from llmops.agent.analyst_routes import Analysts
from llmops.agent.assistant_service import create_app
from llmops.agent.thread_streams import in_threads
from llmops.tests.agent.desk import AUDIT
from llmops.tests.agent.service_fakes import CLAIMS, Service
from llmops.tests.analytics.analyst_world import COUNT, analyst_world
from llmops.tests.small_world import CUSTOMER
from telecom.adapters._sql_bounds import tables_of
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import QueryError
from telecom.tables import contracts

__all__ = ["analyst_world"]
PAGES = ("customers", "customers.csv", "segments", "drift", "models", "assistant", "tables")
PEOPLE: dict[str, dict[str, Any]] = {
    "leo": {"kind": "agent", "customers": ["*"], "scopes": ["read:analytics"]},
    "mia": {"kind": "agent", "customers": ["*"], "scopes": ["read:*"]},
    "few": {"kind": "agent", "customers": [CUSTOMER], "scopes": ["read:analytics"]},
    "eve": {"kind": "agent", "customers": ["*"], "scopes": ["approve:*"]},
}
LEO = {"Authorization": "Bearer leo"}


def with_analysts(warehouse: Any, **config: Any) -> Service:
    service = Service(**config)
    analysts = Analysts(warehouse, lambda sql: tables_of(sql, frozenset(contracts())))
    service.wiring = replace(service.wiring, analysts=analysts)
    service.app = create_app(service.wiring)
    return service


@pytest.fixture
def service(analyst_world: LocalWarehouse, monkeypatch: pytest.MonkeyPatch) -> Service:
    for name, claims in PEOPLE.items():
        monkeypatch.setitem(CLAIMS, name, claims)
    return with_analysts(analyst_world)


def looks(service: Service) -> list[tuple[str, str, str]]:
    return [(row["principal"], row["event"], row["outcome"]) for row in service.desk.events.of(AUDIT)]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_for_those_who_may_and_every_look_is_written_down(service: Service, page: str) -> None:
    event = f"view.analytics.{'export' if page == 'customers.csv' else page}"
    for name, status in (("leo", 200), ("few", 403), ("eve", 403), ("ana", 403), (CUSTOMER, 403), ("nobody", 401)):
        answer = service.ask(f"/v1/analytics/{page}", Authorization=f"Bearer {name}")
        assert answer.status_code == status, (name, answer.text)
    assert looks(service) == [("leo", event, "allowed")] + [
        (name, event, "refused") for name in ("few", "eve", "ana", CUSTOMER)
    ]
    assert service.metric(f'assistant_requests_total{{code="200",route="analytics_{event.rpartition(".")[2]}"}}') == 1


def test_a_wide_scope_stands_for_those_below_it() -> None:
    wide = principal_of("mia", PEOPLE["mia"]).scopes
    assert {"read:analytics", "read:personal"} <= wide and not [scope for scope in wide if scope.startswith("approve")]


def test_customers_come_in_pages(service: Service) -> None:
    told = service.ask("/v1/analytics/customers?limit=3&sort=-expected_loss&segment=high", **LEO).json()
    assert told["total"] > 3 == len(told["customers"]) and told["customers"][0]["risk_segment"] == "high"
    answer = service.ask("/v1/analytics/customers?limit=1000", **LEO)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_filter")


def test_the_file_is_streamed_as_a_file(service: Service) -> None:
    answer = service.ask("/v1/analytics/customers.csv?sort=customer_id", **LEO)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="customers-2026-11-20.csv"'
    assert len(answer.text.splitlines()) == COUNT + 1


def test_a_file_that_breaks_off_says_so(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    class Breaking:
        def __init__(self, whole: Any) -> None:
            self._whole = whole

        def stream(self, sql: str, *given: Any, **more: Any) -> Generator[pa.RecordBatch, None, None]:
            batches = self._whole.stream(sql, *given, **more)
            if "matching" not in sql:
                yield from batches
                return
            yield next(batches)
            raise QueryError("The query took longer than 300 s.")

    analysts = service.wiring.analysts
    assert analysts
    broken = with_analysts(Breaking(analysts.warehouse))
    answer = broken.ask("/v1/analytics/customers.csv", **LEO)
    assert answer.status_code == 200
    assert answer.text.splitlines()[-1].startswith("# INCOMPLETE: The query took longer")


def ask_sql(service: Service, sql: str, who: str = "leo", **more: Any) -> Any:
    return service.ask("/v1/analytics/sql", {"sql": sql} | more, Authorization=f"Bearer {who}")


def test_sql_is_answered_and_the_tables_it_read_are_written_down(service: Service) -> None:
    answer = ask_sql(service, "SELECT COUNT(*) AS n FROM telecom_gold.telco_churn_scored")
    assert answer.status_code == 200 and answer.json()["rows"] == [[2 * COUNT]]
    (row,) = service.desk.events.of(AUDIT)
    assert json.loads(row["detail"]) == {"role": "agent", "tables": ["telecom_gold.telco_churn_scored"]}
    assert "COUNT" not in row["detail"]


def test_personal_tables_are_for_their_scope_alone(service: Service) -> None:
    sql = "SELECT COUNT(*) AS n FROM telecom_bronze.crm_customers"
    assert (ask_sql(service, sql).status_code, ask_sql(service, sql, "mia").status_code) == (403, 200)
    assert looks(service) == [("leo", "view.analytics.sql", "refused"), ("mia", "view.analytics.sql", "allowed")]
    leo, mia = (service.ask("/v1/analytics/tables", Authorization=f"Bearer {name}").json() for name in ("leo", "mia"))
    more = {each["table"] for each in mia} - {each["table"] for each in leo}
    assert "telecom_bronze.crm_customers" in more


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"sql": "DROP TABLE x"}, 422, "wrong_sql"),
        ({"sql": "  "}, 422, "wrong_body"),
        ({"sql": "SELECT 1 AS a", "limit": 100_000}, 422, "wrong_body"),
        ({"sql": "SELECT 1 AS a", "more": 1}, 422, "wrong_body"),
        ("no json", 400, "bad_request"),
    ],
)
def test_sql_that_cannot_be_taken(service: Service, body: Any, status: int, code: str) -> None:
    answer = service.ask("/v1/analytics/sql", body, **LEO)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_figures_that_take_too_long_are_not_a_fault_of_the_caller(service: Service) -> None:
    class Slow:
        def stream(self, *_: Any, **__: Any) -> Generator[pa.RecordBatch, None, None]:
            raise QueryError("The query took longer than 7.5 s.")
            yield

    answer = with_analysts(Slow()).ask("/v1/analytics/drift", **LEO)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_without_a_warehouse_of_their_own_there_are_no_pages(service: Service) -> None:
    for page in ("customers", "customers.csv", "drift"):
        assert Service().ask(f"/v1/analytics/{page}", **LEO).status_code == 503


def test_every_route_is_described(service: Service) -> None:
    told = service.ask("/openapi.json").json()
    for page in (*PAGES, "sql"):
        assert f"/v1/analytics/{page}" in told["paths"]
    named = {each["name"] for each in told["paths"]["/v1/analytics/customers"]["get"]["parameters"]}
    assert {"segment", "contract", "reason", "min_probability", "sort", "offset", "snapshot"} <= named
    assert told["components"]["schemas"]["SqlRequest"]["required"] == ["sql"]


def test_pieces_are_made_in_threads_one_at_a_time_and_ended_by_whoever_stops() -> None:
    ended, threads = [], set()

    def work() -> Generator[int, None, None]:
        try:
            for number in range(100):
                threads.add(threading.get_ident())
                yield number
        finally:
            ended.append(True)

    async def some() -> list[int]:
        pool = ThreadPoolExecutor(2)
        pieces = in_threads(work(), lambda each: asyncio.get_running_loop().run_in_executor(pool, each))
        found = [await anext(pieces) for _ in range(3)]
        await pieces.aclose()
        return found

    assert asyncio.run(some()) == [0, 1, 2]
    assert ended == [True] and threading.get_ident() not in threads
