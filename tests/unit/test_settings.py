import traceback

import pytest

from telecom.errors import UsageError
from telecom.settings import Settings, load_settings


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


# The LLM.


@pytest.fixture
def no_llm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BACKEND", "PROJECT", "LLM", "LLM_MODEL", "LLM_BASE_URL", "LLM_API_KEY", "LLM_LOCATION"):
        monkeypatch.delenv(f"TELECOM_{name}", raising=False)


def loaded(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in given.items():
        monkeypatch.setenv(f"TELECOM_{name}", value)
    return load_settings()


@pytest.mark.usefixtures("no_llm")
@pytest.mark.parametrize(
    ("given", "llm", "model"),
    [
        ({}, "offline", ""),
        ({"LLM": ""}, "offline", ""),
        ({"BACKEND": "gcp", "PROJECT": "p"}, "gemini", "gemini-3.5-flash"),
        ({"BACKEND": "gcp", "PROJECT": "p", "LLM": "offline", "LLM_API_KEY": "k"}, "offline", ""),
        ({"LLM": "gemini", "LLM_API_KEY": "k", "LLM_MODEL": "gemini-3.8-flash"}, "gemini", "gemini-3.8-flash"),
        ({"LLM": "gemini", "PROJECT": "p"}, "gemini", "gemini-3.5-flash"),
        ({"LLM": "openai", "LLM_MODEL": "llama3.3", "LLM_BASE_URL": "http://localhost:1/v1/"}, "openai", "llama3.3"),
    ],
)
def test_the_llm_follows_from_the_backend_or_is_said(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], llm: str, model: str
) -> None:
    settings = loaded(monkeypatch, **given)
    assert (settings.llm, settings.llm_model) == (llm, model)
    assert not settings.llm_base_url.endswith("/")
    assert settings.model_fields_set >= {name.lower() for name in given}
    assert "llm" not in settings.model_fields_set - {name.lower() for name in given}, (
        "what was not given does not travel"
    )


@pytest.mark.usefixtures("no_llm")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"LLM": "claude"}, "TELECOM_LLM = 'claude'"),
        ({"LLM": "openai"}, "TELECOM_LLM_BASE_URL is empty, and TELECOM_LLM = 'openai' needs it"),
        ({"LLM": "openai", "LLM_BASE_URL": "http://x/v1"}, "TELECOM_LLM_MODEL is empty"),
        ({"LLM": "gemini"}, "needs TELECOM_PROJECT"),
        ({"LLM_API_KEY": "k"}, "TELECOM_LLM_API_KEY is there, and TELECOM_LLM is not"),
        ({"LLM_MODEL": "m"}, "TELECOM_LLM_MODEL is there, and TELECOM_LLM is not"),
        ({"LLM": "openai", "LLM_MODEL": "a b", "LLM_BASE_URL": "http://x/v1"}, "TELECOM_LLM_MODEL = 'a b'"),
        ({"LLM": "openai", "LLM_MODEL": "m", "LLM_BASE_URL": "localhost:1"}, "it is no address"),
        ({"LLM": "openai", "LLM_MODEL": "m", "LLM_BASE_URL": "http://x/v1?key=k"}, "it goes on after the path"),
        ({"LLM": "gemini", "PROJECT": "p", "LLM_LOCATION": "US/x"}, "TELECOM_LLM_LOCATION = 'US/x'"),
    ],
)
def test_half_an_llm_is_refused(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        loaded(monkeypatch, **given)
    assert said in raised.value.message


@pytest.mark.usefixtures("no_llm")
@pytest.mark.parametrize(
    "given",
    [
        {"LLM_API_KEY": "the secret"},
        {"LLM_API_KEY": "the-sécret"},
        {"LLM": "openai", "LLM_API_KEY": "the-secret"},
        {"LLM": "openai", "LLM_MODEL": "m", "LLM_BASE_URL": "https://me:the-secret@x/v1"},
        {"THREADS": "many", "LLM_API_KEY": "the-secret"},
    ],
)
def test_a_key_is_not_told_by_a_complaint(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    with pytest.raises(UsageError) as raised:
        loaded(monkeypatch, **given)
    told = "".join(traceback.format_exception(raised.value))
    assert "cret" not in told


@pytest.mark.usefixtures("no_llm")
@pytest.mark.parametrize(
    ("address", "key", "on_google"),
    [
        ("https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi", "", True),
        ("https://us-central1-aiplatform.googleapis.com/v1", "k", False),
        ("https://1234.us-central1-1234.prediction.vertexai.goog/v1", "", True),
        ("https://api.openai.com/v1", "", False),
        ("https://googleapis.com.evil.example/v1", "", False),
    ],
)
def test_googles_token_is_sent_to_google_alone(address: str, key: str, on_google: bool) -> None:
    settings = Settings(llm="openai", llm_model="m", llm_base_url=address, llm_api_key=key)
    assert settings.llm_on_google == on_google
