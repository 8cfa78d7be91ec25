"""The churn service's model from Google Cloud: through Google's own clients, over the loopback cloud."""

from pathlib import Path

import pytest

from mlops.src.model_versions import MODEL
from mlops.src.serving.churn_wiring import wire
from mlops.src.serving.config import ServingConfig, VertexContract
from mlops.tests.serving.churn_fakes import saved_model
from telecom.adapters.gcp._clients import storage_client
from telecom.adapters.gcp.registry import VertexRegistry
from telecom.bootstrap import Platform
from telecom.errors import ModelRejected, NotFound
from telecom.settings import Settings
from tests.loopback.cloud import Cloud

IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64
BUCKET = "telecom-test-dev-models"


@pytest.fixture
def settings(gcp_settings: Settings, tmp_path: Path) -> Settings:
    return gcp_settings.model_copy(update={"image": IMAGE, "home": tmp_path / "home", "audience": "https://churn"})


@pytest.fixture
def digests(cloud: Cloud, settings: Settings, tmp_path: Path) -> list[str]:
    """Two registered versions, the first one champion."""
    registry, found = VertexRegistry(settings), []
    for seed in (3, 4):
        folder, digest = saved_model(tmp_path / str(seed), seed)
        registry.register(MODEL, folder, digest, {})
        found.append(digest)
    registry.point(MODEL, "champion", "1")
    return found


def test_the_champion_of_vertex_ais_registry_is_followed(settings: Settings, digests: list[str]) -> None:
    slot = wire(Platform(settings), ServingConfig(), VertexContract()).slot
    assert slot.predictor and (slot.predictor.version, slot.predictor.digest) == ("1", digests[0])
    VertexRegistry(settings).point(MODEL, "champion", "2")
    slot.load()
    assert (slot.predictor.version, slot.predictor.digest) == ("2", digests[1])


def test_before_the_first_champion_the_service_waits(settings: Settings, cloud: Cloud, tmp_path: Path) -> None:
    slot = wire(Platform(settings), ServingConfig(), VertexContract()).slot
    assert slot.predictor is None
    with pytest.raises(NotFound, match="has no version 1"):
        wire(Platform(settings), ServingConfig(version="1"), VertexContract())
    folder, digest = saved_model(tmp_path / "model", 3)
    registry = VertexRegistry(settings)
    registry.register(MODEL, folder, digest, {})
    registry.point(MODEL, "champion", "1")
    slot.load()
    assert slot.predictor and slot.predictor.digest == digest


def in_container(settings: Settings, digest: str, config: ServingConfig | None = None) -> str:
    """The digest of what is served behind Vertex AI with the files of a version."""
    uri = f"gs://{BUCKET}/{MODEL}/{digest[:16]}"
    wiring = wire(Platform(settings), config or ServingConfig(), VertexContract(http_port=8080, storage_uri=uri))
    assert wiring.admission is None and wiring.slot.predictor
    return wiring.slot.predictor.digest


def test_in_vertex_ais_container_the_model_comes_from_cloud_storage(settings: Settings, digests: list[str]) -> None:
    assert in_container(settings, digests[1]) == digests[1]
    with pytest.raises(ModelRejected, match="expects"):
        in_container(settings, digests[1], ServingConfig(digest=digests[0]))
    with pytest.raises(NotFound):
        in_container(settings, "0" * 64)


def test_a_model_that_was_tampered_with_in_the_bucket_is_refused(settings: Settings, digests: list[str]) -> None:
    blob = storage_client(settings).bucket(BUCKET).blob(f"{MODEL}/{digests[0][:16]}/model.json")
    blob.upload_from_string(blob.download_as_bytes().replace(b"0", b"1", 1))
    with pytest.raises(ModelRejected, match="is not the file that the manifest names"):
        in_container(settings, digests[0])
