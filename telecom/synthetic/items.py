"""What an invoice lists, in Portuguese: products at list price, the main one taking up the difference."""

import numpy as np
import pyarrow as pa

from telecom.synthetic import plans
from telecom.synthetic.columns import Customers, labels, numeric
from telecom.synthetic.identity import Ints, Streams
from telecom.synthetic.population import PHONE_PRICE, SECOND_LINE_PRICE, SERVICE_PRICES
from telecom.tables import contract

# Description and kind of each possible line of an invoice; internet varies with the speed sold.
_LINES = (
    *((f"Internet fibra {speed} Mega", "internet") for speed in plans.FIBER_SPEEDS),
    *((f"Internet banda larga {speed} Mega", "internet") for speed in plans.DSL_SPEEDS),
    ("Linha móvel", "mobile"),
    ("Linha móvel adicional", "mobile"),
    ("Segurança digital", "security"),
    ("Backup em nuvem", "security"),
    ("Proteção de aparelhos", "support"),
    ("Suporte técnico premium", "support"),
    ("Streaming TV", "streaming"),
    ("Streaming filmes", "streaming"),
    ("Plano combinado", "plan"),
    ("Desconto de fidelidade", "discount"),
    ("Consumo adicional", "usage"),
)
_FIBER, _DSL, _PHONE, _SECOND, _SERVICES, _PLAN, _DISCOUNT, _USAGE = 0, 3, 6, 7, 8, 14, 15, 16


def price_list(customers: Customers, streams: Streams, monthly: Ints) -> Ints:
    """Cents a month of each line for each customer, (n, lines): rows sum to the monthly charge.

    Extras cost their list price and the main product (internet, else the mobile line) the remainder; where
    nothing remains the whole charge is one combined plan.
    """
    has = plans.products(customers)
    row = np.arange(len(streams))
    prices = np.zeros((len(streams), len(_LINES)), dtype=np.int64)
    prices[:, _SECOND] = has.second_line * SECOND_LINE_PRICE
    prices[:, _SERVICES:_PLAN] = has.services * SERVICE_PRICES
    prices[:, _PHONE] = has.phone * PHONE_PRICE
    fiber, dsl = plans.speed_sold(streams)
    main = np.where(has.fiber, _FIBER + fiber, np.where(has.dsl, _DSL + dsl, np.where(has.phone, _PHONE, _PLAN)))
    remainder = monthly - prices.sum(axis=1)
    prices[row, main] += remainder
    combined = prices[row, main] <= 0
    prices[combined] = 0
    prices[combined, _PLAN] = monthly[combined]
    return prices


def lists(prices: Ints, row: Ints, amount: Ints, monthly: Ints) -> pa.Array:
    """The items of each invoice: the customer's price list and what makes up the invoice's own amount.

    Args:
        prices: from `price_list`.
        row: customer of each invoice.
        amount: each invoice's total, cents.
        monthly: each customer's monthly charge, cents.
    """
    lines = prices[row]
    difference = amount - monthly[row]
    lines[:, _DISCOUNT] = np.minimum(difference, 0)
    lines[:, _USAGE] = np.maximum(difference, 0)
    invoice, line = np.nonzero(lines)
    ends = np.searchsorted(invoice, np.arange(len(row) + 1))
    kind = contract("telecom_bronze.billing_invoices").column("items").arrow
    cells = [
        labels([text for text, _ in _LINES], line),
        labels([kind for _, kind in _LINES], line),
        numeric(lines[invoice, line]),
    ]
    values = pa.StructArray.from_arrays(cells, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values, type=kind)
