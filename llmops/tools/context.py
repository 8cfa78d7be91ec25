"""Whom a tool works for, and how it says no. The session binds the customer; no tool is told one by a model."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from telecom.errors import TelecomError
from telecom.ports import Reader, Records

if TYPE_CHECKING:
    from llmops.tools.retention_rules import RetentionRules

Role = Literal["customer", "agent"]


@dataclass(frozen=True)
class ToolContext:
    """One turn of one session.

    Args:
        customer_id: whose data the tools read, from the verified token.
        role: `customer` (sees what is theirs) or `agent` (of ours; sees churn risk and internal rules, too).
        principal: who asks, from the verified token.
        now: the moment of the turn, UTC.
        warehouse: answers SELECTs.
        records: state of the simulated systems and proposals; tools only read it.
        trace_id: of the turn.
        language: of the reply, `pt-BR` or `en`.
        rules: the retention policy; None: `offers_tool` says that it is not available.
    """

    customer_id: str
    role: Role
    principal: str
    now: datetime
    warehouse: Reader
    records: Records
    trace_id: str = ""
    language: str = "pt-BR"
    rules: "RetentionRules | None" = None

    def __post_init__(self) -> None:
        if not self.customer_id:
            raise ValueError("A tool context needs a customer.")
        if self.now.utcoffset() != timedelta(0):
            raise ValueError(f"The moment {self.now.isoformat()} is not in UTC.")

    @property
    def today(self) -> date:
        """The day of the turn, UTC."""
        return self.now.date()


class ToolError(TelecomError):
    """A tool's refusal, in Portuguese, for whoever reads the reply and for the model that writes it.

    Args:
        code: stable, snake_case.
        message: what is the matter, fit to be shown to the person.
        hint: what to do next, an instruction to the model; never shown as it is.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code

    @property
    def hint(self) -> str:
        """What to do next."""
        return self.remedy


def agents_only(context: ToolContext, what: str) -> None:
    """Lets agents pass.

    Raises:
        ToolError: `agents_only`; the person is a customer.
    """
    if context.role != "agent":
        raise ToolError(
            "agents_only",
            f"{what} só está disponível para a equipe de atendimento.",
            "Não repita a consulta. Responda com as demais informações ou ofereça falar com um atendente.",
        )
