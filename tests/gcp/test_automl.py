"""What AutoML Tabular is asked over the wire, and what happens when it fails, is repeated, or answers otherwise."""

import json
from typing import Any

import pytest

from telecom.adapters.gcp._automl_requests import Search, probability
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp.automl import VertexAutoMl
from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, TelecomError, UsageError
from telecom.ports import AutoMlTask
from telecom.settings import Settings
from tests.loopback import vertex_automl
from tests.loopback.automl_rows import FEATURES, TABLE, customers, store
from tests.loopback.cloud import Cloud

TASK = AutoMlTask(TABLE, "customer_id", FEATURES, "churned", "split", 90.0, 3)
PARENT = "projects/telecom-test/locations/us-central1"


@pytest.fixture
def service(cloud: Cloud) -> vertex_automl.AutoMl:
    return vertex_automl.serve(cloud)


@pytest.fixture
def automl(gcp_settings: Settings, service: vertex_automl.AutoMl) -> VertexAutoMl:
    platform = Platform(gcp_settings)
    store(platform, customers())
    return VertexAutoMl(gcp_settings, platform.warehouse, Patience(5, first=0.01))


def staged(cloud: Cloud) -> list[str]:
    return [name for name in cloud.bigquery.engine.tables if name.startswith("telecom_staging.automl_")]


def test_the_training_is_asked_for_as_published(automl: VertexAutoMl, cloud: Cloud) -> None:
    from google.cloud.aiplatform.v1.schema.trainingjob.definition_v1.types import AutoMlTablesInputs
    from google.protobuf import json_format

    automl.search(TASK)
    (request,) = cloud.grpc.requests("CreateTrainingPipeline")
    pipeline = request.training_pipeline
    assert request.parent == PARENT
    assert pipeline.training_task_definition.endswith("/trainingjob/definition/automl_tabular_1.0.0.yaml")
    assert pipeline.input_data_config.predefined_split.key == "split"
    assert pipeline.labels["app"] == "telecom-ml-llmops" and len(pipeline.labels["telecom_request"]) == 40
    given = json_format.MessageToDict(type(pipeline).pb(pipeline).training_task_inputs)
    inputs = AutoMlTablesInputs.from_json(json.dumps(given))
    assert (inputs.target_column, inputs.prediction_type) == ("churned", "classification")
    assert (inputs.train_budget_milli_node_hours, inputs.optimization_objective) == (1_500, "minimize-log-loss")
    kinds = {(t.numeric or t.categorical).column_name: "numeric" in t for t in inputs.transformations}
    assert tuple(kinds) == FEATURES
    assert kinds["tenure_months"] and not kinds["contract"] and not kinds["partner"]
    numbers = [t.numeric for t in inputs.transformations if "numeric" in t]
    assert numbers and all(number.invalid_values_allowed for number in numbers), "rows with NULL are trained on"
    (listed,) = cloud.grpc.requests("ListTrainingPipelines")
    assert listed.filter == f'labels.telecom_request="{pipeline.labels["telecom_request"]}"'


def test_calls_are_routed_and_have_deadlines(automl: VertexAutoMl, cloud: Cloud) -> None:
    automl.search(TASK)
    for rpc in ("CreateDataset", "CreateTrainingPipeline", "CreateBatchPredictionJob"):
        (call,) = cloud.grpc.calls_of(rpc)
        assert call.routing == {"parent": PARENT} and call.deadline and call.deadline < 120


