"""Customers in files: whose records go, and that not a byte of the others changes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom.customer_files import mention_in_sql, mention_of, records_of, take_customers_out, times_in

ANA = "7590-VHVEG"


def without(
    tmp_path: Path, content: bytes, gone: Callable[[str], bool] = lambda name: name == ANA
) -> tuple[bytes, int, int]:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(content)
    taken = take_customers_out(source, target, gone)
    return target.read_bytes(), taken.records, taken.breaks


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_marks_and_the_last_line_stay(tmp_path: Path, end: str, mark: str, last: bool) -> None:
    lines = ["gender,customerID", f"Female,{ANA}", "Male,B-2", f" Male ,\t{ANA} ", "Male,C-3"]
    content = (mark + end.join(lines) + (end if last else "")).encode()
    kept = (mark + end.join(lines[0::2]) + (end if last else "")).encode()
    assert without(tmp_path, content) == (kept, 2, 2 * len(end))


def test_quotes_lines_within_them_and_other_encodings(tmp_path: Path) -> None:
    header, mine = b'\n"customerID","note"\n', f'"{ANA}","a, ""b""\nsecond line"\n'.encode()
    others = b'"B-2","S\xe3o\n, Paulo"\n' + f'"C-3","speaks of {ANA}"\n'.encode()
    assert without(tmp_path, header + mine + others) == (header + others, 1, 2)


def test_a_record_of_another_width_goes_if_any_field_names_them(tmp_path: Path) -> None:
    content = f"customerID,gender\nB-2,Male,{ANA}\n{ANA}\nC-3\n".encode()
    assert without(tmp_path, content)[:2] == (b"customerID,gender\nC-3\n", 2)


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"a,b\n7590-VHVEG,1\n", b"customerID\n", b'customerID\n"open,7590-VHVEG']
)
def test_what_names_nobody_is_copied(tmp_path: Path, content: bytes) -> None:
    assert without(tmp_path, content) == (content, 0, 0)


@given(st.lists(st.tuples(st.sampled_from([ANA, "B-2", "7590-VHVEG1"]), st.text(max_size=8)), max_size=12))
def test_whatever_stands_in_other_records_stays(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    def line(name: str, text: str) -> str:
        quoted = text.replace('"', '""')
        return f'{name},"{quoted}"\n'

    def content(kept: list[tuple[str, str]]) -> bytes:
        return ("customerID,text\n" + "".join(line(*each) for each in kept)).encode()

    found = without(tmp_path_factory.mktemp("csv"), content(rows))
    assert found[:2] == (content([r for r in rows if r[0] != ANA]), sum(r[0] == ANA for r in rows))


def test_records_by_name(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(f'\ufeffcustomerID, gender\nB-2,Male\n {ANA} ,"Fe,male"\n', "utf-8")
    assert records_of(source, ANA) == [{"customerID": ANA, "gender": "Fe,male"}]
    assert records_of(source, "nobody") == []


MENTIONS = [
    (ANA, 1), (f"x {ANA}, y", 1), (f"{ANA}.", 1), (f'["{ANA}"]', 1), (f"/{ANA}/card", 1), (f"{ANA}. {ANA}", 2),
    (f"{ANA}1", 0), (f"0{ANA}", 0), (f"{ANA}-2", 0), (f"{ANA}.1", 0), (f"_{ANA}", 0), ("", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "times"), MENTIONS)
def test_a_number_is_found_as_a_whole_in_files_and_in_sql_alike(tmp_path: Path, text: str, times: int) -> None:
    path = tmp_path / "log"
    path.write_text(text)
    assert times_in(path, mention_of([ANA, " "])) == times
    assert bool(re.search(mention_in_sql(ANA), text, re.ASCII)) == bool(times)


def test_names_are_found_in_ascii_json_too(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes('José da Conceição {"name": "Jos\\u00e9 da Concei\\u00e7\\u00e3o"}'.encode())
    assert times_in(path, mention_of(["José da Conceição"])) == 2 and times_in(path, mention_of([])) == 0
