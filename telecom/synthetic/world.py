"""The whole generated world around a set of customers, a chunk at a time."""

from collections.abc import Iterable, Iterator
from datetime import date

import pyarrow as pa

from telecom.synthetic import billing, cpf, crm, network, tickets

TABLES = ("crm_customers", "billing_invoices", "service_tickets", "network_lines")
CHUNK_ROWS = 4096


def generate_world(
    customers: Iterable[pa.RecordBatch], snapshot_date: date, seed: int
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Rows of the four tables for each chunk of at most `CHUNK_ROWS` customers, in the order of `TABLES`.

    Every row's customer_id is one of `customers`. Same customers, date and seed, same rows.

    Args:
        customers: batches with the columns of `telecom_silver.telco_churn_clean`; customer_id unique.
        snapshot_date: day of the extract.
        seed: of the invented world.
    """
    register = cpf.Register()
    for batch in customers:
        for start in range(0, batch.num_rows, CHUNK_ROWS):
            chunk = batch.slice(start, CHUNK_ROWS)
            yield TABLES[0], crm.rows(chunk, snapshot_date, seed, register)
            yield TABLES[1], billing.rows(chunk, snapshot_date, seed)
            yield TABLES[2], tickets.rows(chunk, snapshot_date, seed)
            yield TABLES[3], network.rows(chunk, snapshot_date, seed)