def test_customers_keys_are_not_trained_on_and_labels_not_predicted_from(
    automl: VertexAutoMl, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecom.adapters.gcp._bigquery_jobs.BigQueryJobs.drop", lambda *_: None)
    automl.search(TASK)
    training, test = (cloud.bigquery.engine.rows(name) for name in sorted(staged(cloud)))
    assert training.schema.names == [*FEATURES, "churned", "split"]
    assert set(training["split"].to_pylist()) == {"training", "validation", "test"}
    assert set(training["churned"].to_pylist()) == set(training["partner"].to_pylist()) == {"true", "false"}
    assert test.schema.names == ["customer_id", *FEATURES]
    assert test["customer_id"].to_pylist() == [r["customer_id"] for r in customers() if r["split"] == "test"]


def test_nothing_is_left_but_the_model(automl: VertexAutoMl, cloud: Cloud) -> None:
    automl.search(TASK)
    kinds = {name.rsplit("/", 2)[1] for name in cloud.grpc.store if name.startswith(PARENT)}
    assert kinds == {"trainingPipelines", "models", "batchPredictionJobs"}
    assert staged(cloud) == []


def test_staged_rows_expire_after_the_longest_training(gcp_settings: Settings) -> None:
    search = Search(gcp_settings, TASK, "d" * 40)
    assert all("INTERVAL 4 DAY" in sql for sql in (search.stage_training(), search.stage_test()))


def test_a_repetition_pays_no_second_training(
    automl: VertexAutoMl, service: vertex_automl.AutoMl, gcp_settings: Settings
) -> None:
    first = automl.search(TASK)
    assert automl.search(TASK) == first and service.trained == 1
    store(Platform(gcp_settings), customers()[:-4])
    automl.search(TASK)
    assert service.trained == 2, "other rows are another request"


def test_a_model_that_was_deleted_is_trained_again(
    automl: VertexAutoMl, service: vertex_automl.AutoMl, cloud: Cloud
) -> None:
    automl.search(TASK)
    for name in [name for name in cloud.grpc.store if "/models/" in name]:
        del cloud.grpc.store[name]
    automl.search(TASK)
    assert service.trained == 2


def test_a_lost_answer_is_taken_up(automl: VertexAutoMl, service: vertex_automl.AutoMl, cloud: Cloud) -> None:
    cloud.fail("CreateTrainingPipeline", kind="half")
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        automl.search(TASK)
    automl.search(TASK)
    assert service.trained == 1


def test_a_failed_training_is_named_with_its_reason(
    automl: VertexAutoMl, service: vertex_automl.AutoMl, cloud: Cloud
) -> None:
    service.fails = "The budget is too small"
    with pytest.raises(DependencyUnavailable, match=r"trainingPipelines/\d+ ended as failed: The budget is too small"):
        automl.search(TASK)
    assert not any("/datasets/" in name for name in cloud.grpc.store)
    service.fails = ""
    assert automl.search(TASK).tried == 1


def test_a_training_that_takes_too_long_is_waited_for_again(
    automl: VertexAutoMl, service: vertex_automl.AutoMl, cloud: Cloud, gcp_settings: Settings
) -> None:
    trained = service.get_training
    cloud.grpc.on("GetTrainingPipeline")(lambda request, context: cloud.grpc.store[request.name])
    impatient = VertexAutoMl(gcp_settings, Platform(gcp_settings).warehouse, Patience(0.03, first=0.01))
    with pytest.raises(DependencyUnavailable, match="goes on without us"):
        impatient.search(TASK)
    cloud.grpc.on("GetTrainingPipeline")(trained)
    automl.search(TASK)
    assert service.trained == 1


@pytest.mark.parametrize("minutes", [59.9, 4_321, float("nan")])
def test_budgets_that_the_service_refuses_are_not_sent(automl: VertexAutoMl, cloud: Cloud, minutes: float) -> None:
    from dataclasses import replace

    with pytest.raises(UsageError, match=r"60 to 4,320 minutes"):
        automl.search(replace(TASK, minutes=minutes))
    assert not cloud.grpc.requests("CreateTrainingPipeline")


def test_a_half_hour_is_sent_in_milli_hours(gcp_settings: Settings) -> None:
    assert Search(gcp_settings, TASK, "d").inputs()["trainBudgetMilliNodeHours"] == "1500"


def test_an_answer_of_another_shape_is_refused(automl: VertexAutoMl, service: vertex_automl.AutoMl) -> None:
    service.answer = str
    with pytest.raises(TelecomError, match="not classes"):
        automl.search(TASK)


@pytest.mark.parametrize(
    "cell",
    [None, "0.5", {}, {"classes": ["1", "0"], "scores": [0.5, 0.5]}, {"classes": ["true"], "scores": [None]}, [0.5]],
)
def test_no_probability_is_ever_guessed(cell: Any) -> None:
    with pytest.raises(TelecomError, match="telecom_staging"):
        probability(cell, "telecom_staging.predictions")


def test_scores_go_with_their_classes() -> None:
    for classes, scores in ((["true", "false"], [0.2, 0.8]), (["false", "true"], [0.8, 0.2])):
        assert probability({"classes": classes, "scores": scores}, "t") == 0.2


def test_the_loopback_refuses_what_the_service_would(cloud: Cloud, service: vertex_automl.AutoMl) -> None:
    from google.api_core.exceptions import InvalidArgument
    from google.cloud import aiplatform_v1 as vertex

    from telecom.adapters.gcp._clients import grpc_client

    client = grpc_client(vertex.PipelineServiceClient, cloud.settings())
    pipeline = Search(cloud.settings(), TASK, "d").training("projects/p/datasets/7")
    with pytest.raises(InvalidArgument, match="no such dataset"):
        client.create_training_pipeline(parent=PARENT, training_pipeline=pipeline)
