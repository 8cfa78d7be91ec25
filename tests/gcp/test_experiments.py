"""Vertex AI Experiments as it is asked: names, limits, repetitions, and an SDK that is left as it was found."""

import json
import logging
import re
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud.aiplatform_v1 import types

from telecom.adapters.gcp._sdk import aiplatform_sdk
from telecom.adapters.gcp.experiments import LONGEST_VALUE, VertexExperiments
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import Run
from telecom.settings import Settings
from tests.loopback.cloud import Cloud
from tests.loopback.vertex_models import Contexts

STORE = "projects/telecom-test/locations/us-central1/metadataStores/default"
RUN = Run("churn", "0123456789ab", {"depth": "3"}, {"auc": 0.85}, {"data_digest": "abc", "git_commit": "f00"})


@pytest.fixture
def experiments(gcp_settings: Settings) -> VertexExperiments:
    return VertexExperiments(gcp_settings)


def metadata(cloud: Cloud, name: str) -> dict[str, Any]:
    context = cloud.grpc.store[name]
    found: dict[str, Any] = json.loads(type(context).to_json(context))["metadata"]
    return found


def test_the_sdk_reads_what_was_recorded(gcp_settings: Settings, experiments: VertexExperiments) -> None:
    name = experiments.record(RUN).rsplit("/", 1)[1].removeprefix("churn-")
    with aiplatform_sdk(gcp_settings) as sdk:
        run = sdk.ExperimentRun(name, experiment="churn")
        assert run.get_params() == {"depth": "3", "tag.data_digest": "abc", "tag.git_commit": "f00"}
        assert (run.get_metrics(), run.get_state()) == ({"auc": 0.85}, "COMPLETE")


def test_a_run_belongs_to_its_experiment(cloud: Cloud, experiments: VertexExperiments) -> None:
    name = experiments.record(RUN)
    assert re.fullmatch(rf"{STORE}/contexts/churn-0123456789ab-[0-9a-f]{{8}}", name)
    assert cloud.grpc.store[f"{STORE}/contexts/churn#children"] == [name]
    titles = [cloud.grpc.store[context].schema_title for context in (f"{STORE}/contexts/churn", name)]
    assert titles == ["system.Experiment", "system.ExperimentRun"]


def test_the_metadata_store_is_made_once_and_no_tensorboard(cloud: Cloud, experiments: VertexExperiments) -> None:
    for name in ("first", "second"):
        experiments.record(replace(RUN, name=name))
    (request,) = cloud.grpc.requests("CreateMetadataStore")
    assert request.metadata_store_id == "default"
    assert not [call.rpc for call in cloud.grpc.calls if "Tensorboard" in call.rpc]


def test_every_call_names_its_resource_and_ends_in_time(cloud: Cloud, experiments: VertexExperiments) -> None:
    experiments.record(RUN)
    experiments.record(RUN)
    calls = [call for call in cloud.grpc.calls if call.rpc != "GetOperation"]
    assert len(calls) > 10
    assert all(call.routing and call.deadline is not None and call.deadline < 120 for call in calls)


def test_names_are_made_to_fit(cloud: Cloud, experiments: VertexExperiments) -> None:
    long = [replace(RUN, experiment="É" + "x" * 200, name="y" * 200 + end) for end in "ab"]
    ids = [experiments.record(run).rsplit("/", 1)[1] for run in (*long, replace(RUN, name="First Run_(2)!"))]
    assert len(set(ids)) == 3 and all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,120}", each) for each in ids)
    assert ids[2].startswith("churn-first-run-2-")


@pytest.mark.parametrize("wrong", [replace(RUN, name="–"), replace(RUN, experiment="")])
def test_a_name_of_which_nothing_is_left_is_refused(experiments: VertexExperiments, wrong: Run) -> None:
    with pytest.raises(UsageError, match="no letter or digit"):
        experiments.record(wrong)


def test_long_parameters_are_cut_and_say_so(cloud: Cloud, experiments: VertexExperiments) -> None:
    fits, long = "x" * LONGEST_VALUE, "x" * (LONGEST_VALUE + 1)
    kept = metadata(cloud, experiments.record(replace(RUN, parameters={"fits": fits, "long": long})))["_params"]
    assert kept["fits"] == fits
    assert len(kept["long"]) == LONGEST_VALUE and kept["long"].endswith("… [cut, 1,001 characters]")


