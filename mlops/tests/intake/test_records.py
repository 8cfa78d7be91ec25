"""From bytes to numbered records, over blocks of any size."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.src.intake import records as module
from mlops.src.intake.received import receive
from mlops.src.intake.records import Records, ahead
from telecom.errors import InputRefused
from telecom.progress import Silent

NAMES = ("a", "b", "c")


def parse(data: bytes, folder: Path, keep: int = 1_000) -> tuple[Records, dict[int, tuple[str, ...]], list[int]]:
    """The reader, every record by number, and the numbers of the malformed ones."""
    path = folder / "in.csv"
    path.write_bytes(b"a,b,c\n" + data)
    reader = Records(receive("in.csv", path, folder, Silent()), NAMES, keep)
    found: dict[int, tuple[str, ...]] = {}
    malformed = []
    for block in ahead(reader):
        found |= {
            int(row): tuple(fields.values()) for row, fields in zip(block.rows, block.fields.to_pylist(), strict=True)
        }
        found |= {one.row: one.fields for one in block.malformed}
        malformed += [one.row for one in block.malformed]
    return reader, found, malformed


@pytest.mark.parametrize("between", ["\n\n", "\n \t\n", "\r\n  \r\n\r\n \r\n"])
@pytest.mark.parametrize("block", [100, 900, 1 << 20])
def test_records_keep_their_numbers_whatever_lies_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, between: str
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    lines = ["x,y" if n % 7 == 3 else "1,2,3,4" if n % 11 == 5 else f"{n},v,w" for n in range(1, 300)]
    reader, found, malformed = parse(between.join(lines).encode(), tmp_path)
    assert found == {n: tuple(line.split(",")) for n, line in enumerate(lines, start=1)}
    assert malformed == [n for n, line in enumerate(lines, start=1) if line.count(",") != 2]
    assert (reader.read, reader.closed, reader.last_is_short) == (299, True, False)


def test_blanks_at_the_end_are_no_short_record(tmp_path: Path) -> None:
    reader, found, malformed = parse(b" \n1,2,3\n4,5,6\n \n\t", tmp_path)
    assert (sorted(found), malformed) == ([1, 2], [])
    assert (reader.read, reader.closed, reader.last_is_short) == (2, True, False)


@pytest.mark.parametrize("block", [100, 1 << 20])
def test_a_file_of_malformed_records_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    reader, found, malformed = parse(b"x,y\n" * 50, tmp_path)
    assert (reader.read, reader.closed, reader.stopped, reader.last_is_short) == (50, True, False, True)
    assert malformed == list(range(1, 51)) and set(found.values()) == {("x", "y")}


def test_reading_stops_at_one_malformed_record_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 100)
    reader, found, malformed = parse(b"1,2,3\n" * 100 + b"x,y\n" * 5_000, tmp_path, keep=7)
    assert malformed == list(range(101, 109))
    assert (reader.read, reader.stopped) == (len(found), True)


@pytest.mark.parametrize(
    ("data", "read", "short"),
    [
        (b"", 0, False),
        (b"1,2,3", 1, False),
        (b"1,2,3\n4,5", 2, True),
        (b"4,5\n1,2,3", 2, False),
        (b"1,2,3,4", 1, False),
    ],
)
def test_how_a_file_ends(tmp_path: Path, data: bytes, read: int, short: bool) -> None:
    reader, _, _ = parse(data, tmp_path)
    assert (reader.read, reader.closed, reader.last_is_short) == (read, True, short)


@pytest.mark.parametrize("data", [b'1,2,"3', b'1,2,"3\n4,5,6\n', b'1,2,3\n"', b'1,"2,3\n4,5,6\n', b'1,2,"3""'])
def test_an_open_quote_is_noticed(tmp_path: Path, data: bytes) -> None:
    reader, _, _ = parse(data, tmp_path)
    assert not reader.closed


def test_a_record_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 100)
    with pytest.raises(InputRefused) as refused:
        parse(b"1,2,3\n" * 20 + b'"4,5,6\n' + b"7,8,9\n" * 90 + b'1,2,"3"\n', tmp_path)
    assert refused.value.reason == "broken_quotes"
    assert 0 < refused.value.read == refused.value.refused <= 20


def test_the_mark_of_another_file_is_an_ordinary_line(tmp_path: Path) -> None:
    reader, found, _ = parse(b"end of " + b"0" * 64 + b"\n1,2,3\n", tmp_path)
    assert (reader.read, found[1]) == (2, ("end of " + "0" * 64,))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.text('x ",\n\r', max_size=4), min_size=1, max_size=4), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_well_quoted_files_are_read_as_python_reads_them(tmp_path: Path, rows: list[list[str]], newline: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline, quoting=csv.QUOTE_ALL).writerows(rows)
    reader, found, _ = parse(text.getvalue().encode(), tmp_path)
    assert reader.closed
    assert [found[n] for n in sorted(found)] == [tuple(row) for row in rows]
    assert sorted(found) == list(range(1, len(rows) + 1))


def test_looking_ahead_keeps_order_and_passes_errors_on() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise KeyError("mine")

    seen = []
    with pytest.raises(KeyError, match="mine"):
        for item in ahead(items()):
            seen.append(item)
    assert seen == [0, 1, 2]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text('xy",\n', max_size=30))
def test_any_text_whose_quotes_close_is_read_as_python_reads_it(tmp_path: Path, text: str) -> None:
    reader, found, _ = parse(text.encode(), tmp_path)
    if reader.closed:
        expected = [tuple(row) for row in csv.reader(io.StringIO(text, newline="")) if row]
        assert [found[n] for n in sorted(found)] == expected
    else:
        with pytest.raises(csv.Error):
            list(csv.reader(io.StringIO(text, newline=""), strict=True))
