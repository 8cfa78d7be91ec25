"""The settings that a pipeline carries as a parameter, so that its YAML names no environment, and a step's world."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from mlops.src.config import PREFIX, ChurnConfig
from telecom.absent import HEAVY, without
from telecom.bootstrap import Platform, missing_extra
from telecom.console import Voice, print_error, print_next
from telecom.errors import TelecomError, UsageError
from telecom.settings import Settings, describe_invalid

KERNEL_PREFIX = "TELECOM_"
OF_ONE_MACHINE = ("home", "threads", "memory_gb", "lock_seconds")
"""Settings that mean nothing on another machine, so they do not travel to the cloud."""

S = TypeVar("S", bound=BaseSettings)
T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class World:
    """What a step works with: the ports, the model's configuration, and the run's clock."""

    platform: Platform
    config: ChurnConfig
    now: datetime


def environment_of(settings: Settings, config: ChurnConfig) -> dict[str, str]:
    """What was set, by name of the environment variable, as text; the backend, always.

    Only fields of the two classes are read: whatever else stands in the environment stays there.
    """
    left_out = OF_ONE_MACHINE if settings.backend == "gcp" else ()
    always = {"backend"} if settings.backend == "gcp" else {"backend", "home"}
    names = sorted((settings.model_fields_set | always) - set(left_out))
    carried = {f"{KERNEL_PREFIX}{name.upper()}": str(getattr(settings, name)) for name in names}
    return carried | {f"{PREFIX}{name.upper()}": str(getattr(config, name)) for name in sorted(config.model_fields_set)}


def open_world(environment: Mapping[str, str], run_date: str) -> World:
    """The world that the parameters `environment` and `run_date` describe.

    Raises:
        UsageError: a name that no setting has, a value that cannot be meant, or a date without a time zone.
    """
    churn = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    kernel = {name: value for name, value in environment.items() if name not in churn}
    settings, config = _load(Settings, KERNEL_PREFIX, kernel), _load(ChurnConfig, PREFIX, churn)
    return World(Platform(settings, Voice()), config, moment(run_date))


def telling(step: Callable[P, T]) -> Callable[P, T]:
    """The step; sentences that it answers with are said on stderr, and so are failures of ours, which end it."""

    @wraps(step)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with without(*HEAVY):
                answer = step(*args, **kwargs)
        except (TelecomError, ModuleNotFoundError) as error:
            ours = error if isinstance(error, TelecomError) else missing_extra(error)
            print_error(ours, as_json=False)
            raise SystemExit(ours.exit_code) from error
        if isinstance(answer, str) and " " in answer:
            print_next(answer)
        return answer

    return told


def explain(figures: MutableMapping[str, float | str], because: str) -> None:
    """Says why, in the log and among the step's figures, where the step's answer is one word."""
    figures["because"] = because
    print_next(because)


def day(text: str) -> date | None:
    """The day of a parameter; None for an empty one.

    Raises:
        UsageError: it is not of the form YYYY-MM-DD.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"snapshot_date = {text!r} is not a day.", "Write it as YYYY-MM-DD.") from error


def moment(run_date: str) -> datetime:
    """The moment of an ISO timestamp, in UTC.

    Raises:
        UsageError: it is none, or has no time zone.
    """
    try:
        found = datetime.fromisoformat(run_date)
    except ValueError as error:
        raise UsageError(f"run_date = {run_date!r} is not a timestamp.", "Write 2026-11-20T06:00:00+00:00.") from error
    if found.tzinfo is None:
        raise UsageError(f"run_date = {run_date!r} has no time zone.", "Write 2026-11-20T06:00:00+00:00.")
    return found.astimezone(UTC)


def _load(kind: type[S], prefix: str, named: Mapping[str, str]) -> S:
    values: dict[str, Any] = {name.removeprefix(prefix).lower(): value for name, value in named.items()}
    known = {f"{prefix}{field.upper()}" for field in kind.model_fields}
    if unknown := sorted(named.keys() - known):
        raise UsageError(f"The pipeline's environment names {unknown}, which no setting has.", "See: telecom --help")
    try:
        return kind(**values)
    except ValidationError as error:
        raise UsageError(describe_invalid(error, prefix), "Correct the pipeline's environment.") from error
