"""Segments, drift, models and the assistant's figures against a world whose figures are known."""

import pytest

from llmops.analytics import assistant, drift, models, segments
from llmops.analytics.asking import DaysWanted, SnapshotsWanted
from llmops.tests.analytics.analyst_world import BEFORE, COUNT, analyst_world, customer
from llmops.tests.small_world import DAY
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.settings import Settings

__all__ = ["analyst_world"]


def test_parts_of_the_customers_add_up(analyst_world: LocalWarehouse) -> None:
    found = segments.segments(analyst_world, SnapshotsWanted(), DAY)
    rows = [customer(place) for place in range(COUNT)]
    assert found.snapshots == (DAY, BEFORE)
    for name, key in (("segment", "risk_segment"), ("contract", "contract"), ("tenure", "tenure_band")):
        parts = {part.value: part for part in found.by[name] if part.snapshot_date == DAY}
        assert sum(part.customers for part in parts.values()) == COUNT
        for value, part in parts.items():
            mine = [row for row in rows if row[key] == value]
            known = [row["churned"] for row in mine if row["churned"] is not None]
            assert part.customers == len(mine) and part.labelled == len(known)
            assert part.mean_probability == pytest.approx(sum(row["churn_probability"] for row in mine) / len(mine))
            assert part.observed_churn == (pytest.approx(sum(known) / len(known)) if known else None)
    whole = next(part for part in found.by["all"] if part.snapshot_date == DAY)
    assert whole.expected_loss == pytest.approx(
        sum(row["churn_probability"] * row["monthly_charges"] * 12 for row in rows), abs=0.01
    )


def test_only_as_many_snapshots_as_are_wanted(analyst_world: LocalWarehouse) -> None:
    assert segments.segments(analyst_world, SnapshotsWanted(snapshots=1), DAY).snapshots == (DAY,)
    assert len(drift.drift(analyst_world, SnapshotsWanted(snapshots=1), DAY).snapshots) == 1


def test_drift_is_arranged_by_snapshot_and_feature(analyst_world: LocalWarehouse) -> None:
    found = drift.drift(analyst_world, SnapshotsWanted(), DAY)
    assert [(each.snapshot_date, each.score, each.drifted) for each in found.snapshots] == [
        (DAY, 3.0, 1), (BEFORE, 0.2, 0),
    ]  # fmt: skip
    first = found.features[0]
    assert (first.feature, [point["psi"] for point in first.points]) == ("charge_change", [0.3, 0.01])
    assert first.points[0]["drifted"] and first.points[0]["threshold"] == 0.1


def test_a_version_comes_with_what_it_was_compared_with(analyst_world: LocalWarehouse) -> None:
    found = models.models(analyst_world, DAY)
    (version,) = found.versions
    assert (version.model_version, version.customers, version.gate) == ("2", 813, "passed")
    assert version.figures["roc_auc"] == models.Figure(0.86, 0.83, 0.89)
    assert version.figures["f1"].value == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert version.beside == {"champion": {"roc_auc": 0.84}, "logistic regression": {"roc_auc": 0.85}}
    assert (version.scored_from, version.scored_until) == (DAY, DAY)
    assert [row["slice"] for row in found.slices] == ["contract=Two year"]
    assert [(row["state"], row["failed_step"]) for row in found.runs] == [("failed", "train")]
    assert [row["verdict"] for row in found.online] == ["good"]


def test_f1_of_nothing_is_nothing() -> None:
    assert models.f1(0.0, 0.0) == 0.0


def test_the_assistants_figures(analyst_world: LocalWarehouse) -> None:
    found = assistant.figures(analyst_world, DaysWanted(days=2), DAY)
    whole = found.whole
    assert whole is not None
    # Latencies are 10, 20, … 1,000 ms: by nearest rank the 50th, the 95th and the 99th of them.
    assert (whole.answers, whole.p50_ms, whole.p95_ms, whole.p99_ms) == (100, 500.0, 950.0, 990.0)
    assert whole.degraded_share == 0.1 and (whole.ups, whole.downs) == (2, 1)
    assert whole.cost_per_answer == pytest.approx(0.0005) and whole.tokens == 12_000
    assert {part.part: part.answers for part in found.by["day"]} == {str(DAY): 50, "2026-11-19": 50}
    assert {part.part: part.cost_per_answer for part in found.by["model"]} == {
        "gemini-x": pytest.approx(0.001), "responder-1": 0.0,
    }  # fmt: skip
    assert sum(part.answers for part in found.by["intent"]) == 100
    assert found.guardrails == {"masked_cpf": 2, "masked_email": 1}
    assert found.attempts == ({"event": "view.card", "outcome": "refused", "times": 1},)


def test_guardrails_are_counted_by_code_whatever_their_number() -> None:
    rows = [{"hits": '"passages_dropped:1"', "answers": 1}, {"hits": '"masked_cpf","passages_dropped:2"', "answers": 2}]
    assert assistant.counted(rows) == {"passages_dropped": 3, "masked_cpf": 2}


def test_a_day_before_the_first_is_not_counted(analyst_world: LocalWarehouse) -> None:
    found = assistant.figures(analyst_world, DaysWanted(days=1), DAY)
    assert found.whole is not None and found.whole.answers == 50


def test_an_empty_warehouse_has_empty_figures(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = LocalWarehouse(Settings(home=tmp_path_factory.mktemp("empty")))
    assert segments.segments(empty, SnapshotsWanted(), DAY).by["contract"] == ()
    assert drift.drift(empty, SnapshotsWanted(), DAY) == drift.Drift((), ())
    assert models.models(empty, DAY).versions == ()
    found = assistant.figures(empty, DaysWanted(), DAY)
    assert found.whole is None and found.guardrails == {}
