"""Runs inside the image, on its packages alone: what may be written, and what may be imported.

Given to the image's Python on standard input; prints one JSON document.
"""

import importlib
import json
import os
import pkgutil
import sys
from importlib.metadata import distributions
from pathlib import Path

OF_ONE_MACHINE = ("telecom.adapters.local", "mlops.src.report")
DEFINITIONS = ("mlops.src.pipelines.components", "mlops.src.pipelines.promotion")


def writable(folders: list[str]) -> list[str]:
    """Those folders in which a file can be made."""
    found = []
    for folder in folders:
        path = Path(folder) / "telecom-image-probe"
        try:
            path.touch()
            path.unlink()
        except OSError:
            continue
        found.append(folder)
    return found


def needed(name: str) -> bool:
    """Whether the image must be able to import a module of ours.

    It draws no report, has no engine of one machine, and takes its pipelines compiled.
    """
    if name.startswith(OF_ONE_MACHINE) or name in ("mlops.src.churn_report", "mlops.src.churn_loop"):
        return False
    return not (name in DEFINITIONS or name.endswith(("_pipeline", "__main__")))


def imported() -> tuple[int, dict[str, str]]:
    """Imports every needed module of ours, and what functions import late; returns how many, and the failures."""
    wanted = ["xgboost", "optuna", "google.cloud.aiplatform", "pyarrow.parquet", "kfp.dsl.executor_main"]
    for package in ("telecom", "mlops"):
        path = importlib.import_module(package).__path__
        wanted += [module.name for module in pkgutil.walk_packages(path, f"{package}.") if needed(module.name)]
    failed = {}
    for name in wanted:
        try:
            importlib.import_module(name)
        except Exception as error:
            failed[name] = repr(error)
    return len(wanted), failed


def without_bytecode() -> list[str]:
    """Modules of packages that were read from a source file that has no bytecode beside it."""
    loaded = {name: module.__spec__ for name, module in tuple(sys.modules.items()) if getattr(module, "__spec__", None)}
    files = {name: spec.cached for name, spec in loaded.items() if spec and "site-packages" in str(spec.origin)}
    return [name for name, cached in files.items() if cached and not Path(cached).exists()]


def main() -> None:
    """Prints what was found; the folders to try are the arguments."""
    os.environ["_KFP_RUNTIME"] = "true"
    count, failed = imported()
    found = {
        "user": os.getuid(),
        "python": sys.version.split()[0],
        "writable": writable(sys.argv[1:]),
        "modules": count,
        "failed": failed,
        "packages": sorted({d.metadata["Name"].lower() for d in distributions()}),
        "without_bytecode": sorted(without_bytecode()),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
