"""How often the drift monitor is wrong: alarms without drift and with it, on generated customers.

`python -m benchmarks.drift_study` prints the tables of docs/mlops/drift.md; `--csv` resamples a Telco file.
Every simulation draws a new reference population, trains a model on it, and judges new customers with the
product's own statistics; only the counting is done by numpy (the tests show that it counts as the SQL does).
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from benchmarks.drift_world import Columns, Values, profile, resampled, snapshot
from mlops.src.drift.decision import FeatureDrift, judge, overall
from mlops.src.drift.measure import profile_scores
from mlops.src.drift.profile import Profile
from telecom.synthetic.customers import SCHEMA

POPULATION = 7_043
TRAIN, VALIDATION = 4_930, 1_057  # 70 % and 15 %, as the gold table splits
SIZES = (500, 2_000, 7_000)
KINDS = ("price_rise", "new_plan", "unit_change", "null_burst")
RISES = (0.005, 0.01, 0.02, 0.05, 0.10, 0.15)
RULES = ("features", "features and score", "features and in-sample score")


@dataclass(frozen=True)
class Case:
    """One kind of snapshot at one size."""

    label: str
    n: int
    drift: str = "none"
    price_rise: float = 0.0


STILL = tuple(Case("none", n) for n in SIZES)
NAMED = tuple(Case(kind, n, kind) for kind in KINDS for n in SIZES)
PRICES = tuple(Case(f"prices +{rise:.1%}", n, price_rise=rise) for rise in RISES for n in SIZES)

Draw = Callable[[Case, int], tuple[Columns, Values]]


@dataclass(frozen=True)
class Reference:
    """What one training leaves: profiles that differ in whose scores they hold, and the model's score."""

    held_out: Profile
    in_sample: Profile
    score: Callable[[Columns], Values]


@dataclass(frozen=True)
class Tally:
    """Of one case: alarms per rule, alarms per feature and all scores (the last two with held-out scores)."""

    alarms: Counter[str] = field(default_factory=Counter)
    by_feature: Counter[str] = field(default_factory=Counter)
    scores: list[float] = field(default_factory=list)

    def add(self, found: dict[str, tuple[FeatureDrift, ...]]) -> None:
        """Counts one judged snapshot."""
        self.alarms.update(rule for rule, features in found.items() if any(f.drifted for f in features))
        judged = found[RULES[1]]
        self.by_feature.update(f.feature for f in judged if f.drifted)
        self.scores.append(overall(judged))


def train(draw: Draw, seed: int) -> Reference:
    """Draws a population and fits a boosted, calibrated model to it, as the product does (but untuned)."""
    columns, churned = draw(Case("reference", POPULATION), seed)
    fitted, held = slice(0, TRAIN), slice(TRAIN, TRAIN + VALIDATION)
    model = XGBClassifier(n_estimators=150, max_depth=4, learning_rate=0.08, n_jobs=1, random_state=seed)
    model.fit(matrix(columns)[fitted], churned[fitted])

    def margins(of: Columns) -> Values:
        return np.asarray(model.predict(matrix(of), output_margin=True))[:, None]

    calibration = LogisticRegression().fit(margins(columns)[held], churned[held])

    def score(of: Columns) -> Values:
        return np.asarray(calibration.predict_proba(margins(of))[:, 1])

    features = profile({name: values[fitted] for name, values in columns.items()})
    held_out, in_sample = (replace(features, score=profile_scores(score(columns)[part])) for part in (held, fitted))
    return Reference(held_out, in_sample, score)


def verdicts(reference: Reference, columns: Columns) -> dict[str, tuple[FeatureDrift, ...]]:
    """The judgement of one snapshot under each of `RULES`."""
    pairs = list(zip(reference.held_out.columns, profile(columns, reference.held_out).columns, strict=True))
    scored = profile_scores(reference.score(columns))
    found = {RULES[0]: judge(pairs)}
    for rule, kept in zip(RULES[1:], (reference.held_out.score, reference.in_sample.score), strict=True):
        found[rule] = judge([*pairs, (kept, scored)]) if kept and scored else found[RULES[0]]
    return found


def matrix(columns: Columns) -> Values:
    """Model inputs: numbers as they are; of categories, their rank by name."""
    return np.column_stack(
        [np.unique(v, return_inverse=True)[1] if v.dtype.kind == "U" else v for v in columns.values()]
    ).astype(np.float64)


def interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact confidence interval of a share (Clopper and Pearson, Biometrika 26, 1934)."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, trials - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high


def simulate(draw: Draw, cases: Sequence[Case], simulations: int, seed: int) -> dict[Case, Tally]:
    """Judges every case once per simulation; no two populations share a seed."""
    tallies: defaultdict[Case, Tally] = defaultdict(Tally)
    step = len(cases) + 1
    for start in range(seed, seed + simulations * step, step):
        reference = train(draw, start)
        for offset, case in enumerate(cases, 1):
            tallies[case].add(verdicts(reference, draw(case, start + offset)[0]))
    return tallies


def table(tallies: dict[Case, Tally], simulations: int) -> str:
    """The result as Markdown."""
    heads = ["snapshot", "n", *RULES, "95 % interval", "median score", "alarms by"]
    lines = [heads, ["---"] * len(heads)]
    for case, tally in tallies.items():
        low, high = interval(tally.alarms[RULES[1]], simulations)
        shares = [f"{tally.alarms[rule] / simulations:.1%}" for rule in RULES]
        named = ", ".join(f"{name} {count}" for name, count in tally.by_feature.most_common(4)) or "none"
        score = f"{np.median(tally.scores):.2f}"
        lines.append([case.label, f"{case.n:,}", *shares, f"{low:.1%} to {high:.1%}", score, named])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def generated(case: Case, seed: int) -> tuple[Columns, Values]:
    """Customers of the generated world."""
    return snapshot(case.n, seed, case.drift, price_rise=case.price_rise)


def of_file(path: Path) -> Draw:
    """Customers drawn from a Telco file with replacement."""
    raw = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=SCHEMA, strings_can_be_null=False))

    def draw(case: Case, seed: int) -> tuple[Columns, Values]:
        return resampled(pa.table(raw), case.n, seed, price_rise=case.price_rise)

    return draw


def main() -> None:
    """Runs the study and prints its tables."""
    parser = argparse.ArgumentParser(description="False alarms and detections of the drift monitor.")
    parser.add_argument("--simulations", type=int, default=200, help="without drift")
    parser.add_argument("--detections", type=int, default=50, help="simulations with drift")
    parser.add_argument("--seed", type=int, default=20_261_120)
    parser.add_argument("--csv", type=Path, help="a Telco file to resample; price rises only")
    given = parser.parse_args()
    draw = of_file(given.csv) if given.csv else generated
    drifting = PRICES if given.csv else (*NAMED, *PRICES)
    print(table(simulate(draw, STILL, given.simulations, given.seed), given.simulations), end="\n\n")
    print(table(simulate(draw, drifting, given.detections, 2 * given.seed), given.detections))


if __name__ == "__main__":
    main()
