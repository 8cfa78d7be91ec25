"""The version in service: only what verifies goes in, and what is in stays until then."""

import json
import pickle
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.src.model_versions import MODEL
from mlops.src.modelling import bundle
from mlops.src.modelling.churn_model import digest_of
from mlops.src.serving.model_slot import ModelSlot, NoVersionYet, RegistrySource, StorageSource, Wanted
from mlops.tests.labelled import Registry
from mlops.tests.serving.churn_fakes import CUSTOMER, Service, registry_with
from mlops.tests.serving.conftest import Model
from telecom.errors import DependencyUnavailable, ModelRejected, NotFound, TelecomError, UsageError

Said = Callable[[], list[dict[str, Any]]]


def tampered(folder: Path) -> None:
    """One digit of the trees is another one."""
    path = folder / bundle.MODEL
    content = bytearray(path.read_bytes())
    place = next(n for n in range(len(content) // 2, len(content)) if chr(content[n]).isdigit())
    content[place] = ord("7") if content[place] != ord("7") else ord("3")
    path.write_bytes(content)


def truncated(folder: Path) -> None:
    path = folder / bundle.MODEL
    path.write_bytes(path.read_bytes()[:-100])


def pickled(folder: Path) -> None:
    """A model file that would run code, were it ever unpickled."""
    (folder / bundle.MODEL).write_bytes(pickle.dumps(Trap()))


def joined_by_a_pickle(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(pickle.dumps(Trap()))


def of_other_features(folder: Path) -> None:
    """A manifest that is consistent, of a model that reads something else."""
    path = folder / bundle.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["features"][0]["name"] = "age"
    del manifest["manifest_digest"]
    manifest["manifest_digest"] = digest_of(manifest)
    path.write_bytes(json.dumps(manifest, sort_keys=True, indent=1).encode())


def gone(folder: Path) -> None:
    shutil.rmtree(folder)


def without_manifest(folder: Path) -> None:
    (folder / bundle.MANIFEST).unlink()


class Trap:
    """Unpickling this fails the test."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("the model was unpickled",)


DAMAGE = (tampered, truncated, pickled, joined_by_a_pickle, of_other_features, gone, without_manifest)


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_version_is_refused_and_the_one_in_service_keeps_serving(
    first: Model, second: Model, tmp_path: Path, said: Said, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "second"
    shutil.copytree(second[0], folder)
    damage(folder)
    registry = registry_with(first, (folder, second[1]))
    made = Service(registry)
    before = made.predict(CUSTOMER)
    registry.point(MODEL, "champion", "2")
    with pytest.raises(TelecomError) as refused:
        made.slot.load()
    assert isinstance(refused.value, NotFound if damage is gone else ModelRejected)
    assert made.predict(CUSTOMER) == before
    assert made.ask("/readyz").json() == {"ready": True, "reason": "", "version": "1"}


def test_a_model_that_the_registry_did_not_record_is_refused(first: Model, second: Model) -> None:
    registry = registry_with(first, (second[0], "0" * 64))
    made = Service(registry)
    registry.point(MODEL, "champion", "2")
    with pytest.raises(ModelRejected, match="registry expects"):
        made.slot.load()
    assert made.predict(CUSTOMER)[0]["model_version"] == "1"


def test_the_alias_moves_and_the_next_look_follows(first: Model, second: Model) -> None:
    registry = registry_with(first, second)
    made = Service(registry)
    old = made.predict(CUSTOMER)[0]
    registry.point(MODEL, "champion", "2")
    assert made.predict(CUSTOMER) == [old]
    made.slot.load()
    new = made.predict(CUSTOMER)[0]
    assert (old["model_version"], new["model_version"]) == ("1", "2")
    assert old["churn_probability"] != new["churn_probability"]
    assert made.metric(f'churn_model_info{{digest="{second[1]}",version="2"}}') == 1
    assert 'version="1"' not in made.ask("/metrics").text


def test_what_is_in_service_is_not_read_again(first: Model) -> None:
    registry = registry_with(first)
    made = Service(registry)
    predictor = made.slot.predictor
    registry.folders.clear()
    made.slot.load()
    assert made.slot.predictor is predictor


class Moody(Registry):
    """A registry that sometimes does not answer."""

    error: Exception | None = None

    def versions(self, name: str) -> Any:
        if self.error:
            raise self.error
        return super().versions(name)


class Counting(RegistrySource):
    """Counts how often the champion was asked for."""

    count = 0

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry, "champion")

    def wanted(self) -> Wanted:
        self.count += 1
        return super().wanted()


@pytest.fixture
def moody(first: Model, second: Model) -> Moody:
    known = registry_with(first, second)
    return Moody(known.known, known.folders)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_thread_looks_again_and_again_whatever_happens(moody: Moody, said: Said) -> None:
    failures: list[TelecomError] = []
    slot = ModelSlot(RegistrySource(moody, "champion"), lambda _: None, failures.append)
    slot.load()
    slot.follow(0.01)
    try:
        moody.error = DependencyUnavailable("The registry is away.")
        until(lambda: len(failures) >= 3)
        moody.error = RuntimeError("an error of ours")
        seen = len(failures)
        until(lambda: len(failures) > seen)
        moody.error = None
        moody.point(MODEL, "champion", "2")
        until(lambda: slot.predictor is not None and slot.predictor.version == "2")
        seen = len(failures)
        time.sleep(0.05)
        assert len(failures) == seen
    finally:
        slot.close()
    lines = said()
    assert sum("The registry is away." in line["message"] for line in lines) == 1, "not once per look"
    assert any("an error of ours" in line.get("exception", "") for line in lines)


def test_failures_are_counted(moody: Moody) -> None:
    made = Service(moody, reload_seconds=0.05)
    made.slot.follow(0.01)
    moody.error = DependencyUnavailable("The registry is away.")
    until(lambda: made.metric("churn_reload_failures_total") >= 2)
    made.slot.close()


@pytest.mark.parametrize(("version", "follows"), [("champion", True), ("challenger", True), ("2", False)])
def test_an_alias_is_followed_a_version_is_not(first: Model, second: Model, version: str, follows: bool) -> None:
    registry = registry_with(first, second)
    registry.point(MODEL, "challenger", "2")
    source = RegistrySource(registry, version)
    assert source.wanted().version == ("1" if version == "champion" else "2") and source.follows is follows


@pytest.fixture
def waiting(moody: Moody) -> Moody:
    """Nothing was promoted yet."""
    moody.known = [replace(known, aliases=()) for known in moody.known]
    return moody


def test_nothing_was_promoted_yet(waiting: Moody) -> None:
    with pytest.raises(NoVersionYet, match="no champion"):
        RegistrySource(waiting, "champion").wanted()


def test_the_first_champion_is_waited_for_and_that_is_no_failure(waiting: Moody, said: Said) -> None:
    failures: list[TelecomError] = []
    looks = Counting(waiting)
    slot = ModelSlot(looks, lambda _: None, failures.append)
    slot.start()
    assert slot.predictor is None
    slot.follow(0.01)
    try:
        until(lambda: looks.count >= 4)
        assert failures == []
        waiting.error = DependencyUnavailable("The registry is away.")
        until(lambda: len(failures) >= 2)
        waiting.error = None
        waiting.point(MODEL, "champion", "2")
        until(lambda: slot.predictor is not None)
    finally:
        slot.close()
    assert slot.predictor and slot.predictor.version == "2"
    told, away, served = said()
    assert told["severity"] == "WARNING" and "telecom promote" in told["message"]
    assert "The registry is away." in away["message"] and "Version 2" in served["message"]


def test_a_champion_that_is_gone_again_is_a_failure_and_the_one_in_service_goes_on(moody: Moody, said: Said) -> None:
    made = Service(moody)
    moody.known = [replace(known, aliases=()) for known in moody.known]
    made.slot.follow(0.01)
    until(lambda: made.metric("churn_reload_failures_total") >= 2)
    made.slot.close()
    assert made.predict(CUSTOMER)[0]["model_version"] == "1"
    assert sum("no champion" in line["message"] for line in said()) == 1


@pytest.mark.parametrize("version", ["champion", "1"])
def test_what_cannot_be_read_is_not_waited_for(moody: Moody, version: str) -> None:
    slot = ModelSlot(RegistrySource(moody, version), lambda _: None, lambda _: None)
    moody.error = DependencyUnavailable("The registry is away.")
    with pytest.raises(DependencyUnavailable):
        slot.start()
    moody.error = None
    moody.folders.clear()
    with pytest.raises(NotFound):
        slot.start()


def test_a_number_that_the_registry_does_not_have_is_not_waited_for(moody: Moody) -> None:
    with pytest.raises(NotFound, match="has no version 9"):
        ModelSlot(RegistrySource(moody, "9"), lambda _: None, lambda _: None).start()


class Bucket:
    """Objects of one bucket, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.read = folder, []

    def get(self, uri: str, folder: Path) -> Path:
        self.read.append(uri)
        path = self.folder / uri.rpartition("/")[2]
        if not path.exists():
            raise NotFound(f"There is no object {uri!r}.")
        return Path(shutil.copy(path, folder))


def storage_slot(uri: str, digest: str, bucket: Bucket) -> ModelSlot:
    objects: Any = lambda: bucket  # noqa: E731
    return ModelSlot(StorageSource(uri, digest, objects), lambda _: None, lambda _: None)


def test_a_model_from_cloud_storage_is_named_after_its_digest(first: Model) -> None:
    bucket = Bucket(first[0])
    slot = storage_slot("gs://vertex-copy/7/", "", bucket)
    slot.load()
    assert slot.predictor and slot.predictor.version == first[1][:12]
    assert bucket.read == [f"gs://vertex-copy/7/{name}" for name in ("manifest.json", "model.json", "reference.json")]
    slot.load()
    assert len(bucket.read) == 3, "it never changes"


def test_a_model_from_a_folder(first: Model) -> None:
    slot = storage_slot(str(first[0]), first[1], Bucket(first[0]))
    slot.load()
    assert slot.predictor and slot.predictor.digest == first[1]
    slot.follow(0.01)
    assert slot._thread is None


@pytest.mark.parametrize("damage", DAMAGE[:-1], ids=lambda damage: damage.__name__)
def test_a_damaged_model_from_cloud_storage_is_refused(
    first: Model, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(first[0], folder)
    damage(folder)
    slot = storage_slot("gs://b/m", first[1], Bucket(folder))
    if damage is joined_by_a_pickle:
        slot.load()
        assert slot.predictor, "what the manifest does not name is not even fetched"
        return
    with pytest.raises((ModelRejected, NotFound)):
        slot.load()
    assert slot.predictor is None


def test_the_digest_that_was_set_decides(first: Model) -> None:
    with pytest.raises(ModelRejected, match="expects"):
        storage_slot("gs://b/m", "0" * 64, Bucket(first[0])).load()


def test_a_place_that_cannot_be_read(first: Model) -> None:
    class Nowhere:
        def get(self, uri: str, folder: Path) -> Path:
            raise UsageError(f"The local backend cannot read {uri!r}.")

    slot = ModelSlot(StorageSource("gs://b/m", "", Nowhere), lambda _: None, lambda _: None)
    with pytest.raises(UsageError):
        slot.load()
