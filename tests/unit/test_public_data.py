"""The download of the public file, from a server of our own on loopback."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops.src.public_data import SHA256, URL, fetch
from telecom.errors import DependencyUnavailable, InputRefused

CONTENT = b"customerID,Churn\n1,No\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Files(BaseHTTPRequestHandler):
    requests = 0

    def do_GET(self) -> None:
        Files.requests += 1
        self.send_response(200 if self.path == "/ok" else 404)
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def test_the_file_is_fetched_once(server: str, tmp_path: Path) -> None:
    target = tmp_path / "data" / "telco.csv"
    Files.requests = 0
    assert fetch(target, f"{server}/ok", DIGEST).downloaded
    assert not fetch(target, f"{server}/ok", DIGEST).downloaded
    assert (target.read_bytes(), Files.requests) == (CONTENT, 1)


def test_another_digest_is_refused_and_nothing_is_kept(server: str, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="expected 000") as raised:
        fetch(tmp_path / "telco.csv", f"{server}/ok", "000")
    assert raised.value.reason == "wrong_digest"
    assert not list(tmp_path.iterdir())


def test_a_broken_file_is_fetched_again(server: str, tmp_path: Path) -> None:
    target = tmp_path / "telco.csv"
    target.write_bytes(CONTENT[:5])
    assert fetch(target, f"{server}/ok", DIGEST).downloaded
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("address", ["{server}/missing", "http://127.0.0.1:9"])
def test_an_unreachable_file_leaves_the_way_out(server: str, tmp_path: Path, address: str) -> None:
    with pytest.raises(DependencyUnavailable, match="make demo"):
        fetch(tmp_path / "telco.csv", address.format(server=server), DIGEST)


def test_the_address_is_the_published_one() -> None:
    assert URL.startswith("https://") and URL.endswith("/data/Telco-Customer-Churn.csv")
    assert SHA256 == "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"
