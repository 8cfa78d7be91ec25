"""What the steps need before they can be measured: customers, a champion, a prepared and a scored snapshot."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import Bench, Measured, Took, timed
from mlops.src import batch_inference, data_ingestion, data_prep_churn, evaluate_churn, train_churn
from mlops.src.config import ChurnConfig
from telecom.bootstrap import Platform
from telecom.progress import Silent
from telecom.settings import Settings
from telecom.synthetic.customers import write_csv

SNAPSHOT = date(2026, 11, 20)
TRAINED_ON = date(2026, 10, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TRAINING_CUSTOMERS = 7_000
SEED, TRAINING_SEED = 1, 7


def without_pandas() -> None:
    """Hides pandas from Arrow, which would import it: the product is installed without it."""
    import pyarrow.lib  # noqa: F401  (first: Arrow itself must load before the name is taken)

    sys.meta_path.insert(0, _NoPandas())


class _NoPandas:
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".")[0] == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def platform(bench: Bench) -> Platform:
    """The product as it comes, on this run's state."""
    return Platform(Settings(home=bench.platform))


def table_file(home: Path, table: str, snapshot: date = SNAPSHOT) -> Path:
    """The Parquet file that holds a table's snapshot."""
    (found,) = (home / "warehouse" / table.replace(".", "/")).glob(f"{snapshot.isoformat()}*.parquet")
    return found


def customers(bench: Bench) -> Measured:
    """The CSV of generated customers."""
    return _once(bench.csv, lambda: write_csv(bench.csv, bench.customers, SEED), bench)


def champion(bench: Bench) -> Measured:
    """A promoted model, trained on a small snapshot of other customers a month earlier."""

    def train() -> None:
        p, config = platform(bench), ChurnConfig()
        csv = bench.scratch("training.csv")
        write_csv(csv, TRAINING_CUSTOMERS, TRAINING_SEED)
        ingest(p, csv, TRAINED_ON)
        data_prep_churn.run(p.warehouse, Silent(), now=NOW, snapshot_date=TRAINED_ON)
        train_churn.run(p.warehouse, p.registry, p.experiments, Silent(), config, now=NOW)
        evaluate_churn.promote(p.warehouse, p.registry, p.metrics, Silent(), config, now=NOW)

    return _once(bench.home / ".champion", train, bench)


def ingested(bench: Bench) -> Measured:
    """The customers in the bronze table."""
    return _once(bench.home / ".ingested", lambda: ingest(platform(bench), bench.csv, SNAPSHOT), bench)


def prepared(bench: Bench) -> Measured:
    """The snapshot in silver and gold."""
    p = platform(bench)
    work = lambda: data_prep_churn.run(p.warehouse, Silent(), now=NOW, snapshot_date=SNAPSHOT)  # noqa: E731
    return _once(bench.home / ".prepared", work, bench)


def scored(bench: Bench) -> Measured:
    """The snapshot's scores, without reasons."""
    return _once(bench.home / ".scored", lambda: score(bench, with_reasons=False), bench)


def score(bench: Bench, *, with_reasons: bool) -> batch_inference.Scored:
    """The product's own batch scoring of the snapshot."""
    p = platform(bench)
    return batch_inference.run(
        p.warehouse, p.registry, Silent(), now=NOW, snapshot_date=SNAPSHOT, with_reasons=with_reasons
    )


def ingest(p: Platform, csv: Path, day: date) -> None:
    """A file into the bronze table of a day."""
    data_ingestion.run(p.warehouse, p.objects, Silent(), csv=str(csv), snapshot_date=day, now=NOW)


def _once(marker: Path, work: Callable[[], Any], bench: Bench) -> Measured:
    """Does the work unless an earlier step of this run did it."""
    took = Took()
    if not marker.exists():
        took, _ = timed(work)
        marker.touch()
    return Measured(took, bench.customers)
