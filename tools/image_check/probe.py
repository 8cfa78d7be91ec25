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

# Of each image: packages of ours; what it leaves out; and what its functions import late.
PACKAGES = {"churn": ("telecom", "mlops"), "assistant": ("telecom", "llmops")}
OF_ONE_MACHINE = "telecom.adapters.local"
LEFT_OUT = {
    "churn": (
        *(OF_ONE_MACHINE, "mlops.src.report", "mlops.src.churn_report", "mlops.src.churn_loop", "mlops.src.model_card"),
        *("mlops.src.pipelines.components", "mlops.src.pipelines.promotion"),
        *("telecom.adapters._llm", "telecom.adapters.gcp.llm", "telecom.adapters.gcp.armor"),
        *("telecom.adapters.gcp.retrieval", "telecom.adapters.gcp.search_stores"),
        *("telecom.adapters.gcp._agent_search", "telecom.adapters.gcp._search_state"),
    ),
    "assistant": (
        *(OF_ONE_MACHINE, "llmops.rag", "llmops.evaluations"),
        *("telecom.adapters.gcp.automl", "telecom.adapters.gcp._automl", "telecom.adapters.gcp.batch"),
        *("telecom.adapters.gcp.endpoints", "telecom.adapters.gcp.experiments", "telecom.adapters.gcp.features"),
        *("telecom.adapters.gcp._features", "telecom.adapters.gcp.metrics", "telecom.adapters.gcp.monitoring"),
        *("telecom.adapters.gcp.pipelines", "telecom.adapters.gcp.preflight", "telecom.adapters.gcp.registry"),
        *("telecom.adapters.gcp.traffic", "telecom.adapters.gcp._vertex", "telecom.adapters.gcp._sdk"),
        *("telecom.adapters.gcp._samples", "telecom.adapters.gcp._serving", "telecom.adapters.gcp._cloud_run"),
        *("telecom.adapters.gcp._run_api", "telecom.synthetic"),
    ),
}
LATE = {
    "churn": ("xgboost", "optuna", "google.cloud.aiplatform", "pyarrow.parquet", "kfp.dsl.executor_main"),
    "assistant": ("google.cloud.modelarmor_v1", "google.genai", "openai", "pydantic_ai.models.google"),
}


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


def needed(name: str, image: str = "churn") -> bool:
    """Whether an image must be able to import a module of ours.

    None has the engine of one machine. The churn image draws no report, takes its pipelines compiled, and answers
    nobody: it reaches the records of conversations only to erase people from them. The assistant's trains, registers
    and rolls out nothing, and does not ingest documents.
    """
    return not (name.startswith(LEFT_OUT[image]) or name.endswith(("_pipeline", "__main__")))


def imported(image: str) -> tuple[int, dict[str, str]]:
    """Imports every needed module of ours, and what functions import late; returns how many, and the failures."""
    wanted = list(LATE[image])
    for package in PACKAGES[image]:
        path = importlib.import_module(package).__path__
        wanted += [m.name for m in pkgutil.walk_packages(path, f"{package}.", str) if needed(m.name, image)]
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
    """Prints what was found; the arguments are the image and the folders to try."""
    os.environ["_KFP_RUNTIME"] = "true"
    image, *folders = sys.argv[1:]
    count, failed = imported(image)
    found = {
        "user": os.getuid(),
        "python": sys.version.split()[0],
        "writable": writable(folders),
        "modules": count,
        "failed": failed,
        "packages": sorted({d.metadata["Name"].lower() for d in distributions()}),
        "without_bytecode": sorted(without_bytecode()),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
