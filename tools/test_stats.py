"""Figures of the last `make coverage` as one row of telecom_monitoring.test_runs and as gauges `ci/…`.

`python -m tools.test_stats` reads `build/junit.xml` and `build/coverage.xml`; settings say which backend takes them.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, TelecomError
from telecom.ports import Events, Metrics, Sample
from telecom.settings import Settings
from tools.ci_summary import BUILD, Coverage, Outcomes, read_coverage, read_tests

TABLE = "telecom_monitoring.test_runs"
JOB = "ci"
TRIES, PAUSE_SECONDS = 5, 10.0
"""A service waits for a row no longer than a caller waits for an answer; a job has time."""


def row(tests: Outcomes, coverage: Coverage, environment: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The table's row; which run it was is said by the variables that GitHub sets."""
    run = [environment[name] for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT") if environment.get(name)]
    return {
        "ran_on": now.date(),
        "run": "-".join(run) or f"{now:%Y%m%dT%H%M%S}",
        "revision": environment.get("GITHUB_SHA") or "unknown",
        "branch": environment.get("GITHUB_REF_NAME") or "unknown",
        "tests": tests.tests,
        "passed": tests.passed,
        "failed": tests.failed,
        "skipped": tests.skipped,
        "seconds": tests.seconds,
        "line_coverage": coverage.lines,
        "branch_coverage": coverage.branches,
        "ran_at": now,
    }


def samples(tests: Outcomes, coverage: Coverage) -> tuple[Sample, ...]:
    """The gauges."""
    counts = {"passed": tests.passed, "failed": tests.failed, "skipped": tests.skipped}
    shares = {"lines": coverage.lines, "branches": coverage.branches}
    return (
        *(Sample("ci/tests", float(count), {"outcome": name}) for name, count in counts.items()),
        *(Sample("ci/coverage", share, {"of": name}) for name, share in shares.items()),
        Sample("ci/test_seconds", tests.seconds),
    )


def send(
    build: Path,
    events: Events,
    metrics: Metrics,
    environment: Mapping[str, str],
    now: datetime,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Reads the two reports, writes the row, publishes the gauges; five times each, if need be.

    A row whose answer was lost may be there twice: `run` is its key.

    Raises:
        NotFound: a report is missing; nothing was sent.
        DependencyUnavailable: the backend does not take it.
    """
    tests, coverage = read_tests(build / "junit.xml"), read_coverage(build / "coverage.xml")
    _patiently(lambda: events.add(TABLE, [row(tests, coverage, environment, now)]), sleep)
    events.flush()
    _patiently(lambda: metrics.publish(JOB, samples(tests, coverage)), sleep)


def _patiently(work: Callable[[], None], sleep: Callable[[float], None]) -> None:
    for left in reversed(range(TRIES)):
        try:
            work()
            return
        except DependencyUnavailable:
            if not left:
                raise
            sleep(PAUSE_SECONDS)


def main() -> None:
    """Sends; ends with the error's exit code."""
    platform = Platform(Settings())
    try:
        send(BUILD, platform.events, platform.metrics, os.environ, datetime.now(UTC))
    except TelecomError as error:
        sys.stderr.write(f"{error.message}\n" + (f"→ {error.remedy}\n" if error.remedy else ""))
        raise SystemExit(error.exit_code) from error
    sys.stdout.write(f"Sent: a row of {TABLE}, and gauges.\n")


if __name__ == "__main__":
    main()
