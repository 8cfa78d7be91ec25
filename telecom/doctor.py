"""What this machine lacks, and the exact command that mends it."""

import importlib.metadata
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from telecom.errors import TelecomError, UsageError
from telecom.settings import Settings

NEEDED = {
    "duckdb": "local",
    "sqlglot": "local",
    "mlflow": "local",
    "prometheus_client": "local",
    "xgboost": "train",
    "scipy": "train",
    "optuna": "train",
    "jinja2": "report",
    "vl_convert": "report",
}
FREE_GB = 2.0


@dataclass(frozen=True)
class Check:
    """One thing looked at; `mend` is a command or instruction, empty when all is well."""

    name: str
    ok: bool
    found: str
    mend: str


def examine(settings: Settings) -> tuple[Check, ...]:
    """Looks at everything that the local backend needs; changes nothing that stays."""
    checks: list[Callable[[], Check]] = [
        _python,
        lambda: _home(settings.home),
        lambda: _space(settings.home),
        _contracts,
    ]
    packages = [_package(name, extra) for name, extra in NEEDED.items()]
    return (*(check() for check in checks), *packages, _warehouse(settings), _one_xgboost())


def examine_gcp(settings: Settings, repository: str = "") -> tuple[Check, ...]:
    """Looks at everything that a Google Cloud project needs; changes nothing.

    Args:
        settings: name the project, the environment and the region.
        repository: the GitHub repository (`owner/name` or its number) that federation must name; empty: any single one.

    Raises:
        UsageError: no project is set.
        DependencyUnavailable: nobody is signed in, or the extra `gcp` is not installed.
    """
    from telecom.bootstrap import missing_extra
    from telecom.preflight_rules import examine as judge

    if not settings.project:
        raise UsageError("TELECOM_PROJECT is empty.", "Name the Google Cloud project: export TELECOM_PROJECT=…")
    try:
        from telecom.adapters.gcp.preflight import GooglePreflight
    except ModuleNotFoundError as error:
        raise missing_extra(error, "gcp") from error
    return judge(GooglePreflight(settings).observe(), repository)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Check("python", ok, version, "" if ok else "Install Python 3.11 or newer, then: make clean demo")


def _home(home: Path) -> Check:
    mend = "Set TELECOM_HOME to a folder you may write"
    try:
        nearest = next(path for path in (home, *home.parents) if path.exists())
        if not nearest.is_dir():
            return Check("state folder", False, f"{nearest} is a file, not a folder", mend)
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        return Check("state folder", False, f"{home}: {error.strerror}", mend)
    return Check("state folder", True, str(home), "")


def _space(home: Path) -> Check:
    parent = next(folder for folder in (home, *home.parents) if folder.is_dir())
    free = shutil.disk_usage(parent).free / 2**30
    return Check(
        "free disk",
        free >= FREE_GB,
        f"{free:,.1f} GiB",
        "" if free >= FREE_GB else f"Free {FREE_GB:g} GiB at {parent}",
    )


def _contracts() -> Check:
    from telecom.tables import contracts

    try:
        return Check("table contracts", True, f"{len(contracts())} tables", "")
    except TelecomError as error:
        return Check("table contracts", False, error.message, "git checkout -- data/schemas")


def _package(name: str, extra: str) -> Check:
    found = importlib.util.find_spec(name) is not None
    return Check(
        name,
        found,
        "installed" if found else "missing",
        "" if found else f"pip install 'telecom-ml-llmops[{extra}]'",
    )


def _one_xgboost() -> Check:
    installed = [d for d in ("xgboost", "xgboost-cpu") if _installed(d)]
    ok = len(installed) == 1
    mend = "" if ok else "pip uninstall -y xgboost xgboost-cpu && pip install xgboost-cpu==3.2.0"
    return Check("one xgboost distribution", ok, ", ".join(installed) or "none", mend)


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _warehouse(settings: Settings) -> Check:
    """Whether the local tables can be read, without creating any."""
    if settings.backend != "local" or not (settings.home / "warehouse" / "catalog.json").is_file():
        return Check("warehouse", True, "nothing written yet", "")
    from telecom.bootstrap import Platform

    try:
        rows = (
            Platform(settings)
            .warehouse.query(
                "SELECT COUNT(*) AS n, COUNT(DISTINCT snapshot_date) AS days FROM telecom_gold.telco_churn_features"
            )
            .to_pylist()[0]
        )
    except (TelecomError, OSError) as error:
        return Check("warehouse", False, str(error), f"Move {settings.home} aside and run the loop again")
    return Check("warehouse", True, f"{rows['n']:,} customers, {rows['days']} snapshot(s)", "")
