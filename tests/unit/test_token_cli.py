"""`telecom token`: whose token it is, and what it allows."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from typer.testing import CliRunner

from llmops.agent.admission import principal_of
from telecom.adapters.local.identity import LocalIdentity
from telecom.cli import app
from telecom.settings import Settings


def issued(home: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, Any]:
    monkeypatch.setenv("TELECOM_HOME", str(home))
    done = CliRunner().invoke(app, ["token", *words, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    caller = LocalIdentity(Settings(home=home)).verify(told["token"], told["audience"])
    assert caller.name == told["name"]
    return dict(caller.claims)


@pytest.mark.parametrize(
    ("words", "audience", "customers", "scopes"),
    [
        (("--agent", "ana"), "telecom-assistant", None, {"approve:retention"}),
        (("--agent", "ana", "--customers", "a, b"), "telecom-assistant", {"a", "b"}, {"approve:retention"}),
        (("--agent", "ana", "--scopes", ""), "telecom-assistant", None, set()),
        (("--agent", "ana", "--customers", "", "--audience", "x"), "x", set(), {"approve:retention"}),
    ],
)
def test_an_agents_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], audience: str, customers: Any, scopes: Any
) -> None:
    claims = issued(tmp_path, monkeypatch, *words)
    who = principal_of("ana", claims)
    assert (claims["aud"], who.role, who.customers, who.scopes) == (audience, "agent", customers, scopes)


def test_a_customers_token_is_for_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = issued(tmp_path, monkeypatch, "--customer", "7590-VHVEG", "--scopes", "approve:*")
    who = principal_of(claims["sub"], claims)
    assert (who.role, who.customers, who.scopes) == ("customer", {"7590-VHVEG"}, set())


def test_a_services_token_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = issued(tmp_path, monkeypatch, "--service", "scheduler")
    assert (claims["sub"], claims["aud"], claims["kind"]) == ("scheduler", "telecom-dispatcher", "service")
    assert "customers" not in claims


@pytest.mark.parametrize("words", [(), ("--agent", "a", "--customer", "c"), ("--service", "s", "--agent", "a")])
def test_a_token_is_one_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["token", *words])
    assert done.exit_code == 2 and not (tmp_path / "dev-token.key").exists()


def test_tokens_are_made_on_one_machine_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HOME", str(tmp_path)), ("BACKEND", "gcp"), ("PROJECT", "p-1")):
        monkeypatch.setenv(f"TELECOM_{name}", value)
    assert CliRunner().invoke(app, ["token", "--agent", "ana"]).exit_code == 2


def test_the_key_signs_nothing_for_another_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = issued(tmp_path / "one", monkeypatch, "--agent", "ana")
    issued(tmp_path / "two", monkeypatch, "--agent", "ana")
    keys = [(tmp_path / name / "dev-token.key").read_text() for name in ("one", "two")]
    assert keys[0] != keys[1] and jwt.encode(claims, bytes.fromhex(keys[0]), "HS256")
