"""The registry is read without MLflow where nothing changed, and never from an old state."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from telecom.adapters.local._mlflow import mlflow_client
from telecom.adapters.local._registry_cache import RegistryState, change_counter, read_cache, write_cache
from telecom.adapters.local.experiments import LocalExperiments
from telecom.adapters.local.registry import LocalRegistry
from telecom.errors import DependencyUnavailable
from telecom.ports import ModelVersion, Run
from telecom.settings import Settings

MADE = datetime(2026, 11, 20, 12, tzinfo=UTC)
STATE = RegistryState((ModelVersion("m", "1", "d" * 64, MADE, ("champion",), {"note": "ação"}),), ("1",))


def test_what_was_kept_is_read_back_for_that_state_of_the_database_only(tmp_path: Path) -> None:
    write_cache(tmp_path / "c.json", 7, "m", STATE)
    write_cache(tmp_path / "c.json", 7, "empty", RegistryState())
    assert read_cache(tmp_path / "c.json", 7, "m") == STATE
    assert read_cache(tmp_path / "c.json", 7, "empty") == RegistryState()
    assert read_cache(tmp_path / "c.json", 8, "m") is None
    assert read_cache(tmp_path / "c.json", None, "m") is None
    assert read_cache(tmp_path / "c.json", 7, "other") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"counter": 7}', '{"counter": 7, "models": {"m": {}}}'])
def test_a_broken_cache_is_no_cache(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text, "utf-8")
    assert read_cache(tmp_path / "c.json", 7, "m") is None
    write_cache(tmp_path / "c.json", 7, "m", STATE)
    assert read_cache(tmp_path / "c.json", 7, "m") == STATE


def test_no_database_or_one_in_wal_mode_has_no_counter(tmp_path: Path) -> None:
    assert change_counter(tmp_path / "none.db") is None
    (tmp_path / "wal.db").write_bytes(b"SQLite format 3\0\x10\0\x02\x02" + bytes(80))
    assert change_counter(tmp_path / "wal.db") is None


def test_a_database_that_is_just_being_made_holds_nothing_and_needs_no_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow.db").touch()
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    assert LocalRegistry(Settings(home=tmp_path), apart=True).versions("m") == ()


@pytest.mark.slow
def test_a_change_by_mlflow_itself_is_seen_and_a_second_reading_needs_no_mlflow(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    registry = LocalRegistry(settings)
    (tmp_path / "bundle").mkdir()
    registry.register("m", tmp_path / "bundle", "d" * 64, {})
    assert read_cache(settings.home / "registry.json", change_counter(settings.home / "mlflow.db"), "m") is not None
    LocalExperiments(settings).record(Run("e", "r", {}, {"auc": 0.5}, {}))
    assert read_cache(settings.home / "registry.json", change_counter(settings.home / "mlflow.db"), "m") is not None
    assert registry.versions("m")[0].aliases == ()
    with mlflow_client(settings) as client:
        client.set_registered_model_alias("m", "champion", "1")
    assert registry.versions("m")[0].aliases == ("champion",)
    code = (
        "import sys; from telecom.adapters.local.registry import LocalRegistry; from telecom.settings import Settings; "
        "found = LocalRegistry(Settings(home=sys.argv[1])).versions('m'); "
        "assert found[0].aliases == ('champion',), found; assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(settings.home)], check=True)


@pytest.mark.slow
def test_a_small_process_leaves_reading_to_another_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    registry = LocalRegistry(settings)
    (tmp_path / "bundle").mkdir()
    registry.register("m", tmp_path / "bundle", "d" * 64, {})
    with mlflow_client(settings) as client:
        client.set_registered_model_alias("m", "champion", "1")
    code = (
        "import sys; from telecom.adapters.local.registry import LocalRegistry; from telecom.settings import Settings; "
        "found = LocalRegistry(Settings(home=sys.argv[1]), apart=True).versions('m'); "
        "assert found[0].aliases == ('champion',), found; assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(settings.home)], check=True)
    with closing(sqlite3.connect(settings.home / "mlflow.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
    assert LocalRegistry(settings, apart=True).versions("m")[0].aliases == ("champion",), "nothing is kept in this mode"
    (settings.home / "registry.json").unlink()
    (settings.home / "mlflow.db").write_bytes(b"SQLite format 3\0\x10\0\x01\x01" + bytes(80))
    with pytest.raises(DependencyUnavailable, match="cannot be read"):
        LocalRegistry(settings, apart=True).versions("m")
