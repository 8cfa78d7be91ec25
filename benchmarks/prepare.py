"""Preparation: bronze to silver to gold with every contract check, beside the same in plain pandas."""

from pathlib import Path

from benchmarks.measuring import Bench, Measured, Took, timed
from mlops.src.data_prep_churn import CLEAN, FEATURES, RAW

NAMES = {CLEAN: "pandas-silver.parquet", FEATURES: "pandas-gold.parquet"}
ROUNDED = {"average_monthly_charge", "charge_change", "price_per_service"}
LAST_DIGIT = 1.000001e-6


def ours(bench: Bench) -> Measured:
    """`telecom prepare` of the snapshot."""
    from benchmarks import world
    from mlops.src import data_prep_churn
    from telecom.progress import Silent

    world.without_pandas()
    warehouse = world.platform(bench).warehouse
    run = lambda: data_prep_churn.run(warehouse, Silent(), now=world.NOW, snapshot_date=world.SNAPSHOT)  # noqa: E731
    took, made = timed(run)
    return Measured(took, made.rows, found={"checks": made.checks})


def alternative(bench: Bench) -> Measured:
    """The same from the same bronze file to two Parquet files."""
    from benchmarks import world
    from benchmarks.pandas_preparation import prepare

    raw = world.table_file(bench.platform, RAW)
    silver, gold = (bench.scratch(name) for name in NAMES.values())
    took, failures = timed(lambda: prepare(raw, world.SNAPSHOT, silver, gold))
    failing = {name: count for found in failures for name, count in found.items() if count}
    return Measured(took, bench.customers, found={"checks": sum(map(len, failures)), "failing": failing})


def compare(bench: Bench) -> Measured:
    """Row by row and column by column; rounded columns may differ in their last digit."""
    from benchmarks import world

    complaints: list[str] = []
    for table, name in NAMES.items():
        complaints += differences(world.table_file(bench.platform, table), bench.scratch(name), table)
    return Measured(Took(), bench.customers, found={"complaints": complaints})


def differences(ours: Path, theirs: Path, table: str) -> list[str]:
    """What differs between two Parquet files of one table, as sentences."""
    import duckdb

    from telecom.tables import contract

    columns = [column.name for column in contract(table).columns if column.name != "customer_id"]
    counts = ", ".join(f"count(*) FILTER (WHERE {_differs(name)})" for name in columns)
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        sql = f"SELECT count(*), {counts} FROM '{ours}' AS a JOIN '{theirs}' AS b USING (customer_id)"
        met, *differing = connection.execute(sql).fetchall()[0]
        sizes = [connection.execute(f"SELECT count(*) FROM '{path}'").fetchall()[0][0] for path in (ours, theirs)]
    found = [f"{table}.{name}: {n:,} rows differ" for name, n in zip(columns, differing, strict=True) if n]
    return found if sizes == [met, met] else [*found, f"{table}: {sizes} rows, of which {met:,} are the same customer"]


def _differs(name: str) -> str:
    if name in ROUNDED:
        return f"abs(a.{name} - b.{name}) > {LAST_DIGIT}"
    return f"a.{name} IS DISTINCT FROM b.{name}"
