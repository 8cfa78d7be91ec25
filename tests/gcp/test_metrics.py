"""Cloud Monitoring over the wire: what is sent, how often, and what happens when it fails."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest

from telecom.adapters.gcp._errors import ASK_FOR_ROLE, DEADLINE
from telecom.adapters.gcp.metrics import CloudMonitoringMetrics
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import Sample
from telecom.settings import Settings
from tests.loopback.cloud import Cloud
from tests.loopback.faults import Kind

RPC = "CreateTimeSeries"


@pytest.fixture
def metrics(gcp_settings: Settings) -> CloudMonitoringMetrics:
    return CloudMonitoringMetrics(gcp_settings)


def test_a_series_is_what_monitoring_asks_for(cloud: Cloud, metrics: CloudMonitoringMetrics) -> None:
    before = datetime.now(UTC)
    metrics.publish("drift", [Sample("churn/feature_drift_score", 0.25, {"feature": "tenure_months"})])
    (call,) = cloud.grpc.calls_of(RPC)
    (series,) = call.request.time_series
    assert call.request.name == "projects/telecom-test"
    assert series.metric.type == "custom.googleapis.com/churn/feature_drift_score"
    assert dict(series.metric.labels) == {"feature": "tenure_months", "job": "drift", "env": "dev"}
    assert (series.resource.type, dict(series.resource.labels)) == ("global", {"project_id": "telecom-test"})
    (point,) = series.points
    assert point.value.double_value == 0.25
    assert before - timedelta(seconds=1) <= point.interval.end_time <= datetime.now(UTC)
    assert call.routing == {"name": "projects/telecom-test"}
    assert DEADLINE - 5 < (call.deadline or 0) <= DEADLINE + 1


def test_at_most_200_series_per_call_and_each_series_once(cloud: Cloud, metrics: CloudMonitoringMetrics) -> None:
    samples = [Sample("churn/psi", n, {"feature": f"f{n % 401}"}) for n in range(802)]
    metrics.publish("drift", samples)
    sent = [request.time_series for request in cloud.grpc.requests(RPC)]
    assert [len(series) for series in sent] == [200, 200, 1]
    values = {series.metric.labels["feature"]: series.points[0].value.double_value for part in sent for series in part}
    assert values == {f"f{n}": n + 401 for n in range(401)}
    assert len({series.points[0].interval.end_time for part in sent for series in part}) == 1


def test_nothing_is_sent_when_there_is_nothing(cloud: Cloud, metrics: CloudMonitoringMetrics) -> None:
    metrics.publish("drift", [])
    with pytest.raises(UsageError):
        metrics.publish(
            "drift", [Sample("churn/psi", float(n)) for n in range(250)] + [Sample("churn/x", float("nan"))]
        )
    assert cloud.grpc.calls == []


@pytest.mark.parametrize("kind", ["429", "500", "503", "timeout", "half"])
def test_a_point_is_never_sent_twice(cloud: Cloud, metrics: CloudMonitoringMetrics, kind: Kind) -> None:
    cloud.fail(RPC, kind=kind)
    with pytest.raises(DependencyUnavailable, match="Publishing the gauges of 'drift' failed") as raised:
        metrics.publish("drift", [Sample("churn/score", 0.5)])
    assert "ten seconds later" in raised.value.remedy and "safe to repeat" not in str(raised.value)
    assert len(cloud.grpc.calls_of(RPC)) == 1
    assert cloud.faults.unspent == {}


def test_a_missing_role_keeps_its_remedy(cloud: Cloud, metrics: CloudMonitoringMetrics) -> None:
    cloud.grpc.on(RPC)(lambda _, context: context.abort(grpc.StatusCode.PERMISSION_DENIED, "No."))
    with pytest.raises(DependencyUnavailable, match="permission denied") as raised:
        metrics.publish("drift", [Sample("churn/score", 0.5)])
    assert raised.value.remedy == ASK_FOR_ROLE


def test_a_server_that_never_answers_is_left(
    cloud: Cloud, metrics: CloudMonitoringMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecom.adapters.gcp.metrics.DEADLINE", 0.3)
    cloud.fail(RPC, kind="hang")
    with pytest.raises(DependencyUnavailable, match="no answer in time"):
        metrics.publish("drift", [Sample("churn/score", 0.5)])
