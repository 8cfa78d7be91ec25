from datetime import UTC, date, datetime, timedelta, timezone
from math import inf, nan

import pytest

from mlops.src.report import words


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.84932, 3, "0.849"),
        (1234567.5, 1, "1,234,567.5"),
        (-0.5, 2, "−0.50"),
        (-0.0001, 2, "0.00"),
        (None, 2, "–"),
        (nan, 2, "–"),
        (inf, 2, "–"),
    ],
)
def test_decimal(value, digits, text):
    assert words.decimal(value, digits) == text


def test_signed_figures_always_show_their_sign():
    assert [words.signed(v) for v in (0.5, -0.5, 0.0, None)] == ["+0.50", "−0.50", "+0.00", "–"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (12.345, "12.35"),
        (999.99, "999.99"),
        (1000.4, "1,000"),
        (9_999_999, "9,999,999"),
        (18_400_000, "18.40 million"),
        (-2.5e9, "−2.50 billion"),
        (3e12, "3.00 trillion"),
    ],
)
def test_large_amounts_are_shortened_only_from_ten_million(amount, text):
    assert words.short_money(amount) == text


def test_percent_interval_and_small_probabilities():
    assert words.percent(0.1234) == "12.3%"
    assert words.percent(None) == "–"
    assert words.interval(0.1, 0.25) == "0.100 to 0.250"
    assert words.interval(0.1, None) == "–"
    assert words.probability(1e-9) == "< 0.001"
    assert words.probability(0.0123) == "0.012"


def test_nouns_agree_with_their_number():
    assert words.customers(1) == "1 customer"
    assert words.customers(10_000_000) == "10,000,000 customers"
    assert words.months(1.0) == "1 month"
    assert words.months(7.5) == "7.5 months"


def test_times_are_shown_in_utc_whatever_their_zone():
    late = datetime(2026, 3, 5, 23, 30, tzinfo=timezone(timedelta(hours=-3)))
    assert words.moment(late) == "6 March 2026, 02:30 UTC"
    assert words.moment(datetime(2026, 3, 5, 23, 30)) == words.moment(datetime(2026, 3, 5, 23, 30, tzinfo=UTC))
    assert words.day(date(2026, 12, 1)) == "1 December 2026"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("monthly_charges", "Monthly charges"),
        ("roc_auc", "ROC AUC"),
        ("roc_auc by senior_citizen", "ROC AUC by senior citizen"),
        ("SeniorCitizen", "SeniorCitizen"),
        ("", ""),
    ],
)
def test_label(name, text):
    assert words.label(name) == text
