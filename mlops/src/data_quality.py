"""Contract checks as one aggregate query per table. Reads any table, writes telecom_monitoring.data_quality_results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from mlops.src.utils_bigquery import column_rules
from telecom.errors import GateRefused
from telecom.ports import Reader, Warehouse, Write
from telecom.tables import Contract, contract

RESULTS = "telecom_monitoring.data_quality_results"


@dataclass(frozen=True)
class CheckResult:
    """How one check went; shares in 0..1."""

    check_name: str
    rows_checked: int
    rows_failing: int
    allowed_share: float

    @property
    def failing_share(self) -> float:
        """Failing rows over rows checked; 0 for an empty table."""
        return self.rows_failing / self.rows_checked if self.rows_checked else 0.0

    @property
    def passed(self) -> bool:
        """Whether the share is within what the contract tolerates."""
        return self.failing_share <= self.allowed_share


def checks_of(rules: Contract) -> Mapping[str, tuple[str, float]]:
    """Every check of a contract: name → (condition that is TRUE for a bad row, tolerated share)."""
    found = {
        f"{column.name}.{rule}": (condition, 0.0)
        for column in rules.columns
        if column.mode != "REPEATED"
        for rule, condition in column_rules(column).items()
    }
    return found | {check.name: (f"NOT ({check.expression})", check.max_failing_share) for check in rules.checks}


def quality_sql(rules: Contract) -> str:
    """One SELECT over the snapshot: rows, repeated keys and one failing count per check, in `checks_of` order."""
    counts = [f"COUNTIF({condition}) AS c{i}" for i, (condition, _) in enumerate(checks_of(rules).values())]
    key = ", '|', ".join(f"CAST({name} AS STRING)" for name in rules.key if name != "snapshot_date")
    columns = ",\n  ".join(["COUNT(*) AS total", f"COUNT(*) - COUNT(DISTINCT CONCAT({key})) AS repeated", *counts])
    return f"SELECT\n  {columns}\nFROM {rules.table}\nWHERE snapshot_date = @snapshot_date"


def measure(reader: Reader, table: str, snapshot_date: date) -> tuple[CheckResult, ...]:
    """Runs all checks of one table's snapshot."""
    rules = contract(table)
    row = reader.query(quality_sql(rules), {"snapshot_date": snapshot_date}).to_pylist()[0]
    total = int(row["total"])
    counted = enumerate(checks_of(rules).items())
    found = [CheckResult(name, total, int(row[f"c{i}"]), share) for i, (name, (_, share)) in counted]
    return (CheckResult("key.unique", total, int(row["repeated"]), 0.0), *found)


def record(
    warehouse: Warehouse, table: str, snapshot_date: date, now: datetime, results: Sequence[CheckResult]
) -> None:
    """Keeps the results of a snapshot's checks, in the place of earlier ones."""
    rows = [_record(result, table, snapshot_date, now) for result in results]
    batch = pa.RecordBatch.from_pylist(rows, schema=contract(RESULTS).schema)
    warehouse.write(Write(RESULTS, [batch], {"snapshot_date": snapshot_date, "table_name": table}))


def gate(table: str, results: Sequence[CheckResult]) -> None:
    """Lets good data pass.

    Raises:
        GateRefused: a check failed; the reasons name check, counts and tolerance.
    """
    failed = [r for r in results if not r.passed]
    if failed:
        reasons = tuple(
            f"{r.check_name}: {r.rows_failing:,} of {r.rows_checked:,} rows ({r.failing_share:.2%}) fail, "
            f"{r.allowed_share:.2%} are tolerated"
            for r in failed
        )
        raise GateRefused(
            "quality",
            f"{table} does not keep its contract: {'; '.join(reasons)}.",
            reasons,
            f"Look at {RESULTS}, mend the source and ingest again; later steps keep the last good snapshot.",
        )


def _record(result: CheckResult, table: str, snapshot_date: date, now: datetime) -> dict[str, Any]:
    return {
        "snapshot_date": snapshot_date,
        "table_name": table,
        "check_name": result.check_name,
        "rows_checked": result.rows_checked,
        "rows_failing": result.rows_failing,
        "failing_share": result.failing_share,
        "allowed_share": result.allowed_share,
        "passed": result.passed,
        "checked_at": now,
    }
