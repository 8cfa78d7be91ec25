"""A report's data as a run over a small company gives it: scores drawn from a seed, curves computed from them."""

from datetime import UTC, date, datetime

import numpy as np

from mlops.src.report import view
from mlops.src.report.view import Point

SEED = 7
TEST_CUSTOMERS = 1409
CUSTOMERS = 7043
HORIZON = 6.0
THRESHOLD = 0.237
OFFER, KEPT = 20.0, 83.0
FEATURES = (
    ("contract", "Contract"),
    ("tenure_months", "Months with us"),
    ("internet_service", "Internet service"),
    ("monthly_charge_level", "Monthly charge"),
    ("total_charges", "Total charges"),
    ("payment_method", "Payment method"),
    ("online_security", "Online security"),
    ("tech_support", "Technical support"),
    ("paperless_billing", "Paperless billing"),
    ("charge_change", "Change of charge"),
    ("streaming_tv", "Streaming TV"),
    ("senior_citizen", "Senior citizen"),
    ("multiple_lines", "Multiple lines"),
    ("partner", "Partner"),
)
REASONS = (
    ("contract", "Month-to-month", 0.92),
    ("internet_service", "Fiber optic", 0.61),
    ("tenure_months", "2", 0.78),
    ("payment_method", "Electronic check", 0.33),
    ("online_security", "false", 0.29),
    ("dependents", "true", -0.21),
)


def sample() -> view.ReportData:
    """The whole page's data; the same on every call."""
    generator = np.random.default_rng(SEED)
    scores = generator.beta(0.75, 2.05, CUSTOMERS)
    left = generator.random(CUSTOMERS) < scores
    test, outcome = scores[:TEST_CUSTOMERS], left[:TEST_CUSTOMERS]
    weaker = np.clip(test + generator.normal(0, 0.09, TEST_CUSTOMERS), 0, 1)
    return view.ReportData(
        generated_at=datetime(2026, 3, 5, 14, 5, tzinfo=UTC),
        snapshot_date=date(2026, 3, 1),
        customers=CUSTOMERS,
        generated_customers=True,
        identity=identity(),
        metrics=metrics(),
        curves=curves(test, weaker, outcome),
        economics=economics(test, outcome),
        gate=gate(),
        slices=slices(),
        gaps=(("roc_auc by senior_citizen", 0.041), ("recall by gender", 0.018), ("recall by contract", 0.312)),
        reasons=tuple(
            view.ReasonRow(name, label, 0.82 * 0.74**n, 0.09 * (-1) ** n * 0.7**n, 0.78 * 0.8**n)
            for n, (name, label) in enumerate(FEATURES)
        ),
        drift=drift(),
        segments=segments(scores),
        histogram=tuple(
            (edge / 40, int(((scores >= edge / 40) & (scores < (edge + 1) / 40)).sum())) for edge in range(40)
        ),
        queue=tuple(queue_row(n) for n in range(20)),
        boundaries=(("low", 0.0), ("medium", THRESHOLD), ("high", 0.6)),
    )


def economics(scores: np.ndarray, left: np.ndarray) -> view.Economics:
    called = scores >= THRESHOLD
    value = float(np.where(called, left * KEPT - OFFER, 0).mean())
    return view.Economics(THRESHOLD, value, float(called.mean()), HORIZON, OFFER, 0.35, 0.55)


def identity() -> view.Identity:
    return view.Identity(
        model_name="telco-churn",
        model_version="4",
        model_digest="9f2c7be1" * 8,
        data_digest="03ad51c6" * 8,
        git_commit="5d1b0c2a" * 5,
        trained_at=datetime(2026, 3, 2, 6, 30, tzinfo=UTC),
        registered_versions=4,
        seed=20260301,
        features=tuple(name for name, _ in FEATURES),
        parameters=(("max_depth", "3"), ("learning_rate", "0.052"), ("n_estimators", "318"), ("subsample", "0.8")),
        library_versions=(("numpy", "2.4.0"), ("scikit-learn", "1.9.0"), ("xgboost", "3.2.0")),
        training_rows=4225,
        validation_rows=1409,
        test_rows=TEST_CUSTOMERS,
        churn_rate=0.2654,
        training_snapshots=(date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)),
    )


def metrics() -> tuple[view.MetricRow, ...]:
    return (
        view.MetricRow("roc_auc", "higher", 0.8493, 0.8281, 0.8697, 0.8452, 0.5),
        view.MetricRow("average_precision", "higher", 0.6671, 0.6204, 0.7102, 0.6127, 0.2654),
        view.MetricRow("brier_score", "lower", 0.1334, 0.1241, 0.1429, 0.1368, 0.195),
        view.MetricRow("calibration_error", "lower", 0.0184, 0.0121, 0.0342, 0.0431, None),
        view.MetricRow("recall_at_20_percent", "higher", 0.5214, 0.4822, 0.5611, None, 0.2),
    )


