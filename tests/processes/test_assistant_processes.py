"""Real processes on one assistant.db: killed at any moment, adding and changing at once."""

import random
import signal
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.settings import Settings
from tests.processes.forked import Forked, Nursery

TABLE = "telecom_monitoring.llm_feedback"
PROGRAM = """
    import sys
    from datetime import UTC, date, datetime
    from pathlib import Path
    from telecom.adapters.local import events as module
    from telecom.bootstrap import Platform
    from telecom.ports import Record
    from telecom.settings import Settings

    module.EVERY_SECONDS = 0.01
    name = sys.argv[2]
    platform = Platform(Settings(home=Path(sys.argv[1])))

    def add(number):
        platform.events.add("telecom_monitoring.llm_feedback", [dict(
            given_on=date(2026, 1, 1), trace_id=f"{name}-{number}", rating="up", comment="x" * 200, given_by="x",
            given_at=datetime(2026, 1, 1, tzinfo=UTC))])

    def count():
        platform.records.change("count", "all", lambda found: Record("all", (found.value if found else 0) + 1))
"""
ADD_FOREVER = """
    for number in range(1_000_000):
        add(number)
        print(f"{name}-{number}", flush=True)
"""


@pytest.fixture
def start(stores: Nursery, tmp_path: Path) -> Callable[[str, str], Forked]:
    """Starts a process on the home with this name and program."""

    def begin(name: str, body: str) -> Forked:
        return stores.start(textwrap.dedent(PROGRAM) + textwrap.dedent(body), (str(tmp_path), name))

    return begin


def killed(process: Forked) -> list[str]:
    """Kills a process; the rest of the lines that it wrote."""
    process.kill()
    rest, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    return rest.split("\n")


def finished(*processes: Forked) -> None:
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err


def rows(home: Path) -> list[str]:
    found = Platform(Settings(home=home)).warehouse.query(f"SELECT trace_id FROM {TABLE} ORDER BY trace_id")
    return list(found["trace_id"].to_pylist())


def test_what_a_killed_process_added_is_written_by_the_next_each_row_once(
    start: Callable[[str, str], Forked], tmp_path: Path
) -> None:
    moments, promised = random.Random(7), set[str]()
    for life in range(4):
        process = start(f"life{life}", ADD_FOREVER)
        promised.add(process.stdout.readline().strip())
        time.sleep(moments.random() * 0.4)
        promised |= set(killed(process)[:-1])  # the last may be cut off
    finished(start("next", "platform.events.flush()"))
    found = rows(tmp_path)
    assert len(found) == len(set(found)), "each once"
    lost = promised - set(found)
    assert not lost, "none that was promised is lost"
    assert len(set(found) - promised) <= 4, "at most the one that each was at"


def test_processes_that_end_in_order_leave_nothing_to_be_written(
    start: Callable[[str, str], Forked], tmp_path: Path
) -> None:
    finished(*(start(f"p{number}", "for n in range(50): add(n)") for number in range(3)))
    assert rows(tmp_path) == sorted(f"p{number}-{n}" for number in range(3) for n in range(50))
    assert len(list((tmp_path / "warehouse").glob("*/llm_feedback/*.parquet"))) == 1, "one file, whoever wrote"


def test_no_change_of_several_processes_is_lost_though_one_is_killed(
    start: Callable[[str, str], Forked], tmp_path: Path
) -> None:
    doomed = start("doomed", "while True:\n    count()\n    print('x', flush=True)")
    others = [start(f"p{number}", "for _ in range(100): count()") for number in range(2)]
    doomed.stdout.readline()
    time.sleep(0.2)
    made = 1 + killed(doomed).count("x")
    finished(*others)
    found = Platform(Settings(home=tmp_path)).records.read("count", "all")
    assert found and found.value in (made + 200, made + 201), "its last change may have been made and not been told"
