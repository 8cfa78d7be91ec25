"""Small shared documents on one machine: JSON files, each replaced in one step under a lock."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from telecom.adapters.local._files import exclusive, write_json
from telecom.errors import TelecomError, UsageError
from telecom.settings import Settings

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class LocalDocuments:
    """Implements `telecom.ports.Documents` as `<home>/<name>.json`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self, name: str) -> Any:
        """The document, or None.

        Raises:
            UsageError: no document can have that name.
            TelecomError: the file is not JSON.
        """
        path = self._path(name)
        try:
            return json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise TelecomError(f"{path} is not JSON: {error}.", "Mend it, or move it away.") from error

    def change(self, name: str, change: Callable[[Any], Any]) -> Any:
        """Replaces the document by `change` of it; whatever `change` raises leaves it as it was.

        Raises:
            WarehouseBusy: another process keeps it locked.
        """
        lock = self._settings.home / f".{name}.lock"
        path = self._path(name)
        with exclusive(lock, self._settings.lock_seconds, f"The document {name}"):
            stored = self.read(name)
            changed = change(copy.deepcopy(stored))
            if changed != stored:
                write_json(path, changed)
        return changed

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise UsageError(f"No document can be named {name!r}.", "Use lower case, digits, '_' and '-'.")
        return self._settings.home / f"{name}.json"
