"""May the candidate replace the champion? Every check must pass, and noise alone must hardly ever pass them."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mlops.src.modelling.gate_checks import Check, Evidence, GateConfig, at_most, checks


@dataclass(frozen=True)
class Decision:
    """The gate's answer.

    Args:
        promote: whether every check passed.
        reasons: the sentences of the failed checks, or of the deciding ones where all passed.
        checks: all of them.
        noise_promotion_probability: measured share of promotions among decisions on pure noise, (k + 1) / (n + 1).
        noise_method: `swap` (predictions exchanged between the models row by row) or `labels` (labels permuted).
    """

    promote: bool
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    noise_promotion_probability: float
    noise_method: str

    def as_json(self) -> dict[str, Any]:
        """The decision as plain values."""
        return asdict(self)


def decide(evidence: Evidence, config: GateConfig | None = None) -> Decision:
    """Run all checks, and the same checks again on noise.

    With a champion, noise means that which model made which prediction is a coin toss per row; without one, that the
    labels are permuted. A candidate that repeats the champion's predictions is never promoted ("no better").
    """
    config = config or GateConfig()
    evidence = _thinned(evidence, config)
    found = tuple(checks(evidence, config))
    noise = noise_promotion_probability(evidence, config)
    found += (at_most("noise", "chance that noise would be promoted", noise, config.max_noise),)
    promote = all(check.passed for check in found)
    telling = [check for check in found if not check.passed] if not promote else _deciding(found)
    method = "labels" if evidence.champion is None else "swap"
    return Decision(promote, tuple(check.sentence for check in telling), found, noise, method)


def noise_promotion_probability(evidence: Evidence, config: GateConfig) -> float:
    """Share of promotions over `config.permutations` decisions on noise, counting the actual one: (k + 1) / (n + 1)."""
    rng = np.random.default_rng(config.seed)
    promoted = 0
    for _ in range(config.permutations):
        if evidence.champion is None:
            null = replace(evidence, y=rng.permutation(evidence.y))
        else:
            null = evidence.swapped(rng.random(len(evidence.y)) < 0.5)
        promoted += all(check.passed for check in checks(null, config))
    return (promoted + 1) / (config.permutations + 1)


def _thinned(evidence: Evidence, config: GateConfig) -> Evidence:
    if len(evidence.y) <= config.max_rows:
        return evidence
    order = np.random.default_rng(config.seed).permutation(len(evidence.y))
    return evidence.rows(np.sort(order[: config.max_rows]))


def _deciding(found: tuple[Check, ...]) -> list[Check]:
    return [check for check in found if check.name in ("better", "min_auc", "logistic", "noise")]
