"""Revisions of a Cloud Run service and their shares of the requests, with what Cloud Monitoring knows of each."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import requests
from google.api_core.exceptions import Conflict, GoogleAPICallError

from telecom.adapters._traffic import check_shares
from telecom.adapters.gcp import _samples
from telecom.adapters.gcp._errors import DEADLINE, vendor_errors
from telecom.adapters.gcp._rest import Json
from telecom.adapters.gcp._run_api import RunApi, run_emulator
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.ports import Answer, Revision, Tally
from telecom.settings import Settings

REVISION, LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
READY = "CONDITION_SUCCEEDED"
VERSION_VARIABLE, FOLLOWED = "TELECOM_SERVING_VERSION", "champion"
CANDIDATE = "candidate"
NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")


class CloudRunTraffic:
    """Implements `telecom.ports.Traffic` on the service `telecom-<service>-<env>`.

    One revision alone is reached by its tag (`gcloud run deploy --no-traffic --tag candidate`). A target "latest" is
    replaced by the revision that it means: a canary must not end because somebody deploys.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = RunApi(settings)

    def revisions(self, service: str) -> tuple[Revision, ...]:
        """Newest first; ready as Cloud Run says it, which may be with no instance running.

        Raises:
            NotFound: there is no such service.
            DependencyUnavailable: Cloud Run does not answer, or does not let us in.
        """
        name = self._name(service)
        with vendor_errors(f"Reading the revisions of {name}"):
            wanted = self._api.service(name)
            shares, candidate = _shares(wanted), _candidate(wanted)
            found = [_revision(each, shares, candidate) for each in self._api.revisions(name)]
        return tuple(sorted(found, key=lambda revision: (revision.created_at, revision.name), reverse=True))

    def shift(self, service: str, shares: Mapping[str, int]) -> None:
        """Changes the service's traffic and nothing else, if it is as it was read; waits until it is so.

        Raises:
            UsageError: the shares are not percentages of 100 in all.
            NotFound: there is no such service or revision.
            DependencyUnavailable: somebody else changed the service meanwhile, or Cloud Run cannot do it.
        """
        check_shares(shares)
        name = self._name(service)
        with vendor_errors(f"Moving the traffic of {name}"):
            known = {_short(each["name"]) for each in self._api.revisions(name)}
            if missing := sorted(set(shares) - known):
                raise NotFound(f"{name} has no revision {missing[0]!r}.", f"It has {', '.join(sorted(known))}.")
            before, failure = self._api.service(name), None
            try:
                self._api.change_traffic(name, _targets(before, shares), before["etag"])
            except (GoogleAPICallError, requests.RequestException) as error:
                # The answer to a change that was made may be lost; then the service says it.
                failure = error
            after = self._api.settled(name)
            if failure and not isinstance(failure, Conflict) and _shares(after) == _shares(before):
                raise failure
        if _shares(after) != {revision: share for revision, share in shares.items() if share}:
            raise DependencyUnavailable(
                f"The traffic of {name} is {_shares(after)}, not {dict(shares)}: somebody else changed it.",
                "Look at it (telecom release status), then run it again.",
            )

    def ask(self, service: str, revision: str, path: str, body: bytes | None = None) -> Answer:
        """One request to the revision's tagged address, with an identity token of ours.

        Raises:
            UsageError: the revision has no tag.
            DependencyUnavailable: it does not answer, or there is no identity to show.
        """
        name = self._name(service)
        with vendor_errors(f"Asking revision {revision}"):
            found = self._api.service(name)
            addresses = [
                s["uri"] for s in found.get("trafficStatuses", ()) if _target(s, found) == revision and s.get("uri")
            ]
            if not addresses:
                raise UsageError(
                    f"Revision {revision} of {name} has no tag, so that nobody can ask it alone.",
                    f"Give it one: gcloud run services update-traffic {name} --update-tags candidate={revision}",
                )
            headers = self._identity(found["uri"]) | ({"Content-Type": "application/json"} if body is not None else {})
            method = "GET" if body is None else "POST"
            url = f"{addresses[0]}{path}"
            answer = requests.request(method, url, data=body, headers=headers, timeout=DEADLINE, allow_redirects=False)
        return Answer(answer.status_code, answer.content)

    def tallies(self, service: str, since: datetime) -> Mapping[str, Tally]:
        """What Cloud Monitoring has since that moment; it is some minutes behind."""
        name = self._name(service)
        with vendor_errors(f"Reading what Cloud Monitoring knows of {name}"):
            return _samples.of_cloud_run(self._settings, service, name, since)

    def _identity(self, service_url: str) -> dict[str, str]:
        """The header by which Cloud Run and the service itself know us; the audience is the service's."""
        if run_emulator():
            return {}
        from google.auth.transport.requests import Request
        from google.oauth2.id_token import fetch_id_token

        token = fetch_id_token(Request(), self._settings.audience or service_url)
        return {"Authorization": f"Bearer {token}"}

    def _name(self, service: str) -> str:
        if not NAME.fullmatch(service):
            raise UsageError(f"No service can be named {service!r}.", "Use lower case, digits and '-'.")
        return f"telecom-{service}-{self._settings.env}"


def _revision(each: Json, shares: Mapping[str, int], candidate: str) -> Revision:
    name = _short(each["name"])
    ready = any(c.get("type") == "Ready" and c.get("state") == READY for c in each.get("conditions", ()))
    variables = {v["name"]: v.get("value", "") for c in each.get("containers", ()) for v in c.get("env", ())}
    version = variables.get(VERSION_VARIABLE, "")
    followed = "" if version == FOLLOWED else version
    created = datetime.fromisoformat(each["createTime"])
    return Revision(name, shares.get(name, 0), ready, followed, created, name == candidate)


def _candidate(service: Json) -> str:
    """The revision with the tag that infra/delivery.sh gives; empty where none has it."""
    tagged = (target for target in service.get("trafficStatuses", ()) if target.get("tag") == CANDIDATE)
    return next((_target(target, service) for target in tagged), "")


def _shares(service: Json) -> dict[str, int]:
    """Percentages of the revisions that get requests, as they are."""
    found: dict[str, int] = {}
    for status in service.get("trafficStatuses", ()):
        if percent := status.get("percent", 0):
            name = _target(status, service)
            found[name] = found.get(name, 0) + percent
    return found


def _targets(service: Json, shares: Mapping[str, int]) -> list[Json]:
    """The wanted traffic: these shares, and every tag that there is."""
    wanted: list[Json] = [
        {"type": REVISION, "revision": name, "percent": share} for name, share in shares.items() if share
    ]
    return [*wanted, *_tags(service)]


def _tags(service: Json) -> Iterator[Json]:
    for target in service.get("traffic", ()):
        if target.get("tag"):
            yield {key: target[key] for key in ("type", "revision", "tag") if key in target}


def _target(target: Mapping[str, Any], service: Json) -> str:
    """The revision that a target means; "latest" is the newest ready one."""
    return _short(target.get("revision") or service.get("latestReadyRevision", ""))


def _short(name: str) -> str:
    return name.rpartition("/")[2]
