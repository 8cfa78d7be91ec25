"""Everything of Vertex AI that serves a model: features, batch prediction, endpoints, monitors."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc

from tests.loopback.bigquery_engine import Engine
from tests.loopback.crud import Crud
from tests.loopback.storage import StorageServer
from tests.loopback.vertex_batch import Jobs
from tests.loopback.vertex_endpoints import Endpoints, Monitors
from tests.loopback.vertex_features import FeatureStore

Handler = Callable[[Any, grpc.ServicerContext], Any]


def handlers(crud: Crud, engine: Engine, storage: StorageServer) -> Mapping[str, Handler]:
    """Answers by rpc, for `GrpcServer.always`, over the store, the tables and the objects of the loopback cloud."""
    return {
        **FeatureStore(crud, engine).handlers(),
        **Jobs(crud, engine, storage).handlers(),
        **Endpoints(crud).handlers(),
        **Monitors(crud, engine).handlers(),
    }
