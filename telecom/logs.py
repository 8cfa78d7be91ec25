"""Log lines in Cloud Logging's form: one JSON object each, with severity, time and the request's trace.

Nothing here knows what is personal data. Callers log ids, counts and codes; what looks like a token is masked all the
same, since libraries log as well.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

LONGEST = 16_384
MOST_TOLD = 20
PACKAGES = ("telecom", "mlops", "llmops")
TOKEN = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){1,2}|\b(?i:bearer)\s+[\w.~+/=-]{8,}")
W3C = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
GOOGLE = re.compile(r"([0-9a-f]{32})(?:/(\d{1,20}))?(?:;o=(\d))?")


@dataclass(frozen=True)
class Trace:
    """A request's place in a distributed trace: 32 and 16 hex digits; `span` may be empty."""

    trace: str
    span: str = ""
    sampled: bool = False


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def trace_of(headers: Mapping[str, str]) -> Trace | None:
    """The trace that `traceparent` (W3C) or `X-Cloud-Trace-Context` (Google) name; None without a well-formed one.

    `headers` finds names in lower case.
    """
    if (found := W3C.fullmatch(headers.get("traceparent", "").strip())) and int(found[1], 16) and int(found[2], 16):
        return Trace(found[1], found[2], bool(int(found[3], 16) & 1))
    if (found := GOOGLE.fullmatch(headers.get("x-cloud-trace-context", "").strip().lower())) and int(found[1], 16):
        span = int(found[2] or 0)
        return Trace(found[1], f"{span:016x}" if 0 < span < 2**64 else "", found[3] == "1")
    return None


@contextmanager
def tracing(trace: Trace | None) -> Iterator[None]:
    """Whatever this context logs carries the trace."""
    token = _trace.set(trace)
    try:
        yield
    finally:
        _trace.reset(token)


def without_values(error: BaseException) -> str:
    """An exception and those before it: their types, and the places in our code. No message, which may quote a value.

    Oldest first, as Python prints them; of each the last places.
    """
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain and len(chain) < MOST_TOLD:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\n".join("\n".join([type(each).__qualname__, *_places(each)]) for each in reversed(chain))


def _places(error: BaseException) -> list[str]:
    """Where in our own code it came by, the innermost last."""
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    ours = [(code, line, _within(code.co_filename)) for code, line in frames]
    return [f"  {path}:{line} {code.co_qualname}" for code, line, path in ours if path][-MOST_TOLD:]


def _within(filename: str) -> str:
    """The path of a file of ours, without where it is installed; empty for everybody else's."""
    root = Path(__file__).parent.parent
    path = Path(filename)
    known = path.is_relative_to(root) and path.relative_to(root).parts[0] in PACKAGES
    return path.relative_to(root).as_posix() if known else ""


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; `extra={"fields": {…}}` adds fields of our own. `project` completes trace names."""

    def __init__(self, project: str = "") -> None:
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            **getattr(record, "fields", {}),
            "severity": record.levelname if record.levelno % 10 == 0 else "DEFAULT",
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "message": record.getMessage()[:LONGEST],
            "logger": record.name,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)[-LONGEST:]
        if trace := _trace.get():
            line |= self._place(trace)
        return TOKEN.sub("[token]", json.dumps(line, ensure_ascii=False, default=str))

    def _place(self, trace: Trace) -> dict[str, Any]:
        prefix = f"projects/{self._project}/traces/" if self._project else ""
        place: dict[str, Any] = {
            "logging.googleapis.com/trace": prefix + trace.trace,
            "logging.googleapis.com/trace_sampled": trace.sampled,
        }
        return place | ({"logging.googleapis.com/spanId": trace.span} if trace.span else {})


def configure(project: str = "", level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Sends every logger's lines to `stream` (default: stderr), in place of whatever was configured before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(project))
    logging.basicConfig(level=level, handlers=[handler], force=True)
