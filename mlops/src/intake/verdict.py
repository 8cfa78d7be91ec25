"""What is said of a file once all its records were seen: taken, taken but for a few, or refused whole."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops.src.intake.received import Received
from mlops.src.intake.records import Block, Ints, Records
from mlops.src.intake.rules import REASONS, Codes, Screened, screen
from telecom.errors import InputRefused
from telecom.tables import Column

EXAMPLES = 3


@dataclass(frozen=True)
class Refusal:
    """A record that breaks the contract: why, in which column (empty: the record as a whole), and its fields."""

    row: int
    reason: str
    column: str
    value: str
    record: tuple[str, ...]


@dataclass(frozen=True)
class Good:
    """Records that keep the contract, in file order: their numbers, and their fields by column name."""

    rows: Ints
    fields: dict[str, pa.Array]


class Ledger:
    """Takes the blocks of one file in order, hands back the good records, remembers what speaks against it.

    Attributes:
        refusals: the refused records, the first `room` of them.
        by_reason: how many were refused, by reason; complete after `settle`.

    Args:
        received: the file.
        columns: the contract's columns that the file has, in the contract's order.
        names: the file's columns, in its order.
        identifier: the column that names the customer.
        room: how many refusals are kept; the others are only counted.
    """

    def __init__(
        self,
        received: Received,
        columns: Sequence[Column],
        names: tuple[str, ...],
        identifier: str,
        room: int,
    ) -> None:
        self.by_reason: Counter[str] = Counter()
        self.refusals: list[Refusal] = []
        self._received, self._columns, self._names, self._room = received, columns, names, room
        self._identifier = next(i for i, column in enumerate(columns) if column.name == identifier)
        self._ids: list[pa.Array] = []
        self._rows: list[Ints] = []
        self._parsed = 0
        self._last = (0, "")

    def take(self, block: Block) -> Good:
        """Judges one block."""
        screened = screen(self._columns, block.fields)
        self._remember(block, screened)
        self._count(screened.reason)
        self._keep(Refusal(m.row, REASONS[-1], "", str(len(m.fields)), m.fields) for m in block.malformed)
        self._keep(_refusals(block, screened, self._columns, self._room - len(self.refusals)))
        good = screened.reason == 0
        if good.all():
            return Good(block.rows, screened.fields)
        return Good(block.rows[good], {name: field.filter(pa.array(good)) for name, field in screened.fields.items()})

    def settle(self, records: Records) -> None:
        """Judges the file as a whole, except for the share of its refused records.

        Raises:
            InputRefused: truncated, broken_quotes, repeated_header, non_finite_number, header_only,
                duplicate_ids.
        """
        self.by_reason[REASONS[-1]] = records.read - self._parsed
        self.by_reason = +self.by_reason
        if not records.stopped:
            self._check_end(records)
        self._check_refusals(records.read)
        if not records.read:
            raise self._refused("header_only", "has a header and no records.", "Send the complete extract.", 0)
        self._check_duplicates(records.read)

    def _remember(self, block: Block, screened: Screened) -> None:
        """Numbers and names of all records that name a customer, refused or not, and how the last one ends."""
        if not len(block.rows):
            return
        self._parsed += len(block.rows)
        self._last = int(block.rows[-1]), block.fields.column(len(self._names) - 1)[-1].as_py()
        named = (screened.reason == 0) | (screened.column != self._identifier)
        ids = screened.fields[self._columns[self._identifier].name]
        self._ids.append(ids if named.all() else ids.filter(pa.array(named)))
        self._rows.append(block.rows[named])

    def _count(self, reasons: Codes) -> None:
        for code, times in enumerate(np.bincount(reasons, minlength=len(REASONS))[1:], start=1):
            self.by_reason[REASONS[code]] += int(times)

    def _keep(self, refusals: Iterable[Refusal]) -> None:
        for refusal in refusals:
            if len(self.refusals) < self._room:
                self.refusals.append(refusal)

    def _check_end(self, records: Records) -> None:
        remedy = "Send the complete file; let its last line end with a line break."
        if not records.closed:
            raise self._refused("truncated", "ends within quotes.", remedy, records.read)
        if records.last_is_short:
            what = f"ends within a record: number {records.read} has fewer than {len(self._names)} fields."
            raise self._refused("truncated", what, remedy, records.read)
        row, text = self._last
        if row == records.read and row and not self._received.terminated and not self._is_whole(text):
            what = f"may be cut: its last field, {text[:80]!r} in record {row}, could go on; no line break follows."
            raise self._refused("truncated", what, remedy, records.read)

    def _is_whole(self, text: str) -> bool:
        """Whether the very last field shows that nothing of it is missing: by its quotes or its vocabulary."""
        column = next(column for column in self._columns if column.name == self._names[-1])
        text = text.strip()
        longer = (value for value in column.values if value != text and value.startswith(text))
        return self._received.last_byte == b'"' or (text in column.values and not any(longer))

    def _check_refusals(self, read: int) -> None:
        """Refused records that make the whole file doubtful."""
        names = {column.name for column in self._columns}
        for refusal in self.refusals:
            if _swallowed(refusal):
                what = f"has a quote that is opened in record {refusal.row} and closed on a later line."
                raise self._refused("broken_quotes", what, "Mend the quotes of that line.", read)
            if len(refusal.record) > 1 and names.issuperset(field.strip() for field in refusal.record):
                what = f"repeats its header as record {refusal.row}; were several files put together?"
                raise self._refused("repeated_header", what, "Send one header, in the first line.", read)
        for refusal in self.refusals:
            if refusal.reason == "non_finite_number":
                what = f"holds {refusal.value[:80]!r} in {refusal.column} of record {refusal.row}: not a finite number."
                raise self._refused("non_finite_number", what, "Leave the field blank or send the number.", read)

    def _check_duplicates(self, read: int) -> None:
        ids = pa.chunked_array(self._ids, pa.string())
        if len(pc.unique(ids)) == len(ids):
            return
        rows = pa.chunked_array([pa.array(rows) for rows in self._rows], pa.int64())
        times = pa.table({"id": ids, "row": rows}).group_by("id").aggregate([("row", "count"), ("row", "min")])
        twice = times.filter(pc.greater(times["row_count"], 1)).sort_by("row_min")
        shown = "; ".join(
            f"{one!r} in records {rows.filter(pc.equal(ids, one)).slice(0, 4).to_pylist()}"
            for one in twice["id"].slice(0, EXAMPLES).to_pylist()
        )
        column = self._columns[self._identifier].name
        what = f"names {twice.num_rows:,} customers more than once in {column}: {shown}."
        raise self._refused("duplicate_ids", what, "Send one record per customer.", read)

    def _refused(self, reason: str, what: str, remedy: str, read: int) -> InputRefused:
        return InputRefused(reason, f"The file {self._received.name!r} {what}", remedy, read=read)


def _refusals(block: Block, screened: Screened, columns: Sequence[Column], room: int) -> Iterable[Refusal]:
    """The refused records of a block, the first `room` of them, with their fields as received."""
    bad = np.flatnonzero(screened.reason)[:room]
    for index, fields in zip(bad.tolist(), block.fields.take(pa.array(bad)).to_pylist(), strict=True):
        name = columns[screened.column[index]].name
        value = screened.fields[name][index].as_py()
        yield Refusal(int(block.rows[index]), REASONS[screened.reason[index]], name, value, tuple(fields.values()))


def _swallowed(refusal: Refusal) -> bool:
    """Whether quotes joined what were several records: a field spans a line end and a comma, or a record of several
    lines has the wrong number of fields.
    """
    spanning = [field for field in refusal.record if "\n" in field or "\r" in field]
    return any("," in field or not refusal.column for field in spanning)
