"""What the assistant's service may be told, besides the kernel's settings."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from llmops.agent.limits import Rate
from telecom.errors import UsageError
from telecom.settings import describe_invalid

PREFIX = "TELECOM_ASSISTANT_"
TEMPLATE = r"^(projects/[^/\s]+/locations/[a-z0-9-]+/templates/[^/\s]+)?$"


class AssistantConfig(BaseSettings):
    """Every field is an environment variable `TELECOM_ASSISTANT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    deadline_seconds: float = Field(
        8.0, ge=0.5, le=60, description="how long a request may take, from its headers to the last byte of its answer"
    )
    message_chars: int = Field(4_000, ge=1, le=20_000, description="longest message, in characters")
    body_bytes: int = Field(65_536, ge=1_024, le=1_048_576, description="largest request body, in bytes")
    concurrency: int = Field(128, ge=1, le=10_000, description="requests at once; one more is answered with 429")
    drain_seconds: float = Field(
        5.0, ge=0, le=600, description="how long requests are still taken after SIGTERM, while they keep coming"
    )
    agent_rate: str = Field(
        "",
        description="requests that one agent may send, e.g. 120/minute; empty: 120/minute on Google Cloud, "
        "30000/minute on one machine, where one token may stand for many people",
    )
    customer_rate: str = Field(
        "", description="requests that one customer may send; empty: 30/minute, or 30000/minute on one machine"
    )
    message_tokens: int = Field(
        20_000, ge=0, description="tokens, in and out together, that one message may use of a paid model"
    )
    session_tokens: int = Field(200_000, ge=0, description="the same for one session")
    day_tokens: int = Field(20_000_000, ge=0, description="the same for all on one day (UTC)")
    message_usd: float = Field(0.25, ge=0, description="what one message may cost, in USD")
    session_usd: float = Field(1.0, ge=0, description="what one session may cost, in USD")
    day_usd: float = Field(50.0, ge=0, description="what one day (UTC) may cost, in USD; then the responder answers")
    breaker_failures: int = Field(
        5, ge=1, le=1_000, description="failures in a row after which a dependency is left alone"
    )
    breaker_seconds: float = Field(15.0, ge=0.05, le=600, description="for how long; then one request tries again")
    log_requests: Literal["all", "sampled", "failures"] = Field(
        "sampled",
        description="requests that get a line in the log: all, or those answered with 400 or above, and of the others "
        "those whose caller sampled their trace (sampled) or none (failures)",
    )
    trace_content: bool = Field(
        False, description="whether traces tell what was asked and answered, masked; names and addresses stay in it"
    )
    armor_template: str = Field(
        "",
        pattern=TEMPLATE,
        description="Model Armor template (projects/…/locations/…/templates/…) that also looks at messages and "
        "answers; empty: only our own rules",
    )
    people: Path | None = Field(
        None, description="on Google Cloud: YAML that says which e-mail address is which agent; docs/llmops/service.md"
    )
    iap_audience: str = Field(
        "",
        pattern=r"^(/projects/\d+/[\w/.-]+)?$",
        description="audience of Identity-Aware Proxy's assertions (/projects/NUMBER/…); set: only these are accepted",
    )
    issuer: str = Field(
        "", pattern=r"^(https://\S+)?$", description="OIDC issuer whose tokens say themselves who is which agent"
    )
    issuer_keys: str = Field("", pattern=r"^(https?://\S+)?$", description="address of its keys (JWKS)")

    @field_validator("agent_rate", "customer_rate")
    @classmethod
    def _a_rate(cls, value: str) -> str:
        if value:
            Rate.parse(value)
        return value

    @cached_property
    def answer_seconds(self) -> float:
        """What a turn may take of the deadline; the rest is for what comes before and after it."""
        return max(self.deadline_seconds - 0.5, 0.75 * self.deadline_seconds)

    def rate(self, role: Literal["agent", "customer"], *, local: bool) -> Rate:
        """What one person of a role may send."""
        given = self.agent_rate if role == "agent" else self.customer_rate
        usual = "30000/minute" if local else {"agent": "120/minute", "customer": "30/minute"}[role]
        return Rate.parse(given or usual)


def load_config() -> AssistantConfig:
    """Reads the environment once.

    Raises:
        UsageError: a variable has a value that cannot be meant; the message names it and quotes the value.
    """
    try:
        return AssistantConfig()
    except ValidationError as error:
        raise UsageError(describe_invalid(error, PREFIX), "Correct the environment variable.") from error
