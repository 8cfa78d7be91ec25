"""The check's requests against the service's own contract, and every kind of wrong answer."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mlops.src.release import post_deploy_check
from mlops.src.release.check_requests import FEATURES, LARGEST_BODY, RAW, forms, make_cases
from mlops.src.serving.churn_service import question_of
from mlops.src.serving.instances import Instances
from telecom.errors import DependencyUnavailable, GateRefused, TelecomError
from telecom.ports import Answer
from telecom.tables import contract

CASES = make_cases(2_000, seed=7)
INSTANCES = Instances()
REASON = {"feature": "contract", "value": "Two year", "contribution": -0.5}


def service(path: str, body: bytes | None) -> Answer:
    """A service that keeps the contract; probabilities are made up."""
    if body is None:
        return Answer(200, b"")
    try:
        if len(body) > LARGEST_BODY:
            return Answer(413, b"")
        rows = INSTANCES.rows(question_of(body)[0])
    except TelecomError as error:
        return Answer(400 if error.exit_code == 2 else 422, b"")
    return answer(*(abs(hash(row)) % 1000 / 1000 for row in rows))


def answer(*probabilities: float, **more: Any) -> Answer:
    made = [
        {"churn_probability": p, "risk_segment": segment(p), "top_reasons": [REASON, {**REASON, "contribution": 0.1}]}
        | more
        for p in probabilities
    ]
    return Answer(200, json.dumps({"predictions": made}).encode())


def segment(probability: float) -> str:
    return "low" if probability < 0.3 else "medium" if probability < 0.6 else "high"


def test_a_service_that_keeps_the_contract_passes() -> None:
    for requests in (50, 500):
        found = post_deploy_check.run(service, requests=requests)
        assert found.failures == () and found.passed and found.requests == requests
        assert found.answered >= requests // 2 and found.refused >= requests * 4 // 10
        found.require()


def test_the_service_takes_and_refuses_what_the_check_expects() -> None:
    decided = [case for case in CASES if case.expected != "either"]
    taken = {case.name: service("/predict", case.body).status == 200 for case in decided}
    assert taken == {case.name: case.expected == "answer" for case in decided}


def test_half_are_valid_and_four_of_ten_break_the_contract() -> None:
    assert Counter(case.expected for case in CASES[:50]) == {"answer": 25, "refusal": 20, "either": 5}
    assert make_cases(50, 7) == CASES[:50] != make_cases(50, 8)
    assert make_cases(1, 7) == CASES[:1]


def test_every_bound_and_every_value_of_the_contracts_is_sent() -> None:
    names = {case.name for case in CASES if case.expected == "answer"}
    for form in forms():
        for column in form.columns:
            for value in column.values if column.name != "SeniorCitizen" else (0, 1):
                assert f"{column.name} = {value!r}" in names
    assert {"tenure_months = 0", "tenure_months = 1200", "tenure = 1200", "MonthlyCharges = 100000.0"} <= names
    refused = {case.name for case in CASES if case.expected == "refusal"}
    assert {"tenure_months = -1", "tenure_months = 1201", "SeniorCitizen = 2", "total_charges = -1.0"} <= refused
    assert {"nothing", "no JSON", "half of a request", "deep nesting", "a body above 1 MiB"} <= refused
    nulls = {case.name for case in CASES if case.name.endswith("= null")}
    assert nulls == {f"{column.name} = null" for form in forms() for column in form.columns}


def test_no_customer_is_named() -> None:
    for table in (FEATURES, RAW):
        secret = {column.name for column in contract(table).columns if column.pii == "identifier"}
        assert secret and not any(name.encode() in case.body for case in CASES for name in secret)


def spoilt(change: Callable[[Answer], Answer]) -> post_deploy_check.Checked:
    """The check of a service whose good answers are changed."""

    def ask(path: str, body: bytes | None) -> Answer:
        found = service(path, body)
        return change(found) if found.status == 200 and body is not None else found

    return post_deploy_check.run(ask)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: Answer(500, b""), "Answered with 500"),
        (lambda a: Answer(422, b""), "though the contract allows it"),
        (lambda a: Answer(401, b""), "Answered with 401"),
        (lambda a: Answer(429, b""), "Answered with 429"),
        (lambda a: Answer(200, b"<html>"), "holds no predictions"),
        (lambda a: Answer(200, b'{"predictions": []}'), "not one prediction for each"),
        (lambda a: Answer(200, b'{"predictions": [1]}'), "is no object"),
        (lambda a: answer(1.5), "The probability 1.5 is none"),
        (lambda a: answer(float("nan")), "The probability nan is none"),
        (lambda a: answer(0.5, churn_probability="0.5"), "The probability '0.5' is none"),
        (lambda a: answer(0.5, churn_probability=True), "The probability True is none"),
        (lambda a: answer(0.5, risk_segment="severe"), "no risk segment 'severe'"),
        (lambda a: answer(0.5, top_reasons=[]), "There are no reasons"),
        (lambda a: answer(0.5, top_reasons=[{**REASON, "contribution": None}]), "no finite contribution"),
        (lambda a: answer(0.5, top_reasons=[{**REASON, "contribution": 0.1}, REASON]), "out of order"),
    ],
)
def test_wrong_answers_are_found(change: Callable[[Answer], Answer], said: str) -> None:
    found = spoilt(change)
    assert not found.passed and any(said in failure.sentence for failure in found.failures)
    with pytest.raises(GateRefused, match=r"of 50 check requests were not answered as they should be") as refused:
        found.require()
    assert refused.value.gate == "post_deploy_check" and len(refused.value.reasons) <= 10


def test_segments_that_are_no_bands_are_found() -> None:
    turns = iter([(0.2, "high"), (0.7, "low")] * 500)

    def swap(found: Answer) -> Answer:
        count = len(json.loads(found.body)["predictions"])
        probability, name = next(turns)
        return answer(*[probability] * count, risk_segment=name)

    assert [f.case for f in spoilt(swap).failures] == ["risk segments"]


def test_what_must_be_refused_and_is_answered_is_found() -> None:
    found = post_deploy_check.run(lambda path, body: service(path, body) if body is None else answer(0.5))
    wrong = [failure for failure in found.failures if "the contract does not allow it" in failure.sentence]
    assert len(wrong) == 20


def test_a_server_error_on_something_unusual_is_found() -> None:
    def ask(path: str, body: bytes | None) -> Answer:
        found = service(path, body)
        return Answer(500, b"") if body and b"null" in body else found

    assert all("500" in failure.sentence for failure in post_deploy_check.run(ask).failures)
    assert post_deploy_check.run(ask).failures


def failing(ask: Callable[[str, bytes | None], Answer]) -> set[str]:
    return {failure.case for failure in post_deploy_check.run(ask).failures}


def test_a_service_that_takes_larger_bodies_does_not_pass() -> None:
    def ask(path: str, body: bytes | None) -> Answer:
        if body and LARGEST_BODY < len(body) <= 32 << 20:
            return answer(*(abs(hash(row)) % 1000 / 1000 for row in INSTANCES.rows(question_of(body)[0])))
        return service(path, body)

    assert failing(ask) == {"a body above 1 MiB"}


def test_a_service_that_takes_nan_does_not_pass() -> None:
    def ask(path: str, body: bytes | None) -> Answer:
        return service(path, body and body.replace(b"NaN", b"0.5"))

    assert failing(ask) == {"NaN as a number"}


def test_a_service_that_stumbles_over_nesting_does_not_pass() -> None:
    """It refuses in words of Python's own, which go down level by level."""

    def ask(path: str, body: bytes | None) -> Answer:
        found = service(path, body)
        try:
            if found.status == 422:
                json.dumps(question_of(body or b"")[0])
        except RecursionError:
            return Answer(500, b"")
        except TelecomError:
            pass
        return found

    assert len([case for case in failing(ask) if "nested as deep as JSON is read" in case]) == 4


def test_metrics_must_be_there() -> None:
    found = post_deploy_check.run(lambda path, body: service(path, body) if body is not None else Answer(404, b""))
    assert [failure.case for failure in found.failures] == ["/metrics"]


def test_a_service_that_is_not_there_is_said_at_once() -> None:
    asked: list[str] = []

    def nobody(path: str, body: bytes | None) -> Answer:
        asked.append(path)
        raise DependencyUnavailable("nobody")

    with pytest.raises(DependencyUnavailable, match="nobody"):
        post_deploy_check.run(nobody)
    assert asked == ["/metrics"]


def test_a_service_that_falls_silent_fails_the_check() -> None:
    def silent(path: str, body: bytes | None) -> Answer:
        if body and b"instances" not in body:
            raise DependencyUnavailable("The connection was closed.")
        return service(path, body)

    assert {failure.sentence for failure in post_deploy_check.run(silent).failures} == {"The connection was closed."}
