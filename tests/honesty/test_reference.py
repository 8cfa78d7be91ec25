"""Pages written from the code are current; pages written by hand name what the code has."""

import ast
import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mlops.src.modelling.gate import decide
from mlops.src.modelling.gate_checks import Evidence, GateConfig, Scored
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.tuning import TuningConfig
from telecom import errors
from telecom.tables import contracts
from tests.honesty import emitted_metrics
from tests.honesty.documents import ROOT, files, name_of, pages, spans
from tools import generate_docs, metrics_page

INTAKE = re.compile(r"mlops/src/(intake/.*|data_ingestion|public_data)\.py|telecom/adapters/_paths\.py")
TABLE = re.compile(r"telecom_(?:bronze|silver|gold|monitoring)\.\w+")
MODEL_PAGE = ROOT / "docs/mlops/model.md"
LISTED_CODE = re.compile(r"^\| `([a-z_]+)` \|", re.MULTILINE)
GENERATED = cache(generate_docs.written)


def test_generated_pages_are_current() -> None:
    stale = {folder.name: generate_docs.stale(folder, wanted) for folder, wanted in GENERATED().items()}
    assert stale == {"reference": (), "api": ()}, "run: make docs"


def test_a_stale_page_is_named_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "reference"
    # That the same code gives the same pages again is the test above, against pages of another process.
    folders = {tmp_path / made.name: wanted for made, wanted in GENERATED().items()}
    monkeypatch.setattr(generate_docs, "ROOT", tmp_path)
    monkeypatch.setattr(generate_docs, "written", lambda: folders)
    assert generate_docs.main([]) == 0 and generate_docs.main(["--check"]) == 0
    (folder / "errors.md").write_text("old", "utf-8")
    (folder / "tables.md").unlink()
    (folder / "stranger.md").write_text("from nowhere", "utf-8")
    (tmp_path / "api" / "churn.openapi.json").write_text("{}", "utf-8")
    capsys.readouterr()
    assert generate_docs.main(["--check"]) == 1
    named = re.findall(r"(\w+)/([\w.]+) is stale", capsys.readouterr().err)
    assert named == [(folder.name, f"{page}.md") for page in ("errors", "stranger", "tables")] + [
        ("api", "churn.openapi.json")
    ]
    assert generate_docs.main([]) == 0 and generate_docs.main(["--check"]) == 0


def test_the_drawn_error_tree_is_the_tree() -> None:
    drawn = re.findall(r"^([│├└─ ]*)(\w+) +exit (\d)", errors.__doc__ or "", re.MULTILINE)
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.TelecomError)]
    depth = {kind.__name__: len(kind.__mro__) - len(errors.TelecomError.__mro__) for kind in kinds}
    assert {(name, len(lead) // 4, int(code)) for lead, name, code in drawn} == {
        (kind.__name__, depth[kind.__name__], kind.exit_code) for kind in kinds
    }


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_tables_named_in_a_page_have_a_contract(page: Path) -> None:
    known = {contract.table for contract in contracts().values()}
    named = {name for _, text in spans(page) for name in TABLE.findall(text)}
    assert named <= known


def test_every_refusal_code_of_the_intake_is_explained() -> None:
    page = (ROOT / "docs/mlops/ingestion.md").read_text("utf-8")
    assert set(LISTED_CODE.findall(page)) == reason_codes(lambda name: bool(INTAKE.fullmatch(name)))


def test_every_other_refusal_code_is_explained() -> None:
    page = MODEL_PAGE.read_text("utf-8").split("## Refusal codes")[1].split("\n## ")[0]
    in_code = reason_codes(lambda name: name.startswith("mlops/src/") and not INTAKE.fullmatch(name))
    assert set(LISTED_CODE.findall(page)) == in_code


@pytest.mark.parametrize("config", [TuningConfig, EconomicsConfig, GateConfig], ids=lambda config: config.__name__)
def test_the_model_page_has_every_default(config: type) -> None:
    told = set(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", MODEL_PAGE.read_text("utf-8"), re.MULTILINE))
    assert {(field.name, f"{field.default:g}") for field in fields(config)} <= {(n, f"{float(v):g}") for n, v in told}


def test_the_model_page_has_every_check_of_the_gate() -> None:
    rng = np.random.default_rng(0)
    y, scores = (rng.random(600) < 0.3).astype(float), rng.random((2, 600))
    charges, base = np.full(600, 70.0), np.full(600, 0.3)
    champion, candidate = (Scored(score, 0.4) for score in scores)
    slices = {"gender": np.repeat(["Female", "Male"], 300)}
    evidence = Evidence(y, candidate, champion, base, base, charges, EconomicsConfig(), slices)
    made = {check.name.split(":")[0] for check in decide(evidence, GateConfig(resamples=200)).checks}
    page = MODEL_PAGE.read_text("utf-8").split("| checks |")[1].split("\n\n")[0]
    assert {name for row in page.splitlines() for name in re.findall("`([a-z_]+)`", row.split("|")[1])} == made


def reason_codes(wanted: Callable[[str], bool]) -> set[str]:
    """First arguments of InputRefused, and of helpers that pass theirs on; codes listed in REASONS."""
    found: set[str] = set()
    for path in files():
        if path.suffix == ".py" and wanted(name_of(path)):
            found |= codes_in(ast.parse(path.read_text("utf-8")))
    return found - {""}


def codes_in(tree: ast.AST) -> set[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    named = [
        c.args[0] for c in calls if getattr(c.func, "id", getattr(c.func, "attr", "")) in ("InputRefused", "_refused")
    ]
    listed = [
        item
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "REASONS"
        for item in getattr(node.value, "elts", ())
    ]
    return {str(node.value) for node in (*named, *listed) if isinstance(node, ast.Constant)}


def test_codes_are_found_where_they_are_written() -> None:
    source = 'InputRefused("a_b", "x")\nself._refused("c", "x")\nerrors.InputRefused(code, "x")\nREASONS = ("", "d")'
    assert codes_in(ast.parse(source)) == {"", "a_b", "c", "d"}


def test_the_page_of_metrics_has_every_metric_of_services_and_jobs() -> None:
    text = metrics_page.metrics_page()
    for service in emitted_metrics.SERVICES:
        for name, metric in emitted_metrics.of_service(service).items():
            row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` | {metric.kind} |"))
            assert set(re.findall(r"`(\w+)`", row.split(" | ")[2])) == metric.labels
    jobs = {name: metric.labels - {"job", "env"} for name, metric in emitted_metrics.of_jobs().items()}
    assert {name: frozenset(labels) for name, (labels, _) in metrics_page.gauges().items()} == jobs
