"""`telecom chat`: one message, answered in this process."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from telecom.chat_cli import chat

APP = typer.Typer()
APP.command()(chat)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(APP, list(words))


def test_it_answers_without_a_world(ask: Any) -> None:
    done = ask("Oi, bom dia!")
    assert done.exit_code == 0 and "responder-1" in done.output and "greeting" in done.output


def test_as_json_it_is_the_reply_of_the_service(ask: Any) -> None:
    told = json.loads(ask("Oi, bom dia!", "--json").output)
    assert {"session_id", "trace_id", "message", "citations", "actions", "tools", "usage"} <= told.keys()


def test_the_language_holds_where_the_message_does_not_tell(ask: Any) -> None:
    assert json.loads(ask("???", "--language", "en", "--json").output)["language"] == "en"
    assert json.loads(ask("Oi, bom dia!", "--language", "en", "--json").output)["language"] == "pt-BR"


@pytest.mark.parametrize("words", [("Oi", "--customer", "../x"), ("Oi", "--language", "fr")])
def test_what_cannot_be_meant(ask: Any, words: tuple[str, ...]) -> None:
    assert ask(*words).exit_code == 2


def test_it_is_for_one_machine(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECOM_BACKEND", "gcp")
    monkeypatch.setenv("TELECOM_PROJECT", "p-1")
    assert ask("Oi").exit_code == 2
