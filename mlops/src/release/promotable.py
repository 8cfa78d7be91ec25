"""Whether a model version may become champion by going online: asks the promotion gate, moves nothing."""

from datetime import datetime

from mlops.src import evaluate_churn
from mlops.src.config import ChurnConfig
from telecom.errors import GateRefused
from telecom.ports import Metrics, ModelRegistry, Warehouse
from telecom.progress import Progress


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
