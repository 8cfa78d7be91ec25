"""The child process: answers in time, or is replaced."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops.rag import reading_child
from llmops.rag.blocks import REASONS, Heading, Paragraph, Parsed, Refused, Table
from llmops.rag.formats import parse
from llmops.rag.reading import Limits, Reader, reader
from llmops.tests.rag.papers import pdf
from telecom.errors import MissingExtra


@pytest.fixture
def child() -> Iterator[Reader]:
    with reader(Limits(seconds=20)) as made:
        yield made


def refusal(child: Reader, path: Path) -> str:
    with pytest.raises(Refused) as refused:
        child.parse(path, path.suffix)
    assert refused.value.reason in REASONS
    return refused.value.reason


def test_one_child_reads_file_after_file(child: Reader, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Título\n\ncafé\n", "utf-8")
    assert child.parse(tmp_path / "a.md", ".md").blocks == (Heading("Título", 1), Paragraph("café"))
    assert refusal(child, pdf(tmp_path / "b.pdf", [("p", "x")], password="y")) == "encrypted"
    assert child.parse(tmp_path / "a.md", ".md").title == "Título"


def test_what_takes_too_long_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# a\n\nb", "utf-8")
    os.mkfifo(tmp_path / "slow.md")
    with reader(Limits(seconds=5)) as child:
        child.parse(tmp_path / "a.md", ".md")
        child._limits = Limits(seconds=0.5)
        assert refusal(child, tmp_path / "slow.md") == "timed_out"
        child._limits = Limits(seconds=20)
        assert child.parse(tmp_path / "a.md", ".md").title == "a"


def test_a_child_that_dies_is_replaced(child: Reader, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# a\n\nb", "utf-8")
    os.mkfifo(tmp_path / "b.md")
    child.parse(tmp_path / "a.md", ".md")
    running = child._running()
    signal_child = os.fork()
    if signal_child == 0:
        import time

        time.sleep(0.3)
        os.kill(running.pid, signal.SIGKILL)
        os._exit(0)
    assert refusal(child, tmp_path / "b.md") == "parser_failed"
    os.waitpid(signal_child, 0)
    assert child.parse(tmp_path / "a.md", ".md").title == "a"


def test_a_parser_that_eats_memory_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a " * (100 << 20))
    with reader(Limits(seconds=30, megabytes=500)) as child:
        assert refusal(child, tmp_path / "a.txt") in ("parser_failed", "timed_out")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with reader(Limits()) as child:
        monkeypatch.setattr(Reader, "_ask", lambda *_: {"missing": "pdfplumber"})
        with pytest.raises(MissingExtra, match="pdfplumber"):
            child.parse(tmp_path / "a.pdf", ".pdf")


def test_the_child_answers_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, reason in (
        (Refused("empty"), "empty"),
        (MemoryError(), "parser_failed"),
        (RecursionError(), "damaged"),
        (PermissionError(13, "no"), "unreadable"),
        (ValueError("odd"), "parser_failed"),
    ):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(reading_child, "parse", fail)
        assert reading_child.answer("x", ".md")["refused"] == reason


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.md", b" \n\t ", "empty"),
        ("a.txt", b"%PDF-1.7 x", "mislabelled"),
        ("a.md", b"PK\x03\x04 x", "mislabelled"),
        ("a.html", b"\x89PNG\r\n", "mislabelled"),
        ("a.txt", b"<!doctype html><p>x", "mislabelled"),
        ("a.pdf", b"just text", "mislabelled"),
        ("a.docx", b"just text", "mislabelled"),
        ("a.md", b"# \n\n***\n", "no_text"),
        ("a.html", b"<html><body><script>x</script></body></html>", "no_text"),
    ],
)
def test_what_a_file_is_must_be_what_it_says(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refused) as refused:
        parse(tmp_path / name, Path(name).suffix)
    assert refused.value.reason == reason


def test_what_is_parsed_survives_json() -> None:
    parsed = Parsed(
        "t",
        (Heading("h", 1, 2), Paragraph("p"), Table(("a", "b"), (("1", "2"),), "c", 3)),
        {"audience": ["agent"]},
    )
    assert Parsed.from_json(parsed.to_json()) == parsed
