"""The document of the churn service: its routes are the app's, what it says of instances and answers is so."""

from typing import Any

import jsonschema
import pytest

from mlops.src.serving.instances import Instances, InstancesRefused
from mlops.src.serving.openapi import REFUSALS, document
from mlops.tests.serving.churn_fakes import CUSTOMER, FEATURE_ROW, Service, registry_with
from mlops.tests.serving.conftest import Model
from telecom.serving.answers import STATUSES

DOCUMENT = document()
STRANGE: list[Any] = ["", None, [], True, "Weekly", -1, 1e12, "no number"]


def told(name: str, value: Any) -> bool:
    """Whether the document takes a value as such a type."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return not list(jsonschema.Draft202012Validator(schema).iter_errors(value))


def taken(instance: Any) -> bool:
    try:
        Instances().rows([instance])
    except InstancesRefused:
        return False
    return True


def test_it_describes_every_route_of_the_service_and_no_other(service: Service) -> None:
    routes = {(r.path, m.lower()) for r in service.app.routes for m in r.methods if m != "HEAD"}
    assert routes == {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}


@pytest.mark.parametrize(("name", "instance"), [("TelcoColumns", CUSTOMER), ("FeatureColumns", FEATURE_ROW)])
def test_what_it_takes_the_service_takes(name: str, instance: dict[str, Any]) -> None:
    assert told(name, instance) and taken(instance)
    assert not told(name, instance | {"stranger": 1}) and not taken(instance | {"stranger": 1})
    for field in DOCUMENT["components"]["schemas"][name]["properties"]:
        without = {key: value for key, value in instance.items() if key != field}
        assert told(name, without) == taken(without), field
        for value in STRANGE:
            changed = instance | {field: value}
            # A text that is a number is more than JSON Schema can say.
            if isinstance(value, str) and "type" in DOCUMENT["components"]["schemas"][name]["properties"][field]:
                continue
            assert told(name, changed) <= taken(changed) or value == 1e12, (field, value)


def test_answers_are_as_it_says(first: Model) -> None:
    service = Service(registry_with(first), features={"0001-AAAAA": FEATURE_ROW}.get)
    answer = service.ask("/predict", {"instances": [CUSTOMER]}).json()
    assert told("Predictions", answer) and not told("Predictions", {"predictions": [{"risk_segment": "low"}]})
    assert told("CustomerRisk", service.ask("/v1/customers/0001-AAAAA/risk").json())
    refused = service.ask("/predict", {"instances": [{"Contract": "Weekly"}]})
    assert refused.status_code == 422 and told("Refusal", refused.json()) and refused.json()["faults"]


def test_every_status_of_a_refusal_is_described() -> None:
    assert {status for _, status in STATUSES} | {408, 504} == set(REFUSALS)
