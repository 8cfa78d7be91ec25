"""Orders that agents, and sometimes customers, give in plain words: register this, show data, count customers, sign up.

Rules, in both languages, over plain letters without accents.
"""

import re
from collections.abc import Mapping
from typing import Literal

from telecom.passages import folded

_TICKET = r"(?:chamados?|protocolo|tickets?|ocorrencias?|registro)"
_REGISTER = (
    r"(?:abr[ae]|abram|abrir|registr(?:a|e|ar|em)|cri(?:a|e|ar)|ger(?:a|e|ar)|anot(?:a|e|ar)|lanc(?:a|e|ar)|bota|coloca"
    r"|open|create|log|raise|file)"
)
_ASKING = (
    r"(?!\W*(?:como|onde|quem|quanto|quantos|qual|quais|quando|por ?que|se|ja|vcs|voces|preciso|tenho que|tem que|how"
    r"|where|what|when|why|do i|should)\b)"
)
_HIDDEN = r"(?:cpf|rg|cnh|data de nascimento|numero do cartao|dados do cartao|document number)"
_SHOW = (
    r"(?:me (?:passa|da|manda|diz|fala|mostra|informa|ve)|pass[ae]|mostr[ae]|inform[ae]|quero (?:ver|saber|os?)"
    r"|preciso (?:d[oe]s?)|qual|quais|manda|puxa|give me|show|tell me|what is|what.?s)"
)
PATTERNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "registering": rf"^{_ASKING}(?!.*\bnao (?:\w+ )?{_REGISTER}\b)[^?]*?\b{_REGISTER}\b[^.!?:;]{{0,15}}"
        rf"\b{_TICKET}\b(?![^.!?]*\?\s*$)|^\W*{_TICKET}\b[^.!?:;]{{0,20}}:",
        "calling": r"^\W*(?:e |and |por favor |please |agora )?(?:lig(?:a|ue|uem|ar)|retorn(?:a|e|ar)|call)\b"
        r"(?: (?:de volta )?(?:pra|para|pro|a))?(?: [oa])? (?:el[ea]|clientes?|mim|titular|him|her|(?:the )?customer"
        r"|me)\b",
        # Their holder reads them in the app, and ours in the customer's record.
        "personal": rf"^(?!.*\[)(?!.*\b(?:informar|digitar|precisa|pede|pix|golpe|seguro|nota"
        r"|lojas?|shop|protocolo|chamado|boleto|fatura|conta|bill|invoice|contrato)\b).*"
        rf"(?:\b{_SHOW}\b[^.!?]{{0,30}}\b{_HIDDEN}\b"
        rf"|\b{_SHOW}\b[^.!?]{{0,40}}\b(?:telefone|celular|numero|e-?mail|endereco|dados|phone|email|address)\b[^.!?]{{0,25}}"
        r"\b(?:complet[oa]s?|inteir[oa]s?|sem mascara|desmascarad[oa]s?|full|unmasked)\b"
        r"|\b(?:full|complete|unmasked)\b[^.!?]{0,15}\b(?:phone|email|e-mail|address|number)\b)",
        "portfolio": r"\b(?:quant[oa]s|how many)(?: \w+){0,2} (?:clientes?|assinantes|customers|clients|subscribers)\b"
        r"(?!.*\b(?:podem?|pode-se|por vez|atend\w+)\b)"
        r"|\b(?:quais|quem|lista\w*|list|which|who|ranking|top)\b[^.!?]{0,20}\b(?:clientes|customers)\b[^.!?]{0,40}"
        r"\b(?:riscos?|churn|cancelar|sair|evasao|risk|leave|inadimplentes|devendo)\b"
        r"|\b(?:clientes|customers) (?:de|em|com|at|with)(?: \w+){0,2} (?:alto risco|risco|risk)\b",
        "hires": r"^(?!.*\b(?:mudar|trocar|nunca|nao pedi|contest\w*|aument\w*|mais (?:rapid\w+|veloc\w+|mega\w*)"
        r"|faster|upgrade|alem d\w+|cancel\w*)\b).*"
        r"(?:\b(?:quero|queria|gostaria|vou|posso|como|da pra|dava pra|want|like|can i)\b[^.!?]{0,25}"
        r"\b(?:contratar|assinar|instalar|colocar|por|botar|ter|get|sign up|subscribe|order)\b[^.!?]{0,20}"
        r"\b(?:internet|fibra|banda larga|broadband|fibre|fiber)\b"
        r"|^\W*(?:eu )?(?:quero|queria) (?:uma )?(?:internet|fibra)(?: fixa| em casa| de voces| de vcs)?\W*$"
        r"|\b(?:internet|fibra|banda larga)\b[^.!?]{0,40}\b(?:contratar|assinar|instalar)\b"
        r"|\bnao (?:tenho|sou|assino|contratei)\b[^.!?]{0,12}\b(?:internet|fibra|banda larga)\b[^.!?]{0,12}"
        r"\b(?:com|d[ae]|na) (?:voces|vcs|vc|telecom)\b)",
    }.items()
}
_THEN = re.compile(r"[,.;]?\s+(?:e|and|depois)\s+(?=(?:lig|retorn|agend|marc|call|book|schedul)\w*\b)", re.IGNORECASE)
_PREFIX = re.compile(
    rf"^(?:.*?\b{_REGISTER}\b[^.!?:;]{{0,15}}?)?\b{_TICKET}\b\s*(?:(?:pra|para|pro|for|de|sobre|about)\b\s*"
    r"(?:el[ea]|o cliente|a cliente|mim|him|her|me|the customer|isso|that)?)?"
    r"(?:\s*(?:dizendo|informando|falando|contando) que)?[\s:,;.-]*"
)
_PRIORITY = re.compile(
    r"[\s,;.(-]*\b(?:e |com |em |with )?(?:prioridade|prio|priority)\s*(?:e |=|:|is )?\s*"
    r"(?P<after>alta|altissima|maxima|critica|urgente|media|normal|baixa|high|critical|urgent|medium|low)\b\)?"
    r"|[\s,;.(-]*\b(?P<before>high|critical|urgent|medium|low) priority\b\)?"
    r"|[\s,;.(-]*\b(?:com |e |it is |is )?(?P<alone>urgente|urgent|urgencia)\b\)?(?=\W*$)"
)
Level = Literal["low", "medium", "high", "critical"]
_LEVELS: Mapping[str, Level] = {
    **dict.fromkeys(("alta", "altissima", "maxima", "urgente", "urgencia", "high", "urgent"), "high"),
    **dict.fromkeys(("critica", "critical"), "critical"),
    **dict.fromkeys(("media", "normal", "medium"), "medium"),
    **dict.fromkeys(("baixa", "low"), "low"),
}


def orders_of(message: str) -> tuple[str, str] | None:
    """The parts of a message that orders to register something and then to call; None for any other."""
    places = list(_THEN.finditer(message))
    if not places or not PATTERNS["registering"].search(folded(message)):
        return None
    return message[: places[-1].start()], message[places[-1].end() :]


def priority_named(message: str) -> Level | None:
    """The priority that a message asks for; None where it names none."""
    found = _PRIORITY.search(folded(message))
    return _LEVELS[next(name for name in found.groups() if name)] if found else None


def told_of(message: str) -> str:
    """What is to be registered: the message without the order to register it and without the priority.

    The whole message where its letters change their number when accents go.
    """
    plain = folded(message)
    if len(plain) != len(message):
        return message
    order = _PREFIX.match(plain)
    start = order.end() if order else 0
    rest, at = message[start:], 0
    kept = []
    for found in _PRIORITY.finditer(plain[start:]):
        kept.append(rest[at : found.start()])
        at = found.end()
    return "".join((*kept, rest[at:])).strip(" ,.;:-")
