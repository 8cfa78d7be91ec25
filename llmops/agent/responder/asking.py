"""Whether the customer asked for an offer, by what one of ours writes; and why offers do not fit, each reason once."""

import re
from collections.abc import Mapping, Sequence

from llmops.agent.responder.figures import joined, worded
from llmops.agent.turn import Language
from llmops.tools.offers_tool import Kind, NotOffered
from telecom.passages import folded

KINDS: Mapping[Kind, str] = {
    "speed_upgrade": "mais velocidade",
    "fibre_migration": "migração para a fibra",
    "remove_service": "retirada de serviço",
    "free_service": "serviço grátis",
    "discount": "desconto",
    "technical_visit": "visita de cortesia",
}
_WHO = r"(?:cliente|titular|assinante|ele|ela|customer|client|holder|he|she|they)"
_OFFER = (
    r"(?:desconto|ofert\w*|promoc\w*|barat\w*|preco|valor\w*|mensalidade|condic\w*|proposta|plano|velocidade|megas?|gratis"
    r"|cortesia|beneficio|credito|abat\w*|pagar|fibra|upgrade|discount|offers?|deals?|cheaper|price|plan|speed|faster|free"
    r"|pay|less)"
)
_PAST = r"(?:pediu|pedindo|pede|solicitou|solicita|solicitando|asked|asking|asks|requested|requests)"
_WANT = r"(?:quer|queria|gostaria|deseja|perguntou|pergunta|perguntando|wants?|wanted|would\W+like)"
_OTHER = (
    r"(?:cancel\w*|encerr\w*|sair|portabilidade|segunda|boleto|fatura|tecnico|ligacao|contato|protocolo|reinici\w*"
    r"|bill|invoice|technician|call)"
)
_ASKED = re.compile(
    rf"\b{_WHO}\b(?P<between>(?:\W+\w+){{0,3}}?)\W+"
    rf"(?:{_PAST}\b(?!\W+(?:\w+\W+){{0,2}}{_OTHER}\b)|{_WANT}\b(?=[^.!?;]{{0,60}}\b{_OFFER}\b)(?!\W+{_OTHER}\b))"
)
_NOT = re.compile(
    r"\b(?:nao|nunca|nem|jamais|sem|ninguem|not|never|didn.?t|hasn.?t|haven.?t|doesn.?t|without|nobody|se|if)\b"
)
_BEFORE = re.compile(r"\b(?:se|sem|caso|if|unless|whether|without|nem)\W+(?:o\W+|a\W+|the\W+)?$")


def customer_asked(message: str) -> bool:
    """Whether a message says that the customer asked for an offer (`o cliente pediu desconto`).

    What is denied, supposed, or asked for is something else does not count, and one denial outweighs all else.
    """
    plain = folded(message)
    found = list(_ASKED.finditer(plain))
    denied = [each for each in found if _NOT.search(each["between"]) or _BEFORE.search(plain[: each.start()])]
    return bool(found) and not denied


def against(refused: Sequence[NotOffered], language: Language) -> Mapping[str, str]:
    """The reasons why offers do not fit, by the offers that they speak against, in words."""
    kinds: dict[str, list[Kind]] = {}
    for one in refused:
        for reason in one.reasons:
            kinds.setdefault(reason, []).append(one.kind)
    reasons: dict[str, list[str]] = {}
    for reason, those in kinds.items():
        named = joined([worded(KINDS[kind], language) for kind in dict.fromkeys(those)], language)
        reasons.setdefault(named, []).append(reason)
    return {named: " ".join(those) for named, those in reasons.items()}
