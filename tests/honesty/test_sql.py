"""SQL in the documentation runs: every statement, on the tables as the contracts describe them, still empty."""

import re
from pathlib import Path

import pytest

from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import QueryError
from telecom.settings import Settings
from tests.honesty.documents import ROOT, blocks, commands, pages

IN_BLOCKS = [(str(block), block.text) for page in pages() for block in blocks(page, "sql")]
FROM_FILE = re.compile(r"\$\(cat ([^)]+)\)")
IN_COMMANDS = [
    (command.where, FROM_FILE.sub(lambda named: (ROOT / named[1]).read_text("utf-8"), command.words[1]))
    for page in pages()
    for command in commands(page, "telecom")
    if len(command.words) > 1 and command.words[0] == "query"
]


@pytest.fixture
def warehouse(tmp_path: Path) -> LocalWarehouse:
    return LocalWarehouse(Settings(home=tmp_path / "empty"))


@pytest.mark.parametrize(("where", "sql"), IN_BLOCKS + IN_COMMANDS)
def test_it_runs(warehouse: LocalWarehouse, where: str, sql: str) -> None:
    assert warehouse.query(sql).num_columns, where


def test_there_is_some_to_run() -> None:
    assert len(IN_BLOCKS) >= 3 and len(IN_COMMANDS) >= 2


@pytest.mark.parametrize(
    "sql", ["SELECT nothing FROM telecom_gold.telco_churn_scored", "SELECT 1 FROM no.table", "SELEC 1"]
)
def test_wrong_sql_would_be_noticed(warehouse: LocalWarehouse, sql: str) -> None:
    with pytest.raises(QueryError):
        warehouse.query(sql)
