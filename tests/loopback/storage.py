"""Cloud Storage: gcp-storage-emulator, with what it lacks: preconditions on generations, names quoted in links."""

import json
import logging
import re
import threading
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers import buckets
from gcp_storage_emulator.server import Router
from gcp_storage_emulator.storage import Storage

from tests.loopback.faults import Faults
from tests.loopback.rest import RestHandler, RestServer

OBJECT = re.compile(r".*/b/(?P<bucket>[^/]+)/o(?:/(?P<name>.+))?$")
DESTINATION = re.compile(r".*/(?:copyTo|rewriteTo)/b/(?P<bucket>[^/]+)/o/(?P<name>.+)$")
PRECONDITIONS = ("ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch")


class StorageServer(RestServer):
    """`url` is what STORAGE_EMULATOR_HOST wants. Buckets must be created; objects are read with `content`."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(_Handler, faults)
        logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
        self.emulator = _Storage(use_memory_fs=True)
        self.lock = threading.Lock()

    def create(self, *names: str) -> None:
        """Makes empty buckets."""
        for name in names:
            buckets.create_bucket(name, self.emulator)

    def content(self, uri: str) -> bytes:
        """The bytes behind `gs://bucket/key`.

        Raises:
            KeyError: there is no such object.
        """
        bucket, _, key = uri.removeprefix("gs://").partition("/")
        try:
            return bytes(self.emulator.get_file(bucket, key))
        except NotFound as error:
            raise KeyError(uri) from error

    def objects(self) -> tuple[str, ...]:
        """URIs of all objects, in order."""
        held = self.emulator.objects.items()
        return tuple(sorted(f"gs://{bucket}/{key}" for bucket, objects in held for key in objects))

    def reset(self) -> None:
        """No buckets, objects or calls."""
        with self.lock:
            self.emulator.wipe()
        self.calls.clear()


class _Storage(Storage):  # type: ignore[misc]
    def create_file(self, bucket_name: str, file_name: str, content: bytes, file_obj: Any, file_id: Any = None) -> None:
        start, _, _ = file_obj["mediaLink"].partition("/b/")
        query = f"generation={file_obj['generation']}&alt=media"
        file_obj["mediaLink"] = f"{start}/b/{bucket_name}/o/{quote(file_name, safe='')}?{query}"
        super().create_file(bucket_name, file_name, content, file_obj, file_id)


class _Handler(RestHandler):
    server_state: ClassVar[StorageServer]

    @property
    def storage(self) -> Storage:
        """Where the emulator's router looks for its data."""
        return self.server_state.emulator

    def respond(self, method: str) -> None:
        # One at a time: the emulator is not made for threads, and a precondition must hold until the write.
        with self.server_state.lock:
            problem = self._precondition_fails()
            if problem:
                self.refuse(412, problem, "conditionNotMet")
            else:
                Router(self).handle(method)

    def _precondition_fails(self) -> str:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        wanted = {key: query[key] for key in PRECONDITIONS if key in query}
        held = self._target(url.path, query) if wanted else None
        generation = str(held["generation"]) if held else "0"
        checks: dict[str, Callable[[str], bool]] = {
            "ifGenerationMatch": lambda value: value == generation,
            "ifGenerationNotMatch": lambda value: value != generation,
            "ifMetagenerationMatch": lambda value: held is not None and value == str(held["metageneration"]),
        }
        failed = [f"{key}={value}" for key, value in wanted.items() if not checks[key](value)]
        return f"At least one of the pre-conditions you specified did not hold: {failed}." if failed else ""

    def _target(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        match = DESTINATION.fullmatch(path) or OBJECT.fullmatch(path)
        if match is None:
            return None
        name = match["name"] or query.get("name") or self._name_in_body(query)
        try:
            found: dict[str, Any] = self.storage.get_file_obj(match["bucket"], unquote(name).removesuffix("/compose"))
        except NotFound:
            return None
        return found

    def _name_in_body(self, query: dict[str, str]) -> str:
        """The object's name: uploads carry it in their first (JSON) part, later parts of an upload in their session."""
        if "upload_id" in query:
            try:
                return str(self.storage.get_resumable_file_obj(query["upload_id"])["name"])
            except NotFound:
                return ""
        found = re.search(rb'"name":\s*"((?:[^"\\]|\\.)*)"', self.body)
        return str(json.loads(b'"' + found[1] + b'"')) if found else ""
