"""`telecom cards` on a home of its own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlops.src import model_card
from mlops.src.model_card import ModelCard
from telecom.cli import app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path / "home"))


def test_both_cards_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_card, "run", lambda *_: ModelCard("# Model card\n", "7"))
    out = tmp_path / "new" / "cards"
    done = CliRunner().invoke(app, ["cards", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    files = [str(out / name) for name in ("model_card.md", "prompt_card.md")]
    assert json.loads(done.stdout) == {"model_version": "7", "files": files}
    assert (out / "model_card.md").read_text("utf-8") == "# Model card\n"
    assert "| suporte_tecnico | system |" in (out / "prompt_card.md").read_text("utf-8")


def test_without_a_champion_nothing_is_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["cards", "--out", str(tmp_path / "cards")])
    assert done.exit_code == 1 and "no champion" in done.output
    assert not (tmp_path / "cards").exists()