def curves(scores: np.ndarray, weaker: np.ndarray, left: np.ndarray) -> view.Curves:
    thresholds = np.linspace(0, 1, 101)
    bins = [(scores >= a) & (scores < a + 0.1) for a in np.arange(10) / 10]
    return view.Curves(
        roc=roc(scores, left),
        roc_baseline=roc(weaker, left),
        precision_recall=precision_recall(scores, left),
        precision_recall_baseline=precision_recall(weaker, left),
        calibration=tuple((float(scores[b].mean()), float(left[b].mean()), int(b.sum())) for b in bins),
        gain=gain(scores, left),
        value=tuple((float(t), float(np.where(scores >= t, left * KEPT - OFFER, 0).mean())) for t in thresholds),
    )


def roc(scores: np.ndarray, left: np.ndarray) -> tuple[Point, ...]:
    found = left[np.argsort(-scores)]
    x, y = np.cumsum(~found) / (~found).sum(), np.cumsum(found) / found.sum()
    return ((0.0, 0.0), *thinned(x, y))


def precision_recall(scores: np.ndarray, left: np.ndarray) -> tuple[Point, ...]:
    found = left[np.argsort(-scores)]
    calls = np.arange(1, len(found) + 1)
    return thinned(np.cumsum(found)[9:] / found.sum(), np.cumsum(found)[9:] / calls[9:])


def gain(scores: np.ndarray, left: np.ndarray) -> tuple[Point, ...]:
    found = left[np.argsort(-scores)]
    return ((0.0, 0.0), *thinned(np.arange(1, len(found) + 1) / len(found), np.cumsum(found) / found.sum()))


def thinned(x: np.ndarray, y: np.ndarray, points: int = 150) -> tuple[Point, ...]:
    at = np.linspace(0, len(x) - 1, points).astype(int)
    return tuple((float(a), float(b)) for a, b in zip(x[at], y[at], strict=True))


def segments(scores: np.ndarray) -> tuple[view.SegmentRow, ...]:
    limits = (("high", 0.6, 1.01), ("medium", THRESHOLD, 0.6), ("low", 0.0, THRESHOLD))
    rows = []
    for name, low, high in limits:
        inside = scores[(scores >= low) & (scores < high)]
        rows.append(view.SegmentRow(name, len(inside), float(inside.mean()), float(inside.sum() * 71.3 * HORIZON)))
    return tuple(rows)


def queue_row(n: int) -> view.QueueRow:
    probability, charge = 0.93 - 0.009 * n, 109.4 - 0.85 * n
    reasons = tuple((f, v, c * (1 - 0.03 * ((n + i) % 7))) for i, (f, v, c) in enumerate(REASONS))
    return view.QueueRow(
        f"{7590 + 37 * n:04d}-{'VHVEGQPLNF'[n % 10]}KDOW",
        probability,
        "high",
        charge,
        probability * charge * HORIZON,
        reasons[: 3 + n % 2] + reasons[5:] * (n % 3 == 0),
    )


def slices() -> tuple[view.SliceRow, ...]:
    rows = (
        ("gender", "Female", 698, 0.268, 0.265, 0.846, 0.031, 0.78),
        ("gender", "Male", 711, 0.262, 0.266, 0.852, 0.029, 0.79),
        ("senior_citizen", "false", 1180, 0.236, 0.239, 0.853, 0.024, 0.76),
        ("senior_citizen", "true", 229, 0.417, 0.402, 0.812, 0.056, 0.86),
        ("contract", "Month-to-month", 775, 0.427, 0.424, 0.752, 0.034, 0.88),
        ("contract", "One year", 295, 0.113, 0.121, 0.771, 0.074, 0.36),
        ("contract", "Two year", 339, 0.028, 0.031, None, 0.0, None),
        ("internet_service", "DSL", 484, 0.19, 0.187, 0.858, 0.037, 0.66),
        ("internet_service", "Fiber optic", 619, 0.419, 0.421, 0.789, 0.036, 0.9),
    )
    return tuple(
        view.SliceRow(c, v, n, r, p, a, a and a - w, a and min(1.0, a + w), recall)
        for c, v, n, r, p, a, w, recall in rows
    )


def drift() -> view.Drift:
    moved = {"monthly_charge_level": 0.61, "internet_service": 0.23}
    rows = tuple(
        view.DriftRow(
            name,
            "number" if n % 3 == 1 else "category",
            moved.get(name, 0.031 * 0.8**n),
            0.1,
            0.02 + 0.1 * (name in moved) if n % 3 == 1 else None,
            1e-12 if name in moved else 0.81,
            (0.44 if name in moved else -0.02) if n % 3 == 1 else None,
            0.0,
            name in moved,
        )
        for n, (name, _) in enumerate(FEATURES)
    )
    return view.Drift(6.1, True, 7043, 7043, rows)


def gate() -> view.Gate:
    checks = (
        view.CheckRow("beats_champion", False, "ROC AUC 0.849 against 0.848: the lead of 0.001 is not beyond chance."),
        view.CheckRow("beats_logistic_regression", True, "Average precision is 0.054 ahead, interval 0.021 to 0.088."),
        view.CheckRow("calibrated", True, "Expected calibration error 0.018, at most 0.03."),
        view.CheckRow("no_slice_worse", True, "No slice lost more than 0.02 of ROC AUC."),
    )
    reasons = ("The challenger is not better than the champion beyond chance.",)
    return view.Gate(False, False, reasons, checks, 0.031)
