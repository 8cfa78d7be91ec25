"""How far two people agree beyond chance: Cohen's kappa, with linear weights where answers have an order.

Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20, 1960; weights:
Cohen, "Weighted kappa", Psychological Bulletin 70, 1968. With two answers both are the same.
"""

from collections import Counter
from collections.abc import Sequence


def kappa(first: Sequence[int], second: Sequence[int], answers: Sequence[int]) -> float | None:
    """1 where they always agree, 0 where as by chance; None where that cannot be told (both always gave one answer).

    Args:
        first: one person's answers.
        second: the other's, to the same questions in the same order.
        answers: all that can be answered, in order.
    """
    if not first or len(first) != len(second):
        return None
    place = {answer: number for number, answer in enumerate(answers)}
    apart = sum(abs(place[a] - place[b]) for a, b in zip(first, second, strict=True)) / len(first)
    ours, theirs = Counter(first), Counter(second)
    chance = sum(n * m * abs(place[a] - place[b]) for a, n in ours.items() for b, m in theirs.items()) / len(first) ** 2
    return 1 - apart / chance if chance else None
