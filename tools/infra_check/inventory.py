"""What a plan makes, as a YAML file that is read in review: every address, by module and type, with counts."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

NAME = "inventory.yaml"
HEAD = (
    "# What one apply makes here: resources of a plan, by module and address, with their keys (`-`: there is one).\n"
    "# Written by `python -m tools.infra_check --write`, compared by `make infra-check`; read its changes in review.\n"
)
SHOWN = 20


def addresses(plan: Mapping[str, Any]) -> list[str]:
    """Every managed resource that a plan (`terraform show -json`) leaves in place, in order."""
    return sorted(resource["address"] for resource in _resources(plan["planned_values"].get("root_module", {})))


def inventory(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's resources, counted, by type, and by module: `{total, types, modules}`."""
    resources = list(_resources(plan["planned_values"].get("root_module", {})))
    modules: dict[str, dict[str, list[str]]] = {}
    for resource in resources:
        whole = resource["address"]
        bare = whole.removesuffix(f"[{json.dumps(resource.get('index'), ensure_ascii=False)}]")
        name = f"{resource['type']}.{resource['name']}"
        module = bare.removesuffix(name).rstrip(".") or "root"
        modules.setdefault(module, {}).setdefault(name, []).append(str(resource.get("index", "-")))
    types = Counter(resource["type"] for resource in resources)
    return {
        "total": len(resources),
        "types": dict(sorted(types.items())),
        "modules": {
            name: {kind: sorted(keys) for kind, keys in sorted(found.items())}
            for name, found in sorted(modules.items())
        },
    }


def text(found: Mapping[str, Any]) -> str:
    """An inventory as its file has it."""
    return HEAD + yaml.safe_dump(dict(found), sort_keys=False, width=118, allow_unicode=True)


def write(found: Mapping[str, Any], environment: Path) -> Path:
    """Writes an environment's inventory; returns the file."""
    (environment / NAME).write_text(text(found), "utf-8")
    return environment / NAME


def differences(found: Mapping[str, Any], environment: Path) -> list[str]:
    """How a plan departs from the environment's file: one line per address, none when they agree."""
    file = environment / NAME
    if not file.is_file():
        return [f"There is no {NAME}. → python -m tools.infra_check --write"]
    promised = yaml.safe_load(file.read_text("utf-8")) or {}
    here, there = set(_listed(found)), set(_listed(promised))
    lines = [f"+ {address}: planned, not in {NAME}" for address in sorted(here - there)]
    lines += [f"- {address}: in {NAME}, not planned" for address in sorted(there - here)]
    if not lines and dict(found) != promised:
        lines = [f"The counts in {NAME} are not those of its own lists."]
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], f"… and {len(lines) - SHOWN} more"]
    return [*lines, "→ If that is meant: python -m tools.infra_check --write"] if lines else []


def _listed(found: Mapping[str, Any]) -> Iterator[str]:
    for module, kinds in (found.get("modules") or {}).items():
        for kind, keys in kinds.items():
            yield from (f"{module} {kind} [{key}]" for key in keys)


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (found for found in module.get("resources", ()) if found["mode"] == "managed")
    for child in module.get("child_modules", ()):
        yield from _resources(child)
