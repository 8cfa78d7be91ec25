"""Preparation: known answers for every derived column, and what happens again, late, or with bad data."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mlops.src import data_prep_churn
from mlops.src.utils_bigquery import load_query
from mlops.tests.conftest import Insert
from telecom.bootstrap import Platform
from telecom.errors import GateRefused, NotFound
from telecom.progress import Silent

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


def prepare(platform: Platform, **arguments: Any) -> data_prep_churn.Prepared:
    return data_prep_churn.run(platform.warehouse, Silent(), now=NOW, **arguments)


def rows(platform: Platform, table: str = data_prep_churn.FEATURES) -> list[dict[str, Any]]:
    return platform.warehouse.query(f"SELECT * FROM {table} ORDER BY snapshot_date, customer_id").to_pylist()


def test_silver_is_typed(platform: Platform, insert: Insert) -> None:
    insert({})
    prepare(platform)
    (row,) = rows(platform, data_prep_churn.CLEAN)
    assert row["senior_citizen"] is False and row["partner"] is True
    assert (row["tenure_months"], row["monthly_charges"], row["total_charges"]) == (10, 62.5, 600.0)
    assert row["churned"] is False and row["total_charges_imputed"] is False


def test_gold_columns_known_answers(platform: Platform, insert: Insert) -> None:
    insert({})
    prepare(platform)
    (row,) = rows(platform)
    expected = {
        "feature_timestamp": datetime(2026, 11, 20, tzinfo=UTC),
        "tenure_band": "7-12",
        "contract_months": 12,
        "months_to_renewal": 2,
        "autopay": True,
        "monthly_charge_level": 65.0,
        "average_monthly_charge": 60.0,
        "charge_change": 2.5,
        "services_count": 4,
        "protection_count": 1,
        "price_per_service": 15.625,
    }
    assert {name: row[name] for name in expected} == expected


def test_tenure_bands(platform: Platform, insert: Insert) -> None:
    bands = {0: "0-6", 6: "0-6", 7: "7-12", 12: "7-12", 13: "13-24", 24: "13-24", 25: "25-48", 48: "25-48", 49: "49+"}
    insert(*[served(number, "One year", tenure) for number, tenure in enumerate(bands)])
    prepare(platform)
    assert {row["tenure_months"]: row["tenure_band"] for row in rows(platform)} == bands


def test_months_to_renewal(platform: Platform, insert: Insert) -> None:
    wanted = [
        ("Month-to-month", 5, 1),
        ("One year", 12, 12),
        ("One year", 11, 1),
        ("Two year", 30, 18),
        ("Two year", 0, 24),
    ]
    insert(*[served(number, contract, tenure) for number, (contract, tenure, _) in enumerate(wanted)])
    prepare(platform)
    assert [(row["contract"], row["tenure_months"], row["months_to_renewal"]) for row in rows(platform)] == wanted


def served(number: int, contract: str, tenure: int) -> dict[str, str | None]:
    """A customer who has paid the same for so many months; ordered by number."""
    paid = {"tenure": str(tenure), "TotalCharges": str(62.5 * tenure)}
    return {"customerID": f"{number:04}-CCCCC", "Contract": contract} | paid


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_total_at_tenure_zero_is_zero(platform: Platform, insert: Insert, blank: str | None) -> None:
    insert({"tenure": "0", "TotalCharges": blank})
    prepare(platform)
    (row,) = rows(platform, data_prep_churn.CLEAN)
    assert (row["total_charges"], row["total_charges_imputed"]) == (0.0, False)
    assert rows(platform)[0]["average_monthly_charge"] == 62.5


def test_rare_blank_totals_are_imputed_and_marked(platform: Platform, insert: Insert) -> None:
    others = [{"customerID": f"{n:04}-BBBBB"} for n in range(40)]
    insert({"TotalCharges": None}, *others)
    prepare(platform)
    marked = [r for r in rows(platform, data_prep_churn.CLEAN) if r["total_charges_imputed"]]
    assert [(r["customer_id"], r["total_charges"]) for r in marked] == [("0001-AAAAA", 625.0)]


def test_many_blank_totals_stop_at_the_gate_and_gold_stays(platform: Platform, insert: Insert) -> None:
    insert({})
    prepare(platform)
    before = rows(platform)
    insert({"TotalCharges": None, "gender": "Male"}, digest="d2", hour=1)
    with pytest.raises(GateRefused, match="total_charges_imputed: 1 of 1 rows") as raised:
        prepare(platform)
    assert raised.value.exit_code == 4
    assert rows(platform) == before
    failed = platform.warehouse.query(
        "SELECT check_name FROM telecom_monitoring.data_quality_results WHERE NOT passed"
    ).to_pylist()
    assert failed == [{"check_name": "total_charges_imputed"}]


def test_a_refused_snapshot_stays_pending_and_silver_keeps_what_it_had(platform: Platform, insert: Insert) -> None:
    insert({})
    prepare(platform)
    before = rows(platform, data_prep_churn.CLEAN)
    insert({"TotalCharges": None}, digest="d2", hour=1)
    for _ in range(2):
        with pytest.raises(GateRefused):
            prepare(platform)
    assert rows(platform, data_prep_churn.CLEAN) == before
    insert({"TotalCharges": "601"}, digest="d3", hour=2)
    assert prepare(platform).snapshots == (DAY,)
    assert prepare(platform).snapshots == ()


def test_a_file_that_was_taken_away_makes_its_snapshot_pending(platform: Platform, insert: Insert) -> None:
    insert({"customerID": "0002-BBBBB"}, digest="d1")
    insert({}, digest="d2", hour=1)
    prepare(platform)
    insert(digest="d1")
    assert prepare(platform).snapshots == (DAY,)
    assert [row["customer_id"] for row in rows(platform)] == ["0001-AAAAA"]


def test_a_change_of_unit_stops_at_the_gate(platform: Platform, insert: Insert) -> None:
    insert({"MonthlyCharges": "6250"})
    with pytest.raises(GateRefused, match="total_near_tenure_times_monthly"):
        prepare(platform)


def test_the_newest_file_wins_but_a_known_label_is_kept(platform: Platform, insert: Insert) -> None:
    insert({"Churn": "Yes", "tenure": "10"}, digest="labelled", hour=1)
    insert({"Churn": None, "tenure": "11"}, digest="later", hour=2)
    prepare(platform)
    (row,) = rows(platform, data_prep_churn.CLEAN)
    assert (row["tenure_months"], row["churned"], row["source_digest"]) == (11, True, "later")


def test_of_several_files_each_customer_comes_from_its_own_newest(platform: Platform, insert: Insert) -> None:
    both, north, south = "0001-BOTH", "0002-NORTH", "0003-SOUTH"
    insert({"customerID": both, "Churn": "No"}, {"customerID": north}, digest="z-oldest", hour=1)
    insert({"customerID": both, "Churn": "Yes", "tenure": "11"}, digest="a-middle", hour=2)
    insert({"customerID": both, "Churn": None, "tenure": "12"}, {"customerID": south}, digest="m-newest", hour=3)
    prepare(platform)
    found = [
        (r["customer_id"], r["source_digest"], r["tenure_months"], r["churned"])
        for r in rows(platform, data_prep_churn.CLEAN)
    ]
    assert found == [
        (both, "m-newest", 12, True),
        (north, "z-oldest", 10, False),
        (south, "m-newest", 10, False),
    ]


def test_files_of_the_same_moment_are_ordered_by_digest(platform: Platform, insert: Insert) -> None:
    insert({"tenure": "12"}, digest="b")
    insert({"tenure": "11"}, digest="a")
    prepare(platform)
    (row,) = rows(platform, data_prep_churn.CLEAN)
    assert (row["tenure_months"], row["source_digest"]) == (11, "a")


def test_another_day_does_not_decide_who_is_repeated(platform: Platform, insert: Insert) -> None:
    insert({"tenure": "9", "Churn": "Yes"}, day=date(2026, 10, 20), digest="z")
    insert({"Churn": None})
    prepare(platform)
    assert [r["churned"] for r in rows(platform, data_prep_churn.CLEAN)] == [True, None]


def test_customers_without_a_label_have_none(platform: Platform, insert: Insert) -> None:
    insert({"Churn": None})
    prepare(platform)
    assert rows(platform, data_prep_churn.CLEAN)[0]["churned"] is None


def test_twins_share_their_split_and_splits_are_near_their_shares(platform: Platform, insert: Insert) -> None:
    people = [
        {
            "customerID": f"{n:04}-{suffix}",
            "MonthlyCharges": f"{20 + n % 600 * 0.15:.2f}",
            "tenure": "3",
            "TotalCharges": "99",
        }
        for n in range(600)
        for suffix in ("AAAAA", "ZZZZZ")
    ]
    insert(*people)
    prepare(platform)
    by_charge: dict[float, set[str]] = {}
    found = rows(platform)
    for row in found:
        by_charge.setdefault(row["monthly_charges"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in by_charge.values())
    shares = {s: sum(r["split"] == s for r in found) / len(found) for s in ("train", "validation", "test")}
    assert shares["train"] == pytest.approx(0.70, abs=0.06)
    assert shares["validation"] == pytest.approx(0.15, abs=0.05)


def test_the_twins_split_is_that_of_their_smallest_id(platform: Platform, insert: Insert) -> None:
    names = [f"{n:04}-AAAAA" for n in range(12)]
    insert(*({"customerID": name, "MonthlyCharges": str(50 + n)} for n, name in enumerate(names)))
    prepare(platform)
    alone = [r["split"] for r in rows(platform)]
    assert len(set(alone)) > 1
    twins = ({"customerID": f"{name}-TWIN", "MonthlyCharges": str(50 + n)} for n, name in enumerate(names))
    insert(*twins, digest="d2", hour=1)
    prepare(platform)
    assert [(r["split"]) for r in rows(platform)] == [split for split in alone for _ in range(2)]


def test_twins_are_alike_in_what_the_model_reads(platform: Platform, insert: Insert) -> None:
    new = {"tenure": "0", "TotalCharges": ""}
    pairs = [
        {**new, "customerID": f"{n:04}-{suffix}", "MonthlyCharges": str(base + cents), "PaymentMethod": method}
        for n, (base, method) in enumerate(
            (b, m) for b in range(20, 120, 5) for m in ("Mailed check", "Electronic check")
        )
        for suffix, cents in (("AAAAA", 0), ("ZZZZZ", 1))
    ]
    insert(*pairs)
    prepare(platform)
    by_pair: dict[str, set[str]] = {}
    for row in rows(platform):
        by_pair.setdefault(row["customer_id"][:4], set()).add(row["split"])
    assert len(by_pair) == 40 and all(len(splits) == 1 for splits in by_pair.values())


def test_nobody_is_tested_who_was_once_trained_on(platform: Platform, insert: Insert) -> None:
    before = date(2026, 10, 20)
    charges = {f"{n:04}-ZZZZZ": str(40 + n) for n in range(60)}
    insert(*({"customerID": name, "MonthlyCharges": charge} for name, charge in charges.items()), day=before)
    older = [{"customerID": name, "MonthlyCharges": charge, "tenure": "11"} for name, charge in charges.items()]
    twins = [row | {"customerID": row["customerID"].replace("Z", "A"), "Churn": None} for row in older]
    insert(*older, *twins)
    prepare(platform)
    split = {(r["snapshot_date"], r["customer_id"]): r["split"] for r in rows(platform)}
    assert any(split[before, name] != split[DAY, name] for name in charges), "twins that arrive later move some"
    found = platform.warehouse.query(load_query("training_rows"), {"up_to": DAY, "below": "g"}).to_pylist()
    order = ["train", "validation", "test"]
    assert {r["customer_id"]: r["split"] for r in found} == {
        name: min(split[before, name], split[DAY, name], key=order.index) for name in charges
    }
    assert {r["snapshot_date"] for r in found} == {DAY}


def test_the_split_of_a_customer_does_not_depend_on_the_company_it_keeps(platform: Platform, insert: Insert) -> None:
    insert({}, {"customerID": "0002-BBBBB", "MonthlyCharges": "70"})
    prepare(platform)
    alone = {r["customer_id"]: r["split"] for r in rows(platform)}
    insert(*({"customerID": f"{n:04}-CCCCC", "MonthlyCharges": str(30 + n)} for n in range(30)), digest="d2", hour=1)
    prepare(platform)
    together = {r["customer_id"]: r["split"] for r in rows(platform)}
    assert {name: together[name] for name in alone} == alone


def test_only_snapshots_with_a_new_file_are_prepared(platform: Platform, insert: Insert) -> None:
    insert({}, day=date(2026, 10, 20))
    insert({})
    assert prepare(platform).snapshots == (date(2026, 10, 20), DAY)
    assert prepare(platform).snapshots == ()
    insert({"tenure": "11"}, digest="d2", hour=3)
    assert prepare(platform).snapshots == (DAY,)
    assert len(prepare(platform, every=True).snapshots) == 2


def test_preparing_again_gives_the_same_rows(platform: Platform, insert: Insert) -> None:
    insert({}, {"customerID": "0002-BBBBB"})
    prepare(platform)
    before = rows(platform)
    assert prepare(platform, snapshot_date=DAY).rows == 2
    assert rows(platform) == before


def test_nothing_to_prepare_is_said(platform: Platform, insert: Insert) -> None:
    with pytest.raises(NotFound, match="telecom ingest"):
        prepare(platform)
    insert({})
    with pytest.raises(NotFound, match="snapshot 2020-01-01"):
        prepare(platform, snapshot_date=date(2020, 1, 1))
