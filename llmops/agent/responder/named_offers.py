"""Retention offers that one of ours names by themselves: a discount, a free service, a visit as a courtesy."""

import re

from llmops.agent.intents.choices import discount_named, months_named, names_courtesy_visit, names_free
from llmops.agent.intents.features import words
from llmops.agent.responder.view import View
from llmops.tools.drafts import ActionDraft
from llmops.tools.offers_tool import OfferSheet
from llmops.tools.plan_catalogue import SERVICES
from telecom.passages import folded

SIMILAR = 5
_WHICH = re.compile(
    r"\b(?:quais|qua?l|que|o que|what|which|any)\b[^.!?]{0,30}\b(?:ofertas?|oferecer|descontos?|offers?|discounts?)\b"
    r"[^.!?]{0,30}\b(?:posso|podemos|tenho|temos|cabem?|disponive\w+|fazer|dar|ele|ela|can i|can we|may i|available)\b"
    r"|\b(?:o que|what)\b[^.!?]{0,10}\b(?:posso|podemos|da para|can i|can we|may i)\b[^.!?]{0,5}\b(?:oferecer|offer)\b"
    r"|\b(?:posso|podemos) (?:oferecer|fazer)\b[^.!?]{0,15}\b(?:ofertas?|retencao)\b"
)
_OF_THE_POLICY = re.compile(
    r"\b(?:maxim[oa]|limite|teto|alcada|regras?|politica|maximum|limit|cap|rules?|policy)\b"
    r"|\b(?:ate )?(?:quant[oa]s?|how (?:much|many|often))\b[^.!?]{0,20}\b(?:posso|podemos|pode|da para|can|may)\b"
)
_MAY = re.compile(r"\b(?:posso|podemos|consigo|can i|can we|may i|may we)\b[^.!]*\?")


def asks_for_offers(message: str) -> bool:
    """Whether one of ours asks what may be offered, rather than for the policy's rules."""
    plain = folded(message)
    return bool(_WHICH.search(plain)) and not _OF_THE_POLICY.search(plain)


def names_offer(message: str) -> bool:
    """Whether a message names a retention offer with what it takes to prepare it, and asks not what is allowed."""
    plain = folded(message)
    if _OF_THE_POLICY.search(plain) or _MAY.search(plain):
        return False
    return bool(discount_named(message) or names_courtesy_visit(message) or (names_free(message) and _service(message)))


def named_draft(view: View, sheet: OfferSheet, *, asked: bool) -> ActionDraft | None:
    """The draft of the offer that the message names; None where it names none.

    Args:
        view: the turn.
        sheet: what fits, from which a visit takes its window and a free service its months.
        asked: whether the customer asked for it.
    """
    message = view.brief.message
    if not names_offer(message):
        return None
    if discount := discount_named(message):
        given = {"percent": discount.percent, "months": discount.months, "asked_by_customer": asked}
        return ActionDraft("retention_discount", _why(asked=asked), given)
    if names_courtesy_visit(message):
        return next((offer.draft for offer in sheet.offers if offer.kind == "technical_visit"), None)
    if names_free(message) and (services := _service(message)):
        return _free(sheet, services, months_named(message), asked=asked)
    return None


def _free(sheet: OfferSheet, services: tuple[str, ...], months: int, *, asked: bool) -> ActionDraft:
    """Of several services that a message may mean, the one that is offered."""
    offered = next((offer for offer in sheet.offers if offer.kind == "free_service"), None)
    same = offered is not None and offered.draft.parameters["service"] in services
    service = str(offered.draft.parameters["service"]) if offered and same else services[0]
    months = months or (offered.months if offered and same else None) or 1
    given: dict[str, str | int | bool] = {"service": service, "months": months, "asked_by_customer": asked}
    return ActionDraft("free_service", _why(asked=asked), given)


def _why(*, asked: bool) -> str:
    return "O cliente pediu esta condição." if asked else "Condição oferecida pelo atendente, dentro da política."


def _service(message: str) -> tuple[str, ...]:
    """The services of the catalogue of which the message has the most words."""
    said = {word[:SIMILAR] for word in words(message)}
    counts = {name: len(said & {word[:SIMILAR] for word in words(name) if len(word) > 1} - {"de"}) for name in SERVICES}
    most = max(counts.values())
    return tuple(name for name, count in counts.items() if most and count == most)
