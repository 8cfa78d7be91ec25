"""The customers of a demo. Each demo takes the place of the one before; what people ingested themselves stays.

Reads and writes telco_churn_raw, its quarantine and what was derived from them; keeps markers in the lake.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops.src import world_loader
from mlops.src.batch_inference import SCORED
from mlops.src.data_ingestion import QUARANTINE, RAW
from mlops.src.data_prep_churn import CLEAN, FEATURES
from mlops.src.drift_monitoring import METRICS_TABLE
from telecom.ports import Objects, Warehouse, Write
from telecom.synthetic import customers as generator

MARKERS = "demo/churn"
GENERATED = "generated-customers"


@dataclass(frozen=True)
class DemoFile:
    """A file that a demo ingested."""

    snapshot_date: date
    digest: str

    @property
    def marker(self) -> str:
        """Its key in the lake."""
        return f"{MARKERS}/snapshot_date={self.snapshot_date.isoformat()}/{self.digest}"

    @classmethod
    def of(cls, key: str) -> "DemoFile":
        """The file that a marker stands for."""
        _, _, day, digest = key.split("/")
        return cls(date.fromisoformat(day.partition("=")[2]), digest)


def generate(folder: Path, customers: int, seed: int) -> Path:
    """A generated Telco CSV in `folder`; the same number and seed give the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{GENERATED}-{customers}-seed-{seed}.csv"
    generator.write_csv(path, customers, seed)
    return path


def remember(objects: Objects, file: DemoFile) -> None:
    """Marks a file as a demo's."""
    with TemporaryDirectory(prefix="telecom-demo-") as folder:
        empty = Path(folder) / "marker"
        empty.touch()
        objects.put(empty, file.marker)


def drop_earlier(warehouse: Warehouse, objects: Objects, keep: DemoFile) -> tuple[DemoFile, ...]:
    """Removes the rows of earlier demos' files, their snapshots' scores, and all of snapshots that held nothing else.

    Returns:
        The files that were dropped.
    """
    present = warehouse.query(f"SELECT DISTINCT snapshot_date, source_digest FROM {RAW}").to_pylist()
    held = {DemoFile(row["snapshot_date"], row["source_digest"]) for row in present}
    marked = {DemoFile.of(key) for key in objects.keys(MARKERS)}
    dropped = tuple(sorted((held & marked) - {keep}, key=lambda file: (file.snapshot_date, file.digest)))
    left = {file.snapshot_date for file in held - set(dropped)}
    writes = [
        Write(table, (), {"snapshot_date": file.snapshot_date, "source_digest": file.digest})
        for file in dropped
        for table in (RAW, QUARANTINE)
    ]
    days = {file.snapshot_date for file in dropped}
    writes += [Write(table, (), {"snapshot_date": day}) for day in sorted(days) for table in (SCORED, METRICS_TABLE)]
    writes += [
        Write(table, (), {"snapshot_date": day})
        for day in sorted(days - left)
        for table in (CLEAN, FEATURES, *world_loader.TABLES)
    ]
    if writes:
        warehouse.write(*writes)
    return dropped
