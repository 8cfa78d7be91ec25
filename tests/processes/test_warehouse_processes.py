"""Real processes on one warehouse: killed at any moment, reading while others write, writing at once."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.errors import WarehouseBusy
from telecom.settings import Settings

TABLE = "telecom_monitoring.llm_feedback"
PROGRAM = """
    import sys, time
    from datetime import UTC, date, datetime
    from pathlib import Path
    import pyarrow as pa
    from telecom.bootstrap import Platform
    from telecom.ports import Write
    from telecom.settings import Settings
    from telecom.tables import contract

    TABLE = "telecom_monitoring.llm_feedback"
    warehouse = Platform(Settings(home=Path(sys.argv[1]))).warehouse

    def batch(comment, rows):
        row = dict(given_on=date(2026, 1, 1), trace_id="t", rating="up", comment=comment, given_by="x",
                   given_at=datetime(2026, 1, 1, tzinfo=UTC), batch="t")
        return pa.RecordBatch.from_pylist([row] * rows, schema=contract(TABLE).schema)

    def write(comment, rows):
        return warehouse.write(Write(TABLE, [batch(comment, rows)] * 4, {"batch": "t"}))
"""
WRITE_FOREVER = """
    print("ready", flush=True)
    for n in range(1_000_000):
        write(f"version {n}", 500)
        print(n, flush=True)
"""
WRITERS_TO_KILL = """
    import os, random, signal

    moments = random.Random(5)
    for _ in sys.stdin:
        reading, writing = os.pipe()
        writer = os.fork()
        if not writer:
            for n in range(1_000_000):
                write(f"version {n}", 500)
                os.write(writing, b".")
        os.close(writing)
        assert os.read(reading, 1) == b"."
        time.sleep(moments.random() * 0.15)
        os.kill(writer, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGKILL
        os.close(reading)
        print("killed", flush=True)
"""
"""For each line a new process that begins to write, and is killed; forked, since imports are most of its life."""
READ_OFTEN = """
    for _ in range(int(sys.argv[2])):
        found = warehouse.query(f"SELECT comment, COUNT(*) AS n FROM {TABLE} GROUP BY comment").to_pylist()
        assert len(found) == 1 and found[0]["n"] == 2000, found
"""


def start(home: Path, body: str, *arguments: str) -> "subprocess.Popen[str]":
    program = textwrap.dedent(PROGRAM) + textwrap.dedent(body)
    command = [sys.executable, "-c", program, str(home), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows_by_comment(home: Path) -> dict[str, int]:
    found = Platform(Settings(home=home)).warehouse.query(
        f"SELECT comment, COUNT(*) AS n FROM {TABLE} GROUP BY comment"
    )
    return {row["comment"]: row["n"] for row in found.to_pylist()}


def test_a_killed_writer_leaves_the_old_rows_or_the_new_ones(tmp_path: Path) -> None:
    killer = start(tmp_path, WRITERS_TO_KILL)
    assert killer.stdin and killer.stdout and killer.stderr
    for _ in range(8):
        killer.stdin.write("next\n")
        killer.stdin.flush()
        assert killer.stdout.readline() == "killed\n", killer.stderr.read()
        assert list(rows_by_comment(tmp_path).values()) == [2000]
    killer.communicate(timeout=60)
    survivor = start(tmp_path, "write('last', 500)")
    _, err = survivor.communicate(timeout=60)
    assert survivor.returncode == 0, err
    assert rows_by_comment(tmp_path) == {"last": 2000}
    assert not list((tmp_path / "warehouse" / ".staging").glob("*/")), "the dead writers' files are gone"
    assert len(list((tmp_path / "warehouse").glob("*/*/*.parquet"))) == 1


def test_readers_never_fail_and_never_see_half_of_a_write(tmp_path: Path) -> None:
    writer = start(tmp_path, WRITE_FOREVER)
    assert writer.stdout
    assert [writer.stdout.readline(), writer.stdout.readline()] == ["ready\n", "0\n"]
    readers = [start(tmp_path, READ_OFTEN, "40") for _ in range(2)]
    for reader in readers:
        _, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err
    assert writer.poll() is None, "the writer was not stopped by the readers"
    writer.kill()
    writer.communicate()


def test_two_writers_at_once_leave_one_set_of_rows(tmp_path: Path) -> None:
    writers = [start(tmp_path, f"for n in range(10): write('writer {w}', 500)") for w in range(2)]
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
    found = rows_by_comment(tmp_path)
    assert list(found.values()) == [2000]
    assert set(found) <= {"writer 0", "writer 1"}


def test_a_writer_that_waits_too_long_says_for_whom(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom pathlib import Path\nfrom telecom.adapters.local._files import exclusive\n"
            "with exclusive(Path(sys.argv[1]), 0, 'x'):\n    print('held', flush=True)\n    time.sleep(60)",
            str(tmp_path / "warehouse" / "write.lock"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    holder.stdout.readline()
    warehouse = Platform(Settings(home=tmp_path, lock_seconds=0.2)).warehouse
    from telecom.ports import Write

    with pytest.raises(WarehouseBusy, match=f"being written by process {holder.pid}; waited 0.2 s"):
        warehouse.write(Write(TABLE, [], {"batch": "t"}))
    holder.kill()
    holder.communicate()
    assert warehouse.write(Write(TABLE, [], {"batch": "t"})) == (0,)
