"""Where scenarios are played: the evaluation world under TELECOM_HOME, and the service over it with a chosen model."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from llmops.evaluations import world
from llmops.evaluations.service_client import Service, serving
from llmops.evaluations.service_process import EvaluatedPlatform
from telecom.errors import UsageError
from telecom.progress import Progress, Silent
from telecom.settings import Settings

RESPONDER = "responder"
CONFIGURED = "configured"
SYNTHETIC = Path(__file__).resolve().parents[2] / "telecom" / "synthetic"


def answering(settings: Settings, model: str) -> str:
    """Who answers: `responder`, or a model's id.

    Args:
        settings: of whoever evaluates.
        model: `responder`; `configured` for TELECOM_LLM as it is; or the id of another model of the same server.
    """
    if model != CONFIGURED:
        return model
    return RESPONDER if settings.llm == "offline" else settings.llm_model


@contextmanager
def opened(settings: Settings, model: str, progress: Progress | None = None) -> Iterator[Service]:
    """The service, ready, over the evaluation world, which is made where it is not there yet.

    Args:
        settings: of whoever evaluates; their home gets a folder of the world.
        model: see `answering`.
        progress: is told what takes long.

    Raises:
        UsageError: no model is configured.
        DependencyUnavailable: the service does not start.
    """
    variables = _variables(settings, answering(settings, model))
    ours = settings.model_copy(update={"backend": "local", "home": settings.home / f"evaluation-{_version()}"})
    platform = EvaluatedPlatform(ours, progress or Silent())
    world.prepare(platform.warehouse, platform.retriever)
    with serving(platform, {**variables, "TELECOM_HOME": str(ours.home)}) as service:
        yield service


def _variables(settings: Settings, model: str) -> Mapping[str, str]:
    if model == RESPONDER:
        return {"TELECOM_LLM": "offline"}
    if settings.llm == "offline":
        raise UsageError(
            f"--model {model!r} needs a language model, and TELECOM_LLM is offline.",
            "Set TELECOM_LLM, TELECOM_LLM_BASE_URL and TELECOM_LLM_MODEL, or use --model responder.",
        )
    told = {
        "TELECOM_LLM": settings.llm,
        "TELECOM_LLM_MODEL": model,
        "TELECOM_LLM_BASE_URL": settings.llm_base_url,
        "TELECOM_LLM_API_KEY": settings.llm_api_key.get_secret_value(),
        "TELECOM_LLM_LOCATION": settings.llm_location,
        "TELECOM_PROJECT": settings.project,
        "TELECOM_ASSISTANT_DEADLINE_SECONDS": "60",
    }
    return {name: value for name, value in told.items() if value}


def _version() -> str:
    """Names the world: another generator, another folder."""
    whole = hashlib.sha256()
    for path in [*sorted(SYNTHETIC.glob("*.py")), Path(world.__file__)]:
        whole.update(path.read_bytes())
    return whole.hexdigest()[:10]
