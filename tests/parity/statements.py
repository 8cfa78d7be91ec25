"""Every SELECT that both engines are asked: the files, what contracts and drift generate, and the parameters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import sqlglot
from sqlglot import exp

from mlops.src.data_quality import quality_sql
from mlops.src.drift.profile import Bins
from mlops.src.drift.sql import edges_sql, profile_sql
from mlops.src.training_data import ALL, FOREVER
from mlops.src.utils_bigquery import QUERIES
from telecom.ports import Parameters, Scalar
from telecom.tables import Column, contracts
from tests.parity.world import EARLIER, LATER, NOW, SPOILT, Asked, tables

NUMBERS = ("INT64", "FLOAT64", "NUMERIC")
BILLING = "telecom_bronze.billing_invoices"
NOTHING_THEN = date(2020, 2, 29)
VALUES: dict[str, tuple[Scalar, ...]] = {
    "snapshot_date": (LATER, EARLIER, SPOILT, NOTHING_THEN),
    "up_to": (FOREVER, EARLIER),
    "below": (ALL, "8"),
    "horizon_months": (12,),
    "model_version": ("1", "2.5"),
    "model_name": ("telco-churn", "Yes"),
    "scored_at": (NOW,),
}
"""What a parameter of a file may be; a file that names another one needs it here."""


@dataclass(frozen=True)
class Statement:
    """One SELECT and the parameters with which it is asked."""

    name: str
    sql: str
    parameters: Parameters = field(default_factory=dict)

    @property
    def ordered(self) -> bool:
        """Whether the SQL says in which order the rows come."""
        return bool(sqlglot.parse_one(self.sql, read="bigquery").args.get("order"))


def files() -> dict[str, list[Statement]]:
    """Each SQL file, with each value of each of its parameters."""
    return {path.stem: list(_cases(path.stem, path.read_text("utf-8"))) for path in sorted(QUERIES.glob("*.sql"))}


def _cases(name: str, sql: str) -> Iterator[Statement]:
    tree = sqlglot.parse_one(sql, read="bigquery")
    named = sorted({p.name for p in tree.find_all(exp.Parameter)})
    if unknown := [each for each in named if each not in VALUES]:
        raise LookupError(f"{name}.sql names {unknown}: say in tests/parity/statements.py what they may be.")
    optional = {p.name for cast in tree.find_all(exp.Cast) for p in cast.find_all(exp.Parameter)}
    choices = {each: (*VALUES[each], *([None] if each in optional else [])) for each in named}
    usual = {each: values[0] for each, values in choices.items()}
    yield Statement(f"{name}{tuple(map(str, usual.values()))}", sql, usual)
    for each, (_, *others) in choices.items():
        for value in others:
            yield Statement(f"{name}({each}={value})", sql, usual | {each: value})


def whole_tables() -> Iterator[Statement]:
    """The rows themselves, by the projection that jobs use."""
    for table, rules in tables().items():
        yield Statement(f"table {table}", f"SELECT {', '.join(rules.schema.names)} FROM {table}")


def quality() -> Iterator[Statement]:
    """The column rules and row checks of every contract, over its spoilt rows."""
    for rules in contracts().values():
        sql, spoilt = quality_sql(rules), {"snapshot_date": SPOILT}
        if "snapshot_date" not in rules.schema.names:
            sql, spoilt = sql.replace("WHERE snapshot_date = @snapshot_date", "WHERE TRUE"), {}
        yield Statement(f"quality {rules.table}", sql, spoilt)


def drift() -> Iterator[Statement]:
    """Where to cut, and counts per bin, of all columns of the gold tables, and of one with NUMERIC columns."""
    for rules in (rules for table, rules in contracts().items() if rules.dataset == "telecom_gold" or table == BILLING):
        columns = [column for column in rules.columns if column.mode != "REPEATED"]
        numbers = [column.name for column in columns if column.type in NUMBERS]
        if numbers:
            yield Statement(f"edges {rules.table}", edges_sql(numbers, rules.table, "TRUE"))
        if bins := [found for column in columns if (found := _bins(column))]:
            yield Statement(f"profile {rules.table}", profile_sql(bins, rules.table, "TRUE"))


def _bins(column: Column) -> Bins | None:
    if column.type in NUMBERS:
        return Bins(column.name, "number", edges=(-1.0, 0.0, 5e-324, 0.1, 1.0, 20.05, 1e16))
    if column.type == "BOOL":
        return Bins(column.name, "bool", categories=("false", "true"))
    if column.type == "STRING":
        return Bins(column.name, "category", categories=(*column.values, "it's", "back\\slash", "two\nlines", "é"))
    return None


def sent(asked: Iterable[Asked]) -> list[Statement]:
    """What the jobs sent while the data were made, without the files, which are asked anyway."""
    known = {path.read_text("utf-8") for path in QUERIES.glob("*.sql")}
    others = sorted((each for each in asked if each[0] not in known), key=str)
    return [Statement(" ".join(sql.split())[:120], sql, dict(values)) for sql, values in others]
