"""Scripts of the BigQuery server, run one after the other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from sqlglot import exp

from tests.loopback.bigquery_errors import Refused, at, invalid
from tests.loopback.bigquery_sql import CHANGES_ROWS, Statement, rendered, statements, with_names
from tests.loopback.bigquery_tables import Tables, told_of
from tests.loopback.bigquery_types import Field, as_bigquery, described, insertable

LEAST_BILLED = 10 * 2**20


@dataclass
class Outcome:
    """What a script did: its kind, the last SELECT's result, rows changed, tables read, bytes that they hold."""

    kind: str = "SCRIPT"
    fields: list[Field] = field(default_factory=list)
    result: pa.Table | None = None
    affected: int = 0
    tables: list[str] = field(default_factory=list)
    processed: int = 0


class Engine(Tables):
    """Runs statements and scripts over the tables.

    `conflicts` is how many of the next transactions shall meet a concurrent change.
    """

    conflicts = 0

    def run(self, sql: str, parameters: Mapping[str, Any], limit: int | None = None, dry: bool = False) -> Outcome:
        """Runs a statement or script; what a script began and did not commit is rolled back.

        Raises:
            Refused: it is wrong, fails, or would bill more than `limit` bytes.
        """
        script = statements(sql)
        with self.lock:
            outcome = self._measured(script)
            billed = max(outcome.processed, LEAST_BILLED) if outcome.tables else 0
            if limit is not None and billed > limit:
                said = f"Query exceeded limit for bytes billed: {limit}. {billed} or higher required."
                raise Refused(400, "bytesBilledLimitExceeded", said)
            with self._transaction() as state:
                for statement in script:
                    if dry and statement.kind != "SELECT":
                        continue
                    self._step(statement, parameters, outcome, state)
        return outcome

    def _measured(self, script: list[Statement]) -> Outcome:
        outcome = Outcome(script[0].kind if len(script) == 1 else "SCRIPT")
        made = {s.target_name for s in script if s.kind.startswith("CREATE")}
        for statement in script:
            for table in statement.tables():
                if table.catalog not in ("", self.project):
                    raise Refused(404, "notFound", f"Not found: Project {table.catalog}")
                name = f"{table.db}.{table.name}"
                creates = statement.kind.startswith("CREATE") and table is statement.target
                forgives = statement.kind == "DROP_TABLE" and statement.tree.args.get("exists")
                if creates or forgives or name in made:
                    continue
                self.description(name)
                outcome.tables.append(name)
                outcome.processed += self.bytes_read(name, statement.tree)
        return outcome

    @contextmanager
    def _transaction(self) -> Iterator[dict[str, bool]]:
        state = {"open": False}
        try:
            yield state
        finally:
            if state["open"]:
                self.db.execute("ROLLBACK")

    def _step(
        self, statement: Statement, parameters: Mapping[str, Any], outcome: Outcome, state: dict[str, bool]
    ) -> None:
        if statement.kind.endswith("TRANSACTION"):
            self._turn(statement, state)
        elif statement.kind == "SELECT":
            outcome.fields, outcome.result = self._select(statement, statement.tree, parameters)
        elif statement.kind in CHANGES_ROWS:
            outcome.affected += self._change(statement, parameters)
        elif state["open"]:
            raise invalid("Transactions cannot use DDL statements that affect permanent entities.")
        elif statement.kind == "DROP_TABLE":
            self._drop(statement)
        else:
            self._create_as(statement, parameters)

    def _turn(self, statement: Statement, state: dict[str, bool]) -> None:
        word = statement.kind.removesuffix("_TRANSACTION")
        if state["open"] == (word == "BEGIN"):
            raise invalid("A transaction is in progress." if state["open"] else "There is no active transaction.")
        if word == "COMMIT" and self.conflicts:
            self.conflicts -= 1
            raise invalid(f"Transaction is aborted due to concurrent update against table {self.project}:of.another")
        self.db.execute(word)
        state["open"] = word == "BEGIN"

    def _select(
        self, statement: Statement, query: exp.Expr, parameters: Mapping[str, Any]
    ) -> tuple[list[Field], pa.Table]:
        with told_of(statement.script, statement.start):
            found = self.db.sql(rendered(with_names(query), parameters)).to_arrow_table()
        lower = [name.lower() for name in found.schema.names]
        for name in lower:
            if lower.count(name) > 1:
                said = f"Duplicate column names in the result are not supported. Found duplicate(s): {name}"
                raise invalid(said + at(statement.script, name, statement.start))
        return as_bigquery(found)

    def _change(self, statement: Statement, parameters: Mapping[str, Any]) -> int:
        tree = statement.tree
        self.touched.add(statement.target_name)
        if isinstance(tree, exp.Insert) and isinstance(tree.expression, exp.Query):
            wanted = self.tables[statement.target_name]["schema"]["fields"]
            columns = [c.name for c in tree.this.expressions] or [f["name"] for f in wanted]
            with told_of(statement.script, statement.start):
                source = rendered(tree.expression, parameters)
                found = self.db.sql(f"SELECT * FROM ({source}) LIMIT 0").to_arrow_table()
            by_name = {f["name"]: f for f in wanted}
            insertable(described(found.schema), [by_name[name] for name in columns])
        with told_of(statement.script, statement.start):
            return self.number(rendered(tree, parameters))

    def _drop(self, statement: Statement) -> None:
        name = statement.target_name
        if name in self.tables or not statement.tree.args.get("exists"):
            self.drop(name)

    def _create_as(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        name = statement.target_name
        if name in self.tables and not statement.tree.args.get("replace"):
            raise Refused(409, "duplicate", f"Already Exists: Table {self.project}:{name}")
        fields, rows = self._select(statement, statement.tree.expression, parameters)
        options = {p.this.name: p.args["value"] for p in statement.tree.find_all(exp.Property) if p.this}
        more = {}
        if expires := options.get("expiration_timestamp"):
            more = {"expirationTime": str(self.number(f"SELECT epoch_ms({rendered(expires, parameters)})"))}
        self.create(name, fields, **more)
        self.append(name, rows)
