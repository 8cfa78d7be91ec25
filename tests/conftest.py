"""What is said at the end of a run, whichever process ran the tests."""

from typing import Any

NO_BROWSER = "no chromium on this machine"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One sentence where the pages were not tested, since a skipped test is easily overlooked."""
    skipped = sum(NO_BROWSER in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    if skipped:
        words = f"NOT TESTED: the web pages ({skipped} tests). There is {NO_BROWSER}: apt-get install chromium"
        terminalreporter.write_line(f"*** {words} ***", red=True, bold=True)
