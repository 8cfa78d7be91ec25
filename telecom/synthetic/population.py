"""Who the customers are: a chain of conditional draws calibrated on the public Telco file's marginals.

senior → partner → dependents → contract → tenure → internet → phone → services → billing habits → prices.
Each step is a logit in what came before; the figures below are the whole model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telecom.synthetic.identity import Bools, Floats, Ints, Streams, choose

DSL, FIBER, NO_INTERNET = 0, 1, 2
MONTHLY, ONE_YEAR, TWO_YEARS = 0, 1, 2
BANK_TRANSFER, CREDIT_CARD, ELECTRONIC_CHECK, MAILED_CHECK = 0, 1, 2, 3
SECURITY, BACKUP, PROTECTION, SUPPORT, TV, MOVIES = range(6)

# Months of tenure at the 0, 10, … 100 % quantiles of each contract.
_TENURE = np.array(
    [
        [1.0, 1.0, 2.3, 5.0, 9.0, 13.0, 17.5, 24.0, 33.0, 47.0, 72.0],
        [0.0, 14.0, 23.0, 30.0, 38.0, 44.5, 50.0, 55.5, 61.5, 67.5, 72.0],
        [0.0, 27.0, 45.0, 53.0, 60.5, 64.5, 68.0, 70.5, 72.0, 72.0, 72.999],
    ]
)
# Partners and seniors stay longer: shifts of the tenure's logit, by contract and partner (no, yes), senior.
_TENURE_SHIFT = np.array([[-0.27, 0.47], [-0.27, 0.20], [-0.36, 0.13]])
_TENURE_SHIFT_SENIOR = 0.42

# Log-odds of each extra service among internet customers:
# base, fibre, years of tenure, one-year contract, two-year contract, partner, dependents, senior.
_SERVICE_LOGITS = np.array(
    [
        [-1.29, -0.92, 0.28, 0.56, 1.08, 0.10, 0.22, -0.23],
        [-1.56, -0.03, 0.42, 0.11, 0.22, 0.05, 0.16, 0.07],
        [-1.55, 0.15, 0.30, 0.61, 1.17, 0.12, -0.01, -0.08],
        [-1.08, -0.81, 0.18, 0.87, 1.86, 0.00, 0.01, -0.64],
        [-1.50, 0.89, 0.22, 0.48, 0.84, 0.10, 0.00, 0.00],
        [-1.46, 0.86, 0.23, 0.56, 0.99, 0.11, -0.21, 0.08],
    ]
)
# Streaming comes in pairs: how often a service repeats the television draw instead of making its own.
_SAME_DRAW_AS_TV = {PROTECTION: 0.12, MOVIES: 0.34}

# List prices in cents.
INTERNET_PRICE = np.array([2500, 5000, 0])
PHONE_PRICE, SECOND_LINE_PRICE = 2000, 500
SERVICE_PRICES = np.array([500, 500, 500, 500, 1000, 1000])
_NICKEL = 5


@dataclass(frozen=True)
class Population:
    """n customers as parallel arrays; codes index the vocabularies of `customers`, money is in cents."""

    female: Bools
    senior: Bools
    partner: Bools
    dependents: Bools
    tenure: Ints
    phone: Bools
    second_line: Bools
    internet: Ints
    services: Bools  # (n, 6), in the order SECURITY … MOVIES
    contract: Ints
    paperless: Bools
    payment: Ints
    monthly: Ints
    total: Ints
    total_blank: Bools


def draw(streams: Streams) -> Population:
    """The customers of these streams, before any drift."""
    u = streams.uniform
    senior = u("senior") < 0.161
    partner = u("partner") < 0.48
    dependents = u("dependents") < np.where(partner, np.where(senior, 0.14, 0.59), np.where(senior, 0.01, 0.114))
    contract = _contract(streams, senior, partner, dependents)
    tenure = _tenure(streams, senior, contract, partner)
    internet = _internet(streams, senior, partner, dependents, contract, tenure)
    phone = (internet != DSL) | (u("phone") < 0.722)
    second_line = phone & _second_line(streams, senior, internet, contract, tenure)
    services = _services(streams, senior, partner, dependents, internet, contract, tenure)
    paperless = _paperless(streams, senior, internet, contract, tenure)
    monthly = _monthly(streams, internet, phone, second_line, services)
    return Population(
        female=u("gender") < 0.495,
        senior=senior,
        partner=partner,
        dependents=dependents,
        tenure=tenure,
        phone=phone,
        second_line=second_line,
        internet=internet,
        services=services,
        contract=contract,
        paperless=paperless,
        payment=_payment(streams, senior, internet, contract, tenure, paperless),
        monthly=monthly,
        total=_total(streams, monthly, tenure),
        total_blank=tenure == 0,
    )


def list_price(internet: Ints, phone: Bools, second_line: Bools, services: Bools) -> Ints:
    """Monthly list price in cents: the sum of what the customer has."""
    lines = phone * PHONE_PRICE + second_line * SECOND_LINE_PRICE
    price: Ints = INTERNET_PRICE[internet] + lines + services @ SERVICE_PRICES
    return price


def nickels(amount: Floats) -> Ints:
    """Cents rounded to a multiple of five, as the public file prints its prices."""
    return (np.rint(amount / _NICKEL) * _NICKEL).astype(np.int64)


def sigmoid(logit: Floats) -> Floats:
    """The probability of a log-odds."""
    return 1.0 / (1.0 + np.exp(-logit))


def _contract(s: Streams, senior: Bools, partner: Bools, dependents: Bools) -> Ints:
    one_year = -1.32 + 0.71 * partner + 0.38 * dependents - 0.75 * senior + 0.2 * (partner & senior)
    two_years = -1.57 + 1.32 * partner + 0.52 * dependents - 0.81 * senior - 0.3 * (partner & senior)
    return _pick(s, "contract", [np.zeros(len(s)), one_year, two_years])


def _tenure(s: Streams, senior: Bools, contract: Ints, partner: Bools) -> Ints:
    u = s.uniform("tenure")
    shift = _TENURE_SHIFT[contract, partner.astype(np.int64)] + _TENURE_SHIFT_SENIOR * senior - 0.06
    odds = (u + 1e-12) / (1.0 - u) * np.exp(shift)
    place = 10.0 * odds / (1.0 + odds)
    knot = np.minimum(place.astype(np.int64), 9)
    low, high = _TENURE[contract, knot], _TENURE[contract, knot + 1]
    months: Ints = np.floor(low + (high - low) * (place - knot)).astype(np.int64)
    return months


def _internet(s: Streams, senior: Bools, partner: Bools, dependents: Bools, contract: Ints, tenure: Ints) -> Ints:
    years = tenure / 12.0
    commitment = np.array([0.0, 1.19, 2.0])[contract]
    fiber = -0.01 + 0.79 * senior - 0.42 * dependents - commitment + 0.14 * partner + 0.29 * years
    none = -0.44 - 0.89 * senior + 0.30 * dependents + 1.05 * commitment - 0.20 * partner - 0.38 * years
    return _pick(s, "internet", [np.zeros(len(s)), fiber, none])


def _second_line(s: Streams, senior: Bools, internet: Ints, contract: Ints, tenure: Ints) -> Bools:
    by_internet, by_contract = np.array([0.0, 0.92, -0.89])[internet], np.array([0.0, -0.55, -0.26])[contract]
    logit = -1.6 + by_internet + 0.47 * tenure / 12.0 + by_contract + 0.38 * senior
    return s.uniform("second_line") < sigmoid(logit)


def _services(
    s: Streams, senior: Bools, partner: Bools, dependents: Bools, internet: Ints, contract: Ints, tenure: Ints
) -> Bools:
    one = np.ones(len(s))
    fiber, one_year, two_years = internet == FIBER, contract == ONE_YEAR, contract == TWO_YEARS
    facts = np.column_stack([one, fiber, tenure / 12.0, one_year, two_years, partner, dependents, senior])
    draws = np.column_stack([s.uniform(f"service/{k}") for k in range(len(_SERVICE_LOGITS))])
    for service, share in _SAME_DRAW_AS_TV.items():
        same = s.uniform(f"service/{service}/as_tv") < share
        draws[:, service] = np.where(same, draws[:, TV], draws[:, service])
    taken: Bools = (draws < sigmoid(facts @ _SERVICE_LOGITS.T)) & (internet != NO_INTERNET)[:, None]
    return taken


def _paperless(s: Streams, senior: Bools, internet: Ints, contract: Ints, tenure: Ints) -> Bools:
    by_internet, by_contract = np.array([0.0, 0.86, -0.89])[internet], np.array([0.0, -0.5, -0.73])[contract]
    return s.uniform("paperless") < sigmoid(0.18 + by_internet + by_contract + 0.39 * senior + 0.09 * tenure / 12.0)


def _payment(s: Streams, senior: Bools, internet: Ints, contract: Ints, tenure: Ints, paperless: Bools) -> Ints:
    years, fiber, none = tenure / 12.0, internet == FIBER, internet == NO_INTERNET
    commitment = np.array([0.0, 0.5, 1.0])[contract]
    transfer = -0.61 + 0.08 * fiber + 0.14 * none + 0.12 * commitment + 0.19 * years
    card = -0.61 + 0.01 * fiber + 0.05 * none + 0.38 * commitment + 0.16 * years
    electronic = 0.41 + 0.65 * fiber - 0.81 * none - 0.91 * commitment + 0.26 * senior - 0.08 * years + 0.29 * paperless
    mailed = 0.80 - 0.73 * fiber + 0.62 * none + 0.42 * commitment - 0.36 * senior - 0.28 * years - 0.31 * paperless
    return _pick(s, "payment", [transfer, card, electronic, mailed])


def _monthly(s: Streams, internet: Ints, phone: Bools, second_line: Bools, services: Bools) -> Ints:
    spread = np.where(internet == NO_INTERNET, 55.0, 108.0)
    noise = np.clip(s.normal("monthly"), -3.0, 3.0) * spread
    return nickels(list_price(internet, phone, second_line, services) + noise)


def _total(s: Streams, monthly: Ints, tenure: Ints) -> Ints:
    wander = 0.2 * np.clip(s.normal("total"), -3.0, 3.0) * np.sqrt(tenure) * (tenure > 1)
    return nickels(monthly * (tenure + wander))


def _pick(s: Streams, salt: str, logits: Sequence[Floats]) -> Ints:
    return choose(s.uniform(salt), np.exp(np.column_stack(logits)))
