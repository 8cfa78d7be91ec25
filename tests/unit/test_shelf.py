"""Answers taken from one answer about all are those that each would get alone."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from llmops.tests.small_world import DAY, generated, ids
from llmops.tools.rows import load_query
from telecom.adapters.local import _shelf
from telecom.adapters.local._dialect import translate
from telecom.adapters.local._shelf import AFTER, shared_of
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Write
from telecom.settings import Settings
from telecom.tables import contracts

__all__ = ["generated"]
OF_A_CUSTOMER = ("customer_profile", "customer_lines", "customer_invoices", "customer_score", "customer_tickets")
PLACE = ("snapshot_date", "city", "state", "area")
CHOSEN = "SELECT status FROM telecom_bronze.service_tickets WHERE customer_id = @customer_id"


def asked_of(warehouse: LocalWarehouse, name: str) -> list[dict[str, Any]]:
    """Parameters of a query for all that it may be asked about, and for nobody."""
    if name == "area_outages":
        found = warehouse.query(f"SELECT DISTINCT {', '.join(PLACE)} FROM telecom_bronze.network_lines").to_pylist()
        return [*found, {**found[0], "area": "nowhere"}]
    days = {"since": DAY - timedelta(days=400), "today": DAY}
    return [{"customer_id": each, **days} for each in (*ids(warehouse), "nobody")]


def shelved(warehouse: LocalWarehouse, sql: str, asked: list[dict[str, Any]]) -> list[Any]:
    """Their answers once they lie on the shelf."""
    for parameters in asked[: AFTER + 1]:
        warehouse.query(sql, parameters)
    for thread in threading.enumerate():
        if thread.name == "telecom-shelf":
            thread.join()
    assert any(entry.shelf for entry in warehouse._shelves._entries.values())
    return [warehouse.query(sql, parameters) for parameters in asked]


@pytest.mark.parametrize("name", [*OF_A_CUSTOMER, "area_outages"])
def test_each_gets_what_each_would_get_alone(
    generated: LocalWarehouse, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_shelf, "MOST_AT_ONCE", 400)  # several parts
    sql, warehouse = load_query(name), LocalWarehouse(generated._settings)
    everybody = asked_of(warehouse, name)
    asked = everybody if name == "area_outages" else [*everybody[: AFTER + 12], everybody[-1]]
    alone = [warehouse._query(sql, parameters) for parameters in asked]
    found = shelved(warehouse, sql, asked)
    assert [(table.schema, table.to_pylist()) for table in found] == [(t.schema, t.to_pylist()) for t in alone]
    assert any(table.num_rows for table in found)


def test_a_change_of_a_table_lets_go_of_what_rests_on_it(tmp_path: Any, generated: LocalWarehouse) -> None:
    warehouse = LocalWarehouse(Settings(home=tmp_path))
    sql = load_query("customer_score")
    assert shelved(warehouse, sql, asked_of(generated, "customer_score"))[0].num_rows == 0
    assert [entry.shelf is not None for entry in warehouse._shelves._entries.values()] == [True]
    copied = generated.query("SELECT * FROM telecom_gold.telco_churn_scored")
    warehouse.write(Write("telecom_gold.telco_churn_scored", copied.to_batches(), {"snapshot_date": DAY}))
    asked = asked_of(generated, "customer_score")[0]
    assert warehouse.query(sql, asked).to_pylist() == generated.query(sql, asked).to_pylist() != []
    assert not any(entry.shelf for entry in warehouse._shelves._entries.values())


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        (CHOSEN, ("customer_id",)),
        (f"{CHOSEN} AND priority = @level", ("customer_id",)),
        (f"{CHOSEN} AND priority = @priority", ("customer_id", "priority")),
        (CHOSEN.replace("=", "<>"), None),
        (CHOSEN.replace("WHERE", "WHERE NOT"), None),
        (f"{CHOSEN} OR priority = 'low'", None),
        (CHOSEN.replace("status", "@customer_id AS who"), None),
        (f"{CHOSEN} AND opened_at < CURRENT_TIMESTAMP()", None),
        (f"{CHOSEN} UNION ALL SELECT 'open'", None),
        ("SELECT 1 AS one", None),
    ],
)
def test_only_what_chooses_rows_is_a_key(sql: str, keys: Any) -> None:
    found = shared_of(sql, translate(sql, frozenset(contracts())))
    assert (found.keys if found else None) == keys


def test_what_cannot_be_asked_for_all_is_asked_alone(generated: LocalWarehouse) -> None:
    # Ordered by what it does not select, which only the question itself can do.
    sql = f"{CHOSEN} ORDER BY opened_at"
    warehouse = LocalWarehouse(generated._settings)
    with pytest.raises(AssertionError):
        shelved(warehouse, sql, asked_of(warehouse, "customer_tickets"))
    parameters: Mapping[str, Any] = asked_of(warehouse, "customer_tickets")[0]
    assert warehouse.query(sql, parameters).equals(warehouse._query(sql, parameters))
