"""Rollouts on paper: an identical candidate hardly ever stops, a bad one stops at the first step, by the right test."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.release_study import BAD, GOOD, Revision, Setting, study
from mlops.src.release.judge import NOTHING_SEEN, look
from mlops.src.release.policy import TESTS, Policy
from mlops.src.release.tallies import NO_TALLY, Block
from telecom.ports import Tally

ROLLOUTS = 120
"""Were one rollout in seven wrong, as few as are allowed would be found in one of a thousand draws."""
ALLOWED = 0.05
WANTED = 0.95
EXPECTED = {
    "errors 0.5 % → 2.5 %": "errors",
    "refusals 1 % → 3 %": "refusals",
    "every latency ×1.5 (so p95, too)": "latency",
    "p95 ×1.5, same median": "slow requests",
    "a tenth of the requests ×5": "slow requests",
    "scores +0.5 log-odds": "scores",
    "one score for everybody": "score distribution",
    "everything fails": "errors",
}
NAMED = ("errors 0.5 % → 2.5 %", "every latency ×1.5 (so p95, too)", "scores +0.5 log-odds")
"""The candidates that the promise is about."""


def test_an_identical_candidate_is_stopped_in_at_most_one_of_twenty_rollouts() -> None:
    outcomes = study(GOOD, ROLLOUTS, Setting(requests=3_000))
    assert sum(outcome.stopped_at > 0 for outcome in outcomes) <= ALLOWED * ROLLOUTS


def test_neither_on_machines_whose_speed_varies() -> None:
    outcomes = study(GOOD, 30, Setting(requests=3_000, noise=0.1))
    assert sum(outcome.stopped_at > 0 for outcome in outcomes) <= 2


@pytest.mark.parametrize("name", BAD)
def test_a_bad_candidate_is_stopped_at_ten_per_cent(name: str) -> None:
    rollouts = ROLLOUTS if name in NAMED else 60
    outcomes = study(BAD[name], rollouts, Setting())
    assert sum(outcome.stopped_at == 10 for outcome in outcomes) >= WANTED * rollouts
    (most, _), *_ = Counter(test for outcome in outcomes for test in outcome.tests).most_common()
    assert most == EXPECTED[name]


def test_every_test_stops_some_candidate() -> None:
    assert set(EXPECTED.values()) == set(TESTS)


def answered(revision: Revision, requests: int, seed: int, count: int = 1) -> list[Tally]:
    rng = np.random.default_rng(seed)
    return [revision.answer(requests, 1.0, rng) for _ in range(count)]


def test_total_failure_needs_few_requests() -> None:
    (before,), (after,) = answered(GOOD, 180, 0), answered(Revision(errors=1.0), 20, 1)
    found = look([Block(before, after)], 9.0, Policy(), NOTHING_SEEN)
    assert found.verdict == "stop" and found.reasons[0].startswith("Errors: 100.00% of 20 requests, ")


def test_trifles_are_tolerated_however_certain_they_are() -> None:
    """A rise from 0.5 % to 1.2 %, on half a million requests: certain, and less than half of what must be found."""
    before, after = answered(GOOD, 50_000, 0, 10), answered(Revision(errors=0.012), 50_000, 1, 10)
    found = look([Block(b, a) for b, a in zip(before, after, strict=True)], 1.0, Policy(), NOTHING_SEEN)
    errors = next(finding for finding in found.findings if finding.test == "errors")
    assert errors.p_value < 1e-100 and not errors.worse and found.verdict == "pass"


def test_nothing_is_judged_before_a_look_is_due_and_no_look_is_taken_twice() -> None:
    policy = Policy()
    few = [Block(*answered(GOOD, 90, 0), *answered(GOOD, 10, 1))]
    assert look(few, 9.0, policy, NOTHING_SEEN).findings == ()
    more = [Block(*answered(GOOD, 900, n), *answered(GOOD, 100, n + 50)) for n in range(3)]
    first = look(more, 9.0, policy, NOTHING_SEEN)
    assert first.findings and first.verdict == "wait"
    assert look(more, 9.0, policy, first.watches).findings == ()


def test_the_errors_of_all_looks_add_up_to_what_was_allowed() -> None:
    policy = Policy()
    spent = [policy.spent(part) for part in policy.looks]
    assert sum(after - before for before, after in zip([0.0, *spent], spent, strict=False)) == pytest.approx(
        policy.level
    )
    assert policy.level * len(policy.steps) * len(TESTS) == pytest.approx(policy.alpha)
    assert policy.last_level == pytest.approx(0.75 * policy.level)


def test_where_many_requests_are_refused_anyway_half_as_many_again_must_be_found() -> None:
    before, after = answered(Revision(refused=0.5), 900, 0, 20), answered(Revision(refused=0.5), 100, 1, 20)
    found = look([Block(b, a) for b, a in zip(before, after, strict=True)], 9.0, Policy(), NOTHING_SEEN)
    assert found.verdict == "pass"


def test_a_service_without_scores_can_be_judged_without() -> None:
    def silent(tallies: list[Tally]) -> list[Tally]:
        return [Tally(t.requests, t.errors, t.refused, t.seconds, NO_TALLY.scores) for t in tallies]

    before, after = silent(answered(GOOD, 2_000, 0, 12)), silent(answered(GOOD, 2_000, 1, 12))
    blocks = [Block(b, a) for b, a in zip(before, after, strict=True)]
    assert look(blocks, 1.0, Policy(), NOTHING_SEEN).verdict == "wait"
    assert look(blocks, 1.0, Policy(with_scores=False), NOTHING_SEEN).verdict == "pass"


def test_alone_under_all_requests_only_a_collapse_stops() -> None:
    """A machine that carries everybody is somewhat slower; that is no fault of the candidate's."""
    before = answered(GOOD, 1_000, 0, 12)
    verdicts = {}
    for slower in (1.25, 4.0):
        after = answered(Revision(slower=slower), 1_100, 1, 12)
        blocks = [Block(b, a) for b, a in zip(before, after, strict=True)]
        verdicts[slower] = [look(blocks, ratio, Policy(), NOTHING_SEEN).verdict for ratio in (0.0, 1.0)]
    assert verdicts == {1.25: ["pass", "stop"], 4.0: ["stop", "stop"]}
