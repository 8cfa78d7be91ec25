"""The one factory: real hosts without emulators, loopback with them, each client built once."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import google.auth
import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import aiplatform_v1, monitoring_v3

from telecom.adapters.gcp import _clients
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings
from tests.loopback.cloud import Cloud


@pytest.fixture
def real(running_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """No emulators, credentials that are never used, caches of its own.

    The cloud runs, or gRPC would read the real roots at the first channel and trust no loopback server afterwards.
    """
    for name in ("STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST", "TELECOM_GRPC_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(google.auth, "default", lambda *_, **__: (AnonymousCredentials(), "other"))
    for build in (_clients._grpc_client, _clients._bigquery_client, _clients._storage_client):
        build.cache_clear()
    yield Settings(backend="gcp", project="telecom-real", region="southamerica-east1")
    for build in (_clients._grpc_client, _clients._bigquery_client, _clients._storage_client):
        build.cache_clear()


def base_url(client: Any) -> str:
    return str(client._connection.API_BASE_URL)


def test_without_emulators_clients_go_to_google(real: Settings) -> None:
    models = _clients.grpc_client(aiplatform_v1.ModelServiceClient, real)
    assert models.api_endpoint == "southamerica-east1-aiplatform.googleapis.com"
    assert _clients.grpc_client(monitoring_v3.MetricServiceClient, real).api_endpoint == "monitoring.googleapis.com"
    other = _clients.grpc_client(aiplatform_v1.FeatureOnlineStoreServiceClient, real, host="1.sa.featurestore.example")
    assert other.api_endpoint == "1.sa.featurestore.example"
    assert _clients.bigquery_read_client(real).api_endpoint == "bigquerystorage.googleapis.com"
    bigquery = _clients.bigquery_client(real)
    assert (bigquery._connection.API_BASE_URL, bigquery.project, bigquery.location) == (
        "https://bigquery.googleapis.com",
        "telecom-real",
        "southamerica-east1",
    )
    storage = _clients.storage_client(real)
    assert (storage._connection.API_BASE_URL, storage.project) == ("https://storage.googleapis.com", "telecom-real")


def test_with_emulators_every_client_goes_there(cloud: Cloud, gcp_settings: Settings) -> None:
    for cls in (aiplatform_v1.ModelServiceClient, monitoring_v3.MetricServiceClient):
        assert _clients.grpc_client(cls, gcp_settings).api_endpoint == cloud.grpc.address
    other = _clients.grpc_client(aiplatform_v1.FeatureOnlineStoreServiceClient, gcp_settings, host="elsewhere.example")
    assert other.api_endpoint == cloud.grpc.address
    assert base_url(_clients.storage_client(gcp_settings)) == cloud.storage.url
    assert base_url(_clients.bigquery_client(gcp_settings)) == cloud.bigquery.url


def test_each_client_is_built_once(gcp_settings: Settings) -> None:
    cls = aiplatform_v1.ModelServiceClient
    assert _clients.grpc_client(cls, gcp_settings) is _clients.grpc_client(cls, gcp_settings)
    elsewhere = gcp_settings.model_copy(update={"project": "another"})
    assert _clients.storage_client(gcp_settings) is _clients.storage_client(gcp_settings)
    assert _clients.storage_client(gcp_settings) is not _clients.storage_client(elsewhere)


def test_the_environment_is_read_at_each_call(
    cloud: Cloud, gcp_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    assert base_url(_clients.storage_client(gcp_settings)) == "http://127.0.0.1:9"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", cloud.storage.url)
    assert base_url(_clients.storage_client(gcp_settings)) == cloud.storage.url


def test_without_credentials_the_remedy_is_to_sign_in(real: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise DefaultCredentialsError("none found")

    monkeypatch.setattr(google.auth, "default", none)
    builders = (
        lambda: _clients.grpc_client(aiplatform_v1.ModelServiceClient, real),
        lambda: _clients.storage_client(real),
        lambda: _clients.bigquery_client(real),
    )
    for build in builders:
        with pytest.raises(DependencyUnavailable, match="Signing in to Google Cloud failed") as raised:
            build()
        assert "gcloud auth application-default login" in raised.value.remedy


def test_the_high_level_sdk_follows(cloud: Cloud, gcp_settings: Settings) -> None:
    from google.cloud import aiplatform
    from google.cloud.aiplatform import initializer

    _clients.init_aiplatform(gcp_settings, experiment_tensorboard=False)
    config = initializer.global_config
    assert (config.project, config.location, config.api_endpoint) == ("telecom-test", "us-central1", cloud.grpc.address)
    created = aiplatform.Endpoint.create(display_name="churn", endpoint_id="1234", sync=True)
    assert created.resource_name in cloud.grpc.store


def test_a_subprocess_is_led_by_the_environment_alone(cloud: Cloud) -> None:
    code = """
from google.cloud.monitoring_v3 import MetricServiceClient
from telecom.adapters.gcp._clients import grpc_client, storage_client
from telecom.settings import load_settings
settings = load_settings()
list(grpc_client(MetricServiceClient, settings).list_metric_descriptors(name="projects/p", timeout=10))
storage_client(settings).bucket(settings.bucket("bronze")).blob("from-a-subprocess").upload_from_string("x")
"""
    variables = {"PATH": "", "TELECOM_BACKEND": "gcp", "TELECOM_PROJECT": "telecom-test", **cloud.environment}
    subprocess.run([sys.executable, "-c", code], env=variables, check=True, timeout=60)
    assert cloud.storage.objects() == ("gs://telecom-test-dev-bronze/from-a-subprocess",)
    assert len(cloud.grpc.requests("ListMetricDescriptors")) == 1


def test_import_opens_nothing() -> None:
    code = """
import sys
import telecom.adapters.gcp._clients, telecom.adapters.gcp.objects
heavy = [name for name in sys.modules if name.startswith(("google.cloud.aiplatform", "google.cloud.bigquery"))]
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
