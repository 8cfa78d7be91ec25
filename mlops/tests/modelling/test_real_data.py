"""The promise about the public data, through the project's own ingestion and preparation."""

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import cross_validate, load, ours
from mlops.src.modelling.encoding import Matrix
from mlops.src.modelling.metrics import Labels

pytestmark = [pytest.mark.slow, pytest.mark.real_data]


@pytest.fixture(scope="module")
def telco() -> tuple[Matrix, Labels]:
    path = os.environ.get("TELECOM_TEST_CSV")
    if not path:
        pytest.skip("TELECOM_TEST_CSV does not name the public Telco CSV: the promised AUC and Brier go unchecked")
    return load(Path(path))


def test_cross_validated_auc_and_brier_keep_the_promise(telco: tuple[Matrix, Labels]) -> None:
    found = cross_validate(*telco, ours)
    assert found.auc >= 0.848, found
    assert found.brier <= 0.1345, found


def test_permuted_labels_cannot_be_learned(telco: tuple[Matrix, Labels]) -> None:
    x, y = telco
    found = cross_validate(x, np.random.default_rng(0).permutation(y), ours, shuffles=1)
    assert 0.45 <= found.auc <= 0.55, found
