"""Invented CPF numbers: right check digits, no repeated digit, one holder each."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from telecom.synthetic.identity import Bools, Ints, Streams

_BASES = 10**9
_REPEATED = 111_111_111


@dataclass
class Register:
    """The numbers given so far, so that batches of one set of customers share none; 8 bytes a customer."""

    taken: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def assign(self, streams: Streams) -> Ints:
        """One unused nine-digit base per customer, remembered.

        A customer's number depends on nobody else until two want the same, about once in 10⁹ pairs; then the
        earlier batch, or within a batch the smaller key, keeps it and the other takes its own next number.
        """
        bases = np.empty(len(streams), dtype=np.int64)
        waiting = np.argsort(streams.keys, kind="stable")
        attempt = 0
        while len(waiting):
            wanted = streams.at(waiting).below(f"cpf/{attempt}", _BASES)
            given = self._free(wanted)
            bases[waiting[given]] = wanted[given]
            self.taken = np.union1d(self.taken, wanted[given])
            waiting, attempt = waiting[~given], attempt + 1
        return bases

    def _free(self, wanted: Ints) -> Bools:
        first = np.zeros(len(wanted), dtype=np.bool_)
        first[np.unique(wanted, return_index=True)[1]] = True
        free: Bools = first & (wanted % _REPEATED != 0) & ~np.isin(wanted, self.taken)
        return free


def formatted(bases: Ints) -> pa.Array:
    """`000.000.000-00` for nine-digit bases, with both check digits (weights 10…2 and 11…2, modulo 11)."""
    digits = np.empty((len(bases), 11), dtype=np.int64)
    digits[:, :9] = (bases[:, None] // 10 ** np.arange(8, -1, -1)) % 10
    for place in (9, 10):
        rest = (digits[:, :place] @ np.arange(place + 1, 1, -1)) % 11
        digits[:, place] = np.where(rest < 2, 0, 11 - rest)
    signs = np.empty((len(bases), 14), dtype=np.uint8)
    signs[:, [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13]] = digits + ord("0")
    signs[:, [3, 7]] = ord(".")
    signs[:, 11] = ord("-")
    fixed = pa.Array.from_buffers(pa.binary(14), len(bases), [None, pa.py_buffer(signs)])
    return pc.cast(pc.cast(fixed, pa.binary()), pa.string())
