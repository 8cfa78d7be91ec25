"""The guard in front of both warehouses: what may be read, what is sent, where an error points."""

import pytest

from telecom.adapters._bigquery_sql import one_select
from telecom.errors import QueryError

KNOWN = frozenset({"d.t", "d.u"})


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT 1 FROM p.d.t", "SELECT 1 FROM   d.t"),
        ("SELECT 1 FROM my-project-1.d.t", "SELECT 1 FROM              d.t"),
        ("SELECT 1 FROM `my-project`.d.t AS x", "SELECT 1 FROM              d.t AS x"),
        ("SELECT 1 FROM `my-project.d.t`", "SELECT 1 FROM            `d.t`"),
        ("SELECT 1 FROM `my-project.d`.t", "SELECT 1 FROM            `d`.t"),
        ("SELECT 'é;' FROM a.d.t JOIN b.d.u\n USING (x);", "SELECT 'é;' FROM   d.t JOIN   d.u\n USING (x) "),
        ("SELECT 1 FROM d.t; -- done", "SELECT 1 FROM d.t  -- done"),
    ],
)
def test_projects_and_semicolons_are_blanked_out_in_place(sql: str, text: str) -> None:
    select = one_select(sql, KNOWN)
    assert select.text == text
    assert len(text) == len(sql)
    for name in select.names:
        assert select.text[name.start : name.end].replace("`", "") == name.table


def test_tables_and_parameters_are_listed() -> None:
    sql = "WITH w AS (SELECT @a AS a FROM d.u) SELECT * FROM w, d.t AS t, d.t WHERE @b"
    select = one_select(sql, KNOWN)
    assert select.tables == ("d.t", "d.u")
    assert [(name.table, name.aliased) for name in select.names] == [("d.u", False), ("d.t", True), ("d.t", False)]
    assert select.bound({"a": 1, "b": True, "c": 2}) == {"a": 1, "b": True}


def test_a_dataset_may_be_opened_as_a_whole() -> None:
    assert one_select("SELECT 1 FROM s.any", KNOWN, datasets=("s",)).tables == ("s.any",)
    with pytest.raises(QueryError, match=r"no table 's\.any'"):
        one_select("SELECT 1 FROM s.any", KNOWN)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM ML.PREDICT(MODEL d.m, TABLE d.t)",
        "SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')",
        "SELECT * FROM d.INFORMATION_SCHEMA.TABLES",
        "SELECT * FROM `region-us`.INFORMATION_SCHEMA.JOBS",
        "SELECT * FROM `d.t*`",
        "SELECT * FROM d.t AS t, s.any",
        "CALL d.procedure()",
        "CREATE TEMP FUNCTION f(x INT64) AS (x); SELECT f(1)",
        "BEGIN TRANSACTION",
        "EXECUTE IMMEDIATE 'DROP TABLE d.t'",
        "MERGE d.t USING d.u ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
    ],
)
def test_whatever_is_not_one_select_over_known_tables_is_refused(sql: str) -> None:
    with pytest.raises(QueryError):
        one_select(sql, KNOWN)
