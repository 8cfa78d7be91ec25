"""The pages' files (`llmops/web`), read once when the service starts: only what is in this table is ever served.

`index.html` names the others below `/web/REVISION/`, the digest of all files: browsers keep those for good, and a page
never mixes two releases that it has seen. Below `/web/` alone, and below another release's digest (a page that was open
while the service changed), the same files come without being kept.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
PACKED = frozenset((".woff2",))
"""Compressed already."""
START = "index.html"
REVISION = re.compile(r"(?P<revision>[0-9a-f]{16})/(?P<path>.*)", re.DOTALL)
FOR_GOOD, ASKED_AGAIN = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True)
class WebFile:
    """One file as it goes out."""

    plain: bytes
    packed: bytes | None
    kind: str
    digest: str

    @classmethod
    def of(cls, name: str, plain: bytes) -> "WebFile":
        """A file whose name says what it is."""
        suffix = _suffix(name)
        packed = None if suffix in PACKED else gzip.compress(plain, 9, mtime=0)
        return cls(plain, packed, TYPES[suffix], hashlib.sha256(plain).hexdigest()[:16])


class WebFiles:
    """All files, by their path below `/web/`.

    Args:
        found: their bytes.
    """

    def __init__(self, found: Mapping[str, bytes]) -> None:
        told = "".join(f"{path}{hashlib.sha256(plain).hexdigest()}" for path, plain in sorted(found.items()))
        self.revision = hashlib.sha256(told.encode()).hexdigest()[:16]
        named = found[START].replace(b'"/web/', f'"/web/{self.revision}/'.encode())
        self._files = {path: WebFile.of(path, plain) for path, plain in {**found, START: named}.items()}

    @classmethod
    def load(cls) -> "WebFiles":
        """Those of this package."""
        return cls({path: entry.read_bytes() for path, entry in _walk(files("llmops.web"), "")})

    def routes(self) -> list[Route]:
        """`/` and `/web/…`."""
        return [Route("/", self._start), Route("/web/{path:path}", self._one)]

    async def _start(self, request: Request) -> Response:
        return _answer(request, self._files[START], ASKED_AGAIN)

    async def _one(self, request: Request) -> Response:
        path, keeping = request.path_params["path"], ASKED_AGAIN
        if named := REVISION.fullmatch(path):
            path = named["path"]
            keeping = FOR_GOOD if named["revision"] == self.revision else ASKED_AGAIN
        if path not in self._files:
            raise HTTPException(404)
        return _answer(request, self._files[path], keeping)


def _answer(request: Request, file: WebFile, keeping: str) -> Response:
    headers = {"etag": f'"{file.digest}"', "cache-control": keeping, "vary": "accept-encoding"}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    body = file.plain
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = file.packed, "gzip"
    return Response(body, headers={**headers, "content-type": file.kind})


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{above}{entry.name}/")
        elif _suffix(entry.name) in TYPES:
            yield above + entry.name, entry


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""
