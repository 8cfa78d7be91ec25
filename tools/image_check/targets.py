"""The images: what each may weigh and hold, and how its own command is tried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.image_check import checks
from tools.image_check.assistant_check import assistant
from tools.image_check.image import Image
from tools.image_check.service_check import service

NEVER = (
    *("pandas", "pip", "setuptools", "wheel", "hatchling", "uv", "duckdb", "mlflow-skinny", "mlflow", "scikit-learn"),
    *("nvidia-nccl-cu12", "xgboost", "kubernetes", "pytest"),
)


@dataclass(frozen=True)
class Target:
    """One image.

    Args:
        file: its Dockerfile.
        budget_mb: what may be installed, bytecode included, in MB.
        forbidden: packages that must not be there.
        own: checks of this image alone, after those of all.
    """

    file: str
    budget_mb: int
    forbidden: tuple[str, ...]
    own: Mapping[str, Callable[[Image], str]]

    def checks(self, name: str) -> Mapping[str, Callable[[Image], str]]:
        """All checks, by name."""
        return {
            "size": lambda image: checks.budget(image, self.budget_mb),
            "contents": lambda image: checks.contents(image, name, self.forbidden),
            "libraries": checks.libraries,
            **self.own,
        }


TARGETS: Mapping[str, Target] = {
    "churn": Target(
        "Dockerfile.churn",
        450,
        (*NEVER, "google-genai"),
        {"training": checks.training, "pipeline step": checks.pipeline_step, "service": service},
    ),
    "assistant": Target(
        "Dockerfile.assistant",
        300,
        (*NEVER, "google-cloud-aiplatform", "xgboost-cpu", "optuna", "scipy", "kfp", "tantivy"),
        {"service": assistant},
    ),
}
