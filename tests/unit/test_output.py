"""What people and programs read from stdout and stderr."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pytest

from telecom import console, query_output
from telecom.bootstrap import Platform
from telecom.errors import GateRefused, InputRefused, QueryError
from telecom.settings import Settings

SQL = """
SELECT n, CONCAT('a "quoted", ', CAST(n AS STRING)) AS t, IF(n = 2, NULL, n / 4) AS f, [STRUCT(n AS x)] AS r
FROM UNNEST([1, 2, 3]) AS n ORDER BY n
"""


@pytest.fixture
def platform(tmp_path) -> Platform:  # type: ignore[no-untyped-def]
    return Platform(Settings(home=tmp_path))


def test_json_rows_keep_types(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    query_output.run(platform.warehouse, SQL, "json", None)
    rows = json.loads(capsys.readouterr().out)
    assert rows[1] == {"n": 2, "t": 'a "quoted", 2', "f": None, "r": [{"x": 2}]}
    assert len(rows) == 3


def test_csv_rows_survive_a_reader(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    query_output.run(platform.warehouse, SQL, "csv", 2)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["t"] for row in rows] == ['a "quoted", 1', 'a "quoted", 2']
    assert json.loads(rows[0]["r"]) == [{"x": 1}]


def test_tables_align_and_count(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    query_output.run(platform.warehouse, SQL, "table", None)
    out, err = capsys.readouterr()
    assert "0.2500" in out and "3 rows" in err


@pytest.mark.parametrize("output", ["table", "csv", "json"])
def test_no_rows_still_have_columns(platform: Platform, capsys: pytest.CaptureFixture[str], output: str) -> None:
    query_output.run(platform.warehouse, "SELECT rating FROM telecom_monitoring.llm_feedback", output, None)
    out = capsys.readouterr().out
    assert out == "[]\n" if output == "json" else "rating" in out


def test_cells_are_text_never_markup(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    query_output.run(platform.warehouse, "SELECT '[/b] [red]x' AS `[bold]`", "table", None)
    out = capsys.readouterr().out
    assert "[/b] [red]x" in out and "[bold]" in out
    console.print_next("Open [draft]/index.html")
    assert "[draft]" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["csv", "json"])
def test_a_query_that_fails_late_prints_nothing(
    platform: Platform, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    sql = "SELECT CAST(IF(n = 190000, 'x', '1') AS INT64) AS z FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS n"
    with pytest.raises(QueryError):
        query_output.run(platform.warehouse, sql, output, None)
    assert capsys.readouterr().out == ""


def test_values_are_plain(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT 2026 AS year, TRUE AS b, 1 / 100000 AS small, 24691 / 2 AS f"
    query_output.run(platform.warehouse, sql, "table", None)
    words = capsys.readouterr().out.split()
    assert {"2026", "true", "1e-05", "12345.5000"} <= set(words)
    query_output.run(platform.warehouse, sql, "csv", None)
    assert capsys.readouterr().out.splitlines()[1].startswith("2026,true,")


def test_rows_too_wide_for_a_table_become_pairs(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    columns = ", ".join(f"CONCAT('value', CAST(n AS STRING)) AS a_long_name_{i}" for i in range(20))
    query_output.run(platform.warehouse, f"SELECT {columns} FROM UNNEST([1, 2]) AS n ORDER BY n", "table", None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a_long_name_0   value1" and lines[-1] == "a_long_name_19  value2"
    assert len(lines) == 41 and set(lines[20]) == {"─"}


@dataclass(frozen=True)
class Result:
    day: date
    at: datetime
    share: float
    count: np.int64
    names: tuple[str, ...]
    nothing: float


def test_results_become_plain_json(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result(date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), 0.5, np.int64(7), ("a",), float("nan"))
    console.print_json(result)
    assert json.loads(capsys.readouterr().out) == {
        "day": "2026-01-02",
        "at": "2026-01-02T00:00:00+00:00",
        "share": 0.5,
        "count": 7,
        "names": ["a"],
        "nothing": None,
    }


def test_a_refusal_says_counts_place_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    error = InputRefused("duplicate_ids", "The id '[x]' stands twice.", "Remove one.", read=5, refused=5, where="q.csv")
    console.print_error(error, as_json=False)
    said = capsys.readouterr().err
    for part in ("[duplicate_ids]", "'[x]'", "read 5 = accepted 0 + refused 5", "q.csv", "→ Remove one."):
        assert part in said
    console.print_error(error, as_json=True)
    described = json.loads(capsys.readouterr().out)["error"]
    assert (described["reason"], described["exit_code"], described["refused"]) == ("duplicate_ids", 3, 5)


def test_a_gate_lists_its_reasons_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_error(GateRefused("drift", "No.", ("a", "b")), as_json=True)
    assert json.loads(capsys.readouterr().out)["error"]["reasons"] == ["a", "b"]


def test_progress_without_a_terminal_is_one_line_per_stretch(capsys: pytest.CaptureFixture[str]) -> None:
    voice = console.Voice()
    voice.start("Counting", 10)
    voice.advance(5)
    voice.start("Sorting")
    voice.stop()
    assert capsys.readouterr().err.split("\n")[:2] == ["Counting …", "Sorting …"]
