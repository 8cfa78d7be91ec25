"""Answers about one of many, taken from one answer about all of them.

The same question is asked about one customer after the other. The engine needs about as long for all of them as
for a few, most of it for planning and for reading files, so that a question that keeps coming is asked once for
everybody; the answers lie in a file without a name until a table that they rest on changes. See
docs/adr/0016-answers-for-everybody-at-once.md.
"""

import logging
import tempfile
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain, groupby
from mmap import MADV_DONTNEED, MADV_RANDOM, PROT_READ, mmap
from pathlib import Path
from sys import intern
from typing import Any

import pyarrow as pa
from sqlglot import exp

from telecom.adapters.local._catalog import Catalog, DataFile
from telecom.adapters.local._dialect import Translated, to_duckdb
from telecom.ports import Parameters, Scalar
from telecom.tables import contracts

AFTER = 4
"""So many are asked one by one; whoever asks more often asks for many."""
MOST_ROWS = 1_000_000
"""Of the tables that a question names: beyond, the answers of all are not kept."""
MOST_AT_ONCE = 10_000
"""Rows that one asking for many goes through, so that the engine does not hold all of them at once."""
ROWS_WRITTEN = 1_024
"""In one piece."""
MOST_SHELVES = 12
LOW, HIGH = "_low", "_high"
log = logging.getLogger(__name__)

Key = tuple[Scalar, ...]
Files = tuple[tuple[DataFile, ...], ...]
Ask = Callable[[Translated, str, Mapping[str, Scalar]], pa.Table]
"""SQL of the engine over the tables of a translated question, and its parameters → the answer."""


@dataclass(frozen=True)
class Shared:
    """A question that can be asked for many: its keys (parameters that only choose rows), the SQL that lists the values
    of the first key, and the SQL that answers for all whose first key lies between two values.
    """

    keys: tuple[str, ...]
    listing: str
    sql: str


@dataclass
class _Entry:
    """What is known of a question: how often it was asked over these files, and the answers once they are there."""

    tables: tuple[str, ...]
    files: Files
    asked: int = 0
    begun: bool = False
    shelf: "_Shelf | None" = None


