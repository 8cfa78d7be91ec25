"""The champion in service: scores of the last day beside those of training, and AUC by week."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops.src import online_evaluation
from mlops.src.config import ChurnConfig
from mlops.src.drift.measure import profile_scores
from mlops.src.drift.profile import Profile
from mlops.src.model_versions import MODEL
from mlops.src.modelling import bundle
from mlops.src.modelling.calibration import Calibrator
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.intervals import auc_interval
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import fit
from mlops.src.online_evaluation import OnlineEvaluation, judge_week, labels_needed, profile_of
from mlops.tests.labelled import DAY, RESULTS, TOLD, Registry, labelled, put, scored
from mlops.tests.modelling.conftest import make_world
from telecom.bootstrap import Platform
from telecom.errors import NotFound
from telecom.ports import Buckets, Metrics, Revision, Tally, Warehouse

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
RNG = np.random.default_rng(5)
TRAINED = RNG.beta(2, 5, 4_000)
SCORES = tuple(round(0.05 * step, 2) for step in range(1, 21))
CONFIG = ChurnConfig(min_recent_customers=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A model whose training scores were `TRAINED`."""
    world = make_world(300, 1)
    booster = fit(world.x, world.y, CHURN_FEATURES, rounds=3, seed=1)
    calibrator = Calibrator("platt", 1.0, 0.0)
    model = ChurnModel.from_booster(booster, CHURN_FEATURES, calibrator, 0.4, EconomicsConfig())
    profile = Profile(len(TRAINED), (), profile_scores(TRAINED))
    path = tmp_path_factory.mktemp("models") / "one"
    bundle.save(model, path, bundle.Provenance("d" * 64, 1, {}, 3, {}), json.loads(profile.to_json()))
    return path, model.digest


@pytest.fixture
def registry(folder: tuple[Path, str]) -> Registry:
    path, digest = folder
    registry = Registry()
    made = registry.register(MODEL, path, digest, {})
    registry.folders[made.version] = path
    registry.point(MODEL, "champion", made.version)
    return registry


@pytest.fixture
def warehouse(platform: Platform) -> Warehouse:
    labelled(platform.warehouse, customers=600)
    return platform.warehouse


class Online:
    """The part of `telecom.ports.Traffic` that is read: histograms of two revisions, one without requests."""

    def __init__(self, scores: "np.typing.NDArray[np.float64]") -> None:
        counts = np.bincount(np.searchsorted(SCORES, scores), minlength=21)
        self.asked_since: datetime | None = None
        self.tally = Tally(len(scores), 0, 0, Buckets(), Buckets(SCORES, tuple(map(int, counts))))

    def revisions(self, service: str) -> tuple[Revision, ...]:
        return tuple(Revision(name, share, True, "1", NOW) for name, share in (("a", 100), ("b", 0), ("silent", 0)))

    def tallies(self, service: str, since: datetime) -> Mapping[str, Tally]:
        self.asked_since = since
        return {"a": self.tally, "b": Tally(9, 9, 0, Buckets(), Buckets(SCORES, (0,) * 20 + (9,)))}

    def shift(self, service: str, shares: Mapping[str, int]) -> None:
        raise AssertionError

    def ask(self, *_: Any) -> Any:
        raise AssertionError


def evaluate(warehouse: Warehouse, registry: Registry, metrics: Metrics, **more: Any) -> OnlineEvaluation:
    registry.frozen = True
    return online_evaluation.run(warehouse, registry, metrics, CONFIG, now=NOW, **more)


def score_today(warehouse: Warehouse, probabilities: "np.typing.NDArray[np.float64]", hours: float = 1.0) -> None:
    given = {f"t{n:05d}": float(value) for n, value in enumerate(probabilities)}
    scored(warehouse, given, day=date(2026, 11, 30), at=NOW - timedelta(hours=hours))


def outcomes(warehouse: Warehouse, *, good: bool) -> None:
    """Scores of customers before their outcome was told, rightly ranked or at random."""
    rows = warehouse.query("SELECT customer_id, churned FROM telecom_silver.telco_churn_clean ORDER BY customer_id")
    truth = zip(rows["customer_id"].to_pylist(), rows["churned"].to_pylist(), strict=True)
    guess = {name: float((0.4 * left if good else 0) + 0.6 * RNG.random()) for name, left in truth}
    scored(warehouse, guess, day=DAY, at=TOLD - timedelta(days=3))


