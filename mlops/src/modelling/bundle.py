"""A model directory: written whole or not at all, and verified to the last byte before anything is parsed as a model.

`model.json` is xgboost's own format, `reference.json` whatever the caller compares later data with, `manifest.json`
everything else and the SHA-256 of both. Nothing here is ever unpickled. A manifest proves integrity, not origin: pass
`expected_digest` from the registry to prove that too.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops.src.modelling.calibration import Calibrator
from mlops.src.modelling.churn_model import ChurnModel, digest_of
from mlops.src.modelling.encoding import FeatureSpec
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trees import parse
from telecom.errors import ModelRejected, NotFound, UsageError

FORMAT = 1
MANIFEST, MODEL, REFERENCE = "manifest.json", "model.json", "reference.json"
LARGEST_FILE = 256 * 1024 * 1024
REMEDY = "Do not use it; fetch it again from the registry, or train a new one."


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from; recorded, not part of its digest.

    Args:
        training_data_digest: of the rows it was trained on.
        seed: of training.
        params: of the booster.
        rounds: trees.
        libraries: name to version.
        notes: anything else in plain values (metrics, times, run ids).
    """

    training_data_digest: str
    seed: int
    params: Mapping[str, Any]
    rounds: int
    libraries: Mapping[str, str]
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A verified model with its manifest and reference."""

    model: ChurnModel
    manifest: Mapping[str, Any]
    reference: Mapping[str, Any]


def save(model: ChurnModel, directory: Path, provenance: Provenance, reference: Mapping[str, Any]) -> dict[str, Any]:
    """Write the model into a new directory, beside it first and then renamed; returns the manifest.

    Raises:
        UsageError: the directory exists (a model is never overwritten).
    """
    if directory.exists():
        raise UsageError(f"{str(directory)!r} exists already.", "Save each model into a directory of its own.")
    files = {MODEL: model.booster_json, REFERENCE: _json(reference)}
    manifest = _manifest(model, provenance, files)
    manifest["manifest_digest"] = digest_of(manifest)
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}")
    beside.mkdir()
    try:
        for name, content in {**files, MANIFEST: _json(manifest)}.items():
            _write(beside / name, content)
        _sync(beside)
        beside.rename(directory)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    _sync(directory.parent)
    return manifest


def _manifest(model: ChurnModel, provenance: Provenance, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model_digest": model.digest,
        "training_data_digest": provenance.training_data_digest,
        "features": [feature.as_json() for feature in model.features],
        "calibration": model.calibrator.as_json(),
        "threshold": model.threshold,
        "segments": model.segment_bounds,
        "economics": model.economics.as_json(),
        "bias": model.trees.bias,
        "seed": provenance.seed,
        "params": dict(provenance.params),
        "rounds": provenance.rounds,
        "libraries": dict(provenance.libraries),
        "notes": dict(provenance.notes),
        "files": {name: {"sha256": _sha256(content), "bytes": len(content)} for name, content in files.items()},
    }


def load(
    directory: Path,
    features: tuple[FeatureSpec, ...] | None = CHURN_FEATURES,
    expected_digest: str | None = None,
) -> Bundle:
    """Verify every file, then the features, then the model itself.

    Args:
        directory: as written by `save`.
        features: what this code encodes; None accepts whatever the manifest lists.
        expected_digest: the model digest that the registry recorded.

    Raises:
        NotFound: no such directory.
        ModelRejected: anything that does not fit the manifest, this code or the expected digest.
    """
    if not directory.is_dir():
        raise NotFound(f"There is no model directory {str(directory)!r}.", "Train and register a model first.")
    try:
        files = _read(directory)
        manifest = _verified_manifest(files.pop(MANIFEST))
        _verify_files(manifest, files)
        _verify_features(manifest, features)
        model = _model(manifest, files[MODEL])
        _verify_digest(model, manifest, expected_digest)
        return Bundle(model, manifest, _object(files[REFERENCE], REFERENCE))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ModelRejected(f"The model in {str(directory)!r} cannot be read: {error!r}.", REMEDY) from error


def _read(directory: Path) -> dict[str, bytes]:
    found = sorted(path.name for path in directory.iterdir())
    if found != [MANIFEST, MODEL, REFERENCE]:
        raise ModelRejected(f"The model directory holds {found}, not manifest, model and reference alone.", REMEDY)
    for name in found:
        path = directory / name
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_FILE:
            raise ModelRejected(f"{name!r} of the model is not a plain file of a sane size.", REMEDY)
    return {name: (directory / name).read_bytes() for name in found}


def _verified_manifest(content: bytes) -> dict[str, Any]:
    manifest = _object(content, MANIFEST)
    listed = {name: value for name, value in manifest.items() if name != "manifest_digest"}
    if manifest["manifest_digest"] != digest_of(listed) or content != _json(manifest):
        raise ModelRejected("The manifest is not as it was written.", REMEDY)
    return manifest


def _verify_files(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    if manifest["format"] != FORMAT:
        raise ModelRejected(f"The manifest has format {manifest['format']!r}; this code reads {FORMAT}.", REMEDY)
    for name, content in files.items():
        if _sha256(content) != manifest["files"][name]["sha256"]:
            raise ModelRejected(f"{name!r} ({len(content)} bytes) is not the file that the manifest names.", REMEDY)


def _verify_features(manifest: Mapping[str, Any], features: tuple[FeatureSpec, ...] | None) -> None:
    listed = tuple(FeatureSpec.from_json(feature) for feature in manifest["features"])
    if features is not None and listed != features:
        differing = sorted({feature.name for feature in set(listed) ^ set(features)}) or ["their order"]
        raise ModelRejected(
            f"The model reads other features than this code writes: {', '.join(differing)}.",
            "Train a new model with this version of the code.",
        )


def _model(manifest: Mapping[str, Any], content: bytes) -> ChurnModel:
    document = _object(content, MODEL)
    features = tuple(FeatureSpec.from_json(feature) for feature in manifest["features"])
    names = document["learner"]["feature_names"]
    if parse(document).feature_count != len(features) or names != [feature.name for feature in features]:
        raise ModelRejected("The trees were not trained on the features that the manifest lists.", REMEDY)
    threshold = float(manifest["threshold"])
    if not 0 < threshold < 1:
        raise ModelRejected(f"The decision threshold {threshold!r} is not a probability.", REMEDY)
    calibrator = Calibrator.from_json(manifest["calibration"])
    return ChurnModel(content, features, calibrator, threshold, EconomicsConfig(**manifest["economics"]))


def _verify_digest(model: ChurnModel, manifest: Mapping[str, Any], expected: str | None) -> None:
    if model.digest != manifest["model_digest"]:
        raise ModelRejected("Trees, calibration, threshold and features do not give the manifest's digest.", REMEDY)
    if expected is not None and model.digest != expected:
        raise ModelRejected(f"The model is {model.digest[:12]}…, the registry expects {expected[:12]}….", REMEDY)


def _object(content: bytes, name: str) -> dict[str, Any]:
    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} in {name!r}")

    document = json.loads(content, parse_constant=refuse)
    if not isinstance(document, dict):
        raise ValueError(f"{name!r} is not a JSON object")
    return document


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, indent=1, allow_nan=False).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
