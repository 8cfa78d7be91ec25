"""`python -m tools.infra_policies PLAN.json…`: refuses plans that break the project's policies.

Exits with 0 when nothing is wrong, 4 when a policy is broken, 2 when the plans or the exceptions cannot be read.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from telecom import console
from telecom.errors import UsageError
from tools.infra_policies import access, calls, cloud_run, keeping, labels, secret_values
from tools.infra_policies.exceptions import Exemption, read_exceptions, sorted_out
from tools.infra_policies.page import policies_page
from tools.infra_policies.plan import ENVIRONMENTS, read_plan
from tools.infra_policies.policy import Finding, Policy, examine

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = ROOT / "infra" / "policy-exceptions.yaml"
PAGE = ROOT / "docs" / "infra" / "policies.md"
REFUSED, MISUSED = 4, 2
POLICIES: tuple[Policy, ...] = (
    *cloud_run.POLICIES,
    *access.POLICIES,
    *calls.POLICIES,
    *keeping.POLICIES,
    *secret_values.POLICIES,
    *labels.POLICIES,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    chosen = _arguments(arguments)
    if chosen.write_page:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(policies_page(POLICIES), "utf-8")
        return 0
    try:
        if not chosen.plans:
            raise UsageError("No plan is named.", "python -m tools.infra_policies PLAN.json…")
        exemptions = read_exceptions(chosen.exceptions, [policy.id for policy in POLICIES], chosen.today)
        plans = [read_plan(path, chosen.env) for path in chosen.plans]
    except UsageError as error:
        console.print_error(error, as_json=chosen.json)
        return MISUSED
    findings = [finding for plan in plans for finding in examine(plan, POLICIES)]
    seen = {plan.environment for plan in plans}
    remaining, passed, idle = sorted_out(findings, [e for e in exemptions if seen & set(e.environments)])
    refused = tuple(finding for finding in remaining if chosen.strict or not finding.open)
    still_open = tuple(finding for finding in remaining if finding not in refused)
    if chosen.json:
        console.print_json({"refused": refused, "open": still_open, "excepted": passed, "idle_exceptions": idle})
    else:
        looked = sum(len(plan.resources) for plan in plans)
        _show(looked, refused, still_open, passed, idle)
    return REFUSED if refused else 0


def _show(
    looked: int,
    refused: Sequence[Finding],
    still_open: Sequence[Finding],
    passed: Sequence[Finding],
    idle: Sequence[Exemption],
) -> None:
    header = ("environment", "policy", "resource", "what")
    for title, found in (("Refused", refused), ("Open until apply", still_open), ("Let pass by exceptions", passed)):
        if found:
            console.print_table(title, header, [(f.environment, f.policy, f.address, f.what) for f in found])
    for policy in dict.fromkeys(finding.policy for finding in refused):
        console.print_next(f"{policy}: {next(f.remedy for f in refused if f.policy == policy)}")
    for exemption in idle:
        console.print_next(f"The exception of {exemption.policy} for {exemption.address} covers nothing; remove it.")
    verdict = f"{len(refused)} refused" if refused else "none refused"
    console.print_next(f"{looked} resources, {len(POLICIES)} policies: {verdict}, {len(still_open)} open until apply.")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.infra_policies", description=__doc__)
    parser.add_argument("plans", nargs="*", type=Path, metavar="PLAN.json", help="what terraform show -json wrote")
    parser.add_argument(
        "--env", choices=ENVIRONMENTS, default="", help="environment of the plans; default: they say it"
    )
    parser.add_argument("--exceptions", type=Path, default=EXCEPTIONS, help="file of exceptions")
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date(), help="day of judgement")
    parser.add_argument("--strict", action="store_true", help="refuse what is open until apply, too")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--write-page", action="store_true", help="write docs/infra/policies.md and end")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
