"""The model registry on Google Cloud: Vertex AI for versions and aliases, bundles in Cloud Storage by digest.

`gs://<models>/<name>/<digest16>/` holds a bundle, `<digest16>.notes.json` beside it the notes that are too long for a
version's description, and `<name>/champions.json` the last ten champions. The alias is the truth about who is champion,
the file only remembers: the alias moves first, and whoever reads the file reckons the alias's present version in by the
rule by which it is written, so that a crash between the two changes nothing that anybody can see.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from google.api_core.exceptions import AlreadyExists
from google.api_core.exceptions import NotFound as Missing
from google.cloud.aiplatform_v1 import Model, ModelServiceClient, UploadModelRequest

from telecom.adapters.gcp._buckets import bucket_of, change_json, download_folder, files_below, read_json, upload_folder
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, ONCE, vendor_errors
from telecom.adapters.gcp._serving import model_to_upload
from telecom.adapters.gcp._vertex import location
from telecom.errors import NotFound, TelecomError, UsageError
from telecom.ports import ModelVersion
from telecom.settings import Settings

KEPT_CHAMPIONS = 10
CHAMPION = "champion"
UPLOAD_SECONDS = 900.0
# Vertex AI publishes no limit of Model.version_description; this one is ours, short enough for the console to show.
LONGEST_DESCRIPTION = 1_000
_MODEL_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")  # UploadModelRequest.model_id
_VERTEX_OWN = "default"


class VertexRegistry:
    """Implements `telecom.ports.ModelRegistry`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def register(self, name: str, bundle: Path, digest: str, notes: Mapping[str, str]) -> ModelVersion:
        """Uploads the bundle and gives it a version; the same digest again returns the version that it has.

        Raises:
            UsageError: the name is none for Vertex AI, or no serving image is set.
        """
        if not _MODEL_ID.fullmatch(name):
            raise UsageError(f"{name!r} is no model id.", "Use at most 63 of a-z, 0-9, '_' and '-', a letter first.")
        with self._talking(f"registering {name}"):
            known = self._registered(name, digest)
            return self._mended(known, bundle) if known else self._made(name, bundle, digest, notes)

    def point(self, name: str, alias: str, version: str) -> None:
        """Moves an alias. Pointing champion back at an earlier champion forgets those that came after it.

        Raises:
            NotFound: there is no such version.
        """
        with self._talking(f"pointing {alias} of {name} at version {version}"):
            known = self._versions(name)
            if version not in {each.version for each in known}:
                raise NotFound(f"{name} has no version {version!r}.", "See: telecom models")
            holders = [each.version for each in known if alias in each.aliases]
            if holders != [version]:
                self._move(name, alias, version, holders)
            if alias == CHAMPION:
                rule = partial(_after, [*holders[:1], version])
                change_json(self._bucket(), _history(name), [], rule)

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        """Every version that this class registered, newest first; empty when none was."""
        with self._talking(f"listing the versions of {name}"):
            return self._versions(name)

    def champions(self, name: str) -> tuple[str, ...]:
        """Versions that were champion, newest first, the present one included; at most ten."""
        with self._talking(f"reading the champions of {name}"):
            present = [each.version for each in self._versions(name) if CHAMPION in each.aliases]
            return tuple(_after(present[:1], read_json(self._bucket(), _history(name), [])))

    def fetch(self, name: str, version: str) -> Path:
        """A local copy of a version, or of the version that an alias points at. Verify the bundle before using it.

        Raises:
            NotFound: no such version or alias, or its files are gone from the bucket.
            DependencyUnavailable: a file arrived damaged.
        """
        for known in self.versions(name):
            if version == known.version or version in known.aliases:
                return self._copy(known)
        raise NotFound(
            f"{name} has no version or alias {version!r}.",
            "Run: telecom train, then telecom evaluate and promote",
        )

    def _copy(self, known: ModelVersion) -> Path:
        place = _folder(known.name, known.digest)
        target = self._settings.home / "models" / place
        with self._talking(f"fetching {known.name} version {known.version}"):
            if target.is_dir() or download_folder(self._bucket(), place, target):
                return target
        raise NotFound(
            f"The files of {known.name} version {known.version} are gone from {self._uri(place)}.", "Train again."
        )

    def _mended(self, known: ModelVersion, bundle: Path) -> ModelVersion:
        """The version, its files put back where they are lost.

        Files that are there stay: a manifest says when its model was trained, and that of a later training differs.
        """
        place = _folder(known.name, known.digest)
        if not _names(bundle) <= set(files_below(self._bucket(), place)):
            upload_folder(self._bucket(), place, bundle)
        return known

    def _made(self, name: str, bundle: Path, digest: str, notes: Mapping[str, str]) -> ModelVersion:
        place = _folder(name, digest)
        kept = {"digest": digest, "notes": dict(notes)}
        if too_long := len(_compact(kept)) > LONGEST_DESCRIPTION:
            kept = {"digest": digest, "notes_in": f"{place}.notes.json"}
        model = model_to_upload(self._settings, name, self._uri(place), _compact(kept))
        upload_folder(self._bucket(), place, bundle)
        if too_long:
            change_json(self._bucket(), f"{place}.notes.json", {}, lambda _: dict(notes))
        return self._upload(name, digest, model)

    def _upload(self, name: str, digest: str, model: Model) -> ModelVersion:
        """Asks once for a new version. Where the answer is lost, looks whether the version is there all the same."""
        try:
            with self._talking(f"uploading {name}"):
                done = self._ask_for_version(name, model).result(timeout=UPLOAD_SECONDS)
                path = f"{self._path(name)}@{done.model_version_id}"
                return self._version(name, self._client().get_model(name=path, retry=IDEMPOTENT, timeout=DEADLINE))
        except TelecomError:
            known = self._registered(name, digest)
            if known is None:
                raise
            return known

    def _ask_for_version(self, name: str, model: Model) -> Any:
        first = UploadModelRequest(parent=location(self._settings), model=model, model_id=name)
        later = UploadModelRequest(parent=location(self._settings), model=model, parent_model=self._path(name))
        ask = partial(self._client().upload_model, retry=ONCE, timeout=DEADLINE)
        if self._listed(name):
            return ask(later)
        try:
            return ask(first)
        except AlreadyExists:  # somebody else's first version came before ours, of which nothing was made
            return ask(later)

    def _move(self, name: str, alias: str, version: str, holders: Sequence[str]) -> None:
        """Adds the alias, which takes it from any other version, as Google documents; so that there always is one.

        Looks all the same, and where two have it takes it from those that had it before, never from anybody else's.
        """
        IDEMPOTENT(self._merge)(name, version, alias)
        having = self._having(name, alias)
        for holder in holders if version in having else ():
            if holder in having - {version}:
                IDEMPOTENT(self._take)(name, holder, alias)

    def _take(self, name: str, version: str, alias: str) -> None:
        """Looks first, at every attempt: to take an alias away that is gone, its answer lost, is refused."""
        if version in self._having(name, alias):
            self._merge(name, version, f"-{alias}")

    def _merge(self, name: str, version: str, alias: str) -> None:
        path = f"{self._path(name)}@{version}"
        self._client().merge_version_aliases(name=path, version_aliases=[alias], retry=ONCE, timeout=DEADLINE)

    def _having(self, name: str, alias: str) -> set[str]:
        return {model.version_id for model in self._listed(name) if alias in model.version_aliases}

    def _registered(self, name: str, digest: str) -> ModelVersion | None:
        """The oldest version of a digest; two of one digest exist where an answer was lost for longer than we wait."""
        return next((known for known in reversed(self._versions(name)) if known.digest == digest), None)

    def _versions(self, name: str) -> tuple[ModelVersion, ...]:
        ours = (self._version(name, model) for model in self._listed(name) if _kept(model))
        return tuple(sorted(ours, key=lambda known: -int(known.version)))

    def _version(self, name: str, model: Model) -> ModelVersion:
        kept = _kept(model)
        notes = read_json(self._bucket(), kept["notes_in"], {}) if "notes_in" in kept else kept["notes"]
        created = datetime.fromtimestamp(model.version_create_time.timestamp(), UTC)
        aliases = tuple(sorted(alias for alias in model.version_aliases if alias != _VERTEX_OWN))
        return ModelVersion(name, model.version_id, kept["digest"], created, aliases, notes)

    def _listed(self, name: str) -> list[Model]:
        try:
            return list(self._client().list_model_versions(name=self._path(name), retry=IDEMPOTENT, timeout=DEADLINE))
        except Missing:
            return []

    def _talking(self, doing: str) -> Any:
        return vendor_errors(f"Vertex AI Model Registry, {doing}")

    def _client(self) -> Any:
        return grpc_client(ModelServiceClient, self._settings)

    def _bucket(self) -> Any:
        return bucket_of(self._settings, "models")

    def _uri(self, place: str) -> str:
        return f"gs://{self._settings.bucket('models')}/{place}"

    def _path(self, name: str) -> str:
        return f"{location(self._settings)}/models/{name}"


def _after(champions: Sequence[str], history: Sequence[str]) -> list[str]:
    """The history once each of `champions`, in this order, was pointed at; `history` is newest first."""
    kept = list(history)
    for version in champions:
        kept = kept[kept.index(version) :] if version in kept else [version, *kept]
    return kept[:KEPT_CHAMPIONS]


def _kept(model: Model) -> dict[str, Any]:
    """What a version's description keeps of ours; empty for versions that somebody else uploaded."""
    try:
        kept = json.loads(model.version_description)
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and "digest" in kept else {}


def _names(bundle: Path) -> set[str]:
    return {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}


def _compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _folder(name: str, digest: str) -> str:
    return f"{name}/{digest[:16]}"


def _history(name: str) -> str:
    return f"{name}/champions.json"
