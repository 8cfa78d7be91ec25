"""What the code emits, read from the code: gauges of jobs, and Prometheus metrics of services."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from telecom.adapters.gcp.metrics import DOMAIN, CloudMonitoringMetrics
from telecom.ports import Sample
from telecom.settings import Settings
from tests.honesty.documents import ROOT, files, name_of

SERVICES = {
    "churn": "mlops/src/serving/telemetry.py",
    "dispatcher": "mlops/src/serving/dispatcher_gauges.py",
    "assistant": "llmops/agent/telemetry.py",
}
JOBS = ("mlops/src/", "llmops/", "tools/test_stats.py")
"""Where jobs are; the last is a job of CI."""
KINDS = {"Counter": "counter", "Histogram": "histogram", "Gauge": "gauge", "HistogramMetricFamily": "histogram"}


@dataclass(frozen=True)
class Metric:
    """How a metric may be asked for: its kind and the labels of its series."""

    kind: str
    labels: frozenset[str]


def of_service(service: str) -> dict[str, Metric]:
    """What a service's telemetry module declares with prometheus_client's classes and literal names and labels."""
    return declared_in((ROOT / SERVICES[service]).read_text("utf-8"))


def declared_in(text: str) -> dict[str, Metric]:
    """The metrics that a module's text declares."""
    tree = ast.parse(text)
    declared = [metric for call in _calls(tree, *KINDS) if (metric := _declared(call))]
    return dict(declared)


def of_jobs() -> dict[str, Metric]:
    """Every gauge that a job publishes, with the labels that the adapter adds."""
    found: dict[str, Metric] = {}
    for path in files():
        if path.suffix == ".py" and name_of(path).startswith(JOBS) and "/tests/" not in str(path):
            tree = ast.parse(path.read_text("utf-8"))
            if "Sample" in _imported(tree, "telecom.ports"):
                found |= {name: _published(name, labels) for name, labels in _samples(tree, path)}
    return found


def _published(name: str, labels: frozenset[str]) -> Metric:
    """As Cloud Monitoring gets it; the adapter itself says so."""
    metrics = CloudMonitoringMetrics(Settings(backend="gcp", project="p-1"))
    series = metrics._series("some-job", Sample(name, 1.0, dict.fromkeys(labels, "x")), datetime.now(UTC))
    assert series.metric.type == f"{DOMAIN}/{name}"
    assert series.resource.type == "global"
    return Metric("gauge", frozenset(series.metric.labels))


def _declared(call: ast.Call) -> tuple[str, Metric] | None:
    kind = KINDS[_called(call)]
    if not (call.args and isinstance(call.args[0], ast.Constant)):
        return None
    given = call.args[2] if len(call.args) > 2 else _keyword(call, "labelnames") or _keyword(call, "labels")
    labels = frozenset(map(str, ast.literal_eval(given))) if given else frozenset()
    name = str(call.args[0].value)
    return (name.removesuffix("_total") + "_total" if kind == "counter" else name), Metric(kind, labels)


def _samples(tree: ast.Module, path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Name and labels of each `Sample(…)`; names and labels that are not literal are looked for where they are made."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for call in _calls(function, "Sample"):
            labels = call.args[2] if len(call.args) > 2 else _keyword(call, "labels")
            for name in _names(call.args[0], function, path):
                yield name, _keys(labels, function)


def _names(node: ast.expr, function: ast.FunctionDef, path: Path) -> list[str]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    assert isinstance(node, ast.JoinedStr), f"{path}:{node.lineno}: the name of a gauge is neither text nor f-string"
    names = [""]
    for part in node.values:
        words = _words(part.value, function, path) if isinstance(part, ast.FormattedValue) else [ast.literal_eval(part)]
        names = [name + word for name in names for word in words]
    return names


def _words(node: ast.expr, function: ast.FunctionDef, path: Path) -> list[str]:
    """What a loop's first variable goes through: the first members of the rows of a constant of the module."""
    assert isinstance(node, ast.Name)
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for loop in (each for each in ast.walk(function) if isinstance(each, ast.comprehension)):
        rows = getattr(module, loop.iter.id, None) if isinstance(loop.iter, ast.Name) else None
        if rows and isinstance(loop.target, ast.Tuple) and getattr(loop.target.elts[0], "id", "") == node.id:
            return [str(row[0]) for row in rows]
    raise AssertionError(f"{path}:{node.lineno}: it cannot be told what {node.id} stands for in a gauge's name")


def _keys(node: ast.expr | None, function: ast.FunctionDef) -> frozenset[str]:
    if isinstance(node, ast.Name):
        made = [
            each.value
            for each in ast.walk(function)
            if isinstance(each, ast.Assign) and node.id in [getattr(target, "id", "") for target in each.targets]
        ]
        (node,) = made
    if node is None:
        return frozenset()
    assert isinstance(node, ast.Dict), f"line {node.lineno}: labels that are no literal dictionary"
    return frozenset(str(ast.literal_eval(key)) for key in node.keys if key)


def _calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in names)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _keyword(call: ast.Call, name: str) -> Any:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _imported(tree: ast.Module, module: str) -> set[str]:
    found = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == module)
    return {alias.name for node in found for alias in node.names}
