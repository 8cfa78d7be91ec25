"""The model registry on one machine: MLflow over SQLite for versions and aliases, bundles as folders by digest."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from telecom.adapters.local._files import beside, exclusive
from telecom.adapters.local._mlflow import LOCK, mlflow_client
from telecom.adapters.local._registry_cache import RegistryState, change_counter, read_cache, write_cache
from telecom.errors import DependencyUnavailable, NotFound
from telecom.ports import ModelVersion
from telecom.settings import Settings

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as Stored
    from mlflow.tracking import MlflowClient

KEPT_CHAMPIONS = 10
DATABASE, CACHE = "mlflow.db", "registry.json"
_HISTORY = "champions"
_READ = """
import sys
from pathlib import Path
from telecom.adapters.local.registry import LocalRegistry
from telecom.settings import Settings
LocalRegistry(Settings(home=Path(sys.argv[1]))).versions(sys.argv[2])
"""


class LocalRegistry:
    """Implements `telecom.ports.ModelRegistry`: `<home>/mlflow.db` and `<home>/models/<name>/<digest>`.

    Args:
        settings: where the home is.
        apart: readings that need MLflow happen in a process of their own, so that this one stays small.
    """

    def __init__(self, settings: Settings, *, apart: bool = False) -> None:
        self._settings = settings
        self._apart = apart

    def register(self, name: str, bundle: Path, digest: str, notes: Mapping[str, str]) -> ModelVersion:
        """Keeps a copy of the bundle and gives it a version; the same digest again returns the version that it has."""
        with mlflow_client(self._settings) as client:
            folder = self._keep(name, bundle, digest)
            for known in _versions(client, name):
                if known.digest == digest:
                    return known
            if not _exists(client, name):
                client.create_registered_model(name)
            stored = client.create_model_version(name, source=folder.as_uri(), tags={**notes, "digest": digest})
            remember(client, self._settings.home, name)
            return _as_version(stored, {})

    def point(self, name: str, alias: str, version: str) -> None:
        """Moves an alias. Pointing champion back at an earlier champion forgets those that came after it.

        Raises:
            NotFound: there is no such version.
        """
        with mlflow_client(self._settings) as client:
            if version not in {known.version for known in _versions(client, name)}:
                raise NotFound(f"{name} has no version {version!r}.", "See: telecom models")
            client.set_registered_model_alias(name, alias, version)
            if alias == "champion":
                history = _history(client, name)
                later = history.index(version) if version in history else -1
                kept = history[later:] if later >= 0 else [version, *history]
                client.set_registered_model_tag(name, _HISTORY, json.dumps(kept[:KEPT_CHAMPIONS]))
            remember(client, self._settings.home, name)

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        """Every version, newest first; empty when none was registered."""
        return self._state(name).versions

    def champions(self, name: str) -> tuple[str, ...]:
        """Versions that were champion, newest first, the present one included; at most ten."""
        return self._state(name).champions

    def fetch(self, name: str, version: str) -> Path:
        """The folder of a version, or of the version that an alias points at. Verify the bundle before using it.

        Raises:
            NotFound: no such version or alias, or its folder is gone.
        """
        for known in self.versions(name):
            if version == known.version or version in known.aliases:
                folder = self._folder(name, known.digest)
                if folder.is_dir():
                    return folder
                raise NotFound(f"The files of {name} version {known.version} are gone from {folder}.", "Train again.")
        raise NotFound(
            f"{name} has no version or alias {version!r}.",
            "Run: telecom train, then telecom evaluate and promote",
        )

    def _state(self, name: str) -> RegistryState:
        database, cache = self._settings.home / DATABASE, self._settings.home / CACHE
        # Empty is what SQLite makes first; nothing was kept in it yet.
        if not database.exists() or not database.stat().st_size:
            return RegistryState()
        counter = change_counter(database)
        known = read_cache(cache, counter, name)
        # Without a counter nothing is ever kept, and another process could not tell us.
        if known is None and self._apart and counter is not None:
            self._settle()
            known = read_cache(cache, change_counter(database), name)
        if known is None and self._apart and counter is not None:
            self._read_apart(name)
            known = read_cache(cache, change_counter(database), name)
            if known is None:
                raise DependencyUnavailable(f"The registry {database} is being written.", "Try again in a moment.")
        if known:
            return known
        with mlflow_client(self._settings) as client:
            return remember(client, self._settings.home, name)

    def _settle(self) -> None:
        """Waits for who is writing: one of ours leaves what the registry holds then, and MLflow need not be asked."""
        with exclusive(self._settings.home / LOCK, self._settings.lock_seconds, "The model registry"):
            pass

    def _read_apart(self, name: str) -> None:
        command = [sys.executable, "-c", _READ, str(self._settings.home), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
            raise DependencyUnavailable(f"The registry cannot be read: {said[-1][:500]}", "Run: telecom models")

    def _folder(self, name: str, digest: str) -> Path:
        return self._settings.home / "models" / name / digest[:16]

    def _keep(self, name: str, bundle: Path, digest: str) -> Path:
        """Copies a bundle to its place by digest, whole or not at all."""
        target = self._folder(name, digest)
        if not target.is_dir():
            with beside(target) as part:
                shutil.copytree(bundle, part)
        return target


def remember(client: "MlflowClient", home: Path, name: str) -> RegistryState:
    """What MLflow holds of a model, kept for whoever reads next, who may not want to import MLflow."""
    history = tuple(_history(client, name)) if _exists(client, name) else ()
    found = RegistryState(_versions(client, name), history)
    write_cache(home / CACHE, change_counter(home / DATABASE), name, found)
    return found


def _exists(client: "MlflowClient", name: str) -> bool:
    return bool(client.search_registered_models(f"name = '{name}'"))


def _history(client: "MlflowClient", name: str) -> list[str]:
    stored = client.get_registered_model(name).tags.get(_HISTORY, "[]")
    return [str(version) for version in json.loads(stored)]


def _versions(client: "MlflowClient", name: str) -> tuple[ModelVersion, ...]:
    if not _exists(client, name):
        return ()
    by_version: dict[str, list[str]] = {}
    for alias, version in client.get_registered_model(name).aliases.items():
        by_version.setdefault(str(version), []).append(alias)
    found = client.search_model_versions(f"name = '{name}'")
    return tuple(sorted((_as_version(v, by_version) for v in found), key=lambda v: -int(v.version)))


def _as_version(stored: "Stored", aliases: Mapping[str, list[str]]) -> ModelVersion:
    notes = {key: value for key, value in stored.tags.items() if key != "digest"}
    created = datetime.fromtimestamp(stored.creation_timestamp / 1000, UTC)
    version = str(stored.version)
    return ModelVersion(
        stored.name, version, stored.tags["digest"], created, tuple(sorted(aliases.get(version, ()))), notes
    )
