"""Figures and the trade's words for the reader: written the Brazilian way in both languages, as invoices show them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from llmops.agent.responder.plain_words import SIGNAL, SPEED, plainly
from llmops.agent.turn import Language
from llmops.tools.network_diagnostics_tool import LineDiagnosis
from llmops.tools.network_measures import Measure
from llmops.tools.visit_windows import BRASILIA
from llmops.tools.words import listed, number

# The tools speak Portuguese; what they say is a closed set.
ENGLISH: Mapping[str, str] = {
    "fibra": "fibre", "cobre (DSL)": "copper, DSL", "móvel": "mobile",
    "potência óptica": "optical power", "margem de ruído (SNR)": "noise margin (SNR)", "atenuação": "attenuation",
    "sinal (RSRP)": "signal (RSRP)", "velocidade sobre a contratada": "speed against the contracted one",
    "perda de pacotes": "packet loss", "latência": "latency",
    "boa": "good", "no limite": "at the limit", "ruim": "bad", "sem leitura": "no reading",
    "mensal, sem fidelidade": "monthly, without commitment",
    "de 12 meses": "of 12 months", "de 24 meses": "of 24 months",
    "boleto eletrônico": "electronic payment slip", "boleto impresso": "printed payment slip",
    "débito automático em conta": "direct debit", "cartão de crédito (automático)": "credit card (automatic)",
    "cartão de crédito recorrente": "recurring credit card", "débito automático": "direct debit",
    "internet sem conexão": "internet without connection", "internet lenta": "slow internet",
    "sinal do celular": "mobile signal", "fatura": "billing", "equipamento": "equipment",
    "mudança de plano": "change of plan", "cancelamento": "cancellation",
    "baixa": "low", "média": "medium", "alta": "high", "crítica": "critical",
    "aberto": "open", "em andamento": "in progress", "encerrado": "closed",
    "atendente": "an agent", "supervisor": "a supervisor", "gerente": "a manager", "telefone": "phone",
    "mais velocidade": "more speed", "migração para a fibra": "moving to fibre",
    "retirada de serviço": "removing a service",
    "serviço grátis": "a free service", "desconto": "a discount", "visita de cortesia": "a courtesy visit",
}  # fmt: skip
# Titles of actions and offers, whose products are called as on invoices.
TITLES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), english)
    for pattern, english in (
        (r"^Mudar para (.+)$", r"Change to \1"),
        (r"^Migrar para (.+)$", r"Move to \1"),
        (r"^Retirar (.+)$", r"Remove \1"),
        (r"^Incluir (.+)$", r"Add \1"),
        (r"^(.+) grátis por (.+)$", r"\1 free for \2"),
        (r"^Até (.+) de desconto por (.+)$", r"Up to \1 discount for \2"),
        (r"^Desconto de (.+) por (.+)$", r"\1 discount for \2"),
        (r"^Visita técnica de cortesia\b", "Courtesy visit of a technician"),
        (r"^Visita técnica\b", "Technician's visit"),
        (r"^Ligar de volta\b", "Call back"),
        (r"^Reiniciar o equipamento à distância$", "Restart the equipment remotely"),
        (r"^Enviar a segunda via da fatura$", "Send a copy of the bill"),
        (r"^Contestar (.+?) de (.+)$", r"Dispute \1 of \2"),
        (r"\bem (?=\d\d/)", "on "),
        (r"\bdas (\d+h) às (\d+h)", r"from \1 to \2"),
        (r"\bmês\b", "month"),
        (r"\bmeses\b", "months"),
    )
)
UNITS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "day": (("dia", "dias"), ("day", "days")),
    "month": (("mês", "meses"), ("month", "months")),
    "bill": (("fatura", "faturas"), ("bill", "bills")),
}


def worded(words: str, language: Language) -> str:
    """A word of the tools in the reply's language."""
    return ENGLISH.get(words, words) if language == "en" else words


def titled(title: str, language: Language) -> str:
    """The title of an action or an offer in the reply's language."""
    if language != "en":
        return title
    ticket, about, category = title.partition("Registrar chamado sobre ")
    if about and not ticket:
        return f"Register a ticket about {worded(category, language)}"
    for pattern, english in TITLES:
        title = pattern.sub(english, title)
    return title


def several(count: int, unit: str, language: Language) -> str:
    """`3 meses`, `1 day`."""
    one, many = UNITS[unit][language == "en"]
    return f"{count} {one if count == 1 else many}"


def moment(at: datetime) -> str:
    """`21/11 18h30`, Brasília's time."""
    return f"{at.astimezone(BRASILIA):%d/%m %Hh%M}"


def measured(line: LineDiagnosis, language: Language, *, few: bool = False) -> str:
    """What a line measures, judged: `perda de pacotes 0,2 % (boa)`.

    Args:
        line: as diagnosed.
        language: of the reply.
        few: in plain words, only what is not good or, where all is good, the speed or the signal.
    """
    read = [one for one in line.measures if one.value is not None]
    bad = [one for one in read if one.judgement in ("ruim", "no limite")]
    plain = [one for one in read if one.name in (SPEED, SIGNAL)]
    chosen = (bad or plain or read) if few else read
    said = [plainly(one, language) if few else _measure(one, language) for one in chosen]
    return joined(list(dict.fromkeys(said)), language) or worded("sem leitura", language)


def joined(words: Sequence[str], language: Language) -> str:
    """`a, b e c` or `a, b and c`."""
    said = listed(words)
    if language == "en" and len(words) > 1:
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return said


def paragraphs(*parts: str) -> str:
    """The parts that say something, with a line between."""
    return "\n\n".join(part for part in parts if part)


def lines(parts: Iterable[str]) -> str:
    """One below the other."""
    return "\n".join(parts)


def _measure(one: Measure, language: Language) -> str:
    value = number(one.value or 0.0, 2)
    return f"{worded(one.name, language)} {value} {one.unit} ({worded(one.judgement, language)})"
