"""Which of several learners predicts best: Optuna proposes, validation log loss decides, the clock ends it.

The clock only cuts the number of trials: the same rows, seed, number of trials and threads give the same model. A
trial that time cuts short is thrown away.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optuna
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from telecom.adapters.local._learners import LEARNERS, Fitted, Floats, Going, Job, Sample, TimeUp

MOST_TRIALS = 500
"""More would only fit the validation rows."""
FOLDS = 5


@dataclass(frozen=True)
class Found:
    """The best model, whether its probabilities are calibrated, and how many trials were finished."""

    fitted: Fitted
    calibrator: Any | None
    tried: int

    @property
    def description(self) -> str:
        """The model in words."""
        calibrated = "calibrated" if self.calibrator else "as it comes"
        return f"{self.fitted.words}, {calibrated}; best of {self.tried}"

    def probability(self, sample: Sample) -> Floats:
        """Of leaving, one per row, in 0..1."""
        raw = self.fitted.probability(sample)
        if self.calibrator is None:
            return raw
        return np.asarray(self.calibrator.predict_proba(_margin(raw))[:, 1], dtype=np.float64)


def search(
    train: Sample, validation: Sample, categorical: list[bool], *, seed: int, threads: int, going: Going
) -> Found:
    """Tries each learner once, then what looks promising, while `going()`; the first trial is always finished."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=2 * len(LEARNERS)))
    for name in LEARNERS:
        study.enqueue_trial({"learner": name})
    job = Job(train, categorical, seed, threads, _always)
    with threadpool_limits(limits=threads):
        best, tried = _attempt(study, job, validation), 1
        with suppress(TimeUp):
            while tried < MOST_TRIALS and going():
                best = min(best, _attempt(study, replace(job, going=going), validation), key=lambda a: a.loss)
                tried += 1
        raw = best.fitted.probability(validation)
        calibrator = _calibrator().fit(_margin(raw), validation.y) if best.calibrates else None
    return Found(best.fitted, calibrator, tried)


@dataclass(frozen=True)
class _Attempt:
    """One finished trial: validation log loss, whether that is after calibration, and the model."""

    loss: float
    calibrates: bool
    fitted: Fitted


def _attempt(study: Any, job: Job, validation: Sample) -> _Attempt:
    """Asks for a proposal, fits and judges it, and tells the study.

    Raises:
        TimeUp: before it was fitted.
    """
    trial = study.ask()
    fitted = LEARNERS[trial.suggest_categorical("learner", list(LEARNERS))](trial, job)
    loss, calibrates = _validated(fitted.probability(validation), validation.y, job.seed)
    study.tell(trial, loss)
    return _Attempt(loss, calibrates, fitted)


def _always() -> bool:
    return True


def _validated(raw: Floats, y: Any, seed: int) -> tuple[float, bool]:
    """Log loss on the validation rows, and whether calibration (cross-validated there) is what makes it so low."""
    plain = log_loss(y, np.clip(raw, 1e-6, 1 - 1e-6))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    crossed = cross_val_predict(_calibrator(), _margin(raw), y, cv=folds, method="predict_proba")[:, 1]
    calibrated = log_loss(y, crossed)
    return round(float(min(plain, calibrated)), 9), bool(calibrated < plain)


def _calibrator() -> Any:
    """Platt scaling: a logistic regression on the log-odds, hardly regularised."""
    return LogisticRegression(C=1e3)


def _margin(raw: Floats) -> Floats:
    kept = np.clip(raw, 1e-6, 1 - 1e-6)
    return np.log(kept / (1 - kept))[:, None]
