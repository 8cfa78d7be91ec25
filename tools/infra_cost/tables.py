"""The price table and the assumptions about usage, as their YAML files hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from telecom.errors import UsageError

Kind = Literal["page", "quoted", "unsure"]
Number = int | float


@dataclass(frozen=True)
class Price:
    """What one unit costs, in dollars; `free` units a month cost nothing. `source` and `date` say where it is from.

    `kind`: page, from the vendor's own price page (a stored copy); quoted, from others; unsure, not looked up.
    """

    id: str
    usd: float
    unit: str
    free: float
    kind: Kind
    source: str
    date: date


@dataclass(frozen=True)
class Assumption:
    """A quantity that no plan tells, and why it is that large. Counted where the plan has the type `needs`, if any."""

    item: str
    price: str
    quantity: float
    why: str
    needs: str


@dataclass(frozen=True)
class Usage:
    """The assumptions of one environment.

    `services`, `jobs`, `buckets` and `datasets` map a name (that of the resource, or the end of it after the last
    hyphen, or before the environment's name) to named quantities.
    """

    environment: str
    services: Mapping[str, Mapping[str, Any]]
    jobs: Mapping[str, Mapping[str, Any]]
    buckets: Mapping[str, Mapping[str, Any]]
    datasets: Mapping[str, Mapping[str, Any]]
    each: Mapping[str, float]
    lines: tuple[Assumption, ...]


FIELDS: Mapping[str, frozenset[str]] = {
    "services": frozenset({"requests", "busy_seconds", "why"}),
    "jobs": frozenset({"executions", "seconds", "why"}),
    "buckets": frozenset({"gb", "class_a", "class_b", "why"}),
    "datasets": frozenset({"gib", "why"}),
}


def read_prices(path: Path) -> dict[str, Price]:
    """The price table by price id.

    Raises:
        UsageError: it cannot be read, or a price lacks something.
    """
    document = _document(path)
    try:
        found = {name: _price(name, entry) for name, entry in document["prices"].items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{path}: a price is incomplete: {error!r}.", "Each has usd, unit, kind, source, date."
        ) from error
    return found


def read_usage(path: Path) -> Usage:
    """The assumptions of one environment.

    Raises:
        UsageError: the file cannot be read, or an assumption lacks its quantity or its reason.
    """
    document = _document(path)
    try:
        lines = tuple(
            Assumption(each["item"], each["price"], float(each["quantity"]), each["why"], each.get("needs", ""))
            for each in document["lines"]
        )
        groups = {group: _group(document.get(group) or {}, fields) for group, fields in FIELDS.items()}
        each_of = {name: float(value) for name, value in (document.get("each") or {}).items()}
        return Usage(environment=document["environment"], each=each_of, lines=lines, **groups)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{path}: an assumption is incomplete: {error!r}.", "See infra/usage/dev.yaml.") from error


def _price(name: str, entry: Mapping[str, Any]) -> Price:
    if entry["kind"] not in get_args(Kind):
        raise ValueError(f"{name}: kind {entry['kind']!r}")
    if type(entry["date"]) is not date:
        raise ValueError(f"{name}: date {entry['date']!r}")
    free = float(entry.get("free", 0))
    return Price(name, float(entry["usd"]), entry["unit"], free, entry["kind"], entry["source"], entry["date"])


def _group(entries: Mapping[str, Mapping[str, Any]], fields: frozenset[str]) -> Mapping[str, Mapping[str, Any]]:
    for name, entry in entries.items():
        if set(entry) != fields:
            raise KeyError(f"{name} has {sorted(entry)}, needs {sorted(fields)}")
    return entries


def _document(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Restore it from git.") from error
