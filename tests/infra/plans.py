"""Plans as `terraform show -json` writes them, built from a few values."""

import json
from pathlib import Path
from typing import Any

from tools.infra_policies.plan import Resource, resources

Json = dict[str, Any]
LABELS = {"app": "telecom-ml-llmops", "env": "dev"}


def change(kind: str, values: Json, unknown: Json | None = None, *, name: str = "this", module: str = "") -> Json:
    """A resource to be created; `name` may carry a key in brackets."""
    address = f"{module}.{kind}.{name}" if module else f"{kind}.{name}"
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name.partition("[")[0],
        "change": {"actions": ["create"], "before": None, "after": values, "after_unknown": unknown or {}},
    }


def document(*changes: Json, env: str = "dev", configuration: Json | None = None) -> Json:
    """A plan of these changes; its planned values hold what is known, in one child module in a child module."""
    known = [
        {key: each[key] for key in ("address", "mode", "type", "name")} | {"values": each["change"]["after"]}
        for each in changes
    ]
    deep = {"address": "module.a", "child_modules": [{"address": "module.a.module.b", "resources": known}]}
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {"env": {"value": env}},
        "planned_values": {"root_module": {"child_modules": [deep]}},
        "resource_changes": list(changes),
        "configuration": {"root_module": configuration or {}},
    }


def one(kind: str, values: Json, unknown: Json | None = None, *, env: str = "dev") -> Resource:
    """The resource of a plan of one, whose configuration is not known."""
    (found,) = resources(document(change(kind, values, unknown), env=env), env)
    return found


def write(folder: Path, *changes: Json, env: str = "dev") -> Path:
    """A plan's file."""
    path = folder / f"{env}.json"
    path.write_text(json.dumps(document(*changes, env=env)), "utf-8")
    return path
