"""Which of the things just offered a message picks: by its place in the list, or by what it names. Rules, no model."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from telecom.passages import folded

LAST = -1
_PLACES: Mapping[str, int] = {
    word: place
    for place, those in (
        (1, "primeira primeiro first 1"),
        (2, "segunda segundo second 2"),
        (3, "terceira terceiro third 3"),
        (4, "quarta quarto fourth 4"),
        (5, "quinta quinto fifth 5"),
        (LAST, "ultima ultimo last"),
    )
    for word in those.split()
}
_BY_PLACE = re.compile(
    r"(?:(?:sim|e|entao|acho|que|ele|ela|cliente|pode|ser|prefere|prefiro|prefer|quer|quero|queria|escolhe|escolheu|escolho"
    r"|aceita|aceitou|aceito|prepara|prepare|preparar|propoe|faz|vamos|de|com|fico|ficou|ficar|manda|coloca|i|ill|want|take"
    r"|prepare|choose|yes)[\s,]+)*(?:(?:a|o|na|no|the|opcao|oferta|option|offer|item|numero|number)\s+)+"
    rf"(?P<place>{'|'.join(_PLACES)})[aoª]?"
    r"(?:\s*(?:opcao|oferta|delas|deles|item|da lista|one|option|offer|por favor|please|mesmo|entao|ai))*"
)
_CHANNELS = (
    ("whatsapp", r"(?:whatsapp|whats ?app|zapzap|zap|whats|wpp)"),
    ("email", r"e-?mail"),
    ("sms", r"(?:sms|torpedo)"),
)
_ANY_CHANNEL = "|".join(pattern for _, pattern in _CHANNELS)
_NOT_BY = re.compile(
    r"\b(?:nao|not|sem ser|em vez d[eo]|instead of)"
    r"(?: (?:por|pelo|no|na|via|o|d[eo]|by|through|quero|precisa ser|manda|e))*"
    rf" (?:{_ANY_CHANNEL})\b"
)
_BY_CHANNEL = re.compile(
    r"(?:(?:nao|n|sim|ok|na verdade|melhor|prefiro|preferia|quero|queria|pode|poderia|podia|da pra|ser|se|manda|mande"
    r"|mandar|envia|enviar|troca|muda|mudar|trocar|entao|mas|por|pelo|pro|para|pra|no|na|via|em|o|a|e|me|meu|la|vez|disso|de|do|sem"
    r"|no|actually|rather|better|please|send|it|by|to|my|via|on|instead|can|you|make|that|use|by|through|i|would|d"
    rf"|prefer|not|{_ANY_CHANNEL})\b[\s,.!;:'-]*)+(?:por favor|mesmo|please|instead|pfv?|fica melhor|e melhor)?"
)
_DISCOUNT = re.compile(
    r"\b(?P<percent>\d{1,3})\s*(?:%|por ?cento|percent)(?:\s+(?:de|off|of))?(?:\s+(?:desconto|discount))?"
    r"\s*,?\s*(?:por|durante|em|for|during|x)\s*(?P<months>\d{1,2})\s*(?:mes|months?)"
)
_MONTHS = re.compile(r"\b(\d{1,2})\s*(?:mes|months?)")
_FREE = re.compile(r"\b(?:gratis|gratuit[oa]|de graca|sem custo|free|cortesia)\b")
_COURTESY_VISIT = re.compile(r"\b(?:visita|tecnico)\b.{0,20}\bcortesia\b|\bcourtesy visit\b")
_COMPLAINT = re.compile(
    r"(?<!nao e )(?<!nao e uma )(?<!not a )"
    r"\b(?:reclamac(?:ao|oes)|queixas?|complaints?|anatel|procon|ouvidoria|ombudsman)\b"
    r"|\b(?:quero|queria|vou|preciso|gostaria de|desejo|quer|queremos) (?:\w+ ){0,2}(?:reclamar|me queixar)\b"
    r"|\b(?:want|wants|like|going|need|have|wish) to (?:\w+ ){0,2}complain\b"
)


class Discount(NamedTuple):
    """A percentage for so many months, as somebody wrote it."""

    percent: int
    months: int


def place_named(message: str) -> int:
    """The place in a list that a short message names, from 1; LAST is the last one, 0 where it names none."""
    found = _BY_PLACE.fullmatch(folded(message).replace("'", "").strip(" .!?,;"))
    return _PLACES[found["place"]] if found else 0


def discount_named(message: str) -> Discount | None:
    """`22% por 6 meses`; None where a message names no such discount."""
    found = _DISCOUNT.search(folded(message))
    return Discount(int(found["percent"]), int(found["months"])) if found else None


def months_named(message: str) -> int:
    """The number of months that a message names; 0 where it names none."""
    found = _MONTHS.search(folded(message))
    return int(found[1]) if found else 0


def names_free(message: str) -> bool:
    """Whether a message speaks of something free of charge."""
    return bool(_FREE.search(folded(message)))


def names_courtesy_visit(message: str) -> bool:
    """Whether a message names a technician's visit as a courtesy."""
    return bool(_COURTESY_VISIT.search(folded(message)))


def complains(message: str) -> bool:
    """Whether a message calls itself a complaint, wants to complain, or names those to whom people complain."""
    return bool(_COMPLAINT.search(folded(message)))


def picks(message: str) -> bool:
    """Whether a message, after offers were listed, picks or names one."""
    free_for_months = names_free(message) and months_named(message) > 0
    return bool(place_named(message) or discount_named(message) or names_courtesy_visit(message) or free_for_months)


def channel_named(message: str) -> str:
    """`whatsapp`, `email` or `sms`: of several that a message names, and does not refuse, the last; empty for none."""
    plain = _NOT_BY.sub(" ", folded(message))
    found = [(match.start(), name) for name, pattern in _CHANNELS for match in re.finditer(rf"\b{pattern}\b", plain)]
    return max(found)[1] if found else ""


def picks_channel(message: str) -> bool:
    """Whether a message, after something was to be sent, says no more than by which channel."""
    plain = folded(message).strip(" .!?,;")
    return bool(re.search(rf"\b(?:{_ANY_CHANNEL})\b", plain)) and bool(_BY_CHANNEL.fullmatch(plain))
