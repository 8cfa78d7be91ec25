"""`terraform show -json` of a plan or a state, as resources with their environment and what is known of them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Literal

from telecom.errors import UsageError

Json = Mapping[str, Any]
ENVIRONMENTS = ("dev", "prod")
KEY = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
CALL = re.compile(r"module\.([\w-]+)")


class Unknown:
    """A value that Terraform learns at apply; there is one of it, UNKNOWN."""

    def __repr__(self) -> str:
        return "(known after apply)"

    def __bool__(self) -> bool:
        raise TypeError("Whether an unknown value is true is unknown; compare it with UNKNOWN first.")


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Resource:
    """A resource as it will be. `values` holds UNKNOWN wherever the plan says so; `source` is what its author wrote,
    `before` what is there now: empty where nothing is, and in a state.
    """

    address: str
    type: str
    values: Json
    environment: str
    source: "Source"
    before: Json = field(default_factory=dict)

    def all(self, path: str) -> list[Any]:
        """What lies at a dotted path, through every list on the way; nulls and absent values are left out."""
        return [found for found in _below(self.values, path.split(".")) if found is not None]

    def one(self, path: str) -> Any:
        """The first of `all`, or None."""
        return next(iter(self.all(path)), None)


@dataclass(frozen=True)
class Source:
    """The configuration of one resource, and of the modules around it, outermost first."""

    expressions: Json | None = None
    modules: Sequence[Json] = ()
    calls: Sequence[Json] = ()

    def sets(self, path: str) -> Literal["yes", "no", "unclear"]:
        """Whether the author gives an argument a value. A variable is followed to whoever calls the module."""
        here: Any = self.expressions
        if here is None:
            return "unclear"
        *blocks, argument = path.split(".")
        for block in blocks:
            here = here.get(block)
            here = here[0] if isinstance(here, list) and here else here
            if not isinstance(here, Mapping) or "references" in here:
                return "unclear"  # absent, or a dynamic block, which the configuration's JSON does not show
        return self._given(here.get(argument), len(self.modules) - 1)

    def _given(self, expression: Any, depth: int) -> Literal["yes", "no", "unclear"]:
        if expression is None:
            return "no"
        if "constant_value" in expression:
            return "yes" if expression["constant_value"] not in (None, "") else "no"
        references = expression.get("references", [])
        if len(references) != 1 or not references[0].startswith("var.") or depth < 0:
            computed = any(not each.startswith(("var.", "local.", "each.", "count.")) for each in references)
            return "yes" if computed else "unclear"
        name = references[0].removeprefix("var.")
        if depth and name in (passed := self.calls[depth - 1].get("expressions", {})):
            return self._given(passed[name], depth - 1)
        default = self.modules[depth].get("variables", {}).get(name, {}).get("default")
        return "yes" if default not in (None, "") else "no"


@dataclass(frozen=True)
class Plan:
    """All resources of one environment that will exist after apply, in the order of their addresses."""

    name: str
    environment: str
    resources: tuple[Resource, ...] = field(repr=False)


def read_plan(path: Path, environment: str = "") -> Plan:
    """Reads a file that `terraform show -json` wrote.

    Args:
        path: the file.
        environment: dev or prod; empty: the plan's variable `env`, else the file's name, else prod, the stricter one.

    Raises:
        UsageError: it cannot be read, or is neither a plan nor a state.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{path} is not a readable JSON file: {error}.", "terraform show -json PLAN > FILE") from error
    if not isinstance(document, dict) or not {"planned_values", "values"} & document.keys():
        raise UsageError(f"{path} holds neither a plan nor a state.", "terraform show -json PLAN > FILE")
    if document.get("errored"):
        raise UsageError(f"{path} is a plan that failed, and shows only a part.", "Mend the error, then plan again.")
    named = environment or _said(document, "env") or path.stem
    chosen = named if named in ENVIRONMENTS else "prod"
    return Plan(path.name, chosen, tuple(resources(document, chosen)))


def resources(document: Json, environment: str) -> Iterator[Resource]:
    """The managed resources that a plan leaves in place, or that a state holds, with child modules at any depth."""
    changes = {
        change["address"]: change["change"]
        for change in document.get("resource_changes", ())
        if change.get("mode") == "managed" and change["change"].get("after") is not None
    }
    tree = document.get("planned_values") or document.get("values") or {}
    found = {each["address"]: each for each in _tree(tree.get("root_module", {})) if each.get("mode") == "managed"}
    for address in sorted(found.keys() | changes.keys()):
        known, unknown = found.get(address, {}).get("values", {}), None
        before: Json = changes.get(address, {}).get("before") or {}
        if address in changes:
            known, unknown = changes[address]["after"], changes[address].get("after_unknown")
        kind = KEY.sub("", address).split(".")[-2]
        source = _source(document.get("configuration", {}).get("root_module", {}), address)
        yield Resource(address, kind, merged(known, unknown), environment, source, before)


def merged(known: Any, unknown: Any) -> Any:
    """`after` with UNKNOWN wherever `after_unknown` is true."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, Mapping):
        there = known if isinstance(known, Mapping) else {}
        return {name: merged(there.get(name), unknown.get(name)) for name in there.keys() | unknown.keys()}
    if isinstance(unknown, list):
        pairs = zip_longest(known if isinstance(known, list) else (), unknown)
        return [merged(value, mark) for value, mark in pairs]
    return known


def _tree(module: Json) -> Iterator[Json]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _tree(child)


def _said(document: Json, variable: str) -> str:
    return str(document.get("variables", {}).get(variable, {}).get("value") or "")


def _source(root: Json, address: str) -> Source:
    plain = KEY.sub("", address)
    names, local = CALL.findall(plain), ".".join(plain.split(".")[-2:])
    modules, calls = [root], []
    for name in names:
        call = modules[-1].get("module_calls", {}).get(name, {})
        calls.append(call)
        modules.append(call.get("module", {}))
    written = next((each for each in modules[-1].get("resources", ()) if each.get("address") == local), None)
    return Source(written and written.get("expressions", {}), modules, calls)


def _below(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if value is UNKNOWN:
        yield UNKNOWN
    elif isinstance(value, list):
        for item in value:
            yield from _below(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        yield from _below(value.get(path[0]), path[1:])


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf below a value with its dotted path; list indices are left out of it."""
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield from walk(value[name], f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, path)
    else:
        yield path, value
