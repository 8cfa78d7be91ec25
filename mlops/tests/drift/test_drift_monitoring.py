import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.drift_world import profile as numpy_profile
from benchmarks.drift_world import snapshot
from mlops.src import drift_monitoring
from mlops.src.drift.measure import profile_scores, reference_profile
from mlops.src.drift.profile import Bins, ColumnProfile, Profile
from telecom.errors import ModelRejected, NotFound, UsageError
from telecom.ports import ModelVersion, Sample, Warehouse

TRAINED, TODAY = date(2026, 2, 1), date(2026, 3, 1)
NOW = datetime(2026, 3, 2, 4, 5, tzinfo=UTC)
ROWS = f"SELECT * FROM {drift_monitoring.METRICS_TABLE} ORDER BY snapshot_date, feature"

Write = Callable[..., None]


class Recorder:
    """A Metrics port that remembers."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Sequence[Sample]]] = []

    def publish(self, job: str, samples: Sequence[Sample]) -> None:
        self.published.append((job, samples))


class Registry:
    """The part of a ModelRegistry that fetches."""

    def fetch(self, name: str, version: str) -> Path:
        return Path(name) / version


@pytest.fixture(scope="module")
def trained() -> tuple[dict[str, np.ndarray], np.ndarray]:
    return snapshot(1_500, seed=5)[0], np.random.default_rng(5).beta(1, 3, size=1_500)


@pytest.fixture
def reference(warehouse: Warehouse, write_features: Write, trained: tuple) -> Profile:
    write_features(trained[0], TRAINED)
    return reference_profile(warehouse, trained[1])


def run(warehouse: Warehouse, reference: Profile, metrics: Recorder | None = None) -> drift_monitoring.Drift:
    return drift_monitoring.run(
        warehouse,
        metrics or Recorder(),
        reference=reference,
        model_name="churn",
        model_version="7",
        snapshot_date=TODAY,
        now=NOW,
    )


def test_the_reference_equals_the_one_counted_by_numpy(reference: Profile, trained: tuple) -> None:
    expected = numpy_profile(trained[0])
    assert reference.rows == 1_500
    for found, own in zip(reference.columns, expected.columns, strict=True):
        assert (found.bins, found.counts, found.nulls) == (own.bins, own.counts, own.nulls)
        if found.mean is not None:
            assert found.mean == pytest.approx(own.mean)
            assert found.variance == pytest.approx(own.variance)
    assert Profile.from_json(reference.to_json()) == reference


def test_scores_fall_into_twenty_equal_bins() -> None:
    found = profile_scores(np.array([0.0, 0.049, 0.05, 0.5, 1.0]))
    assert found is not None
    assert [(i, n) for i, n in enumerate(found.counts) if n] == [(0, 2), (1, 1), (10, 1), (19, 1)]


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan, np.inf])
def test_scores_must_be_probabilities(bad: float) -> None:
    with pytest.raises(UsageError, match="probabilities"):
        profile_scores(np.array([0.5, bad]))


def test_a_snapshot_like_the_training_data_does_not_drift(
    warehouse: Warehouse, reference: Profile, write_features: Write, write_scores: Write
) -> None:
    write_features(snapshot(1_200, seed=6)[0], TODAY)
    write_scores(np.random.default_rng(6).beta(1, 3, size=1_200), TODAY)
    metrics = Recorder()
    found = run(warehouse, reference, metrics)
    assert not found.drifted and found.score < 1 and found.reasons == () and found.caution == ""
    rows = warehouse.query(ROWS).to_pylist()
    names = sorted([*(c.bins.name for c in reference.columns), "churn_probability"])
    assert [row["feature"] for row in rows] == names
    assert {row["churn_feature_drift_score"] for row in rows} == {found.score}
    assert {(row["reference_rows"], row["current_rows"], row["measured_at"]) for row in rows} == {(1500, 1200, NOW)}
    ((job, samples),) = metrics.published
    assert job == "drift"
    assert [s.labels["feature"] for s in samples[:-1]] == [f.feature for f in found.features]
    assert samples[-1] == Sample("churn/drift_score", found.score)


def test_a_price_rise_is_found_stored_and_explained(
    warehouse: Warehouse, reference: Profile, write_features: Write
) -> None:
    write_features(snapshot(1_200, seed=6, drift="price_rise")[0], TODAY)
    found = run(warehouse, reference)
    assert found.drifted and found.score >= 1
    assert found.reasons[0].startswith("charge_change: PSI ")
    row = next(r for r in warehouse.query(ROWS).to_pylist() if r["feature"] == "monthly_charge_level")
    assert row["drifted"] and row["mean_shift"] > 0.2 and row["psi"] > row["threshold"]
    assert row["feature_drift_score"] <= row["churn_feature_drift_score"] == found.score


def test_the_verdict_reads_as_a_table_and_a_sentence(
    warehouse: Warehouse, reference: Profile, write_features: Write
) -> None:
    write_features(snapshot(1_200, seed=6, drift="price_rise")[0], TODAY)
    found = run(warehouse, reference)
    assert found.sentence().startswith("Snapshot 2026-03-01 has drifted in charge_change, monthly_charge_level (")
    assert all(len(row) == len(found.HEADER) for row in found.table())
    assert found.table()[0][0] == "charge_change" and found.table()[0][-1] == "yes"
    assert dict(found.summary())["snapshot"] == "2026-03-01, 1,200 customers"


CHAMPION = ModelVersion("churn", "7", "d1", NOW, ("champion",), {})


@pytest.fixture
def bundled(reference: Profile, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the champion's bundle holds as reference; verifying bundles has its own tests."""
    held: dict[str, object] = json.loads(reference.to_json())

    def load(directory: Path, *, expected_digest: str) -> SimpleNamespace:
        assert (directory, expected_digest) == (Path("churn/7"), "d1")
        return SimpleNamespace(reference=held)

    monkeypatch.setattr(drift_monitoring.bundle, "load", load)
    return held


