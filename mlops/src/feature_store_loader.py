"""Registers the churn features and serves one snapshot online. Reads telco_churn_features, writes the feature store."""

from dataclasses import dataclass
from datetime import date

from mlops.src.utils_bigquery import load_query
from telecom.errors import NotFound
from telecom.ports import FeatureGroup, FeatureStore, Warehouse
from telecom.tables import contract

TABLE = "telecom_gold.telco_churn_features"
GROUP = "telco_churn"


@dataclass(frozen=True)
class Loaded:
    """The group, its features, the snapshot now served online and its customers."""

    group: str
    features: int
    snapshot_date: date
    customers: int


def churn_features() -> FeatureGroup:
    """The group as the contract describes it: every model input, keyed by customer."""
    return FeatureGroup(GROUP, TABLE, "customer_id", tuple(c.name for c in contract(TABLE).features))


def resolve_snapshot(warehouse: Warehouse, snapshot_date: date | None) -> tuple[date, int]:
    """The given snapshot, or the newest prepared one, with its number of customers.

    Raises:
        NotFound: it was not prepared.
    """
    rows = warehouse.query(load_query("latest_snapshot"), {"snapshot_date": snapshot_date}).to_pylist()
    if not rows:
        wanted = f"snapshot {snapshot_date}" if snapshot_date else "snapshot"
        raise NotFound(f"No {wanted} in {TABLE}.", "Run: telecom ingest --csv FILE, then telecom prepare")
    return rows[0]["snapshot_date"], int(rows[0]["customers"])


def run(warehouse: Warehouse, features: FeatureStore, *, snapshot_date: date | None = None) -> Loaded:
    """Registers the group and copies the given (or newest) snapshot to the online side; safe to repeat.

    Raises:
        NotFound: the snapshot was not prepared.
    """
    day, _ = resolve_snapshot(warehouse, snapshot_date)
    group = churn_features()
    features.register(group)
    return Loaded(group.name, len(group.features), day, features.sync(group.name, day))
