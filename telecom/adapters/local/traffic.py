"""Revisions on one machine: processes that listen on ports of their own, and shares that a front process follows."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from telecom.adapters._scraped import Scraped, scraped
from telecom.adapters._traffic import WHOLE, check_shares
from telecom.adapters.local._files import exclusive, write_json
from telecom.adapters.local.identity import LocalIdentity
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.ports import Answer, Revision, Tally
from telecom.settings import Settings
from telecom.tokens import audience_of

ANSWER_SECONDS = 10.0
TOKEN_SECONDS = 600
CALLER = "release"


class LocalTraffic:
    """Implements `telecom.ports.Traffic` in `<home>/traffic/<service>.json`: address and share by revision.

    The file is replaced in one step, and the front process (`telecom.adapters.local.front`) reads it before each
    request: whoever asks after `shift` has returned is dealt by the new shares. Models are told by each process.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = settings.home / "traffic"

    def add(self, service: str, revision: str, url: str) -> None:
        """Makes a running process known; the first gets all requests, others none yet.

        Raises:
            UsageError: the address is not `http://host:port`, or the revision is known at another one.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or not parts.port or parts.path.strip("/"):
            raise UsageError(f"{url!r} is not the address of a service.", "Write it as http://127.0.0.1:8091")
        told = _model_at(service, url)
        with self._writing(service):
            known = self._known(service)
            kept = known.get(revision, {})
            if kept.get("share") and kept["url"] != url:
                raise UsageError(f"Revision {revision!r} gets requests at {kept['url']}.", "Use another name.")
            made = {"created_at": datetime.now(UTC).isoformat()} | kept | {"url": url, **told}
            if kept.get("url") != url and not told:
                made.pop("model_version", None)
            self._write(service, known | {revision: {"share": 0 if known else WHOLE} | made})

    def serve(self, service: str, host: str, port: int) -> None:
        """Deals requests to the revisions by their shares, until SIGTERM."""
        from telecom.adapters.local import front

        front.serve(self._path(service), host, port)

    def revisions(self, service: str) -> tuple[Revision, ...]:
        """Newest first; each is asked whether it is ready and which model it serves, or served when it last was."""
        known = sorted(self._known(service).items(), key=lambda item: item[1]["created_at"], reverse=True)
        return tuple(self._revision(service, name, at) for name, at in known)

    def shift(self, service: str, shares: Mapping[str, int]) -> None:
        """Deals requests anew, from the next one on.

        Raises:
            UsageError: the shares are not percentages of 100 in all.
            NotFound: there is no such revision.
        """
        check_shares(shares)
        with self._writing(service):
            known = self._known(service)
            for name in shares:
                self._place(service, name, known)
            self._write(service, {name: at | {"share": shares.get(name, 0)} for name, at in known.items()})

    def ask(self, service: str, revision: str, path: str, body: bytes | None = None) -> Answer:
        """One request to a revision's own port, with a development token of the caller `release`.

        Raises:
            NotFound: there is no such revision.
            DependencyUnavailable: it does not answer.
        """
        place = self._place(service, revision, self._known(service))
        audience = audience_of(self._settings, service)
        token = LocalIdentity(self._settings).issue(CALLER, audience, {"kind": "service"}, TOKEN_SECONDS)
        try:
            return exchange(place["url"], path, body, token)
        except (OSError, HTTPException) as error:
            raise DependencyUnavailable(
                f"Revision {revision!r} of {service} does not answer at {place['url']}{path}: {error!r}.",
                "Look whether its process runs.",
            ) from error

    def tallies(self, service: str, since: datetime) -> Mapping[str, Tally]:
        """What each process counted since it started; whoever does not answer is left out."""
        found = {}
        for name, place in self._known(service).items():
            with suppress(DependencyUnavailable):
                found[name] = _metrics(service, place["url"]).tally
        return found

    def _revision(self, service: str, name: str, place: Mapping[str, Any]) -> Revision:
        ready, version = False, place.get("model_version", "")
        with suppress(OSError, HTTPException, DependencyUnavailable):
            ready = exchange(place["url"], "/readyz").status == 200
            version = _metrics(service, place["url"]).model_version or version
        if ready and version != place.get("model_version", ""):
            self._remember(service, name, place["url"], version)
        return Revision(name, int(place["share"]), ready, version, datetime.fromisoformat(place["created_at"]))

    def _remember(self, service: str, name: str, url: str, version: str) -> None:
        """Keeps which model a revision serves, for when it does not answer."""
        with self._writing(service):
            known = self._known(service)
            if known.get(name, {}).get("url") == url:
                self._write(service, known | {name: known[name] | {"model_version": version}})

    def _place(self, service: str, revision: str, known: Mapping[str, Any]) -> Mapping[str, Any]:
        if revision not in known:
            raise NotFound(f"{service} has no revision {revision!r}.", f"It has {', '.join(known) or 'none'}.")
        place: Mapping[str, Any] = known[revision]
        return place

    def _known(self, service: str) -> dict[str, dict[str, Any]]:
        return read_places(self._path(service))

    def _write(self, service: str, places: Mapping[str, Any]) -> None:
        write_json(self._path(service), places)

    def _writing(self, service: str) -> AbstractContextManager[None]:
        return exclusive(self._root / f".{service}.lock", self._settings.lock_seconds, f"The traffic of {service}")

    def _path(self, service: str) -> Path:
        return self._root / f"{service}.json"


def read_places(path: Path) -> dict[str, dict[str, Any]]:
    """Address and share by revision; empty before the first was made known."""
    try:
        stored: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return stored


def exchange(url: str, path: str, body: bytes | None = None, token: str = "") -> Answer:
    """One request on a connection of its own: GET, or POST where there is a body."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    try:
        headers = {} if body is None else {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        # Whoever refuses a body before it is there closes its side; its answer can be read all the same.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


def _model_at(service: str, url: str) -> dict[str, str]:
    """The model that a process says it serves; nothing of one that says nothing."""
    with suppress(DependencyUnavailable):
        if version := _metrics(service, url).model_version:
            return {"model_version": version}
    return {}


def _metrics(service: str, url: str) -> Scraped:
    try:
        page = exchange(url, "/metrics")
    except (OSError, HTTPException) as error:
        raise DependencyUnavailable(f"{url}/metrics does not answer: {error!r}.") from error
    return scraped(service, page.body.decode("utf-8", "replace"))
