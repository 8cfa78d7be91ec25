"""What the report shows, as plain values: the contract between the job that gathers and the page that draws."""

from dataclasses import dataclass
from datetime import date, datetime

Point = tuple[float, float]


@dataclass(frozen=True)
class Identity:
    """Which model, from which data. Digests are SHA-256 in hexadecimal."""

    model_name: str
    model_version: str
    model_digest: str
    data_digest: str
    git_commit: str
    trained_at: datetime
    registered_versions: int
    seed: int
    features: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    library_versions: tuple[tuple[str, str], ...]
    training_rows: int
    validation_rows: int
    test_rows: int
    churn_rate: float
    training_snapshots: tuple[date, ...]


@dataclass(frozen=True)
class MetricRow:
    """One figure on the test customers with its 95 % interval, beside the baselines' figure."""

    name: str
    better: str
    value: float
    lower: float
    upper: float
    logistic_regression: float | None
    majority: float | None


@dataclass(frozen=True)
class Curves:
    """Points to draw, each at most 200. `calibration` is (mean predicted, observed share, customers) per bin;
    `gain` is (share of customers called, share of leavers reached), `value` is (threshold, value per customer).
    """

    roc: tuple[Point, ...]
    roc_baseline: tuple[Point, ...]
    precision_recall: tuple[Point, ...]
    precision_recall_baseline: tuple[Point, ...]
    calibration: tuple[tuple[float, float, int], ...]
    gain: tuple[Point, ...]
    value: tuple[Point, ...]


@dataclass(frozen=True)
class Economics:
    """Why the threshold is where it is. Money in the currency of monthly charges."""

    threshold: float
    value_per_customer: float
    treated_share: float
    horizon_months: float
    offer_cost: float
    save_rate: float
    margin: float


@dataclass(frozen=True)
class CheckRow:
    """One check of the promotion gate."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Gate:
    """The promotion decision on the present champion or challenger, in words."""

    promote: bool
    already_champion: bool
    reasons: tuple[str, ...]
    checks: tuple[CheckRow, ...]
    noise_promotion_probability: float
    noise_method: str = "labels"


@dataclass(frozen=True)
class SliceRow:
    """Figures of one part of the test customers; None where too few customers leave or stay to say."""

    column: str
    value: str
    customers: int
    churn_rate: float
    mean_probability: float
    auc: float | None
    auc_lower: float | None
    auc_upper: float | None
    recall: float | None


@dataclass(frozen=True)
class ReasonRow:
    """A model input: mean contributions over the test customers in log-odds, share of the scored it is a reason for."""

    feature: str
    label: str
    mean_absolute: float
    mean_signed: float
    share_as_reason: float


@dataclass(frozen=True)
class DriftRow:
    """One feature of the snapshot against the champion's training data."""

    feature: str
    kind: str
    psi: float
    threshold: float
    ks: float | None
    adjusted_p_value: float
    mean_shift: float | None
    null_share: float
    drifted: bool


@dataclass(frozen=True)
class Drift:
    """The snapshot's drift; 1 or more is drift."""

    score: float
    drifted: bool
    reference_rows: int
    current_rows: int
    rows: tuple[DriftRow, ...]


@dataclass(frozen=True)
class SegmentRow:
    """A risk segment of the scored customers."""

    segment: str
    customers: int
    mean_probability: float
    expected_loss: float


@dataclass(frozen=True)
class QueueRow:
    """One customer of the queue, by expected loss = probability x monthly charge x horizon."""

    customer_id: str
    probability: float
    segment: str
    monthly_charges: float
    expected_loss: float
    reasons: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class KnownOutcomes:
    """Scored customers whose outcome is known already, and those among them that the model learned from."""

    customers: int = 0
    taught: int = 0


@dataclass(frozen=True)
class ReportData:
    """Everything on the page. `histogram` is (left edge of the probability bin, customers), bins of equal width;
    `boundaries` is (segment, lowest probability that belongs to it), and may be left out.
    """

    generated_at: datetime
    snapshot_date: date
    customers: int
    generated_customers: bool
    identity: Identity
    metrics: tuple[MetricRow, ...]
    curves: Curves
    economics: Economics
    gate: Gate | None
    slices: tuple[SliceRow, ...]
    gaps: tuple[tuple[str, float], ...]
    reasons: tuple[ReasonRow, ...]
    drift: Drift | None
    segments: tuple[SegmentRow, ...]
    histogram: tuple[tuple[float, int], ...]
    queue: tuple[QueueRow, ...]
    boundaries: tuple[tuple[str, float], ...] = ()
    test_customers: int = 0
    known: KnownOutcomes = KnownOutcomes()
