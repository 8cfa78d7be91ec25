"""Labelled customers, ready for the model. Reads telco_churn_features and the labels of telco_churn_clean."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops.src.modelling.encoding import Matrix, encode
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.slices import SLICE_COLUMNS
from mlops.src.modelling.trainer import Labelled, training_order
from mlops.src.utils_bigquery import load_query
from telecom.errors import NotFound, UsageError
from telecom.ports import Parameters, Warehouse

FOREVER = date(9999, 12, 31)
ALL = "g"
"""A hash of hexadecimal digits is always below this."""
PLENTY = 1_500
FEWEST = 30
"""Leavers, and stayers, that each split needs at least: below that no figure means anything."""


@dataclass(frozen=True)
class Part:
    """The customers of one split, in the order of their ids."""

    ids: tuple[str, ...]
    x: Matrix
    y: npt.NDArray[np.float64]
    monthly_charges: npt.NDArray[np.float64]
    columns: Mapping[str, npt.NDArray[Any]]
    table: pa.Table

    @property
    def labelled(self) -> Labelled:
        """What the trainer takes."""
        return Labelled(self.x, self.y, self.monthly_charges)


@dataclass(frozen=True)
class TrainingData:
    """Every labelled customer up to a date, by split, and the SHA-256 over all that a model could learn from."""

    train: Part
    validation: Part
    test: Part
    digest: str
    snapshots: tuple[date, ...]

    @property
    def rows(self) -> int:
        """Labelled customers."""
        return sum(len(part.ids) for part in (self.train, self.validation, self.test))

    @property
    def churn_rate(self) -> float:
        """Share of them that left."""
        return float(np.concatenate([part.y for part in (self.train, self.validation, self.test)]).mean())


def selection(warehouse: Warehouse, up_to: date | None, most: int) -> Parameters:
    """Parameters of `training_rows.sql` that choose about `most` labelled customers up to a date, or all if fewer.

    A customer is in or out by a hash of its id, so that the same data give the same customers.
    """
    until = up_to or FOREVER
    labelled = warehouse.query(load_query("labelled_customers"), {"up_to": until})["customers"][0].as_py()
    below = ALL if labelled <= most else f"{int(most / labelled * 16**8):08x}"
    return {"up_to": until, "below": below}


def load(warehouse: Warehouse, up_to: date | None = None, *, most: int) -> TrainingData:
    """Reads each customer's newest labelled snapshot up to a date; of more than `most` customers a fixed sample.

    Raises:
        NotFound: there are no labelled customers.
        UsageError: a split has fewer than `FEWEST` leavers or stayers.
    """
    table = warehouse.query(load_query("training_rows"), selection(warehouse, up_to, most))
    if not table.num_rows:
        until = f" up to {up_to}" if up_to else ""
        raise NotFound(
            f"There are no labelled customers{until}.",
            "Ingest a file with a Churn column (telecom ingest --csv FILE), then: telecom prepare",
        )
    table = table.take(training_order(table["customer_id"]))
    train, validation, test = (_part(table, split) for split in ("train", "validation", "test"))
    snapshots = tuple(sorted(table["snapshot_date"].unique().to_pylist()))
    return TrainingData(train, validation, test, _digest(train, validation, test), snapshots)


def _part(table: pa.Table, split: str) -> Part:
    rows = table.filter(pc.equal(table["split"], split))
    y = rows["churned"].cast(pa.int8()).to_numpy().astype(np.float64)
    leavers = int(y.sum())
    if min(leavers, len(y) - leavers) < FEWEST:
        raise UsageError(
            f"The {split} split has {leavers} customers who left and {len(y) - leavers} who stayed; "
            f"{FEWEST} of each are needed.",
            "Is the Churn column right? Otherwise ingest more labelled customers (about 1,500 are enough)."
            if table.num_rows >= PLENTY
            else "Ingest more labelled customers (about 1,500 are enough).",
        )
    return Part(
        ids=tuple(rows["customer_id"].to_pylist()),
        x=encode(rows, CHURN_FEATURES),
        y=y,
        monthly_charges=rows["monthly_charges"].to_numpy(),
        columns={name: np.asarray(rows[name].to_pylist()) for name in SLICE_COLUMNS},
        table=rows,
    )


def _digest(*parts: Part) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update("\n".join(part.ids).encode())
        for values in (part.x, part.y, part.monthly_charges):
            found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()
