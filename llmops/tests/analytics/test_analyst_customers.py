"""Scored customers: filters, order, pages, snapshots, and the file of all of them."""

import csv
import io
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pytest

from llmops.analytics import csv_files, customers
from llmops.analytics.asking import CustomersWanted, Filters, SnapshotsWanted, wanted_of
from llmops.analytics.customers import CustomersPage
from llmops.analytics.reading import BoundedReader
from llmops.tests.analytics.analyst_world import BEFORE, COUNT, analyst_world, customer
from llmops.tests.small_world import DAY
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import InputRefused, NotFound

__all__ = ["analyst_world"]
ALL = [customer(place) for place in range(COUNT)]


def page(warehouse: LocalWarehouse, **asked: Any) -> CustomersPage:
    wanted = wanted_of(CustomersWanted, urlencode({"limit": 100} | asked).encode())
    return customers.page(BoundedReader(warehouse, 20), wanted, DAY)


def numbers(found: CustomersPage) -> list[str]:
    return [each.customer_id for each in found.customers]


def test_the_newest_snapshot_comes_with_all_that_is_known_of_its_customers(analyst_world: LocalWarehouse) -> None:
    found = page(analyst_world, sort="customer_id", limit=7)
    assert (found.snapshot_date, found.total) == (DAY, COUNT)
    assert [(each.snapshot_date, each.customers, each.model_version) for each in found.snapshots] == [
        (DAY, COUNT, "2"), (BEFORE, COUNT, "1"),
    ]  # fmt: skip
    third = found.customers[2]
    assert (third.customer_id, third.contract, third.plan, third.tenure_band, third.tenure_months) == (
        "0002-ABCDE", "Two year", "Fiber optic", "13-24", 2,
    )  # fmt: skip
    assert third.expected_loss == pytest.approx(0.74 * 22 * 12)
    assert [(reason.feature, reason.contribution) for reason in third.top_reasons] == [
        ("contract", -0.4), ("tenure_months", 0.2),
    ]  # fmt: skip
    assert third.top_reasons[0].words == "contrato de 24 meses"


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ({"segment": "high"}, lambda row: row["risk_segment"] == "high"),
        ({"contract": "Two year"}, lambda row: row["contract"] == "Two year"),
        ({"plan": "No"}, lambda row: row["internet_service"] == "No"),
        ({"tenure": "49+"}, lambda row: row["tenure_band"] == "49+"),
        ({"reason": "contract"}, lambda row: int(row["customer_id"][:4]) % 2 == 1),
        ({"reason": "tech_support"}, lambda row: len(row["top_reasons"]) == 3),
        ({"reason": "partner"}, lambda row: False),
        ({"min_probability": "0.3", "max_probability": "0.5"}, lambda row: 0.3 <= row["churn_probability"] <= 0.5),
        ({"search": "03-ab"}, lambda row: "03-AB" in row["customer_id"]),
        ({"search": "%"}, lambda row: False),
        ({"segment": "high", "plan": "DSL"},
         lambda row: (row["risk_segment"], row["internet_service"]) == ("high", "DSL")),
    ],
)  # fmt: skip
def test_filters_leave_exactly_those_that_they_name(
    analyst_world: LocalWarehouse, asked: dict[str, str], holds: Any
) -> None:
    found, wanted = page(analyst_world, **asked), {row["customer_id"] for row in ALL if holds(row)}
    assert set(numbers(found)) == wanted and found.total == len(wanted) == len(found.customers)


@pytest.mark.parametrize(
    "column", ["churn_probability", "expected_loss", "monthly_charges", "tenure_months", "contract"]
)
@pytest.mark.parametrize("way", ["", "-"])
def test_an_order_holds_over_all_pages(analyst_world: LocalWarehouse, column: str, way: str) -> None:
    def key(row: dict[str, Any]) -> Any:
        return row["churn_probability"] * row["monthly_charges"] if column == "expected_loss" else row[column]

    wanted = sorted(sorted(ALL, key=lambda row: row["customer_id"]), key=key, reverse=bool(way))
    if way:  # a stable sort keeps those alike in the order of their numbers
        wanted = sorted(sorted(ALL, key=lambda row: row["customer_id"]), key=lambda row: _negative(key(row)))
    parts = [page(analyst_world, sort=way + column, limit=23, offset=offset) for offset in range(0, COUNT, 23)]
    assert [number for part in parts for number in numbers(part)] == [row["customer_id"] for row in wanted]
    assert {part.total for part in parts} == {COUNT}


