"""Is a candidate worse than the revision in service? Looks at growing samples, and spends its errors sparingly. Pure.

A rollout stops an identical candidate with probability `Policy.alpha` at most: that is shared out evenly over the steps
and tests (Boole's inequality), and within a test over the looks, by what part of the needed requests was seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from mlops.src.release import comparisons
from mlops.src.release.comparisons import Compared, aligned
from mlops.src.release.policy import Policy, Source
from mlops.src.release.samples import latencies, part_seen
from mlops.src.release.tallies import Block, together
from telecom.ports import Tally

Test = tuple[str, Compared, str]
Verdict = Literal["wait", "pass", "stop"]


@dataclass(frozen=True)
class Watch:
    """How far the looks at one source have come: the part seen when it was last looked at, and that now."""

    looked_at: float = 0.0
    seen: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One test at one look. `worse` says that it stops the rollout."""

    test: str
    worse: bool
    p_value: float
    size: float
    sentence: str


@dataclass(frozen=True)
class Look:
    """What a look found.

    Args:
        verdict: stop at once; pass, once all was seen that is needed; else wait for more requests.
        seen: part of the needed requests that are there, 0 to 1; of scores and requests, the smaller.
        watches: to be handed to the next look.
        findings: the tests made at this look; none where there was nothing new to be learnt.
    """

    verdict: Verdict
    seen: float
    watches: Mapping[Source, Watch]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why to stop, one sentence each."""
        return tuple(found.sentence for found in self.findings if found.worse)


NOTHING_SEEN: Mapping[Source, Watch] = {"requests": Watch(), "scores": Watch()}


def look(blocks: Sequence[Block], ratio: float, policy: Policy, watches: Mapping[Source, Watch]) -> Look:
    """Compares what both revisions answered since the step began.

    Args:
        blocks: what they answered, by stretches of time.
        ratio: requests of the revision in service per request of the candidate, as the shares have it; 0 where it has
            none and is remembered from the step before.
        policy: what must be found.
        watches: as the look before left them; `NOTHING_SEEN` at the first.
    """
    whole = Block(together(block.before for block in blocks), together(block.after for block in blocks))
    following, findings = dict(watches), list[Finding]()
    for source in policy.sources:
        watch = replace(watches[source], seen=part_seen(blocks, whole, ratio, source, policy))
        if _due(watch, policy) and source == "requests":
            # Costly, so only where a look is due otherwise.
            scattered = part_seen(blocks, whole, ratio, source, policy, with_dispersion=True)
            watch = replace(watch, seen=min(watch.seen, scattered))
        if _due(watch, policy):
            level = policy.spent(watch.seen) - policy.spent(watch.looked_at)
            findings += _findings(blocks, whole, source, level, _limits(whole.before, policy, alone=not ratio))
            watch = replace(watch, looked_at=min(watch.seen, 1.0))
        following[source] = watch
    seen = min(following[source].seen for source in policy.sources)
    enough = all(following[source].looked_at >= 1 for source in policy.sources)
    verdict: Verdict = "stop" if any(f.worse for f in findings) else "pass" if enough else "wait"
    return Look(verdict, min(seen, 1.0), following, tuple(findings))


def _due(watch: Watch, policy: Policy) -> bool:
    following = next((part for part in policy.looks if part > watch.looked_at), None)
    return following is not None and watch.seen >= following


def _findings(
    blocks: Sequence[Block], whole: Block, source: Source, level: float, limits: Mapping[str, float]
) -> Iterator[Finding]:
    before, after = whole.before, whole.after
    tests = (*_of_answers(before, after), *_of_latencies(blocks)) if source == "requests" else _of_scores(before, after)
    for name, compared, sentence in tests:
        worse = compared.p_value <= level and abs(compared.size) >= limits[name]
        said = f"{sentence} (p {compared.p_value:.2g}, {level:.2g} allowed)."
        yield Finding(name, worse, compared.p_value, compared.size, said)


def _limits(before: Tally, policy: Policy, *, alone: bool) -> dict[str, float]:
    """What is tolerated of each effect, however certain it is."""
    slower = policy.alone if alone else 1.0
    found = {
        "errors": policy.increase(before.errors / max(before.requests, 1)),
        "refusals": policy.increase(before.refused / max(before.requests, 1)),
        "latency": policy.slower * slower,
        "slow requests": policy.slow_increase * slower,
        "scores": policy.superiority,
        "score distribution": policy.psi,
    }
    return {test: policy.tolerated * effect for test, effect in found.items()}


def _of_answers(before: Tally, after: Tally) -> Iterator[Test]:
    for name, old, new in (("errors", before.errors, after.errors), ("refusals", before.refused, after.refused)):
        compared = comparisons.more_often((old, before.requests), (new, after.requests))
        shares = f"{new / after.requests:.2%} of {after.requests:,} requests, {old / before.requests:.2%} before"
        yield name, compared, f"{name.capitalize()}: {shares}"


def _of_latencies(blocks: Sequence[Block]) -> Iterator[Test]:
    """Nothing where the buckets of the two have no bound in common."""
    bounds, counts = latencies(blocks)
    if not counts:
        return
    compared = comparisons.slower(counts)
    yield "latency", compared, f"Latency: slower than the revision in service {0.5 + compared.size:.0%} of the time"
    old, new = comparisons.sums(counts)
    first = comparisons.slow_bucket(old, new)
    shares = f"{new[first:].sum() / new.sum():.1%} above {bounds[first - 1] * 1000:g} ms"
    said = f"Slow requests: {shares}, {old[first:].sum() / old.sum():.1%} before"
    yield "slow requests", comparisons.more_slow(counts, first), said


def _of_scores(before: Tally, after: Tally) -> Iterator[Test]:
    _, old, new = aligned(before.scores, after.scores)
    compared = comparisons.shifted(old, new)
    yield "scores", compared, f"Scores: higher than before {0.5 + compared.size:.0%} of the time"
    shape = comparisons.reshaped(old, new)
    yield "score distribution", shape, f"Score distribution: PSI {shape.size:.3f}"
