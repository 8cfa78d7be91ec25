"""The examples of the modules' READMEs, as they stand. One root module calls them all, so that one plan is enough."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.infra_check.steps import Step, Unit, planned

FENCE = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOLDER = "examples"
NAME = FOLDER
PROVIDER = 'provider "google" {\n  project = "acme-telecom"\n  region  = "us-central1"\n}\n'


def blocks(readme: str) -> list[str]:
    """What stands in the fences of a README that are Terraform."""
    return FENCE.findall(readme)


def write(modules: Sequence[Path]) -> Path:
    """Writes each module's example as a module of its own beside `modules`, and a root that calls them; returns it.

    A README without an example gets none.
    """
    root = modules[0].parents[1] / FOLDER
    root.mkdir()
    calls = []
    for module in modules:
        readme = module / "README.md"
        if found := blocks(readme.read_text("utf-8")) if readme.is_file() else []:
            (root / module.name).mkdir()
            (root / module.name / "main.tf").write_text("\n".join(found), "utf-8")
            calls.append(f'module "{module.name}" {{\n  source = "./{module.name}"\n}}\n')
    versions = next(iter(modules[0].glob("versions.tf")), None)
    text = versions.read_text("utf-8") + PROVIDER if versions else ""
    (root / "main.tf").write_text("\n".join([text, *calls]), "utf-8")
    return root


def counts(plan: Mapping[str, Any]) -> Counter[str]:
    """Resources that a plan makes, by the outermost module; a module that is called and makes nothing counts 0."""
    called = plan.get("configuration", {}).get("root_module", {}).get("module_calls", {})
    found = Counter(dict.fromkeys(called, 0))
    for change in plan.get("resource_changes", ()):
        if change["change"]["actions"] == ["create"]:
            found[change["address"].split(".")[1]] += 1
    return found


def examples(unit: Unit, modules: Sequence[Path]) -> Iterator[Step]:
    """Init, validate and plan of all examples; then a step per module, which fails where its example makes nothing.

    Args:
        unit: the folder that `write` returned.
        modules: the modules, all of which must have an example.
    """
    yield unit.step("init", "init")
    yield unit.step("validate", "validate")
    yield unit.step("plan", "plan", "-out=examples.tfplan", note=planned)
    began = time.monotonic()
    done = unit.terraform.run(unit.folder, "show", "-json", "examples.tfplan")
    done.check_returncode()
    found = counts(json.loads(done.stdout))
    for module in modules:
        of_module = Unit(f"modules/{module.name}", unit.folder, unit.terraform)
        faults = [] if found[module.name] else ["Its README has no example (```hcl) that makes something."]
        yield of_module.look("example", faults, began, f"{found[module.name]} to add, as in README.md")
        began = time.monotonic()
