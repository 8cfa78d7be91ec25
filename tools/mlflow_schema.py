"""Writes the script of an empty MLflow database: `python -m tools.mlflow_schema`, after another MLflow is locked."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from telecom.adapters.local._mlflow_schema import SCRIPT, first_line

OF_MIGRATIONS = ('INSERT INTO "alembic_version"', 'INSERT INTO "workspaces"')


def made_by_mlflow() -> str:
    """The script of what MLflow makes, without the experiment that it adds whenever there is none."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.tracking import MlflowClient

    with TemporaryDirectory() as folder:
        path = Path(folder) / "mlflow.db"
        uri = f"sqlite:///{path}"
        MlflowClient(tracking_uri=uri, registry_uri=uri).search_registered_models()
        with closing(sqlite3.connect(path)) as database:
            lines = [line for line in database.iterdump() if _is_kept(line)]
    text = "\n".join((first_line(), *lines, ""))
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _is_kept(line: str) -> bool:
    return not line.startswith("INSERT") or line.startswith(OF_MIGRATIONS)


if __name__ == "__main__":
    SCRIPT.write_text(made_by_mlflow(), "utf-8")
