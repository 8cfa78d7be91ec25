"""How often a rollout is wrong: simulated canaries of identical and of bad candidates, judged by the product itself.

`python -m benchmarks.release_study` prints the tables of docs/mlops/releases.md. Requests are drawn, counted into the
service's own histogram buckets and dealt to the revisions by their shares; nothing else of the world is simulated.
"""

import argparse
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import logit, ndtr
from scipy.stats import beta

from mlops.src.release.judge import NOTHING_SEEN, look
from mlops.src.release.policy import Policy
from mlops.src.release.tallies import side_by_side
from telecom.ports import Buckets, Tally

SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SCORES = tuple(round(0.05 * step, 2) for step in range(1, 21))
MEDIAN, SPREAD = 0.003, 0.5
"""Of latencies, lognormal: 3 ms, and 6.8 ms at the 95th percentile."""
CENTRE, WIDTH = -1.2, 1.1
"""Of scores, normal in log-odds: mean probability 0.27."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Revision:
    """How one revision answers.

    Args:
        errors: share of requests that fail.
        refused: share of the others that are refused.
        slower: factor on every latency.
        spread: of the logarithm of latencies.
        stalled: share of requests that take five times as long.
        shift: of the scores, in log-odds.
        constant: whether every score is the mean one.
    """

    errors: float = 0.005
    refused: float = 0.01
    slower: float = 1.0
    spread: float = SPREAD
    stalled: float = 0.0
    shift: float = 0.0
    constant: bool = False

    def latencies(self, factor: float) -> Floats:
        """Shares of the latency buckets while the machine is slower by `factor`."""
        at = np.log(np.array(SECONDS) / (MEDIAN * self.slower * factor))
        below = (1 - self.stalled) * ndtr(at / self.spread) + self.stalled * ndtr((at - math.log(5)) / self.spread)
        return np.diff([0.0, *below, 1.0])

    def scores(self) -> Floats:
        """Shares of the score buckets."""
        if self.constant:
            return np.array([bound == 0.3 for bound in (*SCORES, math.inf)], dtype=np.float64)
        below = ndtr((logit(np.array(SCORES[:-1])) - CENTRE - self.shift) / WIDTH)
        return np.diff([0.0, *below, 1.0, 1.0])

    def answer(self, requests: int, factor: float, rng: np.random.Generator) -> Tally:
        """What it answers to so many requests in one stretch of time."""
        errors = int(rng.binomial(requests, self.errors))
        refused = int(rng.binomial(requests - errors, self.refused))
        seconds = rng.multinomial(requests, self.latencies(factor))
        scores = rng.multinomial(requests - errors - refused, self.scores())
        return Tally(
            requests,
            errors,
            refused,
            Buckets(SECONDS, tuple(map(int, seconds))),
            Buckets(SCORES, tuple(map(int, scores))),
        )


GOOD = Revision()
BAD = {
    "errors 0.5 % → 2.5 %": Revision(errors=0.025),
    "refusals 1 % → 3 %": Revision(refused=0.03),
    "every latency ×1.5 (so p95, too)": Revision(slower=1.5),
    "p95 ×1.5, same median": Revision(spread=0.75),
    "a tenth of the requests ×5": Revision(stalled=0.1),
    "scores +0.5 log-odds": Revision(shift=0.5),
    "one score for everybody": Revision(constant=True),
    "everything fails": Revision(errors=1.0),
}


@dataclass(frozen=True)
class Setting:
    """Requests between two looks, and how much each revision's speed varies from one to the next."""

    requests: int = 1_500
    noise: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """Where a rollout was stopped (0: it was not), after how many requests, and for which tests."""

    stopped_at: int
    requests: int
    tests: tuple[str, ...] = field(default=())


def rollout(candidate: Revision, seed: int, policy: Policy, setting: Setting) -> Outcome:
    """One simulated canary against `GOOD`."""
    rng = np.random.default_rng([seed, 17])
    reference: Sequence[Tally] = ()
    used = 0
    for share in policy.steps:
        before: list[Tally] = []
        after: list[Tally] = []
        watches, verdict = NOTHING_SEEN, "wait"
        while verdict == "wait":
            requests = int(rng.poisson(setting.requests))
            dealt = int(rng.binomial(requests, share / 100))
            factors = np.exp(setting.noise * rng.standard_normal(2))
            before.append(GOOD.answer(requests - dealt, factors[0], rng))
            after.append(candidate.answer(dealt, factors[1], rng))
            used += requests
            blocks = side_by_side(before if share < 100 else reference, after)
            found = look(blocks, (100 - share) / share, policy, watches)
            watches, verdict = found.watches, found.verdict
        if verdict == "stop":
            return Outcome(share, used, tuple(finding.test for finding in found.findings if finding.worse))
        reference = before if share < 100 else reference
    return Outcome(0, used)


def study(candidate: Revision, rollouts: int, setting: Setting, policy: Policy | None = None) -> list[Outcome]:
    """Many canaries of one candidate; seeds 0 to `rollouts` - 1."""
    return [rollout(candidate, seed, policy or Policy(), setting) for seed in range(rollouts)]


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """One row of the table in Markdown."""
    at = Counter(outcome.stopped_at for outcome in outcomes)
    tests = Counter(test for outcome in outcomes for test in outcome.tests)
    found = ", ".join(f"{test} {count}" for test, count in tests.most_common(2)) or "–"
    requests = f"{np.median([outcome.requests for outcome in outcomes]):,.0f}"
    return f"| {name} | {at[10]} | {at[50]} | {at[100]} | {at[0]} | {requests} | {found} |"


def at_most(stopped: int, of: int) -> float:
    """Upper end of the exact 95 % interval of a share (Clopper and Pearson, Biometrika 26, 1934)."""
    return float(beta.ppf(0.975, stopped + 1, of - stopped)) if stopped < of else 1.0


def main(print_: Callable[[str], None] = print) -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.release_study", description=__doc__)
    parser.add_argument("--rollouts", type=int, default=200, help="simulated rollouts per row (default 200)")
    rollouts = parser.parse_args().rollouts
    for noise in (0.0, 0.1):
        setting = replace(Setting(), noise=noise)
        same = study(GOOD, rollouts, setting)
        stopped = sum(outcome.stopped_at > 0 for outcome in same)
        speed = f"speed varies by {noise:.0%} between looks" if noise else "steady speed"
        print_(f"\n{rollouts} rollouts per row, {setting.requests:,} requests between looks, {speed}.")
        print_(f"Identical candidates stopped: {stopped} (95 % sure: at most {at_most(stopped, rollouts):.1%}).\n")
        print_("| candidate | at 10 % | at 50 % | at 100 % | released | requests (median) | tests that stopped it |")
        print_("|---|---|---|---|---|---|---|")
        print_(line("identical", same))
        for name, candidate in BAD.items():
            print_(line(name, study(candidate, rollouts, setting)))


if __name__ == "__main__":
    main()
