"""The loopback servers refuse what Google would refuse; otherwise the contract suites would prove nothing."""

from collections.abc import Iterator

import grpc
import pytest
from google.api_core import exceptions as api
from google.cloud import aiplatform_v1 as v1
from google.cloud.bigquery_storage_v1 import types as reads

from telecom.adapters.gcp._clients import bigquery_read_client, grpc_client, storage_client
from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, ONCE
from telecom.settings import Settings
from tests.loopback.cloud import Cloud, patched_channels
from tests.loopback.messages import field_rules, problems
from tests.loopback.operations import done

PARENT = "projects/telecom-test/locations/us-central1"
GROUP = f"{PARENT}/featureGroups/g"


@pytest.fixture
def client(gcp_settings: Settings) -> v1.FeatureRegistryServiceClient:
    return grpc_client(v1.FeatureRegistryServiceClient, gcp_settings)


def feature(client: v1.FeatureRegistryServiceClient, name: str) -> v1.Feature:
    request = v1.CreateFeatureRequest(parent=GROUP, feature=v1.Feature(labels={"a": name}), feature_id=name)
    return client.create_feature(request, timeout=DEADLINE).result(timeout=10)


def test_rules_stand_in_the_messages() -> None:
    required, output_only = field_rules(v1.BatchPredictionJob)
    assert {"display_name", "input_config", "output_config"} <= required
    assert {"state", "error", "output_info"} <= output_only


def test_what_is_missing_or_read_only_is_found_at_any_depth() -> None:
    job = v1.BatchPredictionJob(display_name="x", state=3, input_config={"instances_format": "bigquery"})
    found = problems(v1.CreateBatchPredictionJobRequest(batch_prediction_job=job))
    assert "parent: required, missing" in found
    assert "batch_prediction_job.output_config: required, missing" in found
    assert "batch_prediction_job.state: output only, but sent" in found
    assert problems(v1.GetModelRequest(name="a")) == []


def test_a_request_that_breaks_the_rules_is_refused(cloud: Cloud, gcp_settings: Settings) -> None:
    jobs = grpc_client(v1.JobServiceClient, gcp_settings)
    with pytest.raises(api.InvalidArgument, match=r"batch_prediction_job\.output_config: required, missing"):
        jobs.create_batch_prediction_job(parent=PARENT, batch_prediction_job=v1.BatchPredictionJob(display_name="x"))
    assert cloud.grpc.calls[-1].problems


def test_resources_live_from_create_to_delete(cloud: Cloud, client: v1.FeatureRegistryServiceClient) -> None:
    made = feature(client, "tenure")
    assert made.name == f"{GROUP}/features/tenure" and made.create_time
    with pytest.raises(api.AlreadyExists):
        feature(client, "tenure")
    changed = v1.Feature(name=made.name, description="months", labels={"a": "not in the mask"})
    client.update_feature(feature=changed, update_mask={"paths": ["description"]}).result()
    read = client.get_feature(name=made.name)
    assert (read.description, dict(read.labels)) == ("months", {"a": "tenure"})
    with pytest.raises(api.InvalidArgument, match="update mask"):
        client.update_feature(feature=changed, update_mask={"paths": ["shoe_size"]})
    client.delete_feature(name=made.name).result()
    with pytest.raises(api.NotFound):
        client.get_feature(name=made.name)
    assert cloud.grpc.requests("CreateFeature")[0].feature.name == "", "recorded requests stay as they were sent"


def test_lists_are_paged_and_filtered(cloud: Cloud, client: v1.FeatureRegistryServiceClient) -> None:
    for name in "abc":
        feature(client, name)
    cloud.grpc.crud.page_limit = 2
    assert [f.name[-1] for f in client.list_features(parent=GROUP)] == ["a", "b", "c"]
    assert len(cloud.grpc.requests("ListFeatures")) == 2
    assert [f.name[-1] for f in client.list_features(request={"parent": GROUP, "filter": 'labels.a="b"'})] == ["b"]
    with pytest.raises(api.MethodNotImplemented, match="filter"):
        list(client.list_features(request={"parent": GROUP, "filter": "create_time > 3"}))


def test_operations_take_their_time_or_fail(cloud: Cloud, client: v1.FeatureRegistryServiceClient) -> None:
    cloud.grpc.operations.plan("CreateFeature", polls=1)
    operation = client.create_feature(parent=GROUP, feature=v1.Feature(), feature_id="slow")
    assert not operation.operation.done
    assert operation.result(timeout=10).name.endswith("/slow")
    cloud.grpc.operations.plan("CreateFeature", polls=1, error=(grpc.StatusCode.FAILED_PRECONDITION, "no such column"))
    with pytest.raises(api.FailedPrecondition, match="no such column"):
        feature(client, "wrong")
    assert len(cloud.grpc.requests("GetOperation")) == 2


