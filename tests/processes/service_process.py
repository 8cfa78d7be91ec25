"""A service of ours as a process of its own, with a client: real HTTP and real signals."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx

from telecom.adapters.local.identity import LocalIdentity
from telecom.settings import Settings
from tests.processes.forked import TELECOM, Forked, Nursery

LISTENING = re.compile(r"running on (http://[\d.]+:\d+)")
OURS = ("TELECOM_", "AIP_")
SECONDS = 90.0
P = TypeVar("P", bound="ServiceProcess")


class ServiceProcess:
    """A running service.

    Args:
        home: its TELECOM_HOME; its log lies beside it.
        command: what to run. Of this process's environment it gets what is not a setting of ours.
        nursery: forks it; `command` is then what follows `telecom`, or a program to be run with what follows.
        environment: what it gets besides.
    """

    def __init__(self, home: Path, *command: str, nursery: Nursery | None = None, **environment: str) -> None:
        self.home, self.log = home, home.parent / f"log-{time.monotonic_ns()}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        with self.log.open("w") as stderr:
            given = kept | {"TELECOM_HOME": str(home)} | environment
            self.process: subprocess.Popen[bytes] | Forked
            if nursery:
                program, words = (TELECOM, command) if command[0] == "serve" else (command[0], command[1:])
                self.process = nursery.start(program, words, given, stderr)
            else:
                self.process = subprocess.Popen(command, env=given, stderr=stderr)
        self.url = str(self.until(lambda: self.alive() and LISTENING.search(self.log.read_text()))[1])
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=60)

    def alive(self) -> bool:
        """Whether it runs; fails the test with its log if not."""
        assert self.process.poll() is None, self.log.read_text()
        return True

    def bearer(self, name: str, audience: str, claims: Any = None) -> dict[str, str]:
        """The header of somebody's development token."""
        return {
            "Authorization": f"Bearer {LocalIdentity(Settings(home=self.home)).issue(name, audience, claims or {})}"
        }

    def until(self, found: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """What `found` returns once it is something."""
        deadline = time.monotonic() + seconds
        while not (value := found()):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return value

    def end(self) -> int:
        """Ends it in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.wait()
        self.client.close()


def starting(make: Callable[..., P]) -> Iterator[Callable[..., P]]:
    """The body of a fixture `start`: makes processes, and ends them after the test."""
    started: list[P] = []

    def begin(*arguments: str, **environment: str) -> P:
        started.append(make(*arguments, **environment))
        return started[-1]

    yield begin
    for made in started:
        made.kill()
