"""Which labelled customers a model learns from."""

from datetime import UTC, date, datetime

from mlops.src import data_prep_churn
from mlops.src.training_data import ALL, FOREVER, selection
from mlops.src.utils_bigquery import load_query
from mlops.tests.conftest import Insert
from telecom.bootstrap import Platform
from telecom.progress import Silent

DAY = date(2026, 11, 20)


def prepare(platform: Platform) -> None:
    data_prep_churn.run(platform.warehouse, Silent(), now=datetime(2026, 11, 20, 12, tzinfo=UTC))


def chosen(platform: Platform, most: int, up_to: date | None = None) -> set[str]:
    parameters = selection(platform.warehouse, up_to, most)
    return set(platform.warehouse.query(load_query("training_rows"), parameters)["customer_id"].to_pylist())


def test_all_are_taken_unless_they_are_too_many(platform: Platform, insert: Insert) -> None:
    charges = [(n, 20 + n / 10) for n in range(400)]
    insert(
        *(
            {"customerID": f"{n:04}-AAAAA", "MonthlyCharges": f"{c:.1f}", "TotalCharges": f"{10 * c:.0f}"}
            for n, c in charges
        )
    )
    prepare(platform)
    assert selection(platform.warehouse, None, 400) == {"up_to": FOREVER, "below": ALL}
    assert len(chosen(platform, 400)) == 400
    half, tenth = chosen(platform, 200), chosen(platform, 40)
    assert 160 <= len(half) <= 240 and 20 <= len(tenth) <= 60
    assert tenth < half, "a larger sample holds the smaller one"
    assert chosen(platform, 200) == half


def test_who_is_labelled_later_does_not_count(platform: Platform, insert: Insert) -> None:
    insert({"customerID": "0001-AAAAA"}, day=date(2026, 10, 20))
    insert({"customerID": "0001-AAAAA"}, {"customerID": "0002-BBBBB", "MonthlyCharges": "44"})
    prepare(platform)
    assert chosen(platform, 10, date(2026, 10, 31)) == {"0001-AAAAA"}
    assert chosen(platform, 10, DAY) == {"0001-AAAAA", "0002-BBBBB"}
