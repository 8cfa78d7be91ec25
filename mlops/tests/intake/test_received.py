"""Bytes that are refused before parsing, each with its reason, and at what cost."""

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.src.intake.received import CHUNK, MAX_COLUMNS, MAX_LINE, Received, receive
from telecom.errors import InputRefused
from telecom.progress import Silent

GOOD = b"customerID,gender\n1,Male\n"


@pytest.fixture
def received(tmp_path: Path) -> Callable[[bytes], Received]:
    def call(data: bytes) -> Received:
        path = tmp_path / "in.csv"
        path.write_bytes(data)
        return receive("in.csv", path, tmp_path, Silent())

    return call


def refusal(received: Callable[[bytes], Received], data: bytes) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        received(data)
    assert (refused.value.read, refused.value.refused, refused.value.accepted) == (0, 0, 0)
    assert "'in.csv'" in refused.value.message and refused.value.remedy
    return refused.value


def test_what_is_known_of_a_good_file(received: Callable[[bytes], Received]) -> None:
    found = received(b"\xef\xbb\xbf\r\n \na,b\r\n1,2")
    assert (found.header, found.size, found.breaks, found.quoted) == ("a,b", 15, 5, False)
    assert found.path.read_bytes()[found.body :] == b"\r\n1,2"
    assert found.digest == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert not found.terminated and received(b"a\r").terminated and received(b'a\n"x"\n').quoted


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\t\n", b"\n" * (CHUNK + 5)])
def test_empty(received: Callable[[bytes], Received], data: bytes) -> None:
    assert refusal(received, data).reason == "empty_file"


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (GOOD.decode().encode("utf-16"), "wrong_encoding", "UTF-16"),
        (GOOD.decode().encode("utf-32"), "wrong_encoding", "UTF-32"),
        (GOOD.decode().encode("utf-16-be"), "nul_bytes", "byte 0"),
        (GOOD + "2,Não\n".encode("latin-1"), "wrong_encoding", "byte 28 is 0xe3"),
        (GOOD + "2,é".encode()[:-1], "wrong_encoding", "byte 27 is 0xc3"),
        (GOOD + b"\xed\xa0\x80", "wrong_encoding", "byte 25"),
        (GOOD + b"2,Ma\0le\n", "nul_bytes", "byte 29"),
        (gzip.compress(GOOD, mtime=0), "not_csv", "gzip"),
        (b"PK\x03\x04" + GOOD, "not_csv", "Excel"),
        (b"PAR1" + GOOD, "not_csv", "Parquet"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html>", "not_csv", "HTML"),
        (b'{"a": 1}', "not_csv", "JSON"),
    ],
)
def test_what_is_not_utf8_csv(received: Callable[[bytes], Received], data: bytes, reason: str, said: str) -> None:
    error = refusal(received, data)
    assert error.reason == reason and said in error.message


@pytest.mark.parametrize("at", [CHUNK - 1, CHUNK, CHUNK + 1])
def test_characters_may_lie_across_chunks(received: Callable[[bytes], Received], at: int) -> None:
    line = b"x" * 1_023 + b"\n"
    data = (line * (at // 1024 + 1))[: at - 1]
    assert received(data + "€é\n".encode()).size == at + 5
    error = refusal(received, data + b"\xe2\x82\n")
    assert error.reason == "wrong_encoding" and f"byte {at - 1} " in error.message


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("before", [0, 1, CHUNK - MAX_LINE - 20, CHUNK - MAX_LINE + 1, CHUNK - 10, 2 * CHUNK - 100])
def test_the_longest_line(received: Callable[[bytes], Received], before: int, newline: bytes) -> None:
    filler = (b"a" * 98 + newline) * (before // 90 + 1)
    head = b"h" + newline + filler[:before] + newline
    assert received(head + b"x" * MAX_LINE + newline + b"y").size
    assert received(head + b"x" * MAX_LINE).size
    error = refusal(received, head + b"x" * (MAX_LINE + 1) + newline)
    assert error.reason == "line_too_long" and f"byte {len(head)} " in error.message


def test_the_widest_header(received: Callable[[bytes], Received]) -> None:
    assert received(b",".join([b"a"] * MAX_COLUMNS) + b"\n1").header.count(",") == MAX_COLUMNS - 1
    for mark in (b",", b";"):
        assert refusal(received, mark.join([b"a"] * (MAX_COLUMNS + 1))).reason == "too_many_columns"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refused:
        receive("gone.csv", tmp_path / "gone.csv", tmp_path, Silent())
    assert refused.value.reason == "unreadable_file"


HOSTILE = """
import resource, sys
from pathlib import Path
from telecom.bootstrap import Platform
from telecom.errors import InputRefused
from telecom.settings import Settings
from mlops.src.data_ingestion import run
from mlops.tests.intake.telco_files import DAY, NOW
home, limit, *files = sys.argv[1:]
platform = Platform(Settings(home=Path(home)))
platform.warehouse, platform.objects
resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
for file in files:
    try:
        run(platform.warehouse, platform.objects, platform.progress, csv=file, snapshot_date=DAY, now=NOW)
    except InputRefused as error:
        print(error.reason)
"""


def test_a_gigabyte_of_nonsense_needs_less_than_a_gigabyte_of_memory(tmp_path: Path) -> None:
    """Each file is two chunks of nonsense and then a hole: a gigabyte to whoever reads on."""
    nonsense = {
        "line.csv": (b"x" * CHUNK, "line_too_long"),
        "second_line.csv": (b"customerID,gender\n1," + b"y" * CHUNK, "line_too_long"),
        "header.csv": (b"customerID" + b",c" * 1_000_000, "too_many_columns"),
        "holes.csv": (b"\0" * CHUNK, "nul_bytes"),
    }
    for name, (start, _) in nonsense.items():
        with (tmp_path / name).open("wb") as stream:
            stream.write(start * 2)
            stream.truncate(1 << 30)
    paths = [str(tmp_path / name) for name in nonsense]
    command = [sys.executable, "-c", HOSTILE, str(tmp_path / "home"), str(1 << 30), *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    for path in paths:
        Path(path).unlink()
    assert done.stdout.split() == [reason for _, reason in nonsense.values()], done.stderr
