"""Generated customers in the public Telco schema: any number, in bounded memory, always the same for a seed.

The first k customers of a larger population are the population of k; a drift changes them, not who they are.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from telecom.errors import UsageError
from telecom.synthetic import drifts
from telecom.synthetic.columns import labels
from telecom.synthetic.identity import Bools, Floats, Ints, Streams, mix, of_range
from telecom.synthetic.mechanism import ChurnMechanism
from telecom.synthetic.population import NO_INTERNET, Population, draw

BATCH_ROWS = 65_536
MECHANISM = ChurnMechanism()

INTERNET = ("DSL", "Fiber optic", "No")
CONTRACT = ("Month-to-month", "One year", "Two year")
PAYMENT = ("Bank transfer (automatic)", "Credit card (automatic)", "Electronic check", "Mailed check")
SERVICES = (
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
)
_NO_YES = ("No", "Yes")

SCHEMA = pa.schema(
    [("customerID", pa.string()), ("gender", pa.string()), ("SeniorCitizen", pa.int64())]
    + [(name, pa.string()) for name in ("Partner", "Dependents")]
    + [("tenure", pa.int64())]
    + [(name, pa.string()) for name in ("PhoneService", "MultipleLines", "InternetService", *SERVICES)]
    + [(name, pa.string()) for name in ("Contract", "PaperlessBilling", "PaymentMethod")]
    + [("MonthlyCharges", pa.float64()), ("TotalCharges", pa.string()), ("Churn", pa.string())]
)
COLUMNS = tuple(SCHEMA.names)

_DIGITS = 10**4
_LETTERS = 26**5
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)


def generate(
    n: int, seed: int, drift: str = "none", *, batch_rows: int = BATCH_ROWS, with_churn: bool = True
) -> Iterator[pa.RecordBatch]:
    """The first `n` customers of the population `seed`, in batches of at most `batch_rows` rows.

    Batches follow `SCHEMA` (without `Churn` unless `with_churn`); TotalCharges is text, ' ' where blank.

    Raises:
        UsageError: `n` or `batch_rows` below 1, or an unknown drift; raised here, not at the first batch.
    """
    drifts.check(drift)
    if n < 1 or batch_rows < 1:
        raise UsageError(f"Cannot generate {n} customers in batches of {batch_rows}.", "Ask for at least one.")
    return _batches(n, seed, drift, batch_rows, with_churn)


def write_csv(path: Path, n: int, seed: int, drift: str = "none", *, with_churn: bool = True) -> int:
    """Write `n` customers as a CSV like the public one and return `n`.

    The file is written beside its place and renamed, so that a reader never sees half of it. Same arguments,
    same bytes.

    Raises:
        UsageError: as `generate`.
    """
    batches = generate(n, seed, drift, with_churn=with_churn)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as sink:
            _write(sink, batches)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return n


def churn_probabilities(n: int, seed: int, drift: str = "none") -> Floats:
    """The true probability of churn of each customer of `generate(n, seed, drift)`, in the same order."""
    drifts.check(drift)
    parts = []
    for start in range(0, n, BATCH_ROWS):
        streams = of_range(start, min(start + BATCH_ROWS, n), seed)
        parts.append(MECHANISM.probabilities(drifts.behave(drift, draw(streams), streams)))
    return np.concatenate(parts)


def customer_ids(start: int, stop: int, seed: int) -> pa.Array:
    """Identifiers 0000-AAAAA of the customers numbered `start` to `stop - 1`: all different, in no order.

    A Feistel network over Z(10⁴) × Z(26⁵) (Black and Rogaway, 2002) permutes the 118,813,760,000 identifiers.
    """
    number = np.arange(start, stop, dtype=np.int64)
    left, right = number % _DIGITS, number // _DIGITS
    for turn in range(3):
        left = (left + _scramble(right, f"{seed}/left/{turn}", _DIGITS)) % _DIGITS
        right = (right + _scramble(left, f"{seed}/right/{turn}", _LETTERS)) % _LETTERS
    signs = np.empty((len(number), 10), dtype=np.uint8)
    signs[:, :4] = (left[:, None] // 10 ** np.arange(3, -1, -1)) % 10 + ord("0")
    signs[:, 4] = ord("-")
    signs[:, 5:] = _ALPHABET[(right[:, None] // 26 ** np.arange(4, -1, -1)) % 26]
    fixed = pa.Array.from_buffers(pa.binary(10), len(number), [None, pa.py_buffer(signs)])
    return pc.cast(pc.cast(fixed, pa.binary()), pa.string())


def _scramble(half: Ints, salt: str, modulus: int) -> Ints:
    return (Streams(mix(half.astype(np.uint64))).bits(f"id/{salt}") % np.uint64(modulus)).astype(np.int64)


def _batches(n: int, seed: int, drift: str, batch_rows: int, with_churn: bool) -> Iterator[pa.RecordBatch]:
    for start in range(0, n, batch_rows):
        stop = min(start + batch_rows, n)
        streams = of_range(start, stop, seed)
        people = drifts.behave(drift, draw(streams), streams)
        left = streams.uniform("churn") < MECHANISM.probabilities(people)
        batch = _as_batch(customer_ids(start, stop, seed), drifts.record(drift, people, streams), left)
        yield batch if with_churn else batch.drop_columns(["Churn"])


def _as_batch(ids: pa.Array, p: Population, left: Bools) -> pa.RecordBatch:
    offline = p.internet == NO_INTERNET
    lines = np.where(p.phone, p.second_line, 2).astype(np.int64)
    total = pc.if_else(pa.array(p.total_blank), " ", pc.cast(pa.array(p.total / 100.0), pa.string()))
    columns = [
        ids,
        labels(("Male", "Female"), p.female),
        pa.array(p.senior.astype(np.int64)),
        labels(_NO_YES, p.partner),
        labels(_NO_YES, p.dependents),
        pa.array(p.tenure),
        labels(_NO_YES, p.phone),
        labels(("No", "Yes", "No phone service"), lines),
        labels(INTERNET, p.internet),
        *(labels((*_NO_YES, "No internet service"), np.where(offline, 2, has)) for has in p.services.T),
        labels(CONTRACT, p.contract),
        labels(_NO_YES, p.paperless),
        labels(PAYMENT, p.payment),
        pa.array(p.monthly / 100.0),
        total,
        labels(_NO_YES, left),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _write(sink: IO[bytes], batches: Iterator[pa.RecordBatch]) -> None:
    first = next(batches)
    sink.write((",".join(first.schema.names) + "\n").encode())
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    with csv.CSVWriter(sink, first.schema, write_options=options) as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)
