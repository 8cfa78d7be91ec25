"""Telco files for tests: valid records made from the contract, and a platform in memory to take them in quickly."""

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa

from mlops.src.data_ingestion import QUARANTINE, RAW, Ingested, run
from mlops.src.intake.header import file_columns
from telecom.ports import Parameters, Write
from telecom.progress import Silent
from telecom.tables import contract

COLUMNS = file_columns(contract(RAW))
NAMES = tuple(column.name for column in COLUMNS)
DAY = date(2026, 1, 31)
NOW = datetime(2026, 2, 1, 6, 30, tzinfo=UTC)
NUMBERS = {"tenure": "12", "MonthlyCharges": "29.85", "TotalCharges": "358.2"}
Record = dict[str, str]


def record(number: int, **changes: str) -> Record:
    """A valid record; customers differ by number, and vocabularies are walked through."""
    chosen = {c.name: c.values[number % len(c.values)] for c in COLUMNS if c.values}
    fields = {"customerID": f"{number:04d}-ABCDE", **chosen, **NUMBERS, **changes}
    return {name: fields[name] for name in NAMES}


def records(count: int, **changes: str) -> list[Record]:
    """Valid records, numbered from 1, all with the same changes."""
    return [record(number, **changes) for number in range(1, count + 1)]


def telco_csv(
    rows: Sequence[Record],
    names: Sequence[str] = NAMES,
    newline: str = "\n",
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL,
) -> bytes:
    """The rows as a file with these columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=newline, quoting=quoting)
    writer.writerow(names)
    writer.writerows([row[name] for name in names] for row in rows)
    return text.getvalue().encode()


@dataclass
class MemoryPlatform:
    """Warehouse and lake of one test: what a write brings is kept, queries find nothing, nobody was erased."""

    rows: dict[str, list[dict[str, object]]] = field(default_factory=lambda: {RAW: [], QUARANTINE: []})
    lake: dict[str, bytes] = field(default_factory=dict)

    def stream(
        self, sql: str, parameters: Parameters | None = None, batch_rows: int = 1, seconds: float | None = None
    ) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        if "erasures" in sql:
            return pa.table({"person": pa.array([], pa.string())})
        return pa.table({"reason": [""], "times": [0], "labelled": [0]})

    def write(self, *writes: Write) -> tuple[int, ...]:
        for write in writes:
            if not isinstance(write.source, str):
                for batch in write.source:
                    self.rows[write.table] += batch.to_pylist()
        return ()

    def put(self, source: Path, key: str) -> str:
        self.lake[key] = source.read_bytes()
        return f"memory://{key}"

    def get(self, uri: str, folder: Path) -> Path:
        return Path(shutil.copyfile(uri, folder / "received.csv"))

    def keys(self, prefix: str) -> tuple[str, ...]:
        return tuple(key for key in self.lake if key.startswith(prefix))


def take_in(data: bytes, folder: Path) -> tuple[Ingested, MemoryPlatform]:
    """Ingests a file with these bytes into a platform in memory."""
    path, platform = folder / "telco.csv", MemoryPlatform()
    path.write_bytes(data)
    return run(platform, platform, Silent(), csv=str(path), snapshot_date=DAY, now=NOW), platform


def fields_of(platform: MemoryPlatform) -> list[Record]:
    """The rows of the raw table as records; NULL is ''."""
    return [{name: str(row[name] or "") for name in NAMES} for row in platform.rows[RAW]]
