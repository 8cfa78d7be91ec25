"""What checkov is told to leave out: only named checks, each with a reason that stands beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from telecom.errors import UsageError

ALLOWED = {"skip-check"}
CHECK = re.compile(r"CKV2?_[A-Z]+_\d+")
ITEM = re.compile(r"^\s*-\s*(?P<check>[^\s#]+)\s*(?:#\s*(?P<reason>.*))?$")
INLINE = re.compile(r"(?:checkov|bridgecrew):skip=(?P<check>[^:\s]*)(?::(?P<reason>[^\n]*))?")
LEAST_REASON = 25


@dataclass(frozen=True)
class Skip:
    """A check that is left out, where that is written, and why."""

    check: str
    where: str
    reason: str


def read_skips(config: Path, tree: Path) -> tuple[Skip, ...]:
    """The skips of checkov's configuration file and those written into the Terraform files below `tree`.

    Raises:
        UsageError: a skip names no single check or lacks a reason, or the file leaves out more than checks.
    """
    found = (*_of_config(config), *_of_tree(tree))
    for skip in found:
        if not CHECK.fullmatch(skip.check):
            raise UsageError(f"{skip.where} skips {skip.check!r}.", "Name one check, such as CKV_GCP_62.")
        if len(skip.reason) < LEAST_REASON:
            raise UsageError(
                f"{skip.where} skips {skip.check} without a reason ({skip.reason!r}).", "Write why, beside it."
            )
    return found


def _of_config(config: Path) -> Iterator[Skip]:
    try:
        text = config.read_text("utf-8")
        keys = yaml.safe_load(text) or {}
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{config} cannot be read: {error}.", "skip-check: []") from error
    if not isinstance(keys, dict) or set(keys) - ALLOWED:
        raise UsageError(f"{config} says more than {', '.join(ALLOWED)}.", "Leave out checks one by one, not files.")
    listed = [str(check) for check in keys.get("skip-check") or ()]
    skips = [
        Skip(item["check"], f"{config.name}:{number}", (item["reason"] or "").strip())
        for number, line in enumerate(text.splitlines(), 1)
        if (item := ITEM.match(line))
    ]
    if [skip.check for skip in skips] != listed:
        raise UsageError(f"{config} lists its skips in an unusual way.", "One per line: - CHECK  # reason")
    yield from skips


def _of_tree(tree: Path) -> Iterator[Skip]:
    for path in sorted(tree.rglob("*.tf")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for found in INLINE.finditer(line):
                where = f"{path.relative_to(tree)}:{number}"
                yield Skip(found["check"], where, (found["reason"] or "").strip())
