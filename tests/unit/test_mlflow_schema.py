"""The script of an empty MLflow database: what the installed MLflow makes itself, or nothing."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from telecom.adapters.local import _mlflow_schema
from telecom.adapters.local._mlflow_schema import SCRIPT, make_database
from tools import mlflow_schema


def versions(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT version_num FROM alembic_version").fetchall()


def described(script: str) -> list[tuple[list[str], list[list[str]]]]:
    """Each statement: its lines, and the words of its constraints, in one order: MLflow's is that of a set."""
    found = []
    for statement in script.split(";\n"):
        lines = [line.strip(" \t,") for line in statement.splitlines()]
        rules = [line for line in lines if re.match("CONSTRAINT|CHECK|FOREIGN|PRIMARY|UNIQUE", line)]
        found.append(
            ([line for line in lines if line not in rules], sorted(sorted(re.findall(r"\w+", rule)) for rule in rules))
        )
    return sorted(found)


def test_the_script_is_what_mlflow_makes() -> None:
    kept, made = SCRIPT.read_text("utf-8"), mlflow_schema.made_by_mlflow()
    assert described(kept) == described(made), "Run: python -m tools.mlflow_schema"


def test_a_database_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "home" / "mlflow.db"
    make_database(path)
    assert len(versions(path)) == 1 and [file.name for file in path.parent.iterdir()] == ["mlflow.db"]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'other'")
    make_database(path)
    assert versions(path) == [("other",)]


def test_another_mlflow_makes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_mlflow_schema, "version", lambda _: "3.18.0")
    make_database(tmp_path / "mlflow.db")
    assert not (tmp_path / "mlflow.db").exists()
