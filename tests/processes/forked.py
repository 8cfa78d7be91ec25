"""Processes that are forked from one that has imported what they need, since imports are most of a short life.

They are processes like any: their own signals, exit codes, files and locks. What is imported must have no side effects,
which tests/honesty/test_imports.py holds true. `python -m tests.processes.forked SOCKET MODULE...` is the one.
"""

import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from telecom.absent import HEAVY, keep_out

MOST = 1 << 20
TELECOM = "from telecom.cli import main\nmain()"
"""The program that is the `telecom` command."""


class Nursery:
    """The process that forks; its children are its own, so it is asked to wait for them.

    Args:
        modules: what it imports before.
    """

    def __init__(self, *modules: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = (sys.executable, "-m", "tests.processes.forked", str(theirs.fileno()), *modules)
            self._process, self._socket = subprocess.Popen(command, pass_fds=[theirs.fileno()]), ours

    def start(
        self, program: str, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None, log: Any = None
    ) -> "Forked":
        """A process that runs a program with these arguments; with `log`, that file gets all that it writes."""
        given = {"program": program, "arguments": ["-c", *arguments], "environment": dict(environment or os.environ)}
        if log:
            return Forked(self, self.ask(given, (log.fileno(), log.fileno())), io.StringIO(), io.StringIO())
        reading, writing = os.pipe()
        err = tempfile.TemporaryFile("w+")  # noqa: SIM115
        pid = self.ask(given, (writing, err.fileno()))
        os.close(writing)
        return Forked(self, pid, os.fdopen(reading, encoding="utf-8"), err)

    def ask(self, question: Mapping[str, Any], files: Sequence[int] = ()) -> Any:
        """What it answers."""
        socket.send_fds(self._socket, [json.dumps(question).encode()], files)
        return json.loads(self._socket.recv(MOST))

    def end(self) -> None:
        """Ends it."""
        self._socket.close()
        self._process.wait(60)


class Forked:
    """A process, to be used like one of `subprocess`."""

    def __init__(self, nursery: Nursery, pid: int, out: TextIO, err: Any) -> None:
        self._nursery, self._err, self.pid = nursery, err, pid
        self.returncode: int | None = None
        self.stdout = out

    def poll(self) -> int | None:
        """Its exit code, once it has one."""
        if self.returncode is None:
            self.returncode = self._nursery.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """Its exit code; waits for it."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return code

    def communicate(self, timeout: float = 60.0) -> tuple[str, str]:
        """The rest of what it writes, and all that went to standard error, when it has ended."""
        out = self.stdout.read()
        self.wait(timeout)
        self.stdout.close()
        self._err.seek(0)
        said = self._err.read()
        self._err.close()
        return out, said

    def send_signal(self, number: int) -> None:
        """Sends it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills it."""
        self.send_signal(signal.SIGKILL)


def serve(asked: socket.socket) -> dict[str, Any] | None:
    """Forks for each program until nobody asks any more; in the child returns what it is to run."""
    while True:
        data, files, _, _ = socket.recv_fds(asked, MOST, 2)
        if not data:
            return None
        question = json.loads(data)
        if "ended" in question:
            pid, status = os.waitpid(question["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif not (answer := os.fork()):
            _streams(*files)
            return dict(question)
        for file in files:
            os.close(file)
        asked.send(json.dumps(answer).encode())


def _streams(out: int, err: int) -> None:
    """Makes these the standard streams; new ones, since the old know what kind of file they were on."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115
    os.dup2(sys.stdin.fileno(), 0)
    sys.stdout = os.fdopen(1, "w", closefd=False, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", closefd=False, encoding="utf-8", buffering=1, errors="backslashreplace")


def main() -> None:
    """Imports, serves, and in a child runs its program."""
    number, *modules = sys.argv[1:]
    keep_out(*HEAVY)  # as the `telecom` command does
    for module in modules:
        importlib.import_module(module)
    asked = socket.socket(fileno=int(number))
    given = serve(asked)
    asked.close()
    if given:
        os.environ.clear()
        os.environ.update(given["environment"])
        sys.argv = given["arguments"]
        exec(compile(given["program"], "<forked>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
