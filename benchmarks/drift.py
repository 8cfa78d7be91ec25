"""Drift of one snapshot against the champion's training data, beside pandas, numpy's PSI and SciPy's KS test."""

from typing import Any

from benchmarks.measuring import Bench, Measured, Took, timed


def ours(bench: Bench) -> Measured:
    """`telecom drift`: all features and the score, verdict written and published."""
    from benchmarks import world
    from mlops.src import drift_monitoring
    from mlops.src.model_versions import champion

    world.without_pandas()
    p = world.platform(bench)
    model = champion(p.registry)
    took, found = timed(
        lambda: drift_monitoring.check(
            p.warehouse, p.registry, p.metrics, model, snapshot_date=world.SNAPSHOT, now=world.NOW
        )
    )
    measured = {f.feature: [f.psi, f.ks] for f in found.features if f.kind != "score"}
    _keep(bench, "ours", measured)
    return Measured(took, found.current_rows, found={"columns": len(found.features)})


def alternative(bench: Bench) -> Measured:
    """Both snapshots read by pandas; per column the PSI of the same bins and, for numbers, the exact KS distance."""
    import pandas as pd

    from benchmarks import score, world
    from mlops.src.drift.measure import FEATURES
    from mlops.src.drift.profile import Profile
    from mlops.src.modelling import bundle

    profile = Profile.from_json(bundle.load(score.bundle_folder(bench)).reference)
    names = [column.bins.name for column in profile.columns]
    files = [world.table_file(bench.platform, FEATURES, day) for day in (world.TRAINED_ON, world.SNAPSHOT)]

    def run() -> dict[str, list[float | None]]:
        trained, current = (pd.read_parquet(file, columns=[*names, "split"]) for file in files)
        trained = trained[trained["split"] == "train"]
        return {c.bins.name: _distances(c.bins, trained[c.bins.name], current[c.bins.name]) for c in profile.columns}

    took, found = timed(run)
    _keep(bench, "theirs", found)
    return Measured(took, bench.customers, found={"columns": len(found)})


def compare(bench: Bench) -> Measured:
    """The same PSI per column; our KS, taken at the bin edges, is at most the exact one."""
    import json

    mine, theirs = (json.loads(bench.scratch(f"drift-{who}.json").read_text()) for who in ("ours", "theirs"))
    complaints = [] if mine.keys() == theirs.keys() else [f"other columns: {sorted(mine.keys() ^ theirs.keys())}"]
    psi = {name: abs(mine[name][0] - theirs[name][0]) for name in mine.keys() & theirs.keys()}
    ks = {name: theirs[name][1] - mine[name][1] for name in psi if theirs[name][1] is not None}
    complaints += [f"PSI of {name} differs by {apart:.2g}" for name, apart in psi.items() if apart > 1e-9]
    complaints += [f"KS of {name} exceeds the exact one by {-less:.2g}" for name, less in ks.items() if less < -1e-9]
    return Measured(Took(), bench.customers, found={"complaints": complaints, "KS lower by up to": max(ks.values())})


def _distances(bins: Any, trained: Any, current: Any) -> list[float | None]:
    import numpy as np
    from scipy.stats import ks_2samp

    from mlops.src.drift.distances import pooled, psi

    cells = [_counted(bins, values) for values in (trained, current)]
    distance = psi(*pooled(*cells, ordered=bins.ordered))
    if not bins.ordered:
        return [distance, None]
    return [distance, float(ks_2samp(*(np.asarray(values) for values in (trained, current))).statistic)]


def _counted(bins: Any, values: Any) -> Any:
    import numpy as np

    if bins.ordered:
        counts = np.bincount(np.searchsorted(bins.edges, values.to_numpy(), side="right"), minlength=bins.size)
    else:
        labels = [False, True] if bins.kind == "bool" else list(bins.categories)
        counts = values.value_counts().reindex(labels, fill_value=0).to_numpy()
        counts = counts if bins.kind == "bool" else np.append(counts, len(values) - counts.sum())
    return np.append(counts, values.isna().sum())


def _keep(bench: Bench, who: str, found: dict[str, list[float | None]]) -> None:
    import json

    bench.scratch(f"drift-{who}.json").write_text(json.dumps(found))
