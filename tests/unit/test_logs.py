"""Lines as Cloud Logging reads them: one JSON object each, with the request's trace and no tokens."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from telecom import tables
from telecom.logs import JsonFormatter, Trace, configure, trace_of, tracing, without_values

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


def line(message: str = "Hello.", level: int = logging.INFO, project: str = "p", **more: Any) -> dict[str, Any]:
    record = logging.LogRecord("telecom.x", level, __file__, 1, message, None, more.pop("exc_info", None))
    vars(record).update(more)
    text = JsonFormatter(project).format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_a_line() -> None:
    found = line("Vier Wörter, ein Satz.\nZwei.", logging.WARNING, fields={"job_id": "j", "seconds": 0.5})
    assert found.pop("time").endswith("+00:00")
    assert found == {
        **{"severity": "WARNING", "message": "Vier Wörter, ein Satz.\nZwei.", "logger": "telecom.x"},
        **{"job_id": "j", "seconds": 0.5},
    }


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL])
def test_severities_are_cloud_loggings(level: int) -> None:
    assert line(level=level)["severity"] in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    assert line(level=level + 1)["severity"] == "DEFAULT"


def test_fields_never_hide_the_line() -> None:
    assert line("Mine.", fields={"message": "theirs", "severity": "DEBUG"})["message"] == "Mine."
    assert line(fields={"value": {1, 2}})["value"] == "{1, 2}"


def test_an_exception_is_one_field() -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        found = line(exc_info=sys.exc_info())
    assert found["exception"].startswith("Traceback") and found["exception"].endswith("RuntimeError: broken")


def test_an_exception_without_its_values() -> None:
    """Types and our own places, of the whole chain; nothing that was in anybody's hands."""
    try:
        try:
            json.loads("0001-AAAAA")
        except ValueError:
            dict[str, int]()["7590-VHVEG"]
    except KeyError as error:
        told = without_values(error)
    assert told == "JSONDecodeError\nKeyError", "tests are no code of ours, json even less"
    try:
        tables.contract("no_such.table_7590")
    except Exception as error:
        told = without_values(error)
    assert "telecom/tables.py:" in told and "contract" in told and "7590" not in told
    hidden = ValueError("x")
    hidden.__context__, hidden.__suppress_context__ = KeyError("y"), True
    assert without_values(hidden) == "ValueError"


@pytest.mark.parametrize(
    "text", [f"got {TOKEN}", f"Authorization: Bearer {TOKEN}", "bearer abcdefghij.klm", f"'{TOKEN}'"]
)
def test_tokens_are_masked_wherever_they_stand(text: str) -> None:
    found = json.dumps([line(text), line(fields={"header": text})])
    assert TOKEN not in found and "abcdefghij" not in found and found.count("[token]") >= 2


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, Trace(TRACE, SPAN, True)),
        ({"traceparent": f"00-{TRACE}-{SPAN}-00"}, Trace(TRACE, SPAN, False)),
        ({"x-cloud-trace-context": f"{TRACE}/1;o=1"}, Trace(TRACE, "0000000000000001", True)),
        ({"x-cloud-trace-context": f"{TRACE.upper()}/1"}, Trace(TRACE, "0000000000000001", False)),
        ({"x-cloud-trace-context": TRACE}, Trace(TRACE)),
        ({"x-cloud-trace-context": f"{TRACE}/{2**64}"}, Trace(TRACE)),
        ({"traceparent": "nonsense", "x-cloud-trace-context": TRACE}, Trace(TRACE)),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"x-cloud-trace-context": f'{TRACE}"}}/1'}, None),
        ({}, None),
    ],
)
def test_traces_of_requests(headers: dict[str, str], expected: Trace | None) -> None:
    assert trace_of(headers) == expected


def test_lines_carry_the_trace_of_their_request_only() -> None:
    with tracing(Trace(TRACE, SPAN, True)):
        found = line()
        assert "logging.googleapis.com/spanId" not in unplaced(line(project=""))
    assert found["logging.googleapis.com/trace"] == f"projects/p/traces/{TRACE}"
    assert (found["logging.googleapis.com/spanId"], found["logging.googleapis.com/trace_sampled"]) == (SPAN, True)
    assert "logging.googleapis.com/trace" not in line()


def unplaced(found: dict[str, Any]) -> dict[str, Any]:
    assert found.pop("logging.googleapis.com/spanId") == SPAN
    assert found["logging.googleapis.com/trace"] == TRACE
    return found


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    kept, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers[:] = kept
    logger.setLevel(level)


def test_every_logger_writes_there(root: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    # Taken out by hand, since pytest's own handlers must come back.
    monkeypatch.setattr(root, "handlers", [])
    stream = io.StringIO()
    configure("p", stream=stream)
    logging.getLogger("any.library").warning("Careful with %s.", "that")
    logging.getLogger("any.library").debug("Unheard.")
    (written,) = stream.getvalue().splitlines()
    assert json.loads(written)["message"] == "Careful with that."
