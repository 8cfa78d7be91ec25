"""The model that scores: trees, calibration, threshold and the features they read. No xgboost at scoring time."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from mlops.src.modelling.calibration import Calibrator
from mlops.src.modelling.encoding import FeatureSpec, Matrix
from mlops.src.modelling.reasons import REASON_TYPE, top_reasons
from mlops.src.modelling.shapley import Floats
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.tree_shap import TreeShap
from telecom.errors import UsageError

SEGMENTS = ("low", "medium", "high")
MEDIUM_SHARE = 0.5
"""`medium` starts at half the threshold: the probability from which an offer of half the cost still pays."""
REASON_ROWS = 32_768


@dataclass(frozen=True)
class ChurnModel:
    """A trained, calibrated model.

    Args:
        booster_json: xgboost's own JSON model, as bytes.
        features: the inputs, in the order of the matrix columns.
        calibrator: margin to probability.
        threshold: probability from which a customer is treated, and in segment `high`.
        economics: the business case behind the threshold.
    """

    booster_json: bytes
    features: tuple[FeatureSpec, ...]
    calibrator: Calibrator
    threshold: float
    economics: EconomicsConfig

    @classmethod
    def from_booster(
        cls,
        booster: Any,
        features: tuple[FeatureSpec, ...],
        calibrator: Calibrator,
        threshold: float,
        economics: EconomicsConfig,
    ) -> "ChurnModel":
        """Wrap a trained `xgboost.Booster`."""
        return cls(bytes(booster.save_raw("json")), features, calibrator, threshold, economics)

    @cached_property
    def trees(self) -> TreeShap:
        """The look-up tables, built at first use."""
        return TreeShap(json.loads(self.booster_json))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over trees, calibration, threshold, economics and features; versions and times do not count."""
        document = json.loads(self.booster_json)
        document.pop("version", None)
        return digest_of(
            {
                "booster": document,
                "features": [feature.as_json() for feature in self.features],
                "calibration": self.calibrator.as_json(),
                "threshold": self.threshold,
                "economics": self.economics.as_json(),
            }
        )

    @property
    def segment_bounds(self) -> dict[str, float]:
        """Probabilities from which `medium` and `high` start."""
        return {"medium": self.threshold * MEDIUM_SHARE, "high": self.threshold}

    def margin(self, x: Matrix, threads: int = 2) -> Floats:
        """Log-odds before calibration (rows,) of an encoded matrix."""
        return self.trees.margin(self._checked(x), threads)

    def predict(self, x: Matrix, threads: int = 2) -> Floats:
        """Calibrated probability of churn (rows,) of an encoded matrix."""
        return self.calibrator.apply(self.margin(x, threads))

    def segment(self, probability: Floats) -> pa.StringArray:
        """`low`, `medium` or `high` per probability."""
        bounds = list(self.segment_bounds.values())
        codes = np.searchsorted(bounds, probability, side="right").astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(SEGMENTS)).cast(pa.string())

    def reasons(self, batch: pa.RecordBatch | pa.Table, x: Matrix, threads: int = 2) -> pa.ListArray:
        """Three to five reasons per row (see `top_reasons`).

        Args:
            batch: the rows, with the feature columns.
            x: the same rows, encoded.
            threads: blocks worked on at once.
        """
        x = self._checked(x)
        trees = self.trees

        def block(start: int) -> pa.ListArray:
            part = slice(start, start + REASON_ROWS)
            contributions = trees.contributions(x[part], threads=1)
            return top_reasons(contributions, batch.slice(start, REASON_ROWS), self.features)

        starts = range(0, len(x), REASON_ROWS)
        if len(starts) <= 1:
            return block(0) if len(x) else pa.array([], REASON_TYPE)
        with ThreadPoolExecutor(threads) as pool:
            return pa.concat_arrays(pool.map(block, starts))

    def _checked(self, x: Matrix) -> Matrix:
        if x.ndim != 2 or x.shape[1] != len(self.features):
            raise UsageError(
                f"The matrix has shape {x.shape}; the model reads {len(self.features)} features.",
                "Encode the batch with the model's own `features`.",
            )
        return x


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of plain values in canonical JSON: sorted keys, no blanks, shortest exact floats."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
