"""Carries approved actions out. The port, and the simulated systems of one laptop behind it.

Whatever stands behind the port: `execute` twice with one proposal does the thing once, because its id goes along as the
key under which the system remembers it.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from llmops.agent import action_types as types
from llmops.agent.proposals import Proposal
from llmops.tools.crm_tool import CHANNELS
from llmops.tools.network_simulation import RESTART
from llmops.tools.simulated_systems import Kind
from llmops.tools.visit_windows import Visit
from llmops.tools.words import counted, day, money
from telecom.ports import Record, Records

ANSWER_DAYS = 7
"""Within so many days a contestation is answered."""
Effect = tuple[Kind, dict[str, Any]]


class Executor(Protocol):
    """The systems that an approved action changes."""

    def done(self, proposal: Proposal) -> dict[str, Any] | None:
        """What executing it gave; None where it was not executed."""
        ...

    def execute(self, proposal: Proposal, parameters: types.Parameters, now: datetime) -> dict[str, Any]:
        """Does it, unless it was done already; returns what a person may be told (`message`) and references.

        Raises:
            DependencyUnavailable: the system does not answer; it may or may not have been done.
        """
        ...


class SimulatedSystems:
    """Implements `Executor` with records of the customer, which the tools read back."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def done(self, proposal: Proposal) -> dict[str, Any] | None:
        """What the simulated system remembers."""
        record = self._records.read(KINDS[proposal.type], proposal.id)
        return record.value["result"] if record else None

    def execute(self, proposal: Proposal, parameters: types.Parameters, now: datetime) -> dict[str, Any]:
        """Adds the record, keyed by the action."""
        value = _EFFECTS[type(parameters)](proposal, parameters, now)
        value = {"id": proposal.id, "at": now.isoformat(), **value}

        def change(record: Record | None) -> Record | None:
            return record or Record(proposal.id, value, proposal.customer_id)

        stored = self._records.change(KINDS[proposal.type], proposal.id, change)
        result: dict[str, Any] = stored.value["result"] if stored else value["result"]
        return result


def protocol(proposal: Proposal) -> str:
    """The number under which a person finds it: the day, and eight digits that follow from the action."""
    digits = int.from_bytes(hashlib.blake2b(proposal.id.encode(), digest_size=8).digest(), "big") % 10**8
    return f"{proposal.proposed_at:%Y%m%d}-{digits:08d}"


def _restart(_: Proposal, p: types.ModemRestart, now: datetime) -> dict[str, Any]:
    ready = (now + RESTART).isoformat()
    message = "Reinício enviado. A conexão pode ficar fora por até 5 minutos; depois, refaça o diagnóstico."
    return {"kind": "modem_restart", "line_id": p.line_id, "result": {"message": message, "ready_at": ready}}


def _visit(proposal: Proposal, p: types.TechnicianVisit, now: datetime) -> dict[str, Any]:
    told = {"message": f"Visita marcada para {p.visit.words}.", "protocol": protocol(proposal)}
    return {"kind": "technician_visit", "line_id": p.line_id, "at": p.visit.ends_at.isoformat(), "result": told}


def _adjustment(kind: str, words: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "words": words, "result": {"message": words}, **more}


def _discount(_: Proposal, p: types.RetentionDiscount, now: datetime) -> dict[str, Any]:
    time = counted(p.months, "mês", "meses")
    words = f"Desconto de {p.percent} % por {time}, a partir da próxima fatura."
    return _adjustment("discount", words, percent=p.percent, months=p.months)


def _free_service(_: Proposal, p: types.FreeService, now: datetime) -> dict[str, Any]:
    time = counted(p.months, "mês", "meses")
    return _adjustment("free_service", f"{p.service} grátis por {time}.", service=p.service, months=p.months)


def _credit(_: Proposal, p: types.CourtesyCredit, now: datetime) -> dict[str, Any]:
    words = f"Crédito de {money(p.amount)} na próxima fatura, referente a {p.reference}."
    return _adjustment("courtesy_credit", words, amount=str(p.amount), reference=p.reference)


def _contestation(proposal: Proposal, p: types.InvoiceContestation, now: datetime) -> dict[str, Any]:
    until = (now + timedelta(days=ANSWER_DAYS)).date()
    words = f"{money(p.amount)} de {p.item} em contestação; resposta até {day(until)}."
    value = _adjustment("contestation", words, invoice_id=p.invoice_id, item=p.item, amount=str(p.amount))
    value["result"] |= {"protocol": protocol(proposal), "answer_by": until.isoformat()}
    return value | {"explanation": p.explanation}


def _plan_change(_: Proposal, p: types.PlanChange, now: datetime) -> dict[str, Any]:
    words = "A mudança vale a partir do próximo ciclo de faturamento."
    return {"operation": p.operation, "target": p.target, "feasibility": p.feasibility, "result": {"message": words}}


def _second_copy(_: Proposal, p: types.SecondCopy, now: datetime) -> dict[str, Any]:
    words = f"Segunda via enviada por {CHANNELS[p.channel]} ao contato cadastrado."
    return {"kind": "second_copy", "invoice_id": p.invoice_id, "channel": p.channel, "result": {"message": words}}


def _ticket(proposal: Proposal, p: types.TicketRegistration, now: datetime) -> dict[str, Any]:
    number = protocol(proposal)
    told = {"message": f"Chamado {number} registrado.", "protocol": number}
    fields = types.as_json(p)
    return {**fields, "ticket_id": number, "status": "open", "result": told}


def _callback(_: Proposal, p: types.Callback, now: datetime) -> dict[str, Any]:
    words = f"Ligação marcada para {Visit(p.day, p.window).words}, no número cadastrado."
    fields = types.as_json(p)
    return {**fields, "kind": "callback", "result": {"message": words}}


KINDS: Mapping[str, Kind] = {
    "modem_restart": "network_event",
    "technician_visit": "network_event",
    "retention_discount": "billing_adjustment",
    "free_service": "billing_adjustment",
    "courtesy_credit": "billing_adjustment",
    "invoice_contestation": "billing_adjustment",
    "plan_change": "plan_change",
    "second_copy": "delivery",
    "callback": "delivery",
    "ticket_registration": "ticket",
}
_EFFECTS: Mapping[type[types.Parameters], Callable[[Proposal, Any, datetime], dict[str, Any]]] = {
    types.ModemRestart: _restart,
    types.TechnicianVisit: _visit,
    types.RetentionDiscount: _discount,
    types.FreeService: _free_service,
    types.CourtesyCredit: _credit,
    types.InvoiceContestation: _contestation,
    types.PlanChange: _plan_change,
    types.SecondCopy: _second_copy,
    types.TicketRegistration: _ticket,
    types.Callback: _callback,
}
