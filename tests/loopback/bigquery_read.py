"""The Storage Read API: sessions over a table or a query's result, rows in Arrow, from any offset."""

import uuid
from collections.abc import Iterator
from typing import Any

import grpc
import pyarrow as pa

from tests.loopback.bigquery_engine import Engine
from tests.loopback.bigquery_errors import Refused


class ReadApi:
    """`tables` lists of what sessions were opened; `page_rows` is how many rows one answer holds at most."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.reset()

    def reset(self) -> None:
        """No sessions."""
        self.tables: list[str] = []
        self.page_rows = 20_000
        self._rows: dict[str, pa.Table] = {}

    def create_session(self, request: Any, context: Any) -> Any:
        """`CreateReadSession`: the rows as they are now, in one stream, or none if there are no rows."""
        from google.cloud.bigquery_storage_v1 import types

        asked = request.read_session
        _, project, _, dataset, _, table = asked.table.split("/")
        if project != self._engine.project or asked.data_format != types.DataFormat.ARROW:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Only Arrow of this project is served.")
        try:
            rows = self._engine.rows(f"{dataset}.{table}")
        except Refused as refusal:
            context.abort(grpc.StatusCode.NOT_FOUND, refusal.message)
        if fields := list(asked.read_options.selected_fields):
            rows = rows.select([name for name in rows.schema.names if name in fields])
        self.tables.append(f"{dataset}.{table}")
        name = f"{request.parent}/locations/{self._engine.location}/sessions/{uuid.uuid4().hex}"
        self._rows[f"{name}/streams/0"] = rows.combine_chunks()
        schema = types.ArrowSchema(serialized_schema=rows.schema.serialize().to_pybytes())
        streams = [types.ReadStream(name=f"{name}/streams/0")] if rows.num_rows else []
        return types.ReadSession(
            name=name, table=asked.table, data_format=asked.data_format, arrow_schema=schema, streams=streams
        )

    def read_rows(self, request: Any, context: Any) -> Iterator[Any]:
        """`ReadRows`: batches from `offset` on."""
        from google.cloud.bigquery_storage_v1 import types

        if request.read_stream not in self._rows:
            context.abort(grpc.StatusCode.NOT_FOUND, f"There is no stream {request.read_stream}.")
        for batch in self._rows[request.read_stream].slice(request.offset).to_batches(self.page_rows):
            serialized = types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes())
            yield types.ReadRowsResponse(arrow_record_batch=serialized, row_count=batch.num_rows)
