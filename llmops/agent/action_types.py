"""Everything that may be proposed: its parameters, how it is called, how risky it is, how long it waits for a yes.

Parameters are strict: an unknown name or a wrong type is refused. None of them names a customer; what belongs to one (a
line, an invoice) is checked against the customer of the session, when it is proposed and again when it is executed.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from llmops.tools.context import ToolError
from llmops.tools.drafts import ActionType
from llmops.tools.ticket_tool import CATEGORIES, DESCRIPTION_CHARS, SUBJECT_CHARS, Category, Priority
from llmops.tools.visit_windows import Visit, Window
from llmops.tools.words import counted, money, short

_AMOUNT = re.compile(r"\d{1,6}\.\d{2}")


def _amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError('an amount in BRL is text with two decimals, like "12.50"')
    return Decimal(value)


WRITTEN = ("subject", "description", "explanation", "topic", "feasibility")
"""Parameters that are free text."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=DESCRIPTION_CHARS)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Months = Annotated[int, Field(ge=1, le=24)]


class Parameters(BaseModel):
    """Parameters of an action, as JSON has them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModemRestart(Parameters):
    """Restart the equipment of one of the customer's internet lines from afar."""

    line_id: Name


class TechnicianVisit(Parameters):
    """Send a technician. `courtesy`: free of charge as an offer, for what is not our fault."""

    line_id: Name
    day: date
    window: Window
    courtesy: bool = False
    asked_by_customer: bool = False

    @property
    def visit(self) -> Visit:
        """When."""
        return Visit(self.day, self.window)


class RetentionDiscount(Parameters):
    """A percentage off the monthly charge for some months."""

    percent: Annotated[int, Field(ge=1, le=100)]
    months: Months
    asked_by_customer: bool


class FreeService(Parameters):
    """An extra service without charge for some months."""

    service: Name
    months: Months
    asked_by_customer: bool


class CourtesyCredit(Parameters):
    """An amount off the next invoice for a failure, by the number of its ticket or incident."""

    amount: Amount
    reference: Name


class PlanChange(Parameters):
    """Another internet plan, or a service more or less. `feasibility`: number of the survey that found fibre there."""

    operation: Literal["internet_plan", "add_service", "remove_service"]
    target: Name
    feasibility: Annotated[str, StringConstraints(max_length=40)] = ""
    asked_by_customer: bool = False


class InvoiceContestation(Parameters):
    """Dispute an item of an invoice, or a part of it."""

    invoice_id: Name
    item: Name
    amount: Amount
    explanation: Text


class SecondCopy(Parameters):
    """Send an invoice again to the registered contact."""

    invoice_id: Name
    channel: Literal["whatsapp", "sms", "email"]


class TicketRegistration(Parameters):
    """Register the contact as a ticket."""

    category: Category
    priority: Priority
    subject: Annotated[str, StringConstraints(min_length=1, max_length=SUBJECT_CHARS)]
    description: Text


class Callback(Parameters):
    """Call the customer back on the registered number."""

    day: date
    window: Window
    topic: Text


@dataclass(frozen=True)
class ActionSpec:
    """What is known of a type. `waits`: how long a proposal stays open (None: as long as the retention policy says);
    `retention`: it goes into telecom_gold.retention_actions.
    """

    parameters: type[Parameters]
    title: Callable[[Any], str]
    risk: Literal["low", "medium", "high"]
    waits: timedelta | None
    retention: bool = False


def _months(count: int) -> str:
    return counted(count, "mês", "meses")


def _plan_title(p: PlanChange) -> str:
    verb = {"internet_plan": "Mudar para", "add_service": "Incluir", "remove_service": "Retirar"}[p.operation]
    return f"{verb} {short(p.target, 80)}"


def _visit_title(p: TechnicianVisit) -> str:
    return f"Visita técnica{' de cortesia' if p.courtesy else ''} em {p.visit.words}"


SPECS: Mapping[ActionType, ActionSpec] = {
    "modem_restart": ActionSpec(
        ModemRestart, lambda p: "Reiniciar o equipamento à distância", "low", timedelta(minutes=30)
    ),
    "technician_visit": ActionSpec(TechnicianVisit, _visit_title, "low", timedelta(hours=24)),
    "retention_discount": ActionSpec(
        RetentionDiscount, lambda p: f"Desconto de {p.percent} % por {_months(p.months)}", "high", None, retention=True
    ),
    "free_service": ActionSpec(
        FreeService, lambda p: f"{short(p.service, 80)} grátis por {_months(p.months)}", "medium", None, retention=True
    ),
    "courtesy_credit": ActionSpec(
        CourtesyCredit, lambda p: f"Crédito de cortesia de {money(p.amount)}", "medium", None, retention=True
    ),
    "plan_change": ActionSpec(PlanChange, _plan_title, "medium", None, retention=True),
    "invoice_contestation": ActionSpec(
        InvoiceContestation,
        lambda p: f"Contestar {money(p.amount)} de {short(p.item, 80)}",
        "medium",
        timedelta(hours=24),
    ),
    "second_copy": ActionSpec(SecondCopy, lambda p: "Enviar a segunda via da fatura", "low", timedelta(hours=24)),
    "ticket_registration": ActionSpec(
        TicketRegistration, lambda p: f"Registrar chamado sobre {CATEGORIES[p.category]}", "low", timedelta(hours=24)
    ),
    "callback": ActionSpec(
        Callback, lambda p: f"Ligar de volta em {Visit(p.day, p.window).words}", "low", timedelta(hours=24)
    ),
}


def parse(type_: str, parameters: Mapping[str, Any]) -> Parameters:
    """The typed parameters of an action.

    Raises:
        ToolError: `unknown_action` or `wrong_parameters`, whose hint names the faults.
    """
    if type_ not in get_args(ActionType):
        known = ", ".join(get_args(ActionType))
        raise ToolError("unknown_action", "Essa ação não existe.", f"Os tipos são: {known}.")
    kind = SPECS[type_].parameters  # type: ignore[index]  # one of the literals, as was just seen
    try:
        return kind.model_validate_json(json.dumps(dict(parameters)))
    except (ValidationError, TypeError, ValueError) as error:
        raise ToolError("wrong_parameters", "Faltam dados para essa ação.", _faults(error)) from error


def as_json(parameters: Parameters) -> dict[str, Any]:
    """The parameters as JSON has them: amounts and days as text."""
    plain: dict[str, Any] = parameters.model_dump(mode="json")
    return plain


def masked(parameters: Parameters, mask: Callable[[str], str]) -> Parameters:
    """The parameters with personal data taken out of what a person wrote."""
    written = {
        name: short(mask(getattr(parameters, name)), DESCRIPTION_CHARS) for name in WRITTEN if hasattr(parameters, name)
    }
    return parameters.model_copy(update=written)


def asked_themselves(parameters: Parameters) -> Parameters:
    """The parameters as a customer's own session proposes them: what they ask for, they asked for."""
    if "asked_by_customer" not in type(parameters).model_fields:
        return parameters
    return parameters.model_copy(update={"asked_by_customer": True})


def is_courtesy(parameters: Parameters) -> bool:
    """A visit that is an offer."""
    return isinstance(parameters, TechnicianVisit) and parameters.courtesy


def _faults(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "Os parâmetros não são JSON."
    found = [f"{'.'.join(map(str, fault['loc'])) or 'parâmetros'}: {fault['msg']}" for fault in error.errors()[:5]]
    return f"Corrija e proponha de novo: {'; '.join(found)}."[:500]
