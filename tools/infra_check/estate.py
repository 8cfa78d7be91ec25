"""The life of an environment: init, validate, plan, apply, nothing left to plan, two buckets changed, destroy."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.infra_check import inventory, isolation
from tools.infra_check.steps import Step, Unit, applied, planned, tests
from tools.infra_check.workspace import tested

PLAN = "infra-check.tfplan"
REMOVED, RENAMED = "models", "silver"


def plan_of(unit: Unit, file: str = PLAN) -> Mapping[str, Any]:
    """A plan as JSON.

    Raises:
        subprocess.CalledProcessError: terraform cannot show it.
    """
    done = unit.terraform.run(unit.folder, "show", "-json", file)
    done.check_returncode()
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def planning(unit: Unit) -> Iterator[Step]:
    """Init, validate, plan: what comes before anything is made."""
    yield unit.step("init", "init")
    yield unit.step("validate", "validate")
    yield unit.step("plan", "plan", f"-out={PLAN}", note=planned)


def life(unit: Unit, committed: Path, plans: Path | None = None) -> Iterator[Step]:
    """Every step with the stand-in; whoever asks stops after one that did not pass and that `stops`.

    Args:
        unit: the environment's copy.
        committed: its folder in the checkout, with the inventory.
        plans: where to leave the plan as `<env>.json`.
    """
    yield from planning(unit)
    if tested(committed):
        yield unit.step("test", "test", note=tests)
    began, plan = time.monotonic(), plan_of(unit)
    if plans:
        (plans / f"{committed.name}.json").write_text(json.dumps(plan), "utf-8")
    faults = inventory.differences(inventory.inventory(plan), committed)
    yield unit.look("inventory", faults, began, f"{len(inventory.addresses(plan))} addresses as in {inventory.NAME}")
    yield unit.step("apply", "apply", PLAN, note=applied)
    yield unit.step("second plan", "plan", "-detailed-exitcode", note=planned)
    yield from two_buckets(unit, isolation.buckets(plan))
    yield unit.step("destroy", "destroy", "-auto-approve", "-refresh=false", note=applied)
    began = time.monotonic()
    left = unit.terraform.run(unit.folder, "state", "list").stdout.split()
    yield unit.look("nothing left", left, began, "state is empty")


def two_buckets(unit: Unit, buckets: Mapping[str, Any]) -> Iterator[Step]:
    """Plans with one bucket removed and one renamed; every change must be theirs. Nothing without both of them."""
    if not {REMOVED, RENAMED} <= set(buckets):
        return
    values = isolation.values(isolation.changed(buckets, REMOVED, RENAMED), unit.folder)
    options = ("-refresh=false", f"-var-file={values.name}", "-out=buckets.tfplan")
    step = unit.step("buckets", "plan", *options, note=planned)
    if not step.passed:
        yield step
        return
    began = time.monotonic() - step.seconds
    faults = isolation.faults(isolation.changes(plan_of(unit, "buckets.tfplan")), REMOVED, RENAMED)
    note = f"{REMOVED!r} removed, {RENAMED!r} renamed: {step.note}; nothing else changes"
    yield unit.look("buckets", faults, began, note)
