"""What holds for a whole run: what is said at its end, and what the garbage collector leaves alone."""

import gc
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


def pytest_unconfigure() -> None:
    """At the end of the process everything is garbage; libraries complain of what then stays."""
    gc.unfreeze()
