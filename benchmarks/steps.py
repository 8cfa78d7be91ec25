"""The steps of the bench, in the order of the loop: what is measured, beside what, and which target it has."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A figure to reach: `ratio` (at least), `rows_per_second` (at least) or `seconds` (at most)."""

    kind: str
    value: float

    def __str__(self) -> str:
        return {
            "ratio": f"≥ {self.value:g}×",
            "rows_per_second": f"≥ {self.value:,.0f} rows/s",
            "seconds": f"≤ {self.value:g} s",
        }[self.kind]

    def reached(self, *, ratio: float, rows_per_second: float, seconds: float) -> bool:
        """Whether the measured figures are at least as good."""
        if self.kind == "seconds":
            return seconds <= self.value
        return {"ratio": ratio, "rows_per_second": rows_per_second}[self.kind] >= self.value


@dataclass(frozen=True)
class Step:
    """One line of the table. `module` has `ours`, `alternative` and `compare`; `needs` are functions of `world`."""

    name: str
    title: str
    alternative: str
    rounds: int
    needs: tuple[str, ...] = ()
    target: Target | None = None

    @property
    def module(self) -> str:
        """Where the parts of the step are."""
        return f"benchmarks.{self.name}"


STEPS = (
    Step("ingest", "ingest a CSV", "read_csv, no checks", 1),
    Step("prepare", "prepare (bronze to gold)", "plain pandas", 3, ("champion", "ingested"), Target("ratio", 5)),
    Step(
        "score",
        "score, no reasons",
        "pandas + XGBClassifier",
        3,
        ("champion", "ingested", "prepared"),
        Target("rows_per_second", 300_000),
    ),
    Step(
        "reasons",
        "score with exact reasons",
        "Booster pred_contribs",
        1,
        ("champion", "ingested", "prepared"),
        Target("rows_per_second", 40_000),
    ),
    Step(
        "drift",
        "drift, 20 features and score",
        "pandas, numpy, scipy KS",
        3,
        ("champion", "ingested", "prepared", "scored"),
        Target("seconds", 3),
    ),
    Step("serving", "predict over HTTP with reasons", "MLflow scoring server", 1, ("champion",)),
)
