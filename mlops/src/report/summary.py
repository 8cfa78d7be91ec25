"""The first screen: the headline in words, the large figures, and one sentence per topic."""

from dataclasses import dataclass
from typing import Literal

from mlops.src.report import words
from mlops.src.report.rows import Standing, auc, standing
from mlops.src.report.view import MetricRow, ReportData

State = Literal["good", "warn", "bad", "none"]
HIGH = "high"


@dataclass(frozen=True)
class Figure:
    """A large figure with its unit or interval in small type."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Status:
    """One topic: how it stands (also as a word, never by colour alone) and why, linking to its section."""

    topic: str
    section: str
    state: State
    word: str
    sentence: str


@dataclass(frozen=True)
class Summary:
    """What a reader takes away who stops after the first screen."""

    headline: str
    lead: str
    figures: tuple[Figure, ...]
    statuses: tuple[Status, ...]


def summary(data: ReportData) -> Summary:
    """Puts the page into words; every figure is the data's own."""
    figures = (_customers(data), _at_risk(data), _loss(data), _quality_figure(data), _drift_figure(data))
    statuses = (quality(auc(data)), _drift(data), _gate(data), _fairness(data), _value(data))
    return Summary(_headline(data), _lead(data), figures, statuses)


def high_risk(data: ReportData) -> int:
    """Customers of the high segment."""
    return sum(segment.customers for segment in data.segments if segment.segment == HIGH)


def total_loss(data: ReportData) -> float:
    """Expected loss over all segments."""
    return sum(segment.expected_loss for segment in data.segments)


def quality(row: MetricRow | None) -> Status:
    """The ROC AUC against logistic regression, saying so where the difference may be chance."""
    if row is None:
        return Status("Model", "quality", "none", "Not measured", "No ROC AUC was measured on the test customers.")
    said = f"ROC AUC {words.decimal(row.value)} (95% interval {words.interval(row.lower, row.upper)})"
    base = words.decimal(row.logistic_regression)
    inside = f"logistic regression, at {base}, lies inside the interval: the difference may be chance"
    verdicts: dict[Standing, tuple[str, State, str]] = {
        "alone": ("No baseline", "none", "no baseline was trained beside it"),
        "level": ("Level with baseline", "warn", inside),
        "ahead": ("Ahead of baseline", "good", f"logistic regression has {base}"),
        "behind": ("Behind baseline", "bad", f"logistic regression has {base}"),
    }
    word, state, tail = verdicts[standing(row)]
    return Status("Model", "quality", state, word, f"{said}; {tail}.")


def _headline(data: ReportData) -> str:
    high = high_risk(data)
    if not data.customers:
        return "No customers were scored"
    if not high:
        return f"None of {words.customers(data.customers)} is at high risk of leaving"
    verb = "is" if high == 1 else "are"
    return f"{words.count(high)} of {words.customers(data.customers)} {verb} at high risk of leaving"


def _lead(data: ReportData) -> str:
    loss = f"If nothing is done, {words.money(total_loss(data))} of monthly charges are expected to be lost"
    parts = [f"{loss} over the next {words.months(data.economics.horizon_months)}."]
    if row := auc(data):
        base = row.logistic_regression
        beside = f", logistic regression {words.decimal(base)}" if base is not None else ""
        parts.append(f"The model's ROC AUC is {words.decimal(row.value)}{beside}.")
    if data.drift is None:
        parts.append("Drift has not been measured for this snapshot.")
    else:
        state = "has drifted from" if data.drift.drifted else "still looks like"
        parts.append(f"This snapshot {state} the data the model was trained on.")
    return " ".join(parts)


def _customers(data: ReportData) -> Figure:
    return Figure("Customers scored", words.count(data.customers), f"snapshot of {words.day(data.snapshot_date)}")


def _at_risk(data: ReportData) -> Figure:
    high = high_risk(data)
    share = f"{words.percent(high / data.customers)} of customers" if data.customers else "no customers"
    return Figure("At high risk", words.count(high), share)


def _loss(data: ReportData) -> Figure:
    note = f"over {words.months(data.economics.horizon_months)}, all customers"
    return Figure("Expected loss", words.short_money(total_loss(data)), note)


def _quality_figure(data: ReportData) -> Figure:
    row = auc(data)
    if row is None:
        return Figure("ROC AUC", words.UNKNOWN, "not measured")
    return Figure("ROC AUC", words.decimal(row.value), f"95% interval {words.interval(row.lower, row.upper)}")


def _drift_figure(data: ReportData) -> Figure:
    if data.drift is None:
        return Figure("Drift score", words.UNKNOWN, "not measured")
    return Figure("Drift score", words.decimal(data.drift.score, 2), "1 or more is drift")


def _drift(data: ReportData) -> Status:
    if data.drift is None:
        return Status("Drift", "drift", "none", "Not measured", "No drift was measured for this snapshot.")
    moved = sum(row.drifted for row in data.drift.rows)
    sentence = f"{moved} of {len(data.drift.rows)} columns moved; score {words.decimal(data.drift.score, 2)}."
    state: State = "bad" if data.drift.drifted else "good"
    return Status("Drift", "drift", state, "Drift" if data.drift.drifted else "No drift", sentence)


def _gate(data: ReportData) -> Status:
    gate = data.gate
    if gate is None:
        return Status("Promotion gate", "gate", "none", "Not run", "No promotion decision is on record.")
    failed = sum(not check.passed for check in gate.checks)
    checks = f"{len(gate.checks) - failed} of {len(gate.checks)} checks passed."
    if gate.already_champion:
        return Status("Promotion gate", "gate", "good", "Champion", f"This model is the champion; {checks}")
    if gate.promote:
        return Status("Promotion gate", "gate", "good", "Promote", checks)
    return Status("Promotion gate", "gate", "bad", "Not promoted", checks)


def _fairness(data: ReportData) -> Status:
    if not data.gaps:
        return Status("Slices", "slices", "none", "Not compared", "No gaps between slices were measured.")
    name, gap = max(data.gaps, key=lambda pair: abs(pair[1]))
    sentence = f"The largest gap in ROC AUC between groups: {words.label(name)}, {words.decimal(gap)}."
    return Status("Slices", "slices", "none", "Read with care", sentence)


def _value(data: ReportData) -> Status:
    chosen = data.economics
    sentence = (
        f"Calling the {words.percent(chosen.treated_share)} of the test customers whose probability is "
        f"{words.percent(chosen.threshold)} or more gains {words.money(chosen.value_per_customer)} per customer."
    )
    if chosen.value_per_customer > 0:
        return Status("Value", "value", "good", "Calls pay", sentence)
    return Status("Value", "value", "warn", "Calls do not pay", sentence)
