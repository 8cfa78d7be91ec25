"""Traffic as Cloud Run and Vertex AI are asked for it, and what Cloud Monitoring is asked about their revisions."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api import distribution_pb2
from google.cloud import monitoring_v3

from telecom.adapters.gcp import _run_api
from telecom.adapters.gcp._cloud_run import CloudRunTraffic
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp.endpoints import VertexEndpoints
from telecom.adapters.gcp.registry import VertexRegistry
from telecom.adapters.gcp.traffic import GoogleTraffic
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.ports import Buckets, Traffic
from telecom.settings import Settings
from tests.loopback.cloud import Cloud
from tests.loopback.faults import Kind

SERVICE = "telecom-churn-dev"
NAME = f"projects/telecom-test/locations/us-central1/services/{SERVICE}"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64
BY_NAME = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


@pytest.fixture
def traffic(gcp_settings: Settings, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """A service with revisions a (all requests, as "latest"), b (tag candidate) and c (tag other)."""
    monkeypatch.setattr(_run_api.RunApi.__init__, "__defaults__", (Patience(5.0, 0.01, 0.05),))
    cloud.run.deploy(SERVICE, "a", TELECOM_SERVING_VERSION="1")
    cloud.run.deploy(SERVICE, "b", tag="candidate")
    cloud.run.deploy(SERVICE, "c", tag="other", TELECOM_SERVING_VERSION="challenger")
    return GoogleTraffic(gcp_settings)


def sent(cloud: Cloud) -> list[tuple[str, Any]]:
    return [(call.path, json.loads(call.body)) for call in cloud.run.requests("PATCH")]


def test_only_the_traffic_is_changed_by_name_under_the_etag_and_tags_stay(traffic: Traffic, cloud: Cloud) -> None:
    etag = cloud.run.services[NAME]["etag"]
    traffic.shift("churn", {"a": 90, "b": 10})
    ((path, body),) = sent(cloud)
    assert path == f"/v2/{NAME}?updateMask=traffic"
    assert body == {
        "etag": etag,
        "traffic": [
            {"type": BY_NAME, "revision": "a", "percent": 90},
            {"type": BY_NAME, "revision": "b", "percent": 10},
            {"type": BY_NAME, "revision": "b", "tag": "candidate"},
            {"type": BY_NAME, "revision": "c", "tag": "other"},
        ],
    }
    assert cloud.run.shares(SERVICE) == {"a": 90, "b": 10}


def test_it_waits_until_requests_follow(traffic: Traffic, cloud: Cloud) -> None:
    cloud.run.polls = 4
    traffic.shift("churn", {"b": 100})
    assert cloud.run.shares(SERVICE) == {"b": 100}
    assert len(cloud.run.requests("GET", "/operations/")) >= 2


def test_the_revision_that_a_release_made_is_known_by_its_tag(traffic: Traffic) -> None:
    assert {revision.name: revision.candidate for revision in traffic.revisions("churn")} == {
        "a": False,
        "b": True,
        "c": False,
    }


def test_models_are_told_by_the_revisions_own_settings(traffic: Traffic) -> None:
    versions = {revision.name: revision.model_version for revision in traffic.revisions("churn")}
    assert versions == {"a": "1", "b": "", "c": "challenger"}


def test_every_page_of_revisions_is_read(traffic: Traffic, cloud: Cloud) -> None:
    cloud.run.page_limit = 1
    assert [revision.name for revision in traffic.revisions("churn")] == ["c", "b", "a"]
    assert len(cloud.run.requests("GET", "/revisions")) == 3


def test_a_change_by_somebody_else_is_not_overwritten(traffic: Traffic, cloud: Cloud) -> None:
    work = cloud.run.change

    def first(name: str, wanted: Any) -> Any:
        raise AssertionError("must be refused by its etag")

    def touch_after_read(service: str) -> dict[str, Any]:
        found = type(traffic._chosen._api).service(traffic._chosen._api, service)  # type: ignore[attr-defined]
        cloud.run.touch(SERVICE)
        return found

    cloud.run.change = first  # type: ignore[method-assign]
    traffic._chosen._api.service = touch_after_read  # type: ignore[attr-defined]
    with pytest.raises(DependencyUnavailable, match="somebody else changed it"):
        traffic.shift("churn", {"b": 100})
    cloud.run.change = work  # type: ignore[method-assign]
    assert cloud.run.shares(SERVICE) == {"a": 100}


def test_an_answer_that_got_lost_is_made_up_for_by_looking(traffic: Traffic, cloud: Cloud) -> None:
    cloud.fail("PATCH /v2/", kind="half")
    traffic.shift("churn", {"a": 50, "b": 50})
    assert cloud.run.shares(SERVICE) == {"a": 50, "b": 50} and len(sent(cloud)) == 1


@pytest.mark.parametrize("kind", ["429", "500", "503"])
def test_a_change_that_was_not_taken_is_said_and_not_sent_again(traffic: Traffic, cloud: Cloud, kind: Kind) -> None:
    cloud.fail("PATCH /v2/", kind=kind)
    with pytest.raises(DependencyUnavailable, match=f"Moving the traffic of {SERVICE} failed"):
        traffic.shift("churn", {"b": 100})
    assert cloud.run.shares(SERVICE) == {"a": 100} and len(sent(cloud)) == 1
    traffic.shift("churn", {"b": 100})


@pytest.mark.parametrize("kind", ["429", "500", "503"])
def test_reads_are_repeated(traffic: Traffic, cloud: Cloud, kind: Kind) -> None:
    cloud.fail("GET /v2/", kind=kind, times=2)
    assert len(traffic.revisions("churn")) == 3


def test_a_change_that_cloud_run_cannot_make_is_said(traffic: Traffic, cloud: Cloud) -> None:
    cloud.run.complaint = "Revision 'b' is not ready and cannot serve traffic."
    with pytest.raises(DependencyUnavailable, match="is not ready and cannot serve traffic"):
        traffic.shift("churn", {"b": 100})
    assert cloud.run.shares(SERVICE) == {"a": 100}


def test_an_operation_that_never_ends_is_left(traffic: Traffic, cloud: Cloud) -> None:
    cloud.run.polls = 10**6
    adapter = CloudRunTraffic(traffic._chosen._settings)  # type: ignore[attr-defined]
    adapter._api._patience = Patience(0.2, 0.01, 0.05)
    with pytest.raises(DependencyUnavailable, match=r"did not finish within 0\.2 s"):
        adapter.shift("churn", {"b": 100})


def test_a_service_that_was_never_deployed_is_not_found(traffic: Traffic) -> None:
    with pytest.raises(NotFound, match="telecom-other-dev"):
        traffic.revisions("other")
    with pytest.raises(UsageError, match="No service can be named"):
        traffic.revisions("a/../b")


def test_without_a_tag_nobody_can_be_asked_alone(traffic: Traffic) -> None:
    with pytest.raises(UsageError, match="has no tag") as refused:
        traffic.ask("churn", "a", "/metrics")
    assert refused.value.remedy.endswith("--update-tags candidate=a")


def test_a_redirect_is_an_answer(traffic: Traffic, cloud: Cloud) -> None:
    cloud.run.app = lambda revision, method, path, body: (302, f"{revision} {method} {path}".encode())
    answer = traffic.ask("churn", "b", "/predict?x=1", b"{}")
    assert (answer.status, answer.body) == (302, b"b POST /predict?x=1")


class Monitoring:
    """Answers ListTimeSeries from a table of metric → (labels, value); remembers the requests."""

    def __init__(self, cloud: Cloud) -> None:
        self.rows: dict[str, list[tuple[dict[str, str], Any]]] = defaultdict(list)
        self.cloud = cloud

        @cloud.grpc.on("ListTimeSeries")
        def _(request: Any, context: grpc.ServicerContext) -> Any:
            metric = request.filter.split('"')[1]
            return monitoring_v3.ListTimeSeriesResponse(
                time_series=[self._series(metric, labels, value) for labels, value in self.rows[metric]]
            )

    def _series(self, metric: str, labels: dict[str, str], value: Any) -> Any:
        resource = {key: text for key, text in labels.items() if key == "revision_name" and "prometheus" not in metric}
        others = {key: text for key, text in labels.items() if key not in resource}
        kind = "distribution_value" if isinstance(value, distribution_pb2.Distribution) else "int64_value"
        return monitoring_v3.TimeSeries(
            metric={"type": metric, "labels": others},
            resource={"type": "cloud_run_revision", "labels": resource},
            points=[monitoring_v3.Point(value={kind: value})],
        )

    def asked(self, metric: str) -> Any:
        requests = self.cloud.grpc.requests("ListTimeSeries")
        return next(request for request in requests if f'metric.type = "{metric}"' in request.filter)


def exponential(*counts: int) -> distribution_pb2.Distribution:
    options = {"exponential_buckets": {"num_finite_buckets": 3, "growth_factor": 2.0, "scale": 1.0}}
    return distribution_pb2.Distribution(count=sum(counts), bucket_options=options, bucket_counts=counts)


def explicit(bounds: list[float], *counts: int) -> distribution_pb2.Distribution:
    options = {"explicit_buckets": {"bounds": bounds}}
    return distribution_pb2.Distribution(count=sum(counts), bucket_options=options, bucket_counts=counts)


def test_what_cloud_monitoring_knows_of_the_revisions(traffic: Traffic, cloud: Cloud) -> None:
    monitoring, run = Monitoring(cloud), "run.googleapis.com"
    codes = {"200": 900, "422": 30, "429": 5, "503": 15}
    for code, count in codes.items():
        monitoring.rows[f"{run}/request_count"].append(({"revision_name": "a", "response_code": code}, count))
    monitoring.rows[f"{run}/request_count"].append(({"revision_name": "b", "response_code": "200"}, 7))
    monitoring.rows[f"{run}/request_latencies"].append(({"revision_name": "a"}, exponential(0, 940, 8, 2)))
    scores = "prometheus.googleapis.com/churn_score/histogram"
    monitoring.rows[scores].append(({"revision_name": "a"}, explicit([0.25, 0.5, 1.0], 700, 150, 50)))
    since = datetime.now(UTC) - timedelta(minutes=10)
    found = traffic.tallies("churn", since)
    assert found["a"].requests == 950 and (found["a"].errors, found["a"].refused) == (20, 30)
    assert found["a"].seconds == Buckets((0.001, 0.002, 0.004, 0.008), (0, 940, 8, 2, 0))
    assert found["a"].scores == Buckets((0.25, 0.5, 1.0), (700, 150, 50, 0))
    assert found["b"].requests == 7 and found["b"].scores == Buckets()
    request = monitoring.asked(f"{run}/request_count")
    assert request.name == "projects/telecom-test" and request.interval.start_time == since
    assert f'resource.labels.service_name = "{SERVICE}"' in request.filter
    assert request.aggregation.per_series_aligner.name == "ALIGN_DELTA"
    assert request.aggregation.cross_series_reducer.name == "REDUCE_SUM"
    assert 600 <= request.aggregation.alignment_period.total_seconds() <= 605
    fields = list(request.aggregation.group_by_fields)
    assert fields == ["resource.labels.revision_name", "metric.labels.response_code"]
    assert f'resource.labels.namespace = "{SERVICE}"' in monitoring.asked(scores).filter


def test_within_the_first_minute_nothing_is_asked(traffic: Traffic, cloud: Cloud) -> None:
    assert traffic.tallies("churn", datetime.now(UTC)) == {}
    assert cloud.grpc.calls == []


def test_a_monitoring_that_does_not_answer_is_said(traffic: Traffic, cloud: Cloud) -> None:
    @cloud.grpc.on("ListTimeSeries")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "monitoring.timeSeries.list")

    with pytest.raises(DependencyUnavailable, match="Reading what Cloud Monitoring knows"):
        traffic.tallies("churn", datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture
def endpoint(gcp_settings: Settings, tmp_path: Path) -> Traffic:
    """An endpoint with versions 1 (all requests) and 2 of a model."""
    changes = {"image": IMAGE, "endpoint": "123", "home": tmp_path / "home"}
    settings = gcp_settings.model_copy(update=changes)
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "manifest.json").write_text(str(number))
        VertexRegistry(settings).register("telco-churn", folder, str(number) * 64, {})
    for version, share in (("1", 100), ("2", 0)):
        VertexEndpoints(settings).deploy("telco-churn", version, share)
    return GoogleTraffic(settings)


def test_models_on_a_vertex_endpoint_are_revisions(endpoint: Traffic, cloud: Cloud) -> None:
    shares = {r.name: (r.share, r.model_version) for r in endpoint.revisions("churn")}
    assert shares == {"telco-churn@1": (100, "1"), "telco-churn@2": (0, "2")}
    endpoint.shift("churn", {"telco-churn@1": 90, "telco-churn@2": 10})
    endpoint.shift("churn", {"telco-churn@1": 90, "telco-churn@2": 10})
    (change,) = cloud.grpc.requests("UpdateEndpoint")
    assert list(change.update_mask.paths) == ["traffic_split"] and sorted(change.endpoint.traffic_split.values()) == [
        10,
        90,
    ]
    assert {r.name: r.share for r in endpoint.revisions("churn")} == {"telco-churn@1": 90, "telco-churn@2": 10}
    with pytest.raises(NotFound, match="'telco-churn@9' is not deployed"):
        endpoint.shift("churn", {"telco-churn@9": 100})
    with pytest.raises(UsageError, match="add up to 100"):
        endpoint.shift("churn", {"telco-churn@1": 90})


def test_an_endpoint_deals_by_itself_and_tells_no_scores(endpoint: Traffic, cloud: Cloud) -> None:
    with pytest.raises(UsageError, match=r"cannot be asked for telco-churn@2 alone"):
        endpoint.ask("churn", "telco-churn@2", "/predict", b"{}")
    monitoring, online = Monitoring(cloud), "aiplatform.googleapis.com/prediction/online"
    (model, _) = VertexEndpoints(endpoint._chosen._settings).deployed()  # type: ignore[attr-defined]
    labels = {"deployed_model_id": model.id}
    monitoring.rows[f"{online}/response_count"].append((labels | {"response_code": "200"}, 40))
    monitoring.rows[f"{online}/prediction_latencies"].append((labels, explicit([1.0, 10.0], 5, 35)))
    (found,) = endpoint.tallies("churn", datetime.now(UTC) - timedelta(minutes=5)).items()
    assert found[0] == model.name and found[1].requests == 40
    assert found[1].seconds == Buckets((0.001, 0.01), (5, 35, 0)) and found[1].scores == Buckets()
    assert 'resource.labels.endpoint_id = "123"' in monitoring.asked(f"{online}/response_count").filter
