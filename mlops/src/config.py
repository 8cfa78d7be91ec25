"""What the churn plane may be told: one frozen, typed configuration, built by entry points."""

from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mlops.src.modelling.gate_checks import GateConfig
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.tuning import TuningConfig
from telecom.errors import UsageError
from telecom.settings import describe_invalid

PREFIX = "TELECOM_CHURN_"


class ChurnConfig(BaseSettings):
    """Every field is an environment variable `TELECOM_CHURN_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    seed: int = Field(7, ge=0, description="seed of everything drawn while training and evaluating")
    training_rows: int = Field(
        500_000, ge=1_500, description="labelled customers to train and evaluate on, at most; of more, a fixed sample"
    )
    tuning_trials: int = Field(25, ge=1, le=1_000, description="parameter sets that the tuner tries")
    tuning_rows: int = Field(20_000, ge=500, description="customers that the tuner looks at, at most")
    horizon_months: int = Field(12, ge=1, le=120, description="months that a saved customer is assumed to stay")
    offer_cost: float = Field(60.0, ge=0, description="cost of one retention offer, in the currency of the charges")
    save_rate: float = Field(0.30, gt=0, le=1, description="share of would-be leavers whom the offer keeps")
    gross_margin: float = Field(0.60, gt=0, le=1, description="share of the monthly charge that is margin")
    min_auc: float = Field(0.75, ge=0.5, lt=1, description="test AUC below which nothing is promoted")
    leak_auc: float = Field(0.90, gt=0.5, le=1, description="test AUC above which a leak is suspected")
    max_age_days: float = Field(90.0, gt=0, le=3_650, description="age in days above which the champion is retrained")
    min_recent_auc_drop: float = Field(
        0.02, ge=0, lt=0.5, description="AUC lost since promotion that is tolerated; below it the champion is retrained"
    )
    min_recent_customers: int = Field(
        50, ge=10, description="customers who left, and who stayed, that a recent AUC needs at least"
    )
    automl_minutes: float = Field(
        10.0, gt=0, le=4_320, description="time box of the AutoML search, in minutes; on Vertex AI at least 60"
    )
    batch_mode: Literal["process", "vertex"] = Field(
        "process", description="who scores a snapshot: this process, or Vertex AI batch prediction (backend gcp only)"
    )
    batch_machine: str = Field(
        "n2-standard-4", pattern=r"^[a-z0-9-]+$", description="machine type of a batch prediction's replicas"
    )
    batch_replicas: int = Field(1, ge=1, le=128, description="replicas of a batch prediction, at most")
    git_commit: str = Field("", description="commit that built this code; default: asked of git")

    @property
    def economics(self) -> EconomicsConfig:
        """The business case of the decision threshold."""
        return EconomicsConfig(self.horizon_months, self.offer_cost, self.save_rate, self.gross_margin)

    @property
    def tuning(self) -> TuningConfig:
        """The tuner's budget."""
        return TuningConfig(trials=self.tuning_trials, max_rows=self.tuning_rows)

    @property
    def gate(self) -> GateConfig:
        """What the promotion gate demands."""
        return GateConfig(min_auc=self.min_auc, leak_auc=self.leak_auc, seed=self.seed)


def load_config() -> ChurnConfig:
    """Reads the environment once.

    Raises:
        UsageError: a variable has a value that cannot be meant; the message names it and quotes the value.
    """
    try:
        return ChurnConfig()
    except ValidationError as error:
        raise UsageError(describe_invalid(error, PREFIX), "Correct the environment variable.") from error
