"""Extreme requests to the scoring service, valid and not, made from what the contracts allow. Pure; seeded."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Literal

import numpy as np

from telecom.tables import Column, contract

FEATURES = "telecom_gold.telco_churn_features_score_input"
RAW = "telecom_bronze.telco_churn_raw"
NOT_SENT = frozenset({"snapshot_date", "source_digest", "source_row", "ingested_at", "customerID", "gender", "Churn"})
WHOLE_NUMBERS = frozenset({"SeniorCitizen", "tenure"})
UNBOUNDED = 100_000.0
LARGEST_BODY = 1 << 20
DEEP = 1_000
"""Levels that the service's reader of JSON still takes (1,024), and Python's own functions do not."""
OF_TEN: tuple["Expected", ...] = ("answer", "refusal") * 4 + ("answer", "either")

Expected = Literal["answer", "refusal", "either"]
Instance = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One POST to /predict.

    Args:
        name: says what is extreme about it.
        body: as sent.
        expected: an answer for each instance, a refusal (4xx), or either of the two; never anything else.
        instances: how many the body holds.
    """

    name: str
    body: bytes
    expected: Expected
    instances: int = 1


def make_cases(count: int, seed: int) -> tuple[Case, ...]:
    """Of ten cases five are valid, four break the contract, one is unusual in what services may take or refuse.

    Every allowed extreme of every column comes before any comes again.
    """
    rng = np.random.default_rng(seed)
    kinds = {"answer": cycle(_valid(rng)), "refusal": cycle(_invalid(rng)), "either": cycle(_unusual(rng))}
    return tuple(next(kinds[expected]) for expected in islice(cycle(OF_TEN), count))


def _valid(rng: np.random.Generator) -> list[Case]:
    extremes = [(form, column, value) for form in forms() for column in form.columns for value in _extremes(column)]
    order = rng.permutation(len(extremes))
    made = []
    for position in order:
        form, column, value = extremes[int(position)]
        instance = form.consistent(form.instance(rng) | {column.name: value})
        made.append(_case(f"{column.name} = {value!r}", "answer", instance))
    many = [forms()[0].instance(rng) for _ in range(25)]
    return [_case("25 customers at once", "answer", *many), *made]


def _invalid(rng: np.random.Generator) -> list[Case]:
    violations = [(form, column, bad) for form in forms() for column in form.columns for bad in _violations(column)]
    order = rng.permutation(len(violations))
    made = list(_malformed(forms()[0].instance(rng)))
    for position in order:
        form, column, bad = violations[int(position)]
        made.append(_case(f"{column.name} = {_short(bad)}", "refusal", form.instance(rng) | {column.name: bad}))
    return made


def _unusual(rng: np.random.Generator) -> list[Case]:
    made = [Case("no instances", b'{"instances": []}', "either", 0)]
    for form in forms():
        for column in form.columns:
            whole = form.instance(rng)
            made.append(_case(f"{column.name} = null", "either", whole | {column.name: None}))
            made.append(_case(f"no {column.name}", "either", {k: v for k, v in whole.items() if k != column.name}))
            if column.values:
                made.append(_case(f"{column.name} unknown", "either", whole | {column.name: "Satellite ☂"}))
    return [made[int(position)] for position in rng.permutation(len(made))]


