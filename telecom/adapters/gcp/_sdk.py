"""The high-level Vertex AI SDK for one piece of work: it keeps everything in globals, prints, and waits for ever."""

import inspect
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from telecom.adapters.gcp._clients import init_aiplatform
from telecom.adapters.gcp._errors import DEADLINE
from telecom.settings import Settings

_SDK = "google.cloud.aiplatform"
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def aiplatform_sdk(settings: Settings, **more: Any) -> Iterator[Any]:
    """The module `google.cloud.aiplatform`, pointed at the settings' project; what it was pointed at before returns.

    One thread at a time has it, others wait: what it is pointed at is a global of the process.

    Args:
        settings: project and region.
        more: further arguments of its `init`.
    """
    from google.cloud import aiplatform
    from google.cloud.aiplatform import initializer
    from google.cloud.aiplatform.metadata import metadata

    with _ONE_AT_A_TIME:
        _hush()
        config = initializer.global_config
        kept = [(holder, dict(vars(holder))) for holder in (config, metadata._experiment_tracker)]
        build = config.create_client
        try:
            config.create_client = lambda *args, **named: _Timed(build(*args, **named))
            init_aiplatform(settings, **more)
            yield aiplatform
        finally:
            for holder, state in kept:
                vars(holder).clear()
                vars(holder).update(state)


class _Timed:
    """A client of the SDK whose calls end at our deadline; the SDK sets none."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        timed = callable(found) and "timeout" in inspect.signature(found).parameters
        return partial(found, timeout=DEADLINE) if timed else found


def _hush() -> None:
    """Takes the SDK's own handlers away: they print to stdout, where commands write their answers."""
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith(_SDK) and isinstance(logger, logging.Logger):
            logger.handlers.clear()
