"""Takes a customer CSV in, whole or not at all.

Reads a CSV of the public Telco columns. Writes its bytes to the lake (`bronze/churn/…`), its records to
`telecom_bronze.telco_churn_raw`, and the few that break the contract to
`telecom_bronze.telco_churn_quarantine`. A file with more such records than the contract's `quarantine_share`
(so a file of fewer than 1 / share records with any) is refused; a copy of those records then lies in the lake under
`quarantine/churn/…` and the tables stay as they were. Records of people who were erased are dropped before anything is
judged or kept; they are counted as `erased`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from dataclasses import replace as replace_fields
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from mlops.src.intake.erased import REASON, without_erased
from mlops.src.intake.header import LABEL, file_columns, read_header
from mlops.src.intake.received import Received, receive
from mlops.src.intake.staging import Origin, Staged, complaint, quarantine_batch, stage
from telecom import erasures
from telecom.errors import InputRefused, UsageError
from telecom.ports import Documents, Objects, Scalar, Warehouse, Write
from telecom.progress import Progress
from telecom.tables import contract

RAW = "telecom_bronze.telco_churn_raw"
QUARANTINE = "telecom_bronze.telco_churn_quarantine"
_OF_FILE = "snapshot_date = @snapshot_date AND source_digest = @source_digest"


@dataclass(frozen=True)
class Ingested:
    """What became of a file: `read == accepted + refused`.

    `uri` is where its bytes lie; `labelled` whether any accepted record tells who left; `already_present`
    whether the same file was taken in before, so that its rows were not written again; `replaced` how many
    other files of the snapshot gave way; `quarantine` where refused records lie (table and WHERE); they are
    counted in `by_reason`.
    """

    snapshot_date: date
    source_digest: str
    uri: str
    read: int
    accepted: int
    refused: int
    labelled: bool
    already_present: bool
    replaced: int
    quarantine: str | None
    by_reason: Mapping[str, int]


@dataclass(frozen=True)
class _Counts:
    """Records of one file: taken, taken and labelled, refused by reason."""

    accepted: int
    labelled: int
    by_reason: Mapping[str, int]


def object_key(zone: str, snapshot_date: date, digest: str, name: str, suffix: str) -> str:
    """Where a file of a snapshot lies in the lake; of `name`, any path or URI, the safe part is kept."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", PurePosixPath(name).stem).strip("-")[:64] or "file"
    return f"{zone}/churn/snapshot_date={snapshot_date.isoformat()}/{digest[:16]}-{safe}{suffix}"


def run(
    warehouse: Warehouse,
    objects: Objects,
    progress: Progress,
    *,
    csv: str,
    snapshot_date: date,
    now: datetime,
    replace: bool = False,
    documents: Documents | None = None,
) -> Ingested:
    """Takes in one file of a snapshot; the same file again changes nothing.

    Args:
        warehouse: receives the records.
        objects: gives the file and keeps its bytes.
        progress: is told how far the work is.
        csv: path or URI of the file.
        snapshot_date: day of the extract.
        now: the time of ingestion, with its time zone.
        replace: this file becomes the only one of the snapshot; otherwise files accumulate.
        documents: has the key that recognises people who were erased; needed once there are any.

    Raises:
        InputRefused: the file cannot be taken; nothing was written to the tables.
        NotFound: there is no such file.
    """
    if now.tzinfo is None:
        raise UsageError(f"now = {now.isoformat()} has no time zone.", "Pass an aware datetime, in UTC.")
    with TemporaryDirectory(prefix="telecom-ingest-") as temporary:
        folder, inbox = Path(temporary), Path(temporary, "inbox")
        inbox.mkdir()
        received = receive(csv, objects.get(csv, inbox), folder, progress)
        received, erased = without_erased(received, erasures.known(warehouse, documents), folder)
        origin = Origin(snapshot_date, received.digest, now.astimezone(UTC))
        others = _other_files(warehouse, origin) if replace else ()
        counts = _counts(warehouse, origin)
        present = counts.accepted > 0
        writes = [write for digest in others for write in _nothing(snapshot_date, digest)]
        if not present:
            staged = _judge(objects, received, origin, folder, progress)
            counts = _Counts(staged.accepted, staged.labelled, staged.by_reason)
            writes += _rows(staged, origin)
        uri = _keep(objects, received, snapshot_date)
        if writes:
            warehouse.write(*writes)
    counts = replace_fields(counts, by_reason={**counts.by_reason, **({REASON: erased} if erased else {})})
    return _ingested(origin, uri, counts, present, len(others))


