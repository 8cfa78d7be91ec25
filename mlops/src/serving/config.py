"""What the churn service may be told, besides the kernel's settings: our variables, and those that Vertex AI sets."""

from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from telecom.errors import UsageError
from telecom.settings import describe_invalid

PREFIX, VERTEX_PREFIX = "TELECOM_SERVING_", "AIP_"
ROUTE = r"^(/[\w.~:@/-]+)?$"
Kind = TypeVar("Kind", bound=BaseSettings)


class ServingConfig(BaseSettings):
    """Every field is an environment variable `TELECOM_SERVING_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    version: str = Field(
        "champion",
        pattern=r"^(champion|challenger|\d{1,18})$",
        description="what is served: an alias, which is followed, or the number of a registered version",
    )
    digest: str = Field(
        "",
        pattern=r"^([0-9a-f]{64})?$",
        description="digest that a model from AIP_STORAGE_URI must have; empty: only its manifest is checked",
    )
    tokens: Literal["auto", "required", "off"] = Field(
        "auto", description="whether callers need a token; auto: unless Vertex AI, which has its own door, is in front"
    )
    callers: str = Field(
        "",
        description="who may ask: e-mails or names of tokens, by comma; empty: whoever has a token on one machine, "
        "nobody on Google Cloud",
    )
    reload_seconds: float = Field(
        10.0, ge=0.05, le=3_600, description="how often the registry is asked whether the alias has moved"
    )
    body_bytes: int = Field(1_048_576, ge=1_024, le=33_554_432, description="largest request body, in bytes")
    timeout_seconds: float = Field(
        10.0, ge=0.05, le=3_600, description="how long one request may take, its body's arrival included"
    )
    concurrency: int = Field(128, ge=1, le=10_000, description="requests at once; one more is answered with 429")
    drain_seconds: float = Field(
        5.0, ge=0, le=600, description="how long requests are still taken after SIGTERM, while they keep coming"
    )
    log_requests: Literal["all", "sampled", "failures"] = Field(
        "sampled",
        description="requests that get a line in the log: all, or those answered with 400 or above, and of the others "
        "those whose caller sampled their trace (sampled) or none (failures)",
    )

    @property
    def allowed(self) -> frozenset[str]:
        """The names in `callers`."""
        return frozenset(name.strip() for name in self.callers.split(",") if name.strip())


class VertexContract(BaseSettings):
    """What Vertex AI tells a serving container, in variables `AIP_<NAME>`; all absent elsewhere."""

    model_config = SettingsConfigDict(env_prefix=VERTEX_PREFIX, frozen=True, extra="ignore")

    http_port: int | None = Field(None, ge=1, le=65_535, description="port to listen on")
    health_route: str = Field("", pattern=ROUTE, description="path of the health check, besides /healthz and /readyz")
    predict_route: str = Field("", pattern=ROUTE, description="path of predictions, besides /predict")
    storage_uri: str = Field(
        "", description="folder of the model, gs://… or a path; empty: the registry's version is served"
    )


def load_config() -> tuple[ServingConfig, VertexContract]:
    """Reads the environment once.

    Raises:
        UsageError: a variable has a value that cannot be meant; the message names it and quotes the value.
    """
    return _read(ServingConfig, PREFIX), _read(VertexContract, VERTEX_PREFIX)


def _read(kind: type[Kind], prefix: str) -> Kind:
    try:
        return kind()
    except ValidationError as error:
        raise UsageError(describe_invalid(error, prefix), "Correct the environment variable.") from error