def promised(warehouse: Warehouse, registry: Registry, auc: float) -> None:
    digest = registry.known[0].digest
    row = {"model_name": MODEL, "metric": "roc_auc", "slice": "all", "value": auc}
    put(warehouse, RESULTS, [row], model_digest=digest)


def test_scores_like_those_of_training_are_good(platform: Platform, warehouse: Warehouse, registry: Registry) -> None:
    score_today(warehouse, RNG.beta(2, 5, 900))
    found = evaluate(warehouse, registry, platform.metrics)
    (scores,) = found.figures
    assert (scores.part, scores.verdict, scores.observations) == ("batch", "good", 900)
    assert scores.value is not None and scores.bound is not None and scores.value < scores.bound
    assert found.reasons == () and "look like those of training" in scores.sentence


def test_scores_that_moved_are_bad(platform: Platform, warehouse: Warehouse, registry: Registry) -> None:
    score_today(warehouse, RNG.beta(5, 2, 900))
    found = evaluate(warehouse, registry, platform.metrics)
    assert found.figures[0].verdict == "bad" and "have drifted from" in found.reasons[0]


def test_only_the_last_day_and_this_version_count(platform: Platform, warehouse: Warehouse, registry: Registry) -> None:
    score_today(warehouse, RNG.beta(5, 2, 900), hours=24.01)
    (scores,) = evaluate(warehouse, registry, platform.metrics).figures
    assert (scores.verdict, scores.observations) == ("undecided", 0)
    score_today(warehouse, RNG.beta(5, 2, 900), hours=23.9)
    assert evaluate(warehouse, registry, platform.metrics).figures[0].observations == 900
    scored(warehouse, {"t1": 0.9}, version="2", day=date(2026, 11, 30), at=NOW)
    assert evaluate(warehouse, registry, platform.metrics).figures[0].observations == 0


def test_online_scores_are_those_of_whoever_gets_requests(
    platform: Platform, warehouse: Warehouse, registry: Registry
) -> None:
    traffic = Online(RNG.beta(2, 5, 3_000))
    found = evaluate(warehouse, registry, platform.metrics, traffic=traffic)
    online = found.figures[1]
    assert (online.part, online.verdict, online.observations) == ("online", "good", 3_000)
    assert traffic.asked_since == NOW - timedelta(days=1)
    moved = evaluate(warehouse, registry, platform.metrics, traffic=Online(RNG.beta(5, 2, 3_000)))
    assert moved.figures[1].verdict == "bad"


def test_the_services_histogram_has_the_references_bins() -> None:
    reference = profile_scores(TRAINED)
    assert reference is not None
    counts = np.bincount(np.searchsorted(SCORES, TRAINED), minlength=21)
    assert profile_of(Buckets(SCORES, tuple(map(int, counts))), reference).counts == reference.counts
    assert profile_of(Buckets((0.1, 0.7), (1, 2, 3)), reference).rows == 0
    assert profile_of(Buckets(), reference).rows == 0


def test_weeks_are_judged_by_what_was_promised(platform: Platform, warehouse: Warehouse, registry: Registry) -> None:
    outcomes(warehouse, good=False)
    promised(warehouse, registry, 0.8)
    found = evaluate(warehouse, registry, platform.metrics)
    week = found.figures[-1]
    assert (week.figure, week.part, week.verdict, week.observations) == ("weekly_auc", "2026-11-30", "bad", 600)
    assert found.promised_auc == 0.8 and week.bound == pytest.approx(0.78)
    assert week.upper is not None and week.upper < 0.78 and "AUC" in found.reasons[-1]


def test_a_good_week_needs_as_much_proof_as_a_bad_one(
    platform: Platform, warehouse: Warehouse, registry: Registry
) -> None:
    outcomes(warehouse, good=True)
    promised(warehouse, registry, 0.8)
    assert evaluate(warehouse, registry, platform.metrics).figures[-1].verdict == "good"
    promised(warehouse, registry, 0.965)
    week = evaluate(warehouse, registry, platform.metrics).figures[-1]
    assert week.verdict == "undecided" and week.lower is not None and week.upper is not None
    assert week.lower < 0.945 < week.upper


def test_without_a_promise_nothing_is_judged(platform: Platform, warehouse: Warehouse, registry: Registry) -> None:
    outcomes(warehouse, good=False)
    week = evaluate(warehouse, registry, platform.metrics).figures[-1]
    assert week.verdict == "undecided" and week.bound is None and "nothing was promised" in week.sentence


