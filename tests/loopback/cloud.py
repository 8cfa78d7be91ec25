"""All of Google Cloud that this project uses, in the test process.

with Cloud() as cloud:
    os.environ.update(cloud.environment)
    platform = Platform(cloud.settings())
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

from telecom.settings import LAYERS, Settings
from tests.loopback import vertex_models, vertex_serving
from tests.loopback.agent_search import AgentSearch
from tests.loopback.bigquery import BigQueryServer
from tests.loopback.cloud_run import CloudRunServer
from tests.loopback.faults import Faults, Kind
from tests.loopback.firestore import Firestore
from tests.loopback.grpc_server import GrpcServer
from tests.loopback.storage import StorageServer
from tests.loopback.tls import process_tls

PROJECT, NUMBER, REGION, ENV = "telecom-test", "1234", "us-central1", "dev"
ROOTS = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


class Cloud:
    """Starts every server; `environment` leads clients here, in this process and in subprocesses.

    `grpc`, `storage`, `bigquery` and `run` (Cloud Run) are the servers; `firestore` and `agent_search` are behind
    `grpc`. Buckets of every layer exist, others must be created.
    """

    def __init__(self) -> None:
        self.faults = Faults()
        self.grpc = GrpcServer(process_tls(), self.faults)
        self.storage = StorageServer(self.faults)
        self.bigquery = BigQueryServer(self.faults, self.storage)
        self.run = CloudRunServer(self.faults)
        self.firestore = Firestore(PROJECT)
        self.agent_search = AgentSearch(self.grpc.crud, self.bigquery.engine)
        self._folder = tempfile.TemporaryDirectory(prefix="loopback-")
        # gRPC reads the roots once per process, before its first channel; that is why this one is set for good.
        os.environ[ROOTS] = str(process_tls().root)

    def __enter__(self) -> "Cloud":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begins to serve."""
        for server in self._servers():
            server.start()
        self.reset()

    def stop(self) -> None:
        """Ends every server."""
        self.faults.reset()
        for server in self._servers():
            server.stop()
        self._folder.cleanup()

    def reset(self) -> None:
        """As new: empty buckets of every layer, no tables, resources, calls, faults or handlers."""
        self.faults.reset()
        for server in self._servers():
            server.reset()
        self.firestore.reset()
        self.agent_search.refuse_documents = ""
        self.grpc.always(self.bigquery.grpc_handlers())
        self.grpc.always(self.firestore.handlers())
        self.grpc.always(self.agent_search.handlers())
        self.grpc.always(vertex_serving.handlers(self.grpc.crud, self.bigquery.engine, self.storage))
        self.grpc.always(vertex_models.handlers(self.grpc.crud))
        self.storage.create(*(self.settings().bucket(layer) for layer in LAYERS))

    def fail(self, target: str, times: int = 1, kind: Kind = "503") -> None:
        """The next calls of an rpc (`GetModel`) or route (`POST /upload/`, or only `/o/`) fail; see `Faults`."""
        self.faults.plan(target, times, kind)

    def settings(self, **more: Any) -> Settings:
        """Settings of the test project on the gcp backend."""
        home = Path(self._folder.name) / "home"
        chosen: dict[str, Any] = {"backend": "gcp", "project": PROJECT, "region": REGION, "env": ENV, "home": home}
        return Settings(**(chosen | more))

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead every Google client here, and keep it from real credentials and proxies."""
        return {
            "STORAGE_EMULATOR_HOST": self.storage.url,
            "BIGQUERY_EMULATOR_HOST": self.bigquery.url,
            "TELECOM_GRPC_EMULATOR_HOST": self.grpc.address,
            "TELECOM_RUN_EMULATOR_HOST": self.run.url,
            ROOTS: str(process_tls().root),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "CLOUDSDK_CONFIG": self._folder.name,
            "GOOGLE_APPLICATION_CREDENTIALS": "",
            "NO_GCE_CHECK": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def _servers(self) -> list[Any]:
        return [self.grpc, self.storage, self.bigquery, self.run]


@contextlib.contextmanager
def patched_channels(address: str) -> Iterator[None]:
    """Sends every gRPC channel of Google's clients to `address`, also those that ask for other hosts.

    Only for SDK calls that bring their own host (PipelineJob.submit asks Resource Manager); all others follow the
    environment.
    """
    from google.api_core import grpc_helpers

    def create_channel(*_: Any, **__: Any) -> grpc.Channel:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(process_tls().certificate))

    original = grpc_helpers.create_channel
    grpc_helpers.create_channel = create_channel
    try:
        yield
    finally:
        grpc_helpers.create_channel = original
