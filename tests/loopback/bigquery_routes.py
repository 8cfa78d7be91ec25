"""What the BigQuery server answers to each call of its REST API."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tests.loopback.bigquery_engine import Engine
from tests.loopback.bigquery_errors import Refused
from tests.loopback.bigquery_jobs import Jobs
from tests.loopback.bigquery_types import json_rows, normal

Reply = dict[str, Any]


class Server(Protocol):
    """What the answers are made of."""

    engine: Engine
    runner: Jobs


def insert_job(server: Server, body: Reply, _: Reply) -> Reply:
    return server.runner.describe(server.runner.insert(body))


def get_job(server: Server, body: Reply, query: Reply, job: str) -> Reply:
    return server.runner.describe(server.runner.get(job))


def cancel_job(server: Server, body: Reply, query: Reply, job: str) -> Reply:
    return {"kind": "bigquery#jobCancelResponse", "job": server.runner.get(job).resource}


def run_query(server: Server, body: Reply, query: Reply) -> Reply:
    """`jobs.query`: the job's id is the server's; a request id that was seen gives the same job."""
    identity = f"request_{body['requestId']}" if body.get("requestId") else f"job_{uuid.uuid4().hex}"
    if identity not in server.runner.done:
        settings = {
            k: v for k, v in body.items() if k not in ("requestId", "labels", "timeoutMs", "maxResults", "dryRun")
        }
        configuration = {"query": settings, "labels": body.get("labels", {}), "dryRun": body.get("dryRun", False)}
        server.runner.insert({"jobReference": {"jobId": identity}, "configuration": configuration})
    return query_results(server, {}, {"maxResults": body.get("maxResults")}, identity)


def query_results(server: Server, body: Reply, query: Reply, job: str) -> Reply:
    found = server.runner.get(job)
    if server.runner.describe(found)["status"]["state"] != "DONE":
        return {"jobComplete": False, "jobReference": found.resource["jobReference"]}
    if found.failure:
        raise found.failure
    reply: Reply = {
        "kind": "bigquery#getQueryResultsResponse",
        "jobReference": found.resource["jobReference"],
        "jobComplete": True,
        "totalBytesProcessed": str(found.outcome.processed),
        "numDmlAffectedRows": str(found.outcome.affected),
    }
    if found.outcome.result is None:
        return reply
    reply |= {"schema": {"fields": found.outcome.fields}, "totalRows": str(found.outcome.result.num_rows)}
    # With maxResults=0 the key `rows` is left out: the client takes an empty one for the last page.
    return reply if str(query.get("maxResults")) == "0" else reply | _page(found.outcome.result, query)


def table_rows(server: Server, body: Reply, query: Reply, dataset: str, table: str) -> Reply:
    rows = server.engine.rows(f"{dataset}.{table}")
    return {"kind": "bigquery#tableDataList", "totalRows": str(rows.num_rows), **_page(rows, query)}


def get_dataset(server: Server, body: Reply, query: Reply, dataset: str) -> Reply:
    if dataset not in server.engine.datasets:
        raise Refused(404, "notFound", f"Not found: Dataset {server.engine.project}:{dataset}")
    reference = {"projectId": server.engine.project, "datasetId": dataset}
    held = server.engine.datasets[dataset]
    return {
        "kind": "bigquery#dataset",
        "id": dataset,
        "datasetReference": reference,
        "location": server.engine.location,
        **held,
    }


def list_datasets(server: Server, body: Reply, query: Reply) -> Reply:
    return {"datasets": [get_dataset(server, {}, {}, name) for name in sorted(server.engine.datasets)]}


def insert_dataset(server: Server, body: Reply, query: Reply) -> Reply:
    name = body["datasetReference"]["datasetId"]
    if name in server.engine.datasets:
        raise Refused(409, "duplicate", f"Already Exists: Dataset {server.engine.project}:{name}")
    server.engine.datasets[name] = {key: value for key, value in body.items() if key != "datasetReference"}
    return get_dataset(server, {}, {}, name)


def patch_dataset(server: Server, body: Reply, query: Reply, dataset: str) -> Reply:
    get_dataset(server, {}, {}, dataset)
    server.engine.datasets[dataset] |= body
    return get_dataset(server, {}, {}, dataset)


def delete_dataset(server: Server, body: Reply, query: Reply, dataset: str) -> Reply:
    get_dataset(server, {}, {}, dataset)
    held = [name for name in server.engine.tables if name.startswith(f"{dataset}.")]
    if held and query.get("deleteContents") != "true":
        raise Refused(400, "resourceInUse", f"Dataset {server.engine.project}:{dataset} is still in use")
    for name in held:
        server.engine.drop(name)
    del server.engine.datasets[dataset]
    return {}


def get_table(server: Server, body: Reply, query: Reply, dataset: str, table: str) -> Reply:
    name = f"{dataset}.{table}"
    described = server.engine.description(name)
    return {
        "kind": "bigquery#table",
        "id": f"{server.engine.project}:{name}",
        "tableReference": {"projectId": server.engine.project, "datasetId": dataset, "tableId": table},
        "type": "TABLE",
        "location": server.engine.location,
        "numRows": str(server.engine.rows(name).num_rows),
        **described,
    }


def list_tables(server: Server, body: Reply, query: Reply, dataset: str) -> Reply:
    names = sorted(name.split(".") for name in server.engine.tables if name.startswith(f"{dataset}."))
    return {"tables": [get_table(server, {}, {}, *name) for name in names], "totalItems": len(names)}


def insert_table(server: Server, body: Reply, query: Reply, dataset: str) -> Reply:
    table = body["tableReference"]["tableId"]
    if f"{dataset}.{table}" in server.engine.tables:
        raise Refused(409, "duplicate", f"Already Exists: Table {server.engine.project}:{dataset}.{table}")
    more = {key: value for key, value in body.items() if key not in ("tableReference", "schema")}
    server.engine.create(f"{dataset}.{table}", body.get("schema", {}).get("fields", []), **more)
    return get_table(server, {}, {}, dataset, table)


def patch_table(server: Server, body: Reply, query: Reply, dataset: str, table: str) -> Reply:
    described = server.engine.description(f"{dataset}.{table}")
    described |= {key: value for key, value in body.items() if key != "schema"}
    if "schema" in body:
        described["schema"] = {"fields": normal(body["schema"]["fields"])}
    return get_table(server, {}, {}, dataset, table)


def delete_table(server: Server, body: Reply, query: Reply, dataset: str, table: str) -> Reply:
    server.engine.drop(f"{dataset}.{table}")
    return {}


def _page(rows: Any, query: Mapping[str, Any]) -> Reply:
    start = int(query.get("pageToken") or query.get("startIndex") or 0)
    size = int(query.get("maxResults") or 10_000)
    more = {"pageToken": str(start + size)} if start + size < rows.num_rows else {}
    return {"rows": json_rows(rows.slice(start, size)), **more}


Route = Callable[..., Reply]
DATASET, TABLE = r"/datasets/(?P<dataset>\w+)", r"/datasets/(?P<dataset>\w+)/tables/(?P<table>\w+)"
ROUTES: tuple[tuple[str, str, Route], ...] = (
    ("POST", "/jobs", insert_job),
    ("GET", "/jobs/(?P<job>[^/]+)", get_job),
    ("POST", "/jobs/(?P<job>[^/]+)/cancel", cancel_job),
    ("POST", "/queries", run_query),
    ("GET", "/queries/(?P<job>[^/]+)", query_results),
    ("GET", f"{TABLE}/data", table_rows),
    ("GET", "/datasets", list_datasets),
    ("POST", "/datasets", insert_dataset),
    ("GET", DATASET, get_dataset),
    ("PATCH", DATASET, patch_dataset),
    ("DELETE", DATASET, delete_dataset),
    ("GET", f"{DATASET}/tables", list_tables),
    ("POST", f"{DATASET}/tables", insert_table),
    ("GET", TABLE, get_table),
    ("PATCH", TABLE, patch_table),
    ("DELETE", TABLE, delete_table),
)
