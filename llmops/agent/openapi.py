"""The description of the routes (`/openapi.json`), from the very types that requests and answers are made of."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from llmops.agent import analyst_openapi
from llmops.agent.chat_requests import ChatRequest, DecisionRequest, FeedbackRequest
from llmops.agent.passages_view import Cited, PassageView
from llmops.agent.review_routes import GradesRequest
from llmops.agent.session_view import Session
from llmops.agent.turn import ProposedAction, Reply
from llmops.agent.work_queue import Page, Wanted

REF = "#/components/schemas/{model}"
REFUSALS = {
    400: "The body is not JSON, or a header cannot be taken.",
    401: "No token that is certainly valid.",
    403: "The caller may not do this, or not see this customer.",
    404: "There is no such thing.",
    408: "The request did not arrive in time.",
    413: "The body is too large.",
    422: "The body is JSON and cannot be taken; `faults` name the fields.",
    429: "Too many requests; Retry-After says when to come back.",
    500: "An error of ours.",
    503: "Nothing is left to answer with; Retry-After says when to come back.",
    504: "The answer was not ready in time.",
}
SECURITY: list[dict[str, list[str]]] = [{"token": []}]
EVENTS = "Events token, tool, action and done; error where it breaks off."
REFUSED = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {
        "error": {"type": "string", "description": "One sentence."},
        "code": {"type": "string", "description": "Stable, for machines."},
        "faults": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": {"type": "string"}, "reason": {"type": "string"}}},
        },
    },
}


@cache
def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    schemas: dict[str, Any] = {"Refusal": REFUSED}
    paths = {
        "/chat": {"post": _route("Answers one message", schemas, ChatRequest, Reply)},
        "/actions/{action_id}/approve": {"post": _decision("Approves an action and carries it out", schemas)},
        "/actions/{action_id}/reject": {"post": _decision("Rejects an action", schemas)},
        "/v1/customers/{customer_id}/card": {
            "get": _route("A customer at a glance", schemas) | {"parameters": [_in_path("customer_id")]}
        },
        "/v1/queue": {
            "get": _route("Customers by expected loss", schemas, answer=Page) | {"parameters": _filters(Wanted)}
        },
        "/v1/passages": {
            "get": _route("A cited passage and its neighbours", schemas, answer=PassageView)
            | {"parameters": _filters(Cited)}
        },
        "/v1/session": {"get": _route("Who is signed in", schemas, answer=Session)},
        "/feedback": {"post": _route("Keeps what somebody says of an answer", schemas, FeedbackRequest, status=202)},
        **analyst_openapi.paths(_route, schemas),
        "/v1/reviews": {"get": _route("Conversations that were drawn for review", schemas)},
        "/v1/reviews/{review_id}/grades": {
            "post": _route("Keeps a reviewer's grades", schemas, GradesRequest)
            | {"parameters": [_in_path("review_id")]}
        },
        "/healthz": {"get": _open("Alive")},
        "/readyz": {"get": _open("Ready to answer")},
        "/metrics": {"get": _open("Metrics for Prometheus")},
        "/": {"get": _open("The pages for people")},
        "/web/{path}": {"get": _open("A file of the pages") | {"parameters": [_in_path("path")]}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Telecom assistant", "version": "1", "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _route(
    summary: str,
    schemas: dict[str, Any],
    body: Any = None,
    answer: Any = None,
    *,
    status: int = 200,
    stream: bool = False,
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "application/json": {"schema": _named(answer, schemas) if answer else {"type": "object"}}
    }
    if stream:
        content["text/event-stream"] = {"schema": {"type": "string", "description": "token, tool, action, done, error"}}
    told: dict[str, Any] = {
        "summary": summary,
        "security": SECURITY,
        "responses": {str(status): {"description": "The answer.", "content": content}, **_refusals()},
    }
    if body:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": _named(body, schemas)}}}
    return told


def _decision(summary: str, schemas: dict[str, Any]) -> dict[str, Any]:
    told = _route(summary, schemas, DecisionRequest, ProposedAction)
    told["requestBody"]["required"] = False
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
    told["responses"]["409"] = _refused("The action is in another state, or the key stands for another decision.")
    return told | {"parameters": [_in_path("action_id"), key]}


def _filters(kind: Any) -> list[dict[str, Any]]:
    told = TypeAdapter(kind).json_schema()
    needed = told.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": schema}
        for name, schema in told["properties"].items()
    ]


def _named(kind: Any, schemas: dict[str, Any]) -> dict[str, str]:
    """A reference to a type's schema, which is put among the others."""
    found = TypeAdapter(kind).json_schema(ref_template=REF, mode="serialization")
    schemas |= found.pop("$defs", {})
    schemas[kind.__name__] = found
    return {"$ref": REF.format(model=kind.__name__)}


def _refusals() -> dict[str, Any]:
    return {str(status): _refused(words) for status, words in REFUSALS.items()}


def _refused(words: str) -> dict[str, Any]:
    schema = {"$ref": REF.format(model="Refusal")}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _open(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "Yes."}}}
