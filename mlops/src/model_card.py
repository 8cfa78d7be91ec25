"""The model card of the champion, as Markdown.

Reads the registry, the champion's bundle, `telecom_monitoring.model_metrics`,
`telecom_monitoring.feature_drift_metrics` and the contract of the features; writes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from mlops.src.churn_report import generated
from mlops.src.data_prep_churn import FEATURES
from mlops.src.evaluate_churn import FIGURES
from mlops.src.model_versions import champion
from mlops.src.modelling import bundle
from telecom.errors import NotFound
from telecom.markdown import cell, code, table
from telecom.ports import ModelRegistry, ModelVersion, Objects, Warehouse
from telecom.tables import contract

METRICS = """SELECT model_name, model_version, metric, slice, value, lower, upper, customers, evaluated_at
FROM telecom_monitoring.model_metrics WHERE model_digest = @digest ORDER BY slice, metric, model_name"""
DRIFT = """SELECT snapshot_date, MAX(churn_feature_drift_score) AS score, LOGICAL_OR(drifted) AS drifted
FROM telecom_monitoring.feature_drift_metrics WHERE model_version = @version
GROUP BY snapshot_date ORDER BY snapshot_date DESC LIMIT 1"""
USE = """Scores how likely each customer is to leave within the month after a snapshot, so that people decide whom to
ask to stay. Not for prices, credit or refusing service, nor for customers of another kind than those that it was
trained on. A reason says what moved the model, not what would change the customer's mind. Gender is no input; the parts
below show how it does among groups all the same."""
MONOTONE = {1: "never lowers", -1: "never raises", 0: "free"}
PARTS = ("observed", "predicted", "roc_auc", "recall")


@dataclass(frozen=True)
class ModelCard:
    """The page, and the version that it is about."""

    text: str
    model_version: str


@dataclass(frozen=True)
class Facts:
    """What the page is made of; `metrics` are rows of the newest evaluation, `drift` the newest snapshot's."""

    version: ModelVersion
    manifest: Mapping[str, Any]
    metrics: Sequence[Mapping[str, Any]]
    drift: Mapping[str, Any] | None
    generated: bool


def run(warehouse: Warehouse, registry: ModelRegistry, objects: Objects) -> ModelCard:
    """The card of the version in service.

    Raises:
        NotFound: there is no champion, or it was never evaluated.
        ModelRejected: its files do not verify.
    """
    version = champion(registry)
    manifest = bundle.load(registry.fetch(version.name, version.version), expected_digest=version.digest).manifest
    metrics = warehouse.query(METRICS, {"digest": version.digest}).to_pylist()
    if not metrics:
        raise NotFound(f"Version {version.version} has no recorded figures.", "Run: telecom evaluate")
    found = warehouse.query(DRIFT, {"version": version.version}).to_pylist()
    days = [date.fromisoformat(day) for day in manifest["notes"]["snapshots"]]
    made = any(generated(warehouse, objects, day) for day in days)
    facts = Facts(version, manifest, metrics, found[0] if found else None, made)
    return ModelCard("\n".join(card(facts)).rstrip() + "\n", version.version)


def card(facts: Facts) -> Iterator[str]:
    """The lines of the page."""
    version, notes = facts.version, facts.manifest["notes"]
    yield from (f"# Model card: {version.name}, version {version.version}", "")
    yield from ("Written by `telecom cards` from the registry, the recorded figures and the contracts.", "")
    if facts.generated:
        yield from ("**It learned from generated customers: its figures say nothing of real ones.**", "")
    rows = [
        ("version", version.version),
        ("digest", code(version.digest)),
        ("trained", _moment(datetime.fromisoformat(notes["trained_at"]))),
        ("evaluated", _moment(facts.metrics[0]["evaluated_at"])),
        ("commit", code(notes["git_commit"])),
        ("data digest", code(facts.manifest["training_data_digest"])),
        ("kind", f"gradient-boosted trees, {facts.manifest['rounds']}; {facts.manifest['calibration']['method']}"),
        ("libraries", ", ".join(f"{name} {number}" for name, number in sorted(facts.manifest["libraries"].items()))),
        ("seed", str(facts.manifest["seed"])),
    ]
    yield from (*table(("", ""), rows), "", "## Use", "", USE, "")
    yield from ("## Data", "", *_data(notes), "", "## Inputs", "", *_inputs(facts.manifest), "")
    yield from ("## Figures", "", *_figures(facts), "", "## Parts of the customers", "", *_parts(facts.metrics), "")
    yield from ("## Decision", "", *_decision(facts.manifest), "", "## Since then", "", _since(facts.drift))


def _data(notes: Mapping[str, Any]) -> Iterator[str]:
    rows = [(part, f"{notes[f'{part}_rows']:,}") for part in ("training", "validation", "test")]
    yield from table(("part", "customers"), rows)
    yield from ("", f"Snapshots: {', '.join(notes['snapshots'])}. {notes['churn_rate']:.1%} of the customers left.")


def _inputs(manifest: Mapping[str, Any]) -> Iterator[str]:
    known = contract(FEATURES)
    rows = [
        (code(f["name"]), f["kind"], MONOTONE[f["monotone"]], cell(known.column(f["name"]).description))
        for f in manifest["features"]
    ]
    return table(("input", "kind", "more of it: the risk", "is"), rows)


def _figures(facts: Facts) -> Iterator[str]:
    whole, ours = [row for row in facts.metrics if row["slice"] == "all"], facts.version.name
    others = sorted({row["model_name"] for row in whole if row["model_name"] != ours})
    values = {(row["model_name"], row["metric"]): row for row in whole}
    rows = [
        (label, _with_interval(values.get((ours, name))), *[_plain(values.get((other, name))) for other in others])
        for name, label in FIGURES
    ]
    yield from table(("figure", "this model [95 %]", *others), rows)
    yield from ("", f"On {whole[0]['customers']:,} test customers, which no choice was made on.")


def _parts(metrics: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    values = {(row["slice"], row["metric"]): row for row in metrics if row["slice"] != "all"}
    rows = []
    for part in dict.fromkeys(part for part, _ in values):
        told = [values.get((part, metric)) for metric in PARTS]
        customers = max((row["customers"] for row in told if row), default=0)
        rows.append((cell(part), f"{customers:,}", *map(_plain, told)))
    return table(("part", "customers", "left", "predicted", "ROC AUC", "recall"), rows)


def _decision(manifest: Mapping[str, Any]) -> Iterator[str]:
    money, bounds = manifest["economics"], manifest["segments"]
    yield f"Medium risk from {bounds['medium']:g}, high risk from {bounds['high']:g}."
    yield f"An offer pays from a probability of {manifest['threshold']:g}, if it costs {money['offer_cost']:g}, keeps"
    yield f"{money['save_rate']:.0%} of those who would leave, for {money['horizon_months']} months, at a margin of"
    yield f"{money['gross_margin']:.0%}. These are assumptions of the business, not measured."


def _since(drift: Mapping[str, Any] | None) -> str:
    if drift is None:
        return "No snapshot was compared with the training data yet."
    verdict = "has drifted" if drift["drifted"] else "looks like the training data"
    return f"Snapshot {drift['snapshot_date']} {verdict} (score {drift['score']:.2f}; 1 or more is drift)."


def _with_interval(row: Mapping[str, Any] | None) -> str:
    if row is None or row["lower"] is None:
        return _plain(row)
    return f"{row['value']:.3f} [{row['lower']:.3f}, {row['upper']:.3f}]"


def _plain(row: Mapping[str, Any] | None) -> str:
    return "–" if row is None or row["value"] is None else f"{row['value']:.3f}"


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
