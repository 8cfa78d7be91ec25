"""What every Metrics promises."""

import math
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.ports import Sample

pytestmark = pytest.mark.backends("local", "gcp")

Gauges = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def gauges(platform: Platform, request: pytest.FixtureRequest) -> Callable[[], Gauges]:
    """What a dashboard sees: the newest value per metric and labels."""
    if platform.settings.backend == "local":
        return lambda: _of_files(platform)
    cloud = request.getfixturevalue("cloud")
    return lambda: _of_requests(cloud.grpc.requests("CreateTimeSeries"))


def _of_files(platform: Platform) -> Gauges:
    found: Gauges = {}
    for path in (platform.settings.home / "metrics").glob("*.prom"):
        for family in text_string_to_metric_families(path.read_text()):
            for sample in family.samples:
                found[sample.name.replace("_", "/", 1), tuple(sorted(sample.labels.items()))] = sample.value
    return found


def _of_requests(requests: list[object]) -> Gauges:
    found: Gauges = {}
    for series in (series for request in requests for series in request.time_series):
        labels = {key: value for key, value in series.metric.labels.items() if key not in ("job", "env")}
        name = series.metric.type.removeprefix("custom.googleapis.com/")
        found[name, tuple(sorted(labels.items()))] = series.points[0].value.double_value
    return found


def test_gauges_carry_values_and_labels(platform: Platform, gauges: Callable[[], Gauges]) -> None:
    features = [Sample("churn/psi", 0.1 * n, {"feature": f"f{n} é"}) for n in (1, 2)]
    platform.metrics.publish("drift", [Sample("churn/score", 0.5), *features])
    assert gauges() == {
        ("churn/score", ()): 0.5,
        ("churn/psi", (("feature", "f1 é"),)): 0.1,
        ("churn/psi", (("feature", "f2 é"),)): 0.2,
    }


def test_the_newest_value_is_shown(platform: Platform, gauges: Callable[[], Gauges]) -> None:
    platform.metrics.publish("drift", [Sample("churn/score", 9.0)])
    platform.metrics.publish("drift", [Sample("churn/score", 0.5), Sample("churn/score", 0.25)])
    assert gauges() == {("churn/score", ()): 0.25}


def test_many_at_once_and_none(platform: Platform, gauges: Callable[[], Gauges]) -> None:
    platform.metrics.publish("none", [])
    assert gauges() == {}
    platform.metrics.publish("drift", [Sample("churn/psi", n, {"feature": f"f{n}"}) for n in range(451)])
    assert sorted(gauges().values()) == list(range(451))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_before_anything_is_sent(
    platform: Platform, gauges: Callable[[], Gauges], value: float
) -> None:
    with pytest.raises(UsageError, match="churn/psi = "):
        platform.metrics.publish("drift", [Sample("churn/score", 0.5), Sample("churn/psi", value)])
    assert gauges() == {}


@pytest.mark.parametrize(
    ("metric", "label"), [("churn/auc test", "a"), ("", "a"), ("churn/", "a"), ("churn/auc", "Feature Name")]
)
def test_names_that_no_gauge_can_have_are_refused(
    platform: Platform, gauges: Callable[[], Gauges], metric: str, label: str
) -> None:
    with pytest.raises(UsageError, match="no gauge can have"):
        platform.metrics.publish("drift", [Sample(metric, 0.5, {label: "x"})])
    assert gauges() == {}
