"""Shares of the requests among versions or revisions (whole percentages of 100), and what each made of its requests."""

from collections import Counter
from collections.abc import Mapping

from telecom.errors import UsageError
from telecom.ports import Buckets, Tally

WHOLE = 100
TOO_MANY = 429


def reshare(shares: Mapping[str, int], version: str, share: int) -> dict[str, int]:
    """Gives `version` that share; the others keep their proportions in the rest.

    Args:
        shares: percentages by version as they are; empty before the first deployment, else they add up to 100.
        version: may be new.
        share: 0 to 100.

    Returns:
        Percentages by version, the new one included, that add up to 100. What rounding leaves over goes to the
        largest remainders, the smaller version name first among equals (the method of Hamilton).

    Raises:
        UsageError: the share is not a percentage, or no other version takes requests that could have the rest.
    """
    if not 0 <= share <= WHOLE:
        raise UsageError(f"The share {share!r} is not a percentage.", "Give 0 to 100.")
    others = {name: part for name, part in shares.items() if name != version}
    rest, taken = WHOLE - share, sum(others.values())
    if rest and not taken:
        raise UsageError(
            f"Version {version} cannot have {share} % of the requests: no other version takes any.",
            f"Give it {WHOLE}.",
        )
    exact = {name: divmod(part * rest, taken) if taken else (0, 0) for name, part in others.items()}
    following = {name: whole for name, (whole, _) in exact.items()}
    by_remainder = sorted(others, key=lambda name: (-exact[name][1], name))
    for name in by_remainder[: rest - sum(following.values())]:
        following[name] += 1
    return following | {version: share}


def check_shares(shares: Mapping[str, int]) -> None:
    """Refuses what is not a division of all requests.

    Raises:
        UsageError: a share is not a percentage, or they do not add up to 100.
    """
    if sum(shares.values()) != WHOLE or not all(0 <= share <= WHOLE for share in shares.values()):
        raise UsageError(f"The shares {dict(shares)} are not percentages that add up to {WHOLE}.")


def tally_of(codes: Counter[str], seconds: Buckets, scores: Buckets) -> Tally:
    """A tally from the numbers of answers by status code."""
    errors = sum(count for code, count in codes.items() if code.startswith("5") or code == str(TOO_MANY))
    refused = sum(count for code, count in codes.items() if code.startswith("4") and code != str(TOO_MANY))
    return Tally(codes.total(), errors, refused, seconds, scores)
