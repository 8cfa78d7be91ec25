"""The registered churn models and their aliases. Reads and writes the model registry."""

from dataclasses import dataclass

from telecom.errors import NotFound
from telecom.ports import ModelRegistry, ModelVersion

MODEL = "telco-churn"
CHAMPION = "champion"
CHALLENGER = "challenger"


@dataclass(frozen=True)
class RolledBack:
    """Which version served before and which serves now."""

    model: str
    from_version: str
    to_version: str
    earlier_champions: tuple[str, ...]


def listing(registry: ModelRegistry) -> tuple[ModelVersion, ...]:
    """Every version, newest first."""
    return registry.versions(MODEL)


def find(registry: ModelRegistry, alias: str) -> ModelVersion | None:
    """The version that an alias points at, if any."""
    return next((version for version in registry.versions(MODEL) if alias in version.aliases), None)


def champion(registry: ModelRegistry) -> ModelVersion:
    """The version in service.

    Raises:
        NotFound: none was promoted yet.
    """
    found = find(registry, CHAMPION)
    if found is None:
        raise NotFound(f"{MODEL} has no champion yet.", "Run: telecom train, then telecom promote")
    return found


def rollback(registry: ModelRegistry) -> RolledBack:
    """Points champion at the champion before; the one rolled back from can only return through the gate.

    Raises:
        NotFound: there is no earlier champion.
    """
    history = registry.champions(MODEL)
    if len(history) < 2:
        raise NotFound(f"{MODEL} has no earlier champion to go back to.", "See the versions with: telecom models")
    registry.point(MODEL, CHAMPION, history[1])
    return RolledBack(MODEL, history[0], history[1], history[2:])
