"""Answers of the service's own arithmetic and wording against the batch's, which go through Arrow."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops.src.batch_inference import score_batch
from mlops.src.modelling import bundle
from mlops.src.modelling.encoding import FeatureSpec
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.few_rows import WORTH_IT
from mlops.src.modelling.reasons import as_text, top_reasons
from mlops.src.serving.instances import Row
from mlops.src.serving.predictor import Predictor, number_text
from mlops.tests.modelling.conftest import make_world
from mlops.tests.serving.conftest import Model


@settings(deadline=None)  # Arrow looks for pandas the first time
@given(st.floats(-3.4e38, 3.4e38))
@example(0.005)
@example(0.015)
@example(-0.001)
@example(2.675)
@example(1e10)
@example(9_999_999_999.995)
@example(-123456789012345.6)
@example(1e22)
def test_numbers_are_worded_as_arrow_words_them(number: float) -> None:
    assert number_text(number) == as_text(pa.array([number]))[0].as_py()


@settings(deadline=None)
@given(st.integers(-10_000, 10_000))
def test_money_too(cents: int) -> None:
    for number in (cents / 100, cents / 200, cents / 1000):
        assert number_text(number) == as_text(pa.array([number]))[0].as_py()


def test_whole_numbers_and_nothing() -> None:
    assert [number_text(value) for value in (7, -3, math.nan)] == ["7", "-3", "unknown"]


@pytest.fixture(scope="module")
def predictor(first: Model) -> Predictor:
    return Predictor(bundle.load(first[0]), "7")


def rows_of(table: pa.Table) -> list[Row]:
    """The service's rows of a feature table, NULL as NaN."""

    def number(spec: FeatureSpec, value: Any) -> float:
        if value is None:
            return math.nan
        return spec.categories.index(value) if spec.kind == "category" else value

    return [tuple(number(spec, row[spec.name]) for spec in CHURN_FEATURES) for row in table.to_pylist()]


def with_gaps(rows: int, seed: int) -> pa.Table:
    """Made-up customers, some of whose values are NULL."""
    rng, table = np.random.default_rng(seed), make_world(rows, seed).table
    columns = {}
    for name in table.schema.names:
        column = table[name].combine_chunks()
        columns[name] = pa.array(column.to_pylist(), column.type, mask=rng.random(rows) < 0.05)
    return pa.table(columns)


@pytest.mark.parametrize("rows", [1, 3, WORTH_IT, WORTH_IT + 1, 700])
def test_answers_equal_the_batchs(predictor: Predictor, first: Model, rows: int) -> None:
    table = with_gaps(rows, rows)
    expected = score_batch(bundle.load(first[0]).model, table.combine_chunks().to_batches()[0], True)
    found = predictor.predict(rows_of(table), reasons=True)
    answers = found.answers
    np.testing.assert_allclose(found.probabilities, expected["churn_probability"].to_numpy(), rtol=0, atol=1e-12)
    assert [answer["churn_probability"] for answer in answers] == found.probabilities
    assert [answer["risk_segment"] for answer in answers] == expected["risk_segment"].to_pylist()
    assert [answer["top_reasons"] for answer in answers] == expected["top_reasons"].to_pylist()
    assert {answer["model_version"] for answer in answers} == {"7"}
    bare = predictor.predict(rows_of(table), reasons=False)
    np.testing.assert_allclose(bare.probabilities, found.probabilities, rtol=0, atol=1e-12)
    assert all("top_reasons" not in answer for answer in bare.answers)


def test_reasons_equal_those_of_any_contributions(predictor: Predictor) -> None:
    rng, table = np.random.default_rng(2), with_gaps(400, 9)
    contributions = rng.normal(0, 0.05, (400, len(CHURN_FEATURES))).round(2)
    found = predictor._reasons(rows_of(table), contributions)
    assert found == top_reasons(contributions, table, CHURN_FEATURES).to_pylist()


def test_segments_begin_where_the_manifest_says(first: Model, predictor: Predictor) -> None:
    told = bundle.load(first[0]).manifest["segments"]
    calibrator = predictor._calibrator
    edges = [p for bound in (told["medium"], told["high"]) for p in (np.nextafter(bound, 0), bound)]
    try:
        predictor._calibrator = type("Fixed", (), {"apply": lambda self, margin: np.array(edges)})()
        found = predictor.predict(rows_of(make_world(4).table), reasons=False)
    finally:
        predictor._calibrator = calibrator
    segments = [answer["risk_segment"] for answer in found.answers]
    assert segments == ["low", "medium", "medium", "high"]


def test_nobody(predictor: Predictor) -> None:
    assert predictor.predict([], reasons=True).answers == []
