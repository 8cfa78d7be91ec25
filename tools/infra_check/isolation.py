"""Removing or renaming a bucket plans nothing else: no list positions, no names that hang on another's."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

VARIABLE = "buckets"
RENAMED = "-renamed"


def buckets(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The environment's map of buckets, as the plan (`terraform show -json`) was given it; empty if it has none."""
    return dict(plan.get("variables", {}).get(VARIABLE, {}).get("value") or {})


def changed(found: Mapping[str, Any], removed: str, renamed: str) -> dict[str, Any]:
    """The map without one bucket, and with another under a new name."""
    kept = {key: value for key, value in found.items() if key != removed}
    return {key + RENAMED if key == renamed else key: value for key, value in kept.items()}


def values(found: Mapping[str, Any], folder: Path) -> Path:
    """Writes a map as a file of values; returns it."""
    file = folder / "buckets.tfvars.json"
    file.write_text(json.dumps({VARIABLE: found}), "utf-8")
    return file


def changes(plan: Mapping[str, Any]) -> dict[str, str]:
    """What a plan changes: address → actions (`create`, `delete`, `update`, …)."""
    found = {change["address"]: change["change"]["actions"] for change in plan.get("resource_changes", ())}
    return {address: "+".join(actions) for address, actions in found.items() if actions not in (["no-op"], ["read"])}


def faults(planned: Mapping[str, str], removed: str, renamed: str) -> list[str]:
    """What such a plan should not do, or does not do.

    A change belongs to a bucket when a key in its address is the bucket's name, or begins with it and a `/`.

    Args:
        planned: address → actions.
        removed: the bucket that goes.
        renamed: the bucket that gets another name.
    """
    found = [
        f"{actions} {address}"
        for address, actions in planned.items()
        if actions != _expected(address, removed, renamed)
    ]
    missing = {removed, renamed, renamed + RENAMED} - {name for address in planned for name in _names(address)}
    return [*sorted(found), *(f"nothing is planned for {name!r}" for name in sorted(missing))]


def _expected(address: str, removed: str, renamed: str) -> str:
    """The one action that may be planned for an address; empty: none."""
    names = _names(address)
    return "delete" if names & {removed, renamed} else "create" if renamed + RENAMED in names else ""


def _names(address: str) -> set[str]:
    return {key.split("/")[0] for key in _keys(address)}


def _keys(address: str) -> Iterator[str]:
    """The keys in an address: `module.gcs.google_storage_bucket.bucket["a"]` has one, `a`."""
    for part in address.split('["')[1:]:
        yield part.split('"]')[0]
