import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops.src.modelling import bundle
from mlops.src.modelling.bundle import MANIFEST, MODEL, REFERENCE, Provenance, load, save
from mlops.src.modelling.churn_model import ChurnModel, digest_of
from mlops.src.modelling.features import CHURN_FEATURES
from telecom.errors import ModelRejected, NotFound, UsageError

ORIGIN = Provenance("d" * 64, 3, {"max_depth": 3}, 60, {"xgboost": "3.2.0"}, {"trained_at": "2026-01-01T00:00:00Z"})
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def saved(model: ChurnModel, tmp_path: Path) -> Path:
    save(model, tmp_path / "models" / "one", ORIGIN, {"tenure_months": [0.1, 0.9]})
    return tmp_path / "models" / "one"


def rewritten(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest as a forger would who recomputes its own digest."""
    manifest = json.loads((directory / MANIFEST).read_bytes())
    change(manifest)
    manifest.pop("manifest_digest")
    manifest["manifest_digest"] = digest_of(manifest)
    (directory / MANIFEST).write_bytes(bundle._json(manifest))


def replaced(directory: Path, name: str, content: bytes) -> None:
    """Replace a file and forge the manifest's entry for it."""
    (directory / name).write_bytes(content)
    entry = {"sha256": bundle._sha256(content), "bytes": len(content)}
    rewritten(directory, lambda manifest: manifest["files"].update({name: entry}))


def test_what_is_saved_is_loaded(saved: Path, model: ChurnModel, world: Any) -> None:
    found = load(saved, expected_digest=model.digest)
    assert found.model == model and found.model.digest == model.digest
    np.testing.assert_array_equal(found.model.predict(world.x), model.predict(world.x))
    assert found.reference == {"tenure_months": [0.1, 0.9]}
    assert found.manifest["training_data_digest"] == "d" * 64
    assert found.manifest["bias"] == model.trees.bias
    assert [path.name for path in saved.parent.iterdir()] == ["one"]  # nothing is left beside it


def test_xgboost_reads_the_model_file(saved: Path, world: Any, model: ChurnModel) -> None:
    import xgboost

    booster = xgboost.Booster(model_file=str(saved / MODEL))
    native = booster.inplace_predict(world.x, predict_type="margin")
    np.testing.assert_allclose(native, model.margin(world.x), atol=1e-5)


def test_a_model_is_never_overwritten(saved: Path, model: ChurnModel) -> None:
    before = (saved / MANIFEST).read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        save(model, saved, ORIGIN, {})
    assert (saved / MANIFEST).read_bytes() == before


def test_a_failed_save_leaves_nothing(model: ChurnModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(bundle, "_write", full)
    with pytest.raises(OSError, match="disk full"):
        save(model, tmp_path / "one", ORIGIN, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [MANIFEST, MODEL, REFERENCE])
@pytest.mark.parametrize("place", [0.0, 0.31, 0.77, 0.999])
def test_any_changed_byte_is_refused(saved: Path, name: str, place: float) -> None:
    content = bytearray((saved / name).read_bytes())
    content[int(place * len(content))] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(ModelRejected):
        load(saved)


@pytest.mark.parametrize("name", [MANIFEST, MODEL, REFERENCE])
def test_truncated_missing_and_additional_files_are_refused(saved: Path, name: str) -> None:
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelRejected):
        load(saved)
    (saved / name).unlink()
    with pytest.raises(ModelRejected, match="alone"):
        load(saved)
    (saved / name).write_bytes(content)
    (saved / "model.pkl").write_bytes(b"")
    with pytest.raises(ModelRejected, match=r"model\.pkl"):
        load(saved)


def test_a_link_is_not_a_model_file(saved: Path, tmp_path: Path) -> None:
    (saved / MODEL).rename(tmp_path / MODEL)
    (saved / MODEL).symlink_to(tmp_path / MODEL)
    with pytest.raises(ModelRejected, match="plain file"):
        load(saved)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was executed",))


def test_a_pickle_with_forged_digests_is_refused_and_never_executed(saved: Path) -> None:
    replaced(saved, MODEL, pickle.dumps(Trap()))
    with pytest.raises(ModelRejected):
        load(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(threshold=0.01),
        lambda manifest: manifest.update(threshold=1.5),
        lambda manifest: manifest.update(format=2),
        lambda manifest: manifest.update(model_digest="0" * 64),
        lambda manifest: manifest["calibration"].update(slope=2.0),
        lambda manifest: manifest["calibration"].update(slope=-1.0),
        lambda manifest: manifest["features"].reverse(),
        lambda manifest: manifest["features"].pop(),
        lambda manifest: manifest["economics"].update(save_rate=7),
        lambda manifest: manifest.pop("features"),
        lambda manifest: manifest["files"].pop(MODEL),
    ],
)
def test_a_forged_manifest_is_refused(saved: Path, change: Callable[[dict[str, Any]], None]) -> None:
    rewritten(saved, change)
    with pytest.raises(ModelRejected):
        load(saved)


def test_other_trees_with_forged_files_do_not_fit_the_digest(saved: Path) -> None:
    document = json.loads((saved / MODEL).read_bytes())
    document["learner"]["gradient_booster"]["model"]["trees"].pop()
    replaced(saved, MODEL, json.dumps(document).encode())
    with pytest.raises(ModelRejected, match="digest"):
        load(saved)


def test_a_consistent_forgery_is_stopped_by_the_registry(saved: Path, model: ChurnModel, tmp_path: Path) -> None:
    save(replace(model, threshold=0.9), tmp_path / "forged", ORIGIN, {})
    with pytest.raises(ModelRejected, match="registry expects"):
        load(tmp_path / "forged", expected_digest=model.digest)


def test_features_of_another_version_are_named(saved: Path) -> None:
    with pytest.raises(ModelRejected, match="tenure_months"):
        load(saved, tuple(feature for feature in CHURN_FEATURES if feature.name != "tenure_months"))
    with pytest.raises(ModelRejected, match="order"):
        load(saved, CHURN_FEATURES[::-1])
    assert load(saved, None).model.features == CHURN_FEATURES


def test_no_directory_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        load(tmp_path / "nowhere")


def test_the_digest_ignores_library_versions(model: ChurnModel) -> None:
    document = json.loads(model.booster_json)
    document["version"] = [9, 9, 9]
    assert replace(model, booster_json=json.dumps(document).encode()).digest == model.digest
    assert replace(model, threshold=0.41).digest != model.digest


def test_segments(model: ChurnModel) -> None:
    found = model.segment(np.array([0.0, 0.19, 0.2, 0.39, 0.4, 1.0]))  # the threshold is 0.4
    assert found.to_pylist() == ["low", "low", "medium", "medium", "high", "high"]


def test_a_matrix_of_another_width_is_refused(model: ChurnModel) -> None:
    with pytest.raises(UsageError, match="20 features"):
        model.predict(np.zeros((3, 19), dtype=np.float32))


def test_scoring_imports_no_training_library(saved: Path) -> None:
    program = (
        "import sys, pathlib, numpy\n"
        "from mlops.src.modelling import bundle, encoding, reasons\n"
        f"model = bundle.load(pathlib.Path({str(saved)!r})).model\n"
        "model.predict(numpy.zeros((2, 20), dtype=numpy.float32))\n"
        "print(sorted({'xgboost', 'sklearn', 'optuna', 'pandas', 'mlflow', 'scipy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