def _negative(value: Any) -> Any:
    return [-ord(letter) for letter in value] if isinstance(value, str) else -value


def test_beyond_the_last_page_nobody_is_left(analyst_world: LocalWarehouse) -> None:
    found = page(analyst_world, offset=COUNT)
    assert (found.total, found.customers) == (COUNT, ())


def test_an_older_snapshot_may_be_named_and_an_unknown_one_not(analyst_world: LocalWarehouse) -> None:
    found = page(analyst_world, snapshot=str(BEFORE))
    assert found.snapshot_date == BEFORE and {each.churn_probability for each in found.customers} == {0.5}
    with pytest.raises(NotFound, match="2020-01-01"):
        page(analyst_world, snapshot="2020-01-01")


@pytest.mark.parametrize(
    "query",
    ["segment=huge", "limit=0", "limit=9999", "sort=top_reasons", "sort=customer_id;DROP", "other=1",
     "min_probability=2", "segment=low&segment=high", "offset=-1",
     "snapshot=yesterday", "reason=A%27", "search=" + "x" * 65, "%ff=1"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(query: str) -> None:
    with pytest.raises(InputRefused) as refused:
        wanted_of(CustomersWanted, query.encode())
    assert refused.value.reason == "wrong_filter"
    with pytest.raises(InputRefused):
        wanted_of(SnapshotsWanted, b"snapshots=1000")


def test_the_file_has_the_same_customers_in_the_same_order(analyst_world: LocalWarehouse) -> None:
    wanted = wanted_of(Filters, b"segment=high&sort=-expected_loss")
    batches = customers.export(analyst_world, wanted, DAY, 20)
    text = b"".join(csv_files.pieces(batches, customers.EXPORTED)).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["customer_id"] for row in rows] == numbers(page(analyst_world, segment="high", sort="-expected_loss"))
    assert tuple(rows[0]) == customers.EXPORTED
    assert rows[0]["top_reasons"].startswith("contract=") and "; tenure_months=" in rows[0]["top_reasons"]


def test_a_file_without_customers_still_names_its_columns(analyst_world: LocalWarehouse) -> None:
    batches = customers.export(analyst_world, wanted_of(Filters, b"reason=partner"), DAY, 20)
    assert b"".join(csv_files.pieces(batches, customers.EXPORTED)).decode().split(",")[1] == '"customer_id"'


def test_a_spreadsheet_runs_nothing_of_a_file() -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1", "a=b", "", None, 'say "hi", twice\nthree']
    batch = pa.RecordBatch.from_pydict({"text": texts, "number": [-1.0] * len(texts)})
    rows = list(csv.reader(io.StringIO(b"".join(csv_files.pieces(iter([batch]), ())).decode())))
    assert [row[0] for row in rows[1:]] == [
        "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'＝1", "a=b", "", "", 'say "hi", twice\nthree',
    ]  # fmt: skip
    assert {row[1] for row in rows[1:]} == {"-1"}


def test_only_the_first_batch_brings_the_names() -> None:
    batch = pa.RecordBatch.from_pydict({"a": [1]})
    assert b"".join(csv_files.pieces(iter([batch, batch]), ())) == b'"a"\n1\n1\n'


def test_reasons_are_told_in_a_line_and_a_formula_in_them_is_harmless() -> None:
    kind = pa.list_(pa.struct([("feature", pa.string()), ("value", pa.string()), ("contribution", pa.float64())]))
    told = pa.array(
        [
            [{"feature": "=x", "value": "1"}, {"feature": "b", "value": None}],
            [],
            None,
            [{"feature": "c", "value": "d"}],
        ],
        kind,
    )
    assert csv_files.joined_reasons(told).to_pylist() == ["=x=1; b=", "", "", "c=d"]
    sliced = csv_files.joined_reasons(told.slice(3))
    assert sliced.to_pylist() == ["c=d"]
