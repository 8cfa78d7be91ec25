"""Which of the offers that fit a message picks: by its title, by its place in the list, by a speed or its own words."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from llmops.agent.intents.choices import LAST, place_named
from llmops.agent.intents.features import words
from llmops.agent.responder.figures import titled
from llmops.agent.responder.view import View
from llmops.tools.offers_tool import Offer
from telecom.passages import folded

WISHING = frozenset(
    "quero queria gostaria prepara prepare preparar propoe propor propose aceito aceita aceitou accept accepted muda "
    "troca passa sobe aumenta coloca bota tira tirar retira retirar remove remover cancela cancelar contratar assinar "
    "adiciona adicionar inclui incluir want add escolho fico pick registra".split()
)
"""Without one of these a question is only a question."""
SIMILAR = 5
_SMALL = frozenset(("de", "por", "para", "the", "for"))
_NUMBER = re.compile(r"\d+")
_SPEED = re.compile(
    r"(?<![\w,.])(?<!r\$)(?<!r\$ )(?:\d(?:[.,]\d)?\s*(?:giga\w*|gb\w*)|\d+\s*(?:mega\w*|mb\w*)"
    r"|\d(?:\.\d{3}|\d{2,3}))(?!\w|[.,]\d|\s*(?:reais|real|%))"
)
_COMMON = frozenset(
    word[:SIMILAR] for word in ("internet", "mudar", "plano", "retirar", "migrar", "banda", "larga", "meses")
)


def chosen(view: View, offers: Sequence[Offer]) -> Offer | None:
    """The offer that the message names by its own words or, after a yes, the first that was shown."""
    before: Mapping[str, Any] = view.pending if view.pending.get("kind") == "offer" else {}
    shown = [offer for offer in offers if offer.title in before.get("titles", ())]
    if view.understood.answer == "yes" and shown:
        # Only the list of retention offers says that a yes is for its first.
        return shown[0] if len(shown) == 1 or before.get("intent") == "retention" else None
    if place := place_named(view.brief.message):
        return _at(shown, before.get("titles", ()), place)
    if _only_asks(view):
        return None
    if whole := entitled(view, offers):
        return whole
    said = set(words(view.brief.message))
    numbers = set(_NUMBER.findall(view.brief.message))
    named = [offer for offer in offers if numbers & set(offer.title.split())]
    if len(named) == 1:
        return named[0]
    if speeds_named(view.brief.message):
        return None
    told = _most_alike(said, offers)
    return told[0] if len(told) == 1 and (shown or view.understood.intent == "upgrade") else None


def entitled(view: View, offers: Sequence[Offer]) -> Offer | None:
    """The offer of which the message holds the whole title, in either language: what the card's button writes."""
    if _only_asks(view):
        return None
    message = folded(view.brief.message)
    whole = [
        offer for offer in offers if any(folded(titled(offer.title, tongue)) in message for tongue in ("pt-BR", "en"))
    ]
    return whole[0] if len(whole) == 1 else None


def _only_asks(view: View) -> bool:
    """Whether the message asks for a rule and wishes for nothing."""
    return view.asks_rule and not WISHING & set(words(view.brief.message))


def _most_alike(said: Collection[str], offers: Sequence[Offer]) -> Sequence[Offer]:
    """Offers that share a word of their own with what was said; of several, those that share the most."""
    alike = {word[:SIMILAR] for word in said if len(word) > 4} - _COMMON
    own = {offer.title: set(words(offer.title)) - _SMALL for offer in offers}
    told = [
        offer for offer in offers if alike & ({word[:SIMILAR] for word in own[offer.title] if len(word) > 4} - _COMMON)
    ]
    most = max((len(own[offer.title].intersection(said)) for offer in told), default=0)
    return [offer for offer in told if len(own[offer.title].intersection(said)) == most]


def _at(shown: Sequence[Offer], titles: Sequence[str], place: int) -> Offer | None:
    """The offer at a place of the list that was shown; none where the list is shorter or it does not fit any more."""
    if place > len(titles):
        return None
    title = titles[-1] if place == LAST else titles[place - 1]
    return next((offer for offer in shown if offer.title == title), None)


def mbps_named(message: str) -> int:
    """The greatest speed that a message names, in Mbps; 0 where it names none."""
    plain = folded(message)
    return max((_mbps(found[0]) for found in _SPEED.finditer(plain)), default=0)


def _mbps(said: str) -> int:
    """`1 giga` and `1.000` are a thousand, `1,5 giga` is half as much again."""
    number = re.sub(r"\.(?=\d{3})", "", said)
    digits = re.findall(r"\d+(?:[.,]\d)?", number)[0].replace(",", ".")
    return round(float(digits) * (1_000 if "g" in said and "mega" not in said else 1))


def speeds_named(message: str) -> Sequence[str]:
    """The speeds that a message names, in digits: with their unit, or as a number of three or four digits."""
    return ["".join(_NUMBER.findall(found[0])) for found in _SPEED.finditer(folded(message))]
