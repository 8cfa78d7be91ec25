"""The analysts' SQL means the same on both engines, reads tables under contract, and no more days than it needs."""

import pytest
import sqlglot
from sqlglot import exp

from llmops.analytics.asking import QUERIES, load_query
from mlops.tests.test_queries import faults
from telecom.errors import NotFound
from telecom.tables import contract, contracts

NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_read_the_same(name: str) -> None:
    assert "{" not in load_query(name)
    assert faults(load_query(name)) == []
    tree = sqlglot.parse_one(load_query(name), read="bigquery")
    read = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    assert read and read <= set(contracts())


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_bounded_by_its_partition(name: str) -> None:
    tree = sqlglot.parse_one(load_query(name), read="bigquery")
    for table in tree.find_all(exp.Table):
        if table.db:
            day = contract(f"{table.db}.{table.name}").partition_by
            column = f"{table.alias}.{day}" if table.alias else day
            conditions = " ".join(
                node.sql(dialect="bigquery") for kind in (exp.Where, exp.Join) for node in tree.find_all(kind)
            )
            bounds = (f"{column} BETWEEN @since AND @", f"{column} = @snapshot_date")
            assert any(bound in conditions for bound in bounds), (name, column)


def test_an_unknown_query_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="customers_page"):
        load_query("nothing")
