"""What holds for every file: nothing but our errors, exact round trips, no silent cut, counts that add up."""

import csv
import tempfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mlops.src.data_ingestion import QUARANTINE, RAW, Ingested
from mlops.src.intake.header import LABEL
from mlops.src.intake.rules import is_numeric
from mlops.tests.intake.telco_files import (
    COLUMNS,
    NAMES,
    MemoryPlatform,
    Record,
    fields_of,
    records,
    take_in,
    telco_csv,
)
from telecom.errors import InputRefused
from telecom.tables import Column

HEADER = ",".join(NAMES).encode() + b"\n"
BLANKS = st.sampled_from(["", " ", "\t"])


def texts_of(column: Column) -> st.SearchStrategy[str]:
    """Valid texts of a column."""
    if column.values:
        valid: st.SearchStrategy[str] = st.sampled_from(column.values)
    elif is_numeric(column):
        top = int(column.maximum or 0)
        valid = st.integers(0, top).map(str)
        if not column.pattern:
            valid = st.one_of(valid, st.decimals(0, top, places=2).map(lambda number: f"{number:f}"))
    else:
        valid = st.from_regex(column.pattern, fullmatch=True)
    return st.one_of(valid, st.just("")) if column.mode == "NULLABLE" else valid


VALID = st.lists(
    st.fixed_dictionaries({column.name: texts_of(column) for column in COLUMNS}),
    min_size=1,
    max_size=3,
    unique_by=lambda row: row["customerID"],
)


@st.composite
def layouts(draw: st.DrawFn, rows: list[Record]) -> tuple[bytes, list[int], tuple[str, ...]]:
    """A file with the rows in any lawful dress; where each record ends (its line end excluded); the columns."""
    names = draw(st.permutations(NAMES if draw(st.booleans()) else [name for name in NAMES if name != LABEL]))
    newline, quote_all = draw(st.sampled_from(["\n", "\r\n", "\r"])), draw(st.booleans())
    parts = ["\ufeff" if draw(st.booleans()) else "", ",".join(names)]
    ends = []
    for row in rows:
        quoted = -1 if quote_all else draw(st.integers(0, 2 ** len(names) - 1))
        before, after = draw(BLANKS), draw(BLANKS)
        fields = [f"{before}{row[name]}{after}" for name in names]
        line = ",".join(f'"{field}"' if quoted >> n & 1 else field for n, field in enumerate(fields))
        parts += [newline, line]
        ends.append(len("".join(parts).encode()))
    return "".join([*parts, newline]).encode(), ends, tuple(names)


FILES = VALID.flatmap(lambda rows: st.tuples(st.just(rows), layouts(rows)))


def attempt(data: bytes) -> tuple[Ingested, MemoryPlatform] | InputRefused:
    """The outcome; anything but a result or one of our errors is a failure of the test."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            result, platform = take_in(data, Path(folder))
        except InputRefused as refused:
            assert refused.read == refused.accepted + refused.refused and refused.accepted == 0
            return refused
    taken, refusals = platform.rows[RAW], platform.rows[QUARANTINE]
    assert (result.accepted, result.refused) == (len(taken), len(refusals))
    assert result.read == result.accepted + result.refused and result.refused == sum(result.by_reason.values())
    numbers = [int(str(row["source_row"])) for row in taken]
    assert numbers == sorted(numbers)
    assert {*numbers, *(row["source_row"] for row in refusals)} == set(range(1, result.read + 1))
    return result, platform


def expected(rows: list[Record], names: tuple[str, ...]) -> list[Record]:
    return [{name: row[name] if name in names else "" for name in NAMES} for row in rows]


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=200).map(HEADER.__add__),
        st.text(',"\r\n;7é', max_size=90).map(lambda t: HEADER + t.encode()),
    )
)
@example(b"\xef\xbb\xbf")
@example(HEADER + b'"')
@example(HEADER + b"," * 20)
@example(HEADER + b'"\n",' * 20)
def test_any_bytes_are_taken_or_refused_in_our_words(data: bytes) -> None:
    attempt(data)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_damaged_file_is_taken_or_refused_in_our_words(data: st.DataObject) -> None:
    good = telco_csv(records(120))
    at = data.draw(st.integers(0, len(good)))
    gone = data.draw(st.integers(0, 40))
    attempt(
        good[:at]
        + data.draw(st.one_of(st.binary(max_size=5), st.sampled_from([b'"', b",", b"\n"])))
        + good[at + gone :]
    )


@settings(max_examples=40, deadline=None)
@given(FILES)
def test_a_valid_file_in_any_dress_round_trips(
    file: tuple[list[Record], tuple[bytes, list[int], tuple[str, ...]]],
) -> None:
    rows, (data, _, names) = file
    outcome = attempt(data)
    assert not isinstance(outcome, InputRefused), outcome
    assert fields_of(outcome[1]) == expected(rows, names)
    assert outcome[0].labelled == any(row[LABEL] for row in expected(rows, names))


@settings(max_examples=80, deadline=None)
@given(FILES, st.data())
def test_a_cut_file_is_refused_or_gives_exactly_its_whole_records(
    file: tuple[list[Record], tuple[bytes, list[int], tuple[str, ...]]], data: st.DataObject
) -> None:
    rows, (whole, ends, names) = file
    near = data.draw(st.sampled_from(ends)) - data.draw(st.integers(-2, 12))
    cut = data.draw(st.sampled_from([near, data.draw(st.integers(0, len(whole)))]))
    assume(cut < len(whole))
    outcome = attempt(whole[:cut])
    if isinstance(outcome, InputRefused):
        return
    taken = fields_of(outcome[1])
    assert taken == expected(rows, names)[: len(taken)]
    whole_records = sum(end <= cut for end in ends)
    whole_but_for_a_blank = sum(end - 1 <= cut for end in ends)
    assert whole_records <= len(taken) <= whole_but_for_a_blank


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("last", ["Churn", "TotalCharges", "customerID", "OnlineBackup"])
def test_every_cut_of_the_last_field(newline: str, quoting: Literal[0, 1], last: str) -> None:
    """The last value is 'No internet service', '358.2', …: each of its beginnings looks like a value or a blank."""
    rows = records(2, OnlineBackup="No internet service", Churn="Yes")
    names = [*(name for name in NAMES if name != last), last]
    whole = telco_csv(rows, names, newline, quoting)
    field = len(rows[1][last]) + (2 if quoting == csv.QUOTE_ALL else 0)
    for cut in range(len(whole) - len(newline) - field, len(whole)):
        outcome = attempt(whole[:cut])
        if isinstance(outcome, InputRefused):
            assert outcome.reason == "truncated"
        else:
            assert cut >= len(whole) - len(newline) and fields_of(outcome[1]) == rows
