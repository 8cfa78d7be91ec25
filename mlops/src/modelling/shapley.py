"""Path-dependent Shapley values of a leaf in closed form, tabulated over every answer to a group of questions.

A leaf of value v whose path asks m distinct features is the product game v * prod(o_i or z_i): z_i is the share of
training cover that answers feature i's questions as the path wants, o_i is 1 where the row does. Its Shapley value is
v (o_i - z_i) sum_k w(k, m) e_k, with e_k the coefficients of prod_{j != i} (z_j + o_j t) and w(k, m) = k!(m-1-k)!/m!
(Lundberg et al., "From local explanations to global understanding with explainable AI for trees", 2020, algorithm 2).
A tree is the sum of its leaves, so a whole group of leaves is one table over the answers to its questions.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.trees import Condition, Ensemble, Leaf
from telecom.errors import ModelRejected

MAX_QUESTIONS = 8
"""Questions per group: one bit each, so that a pattern fits one byte and a table 256 numbers."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """Leaves that share at most `MAX_QUESTIONS` questions, and the questions (bit 0 is the last one)."""

    leaves: tuple[Leaf, ...]
    questions: tuple[Condition, ...]

    @property
    def features(self) -> tuple[int, ...]:
        """The distinct features asked, ascending."""
        return tuple(sorted({question.feature for question in self.questions}))


def grouped(ensemble: Ensemble) -> tuple[Group, ...]:
    """Split deep trees and merge similar ones into groups of at most `MAX_QUESTIONS` questions.

    Raises:
        ModelRejected: one path asks more questions than fit a group.
    """
    groups: list[Group] = []
    for tree in ensemble.trees:
        groups.extend(_split(tree, 0))
    return _merged(groups)


def _questions(leaves: Iterable[Leaf]) -> frozenset[Condition]:
    return frozenset(step.condition for leaf in leaves for step in leaf.path)


def _split(leaves: tuple[Leaf, ...], depth: int) -> list[Group]:
    """One group where the questions fit, else the groups of both subtrees below the node at `depth`."""
    questions = _questions(leaves)
    if len(questions) <= MAX_QUESTIONS:
        return [Group(leaves, tuple(sorted(questions)))] if questions else []
    if len(leaves) == 1:
        raise ModelRejected(
            f"A path of the model asks {len(questions)} questions; explanations take at most {MAX_QUESTIONS}.",
            "Train with a smaller max_depth.",
        )
    sides = (tuple(leaf for leaf in leaves if leaf.path[depth].goes_left is side) for side in (True, False))
    return [group for side in sides for group in _split(side, depth + 1)]


def _merged(groups: list[Group]) -> tuple[Group, ...]:
    """Greedy: each group joins the earlier one that shares most questions and still has room."""
    merged: list[tuple[frozenset[Condition], tuple[Leaf, ...]]] = []
    for group in sorted(groups, key=lambda group: (group.questions, group.leaves[0].value)):
        questions = frozenset(group.questions)
        best = max(range(len(merged)), key=lambda i: _overlap(merged[i][0], questions), default=-1)
        if best >= 0 and _overlap(merged[best][0], questions) > 0:
            merged[best] = (merged[best][0] | questions, merged[best][1] + group.leaves)
        else:
            merged.append((questions, group.leaves))
    return tuple(Group(leaves, tuple(sorted(questions))) for questions, leaves in merged)


def _overlap(room: frozenset[Condition], questions: frozenset[Condition]) -> int:
    """Shared features, or 0 where the union has no room: each shared feature saves one look-up per row."""
    if len(room | questions) > MAX_QUESTIONS:
        return 0
    return len({question.feature for question in room} & {question.feature for question in questions})


def expected_margin(ensemble: Ensemble) -> float:
    """The margin of the average training row: the bias to which all contributions add."""
    leaves = (leaf for tree in ensemble.trees for leaf in tree)
    return ensemble.base_margin + math.fsum(leaf.value * math.prod(s.share for s in leaf.path) for leaf in leaves)


def table_of(group: Group) -> Floats:
    """Contributions (features of the group, 2 ** questions) for every pattern of answers."""
    patterns = np.arange(1 << len(group.questions))
    bit = {question: len(group.questions) - 1 - i for i, question in enumerate(group.questions)}
    row = {feature: i for i, feature in enumerate(group.features)}
    table = np.zeros((len(row), len(patterns)))
    for leaf in group.leaves:
        features = sorted({step.condition.feature for step in leaf.path})
        outcome = np.zeros(len(patterns), dtype=np.intp)
        for i, feature in enumerate(features):
            steps = [step for step in leaf.path if step.condition.feature == feature]
            mask = sum(1 << b for b in {bit[step.condition] for step in steps})
            wanted = sum(1 << b for b in {bit[step.condition] for step in steps if step.goes_left})
            outcome |= ((patterns & mask) == wanted).astype(np.intp) << i
        shares = [math.prod(s.share for s in leaf.path if s.condition.feature == f) for f in features]
        table[[row[feature] for feature in features]] += leaf.value * leaf_shapley(np.array(shares))[:, outcome]
    return table


def leaf_shapley(shares: Floats) -> Floats:
    """Shapley values (m, 2 ** m) of the product game with value 1; bit i of the column is the answer o_i."""
    m = len(shares)
    met, weights = _answers_and_weights(m)
    values = np.empty_like(met)
    for i in range(m):
        polynomial = np.zeros((m, 1 << m))
        polynomial[0] = 1.0
        for j in range(m):
            if j != i:
                raised = polynomial * shares[j]
                raised[1:] += polynomial[:-1] * met[j]
                polynomial = raised
        values[i] = (met[i] - shares[i]) * (weights @ polynomial)
    return values


@cache
def _answers_and_weights(m: int) -> tuple[Floats, Floats]:
    met = ((np.arange(1 << m)[None, :] >> np.arange(m)[:, None]) & 1).astype(np.float64)
    weights = np.array([math.factorial(k) * math.factorial(m - 1 - k) / math.factorial(m) for k in range(m)])
    return met, weights
