"""Are the samples large enough to be judged? Pure."""

from collections.abc import Sequence

from mlops.src.release import comparisons, sizes
from mlops.src.release.comparisons import Blocks, aligned
from mlops.src.release.policy import Policy, Source
from mlops.src.release.tallies import Block

LEAST_RESOLUTION = 0.2


def part_seen(
    blocks: Sequence[Block],
    whole: Block,
    ratio: float,
    source: Source,
    policy: Policy,
    *,
    with_dispersion: bool = False,
) -> float:
    """The part of what is needed that is there, of requests or of scores; above 1 where there is more.

    `whole` is all blocks together. What counts is the information 1 / (1/n + 1/m) of both samples, and the stretches of
    time. Where the revision in service has no requests any more (`ratio` 0) its sample is what the step before left:
    the candidate's shall be as large.
    """
    n, m = ((t.requests if source == "requests" else sum(t.scores.counts)) for t in (whole.before, whole.after))
    if not n or not m:
        return 0.0
    lived = sum(1 for block in blocks if block.before.requests and block.after.requests) / policy.blocks
    if not ratio:
        return min(m / n, lived)
    scatter = _scatter(blocks) if with_dispersion else (1.0, 1.0)
    needed = requests_needed(whole, ratio, policy, scatter) * ratio / (1 + ratio)
    return min(n * m / (n + m) / needed, lived)


def requests_needed(whole: Block, ratio: float, policy: Policy, scatter: tuple[float, float] = (1.0, 1.0)) -> float:
    """Requests (and scores) of the candidate after which every effect of the policy is found with its power.

    Works with the shares of failures of the revision in service alone and with both latencies together, neither of
    which depends on how the two differ. `scatter` is how much more than independent requests the blocks differ, in
    ranks and in slow requests: so many times more of them are needed.
    """
    before, after = whole.before, whole.after
    shares = [max(policy.error_share, failed / max(before.requests, 1)) for failed in (before.errors, before.refused)]
    of_ranks, of_slow = scatter
    found = [
        times * sizes.for_shares(share, increase, ratio, policy.last_level, policy.power)
        for share, increase, times in (
            *((min(share, 0.5), policy.increase(share), 1.0) for share in shares),
            (comparisons.SLOW_SHARE, policy.slow_increase, of_slow),
        )
    ]
    for first, second, effect, sides, times in (
        (before.seconds, after.seconds, policy.slower, 1, of_ranks),
        (before.scores, after.scores, policy.superiority, 2, 1.0),
    ):
        _, old, new = aligned(first, second)
        left = max(comparisons.resolution(old + new), LEAST_RESOLUTION)
        found.append(times * sizes.for_ranks(effect, ratio, policy.last_level / sides, policy.power, left))
    cells = len(after.scores.counts)
    return max(*found, sizes.for_shapes(policy.psi, cells, ratio, policy.last_level, policy.power))


def _scatter(blocks: Sequence[Block]) -> tuple[float, float]:
    _, counts = latencies(blocks)
    if not counts:
        return 1.0, 1.0
    first = comparisons.slow_bucket(*comparisons.sums(counts))
    return comparisons.dispersion_of_ranks(counts), comparisons.dispersion_of_slow(counts, first)


def latencies(blocks: Sequence[Block]) -> tuple[tuple[float, ...], Blocks]:
    """Counts of the blocks in which both revisions answered, in the buckets of the first of them."""
    seconds = [aligned(block.before.seconds, block.after.seconds) for block in blocks]
    both = [(bounds, old, new) for bounds, old, new in seconds if bounds and old.sum() and new.sum()]
    return (both[0][0], [(old, new) for bounds, old, new in both if bounds == both[0][0]]) if both else ((), [])