def test_the_champion_is_checked_on_the_newest_snapshot(
    warehouse: Warehouse, reference: Profile, bundled: object, write_features: Write
) -> None:
    write_features(snapshot(300, seed=6)[0], TODAY)
    found = drift_monitoring.check(warehouse, Registry(), Recorder(), CHAMPION, now=NOW)
    assert found == run(warehouse, reference)
    earlier = drift_monitoring.check(warehouse, Registry(), Recorder(), CHAMPION, snapshot_date=TRAINED, now=NOW)
    assert earlier.snapshot_date == TRAINED and earlier.current_rows == 1_500


def test_a_champion_without_reference_is_not_found(warehouse: Warehouse, bundled: dict[str, object]) -> None:
    bundled.clear()
    with pytest.raises(NotFound, match="churn version 7 was registered without a reference"):
        drift_monitoring.check(warehouse, Registry(), Recorder(), CHAMPION, now=NOW)


def test_a_snapshot_that_was_not_prepared_is_not_found(warehouse: Warehouse, bundled: object) -> None:
    with pytest.raises(NotFound, match="2026-03-01"):
        drift_monitoring.check(warehouse, Registry(), Recorder(), CHAMPION, snapshot_date=TODAY, now=NOW)


def test_a_moved_score_alone_is_drift(
    warehouse: Warehouse, reference: Profile, write_features: Write, write_scores: Write
) -> None:
    write_features(snapshot(1_200, seed=6)[0], TODAY)
    write_scores(np.random.default_rng(6).beta(2, 3, size=1_200), TODAY)
    assert [f.feature for f in run(warehouse, reference).features if f.drifted] == ["churn_probability"]


def test_scores_of_another_version_are_left_out(
    warehouse: Warehouse, reference: Profile, write_features: Write, write_scores: Write
) -> None:
    write_features(snapshot(300, seed=6)[0], TODAY)
    write_scores(np.full(300, 0.9), TODAY, version="6")
    found = run(warehouse, reference)
    assert "churn_probability" not in [f.feature for f in found.features]
    assert not found.drifted


def test_running_again_replaces_the_snapshot_and_nothing_else(
    warehouse: Warehouse, reference: Profile, write_features: Write
) -> None:
    write_features(snapshot(300, seed=6)[0], TODAY)
    first = run(warehouse, reference)
    once = warehouse.query(ROWS).to_pylist()
    assert run(warehouse, reference) == first
    assert warehouse.query(ROWS).to_pylist() == once
    drift_monitoring.run(
        warehouse,
        Recorder(),
        reference=reference,
        model_name="churn",
        model_version="7",
        snapshot_date=TRAINED,
        now=NOW,
    )
    assert [r for r in warehouse.query(ROWS).to_pylist() if r["snapshot_date"] == TODAY] == once


@pytest.mark.parametrize("n", [1, 2, 30])
def test_few_customers_are_judged_with_caution(
    warehouse: Warehouse, reference: Profile, write_features: Write, n: int
) -> None:
    write_features(snapshot(n, seed=6)[0], TODAY)
    found = run(warehouse, reference)
    assert not found.drifted
    assert found.caution.startswith(f"{n} customers against 1500 are few")
    assert max(f.threshold for f in found.features) > 0.4


def test_an_empty_snapshot_names_the_step_to_run(warehouse: Warehouse, reference: Profile) -> None:
    with pytest.raises(NotFound, match=r"no customers of 2026-03-01.*telecom prepare"):
        run(warehouse, reference)
    assert warehouse.query(ROWS).num_rows == 0


def test_an_empty_reference_is_not_found(warehouse: Warehouse) -> None:
    with pytest.raises(NotFound, match="reference profile is empty"):
        run(warehouse, Profile(0, ()))


def test_a_reference_with_an_unknown_column_is_rejected(warehouse: Warehouse, reference: Profile) -> None:
    stranger = ColumnProfile(Bins("shoe_size", "number", (40.0,)), 2, 0, (1, 1))
    with pytest.raises(ModelRejected, match="shoe_size"):
        run(warehouse, replace(reference, columns=(*reference.columns, stranger)))


def test_no_training_rows_are_not_found(warehouse: Warehouse) -> None:
    with pytest.raises(NotFound, match="no training rows"):
        reference_profile(warehouse, np.array([]))


def test_only_the_named_training_rows_count(warehouse: Warehouse, reference: Profile) -> None:
    found = reference_profile(
        warehouse,
        np.array([]),
        source=f"(SELECT * FROM {drift_monitoring.FEATURES})",
        where="split = 'train' AND snapshot_date <= @up_to AND tenure_months < 12",
        parameters={"up_to": TRAINED},
    )
    tenure = next(c for c in found.columns if c.bins.name == "tenure_months")
    assert 0 < found.rows < reference.rows
    assert tenure.bins.edges[-1] < 12
    assert found.score is None
