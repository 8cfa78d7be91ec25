"""Ingestion: every record judged and kept, beside a bare read_csv of the same file that checks nothing."""

import shutil

from benchmarks.measuring import Bench, Measured, Took, timed

NAME = "pandas-bronze.parquet"


def ours(bench: Bench) -> Measured:
    """`telecom ingest` into a warehouse of its own."""
    from benchmarks import world
    from mlops.src import data_ingestion
    from telecom.progress import Silent

    world.without_pandas()
    own = Bench(bench.home / "ingest", bench.customers)
    shutil.rmtree(own.platform, ignore_errors=True)
    p = world.platform(own)
    run = lambda: data_ingestion.run(  # noqa: E731
        p.warehouse, p.objects, Silent(), csv=str(bench.csv), snapshot_date=world.SNAPSHOT, now=world.NOW
    )
    took, taken = timed(run)
    return Measured(took, taken.accepted, found={"refused": taken.refused})


def alternative(bench: Bench) -> Measured:
    """Text in, text out: no validation, no digest, no copy in the lake."""
    import pandas as pd

    def copy() -> int:
        raw = pd.read_csv(bench.csv, dtype="str", keep_default_na=False)
        raw.to_parquet(bench.scratch(NAME), index=False, compression="zstd", compression_level=1)
        return len(raw)

    took, rows = timed(copy)
    return Measured(took, rows)


def compare(bench: Bench) -> Measured:
    """The same texts in every column, blanks aside."""
    import duckdb

    from benchmarks import world
    from mlops.src.data_prep_churn import RAW
    from telecom.synthetic.customers import COLUMNS

    own = world.table_file(bench.home / "ingest" / "platform", RAW)
    texts = [f"coalesce(a.{name}, '') IS DISTINCT FROM trim(b.{name})" for name in COLUMNS]
    sql = (
        f"SELECT count(*), count(*) FILTER (WHERE {' OR '.join(texts)}) "
        f"FROM '{own}' AS a JOIN '{bench.scratch(NAME)}' AS b USING (customerID)"
    )
    with duckdb.connect(":memory:") as connection:
        met, differing = connection.execute(sql).fetchall()[0]
    shutil.rmtree(bench.home / "ingest")
    fine = met == bench.customers and not differing
    complaints = [] if fine else [f"{met:,} of {bench.customers:,} records met, {differing:,} of them differ"]
    return Measured(Took(), bench.customers, found={"complaints": complaints})
