"""Parts that the charts share: theme, axes, lines and the invisible points that carry hover titles."""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, isfinite
from typing import Any

from mlops.src.report.drawing import Spec
from mlops.src.report.view import Point

MODEL, BASELINE, MARKED = "var(--model)", "var(--baseline)", "var(--marked)"
INK, MUTED, GRID = "var(--ink)", "var(--muted)", "var(--grid)"
SOLID: tuple[int, ...] = ()
DASHED, DOTTED = (5, 4), (1, 4)
HOVER_POINTS = 40
SHARE = [0, 1]
QUARTERS = [0, 0.25, 0.5, 0.75, 1]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def chart(layers: Sequence[Spec], width: int, height: int) -> Spec:
    """A complete specification; width and height hold everything, axes included (pixels at scale 1)."""
    text = {"labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 11.5, "titleFontSize": 11.5}
    axis = {
        **text,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "gridColor": GRID,
        "labelFlush": False,
    }
    return {
        "$schema": SCHEMA,
        "background": None,
        "width": width,
        "height": height,
        "padding": 4,
        "autosize": {"type": "fit", "contains": "padding"},
        "layer": list(layers),
        "config": {"font": "inherit", "view": {"stroke": None}, "axis": axis, "axisX": {"grid": False}},
    }


def axis(title: str, form: str = ".0%", domain: Sequence[float] | None = SHARE, **more: Any) -> Spec:
    """An encoding channel's title, number format and range; `more` goes to Vega-Lite's axis."""
    scale = {"domain": list(domain), "nice": False} if domain else {"zero": True}
    ticks = {"values": QUARTERS} if domain == SHARE else {"tickCount": 5}
    return {"type": "quantitative", "scale": scale, "axis": {"title": title, "format": form, **ticks, **more}}


def finite(points: Iterable[Point]) -> list[Point]:
    """The points that can be drawn: both figures exist."""
    return [point for point in points if isfinite(point[0]) and isfinite(point[1])]


def line(points: Iterable[Point], x: Spec, y: Spec, *, colour: str = MODEL, dash: Sequence[int] = SOLID) -> Spec:
    """A line through the points in their order."""
    look = {"strokeDash": list(dash), "strokeWidth": 1.5} if dash else {"strokeWidth": 2.5}
    return {
        "data": {"values": [{"x": a, "y": b, "n": n} for n, (a, b) in enumerate(finite(points))]},
        "mark": {"type": "line", "aria": False, "stroke": colour, "strokeJoin": "round", "strokeCap": "round", **look},
        "encoding": {"x": {"field": "x", **x}, "y": {"field": "y", **y}, "order": {"field": "n"}},
    }


def hover(points: Sequence[Point], x: Spec, y: Spec, sentence: Callable[[float, float], str]) -> Spec:
    """Invisible points, at most `HOVER_POINTS`, each with a sentence that shows under the pointer."""
    known = finite(points)
    step = max(1, ceil(len(known) / HOVER_POINTS))
    return {
        "data": {"values": [{"x": a, "y": b, "t": sentence(a, b)} for a, b in known[::step]]},
        "mark": {"type": "circle", "size": 320, "opacity": 0},
        "encoding": {"x": {"field": "x", **x}, "y": {"field": "y", **y}, "description": {"field": "t"}},
    }


def dot(point: Point, text: str, x: Spec, y: Spec, *, right: bool = True) -> list[Spec]:
    """One marked point with its words: beside it to the right, or below it to the left."""
    data = {"values": [{"x": point[0], "y": point[1], "t": text}]}
    place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
    mark = {"type": "circle", "size": 90, "fill": MARKED, "stroke": "var(--surface)", "strokeWidth": 2, "opacity": 1}
    side = {"align": "left", "dx": 10} if right else {"align": "right", "dx": -2, "dy": 16}
    words = {
        "type": "text",
        "aria": False,
        "fill": INK,
        "fontSize": 11.5,
        "fontWeight": 600,
        "baseline": "middle",
        **side,
    }
    return [
        {"data": data, "mark": mark, "encoding": {**place, "description": {"field": "t"}}},
        {"data": data, "mark": words, "encoding": {**place, "text": {"field": "t"}}},
    ]


def upright(at: float, text: str, x: Spec, *, drop: float, solid: bool = False) -> list[Spec]:
    """A vertical rule with words at its head, `drop` pixels below the top; beyond 0.6 they stand to its left."""
    data = {"values": [{"x": at, "t": text}]}
    place = {"x": {"field": "x", **x}}
    dash = {"stroke": MARKED, "strokeWidth": 2} if solid else {"stroke": MUTED, "strokeDash": [3, 3]}
    side = {"align": "right", "dx": -6} if at > 0.6 else {"align": "left", "dx": 6}
    look = {"fontWeight": 600, "fill": INK} if solid else {"fill": MUTED}
    words = {"type": "text", "aria": False, "fontSize": 11.5, "baseline": "top", "y": drop, **side, **look}
    return [
        {"data": data, "mark": {"type": "rule", "aria": False, **dash}, "encoding": place},
        {"data": data, "mark": words, "encoding": {**place, "text": {"field": "t"}}},
    ]
