"""What every ModelRegistry promises."""

import shutil
from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.errors import NotFound
from telecom.ports import ModelRegistry
from tests.loopback.cloud import Cloud

pytestmark = pytest.mark.backends("local", "gcp")

NAME = "telco-churn"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64


@pytest.fixture
def registry(platform: Platform) -> ModelRegistry:
    settings = platform.settings.model_copy(update={"image": IMAGE})
    return Platform(settings).registry


def bundle(folder: Path, content: str) -> Path:
    path = folder / content
    path.mkdir(parents=True)
    (path / "manifest.json").write_text(content)
    return path


def register(registry: ModelRegistry, folder: Path, digest: str) -> str:
    return registry.register(NAME, bundle(folder, digest), digest * 8, {"auc": "0.85"}).version


def lose(request: pytest.FixtureRequest, platform: Platform, fetched: Path) -> None:
    """Every copy of a model's files is deleted."""
    shutil.rmtree(fetched)
    if platform.settings.backend == "gcp":
        cloud: Cloud = request.getfixturevalue("cloud")
        bucket = platform.settings.bucket("models")
        for uri in cloud.storage.objects():
            if uri.startswith(f"gs://{bucket}/{NAME}/{fetched.name}/"):
                cloud.storage.emulator.delete_file(bucket, uri.removeprefix(f"gs://{bucket}/"))


def test_an_unknown_model_has_no_versions(registry: ModelRegistry) -> None:
    assert registry.versions(NAME) == ()
    assert registry.champions(NAME) == ()
    with pytest.raises(NotFound, match="champion"):
        registry.fetch(NAME, "champion")


def test_a_version_is_kept_with_its_files_and_notes(registry: ModelRegistry, tmp_path: Path) -> None:
    version = register(registry, tmp_path, "aaaa")
    (known,) = registry.versions(NAME)
    assert (known.version, known.digest, known.notes) == (version, "aaaa" * 8, {"auc": "0.85"})
    assert (registry.fetch(NAME, version) / "manifest.json").read_text() == "aaaa"


def test_versions_are_listed_newest_first(registry: ModelRegistry, tmp_path: Path) -> None:
    registered = [register(registry, tmp_path, f"digest{n:02}") for n in range(11)]
    listed = registry.versions(NAME)
    assert [known.version for known in listed] == list(reversed(registered))
    assert all(known.created_at.utcoffset() is not None for known in listed)
    assert [known.created_at for known in listed] == sorted((known.created_at for known in listed), reverse=True)


def test_long_notes_in_any_script_come_back_whole(registry: ModelRegistry, tmp_path: Path) -> None:
    notes = {"why": "ligação à rede — “fibra” " * 200, "quote": "{\"a\": 'b'}"}
    registered = registry.register(NAME, bundle(tmp_path, "aaaa"), "aaaa" * 8, notes)
    assert registered.notes == notes
    assert registry.versions(NAME)[0].notes == notes


def test_the_same_digest_is_the_same_version(registry: ModelRegistry, tmp_path: Path) -> None:
    first = register(registry, tmp_path / "1", "aaaa")
    assert register(registry, tmp_path / "2", "aaaa") == first
    assert len(registry.versions(NAME)) == 1


def test_a_registered_model_keeps_the_files_that_it_came_with(registry: ModelRegistry, tmp_path: Path) -> None:
    version = register(registry, tmp_path, "aaaa")
    (later := bundle(tmp_path / "later", "aaaa")).joinpath("manifest.json").write_text("trained again, next day")
    assert registry.register(NAME, later, "aaaa" * 8, {}).version == version
    assert (registry.fetch(NAME, version) / "manifest.json").read_text() == "aaaa"


def test_aliases_move(registry: ModelRegistry, tmp_path: Path) -> None:
    one, two = (register(registry, tmp_path, digest) for digest in ("aaaa", "bbbb"))
    registry.point(NAME, "champion", one)
    registry.point(NAME, "challenger", two)
    assert {v.version: v.aliases for v in registry.versions(NAME)} == {
        one: ("champion",),
        two: ("challenger",),
    }
    registry.point(NAME, "champion", two)
    assert (registry.fetch(NAME, "champion") / "manifest.json").read_text() == "bbbb"
    assert {v.version: v.aliases for v in registry.versions(NAME)} == {one: (), two: ("challenger", "champion")}


def test_an_alias_needs_a_version(registry: ModelRegistry, tmp_path: Path) -> None:
    register(registry, tmp_path, "aaaa")
    with pytest.raises(NotFound, match="'99'"):
        registry.point(NAME, "champion", "99")


def test_champions_are_remembered_newest_first_ten_at_most(registry: ModelRegistry, tmp_path: Path) -> None:
    versions = [register(registry, tmp_path, f"digest{n:02}") for n in range(12)]
    for version in versions:
        registry.point(NAME, "champion", version)
    assert registry.champions(NAME) == tuple(reversed(versions))[:10]


def test_pointing_back_forgets_the_champions_after(registry: ModelRegistry, tmp_path: Path) -> None:
    one, two, three = (register(registry, tmp_path, d) for d in ("aaaa", "bbbb", "cccc"))
    for version in (one, two, three, two):
        registry.point(NAME, "champion", version)
    assert registry.champions(NAME) == (two, one)
    registry.point(NAME, "champion", three)
    assert registry.champions(NAME) == (three, two, one)


def test_pointing_at_the_champion_again_changes_nothing(registry: ModelRegistry, tmp_path: Path) -> None:
    one, two = (register(registry, tmp_path, digest) for digest in ("aaaa", "bbbb"))
    for version in (one, two, two):
        registry.point(NAME, "champion", version)
    assert registry.champions(NAME) == (two, one)


def test_lost_files_are_said_to_be_lost_and_come_back_with_the_model(
    registry: ModelRegistry, platform: Platform, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    version = register(registry, tmp_path, "aaaa")
    lose(request, platform, registry.fetch(NAME, version))
    with pytest.raises(NotFound, match="are gone"):
        registry.fetch(NAME, version)
    assert register(registry, tmp_path / "again", "aaaa") == version
    assert (registry.fetch(NAME, version) / "manifest.json").read_text() == "aaaa"