def _malformed(instance: Instance) -> Iterator[Case]:
    one = json.dumps(instance).encode()
    whole = b'{"instances": [' + one + b"]}"
    deep = b"[" * DEEP + b"]" * DEEP
    texts = {
        "nothing": b"",
        "no JSON": b"churn?",
        "half of a request": whole[: len(whole) // 2],
        "no UTF-8": whole.replace(b"instances", b"instanc\xff\xfe"),
        "NaN as a number": _in_place(instance, "charge_change", b"NaN"),
        "a list": b"[]",
        "no key": b"{}",
        "instances is an object": b'{"instances": {}}',
        "instances is a text": b'{"instances": "all"}',
        "an instance is a number": b'{"instances": [1]}',
        "an instance is null": b'{"instances": [null]}',
        "an empty instance": b'{"instances": [{}]}',
        "deep nesting": b'{"instances": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        "a field nested as deep as JSON is read": _in_place(instance, "contract", deep),
        "a number nested as deep as JSON is read": _in_place(instance, "tenure_months", deep),
        "an unknown field nested as deep as JSON is read": _in_place(instance | {"nested": 0}, "nested", deep),
        "an instance nested as deep as JSON is read": b'{"instances": [' + deep + b"]}",
        "a body above 1 MiB": b'{"instances": [' + one + b" " * LARGEST_BODY + b"]}",
    }
    for name, body in texts.items():
        yield Case(name, body, "refusal")


def _in_place(instance: Instance, name: str, value: bytes) -> bytes:
    """A request about a customer with other bytes where the value of a field stands."""
    made = json.dumps({"instances": [instance | {name: "@"}]}).encode()
    return made.replace(b'"@"', value)


@dataclass(frozen=True)
class Form:
    """One way to write an instance: the columns of a contract, in its order."""

    columns: tuple[Column, ...]

    def instance(self, rng: np.random.Generator) -> Instance:
        """An ordinary customer, drawn within what the contract allows."""
        return self.consistent({column.name: _drawn(column, rng) for column in self.columns})

    def consistent(self, instance: Instance) -> Instance:
        """The instance with add-ons that agree with the lines they need, where the form has such values."""
        for line, absent in (("PhoneService", "No phone service"), ("InternetService", "No internet service")):
            for column in self.columns:
                if absent in column.values and (instance[line] == "No") != (instance[column.name] == absent):
                    instance = instance | {column.name: absent if instance[line] == "No" else "No"}
        return instance


def _kind(column: Column) -> str:
    if column.type == "STRING" and (column.minimum is not None or column.name in WHOLE_NUMBERS):
        return "INT64" if column.name in WHOLE_NUMBERS else "FLOAT64"
    return column.type


def _bounds(column: Column) -> tuple[float, float]:
    if column.name == "SeniorCitizen":
        return 0, 1
    lowest = -UNBOUNDED if column.minimum is None else column.minimum
    return lowest, UNBOUNDED if column.maximum is None else column.maximum


def _extremes(column: Column) -> Sequence[Any]:
    match _kind(column):
        case "BOOL":
            return (True, False)
        case "INT64":
            return tuple(int(bound) for bound in _bounds(column))
        case "FLOAT64":
            return tuple(float(bound) for bound in _bounds(column))
        case _:
            return column.values


def _drawn(column: Column, rng: np.random.Generator) -> Any:
    """A value well within the bounds: at most a hundredth of a wide range, as customers are."""
    low, high = _bounds(column)
    near = min(high, max(low, 0.0) + 120)
    match _kind(column):
        case "BOOL":
            return bool(rng.integers(2))
        case "INT64":
            return int(rng.integers(int(max(low, 0)), int(near) + 1))
        case "FLOAT64":
            return round(float(rng.uniform(max(low, 0.0), near)), 2)
        case _:
            return column.values[int(rng.integers(len(column.values)))]


def _violations(column: Column) -> Iterator[Any]:
    kind = _kind(column)
    if kind in ("INT64", "FLOAT64"):
        low, high = map(int if kind == "INT64" else float, _bounds(column))
        if column.minimum is not None or column.name == "SeniorCitizen":
            yield low - 1
        if column.maximum is not None or column.name == "SeniorCitizen":
            yield high + 1
            yield 10**40
        yield "many"
    yield [1, 2]
    yield {"value": 1}


def _case(name: str, expected: Expected, *instances: Instance) -> Case:
    return Case(name, json.dumps({"instances": list(instances)}).encode(), expected, len(instances))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 20 else f"{text[:17]}…"


def forms() -> tuple[Form, Form]:
    """The columns of the features, and those of the Telco file."""
    telco = tuple(column for column in contract(RAW).columns if column.name not in NOT_SENT)
    return Form(contract(FEATURES).features), Form(telco)
