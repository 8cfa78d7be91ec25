"""A digest of what the pipelines read. Reads telco_churn_raw, feature_drift_metrics and the registry; writes nothing.

A step that may be cached takes it as an argument: while it is the same, so is the answer.
"""

import hashlib
import json

from mlops.src import model_versions
from mlops.src.utils_bigquery import load_query
from telecom.ports import ModelRegistry, Warehouse


def digest(warehouse: Warehouse, registry: ModelRegistry) -> str:
    """SHA-256 over the ingested files, the drift measurements, and the registered versions with their aliases."""
    rows = warehouse.query(load_query("data_state")).to_pylist()
    versions = sorted((v.version, v.digest, sorted(v.aliases)) for v in model_versions.listing(registry))
    return hashlib.sha256(json.dumps([rows, versions], default=str, sort_keys=True).encode()).hexdigest()
