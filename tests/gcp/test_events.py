"""BigQuery's Storage Write API as a service that fails, falls silent and loses answers: each row once all the same."""

import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest

from telecom.adapters.gcp import _append
from telecom.adapters.gcp import events as module
from telecom.adapters.gcp.events import BigQueryEvents
from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.settings import Settings
from tests.loopback.bigquery_write import Mishap
from tests.loopback.cloud import Cloud
from tests.loopback.faults import Kind

TABLE = "telecom_monitoring.llm_feedback"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def events(gcp_settings: Settings) -> BigQueryEvents:
    return BigQueryEvents(gcp_settings, BigQueryWarehouse(gcp_settings))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_append, "SECONDS", 0.6)


def row(trace: str, **more: Any) -> dict[str, Any]:
    return {"given_on": date(2026, 11, 20), "trace_id": trace, "rating": "up", "given_by": "a", "given_at": NOW, **more}


def add(events: BigQueryEvents, *traces: str) -> None:
    events.add(TABLE, [row(trace) for trace in traces])


def held(cloud: Cloud) -> list[str]:
    return sorted(cloud.bigquery.engine.rows(TABLE)["trace_id"].to_pylist())


def test_rows_are_there_when_add_returns(events: BigQueryEvents, cloud: Cloud) -> None:
    add(events, "a", "b")
    assert held(cloud) == ["a", "b"]
    add(events, "c")
    assert held(cloud) == ["a", "b", "c"]
    assert len(cloud.grpc.requests("CreateWriteStream")) == 1, "one stream for all rows of a table"
    assert [request.offset for request in cloud.grpc.requests("AppendRows")] == [0, 2]
    assert len(set(cloud.bigquery.engine.rows(TABLE)["batch"].to_pylist())) == 1


def test_the_schema_goes_once_over_a_connection_that_is_kept(events: BigQueryEvents, cloud: Cloud) -> None:
    for trace in "abc":
        add(events, trace)
    schemas = [bool(r.arrow_rows.writer_schema.serialized_schema) for r in cloud.grpc.requests("AppendRows")]
    assert schemas == [True, False, False]


@pytest.mark.parametrize("mishap", ["refused", "lost", "ended", "internal"])
def test_a_failure_is_ridden_out_and_no_row_doubled(events: BigQueryEvents, cloud: Cloud, mishap: Mishap) -> None:
    add(events, "a")
    cloud.bigquery.writer.mishaps = [mishap, mishap]
    add(events, "b")
    add(events, "c")
    assert held(cloud) == ["a", "b", "c"]
    assert len(cloud.bigquery.writer.streams) == 1


@pytest.mark.parametrize("kind", ["503", "429", "timeout"])
@pytest.mark.parametrize("rpc", ["CreateWriteStream", "AppendRows"])
def test_calls_that_are_refused_are_repeated(events: BigQueryEvents, cloud: Cloud, rpc: str, kind: Kind) -> None:
    cloud.fail(rpc, times=2, kind=kind)
    add(events, "a")
    assert held(cloud) == ["a"]
    assert not cloud.faults.unspent


@pytest.mark.usefixtures("impatient")
def test_silence_ends_and_what_arrived_in_silence_is_found(events: BigQueryEvents, cloud: Cloud) -> None:
    cloud.bigquery.writer.mishaps = ["silent"]
    begun = time.monotonic()
    add(events, "a")
    assert time.monotonic() - begun < 8
    assert held(cloud) == ["a"], "the stream told, when it was closed, that it had taken the row"
    add(events, "b")
    assert held(cloud) == ["a", "b"]
    assert len(cloud.bigquery.writer.streams) == 2, "the stream in doubt is not used again"


@pytest.mark.usefixtures("impatient")
def test_what_is_not_known_is_told_so(events: BigQueryEvents, cloud: Cloud) -> None:
    cloud.fail("FinalizeWriteStream", times=99)
    cloud.bigquery.writer.mishaps = ["silent"]
    with pytest.raises(DependencyUnavailable, match="is not known") as raised:
        add(events, "a")
    assert raised.value.remedy == "Look for them before you add them again."
    cloud.faults.reset()
    add(events, "b")
    assert held(cloud) == ["a", "b"], "the rows after it are not taken for it"


