"""Real processes on one knowledge base: killed at any moment, searching while another writes, writing at once."""

import random
import signal
import textwrap
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from telecom.adapters.local.retrieval import LocalRetriever
from telecom.ports import Reading
from telecom.settings import Settings
from tests.processes.forked import Forked, Nursery

READING = Reading("agent", date(2026, 1, 1))
PROGRAM = """
    import sys, time
    from datetime import date
    from pathlib import Path
    from telecom.adapters.local.retrieval import LocalRetriever
    from telecom.ports import Passage, Reading
    from telecom.settings import Settings

    retriever = LocalRetriever(Settings(home=Path(sys.argv[1])))

    def write(version, documents=6):
        made = {f"d{n}": [Passage(f"{n}", f"d{n}", "t", version, None, f"palavra comum {n}")] for n in range(documents)}
        retriever.replace(made, digests={name: version for name in made})

    def seen():
        found = retriever.search("palavra comum", Reading("agent", date(2026, 1, 1)), 50)
        return len(found), {one.passage.section for one in found}
"""
WRITE_FOREVER = """
    print("ready", flush=True)
    for n in range(1_000_000):
        write(f"version {n}")
        print(n, flush=True)
"""
READ_OFTEN = """
    end, reads, versions = time.monotonic() + 30, 0, set()
    while (reads < int(sys.argv[2]) or len(versions) < 2) and time.monotonic() < end:
        count, found = seen()
        assert count == 6 and len(found) == 1, (count, found)
        reads, versions = reads + 1, versions | found
    print(reads, len(versions))
"""


@pytest.fixture
def start(stores: Nursery, tmp_path: Path) -> Callable[..., Forked]:
    """Starts a process on the home with this program."""

    def begin(body: str, *arguments: str) -> Forked:
        program = textwrap.dedent(PROGRAM) + textwrap.dedent(body)
        return stores.start(program, (str(tmp_path), *arguments))

    return begin


def seen(home: Path) -> tuple[int, set[str], set[str]]:
    """How many passages are found, of which versions, and what the ledger tells."""
    retriever = LocalRetriever(Settings(home=home))
    found = retriever.search("palavra comum", READING, 50)
    return len(found), {one.passage.section for one in found}, set(retriever.digests().values())


def test_a_killed_writer_leaves_the_old_passages_or_the_new_ones(start: Callable[..., Forked], tmp_path: Path) -> None:
    moments = random.Random(5)
    for _ in range(6):
        process = start(WRITE_FOREVER)
        assert [process.stdout.readline(), process.stdout.readline()] == ["ready\n", "0\n"]
        time.sleep(moments.random() * 0.1)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        count, versions, ledger = seen(tmp_path)
        assert count == 6 and len(versions) == 1 and ledger == versions
    survivor = start("write('last', 7)")
    _, err = survivor.communicate(timeout=60)
    assert survivor.returncode == 0, err
    assert seen(tmp_path) == (7, {"last"}, {"last"})


def test_a_writer_killed_at_its_very_first_change_leaves_nothing(start: Callable[..., Forked], tmp_path: Path) -> None:
    for pause in (0.0, 0.01, 0.03):
        process = start('print("ready", flush=True)\nwrite("first", 2000)\nprint("done", flush=True)')
        process.stdout.readline()
        time.sleep(pause)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    survivor = start("write('last', 7)")
    assert survivor.wait(60) == 0
    survivor.communicate()
    assert seen(tmp_path)[1] <= {"last", "first"}
    assert not [path for path in (tmp_path / "knowledge").iterdir() if path.name.startswith(".index")]


def test_searches_never_fail_and_never_see_half_of_a_change(start: Callable[..., Forked]) -> None:
    writer = start(WRITE_FOREVER)
    assert [writer.stdout.readline(), writer.stdout.readline()] == ["ready\n", "0\n"]
    readers = [start(READ_OFTEN, "100") for _ in range(2)]
    for reader in readers:
        out, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err
        reads, versions = map(int, out.split())
        assert reads >= 100 and versions > 1
    assert writer.poll() is None, "the writer was not stopped by the readers"
    writer.kill()
    writer.communicate()


def test_two_writers_at_once_leave_one_state(start: Callable[..., Forked], tmp_path: Path) -> None:
    writers = [start(f"for n in range(8): write('writer {w}')") for w in range(2)]
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
    count, versions, _ = seen(tmp_path)
    assert count == 6 and len(versions) == 1
