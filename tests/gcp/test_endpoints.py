"""The endpoint as Vertex AI is asked for it."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from telecom.adapters.gcp.endpoints import VertexEndpoints
from telecom.adapters.gcp.registry import VertexRegistry
from telecom.errors import DependencyUnavailable, TelecomError, UsageError
from telecom.settings import Settings
from tests.loopback.cloud import Cloud

NAME = "telco-churn"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64
PARENT = "projects/telecom-test/locations/us-central1"
ENDPOINT = f"{PARENT}/endpoints/123456789"


@pytest.fixture
def endpoints(gcp_settings: Settings, tmp_path: Path) -> VertexEndpoints:
    """With three registered versions."""
    changes = {"image": IMAGE, "endpoint": "123456789", "home": tmp_path / "home", "service_account": "s@p.iam"}
    settings = gcp_settings.model_copy(update=changes)
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "manifest.json").write_text(str(number))
        VertexRegistry(settings).register(NAME, folder, str(number) * 64, {})
    return VertexEndpoints(settings, machine="n2-standard-4", least_replicas=2, most_replicas=5)


def on_the_endpoint(cloud: Cloud) -> dict[str, int]:
    """Shares as the server holds them, by deployed model's name."""
    endpoint = cloud.grpc.store[ENDPOINT]
    return {model.display_name: endpoint.traffic_split.get(model.id, 0) for model in endpoint.deployed_models}


def test_the_requests_are_what_the_documentation_asks_for(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    endpoints.deploy(NAME, "1", 100)
    endpoints.deploy(NAME, "2", 10)
    (made,) = cloud.grpc.calls_of("CreateEndpoint")
    assert (made.request.endpoint_id, made.routing) == ("123456789", {"parent": PARENT})
    assert dict(made.request.endpoint.labels) == {"app": "telecom-ml-llmops", "env": "dev"}
    first, second = cloud.grpc.calls_of("DeployModel")
    assert first.routing == {"endpoint": ENDPOINT} and dict(first.request.traffic_split) == {"0": 100}
    model = first.request.deployed_model
    assert model.model == f"{PARENT}/models/{NAME}@1" and model.service_account == "s@p.iam"
    resources = model.dedicated_resources
    assert (resources.min_replica_count, resources.max_replica_count) == (2, 5)
    assert resources.machine_spec.machine_type == "n2-standard-4"
    assert dict(second.request.traffic_split) == {"0": 10, model.id: 90}
    assert on_the_endpoint(cloud) == {f"{NAME}@1": 90, f"{NAME}@2": 10}


def test_only_the_split_changes_where_all_is_deployed(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    for version, share in (("1", 100), ("2", 10), ("2", 50), ("2", 50)):
        endpoints.deploy(NAME, version, share)
    assert len(cloud.grpc.requests("DeployModel")) == 2
    (change,) = cloud.grpc.requests("UpdateEndpoint")
    assert list(change.update_mask.paths) == ["traffic_split"]
    assert on_the_endpoint(cloud) == {f"{NAME}@1": 50, f"{NAME}@2": 50}


def test_an_endpoint_that_was_made_elsewhere_is_used(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    endpoints.deploy(NAME, "1", 100)
    calls = len(cloud.grpc.requests("CreateEndpoint"))
    endpoints.deploy(NAME, "2", 100)
    assert len(cloud.grpc.requests("CreateEndpoint")) == calls == 1
    assert on_the_endpoint(cloud) == {f"{NAME}@1": 0, f"{NAME}@2": 100}


def test_versions_without_requests_go_only_when_asked(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    for version, share in (("1", 100), ("2", 100), ("3", 40)):
        endpoints.deploy(NAME, version, share)
    assert on_the_endpoint(cloud) == {f"{NAME}@1": 0, f"{NAME}@2": 60, f"{NAME}@3": 40}
    assert endpoints.retire(NAME) == {"2": 60, "3": 40}
    assert on_the_endpoint(cloud) == {f"{NAME}@2": 60, f"{NAME}@3": 40}
    assert endpoints.retire(NAME) == {"2": 60, "3": 40}
    assert len(cloud.grpc.requests("UndeployModel")) == 1


def test_a_lost_answer_deploys_once(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    endpoints.deploy(NAME, "1", 100)
    cloud.fail("DeployModel", kind="half")
    with pytest.raises(DependencyUnavailable):
        endpoints.deploy(NAME, "2", 25)
    assert endpoints.deploy(NAME, "2", 25) == {"1": 75, "2": 25}
    assert on_the_endpoint(cloud) == {f"{NAME}@1": 75, f"{NAME}@2": 25}


def test_a_deployment_still_under_way_is_not_made_twice(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    """Its machines are being found: the endpoint does not list it yet, the id is taken."""
    endpoints.deploy(NAME, "1", 100)

    @cloud.grpc.on("DeployModel")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{request.deployed_model.id} is being deployed.")

    with pytest.raises(TelecomError, match="is being deployed"):
        endpoints.deploy(NAME, "2", 25)
    first, second = (each.deployed_model.id for each in cloud.grpc.requests("DeployModel"))
    assert first != second and all(len(id_) == 9 and id_.isdigit() for id_ in (first, second))


def test_a_deployment_that_fails_changes_nothing(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    endpoints.deploy(NAME, "1", 100)

    @cloud.grpc.on("DeployModel")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no machines")

    with pytest.raises(DependencyUnavailable, match="no machines"):
        endpoints.deploy(NAME, "2", 25)
    assert on_the_endpoint(cloud) == {f"{NAME}@1": 100}


def test_a_change_by_somebody_else_is_not_overwritten(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    endpoints.deploy(NAME, "1", 100)
    endpoints.deploy(NAME, "2", 10)
    work = cloud.grpc._permanent["UpdateEndpoint"]

    @cloud.grpc.on("UpdateEndpoint")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        cloud.grpc.store[ENDPOINT].etag = "changed"
        return work(request, context)

    with pytest.raises(DependencyUnavailable, match="changed meanwhile"):
        endpoints.deploy(NAME, "2", 50)
    assert on_the_endpoint(cloud) == {f"{NAME}@1": 90, f"{NAME}@2": 10}


def test_two_who_make_the_endpoint_at_once_do_no_harm(endpoints: VertexEndpoints, cloud: Cloud) -> None:
    cloud.fail("CreateEndpoint", kind="half")
    with pytest.raises(DependencyUnavailable):
        endpoints.deploy(NAME, "1", 100)
    assert endpoints.deploy(NAME, "1", 100) == {"1": 100}


def test_without_an_endpoint_there_is_no_serving(gcp_settings: Settings, cloud: Cloud) -> None:
    with pytest.raises(UsageError, match="TELECOM_ENDPOINT is empty"):
        VertexEndpoints(gcp_settings).deploy(NAME, "1", 100)
    assert not cloud.grpc.calls
