"""BigQuery over REST and its Storage APIs over gRPC, with DuckDB behind: real clients take it for the service.

Jobs run while they are inserted; a job id that was used is refused, as BigQuery does. It knows nothing of permissions,
slots or prices.
"""

import email
import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.loopback.bigquery_engine import Engine
from tests.loopback.bigquery_errors import Refused
from tests.loopback.bigquery_jobs import Job, Jobs
from tests.loopback.bigquery_read import ReadApi
from tests.loopback.bigquery_routes import ROUTES, Reply
from tests.loopback.bigquery_write import WriteApi
from tests.loopback.faults import Faults
from tests.loopback.rest import RestHandler, RestServer

PROJECT, LOCATION = "telecom-test", "us-central1"
API = re.compile(r"^(?P<upload>/(?:resumable/)?upload)?/bigquery/v2/projects/(?P<project>[^/]+)(?P<rest>/.*)?$")


class BigQueryServer(RestServer):
    """`url` is what BIGQUERY_EMULATOR_HOST wants.

    `jobs` lists every job that ran, in order; `read` the tables that the Storage API served; `engine` has the tables,
    `writer` the streams that add rows to them.
    """

    def __init__(self, faults: Faults, storage: Any = None) -> None:
        super().__init__(_Handler, faults)
        self.engine = Engine(PROJECT, LOCATION)
        self.runner = Jobs(self.engine, storage)
        self.reader = ReadApi(self.engine)
        self.writer = WriteApi(self.engine)
        self.uploads: dict[str, Upload] = {}

    @property
    def jobs(self) -> list[Job]:
        """Jobs in the order in which they ran; each once, however often it was asked for."""
        return list(self.runner.done.values())

    @property
    def read(self) -> list[str]:
        """Tables of which the Storage API opened a session."""
        return self.reader.tables

    def grpc_handlers(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Handlers of the Storage Read and Write APIs, by rpc."""
        return {
            "CreateReadSession": self.reader.create_session,
            "ReadRows": self.reader.read_rows,
            "CreateWriteStream": self.writer.create,
            "AppendRows": self.writer.append,
            "FinalizeWriteStream": self.writer.finalize,
        }

    def reset(self) -> None:
        """The contracts' tables, empty; no jobs or calls."""
        self.engine.reset()
        self.engine.conflicts = 0
        self.runner.reset()
        self.reader.reset()
        self.writer.reset()
        self.uploads.clear()
        self.calls.clear()


class Upload:
    """A resumable upload: the job that it is for, the bytes so far, and the answer once there was one."""

    def __init__(self, body: Reply) -> None:
        self.body = body
        self.data = bytearray()
        self.answer: Reply | None = None


class _Handler(RestHandler):
    def respond(self, method: str) -> None:
        """Finds the answer to a call; a refusal is one, too."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        found = API.match(parts.path)
        try:
            if found is None or found["project"] != PROJECT:
                raise Refused(404, "notFound", f"Not found: {parts.path}")
            if found["upload"]:
                self._upload(method, query)
            else:
                self._send(200, self._routed(method, found["rest"] or "", query))
        except Refused as refusal:
            self._send(refusal.code, refusal.body())
        except Exception as error:  # a fault of the loopback's own, told at once: no client repeats a call for a 501
            self._send(501, Refused(501, "notImplemented", f"The loopback failed: {error!r}").body())

    def _routed(self, method: str, path: str, query: Reply) -> Reply:
        for verb, pattern, answer in ROUTES:
            if verb == method and (found := re.fullmatch(pattern, path)):
                body = self.rfile.read()
                return answer(self.server_state, json.loads(body) if body else {}, query, **found.groupdict())
        raise Refused(404, "notFound", f"The loopback does not serve {method} {path}.")

    def _upload(self, method: str, query: Reply) -> None:
        server: BigQueryServer = self.server_state
        if query.get("uploadType") == "multipart":
            described, content = _parts(self.headers["Content-Type"], self.rfile.read())
            self._send(200, server.runner.insert(json.loads(described), content).resource)
        elif method == "POST":
            name = uuid.uuid4().hex
            server.uploads[name] = Upload(json.loads(self.rfile.read()))
            self._send(200, {}, {"Location": f"{server.url}{urlsplit(self.path).path}?upload_id={name}"})
        else:
            self._chunk(server.uploads[query["upload_id"]])

    def _chunk(self, upload: Upload) -> None:
        """Takes a chunk; one that was taken before, because its answer was lost, is not taken twice."""
        begin, total = re.findall(r"\d+|\*", self.headers["Content-Range"])[0::2]
        data = self.rfile.read()
        if begin != "*" and upload.answer is None:
            upload.data[int(begin) :] = data
        if total == "*" or len(upload.data) < int(total):
            self._send(308, {}, {"Range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {})
            return
        if upload.answer is None:
            upload.answer = self.server_state.runner.insert(upload.body, bytes(upload.data)).resource
        self._send(200, upload.answer)

    def _send(self, status: int, body: Reply, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _parts(content_type: str, body: bytes) -> tuple[bytes, bytes]:
    """The two parts of a multipart upload: the job and the file."""
    message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    described, content = (part.get_payload(decode=True) for part in message.walk() if not part.is_multipart())
    assert isinstance(described, bytes) and isinstance(content, bytes)
    return described, content
