"""Exceptions to policies: only by a file, each with a reason and a day on which it ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from telecom.errors import UsageError
from tools.infra_policies.plan import ENVIRONMENTS
from tools.infra_policies.policy import Finding

FIELDS = {"policy", "address", "environments", "reason", "expires"}
LEAST_REASON, LONGEST_DAYS = 20, 366


@dataclass(frozen=True)
class Exemption:
    """What is let pass: one policy, the addresses that a pattern (`*`) matches, until a day, for a reason."""

    policy: str
    address: str
    environments: tuple[str, ...]
    reason: str
    expires: date

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is the one that was let pass; brackets in an address mean themselves."""
        pattern = self.address.replace("[", "[[]")
        here = finding.environment in self.environments and finding.policy == self.policy
        return here and fnmatchcase(finding.address, pattern)


def read_exceptions(path: Path, policies: Iterable[str], today: date) -> tuple[Exemption, ...]:
    """Reads the file of exceptions; those that have ended are refused, so that somebody looks at them again.

    Raises:
        UsageError: the file cannot be read, or an exception lacks a reason, has ended, or is of no known policy.
    """
    try:
        entries = (yaml.safe_load(path.read_text("utf-8")) or {}).get("exceptions") or []
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise UsageError(f"{path} is not a readable file of exceptions: {error}.", "exceptions: []") from error
    known = set(policies)
    return tuple(
        _exemption(f"{path}, exception {number}", entry, known, today) for number, entry in enumerate(entries, 1)
    )


def _exemption(where: str, entry: Any, known: set[str], today: date) -> Exemption:
    fields = entry.keys() if isinstance(entry, dict) else set()
    if not fields or fields - FIELDS or FIELDS - fields - {"environments"}:
        raise UsageError(f"{where} has {sorted(fields)}.", f"Give it {', '.join(sorted(FIELDS))}.")
    reason = str(entry["reason"] or "").strip()
    if entry["policy"] not in known:
        raise UsageError(f"{where}: there is no policy {entry['policy']!r}.", f"There are {', '.join(sorted(known))}.")
    if len(reason) < LEAST_REASON:
        raise UsageError(f"{where}: the reason {reason!r} explains nothing.", "Write a sentence.")
    _check_day(where, entry["expires"], today)
    environments = tuple(entry.get("environments", ENVIRONMENTS))
    if set(environments) - set(ENVIRONMENTS):
        raise UsageError(f"{where}: environments are {environments}.", f"There are {', '.join(ENVIRONMENTS)}.")
    return Exemption(entry["policy"], str(entry["address"]), environments, reason, entry["expires"])


def _check_day(where: str, expires: Any, today: date) -> None:
    if type(expires) is not date:
        raise UsageError(f"{where}: expires is {expires!r}.", "Write a day, YYYY-MM-DD.")
    if expires < today:
        raise UsageError(f"{where} ended on {expires}.", "Mend what it covers, or decide again and move the day.")
    if (expires - today).days > LONGEST_DAYS:
        raise UsageError(f"{where} ends on {expires}, in more than a year.", "Choose a nearer day.")


def sorted_out(
    findings: Iterable[Finding], exemptions: Sequence[Exemption]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Exemption, ...]]:
    """What remains, what was let pass, and which exceptions of the environments seen covered nothing."""
    covers = {finding: next((e for e in exemptions if e.covers(finding)), None) for finding in findings}
    remaining = tuple(finding for finding, cover in covers.items() if cover is None)
    passed = tuple(finding for finding, cover in covers.items() if cover is not None)
    return remaining, passed, tuple(each for each in exemptions if each not in covers.values())
