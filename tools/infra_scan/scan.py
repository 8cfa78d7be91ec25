"""One run of checkov, and what it found."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from telecom.errors import DependencyUnavailable, TelecomError

OFFLINE = {"BC_API_KEY": "", "CKV_IGNORE_HIDDEN_DIRECTORIES": "true", "LOG_LEVEL": "ERROR"}
SECONDS = 300
# Terraform's own tests hold no resources, and checkov's parser hangs on some of them.
_IGNORED = shutil.ignore_patterns("tests", "*.tftest.hcl", ".terraform*")
OPTIONS = ("--skip-download", "--output", "json", "--compact", "--soft-fail")


@dataclass(frozen=True)
class Failure:
    """A check that failed."""

    check: str
    resource: str
    place: str
    sentence: str


@dataclass(frozen=True)
class Scan:
    """What one run looked at and found. `skipped` counts the skips written into the files."""

    target: str
    resources: int
    passed: int
    skipped: int
    failures: tuple[Failure, ...]
    unreadable: tuple[str, ...]


def scan(checkov: Path, target: Path, config: Path, tree: Path) -> Scan:
    """Runs checkov on a folder of Terraform files, or on the JSON of a plan; nothing is downloaded or sent.

    Args:
        checkov: the command.
        target: a folder or a plan.
        config: checkov's configuration file.
        tree: where the modules lie; a plan's resources are led back to them, so that skips written there count.

    Raises:
        DependencyUnavailable: checkov is not installed.
        TelecomError: checkov broke off, or says nothing that can be read.
    """
    if not checkov.is_file():
        raise DependencyUnavailable(
            f"{checkov} is not there.", "tools/setup.sh .venv-infra requirements-infra.lock alone"
        )
    with TemporaryDirectory() as name:
        copied = shutil.copytree(target if target.is_dir() else tree, name, dirs_exist_ok=True, ignore=_IGNORED)
        folder = ("--directory", copied, "--framework", "terraform")
        plan = ("--file", str(target), "--framework", "terraform_plan", "--repo-root-for-plan-enrichment", copied)
        command = (str(checkov), *(folder if target.is_dir() else plan), "--config-file", str(config), *OPTIONS)
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=os.environ | OFFLINE)
    try:
        reports = json.loads(done.stdout)
    except ValueError as error:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise TelecomError(f"checkov broke off on {target.name} ({done.returncode}): {said}") from error
    return read_report(reports, target.name, copied)


def read_report(reports: Any, shown: str, folder: str = "") -> Scan:
    """Checkov's JSON: one report or several, or, where nothing was looked at, only a summary.

    Paths are shown as they are below `folder`.
    """
    listed: Sequence[Mapping[str, Any]] = reports if isinstance(reports, list) else [reports]
    summaries = [report.get("summary", report) for report in listed]
    results = [report.get("results", {}) for report in listed]
    failures = sorted(
        {_failure(check) for result in results for check in result.get("failed_checks", ())},
        key=lambda failure: (failure.place, failure.resource, failure.check),
    )
    unreadable = {
        str(path).removeprefix(folder).lstrip("/") for result in results for path in result.get("parsing_errors", ())
    }
    if not unreadable and any(summary.get("parsing_errors") for summary in summaries):
        unreadable = {"files that checkov does not name"}
    resources, passed, skipped = (
        sum(summary.get(field, 0) for summary in summaries) for field in ("resource_count", "passed", "skipped")
    )
    return Scan(shown, resources, passed, skipped, tuple(failures), tuple(sorted(unreadable)))


def _failure(check: Mapping[str, Any]) -> Failure:
    lines = check.get("file_line_range") or [0]
    place = f"{str(check['file_path']).lstrip('/')}:{lines[0]}"
    return Failure(check["check_id"], check["resource"], place, check["check_name"])
