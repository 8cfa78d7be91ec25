import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.src.modelling.encoding import FeatureSpec, encode
from mlops.src.modelling.features import CHURN_FEATURES, CONTRACTS
from telecom.errors import InputRefused

FLAG = FeatureSpec("flag", "bool")
COUNT = FeatureSpec("count", "number")
PLAN = FeatureSpec("plan", "category", ("small", "large"))
ALL = (FLAG, COUNT, PLAN)


def batch(**changes: pa.Array) -> pa.Table:
    columns = {
        "flag": pa.array([True, False, None]),
        "count": pa.array([3, None, -2]),
        "plan": pa.array(["large", "small", None]),
    }
    return pa.table(columns | changes)


def test_known_answer_with_nulls_as_nan() -> None:
    expected = np.array([[1, 3, 1], [0, np.nan, 0], [np.nan, -2, np.nan]], dtype=np.float32)
    found = encode(batch(), ALL)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32 and found.flags.c_contiguous


def test_columns_follow_the_features_not_the_table() -> None:
    np.testing.assert_array_equal(encode(batch(), (PLAN, FLAG)), encode(batch(), ALL)[:, [2, 0]])


def test_chunks_dictionaries_record_batches_and_slices_are_the_same() -> None:
    expected = encode(batch(), ALL)
    chunked = pa.concat_tables([batch().slice(0, 1), batch().slice(1)])
    coded = batch(plan=batch()["plan"].combine_chunks().dictionary_encode())
    for same in (chunked, coded, batch().to_batches()[0]):
        np.testing.assert_array_equal(encode(same, ALL), expected)
    np.testing.assert_array_equal(encode(batch().slice(1, 2), ALL), expected[1:])


def test_an_unknown_category_is_refused_by_name_value_and_alternatives() -> None:
    strange = batch(plan=pa.array(["large", "huge", None]))
    with pytest.raises(InputRefused, match="'plan' holds 'huge'; allowed: small, large") as refusal:
        encode(strange, ALL)
    assert (refusal.value.reason, refusal.value.read, refusal.value.refused) == ("unknown_category", 3, 1)
    np.testing.assert_array_equal(encode(strange, (PLAN,), unknown="missing")[:, 0], [1, np.nan, np.nan])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flag": pa.array([1, 0, 1])}, "wrong_type"),
        ({"count": pa.array(["3", "4", "5"])}, "wrong_type"),
        ({"plan": pa.array([1, 2, 3])}, "wrong_type"),
        ({"count": pa.array([1.0, np.inf, 2.0])}, "not_finite"),
        ({"count": pa.array([1.0, 1e300, 2.0])}, "not_finite"),
    ],
)
def test_wrong_columns_are_refused(changes: dict[str, pa.Array], reason: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        encode(batch(**changes), ALL)
    assert refusal.value.reason == reason


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputRefused, match="'count'"):
        encode(batch().drop_columns(["count"]), ALL)


def test_empty_and_all_null_columns() -> None:
    assert encode(batch().slice(0, 0), ALL).shape == (0, 3)
    nothing = pa.table({name: pa.nulls(2) for name in ("flag", "count", "plan")})
    assert np.isnan(encode(nothing, ALL)).all()


@given(st.lists(st.one_of(st.none(), st.sampled_from(CONTRACTS)), min_size=1))
def test_category_codes_are_places_in_the_list(values: list[str | None]) -> None:
    table = pa.table({"contract": pa.array(values, pa.string())})
    codes = encode(table, (FeatureSpec("contract", "category", CONTRACTS),))
    back = [None if np.isnan(code) else CONTRACTS[int(code)] for code in codes[:, 0]]
    assert back == values


def test_gender_is_not_a_model_input() -> None:
    names = [feature.name for feature in CHURN_FEATURES]
    assert "gender" not in names and len(set(names)) == len(names)


def test_a_feature_survives_json() -> None:
    assert tuple(FeatureSpec.from_json(feature.as_json()) for feature in CHURN_FEATURES) == CHURN_FEATURES
