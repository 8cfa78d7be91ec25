"""The saved queries of docs/analytics: each runs, means the same on both engines, and on a view where it says so."""

import re
from pathlib import Path

import pytest

from llmops.analytics import sql_box
from llmops.tests.analytics.analyst_world import analyst_world
from mlops.tests.test_queries import faults
from telecom.adapters._sql_bounds import tables_of
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.tables import contracts

__all__ = ["analyst_world"]
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "analytics" / "README.md"
SAVED = {path.stem: path.read_text("utf-8") for path in PAGE.parent.glob("queries/*.sql")}
VIEWS = ROOT / "infra" / "terraform" / "modules" / "bigquery" / "views"
VIEW = re.compile(r"^-- View: telecom_analytics\.(\w+) for (\S+)$", re.MULTILINE)


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_query_has_an_answer_within_the_analysts_bounds(analyst_world: LocalWarehouse, name: str) -> None:
    allowed = [table.table for table in sql_box.readable(())]
    found = sql_box.run(analyst_world, lambda sql: tables_of(sql, contracts()), SAVED[name], 100, allowed, 20)
    assert found.rows and len(found.columns) >= 3
    assert faults(SAVED[name]) == [] and SAVED[name].startswith("-- ")


@pytest.mark.parametrize("name", [name for name, sql in SAVED.items() if VIEW.search(sql)])
def test_a_view_takes_the_table_s_place(analyst_world: LocalWarehouse, name: str) -> None:
    (view, table) = VIEW.findall(SAVED[name])[0]
    text = (VIEWS / f"{view}.sql").read_text("utf-8").replace("`${project}`.", "")
    body = "\n".join(line for line in SAVED[name].splitlines() if not line.startswith("--"))
    swapped = re.sub(rf"\b{re.escape(table)}\b", f"({text})", body)
    assert analyst_world.query(swapped).to_pylist() == analyst_world.query(SAVED[name]).to_pylist()


def test_the_page_names_every_file_and_says_what_it_is_over() -> None:
    listed = dict(re.findall(r"^\| `(\w+)\.sql` \| .* \| (view|tables) \|$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert listed == {name: "view" if VIEW.search(sql) else "tables" for name, sql in SAVED.items()}