class Shelves:
    """The answers of all questions that keep coming; asked from any thread.

    Args:
        ask: answers the question for all.
        folder: for the files; they have no name there.
    """

    def __init__(self, ask: Ask, folder: Path) -> None:
        self._ask, self._folder = ask, folder
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()
        self._catalog: Catalog | None = None
        self._lock, self._building = threading.Lock(), threading.Lock()

    def find(self, question: Translated, parameters: Parameters | None, catalog: Catalog) -> pa.Table | None:
        """The answer, if it lies here; otherwise None, and from the `AFTER`th time on it is made meanwhile."""
        shared = shared_of(question.select.text, question)
        if shared is None or not parameters or not all(_chooses(parameters.get(name)) for name in shared.keys):
            return None
        rest = question.select.bound(parameters)
        key = tuple(rest.pop(name) for name in shared.keys)
        entry = self._entry(question, rest, catalog)
        if entry.shelf:
            return entry.shelf.get(key)
        entry.asked += 1
        if entry.asked > AFTER and not entry.begun:
            entry.begun = True
            build = lambda: self._build(question, shared, rest, entry)  # noqa: E731
            threading.Thread(target=build, name="telecom-shelf").start()
        return None

    def _entry(self, question: Translated, rest: Mapping[str, Scalar], catalog: Catalog) -> _Entry:
        named = (question.sql, tuple((name, type(value), value) for name, value in rest.items()))
        with self._lock:
            if self._catalog is not catalog:
                self._forget_changed(catalog)
            entry = self._entries.get(named)
            if entry is None:
                files = _files(question.select.tables, catalog)
                entry = self._entries[named] = _Entry(question.select.tables, files)
                entry.begun = sum(file.rows for table in files for file in table) > MOST_ROWS
            self._entries.move_to_end(named)
            while len(self._entries) > MOST_SHELVES:
                self._entries.popitem(last=False)
            return entry

    def _forget_changed(self, catalog: Catalog) -> None:
        """Lets go of what rests on files that are no longer those of their tables."""
        self._catalog = catalog
        for named, entry in list(self._entries.items()):
            if _files(entry.tables, catalog) != entry.files:
                del self._entries[named]

    def _build(self, question: Translated, shared: Shared, rest: Mapping[str, Scalar], entry: _Entry) -> None:
        try:
            with self._building:
                entry.shelf = _Shelf(self._answers(question, shared, rest, entry), len(shared.keys), self._folder)
        except Exception as error:  # whatever it is, each is answered by itself as before
            log.info("A question is not answered for all: %s", error)

    def _answers(
        self, question: Translated, shared: Shared, rest: Mapping[str, Scalar], entry: _Entry
    ) -> Iterator[pa.Table]:
        """The answers for all, part by part."""
        values = self._ask(question, shared.listing, {}).column(0)
        rows = sum(file.rows for table in entry.files for file in table)
        step = max(1, len(values) * MOST_AT_ONCE // max(rows, 1))
        for start in range(0, max(len(values), 1), step):
            part = values[start : start + step]
            bounds = {LOW: part[0].as_py(), HIGH: part[-1].as_py()} if len(part) else {LOW: None, HIGH: None}
            yield self._ask(question, shared.sql, {**rest, **bounds})


class _Shelf:
    """The answers in a file that is mapped into memory, of which only what is being asked for is there.

    Args:
        answers: in parts, all of whose first columns are the keys.
        keys: how many these are.
        folder: where the file lies, without a name.
    """

    def __init__(self, answers: Iterator[pa.Table], keys: int, folder: Path) -> None:
        first = next(answers)
        schema = pa.schema(list(first.schema)[keys:])
        self._places: dict[Key, int] = {}
        self._starts = array("Q", (0,))
        # Without a name from the beginning: a process that is killed leaves nothing of anybody behind.
        with tempfile.TemporaryFile(dir=folder) as file:
            with pa.ipc.new_file(file, schema) as writer:
                for part in chain((first,), answers):
                    for key, count in _counts(part, keys):
                        self._places.setdefault(key, len(self._starts) - 1)  # nobody's comes with every part
                        self._starts.append(self._starts[-1] + count)
                    writer.write_table(part.select(schema.names), max_chunksize=ROWS_WRITTEN)
            file.flush()
            self._mapped = mmap(file.fileno(), 0, prot=PROT_READ)
        self._mapped.madvise(MADV_RANDOM)  # else a place is read with what lies around it
        self._answers = pa.ipc.open_file(pa.py_buffer(self._mapped)).read_all()
        pa.default_memory_pool().release_unused()

    def get(self, key: Key) -> pa.Table:
        """One's answer; whoever is in none of the tables gets that of nobody."""
        place = self._places.get(key, self._places.get((None,) * len(key)))
        if place is None:
            return self._answers.slice(0, 0)
        self._mapped.madvise(MADV_DONTNEED)  # what was read before is the system's to keep, not ours
        return self._answers.slice(self._starts[place], self._starts[place + 1] - self._starts[place])


@lru_cache(maxsize=64)
def shared_of(_: str, question: Translated) -> Shared | None:
    """The question for all, or None where it cannot be asked so.

    A parameter is a key if it only ever stands in `column = @column`, a condition of its own in the WHERE of a SELECT
    from one table: then, for whoever is in none of these tables, the answer is that for NULL.
    """
    tree = question.select.tree
    if not isinstance(tree, exp.Select) or tree.find(exp.Rand, exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime):
        return None
    found: dict[str, list[str]] = {}
    spoilt: set[str] = set()
    for parameter in tree.find_all(exp.Parameter):
        table = _chosen_from(parameter)
        if table:
            found.setdefault(parameter.name, []).append(table)
        else:
            spoilt.add(parameter.name)
    keys = tuple(sorted(found.keys() - spoilt))
    tables = {tuple(sorted(found[name])) for name in keys}
    return _shared(tree, keys, sorted(set(tables.pop()))) if len(tables) == 1 else None


def _chosen_from(parameter: exp.Expr) -> str | None:
    """The table of whose rows `column = @column` chooses some; None where the parameter stands otherwise."""
    equal = parameter.parent
    if not isinstance(equal, exp.EQ):
        return None
    column = equal.left if equal.right is parameter else equal.right
    place = equal.parent
    while isinstance(place, exp.And | exp.Paren):
        place = place.parent
    select = place.parent if isinstance(place, exp.Where) else None
    if not isinstance(column, exp.Column) or column.name != parameter.name or not isinstance(select, exp.Select):
        return None
    origin = select.args.get("from_") or select.args.get("from")
    table = origin.this if origin and not select.args.get("joins") else None
    name = f"{table.db}.{table.name}" if isinstance(table, exp.Table) else ""
    known = contracts().get(name)
    return name if known and column.name in known.schema.names else None


def _shared(tree: exp.Select, keys: tuple[str, ...], tables: list[str]) -> Shared:
    """The engine's SQL that answers for the keys in the tables, and for NULL; the keys come first, and in order."""
    within = f"{keys[0]} BETWEEN ${LOW} AND ${HIGH}"
    inner = tree.copy()
    for parameter in list(inner.find_all(exp.Parameter)):
        if parameter.name in keys:
            equal = parameter.parent
            parameter.replace(exp.column(parameter.name, table="_whose"))
            if parameter.name == keys[0] and equal:
                equal.replace(exp.and_(equal.copy(), within, dialect="duckdb"))
    order = inner.args.get("order")
    terms = order.copy().expressions if order else []
    for term in terms:
        for column in term.find_all(exp.Column):
            column.set("table", exp.to_identifier("_answer"))
    names = ", ".join(keys)
    nobody = ", ".join("NULL" for _ in keys)
    whose = " UNION ".join([*(f"SELECT {names} FROM {table} WHERE {within}" for table in tables), f"SELECT {nobody}"])
    listing = " UNION ".join(f"SELECT DISTINCT {keys[0]} FROM {table} WHERE {keys[0]} IS NOT NULL" for table in tables)
    own = ", ".join(f"_whose.{name} AS _key_{name}" for name in keys)
    sorted_by = ", ".join([*(f"_whose.{name} NULLS FIRST" for name in keys), *map(to_duckdb, terms)])
    return Shared(
        keys,
        f"{listing} ORDER BY 1",
        f"SELECT {own}, _answer.* FROM ({whose}) AS _whose({names}), LATERAL ({to_duckdb(inner)}) AS _answer "
        f"ORDER BY {sorted_by}",
    )


def _files(tables: tuple[str, ...], catalog: Catalog) -> Files:
    return tuple(catalog.files.get(table, ()) for table in tables)


def _chooses(value: object) -> bool:
    """Whether a value equals in Python what it equals in the engine."""
    return type(value) in (str, date)


def _counts(answers: pa.Table, keys: int) -> Iterator[tuple[Key, int]]:
    """Each key, and how many rows it has; they come one after the other."""
    columns = [
        [each if type(each) is not str else intern(each) for each in column.to_pylist()]
        for column in answers.columns[:keys]
    ]
    for key, rows in groupby(zip(*columns, strict=True)):
        yield key, sum(1 for _ in rows)
