"""`python -m tools.infra_scan [PLAN.json…]`: checkov over infra/terraform, or over plans.

Exits with 0 when nothing failed, 4 when a check failed, 2 when a skip lacks a reason or nothing was looked at, 5 when
checkov is not installed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from telecom import console
from telecom.errors import TelecomError, UsageError
from tools.infra_scan.scan import Scan, scan
from tools.infra_scan.skips import Skip, read_skips

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "infra" / "terraform"
CONFIG = ROOT / "infra" / ".checkov.yaml"
CHECKOV = ROOT / ".venv-infra" / "bin" / "checkov"
REFUSED = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.infra_scan", description=__doc__)
    parser.add_argument("targets", nargs="*", type=Path, help="plans as JSON, or folders; default: infra/terraform")
    parser.add_argument("--config", type=Path, default=CONFIG, help="checkov's configuration: which checks are skipped")
    parser.add_argument("--checkov", type=Path, default=CHECKOV, help="the command")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    chosen = parser.parse_args(arguments)
    try:
        skips = read_skips(chosen.config, TREE)
        scans = [_looked(scan(chosen.checkov, each, chosen.config, TREE)) for each in chosen.targets or [TREE]]
    except TelecomError as error:
        console.print_error(error, as_json=chosen.json)
        return error.exit_code
    if chosen.json:
        console.print_json({"scans": scans, "skips": skips})
    else:
        _show(scans, skips)
    return REFUSED if any(each.failures or each.unreadable for each in scans) else 0


def _looked(found: Scan) -> Scan:
    """The scan, if it saw anything: an empty folder must not count as a clean one."""
    if not found.resources:
        raise UsageError(f"checkov found no resource in {found.target}.", "Name a folder of *.tf files, or a plan.")
    return found


def _show(scans: Sequence[Scan], skips: Sequence[Skip]) -> None:
    for each in scans:
        rows = [(failure.check, failure.place, failure.resource, failure.sentence) for failure in each.failures]
        rows += [("unreadable", path, "", "checkov cannot read this file") for path in each.unreadable]
        if rows:
            console.print_table(each.target, ("check", "place", "resource", "sentence"), rows)
        found = f"{len(each.failures)} failed" if each.failures else "none failed"
        console.print_next(f"{each.target}: {each.resources} resources, {each.passed} checks passed, {found}.")
    console.print_next(f"{len(skips)} skips, each with a reason: infra/.checkov.yaml and beside the resources.")


if __name__ == "__main__":
    sys.exit(main())
