"""Whatever is sent: an answer with finite probabilities, or a refusal in words; never an error of ours."""

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.tests.serving.churn_fakes import CUSTOMER, FEATURE_ROW, Service

RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["", " ", "NaN", "inf", "-0", "1e5", "1e999", "0x1", "1_000", "Yes", "No", "true", "²", "\x00"]),
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))
FORMS = st.sampled_from([CUSTOMER, FEATURE_ROW, {}])


def judged(service: Service, body: Any) -> None:
    answer = service.ask("/predict", body if isinstance(body, bytes) else json.dumps(body))
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code != 200:
        assert answer.json()["error"]
        return
    for prediction in answer.json()["predictions"]:
        assert 0 < prediction["churn_probability"] < 1
        assert prediction["risk_segment"] in ("low", "medium", "high")
        assert all(math.isfinite(reason["contribution"]) for reason in prediction.get("top_reasons", ()))


@RELAXED
@given(JSON)
def test_any_json(service: Service, body: Any) -> None:
    judged(service, body)


NESTED = st.sampled_from([(b"[", b"]", b""), (b'{"a":', b"}", b"0"), (b'[{"b":', b"}]", b"1")])


def deep(levels: int, kind: tuple[bytes, bytes, bytes]) -> bytes:
    opening, closing, inside = kind
    return opening * levels + inside + closing * levels


@pytest.mark.parametrize("levels", [1, 80, 300, 480, 500, 900, 957, 970, 990, 1_000, 1_015, 1_020, 1_024, 1_100])
@pytest.mark.parametrize("field", ["Contract", "tenure", "MonthlyCharges", "Churn", "strange", ""])
def test_any_depth(service: Service, field: str, levels: int) -> None:
    nested(service, levels, (b"[", b"]", b""), field)


@RELAXED
@given(st.integers(1, 1_100), NESTED, st.sampled_from([*CUSTOMER, "strange", ""]))
def test_any_depth_anywhere(service: Service, levels: int, kind: tuple[bytes, bytes, bytes], field: str) -> None:
    nested(service, levels, kind, field)


def nested(service: Service, levels: int, kind: tuple[bytes, bytes, bytes], field: str) -> None:
    """What is nested so deep stands in a field, or for the instance."""
    whole = json.dumps({"instances": [CUSTOMER | {field: "@"} if field else "@"]}).encode()
    body = whole.replace(b'"@"', deep(levels, kind))
    judged(service, body)
    answer = service.ask("/predict", body)
    for fault in answer.json().get("faults", ()):
        assert len(fault["value"]) <= 80
    if field == "Contract" and kind[0] == b"[" and levels < 1_000:
        assert answer.status_code == 422 and answer.json()["faults"][0]["reason"] == "wrong_type"


@RELAXED
@given(st.binary(max_size=200))
def test_any_bytes(service: Service, body: bytes) -> None:
    judged(service, body)


@RELAXED
@given(FORMS, st.dictionaries(st.sampled_from([*CUSTOMER, *FEATURE_ROW, "Churn"]), JSON, max_size=4), JSON)
def test_any_value_in_any_field(service: Service, form: Any, changed: Any, parameters: Any) -> None:
    judged(service, {"instances": [form | changed]})
    judged(service, {"instances": [form | changed, CUSTOMER], "parameters": {"reasons": False}})
    judged(service, {"instances": [CUSTOMER], "parameters": parameters})


@RELAXED
@given(
    st.floats(0, 1e5),
    st.one_of(st.none(), st.floats(0, 1e8)),
    st.integers(0, 1_200),
    st.floats(-3.4e38, 3.4e38),
)
def test_extreme_values_within_the_contract_are_answered(
    service: Service, monthly: float, total: float | None, tenure: int, change: float
) -> None:
    telco = CUSTOMER | {"MonthlyCharges": monthly, "TotalCharges": total, "tenure": tenure}
    assert len(service.predict(telco, FEATURE_ROW | {"charge_change": change, "tenure_months": tenure})) == 2
