"""Table rows with a small drawing in them: the words and the bar's place, in percent of its box."""

from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor
from typing import Literal

from mlops.src.report import words
from mlops.src.report.view import Drift, DriftRow, MetricRow, QueueRow, ReportData, SliceRow

DRIFT_SPAN = 4.0
AXIS_STEP = 0.05
LOWER_IS_BETTER = "lower"

Standing = Literal["ahead", "level", "behind", "alone"]


@dataclass(frozen=True)
class ReasonBar:
    """A global reason; `length` in percent of the strongest."""

    label: str
    feature: str
    mean_absolute: float
    mean_signed: float
    share_as_reason: float
    length: float


@dataclass(frozen=True)
class Pill:
    """One reason of one customer. `length` is 1 for the strongest contribution of the queue."""

    words: str
    contribution: float
    raises: bool
    length: float


@dataclass(frozen=True)
class QueueLine:
    """A customer of the queue with the reasons in words."""

    row: QueueRow
    pills: tuple[Pill, ...]


@dataclass(frozen=True)
class Whisker:
    """A slice's AUC: the ends of the interval and the point, in percent of the axis."""

    row: SliceRow
    name: str
    lower: float | None
    upper: float | None
    at: float | None


@dataclass(frozen=True)
class SliceTable:
    """Slices by column, on one AUC axis from `start` to `end`; `reference` is the figure of all customers, in percent
    of the axis.
    """

    groups: tuple[tuple[str, tuple[Whisker, ...]], ...]
    start: float
    end: float
    reference: float | None


@dataclass(frozen=True)
class DriftBar:
    """A feature's PSI in multiples of its own threshold; `cut` where the bar is longer than its box."""

    row: DriftRow
    label: str
    length: float
    cut: bool


@dataclass(frozen=True)
class DriftTable:
    """Features by PSI against threshold; `mark` is where the threshold stands, in percent of the box."""

    bars: tuple[DriftBar, ...]
    mark: float


def labels(data: ReportData) -> dict[str, str]:
    """The field's words for model inputs."""
    return {reason.feature: reason.label for reason in data.reasons}


def auc(data: ReportData) -> MetricRow | None:
    """The row of the ROC AUC, by any of its usual names."""
    usual = ("roc auc", "auc", "auc roc", "area under the roc curve")
    return next((row for row in data.metrics if row.name.lower().replace("_", " ").strip() in usual), None)


def standing(row: MetricRow) -> Standing:
    """Where the figure stands against logistic regression: `level` where that lies inside the interval."""
    base = row.logistic_regression
    if base is None:
        return "alone"
    if row.lower <= base <= row.upper:
        return "level"
    return "ahead" if (row.value > base) == (row.better != LOWER_IS_BETTER) else "behind"


def reasons(data: ReportData) -> tuple[ReasonBar, ...]:
    """The global reasons, strongest first."""
    ordered = sorted(data.reasons, key=lambda reason: -reason.mean_absolute)
    longest = max((reason.mean_absolute for reason in ordered), default=0.0) or 1.0
    return tuple(
        ReasonBar(
            reason.label,
            reason.feature,
            reason.mean_absolute,
            reason.mean_signed,
            reason.share_as_reason,
            100 * reason.mean_absolute / longest,
        )
        for reason in ordered
    )


def queue(data: ReportData) -> tuple[QueueLine, ...]:
    """The queue with reasons such as `Contract: Month-to-month`."""
    known = labels(data)
    longest = max((abs(c) for row in data.queue for _, _, c in row.reasons), default=0.0) or 1.0
    return tuple(
        QueueLine(
            row,
            tuple(
                Pill(
                    f"{known.get(feature, words.label(feature))}: {words.value(value)}",
                    contribution,
                    contribution >= 0,
                    abs(contribution) / longest,
                )
                for feature, value, contribution in row.reasons
            ),
        )
        for row in data.queue
    )


def slices(data: ReportData) -> SliceTable:
    """The slices in their order, grouped by column, on the smallest axis that holds every interval."""
    overall = auc(data)
    ends = [f for row in data.slices for f in (row.auc, row.auc_lower, row.auc_upper) if f is not None]
    ends += [overall.value] if overall else []
    start, end = (
        floor(min(ends, default=0.5) / AXIS_STEP) * AXIS_STEP,
        ceil(max(ends, default=1.0) / AXIS_STEP) * AXIS_STEP,
    )
    span = (end - start) or 1.0

    def place(figure: float | None) -> float | None:
        return None if figure is None else 100 * (figure - start) / span

    groups = tuple(
        (
            words.label(column),
            tuple(Whisker(r, words.value(r.value), place(r.auc_lower), place(r.auc_upper), place(r.auc)) for r in rows),
        )
        for column, rows in groupby(data.slices, key=lambda row: row.column)
    )
    return SliceTable(groups, start, end, place(overall.value if overall else None))


def drift(found: Drift, known: dict[str, str]) -> DriftTable:
    """Drifted features first, then by PSI against threshold; bars end at `DRIFT_SPAN` thresholds at most."""
    ratios = {row.feature: _ratio(row) for row in found.rows}
    ordered = sorted(found.rows, key=lambda row: (not row.drifted, -ratios[row.feature], row.feature))
    span = min(DRIFT_SPAN, max(1.5, *ratios.values())) if ratios else 1.5
    bars = tuple(
        DriftBar(
            row,
            known.get(row.feature, words.label(row.feature)),
            100 * min(ratios[row.feature], span) / span,
            ratios[row.feature] > span,
        )
        for row in ordered
    )
    return DriftTable(bars, 100 / span)


def _ratio(row: DriftRow) -> float:
    return row.psi / row.threshold if row.threshold > 0 else 0.0
