"""One frozen, typed Settings for both planes. Built by entry points, never at import."""

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from telecom.errors import UsageError

GEMINI = "gemini-3.5-flash"


class Settings(BaseSettings):
    """Where this process runs and where its state lives. Every field is an environment variable `TELECOM_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="TELECOM_", frozen=True, extra="ignore", hide_input_in_errors=True)

    backend: Literal["local", "gcp"] = Field("local", description="which adapters do the work")
    env: Literal["dev", "prod"] = Field("dev", description="which environment this is; cloud resources carry its name")
    home: Path = Field(Path(".telecom"), description="folder of all local state (lake, warehouse, models, registry)")
    project: str = Field("", description="Google Cloud project id; required when the backend is gcp")
    region: str = Field("us-central1", description="Google Cloud region of every regional resource")
    bucket_prefix: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9-]{1,50}[a-z0-9])?$",
        description="buckets are <prefix>-bronze, -gold, -models, … (one per layer); default: <project>-<env>",
    )
    service_account: str = Field("", description="e-mail of the account under which pipelines and jobs run")
    image: str = Field(
        "",
        pattern=r"^(\S+@sha256:[0-9a-f]{64})?$",
        description="container image of pipeline steps and model serving, by digest (…@sha256:…)",
    )
    max_gb_billed: float = Field(100.0, gt=0, description="GiB that one BigQuery query may bill; above, it is refused")
    online_store: str = Field(
        "",
        pattern=r"^([a-z_][a-z0-9_]{0,59})?$",
        description="Bigtable online store of the features; empty: reads go to BigQuery",
    )
    endpoint: str = Field(
        "", pattern=r"^([1-9]\d{0,8})?$", description="numeric id of the Vertex AI endpoint; empty: batch only"
    )
    audience: str = Field("", description="audience that a caller's token must name, the URL of this service")
    threads: int = Field(0, ge=0, le=256, description="threads of the local engine; 0 means one per core")
    memory_gb: float = Field(
        1.0, ge=0.25, le=1024, description="memory the local engine may use before it spills to disk, in GiB"
    )
    lock_seconds: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="how long a writer waits for another before it gives up, in seconds",
    )

    llm: Literal["", "offline", "gemini", "openai"] = Field(
        "",
        description="who answers in the assistant: rules and templates, Gemini, or any server that speaks OpenAI's "
        "chat completions; empty: `offline` on local, `gemini` on gcp",
    )
    llm_model: str = Field(
        "", pattern=r"^\S*$", description=f"id of the LLM; required with openai, with gemini `{GEMINI}` if empty"
    )
    llm_base_url: str = Field(
        "", description="address of the LLM's server, up to `/v1`; required with openai, with gemini only for a proxy"
    )
    llm_api_key: SecretStr = Field(
        SecretStr(""), description="key of the LLM's server; empty: Google's default credentials on Google, else none"
    )
    llm_location: str = Field(
        "global",
        pattern=r"^[a-z][a-z0-9-]+$",
        description="from where Agent Platform serves Gemini, as in `us-central1`",
    )

    @field_validator("home", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if value == "":
            raise ValueError("it is empty; unset it for ./.telecom, or name a folder")
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError("there is no such user; write the folder's path from / on") from error

    @field_validator("llm_base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("it is no address; write it as https://host/v1")
        if parts.username or parts.password:
            raise ValueError("it holds a name or password; put the key in TELECOM_LLM_API_KEY")
        if parts.query or parts.fragment:
            raise ValueError("it goes on after the path; end it with the path")
        return value.rstrip("/")

    @field_validator("llm_api_key", mode="before")
    @classmethod
    def _plain_key(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        key = value.strip()  # secrets that were stored from a file end with a line feed
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("it has signs that no key has")
        return SecretStr(key)

    def bucket(self, layer: str) -> str:
        """The bucket of a layer of the lake (`bronze`, `models`, …), without `gs://`."""
        return f"{self.bucket_prefix or f'{self.project}-{self.env}'}-{layer}"

    @model_validator(mode="after")
    def _gcp_needs_a_project(self) -> "Settings":
        if self.backend == "gcp" and not self.project:
            raise ValueError("TELECOM_PROJECT is empty, and TELECOM_BACKEND = 'gcp' needs a Google Cloud project")
        return self

    @model_validator(mode="after")
    def _llm_is_whole(self) -> "Settings":
        chosen = self.llm or ("gemini" if self.backend == "gcp" else "offline")
        given = [name for name in ("llm_model", "llm_base_url") if getattr(self, name)]
        given += ["llm_api_key"] if self.llm_api_key.get_secret_value() else []
        if not self.llm and chosen == "offline" and given:
            named = f"TELECOM_{given[0].upper()}"
            raise ValueError(f"{named} is there, and TELECOM_LLM is not; say gemini, openai or offline")
        if chosen == "openai":
            self._openai_needs_an_address_and_a_model()
        if chosen == "gemini" and not self.project and "llm_api_key" not in given:
            needs = "TELECOM_PROJECT (with Google's default credentials) or TELECOM_LLM_API_KEY"
            raise ValueError(f"TELECOM_LLM = 'gemini' needs {needs}")
        # Resolved in place: `model_fields_set` keeps to what was given, and only that travels to other machines.
        object.__setattr__(self, "llm", chosen)
        object.__setattr__(self, "llm_model", self.llm_model or (GEMINI if chosen == "gemini" else ""))
        return self

    def _openai_needs_an_address_and_a_model(self) -> None:
        for name, example in (("base_url", "http://localhost:11434/v1"), ("model", "llama3.3")):
            if not getattr(self, f"llm_{name}"):
                variable = f"TELECOM_LLM_{name.upper()}"
                raise ValueError(f"{variable} is empty, and TELECOM_LLM = 'openai' needs it, as in {example}")

    @property
    def llm_on_google(self) -> bool:
        """Whether Google's credentials open the LLM: Gemini, or a model of Model Garden, with no key of its own."""
        host = urlsplit(self.llm_base_url).hostname or ""
        served = self.llm == "gemini" or host.endswith((".googleapis.com", ".prediction.vertexai.goog"))
        return served and (self.llm == "gemini" or not self.llm_api_key.get_secret_value())


LAYERS = ("bronze", "silver", "gold", "docs", "models", "pipelines")


def load_settings() -> Settings:
    """Reads the environment once.

    Raises:
        UsageError: a variable has a value that cannot be meant; the message names it and quotes the value.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise UsageError(describe_invalid(error, "TELECOM_"), "Correct the environment variable.") from error


def describe_invalid(error: ValidationError, prefix: str) -> str:
    """One sentence per invalid variable, naming it and quoting what it holds, unless that may be a secret."""
    sentences = []
    for fault in error.errors():
        name = prefix + "_".join(str(part) for part in fault["loc"]).upper() if fault["loc"] else ""
        shown = "…" if "_KEY" in name or "@" in str(fault["input"]) else repr(fault["input"])
        said = f"{name} = {shown}: " if name else ""
        sentences.append(said + fault["msg"].removeprefix("Value error, ") + ".")
    return " ".join(sentences)
