"""Should the champion be retrained?

Reads the registry, feature_drift_metrics, model_metrics, and the outcomes that came after telco_churn_scored was
written; writes nothing. The rules are in docs/mlops/retraining.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from mlops.src import data_prep_churn, training_data
from mlops.src.config import ChurnConfig
from mlops.src.feature_store_loader import resolve_snapshot
from mlops.src.model_versions import CHAMPION, MODEL, find
from mlops.src.modelling.intervals import Interval, auc_interval
from mlops.src.utils_bigquery import load_query
from telecom.ports import ModelRegistry, ModelVersion, Warehouse

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Finding:
    """What one rule found: whether it asks for retraining, and why (not) in one sentence."""

    rule: str
    asks: bool
    sentence: str


@dataclass(frozen=True)
class Need:
    """The answer and everything that was looked at.

    Args:
        retrain: whether to train now.
        reasons: one sentence per thing looked at, also when the answer is no.
        triggers: the rules that ask for it, among no_champion, drift, age and performance; they may be overruled
            because nothing new is labelled.
        champion_version: None where there is no champion; then all that follows is None or empty.
        snapshot_date: whose drift was read.
        drift_score: 1 or more is drift; None where it was not measured against this champion.
        drifted_features: the worst first.
        champion_age_days: since the champion was registered.
        promised_auc: the champion's recorded test AUC.
        recent_auc: of customers whose outcome came after their score; None where there are too few.
        recent_auc_interval: its 95 % interval (DeLong).
        labelled_customers: how many such customers there are.
    """

    retrain: bool
    reasons: tuple[str, ...]
    triggers: tuple[str, ...]
    champion_version: str | None = None
    snapshot_date: date | None = None
    drift_score: float | None = None
    drifted_features: tuple[str, ...] = ()
    champion_age_days: float | None = None
    promised_auc: float | None = None
    recent_auc: float | None = None
    recent_auc_interval: tuple[float, float] | None = None
    labelled_customers: int = 0

    def headline(self) -> str:
        """The answer in one line."""
        if self.retrain:
            return f"retrain: {', '.join(self.triggers)}"
        return f"no retraining: {self.reasons[-1]}" if self.triggers else "no retraining: nothing asks for it"

    def summary(self) -> list[tuple[str, str]]:
        """The answer as pairs for people."""
        champion = f"version {self.champion_version}" if self.champion_version else "none yet"
        looked = [("because" if number == 0 else "", reason) for number, reason in enumerate(self.reasons)]
        return [("retrain", "yes" if self.retrain else "no"), ("champion", champion), *looked]


@dataclass(frozen=True)
class _Drift:
    """What drift monitoring recorded of a snapshot against the champion."""

    day: date
    score: float | None
    features: tuple[str, ...]

    def finding(self, champion: ModelVersion) -> Finding:
        if self.score is None:
            said = f"Drift of snapshot {self.day} was not measured against version {champion.version} (telecom drift)."
        elif self.features:
            said = f"Snapshot {self.day} has drifted in {', '.join(self.features)} (score {self.score:.2f})."
        else:
            said = f"Snapshot {self.day} looks like the training data (drift score {self.score:.2f})."
        return Finding("drift", bool(self.features), said)


@dataclass(frozen=True)
class _Performance:
    """How the champion did on customers whose outcome came later. `auc` is None where they are too few."""

    left: int
    stayed: int
    auc: Interval | None
    promised: float | None

    def finding(self, config: ChurnConfig) -> Finding:
        customers = f"{self.left + self.stayed:,} customers ({self.left:,} left) whose outcome came after their score"
        if self.auc is None:
            least = config.min_recent_customers
            said = f"There are {customers}; a recent AUC needs {least} who left and {least} who stayed."
            return Finding("performance", False, said)
        measured = f"AUC {self.auc.estimate:.3f} [{self.auc.low:.3f}, {self.auc.high:.3f}] on {customers}"
        if self.promised is None:
            return Finding("performance", False, f"{measured}; none was promised (telecom evaluate).")
        asks = self.auc.high < self.promised - config.min_recent_auc_drop
        verdict = "lies below" if asks else "is not shown to lie below"
        promise = f"the promised {self.promised:.3f} less {config.min_recent_auc_drop:g}"
        return Finding("performance", asks, f"{measured} {verdict} {promise}.")


def run(
    warehouse: Warehouse,
    registry: ModelRegistry,
    config: ChurnConfig,
    *,
    now: datetime,
    snapshot_date: date | None = None,
) -> Need:
    """Looks at drift, age and recent performance of the champion; nothing new to learn from overrules them all.

    Args:
        warehouse: read only.
        registry: read only.
        config: the limits.
        now: from which the champion's age counts.
        snapshot_date: whose drift counts; None is the newest prepared snapshot.

    Raises:
        NotFound: there is a champion, but the snapshot was not prepared, or no customer is labelled any more.
        UsageError: a rule asks for retraining, and too few customers are labelled to train on.
    """
    champion = find(registry, CHAMPION)
    if champion is None:
        return Need(True, ("There is no champion yet.",), ("no_champion",))
    evaluated = _evaluated(warehouse)
    drift = _drift(warehouse, champion, snapshot_date)
    recent = _performance(warehouse, champion, evaluated.get(champion.digest), config)
    age = (now - champion.created_at).total_seconds() / SECONDS_PER_DAY
    findings = [drift.finding(champion), _age(champion, age, config), recent.finding(config)]
    triggers = tuple(finding.rule for finding in findings if finding.asks)
    news = [_news(warehouse, registry, champion, evaluated, config)] if triggers else []
    return Need(
        retrain=bool(triggers) and all(finding.asks for finding in news),
        reasons=tuple(finding.sentence for finding in (*findings, *news)),
        triggers=triggers,
        champion_version=champion.version,
        snapshot_date=drift.day,
        drift_score=drift.score,
        drifted_features=drift.features,
        champion_age_days=age,
        promised_auc=recent.promised,
        recent_auc=recent.auc.estimate if recent.auc else None,
        recent_auc_interval=(recent.auc.low, recent.auc.high) if recent.auc else None,
        labelled_customers=recent.left + recent.stayed,
    )


def _evaluated(warehouse: Warehouse) -> Mapping[str, float]:
    """Recorded test AUC by model digest."""
    found = warehouse.query(load_query("evaluated_models"), {"model_name": MODEL})
    return dict(zip(found["model_digest"].to_pylist(), found["roc_auc"].to_pylist(), strict=True))


def _drift(warehouse: Warehouse, champion: ModelVersion, snapshot_date: date | None) -> _Drift:
    day, _ = resolve_snapshot(warehouse, snapshot_date)
    rows = warehouse.query(
        load_query("report_drift"), {"snapshot_date": day, "model_version": champion.version}
    ).to_pylist()
    score = float(rows[0]["churn_feature_drift_score"]) if rows else None
    return _Drift(day, score, tuple(row["feature"] for row in rows if row["drifted"]))


def _age(champion: ModelVersion, days: float, config: ChurnConfig) -> Finding:
    asks = days > config.max_age_days
    verdict = "more than" if asks else "at most"
    said = f"Version {champion.version} is {days:.1f} days old, {verdict} {config.max_age_days:g}."
    return Finding("age", asks, said)


def _performance(
    warehouse: Warehouse, champion: ModelVersion, promised: float | None, config: ChurnConfig
) -> _Performance:
    rows = warehouse.query(
        load_query("recent_outcomes"), {"model_name": champion.name, "model_version": champion.version}
    )
    y = np.asarray(rows["churned"].to_pylist(), dtype=np.float64)
    left = int(y.sum())
    stayed = len(y) - left
    enough = min(left, stayed) >= config.min_recent_customers
    interval = auc_interval(y, rows["churn_probability"].to_numpy()) if enough else None
    return _Performance(left, stayed, interval, promised)


def _news(
    warehouse: Warehouse,
    registry: ModelRegistry,
    champion: ModelVersion,
    evaluated: Mapping[str, float],
    config: ChurnConfig,
) -> Finding:
    """Whether training now could give another model than one that was judged already.

    The same rows give the same model to the byte. A version that was registered and never evaluated is not in the way:
    the run that made it broke off.
    """
    if waiting := data_prep_churn.pending(warehouse):
        return Finding("news", True, f"Snapshot {waiting[-1]} has a file that is not prepared yet.")
    data = training_data.load(warehouse, most=config.training_rows)
    judged = (v for v in registry.versions(MODEL) if v.version == champion.version or v.digest in evaluated)
    same = next((v for v in judged if v.notes.get("data_digest") == data.digest), None)
    if same:
        said = f"Nothing new is labelled: version {same.version} learned from exactly these {data.rows:,} customers."
        return Finding("news", False, said)
    return Finding("news", True, f"No version judged so far learned from these {data.rows:,} labelled customers.")
