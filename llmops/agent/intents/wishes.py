"""The wishes of one message: what each of its parts wants, in the light of the conversation."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from llmops.agent.intents.choices import picks, picks_channel
from llmops.agent.intents.features import words
from llmops.agent.intents.orders import orders_of
from llmops.agent.intents.same_matter import same_matter
from llmops.agent.intents.taking_back import takes_back
from llmops.agent.intents.topics import (
    FAULTS,
    LIKELY,
    NEEDS_NO_GUIDE,
    QUERIES,
    SMALL_TALK,
    followed,
    named_section,
    query_of,
)
from llmops.agent.intents.understanding import Understood, understand
from llmops.agent.turn import Language
from telecom.passages import folded
from telecom.ports import Found

MOST, LEAST_WORDS = 3, 3
SURE = 0.5
"""A part of a message is a wish of its own from here on."""
KNOWN = 0.33
"""A message so like a known question is that one question."""
MAYBE = 0.12
"""A section so likely is looked for where the message is in English."""
SHORT = 8
VAGUE = 5
LONG = 12
CATALOGUE = "quais planos de internet fibra vocês têm e quanto custam"
"""What those are to know who want internet."""
LISTED = frozenset(("offer", "which_item"))
"""After these a list lies before the reader."""
LEAVING = frozenset(("cancel", "contract"))
FINES = "tabela da multa por meses completos de contrato"
"""What those are to know who leave."""
_BETWEEN = re.compile(r"[.!?;\n]+\s*|,\s+|\s+(?:e|mas|tb|tbm|tambem|também|and|but|also)\s+", re.IGNORECASE)
# Those of one family are answered at once.
_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(FAULTS, "fault"),
    **dict.fromkeys(("contract", "cancel"), "cancel"),
    **dict.fromkeys(("contest", "invoice_change", "invoice_items"), "invoice"),
    **dict.fromkeys(("ticket", "register_contact"), "ticket"),
    **dict.fromkeys(("plan", "upgrade"), "plan"),
    **dict.fromkeys(("rights", "knowledge", "privacy", "portability"), "knowledge"),
}
_NEVER_APART = SMALL_TALK | {"out_of_scope", "unclear"}
_ASK_FOR_MORE = frozenset(
    "e quanto quantos custa custam demora paga pago pagar alguma algum coisa tem precisa preciso prazo como faco "
    "faz fazer qual quais onde quando em tempo se isso ai entao mas so a o de da do para por que valor multa "
    "taxa cobra cobram gratis 0 ta esta graca dias dia posso consigo la eu voces no na um uma esse essa disso ok "
    "mesmo vale ate sai fica leva documento documentos horas how much does it cost long is there fee what about "
    "and when where can need i free".split()
)
"""Of a message of nothing but these words, the one before tells what it is about."""


_KEEPING = re.compile(r"(?:mant\w*|fic(?:ar|o) (?:so )?com|continu\w+ com|deix(?:a|ar|o) [oa]|keep)\b")
"""What somebody keeps while something else is to go is no wish of its own."""


@dataclass(frozen=True)
class Wish:
    """A part of a message, and what it wants."""

    message: str
    understood: Understood


def wishes(message: str, today: date, state: Mapping[str, Any]) -> tuple[Wish, ...]:
    """What a message wants: one wish or, where its parts surely want different things, up to three.

    Args:
        message: its text.
        today: the day from which months count.
        state: of the session; `about` is what was talked about.
    """
    alone, pending = understand(message, today), state.get("pending") or {}
    if pending.get("kind") in LISTED and picks(message):
        return (Wish(message, replace(alone, intent=str(pending["intent"]), answer="", month="")),)
    if same := same_matter(message, alone, state, today):
        return (Wish(message, same),)
    if both := _two_orders(message, today):
        return both
    if (about := state.get("about")) and _goes_on(message, alone, state):
        alone = _together(alone, f"{about} {message}", today, str(state["topic"]))
        return (Wish(message, alone),)
    whole = Wish(message, followed(alone, message, state))
    if about and whole.understood.answer in ("done", "still"):
        asked = understand(f"{about} {message}", today).asked
        return (Wish(message, replace(whole.understood, asked=asked, said=f"{about} {message}")),)
    if "hires" in alone.names and alone.intent == "plan" and len(words(message)) <= LONG:
        return (Wish(message, _about_plans(message, alone, today)),)
    one_question = any(each.alike >= KNOWN for each in alone.asked[:1])
    telling = (state.get("pending") or {}).get("kind") == "what"
    if one_question or telling or alone.answer or len(words(message)) < 2 * LEAST_WORDS:
        return (whole,)
    parts = _parts(message, today)
    if "late_charge" in alone.names:
        # The fine that it speaks of is that of a late bill, not of leaving.
        parts = tuple(part for part in parts if part.understood.intent not in LEAVING)
    telling = any(part.understood.intent == "register_contact" for part in parts)
    return parts if len(parts) > 1 and not telling else (whole,)


def queries_of(found: Sequence[Wish], language: Language) -> tuple[str, ...]:
    """What to ask the knowledge base; nothing for wishes that no document answers."""
    asking = [
        wish
        for wish in found
        if wish.understood.intent not in NEEDS_NO_GUIDE
        or (
            wish.understood.intent not in SMALL_TALK and any(each.alike >= LIKELY for each in wish.understood.asked[:1])
        )
    ]
    fines = (FINES,) if any(wish.understood.intent in LEAVING for wish in asking) else ()
    queries = [query_of(wish.understood, wish.message, language) for wish in asking]
    portuguese = [query for wish in asking for query in _in_portuguese(wish)] if language == "en" else []
    return tuple(dict.fromkeys((*queries, *fines, *portuguese)))


def lacking(found: Sequence[Wish], passages: Iterable[Found]) -> Mapping[tuple[str, str], str]:
    """What else to ask the knowledge base: by document and section, the names of sections that such messages ask for
    and that their own words did not find.
    """
    there = {(one.passage.document, one.passage.section) for one in passages}
    likely = (each for wish in found for each in wish.understood.asked[:2] if each.alike >= LIKELY)
    asked = {(each.document, each.section): named_section(each) for each in likely}
    return {place: query for place, query in asked.items() if place not in there}


def _in_portuguese(wish: Wish) -> Iterator[str]:
    """What else to ask of mostly Portuguese documents for a message in English: its matter, and the likeliest section
    even where that alone would not do for a Portuguese message.
    """
    if query := QUERIES.get(wish.understood.intent):
        yield query
    if likely := next((each for each in wish.understood.asked if MAYBE <= each.alike < LIKELY), None):
        yield named_section(likely)


def _two_orders(message: str, today: date) -> tuple[Wish, ...]:
    """`abre um chamado: … e liga pra ele amanhã` as two wishes; nothing for any other message."""
    parts = orders_of(message) or ()
    found = tuple(Wish(part, understand(part, today)) for part in parts)
    return found if found and found[1].understood.intent == "human" else ()


def _about_plans(message: str, alone: Understood, today: date) -> Understood:
    """Of who wants internet: the catalogue is looked up with the message."""
    said = f"{CATALOGUE} {message}"
    return replace(understand(said, today), intent="plan", sure=1.0, answer="", month="", names=alone.names, said=said)


def _goes_on(message: str, alone: Understood, state: Mapping[str, Any]) -> bool:
    topic, said = state.get("topic", ""), words(message)
    if not topic or topic in SMALL_TALK | FAULTS or alone.answer or alone.month or len(said) > SHORT:
        return False
    vague = said[:1] == ["e"] and len(said) <= VAGUE and not any(each.alike >= LIKELY for each in alone.asked[:1])
    return vague or set(said) <= _ASK_FOR_MORE


def _together(alone: Understood, both: str, today: date, topic: str) -> Understood:
    """A message that asks for more, with the one before."""
    joint = understand(both, today)
    goes_on = joint.sure < SURE or _FAMILIES.get(topic) == "knowledge"
    intent = topic if goes_on else joint.intent
    return replace(joint, intent=intent, answer="", names=alone.names | joint.names, said=both)


def _parts(message: str, today: date) -> tuple[Wish, ...]:
    groups: list[str] = []
    families: list[str] = []
    for piece in filter(None, _BETWEEN.split(message)):
        family = _family_of(piece, today) if _tells(piece) else ""
        if groups and (not family or not families[-1] or family == families[-1]):
            groups[-1], families[-1] = f"{groups[-1]}, {piece}", families[-1] or family
        else:
            groups.append(piece)
            families.append(family)
    if len(groups) == 1:
        return ()
    return _kept([group for group, family in zip(groups, families, strict=True) if family], today)


def _family_of(piece: str, today: date) -> str:
    """What a part surely wants; empty where nothing, or nothing that stands apart."""
    found = understand(piece, today)
    if found.sure < SURE or found.intent in _NEVER_APART:
        return ""
    return _FAMILIES.get(found.intent, found.intent)


def _tells(piece: str) -> bool:
    """Whether a part says by itself what it is about."""
    said = words(piece)
    little = set(said) <= _ASK_FOR_MORE or picks_channel(piece) or takes_back(piece)
    return len(said) >= LEAST_WORDS and not little and not _KEEPING.match(folded(piece))


def _kept(groups: Sequence[str], today: date) -> tuple[Wish, ...]:
    found = [Wish(group, understand(group, today)) for group in groups]
    apart: dict[str, Wish] = {}
    for wish in found:
        if wish.understood.sure >= SURE:
            apart.setdefault(_FAMILIES.get(wish.understood.intent, wish.understood.intent), wish)
    return tuple(apart.values())[:MOST]
