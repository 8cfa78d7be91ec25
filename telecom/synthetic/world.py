"""The whole generated world around a set of customers, a chunk at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial

import pyarrow as pa

from telecom.synthetic import billing, cpf, crm, network, tickets

TABLES = ("crm_customers", "billing_invoices", "service_tickets", "network_lines")
CHUNK_ROWS = 4096
Maker = Callable[[pa.RecordBatch], pa.RecordBatch]


def makers(snapshot_date: date, seed: int) -> Mapping[str, Maker]:
    """Per table, what makes its rows from a chunk of customers. One set of makers serves one set of customers.

    Args:
        snapshot_date: day of the extract.
        seed: of the invented world.
    """
    at = snapshot_date
    return {
        "crm_customers": partial(crm.rows, snapshot_date=at, seed=seed, register=cpf.Register()),
        "billing_invoices": partial(billing.rows, snapshot_date=at, seed=seed),
        "service_tickets": partial(tickets.rows, snapshot_date=at, seed=seed),
        "network_lines": partial(network.rows, snapshot_date=at, seed=seed),
    }


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
    tables = makers(snapshot_date, seed)
    for batch in customers:
        for start in range(0, batch.num_rows, CHUNK_ROWS):
            chunk = batch.slice(start, CHUNK_ROWS)
            yield from ((name, tables[name](chunk)) for name in TABLES)
