"""The Storage Write API: committed streams that take rows at the offset where they belong, and nowhere else."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import grpc
import pyarrow as pa

from tests.loopback.bigquery_engine import Engine
from tests.loopback.bigquery_errors import Refused

Code = grpc.StatusCode
Mishap = Literal["refused", "lost", "silent", "ended", "out_of_range", "internal"]
MOST_BYTES = 10_000_000


@dataclass
class Stream:
    """A stream of a table: the rows that it took, and whether it takes more."""

    table: str
    rows: int = 0
    finalized: bool = False


class WriteApi:
    """`streams` by name, `sizes` the rows of each request that was taken.

    `mishaps` strike the next requests, one each: refused (503, nothing done), lost (done, then 503), silent (done, no
    answer), ended (the call closes without an answer), out_of_range and internal (answered so, nothing done).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._calls: list[Any] = []
        self.reset()

    def reset(self) -> None:
        """No streams or calls."""
        self.end_calls()
        self.streams: dict[str, Stream] = {}
        self.sizes: list[int] = []
        self.mishaps: list[Mishap] = []
        self._numbers = itertools.count(1)
        self._released = threading.Event()

    def end_calls(self) -> None:
        """Breaks off the calls that clients keep open; a process that ends would wait for their threads."""
        while self._calls:
            self._calls.pop().cancel()

    def create(self, request: Any, context: Any) -> Any:
        """`CreateWriteStream`."""
        from google.cloud.bigquery_storage_v1 import types

        _, project, _, dataset, _, table = request.parent.split("/")
        if project != self._engine.project or request.write_stream.type_ != types.WriteStream.Type.COMMITTED:
            context.abort(Code.INVALID_ARGUMENT, "Only committed streams of this project are served.")
        try:
            self._engine.description(f"{dataset}.{table}")
        except Refused as refusal:
            context.abort(Code.NOT_FOUND, refusal.message)
        name = f"{request.parent}/streams/{next(self._numbers)}"
        self.streams[name] = Stream(f"{dataset}.{table}")
        return types.WriteStream(name=name, type_=request.write_stream.type_)

    def append(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        """`AppendRows`: one answer per request, in order."""
        self._calls.append(context)
        schema: pa.Schema | None = None
        routed = dict(context.invocation_metadata()).get("x-goog-request-params", "")
        for request in requests:
            if routed != f"write_stream={request.write_stream}":
                context.abort(Code.INVALID_ARGUMENT, "The routing header does not name the stream.")
            if given := request.arrow_rows.writer_schema.serialized_schema:
                schema = pa.ipc.read_schema(pa.py_buffer(given))
            if schema is None:
                context.abort(Code.INVALID_ARGUMENT, "The first request must bring the writer's schema.")
            mishap = self.mishaps.pop(0) if self.mishaps else None
            if mishap == "refused":
                context.abort(Code.UNAVAILABLE, "A planned refusal.")
            if mishap in ("out_of_range", "internal"):
                yield _refused(Code[mishap.upper()], "A planned mishap.")
                continue
            answer = self._take(request, schema, context)
            if mishap == "ended":
                return
            if mishap == "lost":
                context.abort(Code.UNAVAILABLE, "The answer is lost.")
            if mishap == "silent":
                context.add_callback(self._released.set)
                self._released.wait(10)
                return
            yield answer

    def finalize(self, request: Any, context: Any) -> Any:
        """`FinalizeWriteStream`."""
        from google.cloud.bigquery_storage_v1 import types

        stream = self._known(request.name, context)
        with self._lock:
            stream.finalized = True
        return types.FinalizeWriteStreamResponse(row_count=stream.rows)

    def _take(self, request: Any, schema: Any, context: Any) -> Any:
        from google.cloud.bigquery_storage_v1 import types

        stream = self._known(request.write_stream, context)
        data = request.arrow_rows.rows.serialized_record_batch
        if len(data) > MOST_BYTES:
            context.abort(Code.INVALID_ARGUMENT, "The request is too large.")
        rows = pa.Table.from_batches([pa.ipc.read_record_batch(pa.py_buffer(data), schema)])
        with self._lock:
            if stream.finalized:
                return _refused(Code.FAILED_PRECONDITION, "The stream is finalized.")
            if request.offset != stream.rows:
                code = Code.ALREADY_EXISTS if request.offset < stream.rows else Code.OUT_OF_RANGE
                return _refused(code, f"The stream is at offset {stream.rows}.")
            try:
                self._engine.append(stream.table, rows)
            except Refused as refusal:
                return _refused(Code.INVALID_ARGUMENT, refusal.message)
            stream.rows += rows.num_rows
            self.sizes.append(rows.num_rows)
        result = types.AppendRowsResponse.AppendResult(offset=request.offset)
        return types.AppendRowsResponse(append_result=result, write_stream=request.write_stream)

    def _known(self, name: str, context: Any) -> Stream:
        if name not in self.streams:
            context.abort(Code.NOT_FOUND, f"The stream {name} is not found.")
        return self.streams[name]


def _refused(code: grpc.StatusCode, message: str) -> Any:
    from google.cloud.bigquery_storage_v1 import types
    from google.rpc.status_pb2 import Status

    return types.AppendRowsResponse(error=Status(code=code.value[0], message=message))
