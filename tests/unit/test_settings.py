import pytest

from telecom.errors import UsageError
from telecom.settings import load_settings


def test_defaults_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELECOM_HOME", raising=False)
    settings = load_settings()
    assert settings.backend == "local"
    assert settings.home.is_absolute()
    assert settings.home.name == ".telecom"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELECOM_BACKEND", "aws"),
        ("TELECOM_THREADS", "many"),
        ("TELECOM_MEMORY_GB", "-1"),
        ("TELECOM_ENV", ""),
        ("TELECOM_HOME", ""),
        ("TELECOM_HOME", "~nobody-of-that-name/x"),
    ],
)
def test_a_bad_value_is_named_and_quoted(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as raised:
        load_settings()
    assert f"{name} = {value!r}" in raised.value.message
    assert raised.value.exit_code == 2


def test_gcp_needs_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECOM_BACKEND", "gcp")
    monkeypatch.delenv("TELECOM_PROJECT", raising=False)
    with pytest.raises(UsageError, match="TELECOM_PROJECT is empty") as raised:
        load_settings()
    assert (" set " in raised.value.message.lower(), raised.value.remedy) == (
        False,
        "Correct the environment variable.",
    )
