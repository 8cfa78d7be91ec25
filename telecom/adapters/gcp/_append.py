"""Rows added to a BigQuery table by the Storage Write API, each once.

What is relied upon (cloud.google.com/bigquery/docs/write-api): rows of a committed stream can be read, and are safe, as
soon as they are acknowledged; a request that names the offset at which its rows belong is refused with ALREADY_EXISTS
when they are there; a finalised stream takes no more rows and tells how many it took.
"""

import threading
import time
from queue import SimpleQueue
from typing import Any, cast

import grpc
import pyarrow as pa
from google.api_core import exceptions as api
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types

from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import IDEMPOTENT, is_transient
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings

SECONDS = 3.0
FINALIZE_SECONDS = 1.0
PAUSES = (0.0, 0.1, 0.3, 1.0)
_USED_UP = (api.AlreadyExists, api.NotFound, api.FailedPrecondition, api.OutOfRange)
_PATIENT = IDEMPOTENT.with_delay(initial=0.1, maximum=1.0).with_timeout(SECONDS)


class Appender:
    """Adds rows to one table, one call at a time; opens a stream on first use, and another when that is used up."""

    def __init__(self, settings: Settings, table: str) -> None:
        dataset, name = table.split(".")
        self._settings = settings
        self._table = f"projects/{settings.project}/datasets/{dataset}/tables/{name}"
        self._stream: _Stream | None = None

    def append(self, rows: pa.RecordBatch) -> None:
        """The rows are in the table, once, when this returns. Takes a few seconds at most.

        Raises:
            GoogleAPICallError: they are not.
            DependencyUnavailable: BigQuery stopped answering, so that this is not known.
        """
        until, doubtful = time.monotonic() + SECONDS, False
        failure: Exception = api.DeadlineExceeded("There was no time for an attempt.")
        for pause in PAUSES:
            if time.monotonic() + pause > until:
                break
            time.sleep(pause)
            stream = self._stream = self._stream or _Stream(self._settings, self._table)
            found = stream.try_to_append(rows, until - time.monotonic())
            if found is None or (doubtful and isinstance(found, api.AlreadyExists)):
                stream.offset += rows.num_rows
                return
            failure = found
            if is_transient(found) or isinstance(found, api.Aborted):
                doubtful = True
                continue
            if self._left(stream, doubtful):
                return
            doubtful = False
            if not isinstance(found, _USED_UP):
                break
        if self._stream and self._left(self._stream, doubtful):
            return
        raise failure

    def close(self) -> None:
        """Ends the connection; the stream stays as it is."""
        if self._stream:
            self._stream.hang_up()

    def _left(self, stream: "_Stream", doubtful: bool) -> bool:
        """Leaves a stream for good; whether it took the rows of the last attempt, which matters if that is in doubt.

        Rows of an attempt in doubt might still arrive, at an offset that other rows would then be taken to have.
        """
        self._stream = None
        try:
            return stream.end() > stream.offset and doubtful
        except api.GoogleAPIError as error:
            if not doubtful:
                return False
            said = f"BigQuery stopped answering: whether the rows were added to {self._table} is not known."
            raise DependencyUnavailable(said, "Look for them before you add them again.") from error


class _Stream:
    """A committed stream: `offset` is where the next rows belong."""

    def __init__(self, settings: Settings, table: str) -> None:
        self._client = grpc_client(BigQueryWriteClient, settings)
        made = types.WriteStream(type_=types.WriteStream.Type.COMMITTED)
        self._name = self._client.create_write_stream(
            parent=table, write_stream=made, retry=_PATIENT, timeout=SECONDS
        ).name
        self._line: _Line | None = None
        self.offset = 0

    def try_to_append(self, rows: pa.RecordBatch, seconds: float) -> Exception | None:
        """One attempt; returns why it failed. A connection that failed is not used again."""
        request = types.AppendRowsRequest(write_stream=self._name, offset=self.offset)
        request.arrow_rows.rows.serialized_record_batch = rows.serialize().to_pybytes()
        if self._line is None:
            request.arrow_rows.writer_schema.serialized_schema = rows.schema.serialize().to_pybytes()
            self._line = _Line(self._client, self._name)
        try:
            answer = self._line.exchange(request, seconds)
        except grpc.RpcError as error:
            self.hang_up()
            return _as_api_error(error, seconds)
        if answer is None:
            self.hang_up()
            return cast(Exception, api.ServiceUnavailable("The stream was closed before the answer."))
        if answer.error.code:
            self.hang_up()
            said = "; ".join([answer.error.message, *(row.message for row in answer.row_errors)])
            return cast(Exception, api.from_grpc_status(answer.error.code, said))
        return None

    def hang_up(self) -> None:
        """Ends the connection, if there is one."""
        line, self._line = self._line, None
        if line:
            line.close()

    def end(self) -> int:
        """Closes the stream for good; returns the rows that it took."""
        self.hang_up()
        told = self._client.finalize_write_stream(
            name=self._name, retry=_PATIENT.with_timeout(FINALIZE_SECONDS), timeout=FINALIZE_SECONDS
        )
        return int(told.row_count)


class _Line:
    """A call that is kept open, over which requests go and answers come, one each.

    The client's own manager for such calls looks for an answer once a second; a conversation cannot wait for that.
    """

    def __init__(self, client: Any, stream: str) -> None:
        self._requests: SimpleQueue[Any] = SimpleQueue()
        routing = (("x-goog-request-params", f"write_stream={stream}"),)
        self._call = client.transport.append_rows(iter(self._requests.get, None), metadata=routing)

    def exchange(self, request: Any, seconds: float) -> Any:
        """The answer to a request, None if the other side has ended the call.

        Raises:
            RpcError: the call failed, or was ended because no answer came.
        """
        watch = threading.Timer(max(seconds, 0.01), self._call.cancel)
        watch.daemon = True
        watch.start()
        self._requests.put(request)
        try:
            return next(self._call, None)
        finally:
            watch.cancel()

    def close(self) -> None:
        """Ends the call."""
        self._requests.put(None)
        self._call.cancel()


def _as_api_error(error: grpc.RpcError, seconds: float) -> Exception:
    if error.code() is grpc.StatusCode.CANCELLED:
        return cast(Exception, api.DeadlineExceeded(f"No answer within {seconds:.1f} s."))
    return cast(Exception, api.from_grpc_error(error))
