"""Online serving on Vertex AI: one endpoint, versions of a model deployed to it, and who gets which share."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from google.api_core.exceptions import AlreadyExists
from google.api_core.exceptions import NotFound as Missing
from google.cloud import aiplatform_v1 as vertex

from telecom.adapters._traffic import reshare
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp._vertex import CHANGE, READ, labels, location
from telecom.errors import NotFound, UsageError
from telecom.settings import Settings

DEPLOY_SECONDS = 2_700.0
"""Machines are found and the image is started on them; a quarter of an hour is usual."""
BEING_DEPLOYED = "0"
"""How DeployModel's traffic split names the model that it deploys."""


@dataclass(frozen=True)
class Deployed:
    """One model of an endpoint: its id there, `model@version`, its share and when it was deployed."""

    id: str
    name: str
    share: int
    created_at: datetime


class VertexEndpoints:
    """Implements `telecom.ports.Endpoints` on the endpoint that TELECOM_ENDPOINT numbers, made if it is missing.

    Versions that get no requests any more stay deployed, and cost: that makes going back quick. `retire` removes them.
    """

    def __init__(
        self, settings: Settings, machine: str = "n2-standard-2", least_replicas: int = 1, most_replicas: int = 3
    ) -> None:
        self._settings = settings
        self._machine = machine
        self._replicas = (least_replicas, most_replicas)

    def deploy(self, model: str, version: str, share: int) -> Mapping[str, int]:
        """Gives a version `share` percent of the requests, the others the rest in proportion; safe to repeat.

        Returns:
            Percentages by version; they add up to 100.

        Raises:
            UsageError: TELECOM_ENDPOINT is empty, the share is not a percentage, or nobody is there to take the rest.
            NotFound: the registry has no such version.
        """
        with vendor_errors(f"Deploying {model} version {version}"):
            endpoint = self._endpoint()
            names = _versions(endpoint, model)
            now = {names[id_]: endpoint.traffic_split.get(id_, 0) for id_ in names}
            following = reshare(now, version, share)
            ids = {name: id_ for id_, name in names.items()}
            split = {ids.get(name, BEING_DEPLOYED): part for name, part in following.items() if part}
            if version not in ids:
                self._deploy(endpoint, model, version, split)
            elif following != now:
                self._split(endpoint, split)
        return following

    def retire(self, model: str) -> Mapping[str, int]:
        """Undeploys the versions without requests; returns the others' percentages."""
        with vendor_errors(f"Retiring versions of {model}"):
            endpoint = self._endpoint()
            kept = {}
            for id_, version in _versions(endpoint, model).items():
                if share := endpoint.traffic_split.get(id_, 0):
                    kept[version] = share
                else:
                    request = vertex.UndeployModelRequest(endpoint=endpoint.name, deployed_model_id=id_)
                    self._client.undeploy_model(request=request, **CHANGE).result(DEPLOY_SECONDS)
        return kept

    def deployed(self) -> tuple["Deployed", ...]:
        """Every model that is deployed, with its share."""
        with vendor_errors("Reading the endpoint"):
            endpoint = self._endpoint()
        return tuple(
            Deployed(model.id, model.display_name, endpoint.traffic_split.get(model.id, 0), _moment(model.create_time))
            for model in endpoint.deployed_models
        )

    def split(self, shares: Mapping[str, int]) -> None:
        """Gives the deployed models `model@version` exactly these percentages, if the endpoint is as it was read.

        Raises:
            NotFound: one of them is not deployed.
        """
        with vendor_errors("Splitting the endpoint's traffic"):
            endpoint = self._endpoint()
            ids = {model.display_name: model.id for model in endpoint.deployed_models}
            if missing := sorted(set(shares) - set(ids)):
                raise NotFound(f"{missing[0]!r} is not deployed.", f"There are: {', '.join(sorted(ids)) or 'none'}.")
            split = {ids[name]: share for name, share in shares.items() if share}
            if split != {id_: share for id_, share in endpoint.traffic_split.items() if share}:
                self._split(endpoint, split)

    def _endpoint(self) -> vertex.Endpoint:
        number = self._settings.endpoint
        if not number:
            raise UsageError(
                "TELECOM_ENDPOINT is empty: this environment serves in batches only.",
                "Set it to the number that the endpoint has or shall have.",
            )
        name = f"{location(self._settings)}/endpoints/{number}"
        try:
            return self._client.get_endpoint(name=name, **READ)
        except Missing:
            wanted = vertex.Endpoint(display_name=f"telecom-{self._settings.env}", labels=labels(self._settings))
            request = vertex.CreateEndpointRequest(parent=location(self._settings), endpoint=wanted, endpoint_id=number)
            with suppress(AlreadyExists):
                self._client.create_endpoint(request=request, **CHANGE).result(DEPLOY_SECONDS)
            return self._client.get_endpoint(name=name, **READ)

    def _deploy(self, endpoint: vertex.Endpoint, model: str, version: str, split: Mapping[str, int]) -> None:
        least, most = self._replicas
        deployed = vertex.DeployedModel(
            id=_deployed_id(model, version),
            model=f"{location(self._settings)}/models/{model}@{version}",
            display_name=f"{model}@{version}",
            dedicated_resources={
                "machine_spec": {"machine_type": self._machine},
                "min_replica_count": least,
                "max_replica_count": most,
            },
            service_account=self._settings.service_account,
        )
        self._client.deploy_model(
            endpoint=endpoint.name, deployed_model=deployed, traffic_split=dict(split), **CHANGE
        ).result(DEPLOY_SECONDS)

    def _split(self, endpoint: vertex.Endpoint, split: Mapping[str, int]) -> None:
        changed = vertex.Endpoint(name=endpoint.name, traffic_split=dict(split), etag=endpoint.etag)
        # Required by the published definition, outside of the mask.
        changed.display_name = endpoint.display_name
        self._client.update_endpoint(endpoint=changed, update_mask={"paths": ["traffic_split"]}, **CHANGE)

    @property
    def _client(self) -> vertex.EndpointServiceClient:
        return grpc_client(vertex.EndpointServiceClient, self._settings)


def _moment(stamp: datetime | None) -> datetime:
    """A plain time of the client's own kind; the epoch where there is none."""
    return datetime.fromtimestamp(stamp.timestamp(), UTC) if stamp else datetime.fromtimestamp(0, UTC)


def _versions(endpoint: vertex.Endpoint, model: str) -> dict[str, str]:
    """The version behind each deployed model's id; another model's carries that model's name."""
    named = {deployed.id: deployed.display_name for deployed in endpoint.deployed_models}
    return {id_: name.removeprefix(f"{model}@") for id_, name in named.items()}


def _deployed_id(model: str, version: str) -> str:
    """Nine digits by which a deployment whose answer got lost is not made twice."""
    number = int(hashlib.sha256(f"{model}@{version}".encode()).hexdigest(), 16)
    return str(10**8 + number % (9 * 10**8))
