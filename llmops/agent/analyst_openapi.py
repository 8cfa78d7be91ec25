"""The description of the analysts' routes."""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from llmops.agent.analyst_routes import SqlRequest
from llmops.analytics.asking import CustomersWanted, DaysWanted, Filters, Query, SnapshotsWanted
from llmops.analytics.assistant import AssistantFigures
from llmops.analytics.customers import CustomersPage
from llmops.analytics.drift import Drift
from llmops.analytics.models import Models
from llmops.analytics.segments import Segments
from llmops.analytics.sql_box import SqlResult

Described = dict[str, Any]


def paths(route: Callable[..., Described], schemas: Described) -> Described:
    """The routes by path; `route` describes one, and puts its types among the schemas."""

    def get(summary: str, answer: Any = None, asked: type[Query] | None = None) -> Described:
        return {"get": route(summary, schemas, answer=answer) | ({"parameters": _query(asked)} if asked else {})}

    export = get("The same customers, all of them, as CSV", asked=Filters)
    file = {"text/csv": {"schema": {"type": "string", "description": "The last line says if it is not whole."}}}
    export["get"]["responses"]["200"]["content"] = file
    return {
        "/v1/analytics/customers": get("Scored customers, filtered and sorted", CustomersPage, CustomersWanted),
        "/v1/analytics/customers.csv": export,
        "/v1/analytics/segments": get("Customers by risk, contract, plan and tenure", Segments, SnapshotsWanted),
        "/v1/analytics/drift": get("Features beside the training data", Drift, SnapshotsWanted),
        "/v1/analytics/models": get("Evaluated versions, pipeline runs, the model in service", Models),
        "/v1/analytics/assistant": get("How the assistant does", AssistantFigures, DaysWanted),
        "/v1/analytics/tables": get("Tables that the caller's SQL may read"),
        "/v1/analytics/sql": {"post": route("Runs one SELECT", schemas, SqlRequest, SqlResult)},
    }


def _query(asked: type[Query]) -> list[Described]:
    properties = TypeAdapter(asked).json_schema()["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
