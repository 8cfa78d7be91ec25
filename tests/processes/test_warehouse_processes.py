"""Real processes on one warehouse: killed at any moment, reading while others write, writing at once."""

import random
import signal
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.errors import WarehouseBusy
from telecom.settings import Settings
from tests.processes.forked import Forked, Nursery

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
READ_OFTEN = """
    for _ in range(int(sys.argv[2])):
        found = warehouse.query(f"SELECT comment, COUNT(*) AS n FROM {TABLE} GROUP BY comment").to_pylist()
        assert len(found) == 1 and found[0]["n"] == 2000, found
"""


@pytest.fixture
def start(stores: Nursery, tmp_path: Path) -> Callable[..., Forked]:
    """Starts a process on the home with this program."""

    def begin(body: str, *arguments: str) -> Forked:
        program = textwrap.dedent(PROGRAM) + textwrap.dedent(body)
        return stores.start(program, (str(tmp_path), *arguments))

    return begin


def rows_by_comment(home: Path) -> dict[str, int]:
    found = Platform(Settings(home=home)).warehouse.query(
        f"SELECT comment, COUNT(*) AS n FROM {TABLE} GROUP BY comment"
    )
    return {row["comment"]: row["n"] for row in found.to_pylist()}


def test_a_killed_writer_leaves_the_old_rows_or_the_new_ones(start: Callable[..., Forked], tmp_path: Path) -> None:
    moments = random.Random(5)
    for _ in range(8):
        writer = start(WRITE_FOREVER)
        assert [writer.stdout.readline(), writer.stdout.readline()] == ["ready\n", "0\n"]
        time.sleep(moments.random() * 0.15)
        writer.kill()
        writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        assert list(rows_by_comment(tmp_path).values()) == [2000]
    survivor = start("write('last', 500)")
    _, err = survivor.communicate(timeout=60)
    assert survivor.returncode == 0, err
    assert rows_by_comment(tmp_path) == {"last": 2000}
    assert not list((tmp_path / "warehouse" / ".staging").glob("*/")), "the dead writers' files are gone"
    assert len(list((tmp_path / "warehouse").glob("*/*/*.parquet"))) == 1


def test_readers_never_fail_and_never_see_half_of_a_write(start: Callable[..., Forked]) -> None:
    writer = start(WRITE_FOREVER)
    assert [writer.stdout.readline(), writer.stdout.readline()] == ["ready\n", "0\n"]
    readers = [start(READ_OFTEN, "40") for _ in range(2)]
    for reader in readers:
        _, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err
    assert writer.poll() is None, "the writer was not stopped by the readers"
    writer.kill()
    writer.communicate()


def test_two_writers_at_once_leave_one_set_of_rows(start: Callable[..., Forked], tmp_path: Path) -> None:
    writers = [start(f"for n in range(10): write('writer {w}', 500)") for w in range(2)]
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
    found = rows_by_comment(tmp_path)
    assert list(found.values()) == [2000]
    assert set(found) <= {"writer 0", "writer 1"}


def test_a_writer_that_waits_too_long_says_for_whom(stores: Nursery, tmp_path: Path) -> None:
    holder = stores.start(
        "import sys, time\nfrom pathlib import Path\nfrom telecom.adapters.local._files import exclusive\n"
        "with exclusive(Path(sys.argv[1]), 0, 'x'):\n    print('held', flush=True)\n    time.sleep(60)",
        (str(tmp_path / "warehouse" / "write.lock"),),
    )
    holder.stdout.readline()
    warehouse = Platform(Settings(home=tmp_path, lock_seconds=0.2)).warehouse
    from telecom.ports import Write

    with pytest.raises(WarehouseBusy, match=f"being written by process {holder.pid}; waited 0.2 s"):
        warehouse.write(Write(TABLE, [], {"batch": "t"}))
    holder.kill()
    holder.communicate()
    assert warehouse.write(Write(TABLE, [], {"batch": "t"})) == (0,)
