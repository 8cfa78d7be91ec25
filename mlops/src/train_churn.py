"""Tunes, trains and calibrates a challenger.

Reads labelled customers; writes a run to the experiments, a version to the registry and the alias challenger.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mlops.src import training_data
from mlops.src.config import ChurnConfig
from mlops.src.drift.measure import reference_profile
from mlops.src.model_versions import CHALLENGER, MODEL
from mlops.src.modelling import bundle
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.curves import curves
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.metrics import Metrics, evaluate
from mlops.src.modelling.trainer import Trained, library_versions, train
from mlops.src.modelling.tuning import Tuned, tune
from mlops.src.training_data import TrainingData
from mlops.src.utils_bigquery import load_query
from telecom.ports import Experiments, ModelRegistry, ModelVersion, Parameters, Run, Warehouse
from telecom.progress import Progress

EXPERIMENT = "telco-churn"


@dataclass(frozen=True)
class TrainedModel:
    """A registered challenger. AUC and Brier score are those of the validation customers."""

    version: str
    model_digest: str
    data_digest: str
    rows: int
    churn_rate: float
    trees: int
    calibration: str
    threshold: float
    validation_auc: float
    validation_brier: float
    run_id: str


def run(
    warehouse: Warehouse,
    registry: ModelRegistry,
    experiments: Experiments,
    progress: Progress,
    config: ChurnConfig,
    *,
    now: datetime,
    up_to: date | None = None,
) -> TrainedModel:
    """Trains on the labelled customers up to a date; the same data and configuration give the same version.

    Of more than `config.training_rows` customers a fixed sample is taken.

    Raises:
        NotFound: nobody is labelled.
        UsageError: too few are.
    """
    progress.start("Reading labelled customers")
    data = training_data.load(warehouse, up_to, most=config.training_rows)
    tuned, trained = fit(data, config, progress)
    chosen = training_data.selection(warehouse, up_to, config.training_rows)
    reference = _reference(warehouse, data, trained.model, chosen)
    provenance = _provenance(data, tuned, config, now)
    version = _register(registry, trained.model, provenance, reference)
    measured = evaluate(data.validation.y, trained.model.predict(data.validation.x), trained.model.threshold)
    progress.start("Recording the run")
    run_id = _record(experiments, data, tuned, trained, provenance, measured)
    progress.stop()
    return TrainedModel(
        version.version,
        trained.model.digest,
        data.digest,
        data.rows,
        data.churn_rate,
        tuned.rounds,
        trained.calibration.calibrator.method,
        trained.model.threshold,
        measured.roc_auc,
        measured.brier,
        run_id,
    )


def fit(data: TrainingData, config: ChurnConfig, progress: Progress) -> tuple[Tuned, Trained]:
    """Tunes on the train split, trains on it, calibrates and chooses the threshold on the validation split."""
    progress.start("Tuning", config.tuning_trials)
    part = data.train
    tuned = tune(
        part.x, part.y, CHURN_FEATURES, part.ids, config.tuning, config.seed, on_trial=lambda: progress.advance(1)
    )
    progress.start("Training")
    trained = train(
        part.labelled,
        data.validation.labelled,
        CHURN_FEATURES,
        config.economics,
        tuned.params,
        tuned.rounds,
        config.seed,
    )
    return tuned, trained


def git_commit() -> str:
    """The commit of this checkout, with a mark when files differ from it; `unknown` outside git."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def shap_summary(model: ChurnModel, part: training_data.Part) -> dict[str, float]:
    """Mean absolute contribution per feature over the part's customers, in log-odds, largest first."""
    means = np.abs(model.trees.contributions(part.x)).mean(axis=0)
    by_name = {feature.name: float(mean) for feature, mean in zip(model.features, means, strict=True)}
    return dict(sorted(by_name.items(), key=lambda item: -item[1]))


def _reference(warehouse: Warehouse, data: TrainingData, model: ChurnModel, chosen: Parameters) -> dict[str, Any]:
    """What later snapshots are compared with: the train split's features, the other splits' scores."""
    unseen = np.concatenate([model.predict(part.x) for part in (data.validation, data.test)])
    source = f"({load_query('training_rows')})"
    profile = reference_profile(warehouse, unseen, source=source, parameters=chosen)
    loaded: dict[str, Any] = json.loads(profile.to_json())
    return loaded


def _provenance(data: TrainingData, tuned: Tuned, config: ChurnConfig, now: datetime) -> bundle.Provenance:
    notes = {
        "trained_at": now.isoformat(),
        "git_commit": config.git_commit or git_commit(),
        "snapshots": [day.isoformat() for day in data.snapshots],
        "training_rows": len(data.train.ids),
        "validation_rows": len(data.validation.ids),
        "test_rows": len(data.test.ids),
        "churn_rate": data.churn_rate,
    }
    return bundle.Provenance(data.digest, config.seed, tuned.params, tuned.rounds, library_versions(), notes)


def _register(
    registry: ModelRegistry, model: ChurnModel, provenance: bundle.Provenance, reference: Mapping[str, Any]
) -> ModelVersion:
    with TemporaryDirectory(prefix="telecom-model-") as folder:
        directory = Path(folder) / "model"
        bundle.save(model, directory, provenance, reference)
        notes = {"data_digest": provenance.training_data_digest, "git_commit": provenance.notes["git_commit"]}
        version = registry.register(MODEL, directory, model.digest, notes)
    registry.point(MODEL, CHALLENGER, version.version)
    return version


def _record(
    experiments: Experiments,
    data: TrainingData,
    tuned: Tuned,
    trained: Trained,
    provenance: bundle.Provenance,
    measured: Metrics,
) -> str:
    model, validation = trained.model, data.validation
    settings = {"rounds": tuned.rounds, "seed": provenance.seed, "trials": len(tuned.history)}
    chosen = {"threshold": model.threshold, "calibration": model.calibrator.method, **model.economics.as_json()}
    parameters = {name: str(value) for name, value in {**tuned.params, **settings, **chosen}.items()}
    files = {
        "curves": asdict(curves(validation.y, model.predict(validation.x))),
        "shap_summary": shap_summary(model, validation),
        "tuning": [trial.as_json() for trial in tuned.history],
        "value_curve": trained.threshold.curve,
        "calibration": trained.calibration.log_loss,
    }
    tags = {"model_digest": model.digest, "data_digest": data.digest, "git_commit": provenance.notes["git_commit"]}
    figures = {f"validation_{name}": value for name, value in measured.as_json().items() if np.isfinite(value)}
    with TemporaryDirectory(prefix="telecom-run-") as folder:
        for name, content in files.items():
            (Path(folder) / f"{name}.json").write_text(json.dumps(content, indent=1), "utf-8")
        return experiments.record(Run(EXPERIMENT, model.digest[:12], parameters, figures, tags, Path(folder)))
