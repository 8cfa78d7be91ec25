"""The one place where Google clients are built: real endpoints, or the emulators that the environment names.

STORAGE_EMULATOR_HOST and BIGQUERY_EMULATOR_HOST are `http://host:port`; TELECOM_GRPC_EMULATOR_HOST is `host:port` and
speaks TLS whose root GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names. Read when a client is asked for, so that subprocesses (the
steps of a local pipeline) follow too. Each client is built once per process.
"""

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from telecom.adapters.gcp._errors import vendor_errors
from telecom.settings import Settings

if TYPE_CHECKING:
    from google.cloud.bigquery import Client as BigQueryClient
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient
    from google.cloud.storage import Client as StorageClient

Client = TypeVar("Client")


def grpc_client(cls: type[Client], settings: Settings, *, host: str | None = None) -> Client:
    """A generated gRPC client of any Google Cloud service.

    Args:
        cls: the client's class; those of aiplatform go to the settings' region.
        settings: says the region.
        host: another host than the service's own, such as a feature store's public endpoint; an emulator overrides it.

    Raises:
        DependencyUnavailable: there are no credentials.
    """
    emulator = grpc_emulator()
    if cls.__module__.startswith("google.cloud.aiplatform"):
        host = host or f"{settings.region}-aiplatform.googleapis.com"
    return cast(Client, _grpc_client(cast(Any, cls), emulator or host, bool(emulator)))


def bigquery_client(settings: Settings) -> "BigQueryClient":
    """BigQuery over REST, in the settings' project and region."""
    return _bigquery_client(settings.project, settings.region, os.environ.get("BIGQUERY_EMULATOR_HOST", ""))


def bigquery_read_client(settings: Settings) -> "BigQueryReadClient":
    """BigQuery's Storage Read API, over gRPC."""
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient

    return grpc_client(BigQueryReadClient, settings)


def storage_client(settings: Settings) -> "StorageClient":
    """Cloud Storage over REST."""
    return _storage_client(settings.project, os.environ.get("STORAGE_EMULATOR_HOST", ""))


def init_aiplatform(settings: Settings, **more: Any) -> None:
    """Points the high-level SDK (`google.cloud.aiplatform`) where `grpc_client` points; `more` goes to its `init`."""
    from google.cloud import aiplatform

    emulator = grpc_emulator()
    where = {"api_endpoint": emulator, "credentials": _anonymous()} if emulator else {}
    with vendor_errors("Signing in to Google Cloud"):
        aiplatform.init(project=settings.project, location=settings.region, **where, **more)


def grpc_emulator() -> str:
    """Where every gRPC client goes instead of Google, `host:port`; empty for Google."""
    return os.environ.get("TELECOM_GRPC_EMULATOR_HOST", "")


@cache
def _grpc_client(cls: Callable[..., Any], endpoint: str | None, emulated: bool) -> Any:
    with vendor_errors("Signing in to Google Cloud"):
        return cls(
            credentials=_anonymous() if emulated else None,
            client_options={"api_endpoint": endpoint} if endpoint else None,
        )


@cache
def _bigquery_client(project: str, location: str, emulator: str) -> "BigQueryClient":
    from google.cloud.bigquery import Client

    with vendor_errors("Signing in to Google Cloud"):
        return Client(project=project, location=location, **_rest(emulator))


@cache
def _storage_client(project: str, emulator: str) -> "StorageClient":
    from google.cloud.storage import Client

    with vendor_errors("Signing in to Google Cloud"):
        return Client(project=project, **_rest(emulator))


def _rest(emulator: str) -> dict[str, Any]:
    return {"client_options": {"api_endpoint": emulator}, "credentials": _anonymous()} if emulator else {}


def _anonymous() -> Any:
    from google.auth.credentials import AnonymousCredentials

    return AnonymousCredentials()
