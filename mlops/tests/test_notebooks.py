"""The notebooks are clean, call our functions instead of having their own, and run from top to bottom."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "mlops" / "notebooks"
ORDER = ("eda_churn", "data_prep_churn", "train_churn_xgboost", "drift_monitoring_churn", "batch_inference_churn")
CALLED = {
    "eda_churn": {"load", "roc_auc"},
    "data_prep_churn": {"run", "measure", "write_csv"},
    "train_churn_xgboost": {"fit", "run", "curves", "shap_summary"},
    "drift_monitoring_churn": {"check", "run", "reference_profile", "profile_rows"},
    "batch_inference_churn": {"run", "load_model", "expected_value"},
}
PLOTS = 3


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def code(name: str) -> list[Any]:
    return [cell for cell in read(name).cells if cell.cell_type == "code"]


def tree(name: str) -> ast.Module:
    return ast.parse("\n".join(cell.source for cell in code(name)))


def test_these_are_all() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_nothing_of_a_run_is_kept(name: str) -> None:
    book = read(name)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor >= 5) == (4, True)
    assert book.metadata.kernelspec.name == "python3"
    assert [cell.id for cell in code(name) if cell.outputs or cell.execution_count is not None] == []
    assert set(book.metadata) == {"kernelspec", "language_info"}
    # Names that people gave: an editor that renumbers the cells would show up here.
    assert [cell.id for cell in book.cells if not re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id)] == []


@pytest.mark.parametrize("name", ORDER)
def test_it_opens_as_the_others_do(name: str) -> None:
    title, where, parameters, opening = read(name).cells[:4]
    assert title.source.startswith("# ") and "**The question.**" in title.source
    assert all(word in where.source for word in ("%pip install", "TELECOM_BACKEND=gcp", "TELECOM_PROJECT"))
    assert parameters.metadata.tags == ["parameters"]
    assert all(isinstance(node, ast.Assign) for node in ast.parse(parameters.source).body)
    assert "Platform(load_settings())" in opening.source
    assert "## What this says, and what to do next" in read(name).cells[-1].source


@pytest.mark.parametrize("name", ORDER)
def test_it_calls_our_functions_and_has_none_of_its_own(name: str) -> None:
    nodes = list(ast.walk(tree(name)))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    assert [node.name for node in nodes if isinstance(node, kinds)] == []
    ours = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("mlops", "telecom"))
        for alias in node.names
    }
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert stored & ours == set()
    calls = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in nodes
        if isinstance(node, ast.Call)
    }
    assert CALLED[name] - calls == set()


@pytest.mark.parametrize("name", ORDER)
def test_links_lead_somewhere(name: str) -> None:
    prose = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)#]+)", prose)
    assert links and [link for link in links if not (FOLDER / link).exists()] == []


@pytest.mark.skipif(not os.environ.get("NOTEBOOKS"), reason="minutes: NOTEBOOKS=1, or make notebooks, CI's own job")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_they_run_from_top_to_bottom(tmp_path: Path) -> None:
    # The notebooks share a home, as they do for a person who reads them one after the other.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELECOM_")}
    environment |= {"TELECOM_HOME": str(tmp_path / "home"), "TELECOM_CHURN_TUNING_TRIALS": "2"}
    files = [str(FOLDER / f"{name}.ipynb") for name in ORDER]
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--output-dir", str(tmp_path)]
    done = subprocess.run([*command, *files], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-4000:]
    for name in ORDER:
        cells = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4).cells
        outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
        assert [output.text for output in outputs if output.get("name") == "stderr"] == []
        assert sum("image/png" in output.get("data", {}) for output in outputs) >= PLOTS
