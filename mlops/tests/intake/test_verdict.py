"""Whole files: taken or refused, by reason, with counts that add up."""

import csv
from pathlib import Path

import pytest

from mlops.src.data_ingestion import QUARANTINE
from mlops.tests.intake.telco_files import NAMES, fields_of, record, records, take_in, telco_csv
from telecom.errors import InputRefused

UNLABELLED = NAMES[:-1]
LABEL_FIRST = ("Churn", *UNLABELLED)


def refusal(data: bytes, folder: Path) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        take_in(data, folder)
    error = refused.value
    assert error.accepted == 0 and error.read == error.refused and error.remedy
    assert "telco.csv" in error.message
    return error


@pytest.mark.parametrize(
    "data",
    [
        telco_csv(records(3)),
        telco_csv(records(3), newline="\r\n"),
        telco_csv(records(3), newline="\r"),
        b"\xef\xbb\xbf" + telco_csv(records(3), newline="\r\n"),
        telco_csv(records(3))[:-1],
        telco_csv(records(3), quoting=csv.QUOTE_ALL),
        telco_csv(records(3), quoting=csv.QUOTE_ALL, names=NAMES[::-1])[:-1],
        b"\n\n" + telco_csv(records(3)).replace(b"\n", b"\n\n") + b"\n\n",
        telco_csv([record(n) | {"PaymentMethod": f" {record(n)['PaymentMethod']}\t"} for n in (1, 2, 3)]),
        telco_csv([record(n) | {"Contract": f"{record(n)['Contract']}\n"} for n in (1, 2, 3)]),
        telco_csv(records(3), names=NAMES[::-1]),
        telco_csv(records(3), names=UNLABELLED[::-1]),
    ],
    ids=range(12),
)
def test_accepted_forms(tmp_path: Path, data: bytes) -> None:
    result, platform = take_in(data, tmp_path)
    assert (result.read, result.accepted, result.refused) == (3, 3, 0)
    labelled = b"Churn" in data
    assert fields_of(platform) == [record(n) if labelled else record(n, Churn="") for n in (1, 2, 3)]
    assert list(platform.lake.values()) == [data]


@pytest.mark.parametrize("blank", ["", " ", "  "])
def test_blank_total_charges(tmp_path: Path, blank: str) -> None:
    result, platform = take_in(telco_csv([record(1, TotalCharges=blank)]), tmp_path)
    assert result.accepted == 1 and platform.rows["telecom_bronze.telco_churn_raw"][0]["TotalCharges"] is None


def test_a_blank_label_is_no_label(tmp_path: Path) -> None:
    result, _ = take_in(telco_csv(records(2, Churn="")), tmp_path)
    assert (result.accepted, result.labelled) == (2, False)


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n\r\n"])
def test_header_only(tmp_path: Path, tail: bytes) -> None:
    error = refusal(",".join(NAMES).encode() + tail, tmp_path)
    assert (error.reason, error.read) == ("header_only", 0)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (telco_csv(records(3))[:-60], 3),
        (telco_csv(records(3))[:-60] + b"\n", 3),
        (telco_csv(records(3, Churn="Yes"))[:-2], 3),
        (telco_csv(records(3))[: -len("Yes\n")], 3),
        (telco_csv(records(3, Churn="Yes"), quoting=csv.QUOTE_ALL)[:-2], 3),
        (telco_csv(records(3, Churn="Yes"), quoting=csv.QUOTE_ALL)[:-5], 3),
        (telco_csv(records(3), UNLABELLED)[:-1], 3),
        (telco_csv(records(3), UNLABELLED)[:-3], 3),
        (telco_csv(records(3), NAMES[::-1])[:-2], 3),
        (telco_csv(records(3, OnlineBackup="No"), [*sorted(set(NAMES) - {"OnlineBackup"}), "OnlineBackup"])[:-1], 3),
        (telco_csv(records(3)) + b"0", 4),
    ],
    ids=range(11),
)
def test_truncated(tmp_path: Path, data: bytes, read: int) -> None:
    error = refusal(data, tmp_path)
    assert (error.reason, error.read) == ("truncated", read)


def test_a_bad_record_at_the_end_is_set_aside_where_nothing_is_cut(tmp_path: Path) -> None:
    result, _ = take_in(telco_csv([*records(150), record(151, gender="?")])[:-1], tmp_path)
    assert (result.accepted, result.by_reason) == (150, {"value_not_allowed": 1})
    result, _ = take_in(telco_csv(records(150)) + b"x," * 30, tmp_path)
    assert (result.accepted, result.by_reason) == (150, {"wrong_field_count": 1})


