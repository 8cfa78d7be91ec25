"""The process of a service: its log, its signals, its garbage, and a server that ends in order."""

import gc
import logging
import signal
import sys
from typing import Any

from telecom import logs
from telecom.serving.connections import server_of
from telecom.serving.limits import Turnstile

SWITCH_SECONDS = 0.0005
"""How long a busy thread keeps the interpreter; Python's 5 ms would be added to small requests."""


def prepare(project: str) -> None:
    """Sets up the log and the signals of this process, before its app is made."""
    logs.configure(project)
    # Python looks all of these up for every line, and ours tell none of them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    sys.setswitchinterval(SWITCH_SECONDS)
    # uvicorn ends in order, then repeats the signal; whoever called us must get to clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def run(app: Any, host: str, port: int, turnstile: Turnstile, *, drain: float, finish: float) -> None:
    """Serves until the process is told to end; then whoever still asks is answered, up to the bound.

    Port 0 takes a free one; the log says which.
    """
    # What was made until now lives as long as the process; looking through it again would stop everything for 50 ms.
    gc.freeze()
    gc.enable()
    try:
        server_of(app, host, port, turnstile, drain=drain, finish=finish).run()
    finally:
        # What stays frozen is never freed, which DuckDB's binding tells of in some 45 lines when the process ends.
        gc.unfreeze()
