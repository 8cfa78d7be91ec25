"""The world around the customers keeps its contracts and joins, whatever the order and batch."""

import re

import pyarrow as pa
import pytest

from telecom.synthetic import billing, crm, network, tickets, world
from telecom.tables import contract
from tests.unit.synthetic.conftest import SEED, SNAPSHOT

MODULES = {
    "crm_customers": crm,
    "billing_invoices": billing,
    "service_tickets": tickets,
    "network_lines": network,
}


@pytest.mark.parametrize("name", world.TABLES)
def test_rows_keep_the_contract(name: str, made: dict[str, pa.Table]) -> None:
    table, promise = made[name], contract(f"telecom_bronze.{name}")
    assert table.schema.equals(promise.schema)
    for column in promise.columns:
        values = table[column.name]
        if column.mode == "REQUIRED":
            assert values.null_count == 0, column.name
        known = values.drop_null()
        if column.values:
            assert set(known.unique().to_pylist()) <= set(column.values), column.name
        if column.pattern:
            assert all(re.fullmatch(column.pattern, value) for value in known.to_pylist()), column.name
        if column.minimum is not None:
            assert pa.compute.min(known).as_py() >= column.minimum, column.name
        if column.maximum is not None:
            assert pa.compute.max(known).as_py() <= column.maximum, column.name
    keys = table.select(list(promise.key)).group_by(list(promise.key)).aggregate([([], "count_all")])
    assert keys.num_rows == table.num_rows


@pytest.mark.parametrize("name", world.TABLES)
def test_same_rows_in_any_order_and_batch(name: str, made: dict[str, pa.Table], silver: pa.Table) -> None:
    turned = silver.take(list(range(silver.num_rows - 1, -1, -7)))
    again = MODULES[name].rows(turned, SNAPSHOT, SEED)
    chosen = pa.compute.is_in(made[name]["customer_id"], turned["customer_id"].combine_chunks())
    key = contract(f"telecom_bronze.{name}").key[1]
    whole = made[name].filter(chosen).sort_by(key)
    assert pa.Table.from_batches([again]).sort_by(key).equals(whole.combine_chunks())


@pytest.mark.parametrize("name", world.TABLES)
def test_another_seed_is_another_world(name: str, made: dict[str, pa.Table], silver: pa.Table) -> None:
    some = silver.slice(0, 300)
    other = MODULES[name].rows(some, SNAPSHOT, SEED + 1)
    assert not pa.Table.from_batches([other]).equals(made[name].slice(0, other.num_rows).combine_chunks())


@pytest.mark.parametrize("name", world.TABLES)
def test_nobody_gives_no_rows(name: str, silver: pa.Table) -> None:
    empty = MODULES[name].rows(silver.slice(0, 0), SNAPSHOT, SEED)
    assert empty.num_rows == 0
    assert empty.schema.equals(contract(f"telecom_bronze.{name}").schema)


def test_flags_may_be_words(silver: pa.Table) -> None:
    some = silver.slice(0, 200)
    yes_no = pa.table(
        {
            name: pa.compute.if_else(some[name], "Yes", "No") if some[name].type == pa.bool_() else some[name]
            for name in some.column_names
        }
    )
    for module in MODULES.values():
        assert module.rows(yes_no, SNAPSHOT, SEED).equals(module.rows(some, SNAPSHOT, SEED))


def test_everybody_is_in_the_crm_once(made: dict[str, pa.Table], silver: pa.Table) -> None:
    assert made["crm_customers"]["customer_id"].to_pylist() == silver["customer_id"].to_pylist()
    assert len(made["crm_customers"]["cpf"].unique()) == silver.num_rows
    known = set(silver["customer_id"].to_pylist())
    assert all(set(table["customer_id"].to_pylist()) <= known for table in made.values())
