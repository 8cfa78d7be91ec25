"""A service that answers before it has read, and one that does not answer."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mlops.src.release.address import asker
from telecom.errors import DependencyUnavailable

LONG = b" " * 20_000_000
REFUSED = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"


@contextmanager
def closing(answer: bytes) -> Iterator[str]:
    """The address of a server that reads a little, answers, and closes over the rest of the request."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def test_an_answer_that_came_before_the_pipe_broke_is_read() -> None:
    with closing(REFUSED) as url:
        found = asker(url)("/chat", LONG)
    assert (found.status, found.body) == (413, b"no")


@pytest.mark.parametrize("answer", [b"", b"?", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_no_answer_is_a_dependency_that_is_not_there(answer: bytes) -> None:
    with closing(answer) as url, pytest.raises(DependencyUnavailable, match="/chat does not answer"):
        asker(url)("/chat", LONG)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        asker(f"http://127.0.0.1:{port}")("/chat", b"x")
