"""The contract's rules over single columns and whole records."""

import pyarrow as pa
import pytest

from mlops.src.intake.rules import NON_FINITE, REASONS, fault_of, judge, screen
from mlops.tests.intake.telco_files import COLUMNS, record
from telecom.tables import Column

BY_NAME = {column.name: column for column in COLUMNS}
MONTHLY = BY_NAME["MonthlyCharges"]


def faults(column: Column, *texts: str) -> list[str]:
    codes = judge(column, pa.array(texts, pa.string()))[1]
    return [""] * len(texts) if codes is None else [REASONS[code] for code in codes]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0", ""),
        ("29.85", ""),
        ("100000", ""),
        ("007", ""),
        (" 29.85\t", ""),
        ("", "missing_value"),
        (" ", "missing_value"),
        ("100000.01", "out_of_range"),
        ("-0.01", "out_of_range"),
        ("abc", "not_a_number"),
        ("N/A", "not_a_number"),
        ("29.85x", "not_a_number"),
        ("-", "not_a_number"),
        ("29,85", "not_plain_decimal"),
        ("1,234.50", "not_plain_decimal"),
        ("1.234,50", "not_plain_decimal"),
        ("1 234", "not_plain_decimal"),
        ("$29.85", "not_plain_decimal"),
        ("+1", "not_plain_decimal"),
        (".5", "not_plain_decimal"),
        ("5.", "not_plain_decimal"),
        ("1e3", "not_plain_decimal"),
        ("1_000", "not_plain_decimal"),
        ("٣", "not_plain_decimal"),
        ("NaN", "non_finite_number"),
        ("nan", "non_finite_number"),
        ("inf", "non_finite_number"),
        ("-Infinity", "non_finite_number"),
        ("1e999", "non_finite_number"),
        ("9" * 400, "non_finite_number"),
    ],
)
def test_numbers(text: str, fault: str) -> None:
    assert faults(MONTHLY, "1.5", text, "2.5") == ["", fault, ""]


def test_blank_is_fine_only_where_the_contract_says_so() -> None:
    assert faults(BY_NAME["TotalCharges"], "", "  ", "1") == ["", "", ""]
    assert faults(BY_NAME["Churn"], "", "Yes", "yes") == ["", "", "value_not_allowed"]
    assert faults(BY_NAME["gender"], "", "Female", "female") == ["missing_value", "", "value_not_allowed"]


@pytest.mark.parametrize("name", ["7590-VHVEG", "a", "A" * 64, "x.y_z-1"])
def test_customers_that_keep_the_pattern(name: str) -> None:
    assert faults(BY_NAME["customerID"], name) == [""]


@pytest.mark.parametrize("name", ["-a", "A" * 65, "a b", "a\nb", "a\n\nb", "é", "a'b", "../a", "\xa0a"])
def test_customers_that_break_the_pattern(name: str) -> None:
    assert faults(BY_NAME["customerID"], name) == ["pattern_mismatch"]


def test_every_value_of_every_vocabulary_is_allowed_and_no_other() -> None:
    for column in COLUMNS:
        if column.values:
            assert faults(column, *column.values, "?") == [""] * len(column.values) + ["value_not_allowed"]


def test_a_column_with_numbers_and_a_pattern_is_judged_by_both() -> None:
    found = faults(BY_NAME["tenure"], "12", "12.5", "-1", "x")
    assert found == ["", "pattern_mismatch", "out_of_range", "not_a_number"]


def test_a_column_with_a_least_value_only() -> None:
    column = Column(name="x", type="STRING", description="x", minimum=1)
    assert faults(column, "1", "0", "99999999999999999999", "") == ["", "out_of_range", "", ""]


def test_only_surrounding_blanks_are_removed() -> None:
    texts, _ = judge(BY_NAME["Contract"], pa.array([" One year ", "Two year", "\tOne  year"]))
    assert texts.to_pylist() == ["One year", "Two year", "One  year"]


def test_the_first_fault_of_a_record_counts_unless_a_number_is_not_finite() -> None:
    rows = [record(1), record(2, gender="?", tenure="x"), record(3, gender="?", tenure="inf")]
    screened = screen(COLUMNS, pa.RecordBatch.from_pylist(rows))
    assert [REASONS[code] for code in screened.reason] == ["", "value_not_allowed", "non_finite_number"]
    assert [COLUMNS[at].name for at in screened.column[1:]] == ["gender", "tenure"]
    assert screened.reason[2] == NON_FINITE


def test_a_fault_is_named_for_a_single_text_too() -> None:
    assert fault_of(MONTHLY, "1,5") == "not_plain_decimal"


def test_no_records_are_no_faults() -> None:
    screened = screen(COLUMNS, pa.RecordBatch.from_pylist([record(1)]).slice(0, 0))
    assert len(screened.reason) == 0
