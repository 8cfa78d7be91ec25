"""The analysts' views of infra/terraform are BigQuery SQL over the contracts, and read nothing that names a person."""

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.settings import Settings
from telecom.tables import contract
from tests.honesty.documents import ROOT

MODULE = ROOT / "infra" / "terraform" / "modules" / "bigquery"
VIEWS = {path.stem: path.read_text("utf-8").replace("${project}", "a-project") for path in MODULE.glob("views/*.sql")}


def test_there_are_views() -> None:
    assert set(VIEWS) == {"scored_customers", "retention_queue", "feature_drift", "model_history"}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_runs_on_the_contracts(name: str, tmp_path: Path) -> None:
    found = LocalWarehouse(Settings(home=tmp_path)).query(VIEWS[name])
    assert found.num_rows == 0
    assert found.num_columns >= 7


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_reads_no_personal_data(name: str) -> None:
    tree = sqlglot.parse_one(VIEWS[name], read="bigquery")
    tables = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    personal = {column.name for table in tables for column in contract(table).columns if column.pii != "none"}
    read = {column.name for column in tree.find_all(exp.Column)}
    assert read & personal == set()
    assert not list(tree.find_all(exp.Star))
    # A reason's value may be that of a column with personal data.
    assert "value" not in {column.name for column in tree.find_all(exp.Column) if column.table == "reason"}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_reads_only_the_datasets_that_let_it_in(name: str) -> None:
    tree = sqlglot.parse_one(VIEWS[name], read="bigquery")
    read = {table.db for table in tree.find_all(exp.Table) if table.db}
    text = (MODULE / "views.tf").read_text("utf-8")
    block = text[text.index(f"    {name} = {{") :]
    sources = block[block.index("sources") :].split("\n", 1)[0]
    assert sources.split("=")[1].strip() == "[" + ", ".join(f'"{dataset}"' for dataset in sorted(read)) + "]"
