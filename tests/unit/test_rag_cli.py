"""`telecom rag`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from telecom.rag_cli import rag
from tests.loopback.cloud import Cloud
from tests.loopback.fixtures import cloud, gcp_settings, running_cloud

__all__ = ["cloud", "gcp_settings", "running_cloud"]

PUBLIC = "---\naudience: [customer, agent]\nsensitivity: public\n---\n"
app = typer.Typer()
app.add_typer(rag, name="rag")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TELECOM_BACKEND", "local")
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "fatura.md").write_text(f"{PUBLIC}# Fatura\n\n## Segunda via\n\nA segunda via é gratuita.\n", "utf-8")
    (folder / "interno.md").write_text("# Limites\n\nO desconto máximo é de 15 %.\n", "utf-8")
    (folder / "foto.png").write_bytes(b"\x89PNG")
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rag", *arguments])


def test_before_anything_was_ingested(docs: Path) -> None:
    done = run("search", "segunda via")
    assert done.exit_code == 1
    assert "telecom rag ingest" in done.stderr
    told = json.loads(run("search", "segunda via", "--json").stdout)
    assert told["error"]["type"] == "NotFound" and "telecom rag ingest" in told["error"]["remedy"]


def test_ingest_and_search(docs: Path) -> None:
    done = run("ingest", str(docs))
    assert done.exit_code == 0, done.output
    assert "foto.png" in done.stdout and "unsupported" in done.stdout and "interno.md" in done.stdout
    told = json.loads(run("ingest", str(docs), "--json").stdout)
    assert (told["files"], told["unchanged"], told["by_reason"]) == (3, 2, {"unsupported": 1})
    assert json.loads(run("ingest", str(docs), "--again", "--json").stdout)["parsed"] == 2
    found = json.loads(run("search", "segunda via da conta", "--json").stdout)
    assert found["query"] == "segunda via da conta"
    (one,) = found["results"]
    assert set(one) == {"document", "title", "section", "page", "score", "text"}
    assert (one["document"], one["title"], one["section"], one["page"]) == ("fatura.md", "Fatura", "Segunda via", None)
    assert one["text"] == "A segunda via é gratuita." and 0 < one["score"] <= 1
    assert "fatura.md" in run("search", "segunda via").stdout


def test_agents_read_by_default_and_customers_when_asked(docs: Path) -> None:
    run("ingest", str(docs))
    assert len(json.loads(run("search", "desconto máximo", "--json").stdout)["results"]) == 1
    assert json.loads(run("search", "desconto máximo", "--audience", "customer", "--json").stdout)["results"] == []
    assert run("search", "x", "--audience", "anyone").exit_code == 2


def test_many_questions_are_lines(docs: Path, tmp_path: Path) -> None:
    run("ingest", str(docs))
    (tmp_path / "q.txt").write_text("\ufeffsegunda via\n\n  desconto?  \n???\n", "utf-8")
    lines = [
        json.loads(line)
        for line in run("search", "--file", str(tmp_path / "q.txt"), "-k", "1", "--json").stdout.splitlines()
    ]
    assert [line["query"] for line in lines] == ["segunda via", "desconto?", "???"]
    assert [len(line["results"]) for line in lines] == [1, 1, 0]
    assert "desconto?" in run("search", "--file", str(tmp_path / "q.txt")).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Give one question"),
        (("  ",), 2, "Give one question"),
        (("x", "--file", "q.txt"), 2, "Give one question"),
        (("--file", "nope.txt"), 1, "no file"),
        (("x", "-k", "0"), 2, ""),
        (("x", "--on", "ontem"), 2, "not a day"),
    ],
)
def test_what_cannot_be_meant(docs: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    run("ingest", str(docs))
    done = run("search", *arguments)
    assert done.exit_code == code and said in done.stderr


def test_a_folder_that_holds_nothing(docs: Path, tmp_path: Path) -> None:
    assert run("ingest", str(tmp_path / "nope")).exit_code == 2
    (tmp_path / "empty").mkdir()
    assert run("ingest", str(tmp_path / "empty")).exit_code == 3


def test_evaluate(docs: Path, tmp_path: Path) -> None:
    run("ingest", str(docs))
    ask = {"id": "1", "question": "segunda via", "audience": "customer", "split": "development"}
    questions = [ask | {"expected": [{"document": "fatura.md", "phrase": "gratuita"}]}, ask | {"expected": []}]
    (tmp_path / "q.json").write_text(json.dumps({"on": "2026-11-21", "questions": questions}), "utf-8")
    file = ("--file", str(tmp_path / "q.json"))
    told = json.loads(run("evaluate", *file, "--json").stdout)
    assert (told["questions"], told["unanswerable"], told["recall"]["value"]) == (1, 1, 1.0)
    assert run("evaluate", *file).exit_code == 0
    assert run("evaluate", *file, "--least-recall", "1").exit_code == 0
    questions[0]["expected"] = [{"document": "fatura.md", "phrase": "paga"}]
    (tmp_path / "q.json").write_text(json.dumps({"on": "2026-11-21", "questions": questions}), "utf-8")
    assert run("evaluate", *file, "--least-recall", "0.5").exit_code == 4
    assert run("evaluate", *file, "--least-recall", "0.5", "--json").exit_code == 4
    assert run("evaluate", *file, "--split", "other").exit_code == 2


def test_stores_are_google_clouds(docs: Path) -> None:
    done = run("build")
    assert done.exit_code == 2 and "TELECOM_BACKEND=gcp" in done.stderr
    assert json.loads(run("sync", "--json").stdout) == {"rows": 0, "changed": 0, "removed": 0}


def test_on_google_cloud(docs: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECOM_BACKEND", "gcp")
    monkeypatch.setenv("TELECOM_PROJECT", "telecom-test")
    assert json.loads(run("build", "--json").stdout)["made"] == ["docs", "faq", "engine"]
    done = run("ingest", str(docs), "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(run("search", "segunda via", "--audience", "customer", "--json").stdout)
    assert [one["document"] for one in found["results"]] == ["fatura.md"]
    kept = [name for name in cloud.storage.objects() if name.startswith("gs://telecom-test-dev-docs/knowledge/")]
    assert sorted(name.rpartition("-")[2] for name in kept if not name.endswith("state.json")) == [
        "fatura.md",
        "interno.md",
    ]
    assert json.loads(run("sync", "--json").stdout)["rows"] == 0
