"""A small language of places in a tool's result: `invoices[0].total`, `changes[cause=late_fee].after`.

A name goes into an object, `[n]` takes one of a list (negative from its end), `[name=value]` the first that has it,
`[*]` all of them, `[#]` how many there are.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from telecom.errors import UsageError

_STEP = re.compile(r"\.?(?P<name>\w+)|\[(?P<index>-?\d+)\]|\[(?P<key>\w+)=(?P<value>[^\]]*)\]|\[(?P<all>[*#])\]")


def steps(path: str) -> list[re.Match[str]]:
    """The steps of a path.

    Raises:
        UsageError: it is no path.
    """
    found, at = [], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or (step["name"] and at and path[at] != "."):
            raise UsageError(f"{path!r} is no path: it cannot be read from {path[at:]!r} on.", "See docs/llmops.")
        found.append(step)
        at = step.end()
    return found


def values(result: Any, path: str) -> list[Any]:
    """What stands at a path of plain JSON; none where it leads nowhere, several with `[*]`."""
    found = [result]
    for step in steps(path):
        found = [value for each in found for value in _taken(each, step)]
    return [value for value in found if value is not None]


def _taken(value: Any, step: re.Match[str]) -> Sequence[Any]:
    if step["name"]:
        return [value[step["name"]]] if isinstance(value, Mapping) and step["name"] in value else []
    if not isinstance(value, list):
        return []
    if step["index"]:
        index = int(step["index"])
        return value[index : index + 1 or None]
    if step["all"]:
        return value if step["all"] == "*" else [len(value)]
    return [one for one in value if isinstance(one, Mapping) and text(one.get(step["key"])) == step["value"]][:1]


def text(value: Any) -> str:
    """A value as a path writes it: `true`, `15.00`, `2026-11-20`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
