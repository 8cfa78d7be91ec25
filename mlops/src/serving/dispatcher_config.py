"""What the dispatcher may be told, besides the kernel's settings."""

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from telecom.errors import UsageError
from telecom.settings import describe_invalid

PREFIX = "TELECOM_DISPATCHER_"


class DispatcherConfig(BaseSettings):
    """Every field is an environment variable `TELECOM_DISPATCHER_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    pushers: str = Field("", description="who may send messages: e-mails or names of tokens, by comma; empty: nobody")
    drain_seconds: float = Field(
        7.0, ge=0, le=3_600, description="how long a running pipeline is waited for when the process is told to end"
    )

    @property
    def allowed(self) -> frozenset[str]:
        """The names in `pushers`."""
        return frozenset(name.strip() for name in self.pushers.split(",") if name.strip())


def load_config() -> DispatcherConfig:
    """Reads the environment once.

    Raises:
        UsageError: a variable has a value that cannot be meant; the message names it and quotes the value.
    """
    try:
        return DispatcherConfig()
    except ValidationError as error:
        raise UsageError(describe_invalid(error, PREFIX), "Correct the environment variable.") from error