def test_the_same_run_again_is_resumed(cloud: Cloud, experiments: VertexExperiments, tmp_path: Path) -> None:
    (tmp_path / "curve.json").write_text("[]")
    run = replace(RUN, artifacts=tmp_path)
    name = experiments.record(run)
    cloud.storage.calls.clear()
    assert experiments.record(replace(run, metrics={"auc": 0.9})) == name
    assert len(cloud.grpc.requests("CreateContext")) == 2
    assert not cloud.storage.requests("POST", "/upload/")
    assert metadata(cloud, name)["_metrics"] == {"auc": 0.9}
    assert cloud.grpc.store[f"{STORE}/contexts/churn#children"] == [name]


@pytest.mark.parametrize("rpc", ["GetMetadataStore", "CreateContext", "AddContextChildren", "UpdateContext"])
@pytest.mark.parametrize("kind", ["503", "half"])
def test_a_service_that_falters_loses_nothing(
    cloud: Cloud, experiments: VertexExperiments, rpc: str, kind: Any
) -> None:
    cloud.fail(rpc, kind=kind)
    name = experiments.record(RUN)
    assert cloud.faults.unspent == {}
    assert cloud.grpc.store[f"{STORE}/contexts/churn#children"] == [name]
    assert metadata(cloud, name)["_state"] == "COMPLETE"
    assert len([key for key in cloud.grpc.store if "/contexts/" in key and "#" not in key]) == 2


@pytest.mark.parametrize("overtaken", [0, 1])
def test_somebody_else_may_make_it_first(cloud: Cloud, experiments: VertexExperiments, overtaken: int) -> None:
    calls: list[object] = []

    @cloud.grpc.on("CreateContext")
    def create(request: Any, context: grpc.ServicerContext) -> Any:
        made = Contexts(cloud.grpc.crud).create(request, context)
        calls.append(made)
        if len(calls) == overtaken + 1:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "It exists.")
        return made

    assert metadata(cloud, experiments.record(RUN))["_state"] == "COMPLETE"


def test_a_name_taken_by_something_else_is_refused(cloud: Cloud, experiments: VertexExperiments) -> None:
    name = f"{STORE}/contexts/churn"
    cloud.grpc.store[name] = types.Context(name=name, schema_title="system.Pipeline")
    with pytest.raises(UsageError, match=r"system\.Pipeline"):
        experiments.record(RUN)


def test_a_missing_permission_is_said(cloud: Cloud, experiments: VertexExperiments) -> None:
    @cloud.grpc.on("CreateContext")
    def refuse(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "aiplatform.contexts.create denied.")

    with pytest.raises(DependencyUnavailable, match=r"aiplatform\.contexts\.create"):
        experiments.record(RUN)


def test_the_sdk_is_left_as_it_was_found(cloud: Cloud, experiments: VertexExperiments) -> None:
    # Here and below, since it takes a second that not every test process has to spend.
    from google.cloud import aiplatform
    from google.cloud.aiplatform import initializer

    aiplatform.init(project="another", location="europe-west4")
    before = dict(vars(initializer.global_config))
    experiments.record(RUN)
    cloud.grpc.on("GetMetadataStore")(lambda _, context: context.abort(grpc.StatusCode.PERMISSION_DENIED, "No."))
    with pytest.raises(DependencyUnavailable):
        experiments.record(RUN)
    assert vars(initializer.global_config) == before


def test_one_thread_at_a_time_has_the_sdk(gcp_settings: Settings) -> None:
    from google.cloud.aiplatform import initializer

    before, seen = dict(vars(initializer.global_config)), []

    def work(region: str) -> None:
        for _ in range(5):
            with aiplatform_sdk(gcp_settings.model_copy(update={"region": region})):
                time.sleep(0.005)
                seen.append((region, initializer.global_config.location))

    threads = [threading.Thread(target=work, args=(region,)) for region in ("us-central1", "europe-west4")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 10 and all(wanted == found for wanted, found in seen)
    assert vars(initializer.global_config) == before


def test_the_sdk_keeps_off_stdout(experiments: VertexExperiments, capfd: pytest.CaptureFixture[str]) -> None:
    # The SDK adds this handler at import, unless the process logs already, as pytest does.
    handler = logging.StreamHandler(sys.stdout)
    logging.getLogger("google.cloud.aiplatform.metadata.experiment_resources").addHandler(handler)
    experiments.record(RUN)
    assert capfd.readouterr().out == ""
