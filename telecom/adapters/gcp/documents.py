"""Small shared documents in Cloud Storage: one object each, replaced only as the generation that was read."""

import copy
import re
from collections.abc import Callable
from typing import Any

from telecom.adapters.gcp._buckets import bucket_of, change_json, read_json
from telecom.adapters.gcp._errors import vendor_errors
from telecom.errors import UsageError
from telecom.settings import Settings

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class CloudStorageDocuments:
    """Implements `telecom.ports.Documents` as `gs://<prefix>-models/documents/<name>.json`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self, name: str) -> Any:
        """The document, or None.

        Raises:
            UsageError: no document can have that name.
            DependencyUnavailable: Cloud Storage does not answer, or does not let us in.
        """
        place = _object(name)
        with vendor_errors(f"Reading the document {name}"):
            return read_json(bucket_of(self._settings, "models"), place, None)

    def change(self, name: str, change: Callable[[Any], Any]) -> Any:
        """Replaces the document by `change` of it, again and again while others are quicker.

        Raises:
            DependencyUnavailable: others changed it at every attempt.
        """
        place, written = _object(name), list[Any]()

        def changed(stored: Any) -> Any:
            written[:] = [change(copy.deepcopy(stored))]
            return written[0]

        with vendor_errors(f"Changing the document {name}"):
            change_json(bucket_of(self._settings, "models"), place, None, changed)
        return written[0]


def _object(name: str) -> str:
    if not NAME.fullmatch(name):
        raise UsageError(f"No document can be named {name!r}.", "Use lower case, digits, '_' and '-'.")
    return f"documents/{name}.json"
