"""When a champion is retrained: each rule alone, what overrules it, and that noise does not trigger."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from mlops.src import retraining_need, training_data
from mlops.src.config import ChurnConfig
from mlops.src.model_versions import MODEL
from mlops.src.modelling.intervals import auc_interval
from mlops.src.retraining_need import Need, _Performance
from mlops.src.utils_bigquery import load_query
from mlops.tests.labelled import DAY, DRIFT, RAW, RESULTS, TOLD, Registry, labelled, put, scored
from telecom.bootstrap import Platform
from telecom.errors import NotFound
from telecom.ports import ModelVersion, Warehouse

NOW = datetime(2026, 12, 2, tzinfo=UTC)
NEXT = date(2026, 11, 30)
CONFIG = ChurnConfig(min_recent_customers=10)
CHAMPION = ModelVersion(MODEL, "1", "a" * 64, NOW - timedelta(days=10), ("champion",), {"data_digest": "old"})


@pytest.fixture
def warehouse(platform: Platform) -> Warehouse:
    labelled(platform.warehouse)
    return platform.warehouse


@pytest.fixture
def registry() -> Registry:
    return Registry([CHAMPION])


def ask(warehouse: Warehouse, registry: Registry, config: ChurnConfig = CONFIG, **arguments: Any) -> Need:
    registry.frozen = True
    need = retraining_need.run(warehouse, registry, config, now=NOW, **arguments)
    assert not any(set("'\"") & set(reason) for reason in need.reasons), "conditions of pipelines cannot hold quotes"
    assert all(reason.endswith(".") for reason in need.reasons)
    return need


def drift(warehouse: Warehouse, score: float = 2.5, version: str = "1", day: date = DAY) -> None:
    shares = {"contract": score, "tenure_months": score / 2, "partner": 0.1}
    rows = [
        {"feature": name, "kind": "number", "feature_drift_score": value, "drifted": value >= 1}
        | {"churn_feature_drift_score": score, "model_name": MODEL, "model_version": version}
        for name, value in shares.items()
    ]
    put(warehouse, DRIFT, rows, snapshot_date=day)


def evaluated(warehouse: Warehouse, digest: str = CHAMPION.digest, auc: float = 0.85) -> None:
    rows = [
        {"model_name": name, "metric": metric, "slice": part, "value": value}
        for name, metric, part, value in (
            (MODEL, "roc_auc", "all", auc),
            (MODEL, "roc_auc", "contract=One year", 0.1),
            (MODEL, "brier", "all", 0.2),
            ("champion", "roc_auc", "all", 0.3),
        )
    ]
    put(warehouse, RESULTS, rows, model_digest=digest)


def outcomes(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.query(load_query("recent_outcomes"), {"model_name": MODEL, "model_version": "1"}).to_pylist()


def guesses(warehouse: Warehouse, good: bool = True) -> dict[str, float]:
    """Scores that rank the customers rightly, or (not good) at random."""
    rng = np.random.default_rng(5)
    rows = warehouse.query("SELECT customer_id, churned FROM telecom_silver.telco_churn_clean ORDER BY customer_id")
    truth = zip(rows["customer_id"].to_pylist(), rows["churned"].to_pylist(), strict=True)
    return {name: (0.5 * left + 0.5 * rng.random() if good else rng.random()) for name, left in truth}


def test_without_a_champion_one_is_trained(warehouse: Warehouse) -> None:
    need = ask(warehouse, Registry())
    assert (need.retrain, need.triggers, need.reasons) == (True, ("no_champion",), ("There is no champion yet.",))
    assert need.champion_version is None and need.champion_age_days is None


def test_a_quiet_champion_stays_and_everything_looked_at_is_said(warehouse: Warehouse, registry: Registry) -> None:
    drift(warehouse, score=0.4)
    need = ask(warehouse, registry)
    assert (need.retrain, need.triggers) == (False, ())
    looked_at = ("looks like the training data", "10.0 days old, at most 90", "There are 0 customers (0 left)")
    assert len(need.reasons) == 3
    assert all(said in reason for said, reason in zip(looked_at, need.reasons, strict=True))
    assert (need.snapshot_date, need.drift_score, need.champion_age_days) == (DAY, 0.4, 10.0)
    assert need.headline() == "no retraining: nothing asks for it"
    assert need == ask(warehouse, registry)


def test_drift_asks(warehouse: Warehouse, registry: Registry) -> None:
    drift(warehouse)
    need = ask(warehouse, registry)
    assert (need.retrain, need.triggers, need.drifted_features) == (True, ("drift",), ("contract", "tenure_months"))
    assert "has drifted in contract, tenure_months (score 2.50)" in need.reasons[0]
    assert "No version judged so far learned from these 300" in need.reasons[-1]


def test_drift_against_another_version_says_nothing_of_this_one(warehouse: Warehouse, registry: Registry) -> None:
    drift(warehouse, version="2")
    need = ask(warehouse, registry)
    assert (need.retrain, need.drift_score, need.drifted_features) == (False, None, ())
    assert "was not measured against version 1" in need.reasons[0]


def test_the_newest_prepared_snapshot_counts_unless_one_is_named(warehouse: Warehouse, registry: Registry) -> None:
    drift(warehouse)
    labelled(warehouse, day=NEXT, seed=1)
    assert ask(warehouse, registry).snapshot_date == NEXT
    assert not ask(warehouse, registry).triggers
    assert ask(warehouse, registry, snapshot_date=DAY).triggers == ("drift",)
    with pytest.raises(NotFound, match="2026-01-01"):
        ask(warehouse, registry, snapshot_date=date(2026, 1, 1))


@pytest.mark.parametrize(("days", "limit", "asks"), [(90, 90, False), (90.01, 90, True), (31, 30, True)])
def test_age_asks(warehouse: Warehouse, days: float, limit: float, asks: bool) -> None:
    old = replace(CHAMPION, created_at=NOW - timedelta(days=days))
    need = ask(warehouse, Registry([old]), ChurnConfig(max_age_days=limit))
    assert (need.retrain, need.triggers) == (asks, ("age",) if asks else ())


def test_a_lost_ranking_asks(warehouse: Warehouse, registry: Registry) -> None:
    evaluated(warehouse)
    scored(warehouse, guesses(warehouse, good=False))
    need = ask(warehouse, registry)
    assert (need.retrain, need.triggers, need.labelled_customers) == (True, ("performance",), 300)
    assert need.promised_auc == 0.85 and need.recent_auc is not None and need.recent_auc_interval is not None
    low, high = need.recent_auc_interval
    assert low < need.recent_auc < high < 0.83
    assert "lies below the promised 0.850 less 0.02" in need.reasons[2]


def test_a_kept_ranking_does_not(warehouse: Warehouse, registry: Registry) -> None:
    evaluated(warehouse)
    scored(warehouse, guesses(warehouse))
    need = ask(warehouse, registry)
    assert (need.triggers, need.labelled_customers) == ((), 300)
    assert need.recent_auc is not None and need.recent_auc > 0.95


def test_without_a_promise_nothing_is_broken(warehouse: Warehouse, registry: Registry) -> None:
    evaluated(warehouse, digest="b" * 64)
    scored(warehouse, guesses(warehouse, good=False))
    need = ask(warehouse, registry)
    assert (need.triggers, need.promised_auc) == ((), None) and need.recent_auc is not None
    assert "none was promised" in need.reasons[2]


def test_few_outcomes_give_no_figure(warehouse: Warehouse, registry: Registry) -> None:
    evaluated(warehouse)
    scored(warehouse, dict.fromkeys([f"c{n:05d}" for n in range(12)], 0.5))
    need = ask(warehouse, registry)
    assert (need.triggers, need.recent_auc, need.recent_auc_interval) == ((), None, None)
    assert need.labelled_customers == 12
    assert "needs 10 who left and 10 who stayed" in need.reasons[2]


@pytest.mark.parametrize("minutes", [0, 1])
def test_only_scores_from_before_the_label_count(warehouse: Warehouse, minutes: int) -> None:
    scored(warehouse, guesses(warehouse), at=TOLD + timedelta(minutes=minutes))
    assert outcomes(warehouse) == []
    scored(warehouse, guesses(warehouse), at=TOLD - timedelta(microseconds=1))
    assert len(outcomes(warehouse)) == 300


def test_only_this_versions_scores_count(warehouse: Warehouse) -> None:
    scored(warehouse, guesses(warehouse), version="2")
    assert outcomes(warehouse) == []


def test_the_first_label_counts_however_often_it_is_repeated(warehouse: Warehouse) -> None:
    repeated = {"customerID": "c00000", "Churn": "Yes", "ingested_at": TOLD + timedelta(days=9)}
    put(warehouse, RAW, [repeated], snapshot_date=DAY, source_digest="d2")
    scored(warehouse, {"c00000": 0.5, "c00001": 0.5}, at=TOLD - timedelta(days=1))
    assert [row["customer_id"] for row in outcomes(warehouse)] == ["c00000", "c00001"]
    scored(warehouse, {"c00000": 0.5, "c00001": 0.5}, at=TOLD + timedelta(days=1))
    assert outcomes(warehouse) == []


def test_a_file_without_labels_tells_nothing(warehouse: Warehouse) -> None:
    early = {"customerID": "c00000", "Churn": None, "ingested_at": TOLD - timedelta(days=9)}
    put(warehouse, RAW, [early], snapshot_date=DAY, source_digest="d0")
    scored(warehouse, {"c00000": 0.5}, at=TOLD - timedelta(days=1))
    assert len(outcomes(warehouse)) == 1


def test_a_customer_of_two_snapshots_counts_once_at_the_newer(warehouse: Warehouse) -> None:
    labelled(warehouse, day=NEXT, seed=1)
    scored(warehouse, {"c00000": 0.1, "c00001": 0.1})
    scored(warehouse, {"c00000": 0.9}, day=NEXT)
    found = [(row["customer_id"], row["snapshot_date"], row["churn_probability"]) for row in outcomes(warehouse)]
    assert found == [("c00000", NEXT, 0.9), ("c00001", DAY, 0.1)]


def test_nothing_new_to_learn_from_overrules(warehouse: Warehouse, registry: Registry) -> None:
    drift(warehouse)
    digest = training_data.load(warehouse, most=CONFIG.training_rows).digest
    registry.known = [replace(CHAMPION, notes={"data_digest": digest})]
    need = ask(warehouse, registry)
    assert (need.retrain, need.triggers) == (False, ("drift",))
    assert "Nothing new is labelled: version 1 learned from exactly these 300" in need.headline()
    labelled(warehouse, customers=330)
    assert ask(warehouse, registry).retrain


def test_so_does_a_version_that_was_judged_but_not_one_whose_run_broke_off(
    warehouse: Warehouse, registry: Registry
) -> None:
    drift(warehouse)
    digest = training_data.load(warehouse, most=CONFIG.training_rows).digest
    registry.known = [
        replace(CHAMPION, version="2", digest="b" * 64, aliases=(), notes={"data_digest": digest}),
        CHAMPION,
    ]
    assert ask(warehouse, registry).retrain
    evaluated(warehouse, digest="b" * 64)
    need = ask(warehouse, registry)
    assert not need.retrain and "version 2 learned from exactly these" in need.reasons[-1]


def test_a_file_that_waits_to_be_prepared_may_be_news(warehouse: Warehouse, registry: Registry) -> None:
    drift(warehouse)
    digest = training_data.load(warehouse, most=CONFIG.training_rows).digest
    registry.known = [replace(CHAMPION, notes={"data_digest": digest})]
    put(warehouse, RAW, [{"customerID": "c9", "Churn": "No"}], snapshot_date=NEXT, source_digest="d9")
    need = ask(warehouse, registry)
    assert need.retrain and need.reasons[-1] == "Snapshot 2026-11-30 has a file that is not prepared yet."


def test_chance_rarely_asks() -> None:
    """The recent AUC of a champion that is as good as ever, and the promise itself, both measured on few customers."""
    rng = np.random.default_rng(11)

    def draw(customers: int) -> Any:
        y = (rng.random(customers) < 0.27).astype(float)
        return auc_interval(y, y * 1.45 + rng.normal(size=customers))

    asked = sum(_Performance(100, 300, draw(400), draw(800).estimate).finding(ChurnConfig()).asks for _ in range(400))
    assert asked <= 8


def test_summary_is_for_people(warehouse: Warehouse, registry: Registry) -> None:
    drift(warehouse)
    need = ask(warehouse, registry)
    assert need.summary()[:2] == [("retrain", "yes"), ("champion", "version 1")]
    assert len(need.summary()) == 2 + len(need.reasons)
    assert need.headline() == "retrain: drift"
