"""What a set of rows looks like, small enough to travel with a model: counts per bin, NULLs, moments."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from telecom.errors import ModelRejected

Kind = Literal["number", "category", "bool", "score"]

SCORE = "churn_probability"
SCORE_BINS = 20


@dataclass(frozen=True)
class Bins:
    """How one column is cut.

    Numbers and the score: ascending `edges` e1 … ek make the k + 1 bins x < e1, e1 <= x < e2, …, ek <= x.
    Categories: one bin per category and a last one for every other value. Bool: false and true.
    """

    name: str
    kind: Kind
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"the edges of {self.name!r} do not ascend")

    @property
    def ordered(self) -> bool:
        """Whether neighbouring bins are neighbours in value."""
        return self.kind in ("number", "score")

    @property
    def size(self) -> int:
        """Number of bins, without the one for NULL."""
        return len(self.edges) + 1 if self.ordered else len(self.categories) + (self.kind == "category")


@dataclass(frozen=True)
class ColumnProfile:
    """Rows of one column: `counts` per bin and `nulls` add up to `rows`; numbers have moments."""

    bins: Bins
    rows: int
    nulls: int
    counts: tuple[int, ...]
    mean: float | None = None
    variance: float | None = None

    def __post_init__(self) -> None:
        if len(self.counts) != self.bins.size or self.nulls + sum(self.counts) != self.rows:
            raise ValueError(f"the counts of {self.bins.name!r} do not add up to its rows")

    @property
    def null_share(self) -> float:
        """NULLs in 0..1; 0 without rows."""
        return self.nulls / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Profile:
    """The feature columns of `rows` rows, in model order, and the calibrated scores where there are any."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    score: ColumnProfile | None = None
    format: Literal[1] = 1

    def to_json(self) -> str:
        """The text of the bundle's `reference.json`; `from_json` gives back an equal profile."""
        return _ADAPTER.dump_json(self, indent=1).decode()

    @classmethod
    def from_json(cls, found: str | bytes | Mapping[str, Any]) -> "Profile":
        """Reads what `to_json` wrote, as text or parsed.

        Raises:
            ModelRejected: it is no profile, or its counts do not add up.
        """
        text = json.dumps(found) if isinstance(found, Mapping) else found
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            message = f"The reference profile is not valid: {error}"
            raise ModelRejected(message, "Train the model again.") from error


_ADAPTER = TypeAdapter(Profile)


def score_bins() -> Bins:
    """The score's fixed bins: twenty of equal width over 0..1."""
    return Bins(SCORE, "score", edges=tuple(i / SCORE_BINS for i in range(1, SCORE_BINS)))
