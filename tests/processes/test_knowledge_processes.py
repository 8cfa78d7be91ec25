"""Real processes on one knowledge base: killed at any moment, searching while another writes, writing at once."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from datetime import date
from pathlib import Path

from telecom.adapters.local.retrieval import LocalRetriever
from telecom.ports import Reading
from telecom.settings import Settings

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
READ_FOR_A_WHILE = """
    end, reads, versions = time.monotonic() + float(sys.argv[2]), 0, set()
    while time.monotonic() < end:
        count, found = seen()
        assert count == 6 and len(found) == 1, (count, found)
        reads, versions = reads + 1, versions | found
    print(reads, len(versions))
"""


def start(home: Path, body: str, *arguments: str) -> "subprocess.Popen[str]":
    program = textwrap.dedent(PROGRAM) + textwrap.dedent(body)
    command = [sys.executable, "-c", program, str(home), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def seen(home: Path) -> tuple[int, set[str], set[str]]:
    """How many passages are found, of which versions, and what the ledger tells."""
    retriever = LocalRetriever(Settings(home=home))
    found = retriever.search("palavra comum", READING, 50)
    return len(found), {one.passage.section for one in found}, set(retriever.digests().values())


def test_a_killed_writer_leaves_the_old_passages_or_the_new_ones(tmp_path: Path) -> None:
    moments = random.Random(5)
    for _ in range(6):
        process = start(tmp_path, WRITE_FOREVER)
        assert process.stdout
        assert [process.stdout.readline(), process.stdout.readline()] == ["ready\n", "0\n"]
        time.sleep(moments.random() * 0.1)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        count, versions, ledger = seen(tmp_path)
        assert count == 6 and len(versions) == 1 and ledger == versions
    survivor = start(tmp_path, "write('last', 7)")
    _, err = survivor.communicate(timeout=60)
    assert survivor.returncode == 0, err
    assert seen(tmp_path) == (7, {"last"}, {"last"})


def test_a_writer_killed_at_its_very_first_change_leaves_nothing(tmp_path: Path) -> None:
    for pause in (0.0, 0.01, 0.03):
        process = start(tmp_path, 'print("ready", flush=True)\nwrite("first", 2000)\nprint("done", flush=True)')
        assert process.stdout
        process.stdout.readline()
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    survivor = start(tmp_path, "write('last', 7)")
    assert survivor.wait(60) == 0
    survivor.communicate()
    assert seen(tmp_path)[1] <= {"last", "first"}
    assert not [path for path in (tmp_path / "knowledge").iterdir() if path.name.startswith(".index")]


def test_searches_never_fail_and_never_see_half_of_a_change(tmp_path: Path) -> None:
    writer = start(tmp_path, WRITE_FOREVER)
    assert writer.stdout
    assert [writer.stdout.readline(), writer.stdout.readline()] == ["ready\n", "0\n"]
    readers = [start(tmp_path, READ_FOR_A_WHILE, "2") for _ in range(2)]
    for reader in readers:
        out, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err
        reads, versions = map(int, out.split())
        assert reads > 3 and versions > 1
    assert writer.poll() is None, "the writer was not stopped by the readers"
    writer.kill()
    writer.communicate()


def test_two_writers_at_once_leave_one_state(tmp_path: Path) -> None:
    writers = [start(tmp_path, f"for n in range(8): write('writer {w}')") for w in range(2)]
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
    count, versions, _ = seen(tmp_path)
    assert count == 6 and len(versions) == 1
