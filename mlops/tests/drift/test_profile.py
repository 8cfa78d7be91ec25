import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.src.drift.profile import Bins, ColumnProfile, Profile, score_bins
from telecom.errors import ModelRejected

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text("aé€'\"\\\n ", max_size=6)
COUNTS = st.integers(0, 10**9)


@st.composite
def columns(draw: st.DrawFn) -> ColumnProfile:
    kind = draw(st.sampled_from(["number", "category", "bool"]))
    edges = tuple(sorted(draw(st.sets(FINITE, max_size=5)))) if kind == "number" else ()
    names = ("false", "true") if kind == "bool" else tuple(draw(st.sets(TEXTS, max_size=4)))
    bins = Bins(draw(TEXTS), kind, edges, () if kind == "number" else names)
    counts = tuple(draw(COUNTS) for _ in range(bins.size))
    nulls = draw(COUNTS)
    moments = (draw(st.none() | FINITE), draw(st.none() | FINITE))
    return ColumnProfile(bins, nulls + sum(counts), nulls, counts, *moments)


@given(st.lists(columns(), max_size=4), st.none() | columns())
def test_json_gives_back_the_same_profile(found: list[ColumnProfile], score: ColumnProfile | None) -> None:
    profile = Profile(7, tuple(found), score)
    assert Profile.from_json(profile.to_json()) == profile


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"rows": 1}',
        '{"rows": 1, "columns": [], "format": 2}',
        '{"rows": 3, "columns": [{"bins": {"name": "a", "kind": "bool", "categories": ["false", "true"]},'
        ' "rows": 3, "nulls": 0, "counts": [1, 1]}]}',
        '{"rows": 1, "columns": [{"bins": {"name": "a", "kind": "number", "edges": [2, 1]},'
        ' "rows": 1, "nulls": 1, "counts": [0, 0, 0]}]}',
    ],
)
def test_what_is_no_profile_is_rejected(text: str) -> None:
    with pytest.raises(ModelRejected, match="reference profile is not valid"):
        Profile.from_json(text)


def test_parsed_json_is_read_like_text() -> None:
    profile = Profile(2, (ColumnProfile(Bins("a", "number", (1.5,)), 2, 0, (1, 1), 1.0, 2.0),))
    assert Profile.from_json(json.loads(profile.to_json())) == profile


def test_score_bins_are_twenty_equal_ones() -> None:
    assert score_bins().size == 20
    assert score_bins().edges[9] == 0.5
