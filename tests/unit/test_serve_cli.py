"""`telecom serve` where it cannot listen: a sentence at once, not the end of a server's log."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def served(home: Path, service: str, *more: str) -> "subprocess.CompletedProcess[str]":
    command = (sys.executable, "-m", "telecom", "serve", service, *more)
    return subprocess.run(
        command, env=os.environ | {"TELECOM_HOME": str(home)}, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("service", ["assistant", "churn", "dispatcher"])
def test_a_port_that_is_taken_is_said_at_once(service: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = served(tmp_path, service, "--port", str(port))
    assert done.returncode == 2
    assert f"port {port}: Address already in use" in done.stderr and "--port" in done.stderr
    assert len(done.stderr.splitlines()) < 5, done.stderr


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    done = served(tmp_path, "assistant", "--host", "192.0.2.1", "--port", "0")
    assert done.returncode == 2
    assert "Nothing can listen on 192.0.2.1" in done.stderr


def test_make_serve_says_it_before_it_makes_customers(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "tools" / "serve.sh"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(("bash", script, tmp_path, str(port)), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"make serve PORT={port + 1}" in done.stderr