def _judge(objects: Objects, received: Received, origin: Origin, folder: Path, progress: Progress) -> Staged:
    """The records of the file, unless it is refused."""
    rules = contract(RAW)
    names = read_header(received.name, received.header, file_columns(rules))
    staged = stage(received, names, rules, origin, folder, progress)
    if said := complaint(received.name, staged, rules.quarantine_share):
        where = _keep_refusals(objects, received, origin.snapshot_date, staged, folder)
        remedy = f"Correct them and send the file again; a copy of {len(staged.refusals):,} of them lies at {where}."
        raise InputRefused("too_many_bad_rows", said, remedy, read=staged.read, where=where)
    return staged


def _rows(staged: Staged, origin: Origin) -> tuple[Write, Write]:
    """The two writes that one file stands for."""
    refused = quarantine_batch(contract(QUARANTINE), origin, staged.refusals)
    return Write(RAW, staged.rows(), origin.scope), Write(QUARANTINE, [refused], origin.scope)


def _nothing(snapshot_date: date, digest: str) -> tuple[Write, Write]:
    """Zero rows in place of those of another file."""
    scope: dict[str, Scalar] = {"snapshot_date": snapshot_date, "source_digest": digest}
    return Write(RAW, (), scope), Write(QUARANTINE, (), scope)


def _keep(objects: Objects, received: Received, snapshot_date: date) -> str:
    """Puts the bytes into the lake, under the name that they first had there."""
    key = object_key("bronze", snapshot_date, received.digest, received.name, ".csv")
    known = objects.keys(key[: key.rindex("/") + 1] + received.digest[:16])
    return objects.put(received.path, known[0] if known else key)


def _keep_refusals(objects: Objects, received: Received, snapshot_date: date, staged: Staged, folder: Path) -> str:
    """Puts refused records into the lake, one JSON object per line; the key follows from the bytes."""
    path = folder / "refused.jsonl"
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        lines.writelines(json.dumps(asdict(refusal), ensure_ascii=False) + "\n" for refusal in staged.refusals)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    key = object_key("quarantine", snapshot_date, received.digest, received.name, f"-{digest[:8]}.jsonl")
    return objects.put(path, key)


def _counts(warehouse: Warehouse, origin: Origin) -> _Counts:
    """What the tables hold of the file already."""
    rows = warehouse.query(
        f"SELECT '' AS reason, COUNT(*) AS times, COUNT({LABEL}) AS labelled FROM {RAW} WHERE {_OF_FILE} "
        f"UNION ALL SELECT reason, COUNT(*), 0 FROM {QUARANTINE} WHERE {_OF_FILE} GROUP BY reason",
        origin.scope,
    ).to_pylist()
    times = {row["reason"]: row["times"] for row in rows}
    return _Counts(times.pop(""), sum(row["labelled"] for row in rows), times)


def _other_files(warehouse: Warehouse, origin: Origin) -> tuple[str, ...]:
    """Digests of the snapshot's other files."""
    rows = warehouse.query(
        f"SELECT DISTINCT source_digest FROM {RAW} WHERE snapshot_date = @snapshot_date "
        "AND source_digest != @source_digest ORDER BY source_digest",
        origin.scope,
    )
    return tuple(rows["source_digest"].to_pylist())


def _ingested(origin: Origin, uri: str, counts: _Counts, present: bool, replaced: int) -> Ingested:
    refused = sum(counts.by_reason.values())
    where = f"snapshot_date = '{origin.snapshot_date}' AND source_digest = '{origin.source_digest}'"
    return Ingested(
        snapshot_date=origin.snapshot_date,
        source_digest=origin.source_digest,
        uri=uri,
        read=counts.accepted + refused,
        accepted=counts.accepted,
        refused=refused,
        labelled=counts.labelled > 0,
        already_present=present,
        replaced=replaced,
        quarantine=f"{QUARANTINE} WHERE {where}" if refused > counts.by_reason.get(REASON, 0) else None,
        by_reason=dict(sorted(counts.by_reason.items())),
    )
