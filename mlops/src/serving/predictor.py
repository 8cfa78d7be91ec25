"""A verified model laid out for requests: rows of numbers to answers. No Arrow, no pandas, no xgboost.

Margins, calibration, segments and reasons are the batch's own, down to the text of a value.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from mlops.src.modelling.bundle import Bundle
from mlops.src.modelling.churn_model import SEGMENTS
from mlops.src.modelling.encoding import FeatureSpec, Matrix
from mlops.src.modelling.few_rows import WORTH_IT, FewRows
from mlops.src.modelling.reasons import ALWAYS, WORTH_TELLING, largest
from mlops.src.modelling.shapley import Floats
from mlops.src.serving.instances import Row

UNKNOWN = "unknown"
MOST_KEPT = 4_096
EXPONENT_FROM = 1e10
"""Size from which Arrow writes a number with an exponent."""


@dataclass(frozen=True)
class Predictions:
    """Calibrated probabilities, and the answers that tell them, in the order of the rows."""

    probabilities: list[float]
    answers: list[dict[str, Any]]


class Predictor:
    """One version of the model, ready for any number of threads.

    Args:
        bundle: as `bundle.load` verified it.
        version: what the answers say the version is.
    """

    def __init__(self, bundle: Bundle, version: str) -> None:
        model = bundle.model
        self.version, self.digest = version, model.digest
        self._trees, self._few = model.trees, FewRows(model.trees)
        self._calibrator = model.calibrator
        self._bounds = list(model.segment_bounds.values())
        self._names = [spec.name for spec in model.features]
        self._words = [_words_of(spec) for spec in model.features]

    def predict(self, rows: Sequence[Row], *, reasons: bool) -> Predictions:
        """One answer per row: `churn_probability`, `risk_segment`, `top_reasons` if wanted, `model_version`."""
        if not rows:
            return Predictions([], [])
        x: Matrix = np.array(rows, dtype=np.float32)
        margin, contributions = self._explained(x) if reasons else (self._margin(x), None)
        probabilities: list[float] = self._calibrator.apply(margin).tolist()
        segments = [SEGMENTS[bisect_right(self._bounds, probability)] for probability in probabilities]
        answers: list[dict[str, Any]] = [
            {"churn_probability": probability, "risk_segment": segment, "model_version": self.version}
            for probability, segment in zip(probabilities, segments, strict=True)
        ]
        if contributions is not None:
            for answer, why in zip(answers, self._reasons(rows, contributions), strict=True):
                answer["top_reasons"] = why
        return Predictions(probabilities, answers)

    def _margin(self, x: Matrix) -> Floats:
        return self._few.margin(x) if len(x) <= WORTH_IT else self._trees.margin(x, threads=1)

    def _explained(self, x: Matrix) -> tuple[Floats, Floats]:
        if len(x) <= WORTH_IT:
            return self._few.explained(x)
        contributions = self._trees.contributions(x, threads=1)
        return contributions.sum(axis=1) + self._trees.bias, contributions

    def _reasons(self, rows: Sequence[Row], contributions: Floats) -> list[list[dict[str, Any]]]:
        """The largest contributions of each row, as `top_reasons` chooses and words them."""
        chosen = largest(contributions)
        amounts = np.take_along_axis(contributions, chosen, axis=1)
        # They come largest first, so that those worth telling are the first ones.
        counts = np.maximum((np.abs(amounts) >= WORTH_TELLING).sum(axis=1), min(ALWAYS, chosen.shape[1])).tolist()
        names, words = self._names, self._words
        return [
            [
                {"feature": names[feature], "value": words[feature][row[feature]], "contribution": amount}
                for feature, amount in zip(features[:count], sizes, strict=False)
            ]
            for row, features, sizes, count in zip(rows, chosen.tolist(), amounts.tolist(), counts, strict=True)
        ]


class _Choices(dict[float, str]):
    """The words of a feature with few values; of no value, unknown."""

    def __missing__(self, code: float) -> str:
        return UNKNOWN


class _Numbers(dict[float, str]):
    """The words of numbers, the first ones kept."""

    def __missing__(self, number: float) -> str:
        text = number_text(number)
        if len(self) < MOST_KEPT and text != UNKNOWN:
            self[number] = text
        return text


def _words_of(spec: FeatureSpec) -> dict[float, str]:
    if spec.kind == "number":
        return _Numbers()
    return _Choices(enumerate(("no", "yes") if spec.kind == "bool" else spec.categories))


def number_text(number: float) -> str:
    """At most two decimals, halves to even, as Arrow rounds and writes a number; NaN is unknown."""
    if type(number) is int:
        return str(number)
    if math.isnan(number):
        return UNKNOWN
    scaled = number * 100
    rounded = number if scaled == math.floor(scaled) else round(scaled) / 100
    if abs(rounded) < EXPONENT_FROM:
        return repr(rounded + 0.0).removesuffix(".0")
    sign, digits, _ = (found := Decimal(repr(rounded)).normalize()).as_tuple()
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    return f"{'-' * sign}{first}{'.' * bool(rest)}{rest}e+{found.adjusted()}"
