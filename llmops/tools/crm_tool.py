"""Who the customer is and what they have. Reads CRM, features, lines and tickets, writes nothing.

CPF, e-mail and phone leave the warehouse masked (see queries/customer_profile.sql).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from llmops.tools import ticket_tool
from llmops.tools.churn_words import CONTRACTS, EXTRAS, PAYMENTS
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.loyalty import fine_today
from llmops.tools.rows import check_filled, customer_rows
from llmops.tools.ticket_tool import Ticket
from llmops.tools.words import cents, number, short

MOST_TICKETS = 3
SEGMENTS: Mapping[str, str] = {"essential": "essencial", "standard": "padrão", "premium": "premium"}
CHANNELS: Mapping[str, str] = {"whatsapp": "WhatsApp", "sms": "SMS", "email": "e-mail", "phone": "telefone"}


@dataclass(frozen=True)
class ContractTerms:
    """The contract: commitment in months (1: none), months until its term ends, monthly charge in BRL.

    `term_over`: the term has ended, and the contract goes on month by month; `months_to_renewal` is 0 then.
    `fine_today` is what giving up the internet today costs, in BRL (`loyalty`).
    """

    words: str
    months: int
    months_to_renewal: int
    monthly_charge: Decimal
    payment_method: str
    digital_invoice: bool
    term_over: bool = False
    fine_today: Decimal = Decimal("0.00")


@dataclass(frozen=True)
class Consent:
    """What the holder consented to, and when they last decided."""

    offers: bool
    data_sharing: bool
    updated_on: date


@dataclass(frozen=True)
class Profile:
    """The holder. `products` are names as on invoices; `plan` is the internet plan, empty without internet;
    `contract` and `tenure_months` are None where the newest features do not know the customer.
    """

    full_name: str
    cpf: str
    email: str
    phone: str
    city: str
    state: str
    customer_since: date
    segment: str
    segment_words: str
    language: str
    preferred_channel: str
    consent: Consent
    tenure_months: int | None
    contract: ContractTerms | None
    plan: str
    products: tuple[str, ...]
    open_tickets: tuple[Ticket, ...]
    snapshot_date: date


def customer_profile(context: ToolContext) -> Profile:
    """Who the customer is, their contract, products, consents and open tickets.

    Raises:
        ToolError: `customer_unknown`.
    """
    row = known_customer(context)
    plan = internet_plan(customer_rows(context, "customer_lines"))
    return Profile(
        full_name=short(row["full_name"], 80),
        cpf=row["cpf_masked"],
        email=row["email_masked"],
        phone=row["phone_masked"],
        city=row["city"],
        state=row["state"],
        customer_since=row["customer_since"],
        segment=row["segment"],
        segment_words=SEGMENTS[row["segment"]],
        language=row["preferred_language"],
        preferred_channel=CHANNELS[row["preferred_channel"]],
        consent=Consent(row["consent_marketing"], row["consent_data_sharing"], row["consent_updated_on"]),
        tenure_months=row["tenure_months"],
        contract=_terms(row, plan),
        plan=plan,
        products=_products(row, plan),
        open_tickets=ticket_tool.open_tickets(context, most=MOST_TICKETS).tickets,
        snapshot_date=row["snapshot_date"],
    )


def known_customer(context: ToolContext) -> Mapping[str, Any]:
    """The row of whom the conversation is about.

    Raises:
        ToolError: `customer_unknown`.
        DependencyUnavailable: there are no customers at all.
    """
    if rows := customer_rows(context, "customer_profile"):
        return rows[0]
    check_filled(context, "any_customer")
    raise ToolError(
        "customer_unknown",
        "Não encontrei o cadastro deste cliente.",
        "Peça que a pessoa confira o número ou o acesso; não invente dados de cadastro.",
    )


def internet_plan(lines: Sequence[Mapping[str, Any]]) -> str:
    """The internet plan as invoices name it, e.g. `Internet fibra 500 Mega`; empty without an internet line."""
    for line in lines:
        if line["service"] == "internet" and line["contracted_mbps"]:
            kind = "fibra" if line["technology"] == "FTTH" else "banda larga"
            return f"Internet {kind} {number(line['contracted_mbps'], 0)} Mega"
    return ""


def _terms(row: Mapping[str, Any], plan: str) -> ContractTerms | None:
    if row["contract"] is None:
        return None
    months, completed = row["contract_months"], row["tenure_months"] or 0
    over = 1 < months <= completed
    return ContractTerms(
        words=CONTRACTS.get(row["contract"], row["contract"]),
        months=months,
        months_to_renewal=0 if over else row["months_to_renewal"],
        monthly_charge=cents(row["monthly_charges"]),
        payment_method=PAYMENTS.get(row["payment_method"], row["payment_method"]),
        digital_invoice=row["paperless_billing"],
        term_over=over,
        fine_today=fine_today(plan, months, completed),
    )


def _products(row: Mapping[str, Any], plan: str) -> tuple[str, ...]:
    extras = tuple(name[0].upper() + name[1:] for column, name in EXTRAS.items() if row[column])
    internet = plan or ("Internet" if row["internet_service"] not in (None, "No") else "")
    return (internet, *extras) if internet else extras
