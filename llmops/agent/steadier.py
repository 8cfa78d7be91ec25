"""Ports that ask again: reads and searches change nothing, so that a passing failure may be tried twice more."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pyarrow as pa

from telecom.errors import DependencyUnavailable, MissingExtra
from telecom.ports import Found, Parameters, Passage, Reader, Reading, Retriever

PAUSES = (0.05, 0.2)
"""Seconds before the second and the third attempt; there is no fourth."""
T = TypeVar("T")


def steadily(work: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
    """What `work` returns; it is called again where something did not answer, at most twice.

    Raises:
        DependencyUnavailable: nor did it then.
    """
    for seconds in PAUSES:
        try:
            return work()
        except MissingExtra:
            raise
        except DependencyUnavailable:
            pause(seconds)
    return work()


class SteadyReader:
    """Implements `telecom.ports.Reader` over another."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As the other's."""
        return steadily(lambda: self._reader.query(sql, parameters))


class SteadyRetriever:
    """Implements `telecom.ports.Retriever` over another; only searches are repeated."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """As the other's."""
        return steadily(lambda: self._retriever.search(query, reading, k))

    def replace(
        self,
        passages: Mapping[str, Sequence[Passage]],
        gone: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        """As the other's, once."""
        self._retriever.replace(passages, gone, digests)

    def digests(self) -> Mapping[str, str]:
        """As the other's, once."""
        return self._retriever.digests()
