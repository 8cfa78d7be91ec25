"""The models that are deployed to a Vertex AI endpoint, as revisions: `telco-churn@3` serves version 3."""

from collections.abc import Mapping
from datetime import datetime

from telecom.adapters._traffic import check_shares
from telecom.adapters.gcp import _samples
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp.endpoints import VertexEndpoints
from telecom.errors import UsageError
from telecom.ports import Answer, Revision, Tally
from telecom.settings import Settings


class VertexTraffic:
    """Implements `telecom.ports.Traffic` on the endpoint that TELECOM_ENDPOINT numbers, whatever the service is called.

    An endpoint deals requests by itself: nobody can ask one of its models alone, and scores are not told.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoints = VertexEndpoints(settings)

    def revisions(self, service: str) -> tuple[Revision, ...]:
        """Newest first; what is deployed is ready."""
        found = [
            Revision(each.name, each.share, True, each.name.rpartition("@")[2], each.created_at)
            for each in self._endpoints.deployed()
        ]
        return tuple(sorted(found, key=lambda revision: (revision.created_at, revision.name), reverse=True))

    def shift(self, service: str, shares: Mapping[str, int]) -> None:
        """Splits the endpoint's traffic.

        Raises:
            UsageError: the shares are not percentages of 100 in all.
            NotFound: something among them is not deployed.
        """
        check_shares(shares)
        self._endpoints.split(shares)

    def ask(self, service: str, revision: str, path: str, body: bytes | None = None) -> Answer:
        """Not possible here.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"A Vertex AI endpoint cannot be asked for {revision} alone.",
            "Check the same image and model on this machine (telecom release check --url), then use --skip-check.",
        )

    def tallies(self, service: str, since: datetime) -> Mapping[str, Tally]:
        """What Cloud Monitoring has since that moment, without scores; it is some minutes behind."""
        with vendor_errors("Reading what Cloud Monitoring knows of the endpoint"):
            found = _samples.of_endpoint(self._settings, since)
        return {each.name: found[each.id] for each in self._endpoints.deployed() if each.id in found}
