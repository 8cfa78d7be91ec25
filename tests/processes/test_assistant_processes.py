"""Real processes on one assistant.db: killed at any moment, adding and changing at once."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from telecom.bootstrap import Platform
from telecom.settings import Settings

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


def start(home: Path, name: str, body: str) -> "subprocess.Popen[str]":
    program = textwrap.dedent(PROGRAM) + textwrap.dedent(body)
    command = [sys.executable, "-c", program, str(home), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(process: "subprocess.Popen[str]") -> list[str]:
    """Kills a process; the rest of the lines that it wrote."""
    os.kill(process.pid, signal.SIGKILL)
    assert process.stdout
    rest = process.stdout.read()  # what was read ahead is not in what communicate() gives
    process.communicate()
    return rest.split("\n")


def finished(*processes: "subprocess.Popen[str]") -> None:
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err


def rows(home: Path) -> list[str]:
    found = Platform(Settings(home=home)).warehouse.query(f"SELECT trace_id FROM {TABLE} ORDER BY trace_id")
    return list(found["trace_id"].to_pylist())


def test_what_a_killed_process_added_is_written_by_the_next_each_row_once(tmp_path: Path) -> None:
    moments, promised = random.Random(7), set[str]()
    for life in range(4):
        process = start(tmp_path, f"life{life}", ADD_FOREVER)
        assert process.stdout
        promised.add(process.stdout.readline().strip())
        time.sleep(moments.random() * 0.4)
        promised |= set(killed(process)[:-1])  # the last may be cut off
    finished(start(tmp_path, "next", "platform.events.flush()"))
    found = rows(tmp_path)
    assert len(found) == len(set(found)), "each once"
    lost = promised - set(found)
    assert not lost, "none that was promised is lost"
    assert len(set(found) - promised) <= 4, "at most the one that each was at"


def test_processes_that_end_in_order_leave_nothing_to_be_written(tmp_path: Path) -> None:
    finished(*(start(tmp_path, f"p{number}", "for n in range(50): add(n)") for number in range(3)))
    assert rows(tmp_path) == sorted(f"p{number}-{n}" for number in range(3) for n in range(50))
    assert len(list((tmp_path / "warehouse").glob("*/llm_feedback/*.parquet"))) == 1, "one file, whoever wrote"


def test_no_change_of_several_processes_is_lost_though_one_is_killed(tmp_path: Path) -> None:
    doomed = start(tmp_path, "doomed", "while True:\n    count()\n    print('x', flush=True)")
    others = [start(tmp_path, f"p{number}", "for _ in range(100): count()") for number in range(2)]
    assert doomed.stdout
    doomed.stdout.readline()
    time.sleep(0.2)
    made = 1 + killed(doomed).count("x")
    finished(*others)
    found = Platform(Settings(home=tmp_path)).records.read("count", "all")
    assert found and found.value in (made + 200, made + 201), "its last change may have been made and not been told"
