"""The charts of the page: which points, which axes, and what each says in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mlops.src.report import layers, words
from mlops.src.report.drawing import Spec, draw
from mlops.src.report.layers import DASHED, DOTTED, axis, chart, dot, hover, line, upright
from mlops.src.report.view import Curves, Point, ReportData

SQUARE = (380, 320)
WIDE = (860, 280)
NARROW = (340, 280)
DIAGONAL: tuple[Point, ...] = ((0.0, 0.0), (1.0, 1.0))
SEGMENTS = ("low", "medium", "high")
OTHER_SEGMENT = "var(--model)"


@dataclass(frozen=True)
class Chart:
    """A drawing and its text alternative. `narrow` is a second drawing for small screens, where one is needed."""

    svg: Markup
    alternative: str
    narrow: Markup | None = None


def charts(data: ReportData) -> dict[str, Chart]:
    """All charts that the data allows, by name: a chart without points is left out."""
    curves, rate = data.curves, data.identity.churn_rate
    drawn: dict[str, Chart | None] = {
        "histogram": _histogram(data) if data.histogram else None,
        "roc": _roc(curves) if curves.roc else None,
        "precision_recall": _precision_recall(curves, rate) if curves.precision_recall else None,
        "calibration": _calibration(curves) if curves.calibration else None,
        "gain": _gain(data) if curves.gain else None,
        "value": _value(data) if curves.value else None,
    }
    return {name: found for name, found in drawn.items() if found}


def reached(gain: tuple[Point, ...], share: float) -> float:
    """The share of leavers among the given share of customers, read off the gain curve by straight lines."""
    before = DIAGONAL[0]
    for point in sorted(gain):
        if point[0] >= share:
            width = point[0] - before[0]
            return point[1] if width <= 0 else before[1] + (point[1] - before[1]) * (share - before[0]) / width
        before = point
    return before[1]


def _roc(curves: Curves) -> Chart:
    x, y = axis("Stayers called by mistake"), axis("Leavers found")
    spec = [
        line(DIAGONAL, x, y, colour=layers.BASELINE, dash=DOTTED),
        line(curves.roc_baseline, x, y, colour=layers.BASELINE, dash=DASHED),
        line(curves.roc, x, y),
        hover(curves.roc, x, y, lambda a, b: f"{words.percent(b)} of leavers found, {words.percent(a)} false alarms"),
    ]
    return _square(spec, "roc", "ROC curve: leavers found against stayers called by mistake, at every threshold.")


def _precision_recall(curves: Curves, rate: float) -> Chart:
    x, y = axis("Leavers found (recall)"), axis("Leavers among those called")
    spec = [
        line(((0.0, rate), (1.0, rate)), x, y, colour=layers.BASELINE, dash=DOTTED),
        line(curves.precision_recall_baseline, x, y, colour=layers.BASELINE, dash=DASHED),
        line(curves.precision_recall, x, y),
        hover(
            curves.precision_recall, x, y, lambda a, b: f"{words.percent(a)} found, {words.percent(b)} of calls right"
        ),
    ]
    alternative = f"Precision against recall. Calling at random is right {words.percent(rate)} of the time."
    return _square(spec, "precision-recall", alternative)


def _calibration(curves: Curves) -> Chart:
    x, y = axis("Predicted probability"), axis("Share that left")
    points = layers.finite((predicted, observed) for predicted, observed, _ in curves.calibration)
    rows = [
        {"x": p, "y": o, "c": n, "t": f"predicted {words.percent(p)}, left {words.percent(o)}, {words.customers(n)}"}
        for p, o, n in curves.calibration
        if (p, o) in points
    ]
    size = {"field": "c", "type": "quantitative", "legend": None, "scale": {"range": [50, 260], "zero": True}}
    bubbles: Spec = {
        "data": {"values": rows},
        "mark": {"type": "circle", "fill": layers.MODEL, "stroke": "var(--surface)", "strokeWidth": 1.5, "opacity": 1},
        "encoding": {"x": {"field": "x", **x}, "y": {"field": "y", **y}, "size": size, "description": {"field": "t"}},
    }
    spec = [line(DIAGONAL, x, y, colour=layers.BASELINE, dash=DASHED), line(points, x, y), bubbles]
    worst = max((abs(p - o) for p, o in points), default=0.0)
    alternative = f"Predicted against observed share of leavers; the largest distance is {words.percent(worst)}."
    return _square(spec, "calibration", alternative)


def _gain(data: ReportData) -> Chart:
    x, y = axis("Customers called, riskiest first"), axis("Leavers reached")
    gain, share = data.curves.gain, data.economics.treated_share
    found = reached(gain, share)
    label = f"{words.percent(share, 0)} called, {words.percent(found, 0)} reached"
    spec = [
        line(DIAGONAL, x, y, colour=layers.BASELINE, dash=DASHED),
        line(gain, x, y),
        hover(gain, x, y, lambda a, b: f"calling {words.percent(a)} reaches {words.percent(b)} of leavers"),
        *dot((share, found), label, x, y, right=share <= 0.5),
    ]
    alternative = f"Calling the riskiest {words.percent(share)} of customers reaches {words.percent(found)} of leavers."
    return _square(spec, "gain", alternative)


def _histogram(data: ReportData) -> Chart:
    edges = [edge for edge, _ in data.histogram]
    width = edges[1] - edges[0] if len(edges) > 1 else 1 - edges[0]
    rows = [
        {"x": e, "x2": e + width, "y": n, "c": _colour(data, e + width / 2), "t": _bin(e, width, n)}
        for e, n in data.histogram
    ]
    x, y = (
        axis("Probability of leaving", values=[n / 10 for n in range(11)]),
        axis("Customers", "~s", _headroom(data.histogram), tickMinStep=1),
    )
    place = {"x": {"field": "x", **x}, "x2": {"field": "x2"}, "y": {"field": "y", **y}, "y2": {"datum": 0}}
    fill = {"field": "c", "type": "nominal", "scale": None}
    bars: Spec = {
        "data": {"values": rows},
        "mark": {"type": "bar", "stroke": "var(--surface)", "strokeWidth": 1},
        "encoding": {**place, "fill": fill, "description": {"field": "t"}},
    }
    lowest = [(segment, start) for segment, start in data.boundaries if start > 0]
    lines = [
        part
        for n, (segment, start) in enumerate(lowest)
        for part in upright(start, f"{segment} from {words.percent(start)}", x, drop=20 + 18 * n)
    ]
    threshold = data.economics.threshold
    lines += upright(threshold, f"call from {words.percent(threshold)}", x, drop=2, solid=True)
    alternative = (
        f"Number of customers by predicted probability of leaving, in {len(rows)} bins; "
        f"customers from {words.percent(threshold)} on are worth a call."
    )
    return _two_sizes([bars, *lines[::2], *lines[1::2]], "histogram", alternative)


def _value(data: ReportData) -> Chart:
    chosen = data.economics
    x, y = (
        axis("Threshold: call from this probability on"),
        axis("Value per customer", ",.2~f", _headroom(data.curves.value)),
    )
    money = words.money(chosen.value_per_customer)
    spec = [
        line(((0.0, 0.0), (1.0, 0.0)), x, y, colour=layers.BASELINE, dash=DASHED),
        line(data.curves.value, x, y),
        hover(data.curves.value, x, y, lambda a, b: f"threshold {words.percent(a)}: {words.money(b)} per customer"),
        *upright(chosen.threshold, f"{words.percent(chosen.threshold)}: {money} per customer", x, drop=2, solid=True),
        *dot((chosen.threshold, chosen.value_per_customer), "", x, y),
    ]
    alternative = (
        f"Value per customer against the threshold. The chosen one, {words.percent(chosen.threshold)}, gives {money}."
    )
    return _two_sizes(spec, "value", alternative)


def _headroom(points: Sequence[Point]) -> tuple[float, float]:
    # A fifth above the highest point, so that the words at the head of the rule stand clear of the curve.
    values = [0.0, *(value for _, value in layers.finite(points))]
    low, high = min(values), max(values)
    return low, high + 0.2 * ((high - low) or 1.0)


def _bin(edge: float, width: float, customers: int) -> str:
    return f"{words.percent(edge, 0)} to {words.percent(edge + width, 0)}: {words.customers(customers)}"


def _colour(data: ReportData, probability: float) -> str:
    inside = [(lowest, segment) for segment, lowest in data.boundaries if lowest <= probability]
    segment = max(inside)[1] if inside else ""
    return f"var(--{segment})" if segment in SEGMENTS else OTHER_SEGMENT


def _square(spec: list[Spec], name: str, alternative: str) -> Chart:
    return Chart(draw(chart(spec, *SQUARE), name, alternative), alternative)


def _two_sizes(spec: list[Spec], name: str, alternative: str) -> Chart:
    wide, narrow = (draw(chart(spec, *size), f"{name}-{size[0]}", alternative) for size in (WIDE, NARROW))
    return Chart(wide, alternative, narrow)
