"""Batch scoring with exact reasons, beside XGBoost's own exact contributions."""

from typing import Any

from benchmarks import score
from benchmarks.measuring import Bench, Measured, Took, timed

NATIVE_ROWS = 100_000
NATIVE, MARGINS = "native-contributions.npy", "native-margins.npy"
ADDS_UP_WITHIN = 1e-5
SAME_WITHIN = 2e-5
"""XGBoost's contributions are float32 sums over all trees."""


def ours(bench: Bench) -> Measured:
    """`telecom score`: all customers, table to table."""
    return score.scored(bench, with_reasons=True)


def alternative(bench: Bench) -> Measured:
    """`pred_contribs=True` on the first customers, from the encoded matrix; nothing is read or written."""
    import numpy as np
    import xgboost

    x = encoded(bench)[1]
    booster = xgboost.Booster(model_file=score.bundle_folder(bench) / "model.json")
    booster.feature_names = None
    took, found = timed(lambda: booster.predict(xgboost.DMatrix(x), pred_contribs=True))
    np.save(bench.scratch(NATIVE), found)
    np.save(bench.scratch(MARGINS), booster.predict(xgboost.DMatrix(x), output_margin=True))
    return Measured(took, len(x))


def compare(bench: Bench) -> Measured:
    """Our contributions and the reasons in the scored table against XGBoost's, and whether they add up."""
    import numpy as np

    batch, x = encoded(bench)
    model = score.load(bench)
    native, margins = (np.load(bench.scratch(name)) for name in (NATIVE, MARGINS))
    mine = model.trees.contributions(x)
    total = mine.sum(axis=1) + model.trees.bias
    checks = (
        ("contributions add up to the margin within", np.abs(total - model.margin(x)).max(), ADDS_UP_WITHIN),
        ("and to XGBoost's float32 margin within", np.abs(total - margins).max(), SAME_WITHIN),
        ("contributions differ from XGBoost's by up to", np.abs(mine - native[:, :-1]).max(), SAME_WITHIN),
        ("stored reasons differ from them by up to", _stored(bench, batch, native), SAME_WITHIN),
    )
    complaints = [f"{name} {value:.2g}, allowed is {limit:g}" for name, value, limit in checks if not value <= limit]
    return Measured(
        Took(), len(x), found={name: float(value) for name, value, _ in checks} | {"complaints": complaints}
    )


def encoded(bench: Bench) -> tuple[Any, Any]:
    """The first customers of the gold table, and the matrix that the model reads."""
    import pyarrow.parquet as pq

    from benchmarks import world
    from mlops.src.data_prep_churn import FEATURES
    from mlops.src.modelling.encoding import encode

    file = pq.ParquetFile(world.table_file(bench.platform, FEATURES))
    batch = next(file.iter_batches(min(NATIVE_ROWS, bench.customers)))
    return batch, encode(batch, score.load(bench).features)


def _stored(bench: Bench, batch: Any, native: Any) -> float:
    """Largest difference of a contribution in the scored table from XGBoost's; NaN if a customer has no reason."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from benchmarks import world
    from mlops.src.batch_inference import SCORED

    scored = pq.read_table(world.table_file(bench.platform, SCORED), columns=["customer_id", "top_reasons"])
    places = pc.index_in(scored["customer_id"], value_set=batch.column("customer_id"))
    mask = pc.is_valid(places)
    lists, row = scored.filter(mask)["top_reasons"].combine_chunks(), places.filter(mask).to_numpy()
    if len(row) != batch.num_rows or pc.min(pc.list_value_length(lists)).as_py() < 1:
        return float("nan")
    names = pa.array([feature.name for feature in score.load(bench).features])
    reasons = lists.flatten()
    column = pc.index_in(reasons.field("feature"), value_set=names).to_numpy()
    told = native[row[pc.list_parent_indices(lists).to_numpy()], column]
    return float(np.abs(reasons.field("contribution").to_numpy() - told).max())
