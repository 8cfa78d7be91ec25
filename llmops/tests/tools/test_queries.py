"""Every SQL file of the tools means the same on both engines, names its customer, and answers for nobody else."""

import pytest
import sqlglot
from sqlglot import exp

from llmops.tests.small_world import CUSTOMERS, DAY, context, generated, ids
from llmops.tools.rows import QUERIES, customer_rows, load_query
from mlops.tests.test_queries import faults
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import NotFound
from telecom.tables import contracts

__all__ = ["generated"]
NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))
OF_NOBODY = ("any_customer", "any_invoice")
"""They only count."""
OF_A_CUSTOMER = [name for name in NAMES if name not in ("area_outages", *OF_NOBODY)]


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_read_the_same(name: str) -> None:
    assert faults(load_query(name)) == []
    tree = sqlglot.parse_one(load_query(name), read="bigquery")
    read = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    assert read and read <= set(contracts())


@pytest.mark.parametrize("name", OF_NOBODY)
def test_what_reads_for_nobody_gives_a_count_alone(name: str) -> None:
    tree = sqlglot.parse_one(load_query(name), read="bigquery")
    assert [each.sql() for each in tree.selects] == ["COUNT(*) AS rows_there"]
    assert tree.args["where"].sql(dialect="bigquery") == "WHERE snapshot_date BETWEEN @since AND @today"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_NOBODY])
def test_every_table_is_read_for_one_customer_or_place_and_within_bounds_of_days(name: str) -> None:
    tree = sqlglot.parse_one(load_query(name), read="bigquery")
    for select in tree.find_all(exp.Select):
        if any(table.db for table in select.find(exp.From).find_all(exp.Table)):
            where = select.args["where"].sql(dialect="bigquery")
            named = "customer_id = @customer_id" if name in OF_A_CUSTOMER else "area = @area"
            days = (
                "snapshot_date BETWEEN @since AND @today" if name in OF_A_CUSTOMER else "snapshot_date = @snapshot_date"
            )
            assert named in where and days in where


@pytest.mark.parametrize("name", OF_A_CUSTOMER)
def test_rows_are_the_customers_own(generated: LocalWarehouse, name: str) -> None:
    everybody = list(ids(generated))
    assert len(everybody) == CUSTOMERS
    answered = 0
    for customer in everybody[:6]:
        rows = customer_rows(context(generated, customer_id=customer), name)
        answered += len(rows)
        said = repr(rows)
        assert not [other for other in everybody if other != customer and other in said]
        assert all(row["snapshot_date"] == DAY for row in rows)
    assert answered


def test_an_unknown_query_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="customer_lines"):
        load_query("nothing")
