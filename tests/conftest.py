"""What holds for a whole run: what is said at its end, and what the garbage collector leaves alone."""

import atexit
import gc
import os
import signal
from collections.abc import Generator
from typing import Any

import pytest

NO_BROWSER = "no chromium on this machine"


# Around all others, so that it is the last thing that is read.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None]:
    """One sentence where the pages were not tested, since a skipped test is easily overlooked."""
    yield
    skipped = sum(NO_BROWSER in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    if skipped:
        words = f"NOT TESTED: the web pages ({skipped} tests). There is {NO_BROWSER}: apt-get install chromium"
        terminalreporter.write_line(f"\n*** {words} ***", red=True, bold=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """A million objects of modules and tests stay to the end: no collection of garbage looks through them again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C works, and the end is in order: who begins last ends first, so what is registered here comes last."""
    # Whoever is started in the background ignores it, and would pass that on to the processes under test.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Only a process of xdist's: its tests are told by then, and taking a million objects apart takes seconds. The
    # process that was called ends as usual; there libraries complain of what stays.
    if hasattr(config, "workerinput"):
        atexit.register(os._exit, 0)
    else:
        atexit.register(gc.unfreeze)