@pytest.mark.parametrize("names", [NAMES, NAMES[::-1], LABEL_FIRST, UNLABELLED, ("customerID", "Churn")])
def test_a_second_header(tmp_path: Path, names: tuple[str, ...]) -> None:
    more = ",".join(f" {name}" for name in names).encode() + b"\n"
    lines = telco_csv(records(150)).splitlines(keepends=True)
    error = refusal(b"".join([*lines[:80], more, *lines[80:]]), tmp_path)
    assert (error.reason, error.read) == ("repeated_header", 151)
    assert "record 80" in error.message


def test_duplicates_are_named_with_their_records(tmp_path: Path) -> None:
    rows = [*records(300), record(7), record(9), record(7)]
    error = refusal(telco_csv(rows), tmp_path)
    assert (error.reason, error.read) == ("duplicate_ids", 303)
    assert "2 customers" in error.message
    assert (
        "'0007-ABCDE' in records [7, 301, 303]" in error.message and "'0009-ABCDE' in records [9, 302]" in error.message
    )


def test_a_duplicate_counts_even_where_one_of_the_two_is_bad(tmp_path: Path) -> None:
    error = refusal(telco_csv([*records(300), record(7, gender="?")]), tmp_path)
    assert error.reason == "duplicate_ids"


def test_records_without_a_customer_are_no_duplicates(tmp_path: Path) -> None:
    nameless = [record(n, customerID="") for n in (801, 802)]
    result, _ = take_in(telco_csv([*records(300), *nameless]), tmp_path)
    assert result.by_reason == {"missing_value": 2}


@pytest.mark.parametrize("value", ["Infinity", "-inf", "NaN", "nan", "1e999"])
@pytest.mark.parametrize("column", ["tenure", "MonthlyCharges", "TotalCharges"])
def test_one_number_that_is_not_finite_refuses_the_file(tmp_path: Path, column: str, value: str) -> None:
    error = refusal(telco_csv([*records(150), record(151, **{column: value})]), tmp_path)
    assert (error.reason, error.read) == ("non_finite_number", 151)
    assert repr(value) in error.message and column in error.message and "record 151" in error.message


@pytest.mark.parametrize("column", ["gender", "tenure", "Churn", "customerID"])
def test_a_quote_that_swallows_records_refuses_the_file(tmp_path: Path, column: str) -> None:
    lines = telco_csv(records(500)).decode().splitlines(keepends=True)
    at = NAMES.index(column)
    for number, quoted in ((100, '"{}'), (140, '{}"')):
        fields = lines[number].rstrip("\n").split(",")
        fields[at] = quoted.format(fields[at])
        lines[number] = ",".join(fields) + "\n"
    assert refusal("".join(lines).encode(), tmp_path).reason == "broken_quotes"


def test_a_quote_that_swallows_one_line_end_refuses_the_file(tmp_path: Path) -> None:
    data = telco_csv(records(500), quoting=csv.QUOTE_ALL)
    lines = data.splitlines(keepends=True)
    lines[200] = lines[200].replace(b'"\n', b"\n")
    assert refusal(b"".join(lines), tmp_path).reason == "broken_quotes"


def test_a_stray_quote_within_a_field_costs_one_record(tmp_path: Path) -> None:
    lines = telco_csv(records(500)).splitlines(keepends=True)
    lines[200] = lines[200].replace(b"ale,", b'ale",')
    result, platform = take_in(b"".join(lines), tmp_path)
    assert (result.accepted, result.by_reason) == (499, {"value_not_allowed": 1})
    assert platform.rows[QUARANTINE][0]["source_row"] == 200


def test_all_refusals_are_counted_but_not_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops.src.intake.staging.KEPT_REFUSALS", 5)
    error = refusal(telco_csv([record(n, gender="?") for n in range(1, 201)]), tmp_path)
    assert (error.reason, error.read) == ("too_many_bad_rows", 200)
    assert "value_not_allowed 200 (first: record 1, gender = '?')" in error.message
    assert "a copy of 5 of them" in error.remedy


def test_reading_stops_where_the_file_can_only_be_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops.src.intake.staging.KEPT_REFUSALS", 5)
    error = refusal(telco_csv(records(100)) + b"x,y\n" * 10_000, tmp_path)
    assert error.reason == "too_many_bad_rows" and error.read < 300
    assert "wrong_field_count 103 (first: record 101, 2 fields)" in error.message
    assert "the other records were not judged" in error.message
