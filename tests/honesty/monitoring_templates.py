"""The dashboards, alerts and objectives of infra/terraform: which metrics and labels they name."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.honesty.documents import ROOT

MODULE = ROOT / "infra" / "terraform" / "modules" / "monitoring"
DASHBOARDS = tuple(sorted(MODULE.glob("dashboards/*.json")))
NUMBERS = {"drift_score", "batch_late_hours", "cost_increase", "cost_messages", "assistant_daily_usd"}
NUMBERS |= {"churn_error_share", "assistant_goal", "batch_goal"}

_GAP = re.compile(r"\$\{(\w+)\}")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"([A-Za-z_:][\w:]*)\{([^}]*)\}(?:\[[^\]]*\])?(?:\s+offset\s+\w+)?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_BY = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)\s*\(")
# All that a query may say beside selectors. A bare metric name would be none of these, and is refused.
_WORDS = set(
    """sum max min avg count topk rate increase last_over_time max_over_time sum_over_time count_over_time avg_over_time
    histogram_quantile vector by and or unless""".split()
)


@dataclass(frozen=True)
class Named:
    """A metric by its PromQL name, the labels asked for, what `namespace` is asked to be, and its kind if said."""

    where: str
    metric: str
    labels: frozenset[str]
    namespace: str = ""
    kind: str = ""


def render(text: str) -> str:
    """The template with each name filled in by itself, and each figure by 1."""
    return _GAP.sub(lambda gap: "1" if gap[1] in NUMBERS else f"<{gap[1]}>", text)


@cache
def expressions() -> tuple[tuple[str, str], ...]:
    """Every query and filter of the templates, and where it is."""
    found: list[tuple[str, str]] = []
    for path in DASHBOARDS:
        for key, text in _texts(json.loads(render(path.read_text("utf-8")))):
            if key in ("prometheusQuery", "filter", "timeSeriesFilter", "query"):
                found.append((f"{path.name} {len(found)}", text))
    for name in ("alerts.yaml", "objectives.yaml"):
        for key, entry in yaml.safe_load(render((MODULE / name).read_text("utf-8"))).items():
            found += [
                (f"{name} {key} {part}", entry[part]) for part in ("query", "good", "bad", "gauge") if part in entry
            ]
    return tuple(found)


def named(where: str, expression: str) -> list[Named]:
    """The metrics of one PromQL query or Monitoring filter."""
    return list(_of_filter(where, expression) if "metric.type" in expression else _of_query(where, expression))


def promql_name(metric: str) -> str:
    """A Monitoring metric's name in PromQL: the first `/` is `:`, every other sign `_`."""
    domain, _, path = metric.partition("/")
    return re.sub(r"\W", "_", domain) + ":" + re.sub(r"\W", "_", path) if path else metric


def _of_query(where: str, query: str) -> Iterator[Named]:
    blank = _STRING.sub(lambda text: '"' + " " * (len(text[0]) - 2) + '"', query)
    groups = [(match.end(), _closed(blank, match.end()), match[1]) for match in _BY.finditer(blank)]
    rest = blank
    for match in _SELECTOR.finditer(blank):
        asked = set(_MATCHER.findall(match[2]))
        for start, end, by in groups:
            if start <= match.start() < end:
                asked |= {label.strip() for label in by.split(",")}
        written = query[match.start(2) : match.end(2)]
        namespace = re.search(r'\bnamespace="([^"]*)"', written)
        yield Named(where, match[1], frozenset(asked), namespace[1] if namespace else "")
        rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    rest = re.sub(r"\b(by|without)\s*\([^)]*\)", " ", rest)
    if strange := [word for word in re.findall(r"[A-Za-z_:][\w:]*", rest) if word not in _WORDS]:
        raise ValueError(f"{where}: {strange} is neither a selector with braces nor a known word of PromQL")


def _closed(text: str, start: int) -> int:
    """Where the bracket closes that was opened just before `start`."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place
    raise ValueError(f"A bracket is not closed: {text!r}")


def _of_filter(where: str, text: str) -> Iterator[Named]:
    (metric,) = re.findall(r'metric\.type\s*=\s*"([^"]*)"', text)
    labels = set(re.findall(r"\b(?:metric|resource)\.labels?\.(\w+)", text))
    namespace = re.search(r'resource\.labels\.namespace\s*=\s*"([^"]*)"', text)
    said = re.fullmatch(r"prometheus\.googleapis\.com/(\w+)/(\w+)", metric)
    name, kind = (said[1], said[2]) if said else (promql_name(metric), "")
    name += "_count" if kind == "histogram" else ""
    yield Named(where, name, frozenset(labels), namespace[1] if namespace else "", kind)


def _texts(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _texts(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, key)
    elif isinstance(node, str):
        yield key, node
