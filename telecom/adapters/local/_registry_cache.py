"""What the registry holds, kept beside MLflow's database: importing MLflow takes seconds, reading this does not.

It is valid for one state of the database, told by SQLite's file change counter (https://www.sqlite.org/fileformat.html,
1.3.7): whoever writes to the database, the MLflow UI too, makes it stale, and the next reader asks MLflow again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from telecom.adapters.local._files import write_json
from telecom.ports import ModelVersion

_COUNTER = slice(24, 28)
_WRITE_VERSION = 18
_ROLLBACK_JOURNAL = 1


@dataclass(frozen=True)
class RegistryState:
    """The versions of one model, newest first, and those that were champion, newest first."""

    versions: tuple[ModelVersion, ...] = ()
    champions: tuple[str, ...] = ()


def change_counter(database: Path) -> int | None:
    """Number of the database's last change; None without a database, or where SQLite keeps none (WAL)."""
    try:
        with database.open("rb") as file:
            header = file.read(_COUNTER.stop)
    except FileNotFoundError:
        return None
    if len(header) < _COUNTER.stop or header[_WRITE_VERSION] != _ROLLBACK_JOURNAL:
        return None
    return int.from_bytes(header[_COUNTER], "big")


def read_cache(path: Path, counter: int | None, name: str) -> RegistryState | None:
    """The state of a model, if it was kept for this very state of the database."""
    try:
        kept: Any = json.loads(path.read_text("utf-8"))
        if counter is None or kept["counter"] != counter:
            return None
        return _state(kept["models"][name])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def cached_names(path: Path) -> tuple[str, ...]:
    """Models of which some state was kept, valid or not."""
    try:
        return tuple(json.loads(path.read_text("utf-8"))["models"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return ()


def write_cache(path: Path, counter: int | None, name: str, state: RegistryState) -> None:
    """Keeps a model's state; states of other models of the same database state stay."""
    if counter is None:
        return
    others: dict[str, Any] = {}
    try:
        kept = json.loads(path.read_text("utf-8"))
        others = kept["models"] if kept["counter"] == counter else {}
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        others = {}
    versions = [asdict(v) | {"created_at": v.created_at.isoformat()} for v in state.versions]
    write_json(path, {"counter": counter, "models": others | {name: asdict(state) | {"versions": versions}}})


def _state(kept: Mapping[str, Any]) -> RegistryState:
    versions = tuple(
        ModelVersion(**v | {"created_at": datetime.fromisoformat(v["created_at"]), "aliases": tuple(v["aliases"])})
        for v in kept["versions"]
    )
    return RegistryState(versions, tuple(kept["champions"]))
