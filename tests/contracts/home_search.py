"""Looks for words in every byte below a folder, also in what Parquet files and SQLite databases hold packed."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def found_below(home: Path, words: Iterable[str]) -> dict[str, list[str]]:
    """The words that each file holds, as they are and as JSON writes them in ASCII; files without any are left out."""
    forms = sorted({form for word in words for form in (word, json.dumps(word)[1:-1])})
    found = {}
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        content = path.read_bytes() + _unpacked(path)
        if hits := [form for form in forms if form.encode() in content]:
            found[path.relative_to(home).as_posix()] = hits
    return found


def _unpacked(path: Path) -> bytes:
    if path.suffix == ".parquet":
        try:
            rows = pq.ParquetFile(path).read().to_pylist()
        except pa.ArrowInvalid:
            return b""
        return json.dumps(rows, default=str, ensure_ascii=False).encode()
    if path.read_bytes()[:15] == b"SQLite format 3":
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return "\n".join(database.iterdump()).encode()
    return b""
