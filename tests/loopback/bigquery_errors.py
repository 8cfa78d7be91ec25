"""What BigQuery would say where the engine behind it complains."""

import re
from dataclasses import dataclass

from telecom.adapters.local._complaints import headline, named

STATUS = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ALREADY_EXISTS"}
# What the engine says → what BigQuery says; {name} is the token at fault.
FORMS = (
    (re.compile(r'Referenced (?:column|table) "'), "Unrecognized name: {name}"),
    (re.compile(r'list "(?P<of>[^"]+)" does not have a column'), "Name {name} not found inside {of}"),
    (re.compile(r"Function with name", re.IGNORECASE), "Function not found: {name}"),
    (re.compile(r"matches the given name and argument types"), "No matching signature for function {name}"),
    (
        re.compile(r"must appear in the GROUP BY"),
        "SELECT list expression references column {name} which is neither grouped nor aggregated",
    ),
    (re.compile(r'syntax error at or near "'), 'Syntax error: Unexpected "{name}"'),
)
NAMES = {"INT64": "int64", "INT32": "int64", "DOUBLE": "double", "BOOL": "bool"}


@dataclass
class Refused(Exception):
    """An answer other than 200: status, BigQuery's reason, its message."""

    code: int
    reason: str
    message: str

    def body(self) -> dict[str, object]:
        """The answer's JSON."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "errors": [{"reason": self.reason, "message": self.message, "domain": "global"}],
                "status": STATUS.get(self.code, "INTERNAL"),
            }
        }


def invalid(message: str) -> Refused:
    """SQL that cannot be run."""
    return Refused(400, "invalidQuery", message)


def at(sql: str, token: str, start: int = 0) -> str:
    """` at [line:column]` of the first whole `token` after `start`; empty where it is not there."""
    whole = rf"(?<![\w.]){re.escape(token)}(?!\w)"
    for pattern in (whole, re.escape(token)):
        if token and (found := re.compile(pattern, re.IGNORECASE).search(sql, start)):
            return place(sql, found.start())
    return ""


def place(sql: str, position: int) -> str:
    """` at [line:column]`; of a literal, that of its opening quote."""
    if position and sql[position - 1] in "'\"":
        position -= 1
    line_start = sql.rfind("\n", 0, position) + 1
    return f" at [{sql.count(chr(10), 0, position) + 1}:{position - line_start + 1}]"


def from_engine(sql: str, start: int, complaint: str) -> Refused:
    """The engine's complaint about a statement that begins at `start` of `sql`."""
    said, name = headline(complaint), named(complaint)
    if found := re.search(r"Division by zero in expression \((.*?)\)", said):
        return invalid(f"division by zero: {found[1]}")
    if found := re.search(r"Could not convert string '(.*?)' to (\w+)", said):
        return _not_convertible(sql, start, *found.groups())
    if found := re.search(r'invalid date field format: "(.*?)"', said):
        return invalid(f"Invalid date: '{found[1]}'")
    if found := re.search(r"NOT NULL constraint failed: \w+\.(\w+)", said):
        return invalid(f"Required field {found[1]} cannot be null")
    for pattern, form in FORMS:
        if found := pattern.search(said):
            written = re.compile(re.escape(name), re.IGNORECASE).search(sql, start)
            told = form.format(name=written[0] if written else name, **found.groupdict())
            return invalid(told + at(sql, name, start))
    return invalid(said + at(sql, name, start))


def _not_convertible(sql: str, start: int, value: str, kind: str) -> Refused:
    name = NAMES.get(kind, kind.lower())
    if re.compile(rf"CAST\(\s*['\"]{re.escape(value)}['\"]", re.IGNORECASE).search(sql, start):
        return invalid(f'Could not cast literal "{value}" to type {name.upper()}{at(sql, value, start)}')
    return invalid(f"Bad {name} value: {value}")
