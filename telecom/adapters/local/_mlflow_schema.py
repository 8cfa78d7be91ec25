"""An empty MLflow database at once: MLflow plays all migrations it ever had into a new one, which takes seconds."""

import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from telecom.adapters.local._files import beside

SCRIPT = Path(__file__).with_name("mlflow_schema.sql")
"""Written by `python -m tools.mlflow_schema`. Its first line says of which MLflow it is."""


def make_database(path: Path) -> None:
    """Makes what the installed MLflow would make of a missing database; leaves that to MLflow if it is another one.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    script = SCRIPT.read_text("utf-8")
    if path.exists() or script.partition("\n")[0] != first_line():
        return
    with beside(path) as part, closing(sqlite3.connect(part)) as database:
        database.executescript(script)


def first_line() -> str:
    """Of a script that the installed MLflow can use."""
    return f"-- MLflow {version('mlflow-skinny')}, an empty database"
