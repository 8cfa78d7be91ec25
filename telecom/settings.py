"""One frozen, typed Settings for both planes. Built by entry points, never at import."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from telecom.errors import UsageError


class Settings(BaseSettings):
    """Where this process runs and where its state lives. Every field is an environment variable `TELECOM_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="TELECOM_", frozen=True, extra="ignore")

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

    def bucket(self, layer: str) -> str:
        """The bucket of a layer of the lake (`bronze`, `models`, …), without `gs://`."""
        return f"{self.bucket_prefix or f'{self.project}-{self.env}'}-{layer}"

    @model_validator(mode="after")
    def _gcp_needs_a_project(self) -> "Settings":
        if self.backend == "gcp" and not self.project:
            raise ValueError("TELECOM_PROJECT is empty, and TELECOM_BACKEND = 'gcp' needs a Google Cloud project")
        return self


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
    """One sentence per invalid variable, naming it and quoting what it holds."""
    sentences = []
    for fault in error.errors():
        name = prefix + "_".join(str(part) for part in fault["loc"]).upper() if fault["loc"] else ""
        said = f"{name} = {fault['input']!r}: " if name else ""
        sentences.append(said + fault["msg"].removeprefix("Value error, ") + ".")
    return " ".join(sentences)
