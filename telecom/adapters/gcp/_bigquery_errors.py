"""What BigQuery says of a statement, told of the SQL that the person wrote."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from google.api_core.exceptions import GoogleAPICallError

from telecom.adapters._bigquery_sql import caret, offset, point_at, twice
from telecom.adapters.gcp._errors import vendor_errors
from telecom.errors import DependencyUnavailable, NotFound, QueryError, TelecomError, UsageError, WarehouseBusy

ROLES = (
    "Ask for roles/bigquery.jobUser and roles/bigquery.dataEditor on the project, and roles/bigquery.readSessionUser."
)
QUOTA = "Try again later, or ask for a higher quota: IAM & Admin, Quotas, BigQuery API."
TABLES = "Create datasets and tables with Terraform: infra/terraform/envs."

_PLACE = re.compile(r"\s*at \[(\d+):(\d+)\]\s*$")
_VALUES = re.compile(
    r"""(?P<verb>Bad|Could not cast literal) (?:(?P<bad>\w+) value: (?P<value>.*)|"(?P<literal>.*)" """
    r"""to type (?P<kind>\w+))$""",
    re.DOTALL,
)
_TYPES = {"DOUBLE": "FLOAT64"}
_DUPLICATE = re.compile(r"Found duplicate\(s\): (\w+)")
_BY_REASON: dict[str, tuple[type[TelecomError], str]] = {
    "accessDenied": (DependencyUnavailable, ROLES),
    "billingNotEnabled": (DependencyUnavailable, "Enable billing of the project."),
    "quotaExceeded": (DependencyUnavailable, QUOTA),
    "rateLimitExceeded": (DependencyUnavailable, QUOTA),
    "notFound": (NotFound, TABLES),
    "responseTooLarge": (UsageError, "Select fewer rows."),
    "resourcesExceeded": (UsageError, "Work on less at a time, for example one snapshot."),
}


@dataclass(frozen=True)
class Statement:
    """SQL as it is sent, and the SQL in it that a person wrote.

    `above` is the number of lines that were put before `written`; None where the two do not lie on top of each other.
    """

    text: str
    written: str
    above: int | None = 0


@contextmanager
def told_of(statement: Statement, what: str = "The query") -> Iterator[None]:
    """Translates whatever BigQuery or its clients raise about a statement.

    Raises:
        QueryError: the SQL, or the data under it, is at fault, or it would bill too much.
        WarehouseBusy: another transaction changed the same table meanwhile; this one changed nothing.
        NotFound: a table is not there.
        DependencyUnavailable: BigQuery does not answer or does not allow it.
    """
    with vendor_errors(what):
        try:
            yield
        except GoogleAPICallError as error:
            translated = _translated(statement, *_reason_and_message(error))
            if translated is None:
                raise
            raise translated from error


def explain(statement: Statement, message: str) -> QueryError:
    """BigQuery's complaint without its position, and below it the token at that position, underlined."""
    said = message.removeprefix("Query error: ").strip()
    place = _PLACE.search(said)
    headline = _PLACE.sub("", said)
    if found := _DUPLICATE.search(headline):
        return twice(statement.written, found[1])
    remedy, name = "", ""
    if found := _VALUES.match(headline):
        name = found["value"] or found["literal"] or ""
        kind = (found["bad"] or found["kind"]).upper()
        headline = f"Could not convert string {name!r} to {_TYPES.get(kind, kind)}."
    elif headline.lower().startswith("division by zero"):
        headline, remedy = f"{headline[0].upper()}{headline[1:]}.", "SAFE_DIVIDE(a, b) gives NULL there."
    if place is None:
        return _with_remedy(point_at(statement.written, name, headline), remedy)
    return _with_remedy(_at(statement, int(place[1]), int(place[2]), name, headline), remedy)


def _at(statement: Statement, line: int, column: int, name: str, headline: str) -> QueryError:
    """Points at the name, or at the word that stands at a line and column of the text that was sent."""
    start = offset(statement.text, line, column - 1)
    word = re.compile(r"\w+|.").match(statement.text, start)
    token = name or (word[0] if word else "")
    if statement.above is None or line <= statement.above:
        whole = re.compile(rf"(?<!\w){re.escape(token)}(?!\w)").search(statement.written)
        return point_at(statement.written, token if whole else "", headline)
    start = offset(statement.written, line - statement.above, column - 1)
    found = re.compile(re.escape(token)).search(statement.written, start)
    begin, end = found.span() if found else (start, start + 1)
    return QueryError(f"{headline}\n{caret(statement.written, begin, end)}")


def _with_remedy(error: QueryError, remedy: str) -> QueryError:
    return QueryError(error.message, remedy) if remedy else error


def _reason_and_message(error: GoogleAPICallError) -> tuple[str, str]:
    """BigQuery's own reason and words, which the client wraps in addresses and job ids."""
    told = next((e for e in error.errors or () if isinstance(e, dict)), {})
    return str(told.get("reason", "")), str(told.get("message") or error.message or "")


def _translated(statement: Statement, reason: str, message: str) -> TelecomError | None:
    if "due to concurrent update" in message:
        return WarehouseBusy(f"Another job is writing to the same table: {message}", "Try again when it has finished.")
    if reason == "bytesBilledLimitExceeded" or "exceeded limit for bytes billed" in message:
        remedy = "Read fewer columns or one snapshot (WHERE snapshot_date = …), or raise TELECOM_MAX_GB_BILLED."
        return QueryError(message, remedy)
    if reason == "stopped" or "Job timed out" in message:
        return QueryError(f"The query took too long: {message}", "Read less: one snapshot, fewer columns, fewer rows.")
    if reason in ("invalidQuery", "invalid"):
        return explain(statement, message)
    if reason in _BY_REASON:
        kind, remedy = _BY_REASON[reason]
        return kind(message, remedy)
    return None
