"""Online serving on one machine: who gets which share of the requests, in a file that a local service follows."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from telecom.adapters._traffic import reshare
from telecom.adapters.local._files import exclusive, write_json
from telecom.adapters.local.registry import LocalRegistry
from telecom.errors import NotFound
from telecom.settings import Settings


class LocalEndpoints:
    """Implements `telecom.ports.Endpoints` in `<home>/endpoints/<model>.json`: percentages by version.

    There is no server to deploy to; the file is replaced in one step, so that whoever reads it sees shares that add
    up to 100.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = settings.home / "endpoints"

    def deploy(self, model: str, version: str, share: int) -> Mapping[str, int]:
        """Gives a version `share` percent of the requests, the others the rest in proportion; safe to repeat.

        Returns:
            Percentages by version; they add up to 100.

        Raises:
            NotFound: the registry has no such version.
            UsageError: the share is not a percentage, or nobody is there to take the rest.
        """
        known = [found.version for found in LocalRegistry(self._settings).versions(model)]
        if version not in known:
            raise NotFound(
                f"{model} has no version {version!r}.", f"It has {', '.join(known) or 'none'}; run: telecom train"
            )
        with self._writing(model):
            following = reshare(self._shares(model), version, share)
            write_json(self._path(model), following)
        return following

    def retire(self, model: str) -> Mapping[str, int]:
        """Forgets the versions without requests; returns the others' percentages."""
        with self._writing(model):
            kept = {version: share for version, share in self._shares(model).items() if share}
            write_json(self._path(model), kept)
        return kept

    def _writing(self, model: str) -> AbstractContextManager[None]:
        return exclusive(self._root / f".{model}.lock", self._settings.lock_seconds, f"The endpoint of {model}")

    def _shares(self, model: str) -> dict[str, int]:
        try:
            stored: dict[str, int] = json.loads(self._path(model).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return stored

    def _path(self, model: str) -> Path:
        return self._root / f"{model}.json"
