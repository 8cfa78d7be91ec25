"""The Model Registry as Vertex AI is asked for it: requests, repetitions, lost answers, races."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud.aiplatform_v1 import MergeVersionAliasesRequest, ModelServiceClient, UploadModelRequest
from google.longrunning.operations_pb2 import Operation

from telecom.adapters.gcp import _buckets
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp.registry import LONGEST_DESCRIPTION, VertexRegistry
from telecom.errors import DependencyUnavailable, TelecomError, UsageError
from telecom.settings import Settings
from tests.loopback.cloud import Cloud
from tests.loopback.vertex_models import Models

NAME = "telco-churn"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64
PARENT = "projects/telecom-test/locations/us-central1"
PATH = f"{PARENT}/models/{NAME}"
MODELS = "gs://telecom-test-dev-models"
Register = Callable[..., str]


@pytest.fixture
def settings(gcp_settings: Settings, tmp_path: Path) -> Settings:
    return gcp_settings.model_copy(update={"image": IMAGE, "home": tmp_path / "home"})


@pytest.fixture
def registry(settings: Settings) -> VertexRegistry:
    return VertexRegistry(settings)


@pytest.fixture
def register(registry: VertexRegistry, tmp_path: Path) -> Register:
    def registered(letter: str, content: str = "", **notes: str) -> str:
        folder = tmp_path / letter
        folder.mkdir(exist_ok=True)
        (folder / "manifest.json").write_text(content or letter)
        (folder / "model.json").write_text(letter * 3)
        return registry.register(NAME, folder, letter * 64, notes).version

    return registered


def uploads(cloud: Cloud) -> int:
    return len(cloud.storage.requests("POST", "/upload/"))


def holders(cloud: Cloud, alias: str) -> list[str]:
    return [model.version_id for model in cloud.grpc.store.values() if alias in getattr(model, "version_aliases", ())]


def point_and_crash(settings: Settings, version: str) -> None:
    """What is left of a `point` that ended between its two writes."""
    client = grpc_client(ModelServiceClient, settings)
    client.merge_version_aliases(name=f"{PATH}@{version}", version_aliases=["champion"])


def test_a_model_is_uploaded_with_our_serving_container(cloud: Cloud, register: Register) -> None:
    register("a", auc="0.85")
    (call,) = cloud.grpc.calls_of("UploadModel")
    request, container = call.request, call.request.model.container_spec
    assert (request.parent, request.model_id, request.parent_model) == (PARENT, NAME, "")
    assert request.model.artifact_uri == f"{MODELS}/{NAME}/{'a' * 16}"
    assert list(request.model.version_aliases) == []
    assert dict(request.model.labels) == {"app": "telecom-ml-llmops", "env": "dev", "model": NAME}
    assert json.loads(request.model.version_description) == {"digest": "a" * 64, "notes": {"auc": "0.85"}}
    assert (container.image_uri, container.predict_route, container.health_route) == (IMAGE, "/predict", "/healthz")
    assert [port.container_port for port in container.ports] == [8080]
    assert {variable.name: variable.value for variable in container.env} == {
        "TELECOM_BACKEND": "gcp",
        "TELECOM_ENV": "dev",
        "TELECOM_PROJECT": "telecom-test",
        "TELECOM_REGION": "us-central1",
    }


def test_later_versions_go_below_the_first(cloud: Cloud, register: Register) -> None:
    assert (register("a"), register("b")) == ("1", "2")
    _, second = cloud.grpc.requests("UploadModel")
    assert (second.parent_model, second.model_id) == (PATH, "")


def test_every_call_names_its_resource_and_ends_in_time(
    cloud: Cloud, registry: VertexRegistry, register: Register
) -> None:
    registry.point(NAME, "champion", register("a"))
    routed = {call.rpc: call.routing for call in cloud.grpc.calls}
    assert routed == {
        "ListModelVersions": {"name": PATH},
        "UploadModel": {"parent": PARENT},
        "GetModel": {"name": f"{PATH}@1"},
        "MergeVersionAliases": {"name": f"{PATH}@1"},
    }
    assert all(call.deadline is not None and call.deadline < 120 for call in cloud.grpc.calls)


def test_without_an_image_nothing_is_uploaded(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    registry = VertexRegistry(settings.model_copy(update={"image": ""}))
    with pytest.raises(UsageError, match="TELECOM_IMAGE is empty"):
        registry.register(NAME, tmp_path, "a" * 64, {})
    assert cloud.storage.objects() == () and not cloud.grpc.requests("UploadModel")


@pytest.mark.parametrize("name", ["Telco", "1churn", "a b", "x" * 64, ""])
def test_a_name_that_is_no_model_id_is_refused(registry: VertexRegistry, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no model id"):
        registry.register(name, tmp_path, "a" * 64, {})


def test_notes_too_long_for_a_description_lie_beside_the_bundle(
    cloud: Cloud, registry: VertexRegistry, register: Register
) -> None:
    register("a", why="x" * LONGEST_DESCRIPTION)
    description = json.loads(cloud.grpc.requests("UploadModel")[0].model.version_description)
    assert description == {"digest": "a" * 64, "notes_in": f"{NAME}/{'a' * 16}.notes.json"}
    assert json.loads(cloud.storage.content(f"{MODELS}/{description['notes_in']}")) == {"why": "x" * 1_000}
    assert registry.versions(NAME)[0].notes == {"why": "x" * 1_000}


def test_reads_are_repeated(cloud: Cloud, registry: VertexRegistry, register: Register) -> None:
    register("a")
    cloud.fail("ListModelVersions", 2)
    assert len(registry.versions(NAME)) == 1


def test_an_upload_is_asked_for_once(cloud: Cloud, registry: VertexRegistry, register: Register) -> None:
    cloud.fail("UploadModel")
    with pytest.raises(DependencyUnavailable):
        register("a")
    assert len(cloud.grpc.calls_of("UploadModel")) == 1 and registry.versions(NAME) == ()
    sent = uploads(cloud)
    assert register("a") == "1"
    assert uploads(cloud) == sent


@pytest.mark.parametrize("earlier", [False, True])
def test_a_lost_answer_is_looked_for(cloud: Cloud, registry: VertexRegistry, register: Register, earlier: bool) -> None:
    if earlier:
        register("b")
    cloud.fail("UploadModel", kind="half")
    version = register("a")
    assert [known.version for known in registry.versions(NAME) if known.digest == "a" * 64] == [version]
    assert len(cloud.grpc.calls_of("UploadModel")) == 1 + earlier


def test_an_upload_that_fails_later_is_said_to_have_failed(cloud: Cloud, register: Register) -> None:
    def refuse(request: object, context: grpc.ServicerContext) -> object:
        operation = Operation(done=True)
        operation.error.code, operation.error.message = 9, "The image cannot be pulled."
        return operation

    cloud.grpc.on("UploadModel")(refuse)
    with pytest.raises(TelecomError, match="cannot be pulled"):
        register("a")


def test_of_two_first_versions_the_later_becomes_the_second(
    cloud: Cloud, registry: VertexRegistry, register: Register
) -> None:
    vertex = Models(cloud.grpc.crud)

    @cloud.grpc.on("UploadModel")
    def overtaken(request: Any, context: grpc.ServicerContext) -> Any:
        if len(cloud.grpc.calls_of("UploadModel")) == 1:
            other = UploadModelRequest.deserialize(UploadModelRequest.serialize(request))
            other.model.version_description = '{"digest": "other", "notes": {}}'
            vertex.upload(other, context)
        return vertex.upload(request, context)

    assert register("a") == "2"
    assert [known.digest for known in registry.versions(NAME)] == ["a" * 64, "other"]


def test_what_a_crashed_registration_left_is_replaced(
    cloud: Cloud, register: Register, registry: VertexRegistry
) -> None:
    cloud.fail("UploadModel")
    with pytest.raises(DependencyUnavailable):
        register("a", "trained on Monday")
    register("a", "trained on Tuesday")
    assert cloud.storage.content(f"{MODELS}/{NAME}/{'a' * 16}/manifest.json") == b"trained on Tuesday"


def test_versions_come_in_pages(cloud: Cloud, registry: VertexRegistry, register: Register) -> None:
    for letter in "abcde":
        register(letter)
    cloud.grpc.crud.page_limit = 2
    assert [known.version for known in registry.versions(NAME)] == ["5", "4", "3", "2", "1"]


def test_versions_of_others_are_left_out(cloud: Cloud, registry: VertexRegistry, register: Register) -> None:
    register("a")
    for description in ("uploaded by hand", '["digest"]', "12", ""):
        other = type(model := cloud.grpc.store[f"{PATH}@1"]).deserialize(type(model).serialize(model))
        other.name, other.version_id, other.version_description = f"{PATH}@7", "7", description
        cloud.grpc.store[other.name] = other
        assert [known.version for known in registry.versions(NAME)] == ["1"]


def test_an_alias_left_behind_is_taken_away(cloud: Cloud, registry: VertexRegistry, register: Register) -> None:
    one, two = register("a"), register("b")
    cloud.grpc.on("MergeVersionAliases")(Models(cloud.grpc.crud, moves=False).merge)
    for version in (one, two, one):
        registry.point(NAME, "champion", version)
        assert holders(cloud, "champion") == [version]


@pytest.mark.parametrize("done", [True, False])
def test_taking_an_alias_away_is_not_repeated_blindly(
    cloud: Cloud, registry: VertexRegistry, register: Register, done: bool
) -> None:
    one, two = register("a"), register("b")
    registry.point(NAME, "champion", one)
    vertex, removals = Models(cloud.grpc.crud, moves=False), []

    @cloud.grpc.on("MergeVersionAliases")
    def losing(request: Any, context: grpc.ServicerContext) -> Any:
        removal = list(request.version_aliases) == ["-champion"]
        removals.extend([request] * removal)
        first = removal and len(removals) == 1
        answer = vertex.merge(request, context) if done or not first else None
        return context.abort(grpc.StatusCode.UNAVAILABLE, "The answer is lost.") if first else answer

    registry.point(NAME, "champion", two)
    assert holders(cloud, "champion") == [two]
    assert len(removals) == (1 if done else 2), "what is gone is not taken away again"


def test_an_alias_that_somebody_moves_meanwhile_stays_there(
    cloud: Cloud, registry: VertexRegistry, register: Register
) -> None:
    one, two = register("a"), register("b")
    registry.point(NAME, "champion", one)
    vertex = Models(cloud.grpc.crud)

    @cloud.grpc.on("MergeVersionAliases")
    def overtaken(request: Any, context: grpc.ServicerContext) -> Any:
        answer = vertex.merge(request, context)
        if len(cloud.grpc.calls_of("MergeVersionAliases")) == 2:
            vertex.merge(MergeVersionAliasesRequest(name=f"{PATH}@{one}", version_aliases=["champion"]), context)
        return answer

    registry.point(NAME, "champion", two)
    assert holders(cloud, "champion") == [one]
    assert registry.champions(NAME) == (one,)


def test_an_alias_that_is_there_is_not_asked_for_again(
    cloud: Cloud, registry: VertexRegistry, register: Register
) -> None:
    version = register("a")
    for _ in range(2):
        registry.point(NAME, "challenger", version)
    assert len(cloud.grpc.calls_of("MergeVersionAliases")) == 1


def test_a_crash_between_alias_and_history_is_not_seen(
    registry: VertexRegistry, register: Register, settings: Settings
) -> None:
    one, two, three, four = (register(letter) for letter in "abcd")
    registry.point(NAME, "champion", one)
    point_and_crash(settings, two)
    assert registry.champions(NAME) == (two, one)
    registry.point(NAME, "champion", three)
    assert registry.champions(NAME) == (three, two, one)
    point_and_crash(settings, two)
    assert registry.champions(NAME) == (two, one)
    registry.point(NAME, "champion", four)
    assert registry.champions(NAME) == (four, two, one)


def test_after_a_race_the_champion_heads_the_history(
    cloud: Cloud, registry: VertexRegistry, register: Register
) -> None:
    versions = [register(letter) for letter in "abcdef"]
    threads = [threading.Thread(target=registry.point, args=(NAME, "champion", version)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(holders(cloud, "champion")) == 1
    assert registry.champions(NAME)[:1] == tuple(holders(cloud, "champion"))


def test_a_model_is_downloaded_once(cloud: Cloud, registry: VertexRegistry, register: Register) -> None:
    version = register("a")
    folder = registry.fetch(NAME, version)
    assert folder.name == "a" * 16 and {path.name for path in folder.parent.iterdir()} == {folder.name}
    before = len(cloud.storage.calls)
    assert registry.fetch(NAME, version) == folder and len(cloud.storage.calls) == before


def test_a_damaged_download_is_not_kept(
    cloud: Cloud,
    registry: VertexRegistry,
    register: Register,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = register("a")
    monkeypatch.setitem(_buckets._CALL, "retry", None)
    cloud.fail("GET /download/", kind="corrupt")
    with pytest.raises(DependencyUnavailable, match="damaged"):
        registry.fetch(NAME, version)
    assert list((settings.home / "models" / NAME).iterdir()) == []
    assert registry.fetch(NAME, version).is_dir()
