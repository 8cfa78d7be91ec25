"""Dashboards, alerts and objectives name only metrics and labels that the code emits."""

import re
from typing import Any

import pytest
import yaml

from mlops.src.pipelines.compiling import PIPELINES
from tests.honesty import emitted_metrics
from tests.honesty.documents import ROOT
from tests.honesty.emitted_metrics import SERVICES, Metric
from tests.honesty.monitoring_templates import MODULE, Named, expressions, named, promql_name

LISTED: dict[str, dict[str, Any]] = yaml.safe_load((MODULE / "metrics.yaml").read_text("utf-8"))
BY_PROMQL = {
    promql_name(f"custom.googleapis.com/{name}" if entry["emitted_by"] == "jobs" else name) + suffix: (name, entry)
    for name, entry in LISTED.items()
    for suffix in (("_bucket", "_sum", "_count") if entry["kind"] == "histogram" else ("",))
}
# Labels that the Prometheus sidecar and PromQL itself add.
ADDED = {"jobs": {"monitored_resource"}, "google": {"monitored_resource"}}
SIDECAR = {"namespace", "monitored_resource"}


def listed(emitter: str) -> dict[str, Metric]:
    return {
        name: Metric(entry["kind"], frozenset(entry["labels"]))
        for name, entry in LISTED.items()
        if entry["emitted_by"] == emitter
    }


def missing(emitter: str, emitted: dict[str, Metric]) -> dict[str, tuple[Metric, Metric | None]]:
    """What the list says of an emitter's metrics and the code does not."""
    return {name: (said, emitted.get(name)) for name, said in listed(emitter).items() if emitted.get(name) != said}


def fault(one: Named) -> str:
    """Why nothing would ever answer; "" where something does."""
    if one.metric not in BY_PROMQL:
        return f"{one.where}: nobody emits {one.metric}"
    _, entry = BY_PROMQL[one.metric]
    emitter = entry["emitted_by"]
    known = {*entry["labels"], *ADDED.get(emitter, SIDECAR), *(["le"] if one.metric.endswith("_bucket") else [])}
    if strange := sorted(one.labels - known):
        return f"{one.where}: {one.metric} has no label {strange}"
    if one.kind and one.kind != entry["kind"]:
        return f"{one.where}: {one.metric} is no {one.kind}"
    if emitter in SERVICES and one.namespace != f"<{emitter}>":
        return f"{one.where}: {one.metric} is asked of {one.namespace!r}, and {emitter} emits it"
    if emitter == "jobs" and "env" not in one.labels:
        return f"{one.where}: {one.metric} of every environment is asked for"
    return ""


@pytest.mark.parametrize(("where", "expression"), expressions(), ids=[where for where, _ in expressions()])
def test_a_template_names_what_is_listed(where: str, expression: str) -> None:
    found = named(where, expression)
    assert found, "it names no metric at all"
    assert [words for one in found if (words := fault(one))] == []


@pytest.mark.parametrize("service", ["churn", "dispatcher", "assistant"])
def test_the_list_says_what_a_service_emits(service: str) -> None:
    assert missing(service, emitted_metrics.of_service(service)) == {}


def test_the_list_says_what_the_jobs_emit() -> None:
    assert missing("jobs", emitted_metrics.of_jobs()) == {}


def test_the_list_holds_nothing_that_no_template_names() -> None:
    used = {BY_PROMQL[one.metric][0] for where, text in expressions() for one in named(where, text)}
    assert sorted(set(LISTED) - used) == []


def test_every_emitter_is_known() -> None:
    assert {entry["emitted_by"] for entry in LISTED.values()} == {*SERVICES, "jobs", "google"}


def test_no_metric_is_named_outside_of_the_templates() -> None:
    spoken = re.compile(r"metric\.type|googleapis[._]com|\w+_(total|bucket)\b")
    found = [f"{path.name}: {match[0]}" for path in MODULE.glob("*.tf") for match in spoken.finditer(path.read_text())]
    assert found == []


def test_the_batch_is_a_pipeline_that_reports() -> None:
    text = (MODULE / "variables.tf").read_text("utf-8")
    (allowed,) = re.findall(r"contains\(\[([^]]*)\], var\.batch\)", text)
    assert set(re.findall(r'"([^"]*)"', allowed)) == set(PIPELINES)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ('sum(rate(churn_requests_total{namespace="<churn>"}[5m]))', ""),
        ('sum by (code) (rate(churn_requests_total{namespace="<churn>",route="risk"}[5m]))', ""),
        ('sum(rate(churn_request_total{namespace="<churn>"}[5m]))', "nobody emits churn_request_total"),
        ('sum by (verb) (rate(churn_requests_total{namespace="<churn>"}[5m]))', "has no label ['verb']"),
        ('churn_requests_total{namespace="<churn>",status="500"}', "has no label ['status']"),
        ('churn_requests_total{namespace="<assistant>"}', "and churn emits it"),
        ('churn_score{namespace="<churn>"}', "nobody emits churn_score"),
        ('churn_requests_total_bucket{namespace="<churn>"}', "nobody emits churn_requests_total_bucket"),
        ('sum by (le) (churn_score_bucket{namespace="<churn>"})', ""),
        ('custom_googleapis_com:churn_drift_score{env="e"}', ""),
        ("custom_googleapis_com:churn_drift_score{}", "every environment"),
        ('custom_googleapis_com:churn_test_f1{env="e"}', "nobody emits custom_googleapis_com:churn_test_f1"),
        ('metric.type="custom.googleapis.com/churn/auc" metric.labels.env="e"', "nobody emits"),
        (
            'metric.type="prometheus.googleapis.com/churn_requests_total/gauge" resource.labels.namespace="<churn>"',
            "is no gauge",
        ),
        (
            'metric.type="prometheus.googleapis.com/churn_requests_total/counter" resource.labels.namespace="<churn>" '
            'metric.labels.status="500"',
            "has no label ['status']",
        ),
    ],
)
def test_a_wrong_name_is_noticed(expression: str, said: str) -> None:
    (one,) = named("here", expression)
    assert bool(fault(one)) == bool(said)
    assert said in fault(one)


def test_a_metric_without_braces_is_not_overlooked() -> None:
    with pytest.raises(ValueError, match="churn_requests_total"):
        named("here", "sum(rate(churn_requests_total[5m]))")


def test_a_metric_that_the_code_renames_or_labels_otherwise_is_noticed() -> None:
    text = (ROOT / SERVICES["churn"]).read_text("utf-8")
    renamed = emitted_metrics.declared_in(text.replace('"churn_reload_failures"', '"churn_failures"'))
    labelled = emitted_metrics.declared_in(text.replace('["route", "code"]', '["route", "status"]'))
    assert set(missing("churn", renamed)) == {"churn_reload_failures_total"}
    assert set(missing("churn", labelled)) == {"churn_requests_total"}
