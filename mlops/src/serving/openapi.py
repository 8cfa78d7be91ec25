"""The description of the churn service's routes as OpenAPI 3.1, from the contracts that instances are read by."""

from collections.abc import Iterable, Sequence
from typing import Any

from mlops.src.data_prep_churn import FEATURES, RAW
from mlops.src.intake.header import file_columns
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.serving.instances import Form, feature_form, telco_form
from telecom.tables import Column, contract

Described = dict[str, Any]
REFUSALS = {
    400: "The body is not JSON.",
    401: "No token that is certainly valid.",
    403: "The caller may not ask.",
    404: "There is no such customer.",
    408: "The request did not arrive in time.",
    413: "The body is too large.",
    422: "The body is JSON and cannot be taken; `faults` name the fields.",
    429: "Too many requests; Retry-After says when to come back.",
    500: "An error of ours.",
    503: "No model is in service yet, or a dependency does not answer; Retry-After says when to come back.",
    504: "The answer was not ready in time.",
}
TEXT: Described = {"type": "string"}


def document() -> Described:
    """The whole document, without the routes that Vertex AI adds by name."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Churn service", "version": "1", "license": {"name": "Apache-2.0"}},
        "paths": {
            "/predict": {"post": _asked("Scores instances, all or none", "Predictions", body="Question")},
            "/v1/customers/{customer_id}/risk": {
                "get": _asked("Scores a customer by the features that are served", "CustomerRisk")
                | {"parameters": [{"name": "customer_id", "in": "path", "required": True, "schema": TEXT}]}
            },
            "/healthz": {"get": _open("Alive")},
            "/readyz": {"get": _open("Ready to predict")},
            "/metrics": {"get": _open("Metrics for Prometheus")},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _schemas() -> Described:
    answer = {
        "churn_probability": {"type": "number", "minimum": 0, "maximum": 1, "description": "Calibrated."},
        "risk_segment": {"enum": ["low", "medium", "high"]},
        "top_reasons": {"type": "array", "items": _reference("Reason"), "description": "Largest first."},
        "model_version": TEXT | {"description": "The registry's number, or the first digits of the digest."},
    }
    needed = ["churn_probability", "risk_segment", "model_version"]
    reason = {"feature": TEXT, "value": TEXT, "contribution": {"type": "number", "description": "In log-odds."}}
    fault = {"instance": {"type": "integer"}, "field": TEXT, "value": TEXT, "reason": TEXT, "allowed": {}}
    forms = [_reference("TelcoColumns"), _reference("FeatureColumns")]
    return {
        "Question": _object(
            {"instances": {"type": "array", "items": {"anyOf": forms}}, "parameters": _reference("Parameters")},
            ["instances"],
        ),
        "Parameters": _object({"reasons": {"type": "boolean", "default": True}}) | {"additionalProperties": False},
        "TelcoColumns": _form(telco_form(CHURN_FEATURES), file_columns(contract(RAW)), "As in the CSV."),
        "FeatureColumns": _form(feature_form(CHURN_FEATURES), contract(FEATURES).columns, "As in the feature table."),
        "Predictions": _object({"predictions": {"type": "array", "items": _reference("Prediction")}}, ["predictions"]),
        "Prediction": _object(answer, needed),
        "CustomerRisk": _object({"customer_id": TEXT, **answer}, ["customer_id", *needed]),
        "Reason": _object(reason, [*reason]),
        "Refusal": _object({"error": TEXT, "faults": {"type": "array", "items": _reference("Fault")}}, ["error"]),
        "Fault": _object(fault, [*fault]),
    }


def _form(form: Form, columns: Iterable[Column], words: str) -> Described:
    """A form of an instance, by what it says of an empty one and of one whose every value is wrong."""
    listed = tuple(columns)
    needed = [fault.field for fault in form.faults(0, {})]
    read = {fault.field: fault.allowed for fault in form.faults(0, {column.name: [] for column in listed})}
    known = {column.name: _value(column, read.get(column.name)) for column in listed}
    return _object(known, needed) | {"additionalProperties": False, "description": words}


def _value(column: Column, allowed: str | Sequence[Any] | None) -> Described:
    if allowed is None:
        return {"description": f"{column.description} Not looked at."}
    told: Described = {"description": column.description}
    if isinstance(allowed, str):
        bounds = {"minimum": column.minimum, "maximum": column.maximum}
        kinds = ["number", "string"] if column.mode == "REQUIRED" else ["number", "string", "null"]
        return told | {"type": kinds} | {name: bound for name, bound in bounds.items() if bound is not None}
    digits = [int(value) for value in allowed if isinstance(value, str) and value.isdigit()]
    texts = ["true", "false", 0, 1] if True in allowed else []
    return told | {"enum": [*allowed, *digits, *texts]}


def _asked(summary: str, answer: str, body: str = "") -> Described:
    told: Described = {
        "summary": summary,
        "security": [{"token": []}],
        "responses": {
            "200": {"description": "The answer.", "content": _json(answer)},
            **{str(status): {"description": words, "content": _json("Refusal")} for status, words in REFUSALS.items()},
        },
    }
    return told | ({"requestBody": {"required": True, "content": _json(body)}} if body else {})


def _open(summary: str) -> Described:
    return {"summary": summary, "responses": {"200": {"description": "Yes."}}}


def _object(properties: Described, required: Iterable[str] = ()) -> Described:
    return {"type": "object", "properties": properties, "required": [*required]}


def _json(name: str) -> Described:
    return {"application/json": {"schema": _reference(name)}}


def _reference(name: str) -> Described:
    return {"$ref": f"#/components/schemas/{name}"}
