"""What a message says of an invoice: amounts, that it is late, words of its items."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from llmops.agent.intents.features import words
from llmops.tools.plan_catalogue import PLANS, SERVICES
from telecom.passages import folded

_LATE = re.compile(r"\b(?:vencid|atrasad|em atraso|overdue)")
_AMOUNT = re.compile(r"(?<![\d.,/])\d{1,4}[.,]\d{2}(?![\d/])")
SIMILAR = 4
"""So many first letters in common make two words of an item alike."""
# Everyday words for what stands on an invoice.
_ON_INVOICES: Mapping[str, str] = {
    "uso": "consumo", "usage": "consumo", "excedente": "consumo", "extra": "adicional", "extras": "adicional",
    "additional": "adicional", "dados": "consumo", "celular": "movel", "mobile": "movel", "line": "linha",
    "tv": "streaming tv", "movies": "filmes", "cloud": "nuvem", "seguro": "protecao", "protection": "protecao",
    "device": "aparelhos", "antivirus": "seguranca digital", "security": "seguranca",
}  # fmt: skip
_SMALL = frozenset(
    "contestar contesta conta fatura cobranca quero esse essa este valor item para reais veio vencida vencido venceu"
    " mega servico servicos".split()
)


def names_late(message: str) -> bool:
    """Whether a message speaks of an invoice that is late, rather than of the newest."""
    return bool(_LATE.search(folded(message)))


def amounts_named(message: str) -> frozenset[Decimal]:
    """The amounts in BRL, with cents, that a message names."""
    return frozenset(Decimal(found.replace(",", ".")) for found in _AMOUNT.findall(message))


def item_words(text: str) -> frozenset[str]:
    """The beginnings of the words by which an item may be known, everyday words turned into those of invoices."""
    said = " ".join(_ON_INVOICES.get(word, word) for word in words(text) if word not in _SMALL).split()
    return frozenset(word[:SIMILAR] for word in said if len(word) > 3 or word == "tv")


@cache
def _known() -> frozenset[str]:
    names = ("Linha móvel adicional", "Consumo adicional", *PLANS, *SERVICES)
    return frozenset().union(*map(item_words, names))


def names_item(message: str) -> bool:
    """Whether a message has a word of what invoices charge."""
    return bool(item_words(message) & _known())
