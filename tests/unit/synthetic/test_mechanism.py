"""The churn mechanism is known, and as learnable as the public file's."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from xgboost import XGBClassifier

from telecom.synthetic import customers
from telecom.synthetic.identity import of_range
from telecom.synthetic.mechanism import ChurnMechanism, expected_auc
from telecom.synthetic.population import draw


@pytest.fixture(scope="module")
def design(raw: pa.Table) -> tuple[pd.DataFrame, np.ndarray]:
    frame = raw.to_pandas().drop(columns="customerID")
    target = (frame.pop("Churn") == "Yes").to_numpy()
    frame["TotalCharges"] = frame.TotalCharges.str.strip().replace("", "0").astype(float)
    facts = pd.get_dummies(frame).astype(float)
    facts["log_tenure"] = np.log1p(facts.tenure)
    return (facts - facts.mean()) / facts.std(), target


def test_the_best_possible_auc_is_that_of_the_public_file() -> None:
    best = expected_auc(customers.churn_probabilities(100_000, 1))
    assert best == pytest.approx(0.855, abs=0.005)


def test_drawn_churn_reaches_the_expected_auc(raw: pa.Table) -> None:
    truth = customers.churn_probabilities(7_000, 42)
    left = np.array(raw["Churn"].to_pylist()) == "Yes"
    assert roc_auc_score(left, truth) == pytest.approx(expected_auc(truth), abs=0.012)
    calibrated = [left[(truth > low) & (truth <= low + 0.2)].mean() for low in (0.0, 0.2, 0.4, 0.6)]
    centre = [truth[(truth > low) & (truth <= low + 0.2)].mean() for low in (0.0, 0.2, 0.4, 0.6)]
    assert calibrated == pytest.approx(centre, abs=0.05)


@pytest.mark.parametrize(
    "model",
    [
        XGBClassifier(n_estimators=120, max_depth=3, learning_rate=0.07, subsample=0.8, n_jobs=1, random_state=0),
        LogisticRegression(C=0.1, max_iter=2_000),
    ],
    ids=["xgboost", "logistic"],
)
def test_a_quick_model_comes_near_it(model: object, design: tuple[pd.DataFrame, np.ndarray]) -> None:
    facts, target = design
    model.fit(facts[:5_000], target[:5_000])  # type: ignore[attr-defined]
    scores = model.predict_proba(facts[5_000:])[:, 1]  # type: ignore[attr-defined]
    assert 0.83 < roc_auc_score(target[5_000:], scores) < 0.87


def test_each_coefficient_moves_the_log_odds_by_itself() -> None:
    people = draw(of_range(0, 2_000, 1))
    base = ChurnMechanism().logits(people)
    raised = ChurnMechanism(fiber=ChurnMechanism.fiber + 1.0).logits(people)
    assert raised - base == pytest.approx((people.internet == 1) * 1.0)
    assert ChurnMechanism().probabilities(people) == pytest.approx(1 / (1 + np.exp(-base)))


@given(st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.9]), min_size=2, max_size=12))
def test_expected_auc_is_the_average_over_pairs(probabilities: list[float]) -> None:
    wins = pairs = 0.0
    for i, leaver in enumerate(probabilities):
        for j, stayer in enumerate(probabilities):
            if i != j:
                weight = leaver * (1 - stayer)
                pairs += weight
                wins += weight * (1.0 if leaver > stayer else 0.5 if leaver == stayer else 0.0)
    assert expected_auc(np.array(probabilities)) == pytest.approx(wins / pairs)
