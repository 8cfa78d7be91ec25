"""Short messages after an incident or a fault was told: when it ends, what is paid for it, what if it goes on, and that
what was proposed is done. Rules, no model.
"""

import re
from typing import Literal

from llmops.agent.intents.features import words
from telecom.passages import folded

MOST_WORDS = 12
"""A longer message says by itself what it is about."""
After = Literal["back", "when_paid", "how_much", "paid", "longer"]
ABOUT: dict[After, str] = {
    "when_paid": "em qual fatura vem o crédito da interrupção, quando entra o desconto da interrupção",
    "how_much": "como se calcula o crédito por interrupção, quanto de desconto por horas sem internet",
    "paid": "fiquei sem internet, tenho direito a crédito por interrupção",
    "longer": "interrupção longa ou repetida, estou há quatro dias sem internet, posso cancelar",
}
"""What the knowledge base is asked in place of the message."""
ABOUT_EN: dict[After, str] = {
    "when_paid": "do I get a credit for an outage, on which bill does it come",
    "how_much": "how is the compensation for an outage worked out",
    "paid": "do I get a credit for an outage",
    "longer": "cancel because of repeated outages, the internet failed for four days, can I leave",
}
_RETURN = (
    r"(?:volt\w*|retorn\w*|normaliz\w*|resolv\w*|consert\w*|arrum\w*|restabelec\w*|religa\w*|termin\w*|acab\w*|previsao"
    r"|previst\w*|prazo|funcionar|back|fixed|restored?|resolved?|over|return|work(?:ing)?)"
)
_WHEN = (
    r"(?:quando|que horas?|q horas?|que dia|ate quando|ate que|quanto tempo|quantas horas|hoje|amanha|hj|demora\w*"
    r"|falta|vai|ainda|when|what time|how long|how soon|until|today|tomorrow|will|still)"
)
_LONGER = re.compile(
    rf"\b(?:se|caso|if|e se)\b[^.!?]{{0,25}}\b(?:nao|n|isn.?t|not|won.?t|doesn.?t)\b[^.!?]{{0,15}}\b{_RETURN}\b"
    r"|\b(?:se|caso|if)\b[^.!?]{0,25}\b(?:demor\w*|pass(?:ar|e)|durar|atras\w*|continu\w*|piorar|longer"
    r"|goes on|lasts?)\b"
)
_PAY = re.compile(
    r"\b(?:creditos?|descont\w*|abat\w*|ressarc\w*|reembols\w*|compensa\w*|indeniz\w*|receb\w*|devol\w*|money back"
    r"|refund\w*|credits?|discount|compensation)\b|\b(?:pag(?:ar|o|amento)|cobra\w*|pay|charged?)\b[^.!?]{0,40}"
    r"\b(?:parad[oa]|fora|sem|down|without)\b"
    r"|\b(?:cai|vem|entra|aparece|sai)\b[^.!?]{0,12}\b(?:na|nessa|em qual) (?:fatura|conta)\b"
)
_NO_PAY = re.compile(r"\b(?:cartao|planos?|ofertas?|promoc\w*|cancel\w*|fidelidade|contest\w*|card|offers?)\b")
_PAID_WHEN = re.compile(r"\b(?:quando|qual (?:fatura|conta|mes)|que (?:mes|dia)|cai|demora\w*|prazo|when|which bill)\b")
_PAID_HOW_MUCH = re.compile(r"\b(?:quant[oa]s?|valor|calcul\w*|how much)\b")
_BACK = re.compile(
    rf"\b{_WHEN}\b[^.!?]{{0,30}}\b{_RETURN}\b|\b(?:previsao|previst\w*)\b|\b{_RETURN}\b[^.!?]{{0,20}}\b{_WHEN}\b"
    r"|\bo que (?:houve|aconteceu|foi|deu)\b|\b(?:qual|que) (?:o |e o |foi o )?(?:motivo|problema|causa)\b"
    r"|\b(?:numero|codigo) (?:do|desse) incidente\b|\bwhat happened\b"
)
_ONLY_WHEN = frozenset(
    "e mas so ate que quando horas hora dia isso vai demora demorar muito quanto tempo ainda falta mais ou menos entao "
    "hoje amanha mesmo assim fica until when how long what time and for is it will take".split()
)
_TELLS = frozenset("ate horas hora demora demorar tempo falta until long".split())
_OTHER = re.compile(
    r"\b(?:tecnic[oa]|visita|loja|atendente|atendimento|ligacao|liga\w*|chip|boleto|pagamento|paguei|pix|vence"
    r"|chamado|protocolo|contrato|shop|agent|technician|bill|ticket)\b"
)


_WAITED = re.compile(
    r"\b(?:aprovei|aprovad[oa]|aprovou|autorizei|autorizou|esperei|aguardei|approved|waited)\b"
    r"|\b(?:passou|passaram|faz|depois de|after)\b.{0,15}\b(?:minutos?|min|tempo|minutes?)\b"
    r"|\bminutes? (?:have )?passed\b"
)
FEW_WORDS = 6


def waited(message: str) -> bool:
    """Whether a short message tells that what was prepared is approved, or that somebody has waited."""
    return len(words(message)) <= FEW_WORDS and bool(_WAITED.search(folded(message)))


def after_outage(message: str) -> After | None:
    """What a message asks once an incident was told; None where it is about something else.

    Args:
        message: as somebody wrote it.
    """
    plain, said = folded(message), words(message)
    if len(said) > MOST_WORDS:
        return None
    if _LONGER.search(plain):
        return "longer"
    if _PAY.search(plain) and not _NO_PAY.search(plain):
        return _of_credit(plain)
    if _OTHER.search(plain):
        return None
    only = set(said) <= _ONLY_WHEN and not _TELLS.isdisjoint(said)
    return "back" if only or _BACK.search(plain) else None


def _of_credit(plain: str) -> After:
    if _PAID_HOW_MUCH.search(plain):
        return "how_much"
    return "when_paid" if _PAID_WHEN.search(plain) else "paid"
