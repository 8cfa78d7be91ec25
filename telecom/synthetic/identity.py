"""Uniform random streams that belong to a customer, not to a batch: same seed and customer, same draws.

A stream is a hash of (seed, customer, salt). Nothing is drawn in sequence, so order, batch size and the other
customers do not matter.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_FNV_PRIME = np.uint64(0x100000001B3)
_UNIT = 2.0**-53


@dataclass(frozen=True)
class Streams:
    """Independent draws for `len(keys)` customers; every method returns one value per customer.

    Args:
        keys: one well-mixed 64-bit key per customer, from `of_range` or `of_ids`.
    """

    keys: Keys

    def __len__(self) -> int:
        return len(self.keys)

    def bits(self, salt: str) -> Keys:
        """64 random bits each."""
        return mix(self.keys + np.uint64(_constant(salt)))

    def uniform(self, salt: str) -> Floats:
        """Uniform in [0, 1)."""
        return (self.bits(salt) >> np.uint64(11)).astype(np.float64) * _UNIT

    def normal(self, salt: str) -> Floats:
        """Standard normal, by Box and Muller's transform (1958) of two uniforms."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(salt + "/radius")))
        return radius * np.cos(2.0 * np.pi * self.uniform(salt + "/angle"))

    def below(self, salt: str, high: npt.ArrayLike) -> Ints:
        """Whole number in [0, high); `high` is one number or one per customer, at least 1."""
        number: Ints = (self.uniform(salt) * np.asarray(high)).astype(np.int64)
        return number

    def pick(self, salt: str, weights: Sequence[float]) -> Ints:
        """Index of one of `weights`, with probability proportional to it."""
        edges = np.cumsum(weights)
        index: Ints = np.searchsorted(edges, self.uniform(salt) * edges[-1], side="right").astype(np.int64)
        return np.minimum(index, len(edges) - 1)

    def at(self, rows: Ints) -> "Streams":
        """The streams of some of the customers, repeated where `rows` repeats them."""
        return Streams(self.keys[rows])

    def child(self, numbers: npt.ArrayLike) -> "Streams":
        """Streams of a customer's n-th thing (invoice, ticket, line): keyed by customer and number."""
        # At least one-dimensional: numpy warns of the overflow that is meant when it multiplies mere scalars.
        return Streams(mix(self.keys ^ mix(np.atleast_1d(np.asarray(numbers)).astype(np.uint64))))


def choose(uniform: Floats, weights: Floats) -> Ints:
    """Index of one column of `weights` (rows, choices) per row, with probability proportional to it."""
    edges = np.cumsum(weights, axis=1)
    index: Ints = (uniform[:, None] * edges[:, -1:] >= edges[:, :-1]).sum(axis=1).astype(np.int64)
    return index


def of_range(start: int, stop: int, seed: int) -> Streams:
    """Streams of the customers numbered `start` to `stop - 1` of a generated population."""
    return Streams(mix(np.arange(start, stop, dtype=np.uint64) ^ np.uint64(_constant(f"population/{seed}"))))


def of_ids(ids: pa.Array, seed: int) -> Streams:
    """Streams of customers known by an identifier: a string column without NULLs."""
    return Streams(mix(hash_strings(ids) ^ np.uint64(_constant(f"world/{seed}"))))


def hash_strings(values: pa.Array) -> Keys:
    """64-bit FNV-1a of each string's UTF-8 bytes (Fowler, Noll and Vo), column by column over all rows."""
    padded = np.asarray(pc.cast(values, pa.binary()).to_pylist(), dtype=np.bytes_)
    width = padded.dtype.itemsize
    letters = padded.view(np.uint8).reshape(len(values), width).astype(np.uint64)
    state = np.full(len(values), 0xCBF29CE484222325, dtype=np.uint64)
    for letter in letters.T:
        # The padding must leave the state alone, or an id would hash by the longest id of its batch.
        state = np.where(letter == 0, state, (state ^ letter) * _FNV_PRIME)
    return state


def mix(values: Keys) -> Keys:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection of 64-bit words."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@lru_cache(maxsize=1024)
def _constant(salt: str) -> int:
    return int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=8).digest(), "little")
