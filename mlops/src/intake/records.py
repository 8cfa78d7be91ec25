"""From bytes to numbered records, block by block, as text and in file order."""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from mlops.src.intake.received import Received
from telecom.errors import InputRefused

BLOCK = 16 << 20
Ints = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class Malformed:
    """A record with too few or too many fields."""

    row: int
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Records with the right number of fields, and their numbers: 1 is the first record of the file."""

    rows: Ints
    fields: pa.RecordBatch
    malformed: tuple[Malformed, ...]


class Records:
    """The records of a received file; iterate once, to the end, then ask for the attributes.

    Behind the last byte a line is appended that cannot occur in the file, because it holds the file's own
    digest. Where it does not come back as a record of its own, a quote was left open.

    Attributes:
        read: records in the file, or those seen until reading stopped.
        stopped: reading ended early, at one malformed record more than may be kept.
        closed: no quote is open at the end.
        last_is_short: the last record has too few fields.

    Args:
        received: the checked file.
        names: the columns, in file order.
        keep: how many malformed records there may be before reading stops.
    """

    def __init__(self, received: Received, names: tuple[str, ...], keep: int) -> None:
        self.read, self.stopped, self.closed, self.last_is_short = 0, False, False, False
        self._received, self._names, self._keep = received, names, keep
        self._mark = f"end of {received.digest}"
        self._malformed: list[Malformed] = []
        self._skipped = array("q")
        self._blank = array("q")
        self._given = 0
        self._parsed = 0
        self._kept = 0
        self._last_skipped = 0

    def __iter__(self) -> Iterator[Block]:
        """Yields the blocks; the last one may hold malformed records only.

        Raises:
            InputRefused: broken_quotes, where a record does not end within a block.
        """
        with self._received.path.open("rb") as stream, self._refusing():
            stream.seek(self._received.body)
            for batch in self._batches(_Marked(stream, f"\n{self._mark}\n".encode())):
                self._parsed += batch.num_rows
                yield self._block(batch)
        if not self.closed:
            self.read = self._parsed + self._kept
        yield self._block(pa.RecordBatch.from_pylist([], _text_schema(self._names)))

    def _batches(self, stream: "_Marked") -> arrow_csv.CSVStreamingReader:
        return arrow_csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=self._names),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=self._received.quoted, invalid_row_handler=self._skip
            ),
            convert_options=arrow_csv.ConvertOptions(column_types=_text_schema(self._names), check_utf8=False),
        )

    def _skip(self, row: arrow_csv.InvalidRow) -> str:
        if row.text == self._mark:
            self.read, self.closed = row.number - 1 - len(self._blank), True
            self.last_is_short = self.last_is_short and self._last_skipped == self.read
            return "skip"
        self._skipped.append(row.number)
        if not row.text.strip(" \t"):
            self._blank.append(row.number)
            return "skip"
        number = row.number - len(self._blank)
        self._last_skipped, self.last_is_short = number, row.actual_columns < row.expected_columns
        self._malformed.append(Malformed(number, _split(row.text)))
        self._kept += 1
        self.stopped = self._kept > self._keep
        return "error" if self.stopped else "skip"

    def _block(self, batch: pa.RecordBatch) -> Block:
        malformed, self._malformed = tuple(self._malformed), []
        return Block(self._number(batch.num_rows), batch, malformed)

    def _number(self, count: int) -> Ints:
        """The next `count` record numbers that were not skipped; a line of blanks has none, though Arrow counts it."""
        skipped = np.array(self._skipped, np.int64)
        end = self._given + count
        while (reach := self._given + count + int(np.searchsorted(skipped, end, "right"))) > end:
            end = reach
        passed = int(np.searchsorted(skipped, end, "right"))
        numbers = np.setdiff1d(np.arange(self._given + 1, end + 1), skipped[:passed], assume_unique=True)
        self._skipped, self._given = self._skipped[passed:], end
        return numbers - np.searchsorted(np.array(self._blank, np.int64), numbers)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Arrow's complaint about a record without end, in our words; silence where we told it to stop."""
        try:
            yield
        except pa.ArrowInvalid as error:
            if self.stopped:
                return
            raise InputRefused(
                "broken_quotes",
                f"A record of {self._received.name!r} behind number {self._given} does not end: {error}.",
                "Find the quote that is opened there and never closed.",
                read=self._given,
            ) from error


class _Marked(io.RawIOBase):
    """A stream with a few bytes more at its end."""

    def __init__(self, stream: BinaryIO, mark: bytes) -> None:
        self._stream, self._rest = stream, mark

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if data := self._stream.read(size):
            return data
        data, self._rest = self._rest, b""
        return data


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items, each one made in another thread while the one before is being used."""
    waiting = iter(items)
    with ThreadPoolExecutor(1) as worker:
        following = worker.submit(next, waiting, None)
        while (item := following.result()) is not None:
            following = worker.submit(next, waiting, None)
            yield item


def _split(text: str) -> tuple[str, ...]:
    """The fields of one malformed record; the whole text where they cannot be told apart."""
    try:
        return tuple(next(csv.reader(io.StringIO(text, newline=""))))
    except csv.Error:
        return (text,)


def _text_schema(names: tuple[str, ...]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])
