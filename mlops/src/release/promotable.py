"""Whether a model version may become champion, by a canary or without one. Reads; moves nothing."""

from datetime import datetime

from mlops.src import evaluate_churn
from mlops.src.config import ChurnConfig
from mlops.src.model_versions import CHAMPION, find
from mlops.src.release import history
from telecom.errors import GateRefused
from telecom.ports import Documents, Metrics, ModelRegistry, ModelVersion, Warehouse
from telecom.progress import Progress

SERVICE = "churn"


def kept_for_a_canary(registry: ModelRegistry, documents: Documents) -> ModelVersion | None:
    """The champion, if only a canary may replace it: once a release of the churn service serves, as releases.json says.

    None where the alias may be moved at once: nothing was released online yet, or there is no champion.
    """
    return find(registry, CHAMPION) if history.serving(history.read(documents, SERVICE)) else None


def require(
    warehouse: Warehouse,
    registry: ModelRegistry,
    metrics: Metrics,
    progress: Progress,
    config: ChurnConfig,
    *,
    version: str,
    now: datetime,
) -> None:
    """Lets a version pass that is champion, or a challenger that the gate would promote now.

    Raises:
        GateRefused: it is neither, or the gate says no.
    """
    found = evaluate_churn.run(warehouse, registry, metrics, progress, config, now=now)
    if found.candidate_version != version:
        said = f"Model version {version} is neither champion nor challenger ({found.candidate_version})."
        raise GateRefused("promotion", said, remedy="Serve one of them: TELECOM_SERVING_VERSION")
    if not found.decision.promote and not found.already_champion:
        reasons = found.decision.reasons
        raise GateRefused("promotion", f"Model version {version} may not go online. {' '.join(reasons)}", reasons)
