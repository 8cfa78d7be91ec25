"""The judged records of one file, held on local disk until everything is known and they may be written."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mlops.src.intake.header import LABEL, ORIGIN, file_columns
from mlops.src.intake.received import Received, stretch
from mlops.src.intake.records import Records, ahead
from mlops.src.intake.verdict import Good, Ledger, Refusal
from telecom.ports import Scalar
from telecom.progress import Progress
from telecom.tables import Contract

KEPT_REFUSALS = 10_000


@dataclass(frozen=True)
class Origin:
    """What every row of one file shares."""

    snapshot_date: date
    source_digest: str
    ingested_at: datetime

    @property
    def scope(self) -> dict[str, Scalar]:
        """The values that name the rows of the file."""
        return {"snapshot_date": self.snapshot_date, "source_digest": self.source_digest}


@dataclass(frozen=True)
class Staged:
    """A file's records, judged: `read` in all, `accepted` of them in `path`, the others in `refusals`.

    `refusals` are in file order, and complete unless there are more than the contract's share allows;
    `by_reason` counts all of them. `labelled` is how many accepted records tell who left; `stopped` tells that
    reading ended early, because too many records were malformed.
    """

    path: Path
    read: int
    accepted: int
    labelled: int
    refusals: tuple[Refusal, ...]
    by_reason: Mapping[str, int]
    stopped: bool

    def rows(self) -> Iterator[pa.RecordBatch]:
        """The accepted records, in file order, as rows of the raw table."""
        with pa.memory_map(str(self.path)) as stored, pa.ipc.open_file(stored) as batches:
            for index in range(batches.num_record_batches):
                yield batches.get_batch(index)


def stage(
    received: Received,
    names: tuple[str, ...],
    rules: Contract,
    origin: Origin,
    folder: Path,
    progress: Progress,
) -> Staged:
    """Reads and judges every record of a file.

    Raises:
        InputRefused: the file as a whole cannot be taken; see `Records` and `Ledger.settle`.
    """
    room = max(KEPT_REFUSALS, int(rules.quarantine_share * (received.breaks + 1)) + 1)
    columns = [column for column in file_columns(rules) if column.name in names]
    records = Records(received, names, room)
    ledger = Ledger(received, columns, names, identifier(rules), room)
    path, labelled, accepted = folder / "accepted.arrow", 0, 0
    reading = stretch(progress, "Reading the records", received.breaks)
    with reading, pa.OSFile(str(path), "wb") as target, _writer(target, rules) as writer:
        for block in ahead(records):
            batch = raw_batch(rules, origin, ledger.take(block))
            writer.write_batch(batch)
            accepted += batch.num_rows
            labelled += batch.num_rows - batch.column(LABEL).null_count
            progress.advance(len(block.rows) + len(block.malformed))
    ledger.settle(records)
    refusals = sorted(ledger.refusals, key=lambda refusal: refusal.row)
    return Staged(path, records.read, accepted, labelled, tuple(refusals), ledger.by_reason, records.stopped)


def complaint(name: str, staged: Staged, share: float) -> str:
    """The sentence about a file of which more than `share` (0..1) of the records are refused; "" for other files."""
    refused = sum(staged.by_reason.values())
    if refused / staged.read <= share:
        return ""
    first = {refusal.reason: refusal for refusal in reversed(staged.refusals)}
    counts = "; ".join(
        f"{reason} {times:,}{_example(first.get(reason))}" for reason, times in Counter(staged.by_reason).most_common()
    )
    return (
        f"{refused:,} of the {staged.read:,} records of {name!r} break the contract, "
        f"more than the {100 * share:g} % that may be set aside: {counts}."
        + (" Reading stopped there; the other records were not judged." if staged.stopped else "")
    )


def _example(refusal: Refusal | None) -> str:
    if refusal is None:
        return ""
    where = f"{refusal.column} = {refusal.value[:80]!r}" if refusal.column else f"{refusal.value} fields"
    return f" (first: record {refusal.row}, {where})"


def identifier(rules: Contract) -> str:
    """The column of a file that names the customer: the part of the key that ingestion does not add."""
    return next(name for name in rules.key if name not in ORIGIN)


def raw_batch(rules: Contract, origin: Origin, good: Good) -> pa.RecordBatch:
    """Good records as rows of the raw table; blanks in NULLABLE columns and absent columns become NULL."""
    count = len(good.rows)
    absent = pa.nulls(count, pa.string())
    columns = shared_columns(origin, count) | {"source_row": pa.array(good.rows)}
    for column in file_columns(rules):
        texts = good.fields.get(column.name, absent)
        nullable = column.mode == "NULLABLE"
        columns[column.name] = pc.if_else(pc.equal(texts, ""), None, texts) if nullable else texts
    return pa.RecordBatch.from_pydict(columns, schema=rules.schema)


def quarantine_batch(rules: Contract, origin: Origin, refusals: Sequence[Refusal]) -> pa.RecordBatch:
    """Refused records as rows of the quarantine table."""
    columns = shared_columns(origin, len(refusals)) | {
        "source_row": [refusal.row for refusal in refusals],
        "reason": [refusal.reason for refusal in refusals],
        "column_name": [refusal.column for refusal in refusals],
        "value": [refusal.value for refusal in refusals],
        "record": [json.dumps(refusal.record, ensure_ascii=False) for refusal in refusals],
    }
    return pa.RecordBatch.from_pydict(columns, schema=rules.schema)


def _writer(target: pa.NativeFile, rules: Contract) -> pa.RecordBatchFileWriter:
    return pa.ipc.new_file(target, rules.schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))


def shared_columns(origin: Origin, count: int) -> dict[str, pa.Array | list[object]]:
    """The columns that are the same in every row of a file, `count` times."""
    return {
        "snapshot_date": pa.repeat(pa.scalar(origin.snapshot_date, pa.date32()), count),
        "source_digest": pa.repeat(pa.scalar(origin.source_digest), count),
        "ingested_at": pa.repeat(pa.scalar(origin.ingested_at, pa.timestamp("us", tz="UTC")), count),
    }
