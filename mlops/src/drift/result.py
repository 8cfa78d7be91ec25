"""The verdict on one snapshot, in figures and in sentences."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from mlops.src.drift.decision import FeatureDrift

FEW_ROWS = 200


@dataclass(frozen=True)
class Drift:
    """A snapshot against the champion's training data; `features` in model order, `score` >= 1 is drift."""

    HEADER: ClassVar[tuple[str, ...]] = ("feature", "PSI", "threshold", "adjusted p", "score", "mean shift", "drifted")

    snapshot_date: date
    model_name: str
    model_version: str
    reference_rows: int
    current_rows: int
    features: tuple[FeatureDrift, ...]
    score: float
    drifted: bool

    @property
    def worst_first(self) -> tuple[FeatureDrift, ...]:
        """The features by falling score, then by falling PSI."""
        return tuple(sorted(self.features, key=lambda f: (-f.feature_drift_score, -f.psi, f.feature)))

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence per drifted feature, the worst first."""
        return tuple(_reason(feature) for feature in self.worst_first if feature.drifted)

    @property
    def caution(self) -> str:
        """What so few customers cannot show; empty where there are enough."""
        if min(self.reference_rows, self.current_rows) >= FEW_ROWS:
            return ""
        threshold = max(feature.threshold for feature in self.features)
        return (
            f"{self.current_rows} customers against {self.reference_rows} are few: changes up to a PSI of "
            f"{threshold:.2f} cannot be told from chance."
        )

    def sentence(self) -> str:
        """The verdict in a line or two."""
        moved = [feature.feature for feature in self.worst_first if feature.drifted]
        verdict = f"has drifted in {', '.join(moved)}" if moved else "looks like the training data"
        found = f"Snapshot {self.snapshot_date} {verdict} (score {self.score:.2f}; 1 or more is drift)."
        return f"{found} {self.caution}".strip()

    def table(self) -> list[tuple[str | float | None, ...]]:
        """One row per feature under `HEADER`, the worst first."""
        return [_row(feature) for feature in self.worst_first]

    def summary(self) -> list[tuple[str, str]]:
        """What the table compares, and the verdict."""
        return [
            ("snapshot", f"{self.snapshot_date}, {self.current_rows:,} customers"),
            ("champion", f"{self.model_name} {self.model_version}, trained on {self.reference_rows:,}"),
            ("verdict", self.sentence()),
        ]


def _row(feature: FeatureDrift) -> tuple[str | float | None, ...]:
    return (
        feature.feature,
        f"{feature.psi:.4f}",
        f"{feature.threshold:.4f}",
        f"{feature.adjusted_p_value:.2g}",
        f"{feature.feature_drift_score:.2f}",
        None if feature.mean_shift is None else f"{feature.mean_shift:+.2f}",
        "yes" if feature.drifted else "no",
    )


def _reason(feature: FeatureDrift) -> str:
    mean = "" if feature.mean_shift is None else f", mean {feature.mean_shift:+.2f} sd"
    nulls = "" if feature.current_null_share == 0 else f", {feature.current_null_share:.1%} NULL"
    return f"{feature.feature}: PSI {feature.psi:.3f} above {feature.threshold:.3f}{mean}{nulls}"
