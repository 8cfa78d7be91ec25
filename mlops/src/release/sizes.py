"""How many requests a candidate must have answered before a test says anything. Pure.

Everywhere `ratio` is how many requests the revision in service gets per request of the candidate, `level` the one-sided
error of the first kind that a test may spend, `power` the probability with which it must find the effect.
"""

import math

from scipy.special import chdtri, chndtrinc, ndtri


def for_shares(share: float, increase: float, ratio: float, level: float, power: float) -> float:
    """Requests of the candidate that show that a share rose from `share` by `increase`, by Fisher's exact test.

    Fleiss, Tytun and Ury, Biometrics 36, 1980: unequal samples, with the continuity correction that makes the normal
    approximation agree with the exact test.
    """
    risen = min(share + increase, 1.0)
    mean = (risen + ratio * share) / (1 + ratio)
    by_chance = ndtri(1 - level) * math.sqrt((1 + ratio) * mean * (1 - mean))
    in_truth = ndtri(power) * math.sqrt(ratio * risen * (1 - risen) + share * (1 - share))
    plain = (by_chance + in_truth) ** 2 / (ratio * increase**2)
    return float(plain / 4 * (1 + math.sqrt(1 + 2 * (1 + ratio) / (plain * ratio * increase))) ** 2)


def for_ranks(superiority: float, ratio: float, level: float, power: float, resolution: float) -> float:
    """Requests of the candidate that show that its values are larger (or smaller), by Mann-Whitney's test.

    Noether, JASA 82, 1987, divided by what the buckets leave of the test's efficiency (`comparisons.resolution`);
    `superiority` is the probability of the larger value that must be found, less one half.
    """
    share = 1 / (1 + ratio)
    total = (ndtri(1 - level) + ndtri(power)) ** 2 / (12 * share * (1 - share) * superiority**2)
    return float(total * share / resolution)


def for_shapes(psi: float, cells: int, ratio: float, level: float, power: float) -> float:
    """Requests of the candidate that show a population stability index, by the chi-square test.

    The statistic is then noncentral chi-square with cells - 1 degrees of freedom and about psi · (1/n + 1/m)⁻¹ as
    noncentrality, since the index is Pearson's divergence to second order.
    """
    freedom = max(cells - 1, 1)
    noncentrality = chndtrinc(chdtri(freedom, level), freedom, 1 - power)
    return float(noncentrality / psi * (1 + ratio) / ratio)
