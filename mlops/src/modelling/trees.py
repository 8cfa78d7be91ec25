"""A trained booster as plain numbers: its trees, leaves and the distinct questions they ask of a row."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from telecom.errors import ModelRejected


@dataclass(frozen=True, order=True)
class Condition:
    """One question of a node: is `x[feature] < threshold`? A missing value answers `default_left`."""

    feature: int
    threshold: float
    default_left: bool


@dataclass(frozen=True)
class Step:
    """One edge of a path: the question, the answer that leads on, and the share of training cover that gave it."""

    condition: Condition
    goes_left: bool
    share: float


@dataclass(frozen=True)
class Leaf:
    """A leaf with the path that leads to it, root first."""

    path: tuple[Step, ...]
    value: float


@dataclass(frozen=True)
class Ensemble:
    """All leaves, tree by tree, and the margin (log-odds) before the first tree."""

    trees: tuple[tuple[Leaf, ...], ...]
    base_margin: float
    feature_count: int


def parse(document: dict[str, Any]) -> Ensemble:
    """Read xgboost's JSON model (the parsed `save_raw("json")`).

    Raises:
        ModelRejected: not a binary logistic `gbtree` with numeric splits.
    """
    try:
        learner = document["learner"]
        booster = learner["gradient_booster"]
        if booster["name"] != "gbtree" or learner["objective"]["name"] != "binary:logistic":
            raise ModelRejected("The model is not a gbtree with objective binary:logistic.", "Train it with `fit`.")
        trees = tuple(tuple(_leaves(tree)) for tree in booster["model"]["trees"])
        parameters = learner["learner_model_param"]
        return Ensemble(trees, _base_margin(parameters["base_score"]), int(parameters["num_feature"]))
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ModelRejected(f"The model file does not have xgboost's layout: {error!r}.") from error


def _base_margin(base_score: str) -> float:
    value = json.loads(base_score)
    probability = float(value[0] if isinstance(value, list) else value)
    return float(np.log(probability) - np.log1p(-probability))


def _leaves(tree: dict[str, Any]) -> Iterator[Leaf]:
    if any(tree["split_type"]):
        raise ModelRejected("The model has native categorical splits.", "Train on ordered category codes.")
    thresholds = np.asarray(tree["split_conditions"], dtype=np.float32)
    lefts, rights, cover = tree["left_children"], tree["right_children"], tree["sum_hessian"]
    pending: list[tuple[int, tuple[Step, ...]]] = [(0, ())]
    while pending:
        node, path = pending.pop()
        if lefts[node] == -1:
            yield Leaf(path, float(thresholds[node]))
            continue
        question = Condition(tree["split_indices"][node], float(thresholds[node]), bool(tree["default_left"][node]))
        if min(lefts[node], rights[node]) <= node:
            raise ModelRejected("A tree of the model leads back to itself.", "Train the model again.")
        for child, goes_left in ((rights[node], False), (lefts[node], True)):
            share = cover[child] / cover[node] if cover[node] > 0 else 0.0
            pending.append((child, (*path, Step(question, goes_left, share))))
