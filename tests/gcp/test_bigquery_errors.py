"""BigQuery's own messages, as collected from its users, told of the SQL that a person wrote."""

import pytest
from google.api_core.exceptions import BadRequest

from telecom.adapters.gcp._bigquery_errors import Statement, explain, told_of
from telecom.errors import QueryError

SQL = "SELECT a,\n  CAST('x' AS INT64) AS b\nFROM telecom_gold.t"
MOVED = Statement(f"CREATE TABLE s AS SELECT b FROM (\n{SQL}\n)", SQL, above=1)


@pytest.mark.parametrize(
    ("message", "headline", "line", "token"),
    [
        ("Unrecognized name: a at [1:8]", "Unrecognized name: a", 1, "a"),
        ('Could not cast literal "x" to type INT64 at [2:8]', "Could not convert string 'x' to INT64.", 2, "x"),
        ("Bad int64 value: x", "Could not convert string 'x' to INT64.", 2, "x"),
        ("Bad double value: x", "Could not convert string 'x' to FLOAT64.", 2, "x"),
        ("Query error: No matching signature for function CAST at [2:3]", "No matching signature for function CAST", 2,
         "CAST"),
        ('Syntax error: Unexpected "(" at [2:7]', 'Syntax error: Unexpected "("', 2, "("),
        ("Duplicate column names in the result are not supported. Found duplicate(s): b",
         "Two columns of the result are called 'b'. Rename one with AS.", 2, "b"),
    ],
)  # fmt: skip
def test_a_message_points_at_its_token(message: str, headline: str, line: int, token: str) -> None:
    said, shown, carets = explain(Statement(SQL, SQL), message).message.split("\n")
    assert (said, shown.split(",")[0]) == (headline, f"line {line}")
    assert shown[carets.index("^") : carets.rindex("^") + 1] == token


def test_positions_follow_sql_that_was_moved_down() -> None:
    _, shown, carets = explain(MOVED, "Unrecognized name: a at [2:8]").message.split("\n")
    assert (shown, carets.strip()) == ("line 1, column 8: SELECT a,", "^")


def test_a_fault_above_the_sql_is_told_without_a_place() -> None:
    assert explain(MOVED, "Unrecognized name: zz at [1:14]").message == "Unrecognized name: zz"


def test_sql_that_was_rewritten_is_searched_for_the_token() -> None:
    rewritten = Statement("SELECT z, aa FROM (SELECT 1)", "SELECT aa FROM telecom_gold.t", above=None)
    _, shown, carets = explain(rewritten, "Unrecognized name: aa at [1:11]").message.split("\n")
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "aa"


def test_a_position_past_the_end_is_no_failure() -> None:
    assert "^" in explain(Statement(SQL, SQL), "Syntax error: Unexpected end of script at [3:99]").message


def test_division_by_zero_brings_its_remedy() -> None:
    error = explain(Statement(SQL, SQL), "division by zero: 1 / 0")
    assert (error.message, "SAFE_DIVIDE" in error.remedy) == ("Division by zero: 1 / 0.", True)


def test_a_query_that_took_longer_than_it_may_is_told_as_such() -> None:
    timed_out = BadRequest(
        "Job timed out after 2s", errors=[{"reason": "stopped", "message": "Job timed out after 2s"}]
    )
    with pytest.raises(QueryError, match="took too long: Job timed out") as raised, told_of(Statement(SQL, SQL)):
        raise timed_out
    assert "Read less" in raised.value.remedy
