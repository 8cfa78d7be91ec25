"""How the champion does in service: the scores of the last 24 hours, and weekly AUC once outcomes are known.

Reads telco_churn_scored, the outcomes that came after the scores, the champion's reference profile and, where there is
one, what the online service counted; writes online_evaluation and gauges.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from mlops.src.config import ChurnConfig
from mlops.src.drift.decision import judge
from mlops.src.drift.measure import profile_rows
from mlops.src.drift.profile import ColumnProfile, Profile
from mlops.src.drift_monitoring import SCORED
from mlops.src.model_versions import champion
from mlops.src.modelling import bundle
from mlops.src.modelling.intervals import auc_interval
from mlops.src.modelling.metrics import Floats
from mlops.src.utils_bigquery import load_query
from telecom.errors import NotFound
from telecom.ports import Buckets, Metrics, ModelRegistry, ModelVersion, Parameters, Sample, Traffic, Warehouse, Write
from telecom.tables import contract

TABLE = "telecom_monitoring.online_evaluation"
DAY = timedelta(days=1)
HALF_WIDTH = 0.03
CONFIDENCE = 0.95
FEWEST_SCORES = 200

Verdict = Literal["good", "undecided", "bad"]


@dataclass(frozen=True)
class Figure:
    """One thing looked at: a row of online_evaluation, but for its model and time, and what it means in a sentence."""

    figure: Literal["score_psi", "weekly_auc"]
    part: str
    value: float | None
    lower: float | None
    upper: float | None
    bound: float | None
    observations: int
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class OnlineEvaluation:
    """What was found of the champion; `figures` are the scores of batch and online, then the weeks, oldest first."""

    model_version: str
    promised_auc: float | None
    figures: tuple[Figure, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is proven to be bad, one sentence each."""
        return tuple(figure.sentence for figure in self.figures if figure.verdict == "bad")

    def table(self) -> list[tuple[Any, ...]]:
        """Figure, part, value, interval, bound, observations, verdict."""
        return [
            (f.figure, f.part, f.value, None if f.lower is None else (f.lower, f.upper), f.bound, *_end(f))
            for f in self.figures
        ]


def run(
    warehouse: Warehouse,
    registry: ModelRegistry,
    metrics: Metrics,
    config: ChurnConfig,
    *,
    now: datetime,
    traffic: Traffic | None = None,
    service: str = "churn",
) -> OnlineEvaluation:
    """Evaluates, replaces the day's rows of online_evaluation and publishes gauges. Does not raise on bad figures.

    Args:
        warehouse: holds scores and outcomes.
        registry: says who is champion, and holds its reference.
        metrics: takes the gauges.
        config: tolerated loss of AUC, and the fewest customers that tell one.
        now: UTC; the last 24 hours end here.
        traffic: of the online service; None where there is none.
        service: its name.

    Raises:
        NotFound: there is no champion, or it has no reference profile of its scores.
    """
    version = champion(registry)
    kept = bundle.load(registry.fetch(version.name, version.version), expected_digest=version.digest).reference
    reference = Profile.from_json(kept).score if kept else None
    if reference is None:
        raise NotFound(f"{version.name} version {version.version} has no reference scores.", "Train the model again.")
    promised = _promised(warehouse, version)
    figures = [compare_scores("batch", reference, _batch_scores(warehouse, reference, version, now))]
    if traffic is not None:
        figures.append(compare_scores("online", reference, _online_scores(traffic, service, reference, now)))
    floor = None if promised is None else promised - config.min_recent_auc_drop
    figures += _weeks(warehouse, version, floor, config)
    found = OnlineEvaluation(version.version, promised, tuple(figures))
    warehouse.write(Write(TABLE, [_as_batch(found, version, now)], {"evaluated_on": now.date()}))
    metrics.publish("online_evaluation", list(_samples(found)))
    return found


def compare_scores(part: str, reference: ColumnProfile, current: ColumnProfile) -> Figure:
    """Scores of the last day beside those of training, with the drift monitor's own test and threshold."""
    if current.rows < FEWEST_SCORES:
        said = f"Only {current.rows:,} {part} scores in the last 24 h; {FEWEST_SCORES} are needed."
        return Figure("score_psi", part, None, None, None, None, current.rows, "undecided", said)
    (drift,) = judge([(reference, current)])
    how = "have drifted from" if drift.drifted else "look like"
    moved = f", mean {reference.mean:.3f} → {current.mean:.3f}" if reference.mean and current.mean else ""
    said = (
        f"The {current.rows:,} {part} scores of the last 24 h {how} those of training "
        f"(PSI {drift.psi:.3f}, from {drift.threshold:.3f} on it counts{moved})."
    )
    verdict: Verdict = "bad" if drift.drifted else "good"
    return Figure("score_psi", part, drift.psi, None, None, drift.threshold, current.rows, verdict, said)


