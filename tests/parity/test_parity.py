"""Every SELECT of ours gives the same rows on the local engine and on a BigQuery that others wrote.

Runs with `make parity`, which installs that emulator (bqemulator) into an environment of its own; without it each test
is skipped and says so. docs/mlops/google-cloud.md tells what this proves and what not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest
from google.api_core.exceptions import GoogleAPICallError

from tests.parity.compare import difference
from tests.parity.conftest import Engines
from tests.parity.emulator import ROOT
from tests.parity.statements import Statement, drift, files, quality, sent, whole_tables

FILES = files()


@dataclass(frozen=True)
class Gap:
    """A statement on which the two differ: why, and how that shows."""

    reason: str
    shows: str


GAPS: Mapping[str, Gap] = {
    "profile telecom_bronze.billing_invoices": Gap(
        "AVG of NUMERIC is NUMERIC in BigQuery and a float in DuckDB; no feature is NUMERIC",
        "('total_amount__mean', 'FLOAT') here, ('total_amount__mean', 'NUMERIC') there",
    ),
}
"""The whole list, also in docs/mlops/google-cloud.md. An entry that no longer holds fails the test."""


def check(engines: Engines, statements: Iterable[Statement]) -> int:
    """All statements; returns the rows compared."""
    wrong, rows = {}, 0
    for statement in statements:
        try:
            found, said = engines.compare(statement)
        except GoogleAPICallError as error:
            found, said = 0, f"{type(error).__name__}: {error}"
        rows += found
        gap = GAPS.get(statement.name)
        if gap and gap.shows not in said:
            wrong[statement.name] = f"is listed as a gap ({gap.shows}), but: {said or 'no difference'}"
        elif said and not gap:
            wrong[statement.name] = said
    assert not wrong
    return rows


@pytest.mark.parametrize("name", FILES)
def test_each_file(engines: Engines, name: str) -> None:
    assert check(engines, FILES[name]), f"no case of {name}.sql gave a row: nothing was compared"


def test_the_tables_themselves(engines: Engines) -> None:
    assert check(engines, whole_tables()) > 5_000


def test_the_rules_of_every_contract(engines: Engines) -> None:
    assert check(engines, quality()) >= 15


def test_the_drift_statements(engines: Engines) -> None:
    assert check(engines, drift()) > 200


def test_what_the_jobs_really_sent(engines: Engines) -> None:
    statements = sent(engines.asked)
    assert {word for s in statements for word in ("__nulls", "cumulated", "AS repeated") if word in s.sql} == {
        "__nulls",
        "cumulated",
        "AS repeated",
    }
    assert check(engines, statements) > 1_000


def test_every_gap_is_one_of_a_known_statement() -> None:
    known = {s.name for group in (*FILES.values(), quality(), drift(), whole_tables()) for s in group}
    assert set(GAPS) <= known


def test_the_documentation_lists_every_gap() -> None:
    page = (ROOT / "docs" / "mlops" / "google-cloud.md").read_text("utf-8")
    assert [name for name in GAPS if f"`{name.rpartition('.')[2]}`" not in page] == []


def test_the_comparison_sees_what_it_must() -> None:
    assert difference([(1, "a"), (2, None)], [(2, None), (1, "a")], ordered=False) == ""
    assert difference([(1, "a"), (2, None)], [(2, None), (1, "a")], ordered=True).startswith("row 0")
    assert difference([(0.1 + 0.2,)], [(0.3,)], ordered=True) == ""
    assert difference([(0.3000001,)], [(0.3,)], ordered=True)
    assert difference([(1,)], [(1.0,)], ordered=True) and difference([(1,)], [(True,)], ordered=True)
    assert difference([([{"a": 1}],)], [([{"a": 2}],)], ordered=True)
    assert difference([(1,)], [], ordered=True) == "1 rows here, 0 there"
