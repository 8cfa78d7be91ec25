"""The two engines, side by side, holding the same rows."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from telecom.adapters.local import warehouse as local
from telecom.ports import Warehouse
from tests.parity.compare import arrow_type, difference
from tests.parity.emulator import PYTHON, Emulator
from tests.parity.statements import Statement
from tests.parity.world import Asked, build, tables


@dataclass(frozen=True)
class Engines:
    """Ours, theirs, and what the jobs asked while the data were made."""

    ours: Warehouse
    theirs: Emulator
    asked: frozenset[Asked]

    def compare(self, statement: Statement) -> tuple[int, str]:
        """Rows that our engine gave, and how theirs differs (empty when it does not).

        Raises:
            GoogleAPICallError: theirs cannot run it.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "contracts", tables)
            here = self.ours.query(statement.sql, statement.parameters)
        fields, there = self.theirs.query(statement.sql, statement.parameters)
        # BigQuery's column names do not differ by case; bqemulator writes some in lower case.
        ours: list[Any] = [(f.name.casefold(), arrow_type(f.type)) for f in here.schema]
        theirs: list[Any] = [(f.name.casefold(), f.field_type) for f in fields]
        if unlike := [f"{one} here, {other} there" for one, other in zip(ours, theirs, strict=True) if one != other]:
            return here.num_rows, "; ".join(unlike)
        rows = zip(*(column.to_pylist() for column in here.columns), strict=True)
        return here.num_rows, difference(rows, there, statement.ordered)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    if "PARITY" not in os.environ or not PYTHON.exists():
        pytest.skip("SQL PARITY NOT CHECKED: it needs a BigQuery emulator that others wrote. Run: make parity")
    folder = tmp_path_factory.mktemp("parity")
    with pytest.MonkeyPatch.context() as patch, Emulator() as theirs:
        patch.setattr(local, "contracts", tables)
        ours, asked = build(folder)
        for table, rules in tables().items():
            theirs.create(rules, ours.query(f"SELECT * FROM {table}").to_pylist())
        patch.undo()
        yield Engines(ours, theirs, asked)