@pytest.mark.usefixtures("impatient")
def test_an_outage_is_told_within_seconds(events: BigQueryEvents, cloud: Cloud) -> None:
    add(events, "a")
    cloud.bigquery.writer.mishaps = ["refused"] * 20
    begun = time.monotonic()
    with pytest.raises(DependencyUnavailable, match=f"Adding rows to {TABLE} failed"):
        add(events, "b")
    assert time.monotonic() - begun < 8
    cloud.bigquery.writer.mishaps = []
    add(events, "c")
    assert held(cloud) == ["a", "c"]


def test_a_stream_that_takes_no_more_is_replaced(events: BigQueryEvents, cloud: Cloud) -> None:
    add(events, "a")
    for stream in cloud.bigquery.writer.streams.values():
        stream.finalized = True
    add(events, "b")
    cloud.bigquery.writer.mishaps = ["out_of_range"]
    add(events, "c")
    cloud.bigquery.writer.streams.clear()
    add(events, "d")
    assert held(cloud) == ["a", "b", "c", "d"]


def test_a_row_that_bigquery_refuses_is_not_repeated(events: BigQueryEvents, cloud: Cloud) -> None:
    cloud.bigquery.engine.tables[TABLE]["schema"]["fields"].pop(2)
    cloud.bigquery.engine.create(TABLE, cloud.bigquery.engine.tables[TABLE]["schema"]["fields"])
    with pytest.raises(UsageError, match="Google calls the request invalid"):
        add(events, "a")
    assert len(cloud.grpc.requests("AppendRows")) == 1


def test_a_table_that_is_not_there_is_told(events: BigQueryEvents, cloud: Cloud) -> None:
    cloud.bigquery.engine.drop(TABLE)
    with pytest.raises(NotFound, match=r"Adding rows to .*llm_feedback failed"):
        add(events, "a")


def test_those_who_wait_go_together(events: BigQueryEvents, cloud: Cloud) -> None:
    add(events, "first")
    go = threading.Event()
    real = cloud.bigquery.writer.append

    @cloud.grpc.on("AppendRows")
    def slow(requests: Any, context: Any) -> Any:
        def held_up() -> Any:
            for request in requests:
                go.wait(5)
                yield request

        return real(held_up(), context)

    cloud.bigquery.writer.end_calls()
    cloud.bigquery.writer.sizes.clear()
    threads = [threading.Thread(target=add, args=(events, f"t{number}")) for number in range(12)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    go.set()
    for thread in threads:
        thread.join()
    assert sum(cloud.bigquery.writer.sizes) == 12
    assert len(cloud.bigquery.writer.sizes) <= 3, "not one request each"
    assert len(held(cloud)) == 13


def test_one_failure_is_everybodys_who_went_along(
    events: BigQueryEvents, cloud: Cloud, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_append, "PAUSES", (0.0,))
    cloud.bigquery.writer.mishaps = ["refused"] * 50
    failures: list[Exception] = []

    def try_to_add(trace: str) -> None:
        try:
            add(events, trace)
        except DependencyUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=try_to_add, args=(str(number),)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 5 and held(cloud) == []


def test_large_additions_go_in_requests_of_their_own(
    events: BigQueryEvents, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2_000)
    with pytest.raises(UsageError, match="too large for one addition"):
        add(events, *(["x" * 100] * 100))
    lane = module._Lane(events._settings, TABLE)
    batches = [module.checked_rows(TABLE, [row(f"{n}", comment="x" * 900)], "b") for n in range(4)]
    lane._waiting += [module._Ticket(batch) for batch in batches[:3]]
    lane.add(batches[3])
    assert cloud.bigquery.writer.sizes == [2, 2]
    assert held(cloud) == ["0", "1", "2", "3"]
    lane.close()


def test_a_process_ends_although_its_connection_is_open(cloud: Cloud) -> None:
    program = (
        "from datetime import *\nfrom telecom.bootstrap import Platform\nfrom telecom.settings import load_settings\n"
        "events = Platform(load_settings()).events\n"
        "row = dict(given_on=date(2026, 11, 20), trace_id='p', rating='up', given_by='a', given_at=datetime.now(UTC))\n"
        f"events.add({TABLE!r}, [row])\nprint('added')\n"
    )
    environment = {**cloud.environment, "TELECOM_BACKEND": "gcp", "TELECOM_PROJECT": "telecom-test", "PATH": "/bin"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "added\n", "")
    assert held(cloud) == ["p"]