def labels_needed(auc: float, prevalence: float, half_width: float = HALF_WIDTH) -> int:
    """Customers with an outcome from which the 95 % interval of an AUC is at most `half_width` to either side.

    Hanley and McNeil, Radiology 143, 1982. With AUC 0.82 and a quarter of churners about 1,250: what a gate on a plain
    AUC decides with fewer is noise.
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    per_customer = (q1 - auc**2) / (1 - prevalence) + (q2 - auc**2) / prevalence
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return math.ceil(per_customer * (z / half_width) ** 2)


def judge_week(week: date, y: Floats, score: Floats, floor: float | None, config: ChurnConfig) -> Figure:
    """AUC on the customers whose outcome came in one week; good and bad only where the interval leaves no doubt."""
    left, customers = int(y.sum()), len(y)
    named = f"{customers:,} customers ({left:,} left)"
    if min(left, customers - left) < config.min_recent_customers:
        said = f"Week of {week}: {named} are too few; {config.min_recent_customers} of either kind are needed."
        return Figure("weekly_auc", str(week), None, None, None, floor, customers, "undecided", said)
    auc = auc_interval(y, score, CONFIDENCE)
    needed = labels_needed(min(max(auc.estimate, 0.55), 0.95), left / customers)
    verdict: Verdict = "undecided"
    if floor is not None and (auc.high < floor or (auc.low >= floor and customers >= needed)):
        verdict = "bad" if auc.high < floor else "good"
    few = f"; {needed:,} would tell it to ±{HALF_WIDTH}" if customers < needed else ""
    held = f", {floor:.3f} is demanded" if floor is not None else ", nothing was promised"
    said = f"Week of {week}: AUC {auc.estimate:.3f} [{auc.low:.3f}, {auc.high:.3f}] on {named}{held}{few}."
    return Figure("weekly_auc", str(week), auc.estimate, auc.low, auc.high, floor, customers, verdict, said)


def profile_of(counted: Buckets, reference: ColumnProfile) -> ColumnProfile:
    """The service's own histogram in the reference's bins; empty where it was counted with other bounds."""
    bins = reference.bins
    total = sum(counted.counts)
    if not total or not set(bins.edges) <= set(counted.bounds):
        return ColumnProfile(bins, 0, 0, (0,) * bins.size)
    reached = np.cumsum(counted.counts)
    ends = [int(reached[counted.bounds.index(edge)]) for edge in bins.edges]
    counts = np.diff([0, *ends, total])
    return ColumnProfile(bins, total, 0, tuple(int(count) for count in counts))


def _end(figure: Figure) -> tuple[int, Verdict]:
    return figure.observations, figure.verdict


def _batch_scores(
    warehouse: Warehouse, reference: ColumnProfile, version: ModelVersion, now: datetime
) -> ColumnProfile:
    where = "model_name = @model_name AND model_version = @model_version AND scored_at > @since AND scored_at <= @now"
    given: Parameters = {"model_name": version.name, "model_version": version.version, "since": now - DAY, "now": now}
    (found,) = profile_rows(warehouse, [reference.bins], SCORED, where, given)
    return found


def _online_scores(traffic: Traffic, service: str, reference: ColumnProfile, now: datetime) -> ColumnProfile:
    """Of every revision that gets requests."""
    tallies = traffic.tallies(service, now - DAY)
    serving = [revision.name for revision in traffic.revisions(service) if revision.share]
    profiles = [profile_of(tallies[name].scores, reference) for name in serving if name in tallies]
    counts = tuple(map(sum, zip(*(profile.counts for profile in profiles), strict=True)))
    return ColumnProfile(reference.bins, sum(counts), 0, counts or (0,) * reference.bins.size)


def _promised(warehouse: Warehouse, version: ModelVersion) -> float | None:
    rows = warehouse.query(load_query("evaluated_models"), {"model_name": version.name}).to_pylist()
    return next((float(row["roc_auc"]) for row in rows if row["model_digest"] == version.digest), None)


def _weeks(warehouse: Warehouse, version: ModelVersion, floor: float | None, config: ChurnConfig) -> Iterator[Figure]:
    model = {"model_name": version.name, "model_version": version.version}
    rows = warehouse.query(load_query("recent_outcomes"), model)
    told = [moment.date() for moment in rows["told_at"].to_pylist()]
    mondays = np.array([day - timedelta(days=day.weekday()) for day in told])
    y = np.asarray(rows["churned"].to_pylist(), dtype=np.float64)
    score = rows["churn_probability"].to_numpy()
    for monday in sorted(set(mondays.tolist())):
        chosen = mondays == monday
        yield judge_week(monday, y[chosen], score[chosen], floor, config)


def _as_batch(found: OnlineEvaluation, version: ModelVersion, now: datetime) -> pa.RecordBatch:
    shared = {
        "evaluated_on": now.date(),
        "evaluated_at": now,
        "model_name": version.name,
        "model_version": version.version,
    }
    rows = [{name: value for name, value in asdict(f).items() if name != "sentence"} | shared for f in found.figures]
    return pa.RecordBatch.from_pylist(rows, schema=contract(TABLE).schema)


def _samples(found: OnlineEvaluation) -> Iterator[Sample]:
    for figure in found.figures:
        if figure.figure == "score_psi" and figure.value is not None:
            yield Sample("churn/score_psi", figure.value, {"part": figure.part})
    weeks = [figure for figure in found.figures if figure.figure == "weekly_auc" and figure.value is not None]
    for figure in weeks[-1:]:
        for name in ("value", "lower", "upper"):
            yield Sample("churn/weekly_auc", getattr(figure, name), {"end": name})
    yield Sample("churn/online_alerts", float(len(found.reasons)))