def test_faults_strike_as_often_as_planned(cloud: Cloud, client: v1.FeatureRegistryServiceClient) -> None:
    feature(client, "a")
    cloud.fail("GetFeature", times=2, kind="503")
    name = f"{GROUP}/features/a"
    assert client.get_feature(name=name, retry=IDEMPOTENT, timeout=DEADLINE).name == name
    assert len(cloud.grpc.calls_of("GetFeature")) == 3
    assert cloud.grpc.calls[-1].routing == {"name": name}
    cloud.fail("GetFeature", kind="half")
    with pytest.raises(api.ServiceUnavailable):
        client.get_feature(name=name, retry=ONCE)
    cloud.fail("GetFeature", kind="hang")
    with pytest.raises(api.DeadlineExceeded):
        client.get_feature(name=name, retry=ONCE, timeout=0.2)
    cloud.fail("DeleteFeature")
    assert cloud.faults.unspent == {"DeleteFeature": 1}
    with pytest.raises(ValueError, match="'418'"):
        cloud.fail("GetFeature", kind="418")  # type: ignore[arg-type]


def test_streams_break_off_half_way(cloud: Cloud, gcp_settings: Settings) -> None:
    @cloud.grpc.on("ReadRows")
    def rows(request: reads.ReadRowsRequest, context: grpc.ServicerContext) -> Iterator[reads.ReadRowsResponse]:
        return (reads.ReadRowsResponse(row_count=n) for n in range(4))

    request = reads.ReadRowsRequest(read_stream="projects/p/locations/l/sessions/s/streams/t")
    cloud.fail("ReadRows", kind="half")
    seen: list[int] = []
    with pytest.raises(grpc.RpcError, match="broke off"):
        for message in bigquery_read_client(gcp_settings).transport.read_rows(request, timeout=5):
            seen.append(message.row_count)
    assert seen == [0, 1]


def test_handlers_of_a_test_come_first_and_end_with_reset(cloud: Cloud, gcp_settings: Settings) -> None:
    models = grpc_client(v1.ModelServiceClient, gcp_settings)
    name = f"{PARENT}/models/churn"

    @cloud.grpc.on("UploadModel")
    def upload(request: v1.UploadModelRequest, context: grpc.ServicerContext) -> object:
        return done(v1.UploadModelResponse(model=name, model_version_id="7"))

    given = v1.UploadModelRequest(parent=PARENT, model=v1.Model(display_name="churn"))
    assert models.upload_model(given).result(timeout=5).model_version_id == "7"
    cloud.reset()
    assert cloud.grpc.calls == [] and cloud.grpc.store == {}


def test_what_nobody_answers_is_unimplemented(cloud: Cloud, gcp_settings: Settings) -> None:
    with pytest.raises(api.MethodNotImplemented, match="SuggestTrials"):
        grpc_client(v1.VizierServiceClient, gcp_settings).suggest_trials(
            request={"parent": f"{PARENT}/studies/1", "suggestion_count": 1, "client_id": "c"}
        )


def test_other_hosts_are_reached_under_the_patch(cloud: Cloud) -> None:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import resourcemanager_v3

    @cloud.grpc.on("GetProject")
    def project(request: object, context: grpc.ServicerContext) -> resourcemanager_v3.Project:
        return resourcemanager_v3.Project(name="projects/1234")

    with patched_channels(cloud.grpc.address):
        client = resourcemanager_v3.ProjectsClient(credentials=AnonymousCredentials())
        assert client.get_project(name="projects/telecom-test").name == "projects/1234"


def test_storage_keeps_preconditions(cloud: Cloud, gcp_settings: Settings) -> None:
    blob = storage_client(gcp_settings).bucket("telecom-test-dev-gold").blob("é/a b#?.json")
    blob.upload_from_string("1", if_generation_match=0)
    for generation in (0, 7):
        with pytest.raises(api.PreconditionFailed):
            blob.upload_from_string("2", if_generation_match=generation)
        with pytest.raises(api.PreconditionFailed):
            blob.delete(if_generation_match=generation)
    blob.reload()
    blob.upload_from_string("3", if_generation_match=blob.generation)
    assert cloud.storage.content("gs://telecom-test-dev-gold/é/a b#?.json") == b"3"
