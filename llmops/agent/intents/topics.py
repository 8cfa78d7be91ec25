"""What follows from an intent: who answers, what is looked up, and whether a short message goes on with it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmops.agent.intents.choices import picks_channel
from llmops.agent.intents.features import words
from llmops.agent.intents.taking_back import takes_back
from llmops.agent.intents.understanding import Asked, Understood
from llmops.agent.prompt_library import Persona
from llmops.agent.turn import Language

SMALL_TALK = frozenset(("greeting", "thanks", "goodbye"))
NEEDS_NO_GUIDE = SMALL_TALK | {"summary", "human", "churn_risk", "account", "out_of_scope"}
"""What no document answers."""
RETENTION = frozenset(("cancel", "contract", "retention", "churn_risk", "upgrade", "plan"))
INVOICES = frozenset(("invoice_change", "invoice_items", "second_copy", "payment", "contest"))
NAMES_ITEMS = INVOICES | {"plan", "upgrade", "knowledge", "visit", "mobile"}
"""What the name of an invoice's item alone may look like."""
FAULTS = frozenset(("no_internet", "slow_internet", "wifi", "mobile", "equipment", "outage", "visit"))
SHORT = 4
RATHER_SHORT = 10
SURELY = 0.6
OUT_OF_FAULTS = frozenset(("human", "cancel", "ticket", "second_copy"))
"""What somebody may turn to in the midst of steps, without a question mark."""
LIKELY = 0.25
"""Above this a section is worth being looked for."""
_VAGUE = frozenset("e agora entao ai isso o que faco mais ja como fica now what then and so next".split())
_SIGNS = re.compile(r"(?:^|(?<=\s))\d+(?:\.\d+)*\.?(?=\s)|>")
# What the knowledge base is asked where the message's own words do not say it: in English, or "sim".
QUERIES: Mapping[str, str] = {
    "no_internet": "sem internet passo a passo luzes da ONT",
    "slow_internet": "internet lenta passo a passo teste por cabo",
    "wifi": "Wi-Fi fraco passo a passo",
    "mobile": "celular sem sinal passo a passo",
    "equipment": "luzes do modem ONT significado reiniciar",
    "visit": "visita técnica prazo e custo",
    "outage": "incidente na região crédito por interrupção",
    "invoice_change": "por que a fatura aumentou desconto de fidelidade degrau",
    "invoice_items": "itens da fatura linha por linha",
    "second_copy": "segunda via da fatura",
    "payment": "vencimento multa e juros por atraso formas de pagamento",
    "contest": "contestar cobrança prazo de resposta",
    "cancel": "como cancelar e quando vale",
    "contract": "multa de permanência fidelidade cálculo",
    "plan": "planos de internet preços",
    "upgrade": "mudar de plano velocidade regras",
    "retention": "desconto oferta de retenção",
    "ticket": "prazo de solução do chamado",
    "register_contact": "abrir chamado protocolo prazo de resposta",
    "portability": "portabilidade do número prazo",
    "privacy": "meus dados pessoais LGPD direitos",
    "rights": "direitos do consumidor Anatel reclamar",
    "account": "atualizar cadastro",
    "human": "horário de atendimento falar com atendente",
}


NAMED: Mapping[str, str] = {
    "late_fee": "multa e juros por atraso, quanto vem a mais",
    "fine": "multa de permanência, como é calculada",
}


def persona_of(intent: str) -> Persona:
    """Who answers."""
    return "retencao_churn" if intent in RETENTION else "suporte_tecnico"


def followed(understood: Understood, message: str, state: Mapping[str, Any]) -> Understood:
    """The message in the light of the conversation: short ones go on with its topic.

    Args:
        understood: the message by itself.
        message: its text.
        state: of the session; `topic` is the intent of the turn before, `pending` what was asked then.
    """
    topic, pending = str(state.get("topic", "")), state.get("pending") or {}
    goes_on = replace(understood, intent=str(pending.get("intent") or topic))
    count = len(words(message))
    if (reply := _replied(understood, message, topic, goes_on, asked=bool(pending))) is not None:
        return reply
    if not topic or topic in SMALL_TALK:
        return _alone(understood)
    if understood.answer in ("done", "still") and (topic in FAULTS or state.get("told")):
        return _tried(understood, message, topic)
    if understood.answer in ("yes", "no"):
        return goes_on
    of_month = bool(understood.month) and topic in INVOICES
    if of_month and (count <= SHORT or (count <= RATHER_SHORT and not _elsewhere(understood))):
        return replace(understood, intent=topic)
    if pending.get("kind") == "which_item" and (not understood.clear or understood.intent in NAMES_ITEMS):
        return goes_on
    if (
        pending.get("kind") == "what"
        and not _asks(message)
        and not (understood.clear and understood.intent in SMALL_TALK)
    ):
        return goes_on
    if count <= SHORT and not understood.answer and (not understood.clear or _vague(message)):
        return replace(understood, intent=topic)
    return _alone(understood)


def _replied(
    understood: Understood, message: str, topic: str, goes_on: Understood, *, asked: bool
) -> Understood | None:
    """A reply to what was sent, asked or prepared: another channel for a copy, a refusal, a yes or no to nothing."""
    if topic == "second_copy" and picks_channel(message):
        return replace(understood, intent=topic, answer="")
    if understood.answer == "no" and takes_back(message):
        return goes_on if asked else replace(understood, intent="unclear")
    if understood.answer in ("yes", "no") and not asked:
        long = len(words(message)) > len(("sim", "quero"))
        if understood.intent not in SMALL_TALK and understood.sure >= SURELY and long:
            return replace(understood, answer="")
        return replace(understood, intent="unclear")
    return None


def _tried(understood: Understood, message: str, topic: str) -> Understood:
    """After steps that were taken: the same matter, unless something else is clearly asked for."""
    other = understood.intent not in FAULTS | {"knowledge", "unclear"} | SMALL_TALK and understood.sure >= SURELY
    if other and (_asks(message) or understood.intent in OUT_OF_FAULTS):
        return replace(understood, answer="")
    if understood.intent == "wifi" and understood.clear and topic in FAULTS - {"mobile"}:
        return understood
    return replace(understood, intent=topic)


def query_of(understood: Understood, message: str, language: Language) -> str:
    """What to ask the knowledge base: the message, with the name of the section that such questions ask for."""
    message = understood.said or message
    named = next((query for name, query in NAMED.items() if name in understood.names), "")
    known = named or QUERIES.get(understood.intent, "")
    enough = LIKELY / 2 if understood.said else LIKELY
    likely = [each for each in understood.asked[:1] if each.alike >= enough]
    if likely:
        return f"{message} {named_section(likely[0])}"
    if understood.answer or len(words(message)) <= 2:
        return known or message
    return message


def named_section(each: Asked) -> str:
    """The words that a section goes by, with those of its document's file."""
    stem = each.document.rpartition("/")[2].split(".")[0].replace("-", " ")
    return f"{stem} {_SIGNS.sub(' ', each.section).strip()}".strip()


def _alone(understood: Understood) -> Understood:
    """Where nothing goes on, a guess is no intent."""
    return understood if understood.clear else replace(understood, intent="unclear")


def _asks(message: str) -> bool:
    """A question, which reports nothing."""
    return message.rstrip().endswith("?")


def _vague(message: str) -> bool:
    """Whether a message says nothing by itself."""
    return set(words(message)) <= _VAGUE


def _elsewhere(understood: Understood) -> bool:
    """Surely about another matter than invoices."""
    return understood.clear and understood.intent not in INVOICES
