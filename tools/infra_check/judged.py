"""What the project's own policies and its cost page say of plans that were made here."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tools.infra_cost.estimate import estimate
from tools.infra_cost.page import whole
from tools.infra_cost.tables import read_prices, read_usage
from tools.infra_policies.__main__ import POLICIES as POLICIES
from tools.infra_policies.exceptions import Exemption, read_exceptions, sorted_out
from tools.infra_policies.plan import ENVIRONMENTS as ENVIRONMENTS
from tools.infra_policies.plan import Plan, read_plan, resources
from tools.infra_policies.policy import examine

EXCEPTIONS = Path("infra/policy-exceptions.yaml")
PRICES, USAGE, PAGE = Path("infra/prices.yaml"), Path("infra/usage"), Path("docs/infra/cost.md")


def policy_faults(plan: Mapping[str, Any], environment: str, checkout: Path, today: date) -> list[str]:
    """What the policies refuse of a plan: one line per finding.

    Args:
        plan: `terraform show -json`.
        environment: dev or prod; any other counts as prod.
        checkout: where the file of exceptions lies; without one there are none.
        today: the day on which exceptions must still hold.

    Raises:
        UsageError: the exceptions cannot be read, or one has ended.
    """
    chosen = environment if environment in ENVIRONMENTS else "prod"
    found = Plan(environment, chosen, tuple(resources(plan, chosen)))
    remaining, _, idle = sorted_out(list(examine(found, POLICIES)), _exemptions(checkout, chosen, today))
    refused = [f"{each.policy}: {each.address}: {each.what}" for each in remaining if not each.open]
    return [
        *refused,
        *(f"The exception of {each.policy} for {each.address} covers nothing; remove it." for each in idle),
    ]


def priced(checkout: Path) -> bool:
    """Whether a checkout has prices, from which its cost page is written."""
    return (checkout / PRICES).is_file()


def cost_faults(plans: Sequence[Path], checkout: Path) -> list[str]:
    """How the cost page departs from what the plans of both environments cost now.

    Raises:
        UsageError: prices or assumptions cannot be read.
    """
    prices = read_prices(checkout / PRICES)
    read = sorted((read_plan(path) for path in plans), key=lambda plan: plan.environment)
    usages = [read_usage(checkout / USAGE / f"{plan.environment}.yaml") for plan in read]
    found = [estimate(plan, usage, prices) for plan, usage in zip(read, usages, strict=True)]
    faults = [f"{each.environment}: nobody has priced {name}" for each in found for name in each.unpriced]
    faults += [f"{each.environment}: no use is assumed for {address}" for each in found for address in each.unassumed]
    page = checkout / PAGE
    if not page.is_file() or page.read_text("utf-8") != whole(prices, usages, found):
        faults.append(f"{PAGE} is stale. → make infra-check OPTIONS='--plans DIR', then ")
        faults[-1] += "python -m tools.infra_cost DIR/*.json --write-page"
    return faults


def _exemptions(checkout: Path, environment: str, today: date) -> list[Exemption]:
    file = checkout / EXCEPTIONS
    known = read_exceptions(file, [policy.id for policy in POLICIES], today) if file.is_file() else ()
    return [each for each in known if environment in each.environments]
