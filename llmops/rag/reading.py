"""Documents are parsed in a child process, each within its time; a child that fails is replaced."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmops.rag.blocks import Parsed, Refused
from telecom.errors import MissingExtra


@dataclass(frozen=True)
class Limits:
    """What one file may take: bytes on disk, seconds and megabytes of memory to parse."""

    bytes: int = 50 << 20
    seconds: float = 60.0
    megabytes: int = 2_048


@contextmanager
def reader(limits: Limits) -> Iterator["Reader"]:
    """A reader whose child process ends with the block."""
    made = Reader(limits)
    try:
        yield made
    finally:
        made.close()


class Reader:
    """Asks the child for one file after the other."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child: subprocess.Popen[str] | None = None

    def parse(self, path: Path, suffix: str) -> Parsed:
        """The document's blocks.

        Raises:
            Refused: the file cannot be parsed, or not within its limits.
            MissingExtra: the library for this format is not installed.
        """
        answer = self._ask({"path": str(path), "suffix": suffix})
        if "missing" in answer:
            raise MissingExtra(
                f"The package {answer['missing']!r} is not installed.",
                "Install it with: pip install 'telecom-ml-llmops[documents]'",
            )
        if "refused" in answer:
            raise Refused(answer["refused"], answer["detail"])
        return Parsed.from_json(answer["parsed"])

    def close(self) -> None:
        """Ends the child."""
        if self._child:
            child, self._child = self._child, None
            with child:
                child.kill()

    def _ask(self, question: dict[str, str]) -> dict[str, Any]:
        child = self._running()
        too_late = threading.Event()

        def give_up() -> None:
            too_late.set()
            child.kill()

        timer = threading.Timer(self._limits.seconds, give_up)
        timer.start()
        try:
            line = _exchange(child, json.dumps(question))
        finally:
            timer.cancel()
        if line.endswith("\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.close()
        if too_late.is_set():
            return {"refused": "timed_out", "detail": f"more than {self._limits.seconds:g} s"}
        return {"refused": "parser_failed", "detail": f"the process ended with {child.returncode}"}

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "llmops.rag.reading_child", str(self._limits.megabytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
        return self._child


def _exchange(child: subprocess.Popen[str], line: str) -> str:
    """The child's answer to a line; what is not ended by a line end comes from a child that died."""
    if child.stdin is None or child.stdout is None:
        return ""
    try:
        child.stdin.write(line + "\n")
        child.stdin.flush()
        return child.stdout.readline()
    except BrokenPipeError:
        return ""
