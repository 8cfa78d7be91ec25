"""`python -m tools.infra_cost PLAN.json…`: what each environment costs a month.

Exits with 0, with 4 when a resource has no price or no assumed use (or, with --check-page, when the page is stale),
with 2 when a file cannot be read.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from telecom import console
from telecom.errors import TelecomError, UsageError
from tools.infra_cost.estimate import Estimate, estimate, shown
from tools.infra_cost.page import whole
from tools.infra_cost.tables import read_prices, read_usage
from tools.infra_policies.plan import ENVIRONMENTS, read_plan

ROOT = Path(__file__).resolve().parents[2]
PRICES = ROOT / "infra" / "prices.yaml"
USAGE = ROOT / "infra" / "usage"
PAGE = ROOT / "docs" / "infra" / "cost.md"
REFUSED = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    chosen = _arguments(arguments)
    try:
        prices = read_prices(chosen.prices)
        plans = sorted((read_plan(path, chosen.env) for path in chosen.plans), key=lambda plan: plan.environment)
        usages = [read_usage(chosen.usage / f"{plan.environment}.yaml") for plan in plans]
        found = [estimate(plan, usage, prices) for plan, usage in zip(plans, usages, strict=True)]
        text = whole(prices, usages, found)
        if chosen.write_page or chosen.check_page:
            return _page(text, found, write=chosen.write_page)
    except TelecomError as error:
        console.print_error(error, as_json=chosen.json)
        return error.exit_code
    if chosen.json:
        console.print_json({"estimates": found})
    else:
        for each in found:
            _show(each)
    return REFUSED if any(each.unpriced or each.unassumed for each in found) else 0


def _page(text: str, found: Sequence[Estimate], *, write: bool) -> int:
    if tuple(each.environment for each in found) != ENVIRONMENTS:
        raise UsageError("The page is about every environment.", f"Name the plans of {' and '.join(ENVIRONMENTS)}.")
    if write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.read_text("utf-8") == text:
        return 0
    console.print_next("docs/infra/cost.md is stale: python -m tools.infra_cost --write-page PLAN.json…")
    return REFUSED


def _show(found: Estimate) -> None:
    large, small = shown(found.lines)
    rows = [(x.item, f"{x.quantity:,.4g} {x.unit}", f"{x.price:g}", f"{x.usd:,.2f}", x.kind) for x in large]
    total = ("total", "", "", f"{found.usd:,.2f}", "")
    title = f"{found.environment}: dollars a month"
    console.print_table(title, ("item", "quantity", "price", "dollars", "price from"), [*rows, total])
    console.print_next(
        f"With the free tier {found.usd_with_free_tier:,.2f}; {found.usd_unsure:,.2f} by prices not looked up; "
        f"{small} items below half a cent."
    )
    for name in found.unpriced:
        console.print_next(f"Not priced: {name}. Measure it in tools/infra_cost/quantities.py, or say that it is free.")
    for address in found.unassumed:
        console.print_next(f"No use is assumed for {address}. Add it to infra/usage/{found.environment}.yaml.")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.infra_cost", description=__doc__)
    parser.add_argument("plans", nargs="+", type=Path, metavar="PLAN.json", help="what terraform show -json wrote")
    parser.add_argument(
        "--env", choices=ENVIRONMENTS, default="", help="environment of the plans; default: they say it"
    )
    parser.add_argument("--prices", type=Path, default=PRICES, help="the price table")
    parser.add_argument("--usage", type=Path, default=USAGE, help="folder of the assumptions")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--write-page", action="store_true", help="write docs/infra/cost.md and end")
    parser.add_argument("--check-page", action="store_true", help="exit with 4 when docs/infra/cost.md is stale")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
