"""Who gets which share of the requests on Google Cloud: a Cloud Run service or, where one is set, a Vertex endpoint."""

from collections.abc import Mapping
from datetime import datetime

from telecom.adapters.gcp._cloud_run import CloudRunTraffic
from telecom.adapters.gcp._vertex_traffic import VertexTraffic
from telecom.ports import Answer, Revision, Tally, Traffic
from telecom.settings import Settings


class GoogleTraffic:
    """Implements `telecom.ports.Traffic`: by `CloudRunTraffic`, or by `VertexTraffic` if TELECOM_ENDPOINT is set."""

    def __init__(self, settings: Settings) -> None:
        self._chosen: Traffic = VertexTraffic(settings) if settings.endpoint else CloudRunTraffic(settings)

    def revisions(self, service: str) -> tuple[Revision, ...]:
        """Newest first."""
        return self._chosen.revisions(service)

    def shift(self, service: str, shares: Mapping[str, int]) -> None:
        """Moves traffic and waits until requests follow."""
        self._chosen.shift(service, shares)

    def ask(self, service: str, revision: str, path: str, body: bytes | None = None) -> Answer:
        """One request to one revision alone."""
        return self._chosen.ask(service, revision, path, body)

    def tallies(self, service: str, since: datetime) -> Mapping[str, Tally]:
        """What each revision answered since that moment."""
        return self._chosen.tallies(service, since)
