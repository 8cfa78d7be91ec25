"""The life of an environment: init, validate, plan, policies, apply, an empty plan, two buckets changed, destroy."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.infra_check import inventory, isolation, judged
from tools.infra_check.steps import Step, Unit, applied, planned, tests
from tools.infra_check.workspace import tested

PLAN = "infra-check.tfplan"
REMOVED, RENAMED = "models", "silver"


@dataclass(frozen=True)
class Life:
    """How an environment is gone through.

    Args:
        committed: its folder in the checkout, with the inventory.
        checkout: the checkout, with the exceptions from policies.
        plans: where to leave the plan as `<env>.json`.
        buckets: whether two buckets are changed; one environment is enough, since all are made of the same modules.
    """

    committed: Path
    checkout: Path
    plans: Path
    buckets: bool


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


def life(unit: Unit, how: Life) -> Iterator[Step]:
    """Every step with the stand-in; whoever asks stops after one that did not pass and that `stops`.

    Args:
        unit: the environment's copy.
        how: what is compared, judged and left behind.
    """
    yield from planning(unit)
    if tested(how.committed):
        yield unit.step("test", "test", note=tests)
    began, plan = time.monotonic(), plan_of(unit)
    (how.plans / f"{how.committed.name}.json").write_text(json.dumps(plan), "utf-8")
    faults = inventory.differences(inventory.inventory(plan), how.committed)
    yield unit.look("inventory", faults, began, f"{len(inventory.addresses(plan))} addresses as in {inventory.NAME}")
    yield policies(unit, plan, how)
    yield unit.step("apply", "apply", PLAN, note=applied)
    yield unit.step("second plan", "plan", "-detailed-exitcode", note=planned)
    if how.buckets:
        yield from two_buckets(unit, isolation.buckets(plan))
    yield unit.step("destroy", "destroy", "-auto-approve", "-refresh=false", note=applied)
    began = time.monotonic()
    left = unit.terraform.run(unit.folder, "state", "list").stdout.split()
    yield unit.look("nothing left", left, began, "state is empty")


def policies(unit: Unit, plan: Mapping[str, Any], how: Life) -> Step:
    """Our own policies over the plan, as `python -m tools.infra_policies` judges it."""
    began = time.monotonic()
    faults = judged.policy_faults(plan, how.committed.name, how.checkout, datetime.now(UTC).date())
    return unit.look("policies", faults, began, f"none of {len(judged.POLICIES)} refuses anything")


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
