"""Development tokens: the key is private, made once, and what is issued is bounded."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from telecom.adapters.local.identity import LocalIdentity
from telecom.cli import app
from telecom.errors import TokenRefused, UsageError
from telecom.settings import Settings
from telecom.tokens import audience_of, bearer


def test_a_token_says_who_calls_whom(tmp_path: Path) -> None:
    identity = LocalIdentity(Settings(home=tmp_path))
    caller = identity.verify(identity.issue("scheduler", "dispatcher", {"kind": "service"}, 60), "dispatcher")
    assert (caller.name, caller.claims["kind"], caller.claims["iss"]) == ("scheduler", "service", "telecom-local")
    assert caller.claims["exp"] - caller.claims["iat"] == 60


def test_the_key_is_private_and_made_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor(8) as pool:
        issued = list(pool.map(lambda n: LocalIdentity(Settings(home=home)).issue(f"n{n}", "a"), range(24)))
    assert stat.S_IMODE((home / "dev-token.key").stat().st_mode) == 0o600
    assert [LocalIdentity(Settings(home=home)).verify(token, "a").name for token in issued] == [
        f"n{n}" for n in range(24)
    ]
    assert sorted(path.name for path in home.iterdir()) == ["dev-token.key", "dev-token.lock"]


def test_verifying_makes_no_key(tmp_path: Path) -> None:
    elsewhere = LocalIdentity(Settings(home=tmp_path / "a")).issue("n", "a")
    with pytest.raises(TokenRefused) as caught:
        LocalIdentity(Settings(home=tmp_path / "b")).verify(elsewhere, "a")
    assert caught.value.reason == "no_key" and not (tmp_path / "b").exists()


def test_another_home_is_another_issuer(tmp_path: Path) -> None:
    one, other = (LocalIdentity(Settings(home=tmp_path / name)) for name in "ab")
    other.issue("n", "a")
    with pytest.raises(TokenRefused):
        other.verify(one.issue("n", "a"), "a")


def test_a_key_that_others_can_read_signs_nothing(tmp_path: Path) -> None:
    identity = LocalIdentity(Settings(home=tmp_path))
    token = identity.issue("n", "a")
    (tmp_path / "dev-token.key").chmod(0o640)
    for use in (lambda: identity.issue("n", "a"), lambda: identity.verify(token, "a")):
        with pytest.raises(UsageError, match="chmod 600"):
            use()


@pytest.mark.parametrize("content", ["", "zz", "ab", "é" * 64, "0" * 66])
def test_a_damaged_key_is_named(tmp_path: Path, content: str) -> None:
    identity = LocalIdentity(Settings(home=tmp_path))
    identity.issue("n", "a")
    (tmp_path / "dev-token.key").write_text(content)
    with pytest.raises(UsageError, match="Delete it"):
        identity.issue("n", "a")


@pytest.mark.parametrize(
    "arguments",
    [
        ("", "a"),
        ("n", ""),
        ("n", "a", {"sub": "root"}),
        ("n", "a", {"exp": 1}),
        ("n", "a", {}, 0),
        ("n", "a", {}, 86_401),
    ],
)
def test_what_is_not_issued(tmp_path: Path, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError):
        LocalIdentity(Settings(home=tmp_path)).issue(*arguments)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic x", "x" * 10_000, f"Bearer {'x' * 9_000}"])
def test_headers_without_a_token(header: str | None) -> None:
    with pytest.raises(TokenRefused):
        bearer(header)


def test_the_token_of_a_header() -> None:
    assert bearer("Bearer abc") == bearer("bearer  abc ") == "abc"


def test_on_google_cloud_the_audience_must_be_set() -> None:
    assert audience_of(Settings(), "dispatcher") == "telecom-dispatcher"
    cloud = Settings(backend="gcp", project="p")
    with pytest.raises(UsageError, match="TELECOM_AUDIENCE"):
        audience_of(cloud, "dispatcher")
    assert audience_of(cloud.model_copy(update={"audience": "https://d"}), "dispatcher") == "https://d"


def test_the_command_prints_the_token_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path))
    command = [sys.executable, "-m", "telecom", "token", "--service", "scheduler", "--seconds", "60"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    identity = LocalIdentity(Settings(home=tmp_path))
    assert identity.verify(done.stdout.strip(), "telecom-dispatcher").name == "scheduler"
    assert done.stdout.count("\n") == 1 and done.stderr == ""


def test_the_command_is_for_this_machine_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path))
    monkeypatch.setenv("TELECOM_BACKEND", "gcp")
    monkeypatch.setenv("TELECOM_PROJECT", "p")
    done = CliRunner().invoke(app, ["token", "--service", "scheduler"])
    assert done.exit_code == 2 and "TELECOM_BACKEND=local" in done.output
    assert not any(tmp_path.iterdir())