def test_labels_count_in_the_week_in_which_they_came(
    platform: Platform, warehouse: Warehouse, registry: Registry
) -> None:
    labelled(warehouse, customers=300, day=date(2026, 9, 30), seed=4, told=TOLD - timedelta(days=20))
    rows = warehouse.query(
        "SELECT customer_id FROM telecom_silver.telco_churn_clean WHERE snapshot_date = '2026-09-30'"
    )
    only_then = [name for name in rows["customer_id"].to_pylist() if name >= "c00100"]
    scored(warehouse, dict.fromkeys(only_then, 0.5), day=date(2026, 9, 30), at=TOLD - timedelta(days=40))
    weeks = [f.part for f in evaluate(warehouse, registry, platform.metrics).figures if f.figure == "weekly_auc"]
    assert weeks == ["2026-11-09"]


def test_a_few_labels_decide_nothing() -> None:
    y = np.array([1.0] * 29 + [0.0] * 500)
    week = judge_week(date(2026, 11, 30), y, RNG.random(529), 0.8, CONFIG)
    assert (week.verdict, week.value) == ("undecided", None) and "30 of either kind are needed" in week.sentence


def test_a_week_is_called_good_only_with_enough_labels() -> None:
    """Far above what is demanded, with half a hundred customers: the interval is on one side, and still too few."""
    config = ChurnConfig(min_recent_customers=20)
    for customers, verdict in ((60, "undecided"), (3_000, "good")):
        y = (np.arange(customers) % 2).astype(float)
        week = judge_week(date(2026, 11, 30), y, RNG.normal(1.3 * y, 1.0), 0.5, config)
        assert week.lower is not None and week.lower > 0.5 and week.verdict == verdict


def test_how_many_labels_tell_an_auc() -> None:
    """About a thousand for ±0.03 at 0.82; of normal scores the interval is then a little narrower."""
    needed = labels_needed(0.82, 0.265)
    assert 1_000 < needed < 1_400
    assert labels_needed(0.82, 0.265, half_width=0.06) == pytest.approx(needed / 4, abs=1)
    widths = []
    for _ in range(40):
        y = (RNG.random(needed) < 0.265).astype(float)
        interval = auc_interval(y, RNG.normal(1.294 * y, 1.0))  # AUC 0.82
        widths.append((interval.high - interval.low) / 2)
    assert 0.024 < np.mean(widths) <= 0.03


def test_a_plain_gate_on_few_labels_is_noise_and_this_one_is_not() -> None:
    """A model of AUC 0.84, where 0.82 is demanded, on 300 labels: the plain gate says no to one week in four."""
    plain = judged = 0
    for _ in range(200):
        y = (RNG.random(300) < 0.265).astype(float)
        week = judge_week(date(2026, 11, 30), y, RNG.normal(1.406 * y, 1.0), 0.82, CONFIG)
        plain += week.value is not None and week.value < 0.82
        judged += week.verdict == "bad"
    assert plain > 30 and judged <= 2


def test_what_was_found_is_kept_once_a_day_and_published(
    platform: Platform, warehouse: Warehouse, registry: Registry
) -> None:
    score_today(warehouse, RNG.beta(2, 5, 900))
    outcomes(warehouse, good=False)
    promised(warehouse, registry, 0.8)
    for _ in range(2):
        evaluate(warehouse, registry, platform.metrics)
    rows = warehouse.query("SELECT * FROM telecom_monitoring.online_evaluation ORDER BY figure, part").to_pylist()
    assert [(row["figure"], row["part"], row["verdict"]) for row in rows] == [
        ("score_psi", "batch", "good"),
        ("weekly_auc", "2026-11-30", "bad"),
    ]
    assert (
        rows[1]["evaluated_on"] == NOW.date()
        and rows[1]["model_version"] == "1"
        and rows[1]["lower"] < rows[1]["upper"]
    )
    page = (platform.settings.home / "metrics" / "online_evaluation.prom").read_text("utf-8")
    assert 'churn_weekly_auc{end="value"}' in page and "churn_online_alerts 1.0" in page
    assert 'churn_score_psi{part="batch"}' in page


def test_a_model_without_reference_is_told(platform: Platform, warehouse: Warehouse, registry: Registry) -> None:
    registry.folders.clear()
    with pytest.raises(NotFound):
        evaluate(warehouse, registry, platform.metrics)
