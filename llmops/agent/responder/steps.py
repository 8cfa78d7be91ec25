"""Steps that guides tell for faults: which passages are steps, what comes after those that did not help."""

import re

from llmops.agent.intents.features import words
from llmops.agent.responder.figures import paragraphs
from llmops.agent.responder.view import Refused, View
from llmops.tools.drafts import ActionDraft, ActionType
from llmops.tools.network_diagnostics_tool import LineDiagnosis
from llmops.tools.ticket_tool import Category
from llmops.tools.words import short
from telecom.passages import folded
from telecom.ports import Passage

HOW_TO = re.compile(r"\b(?:passo a passo|step by step|manual|guia|diagnostico)\b")
"""Titles of documents that tell what to do about a fault."""
STEPS_IN = ("support/", "manuals/")
CATEGORIES: dict[str, Category] = {
    "no_internet": "internet_down",
    "slow_internet": "internet_slow",
    "wifi": "internet_slow",
    "mobile": "mobile_signal",
    "equipment": "equipment",
    "visit": "internet_down",
    "outage": "internet_down",
}
RULES_IN = ("support/diagnostico-rede",)
"""Rules for our people, among the titles that tell what to do."""
NO_STEP = re.compile(
    r"\b(?:inclui|modelos|roaming|passar para|ligacoes internacionais|compativeis|duas redes|quantos aparelhos)\b"
)
"""Sections of manuals that describe or price something."""
OTHER_MANUALS: dict[str, tuple[str, ...]] = {
    "fibra": ("manuals/manual-dsl", "support/celular"),
    "cobre (DSL)": ("manuals/manual-ont", "support/celular"),
    "móvel": (
        "manuals/manual-dsl",
        "manuals/manual-ont",
        "support/wifi",
        "support/internet-lenta",
        "support/sem-internet",
        "manuals/guia-wifi",
    ),
}
"""Steps for lines of other technologies."""
OUTAGES_IN = ("support/interrupcao",)
LONG = re.compile(r"\b(?:longa|repetida)\b")
FAILS = re.compile(
    r"\b(?:nao|n|nunca) (?:\w+ ){0,2}(?:peg\w+|funcion\w+|conect\w+|lig(?:a|am|ou)|abr(?:e|em|iu)|entr(?:a|am|ou)"
    r"|carreg\w+|naveg\w+|registr\w+|acend\w+)\b|\bsem (?:sinal|rede|internet|servico|conexao|linha)\b"
    r"|\b(?:parou|pararam|caiu|caindo|morreu|morto|sumiu|pifou|queimou|travando|mud[oa])\b"
    r"|\b(?:not|isn.?t|doesn.?t|won.?t|no longer|can.?t) (?:\w+ )?(?:work\w*|connect\w*|load\w*|turn on)\b"
    r"|\bno (?:signal|service|connection|internet)\b|\bstopped working\b"
)
ROUNDS = 2
"""So often steps are told before the case is registered."""


def is_step(passage: Passage) -> bool:
    """Whether a passage tells what to do about a fault, by the kind of its document."""
    return passage.document.startswith(STEPS_IN) and bool(HOW_TO.search(folded(passage.title)))


def of_long_outages(passage: Passage) -> bool:
    """Whether a passage says what holds where an outage goes on or comes again."""
    return passage.document.startswith(OUTAGES_IN) and bool(LONG.search(folded(passage.section)))


def reports(message: str) -> bool:
    """Whether a message tells that something does not work, which no rule answers."""
    return bool(FAILS.search(folded(message)))


def no_step(passage: Passage) -> bool:
    """Whether a passage tells something else."""
    return not is_step(passage) or bool(NO_STEP.search(folded(passage.section)))


def helps(passage: Passage, line: LineDiagnosis | None) -> bool:
    """Whether it tells what to do about a fault of such a line, rather than of another technology."""
    other = OTHER_MANUALS.get(line.technology, ()) if line else ()
    told = is_step(passage) and not NO_STEP.search(folded(passage.section))
    return told and not passage.document.startswith((*other, *RULES_IN))


def by_cable(view: View) -> bool:
    """Whether it is still bad by cable, or a technician is wanted: no step at home is left."""
    said = set(words(view.brief.message))
    return view.understood.intent == "visit" or bool(
        said & {"cabo", "cable"} and not said & {"wifi", "bom", "boa", "fine"}
    )


def further(view: View, line: LineDiagnosis | None) -> str:
    """Steps that were not told yet, and once more those that were: the customer may have left one out."""
    told = view.before.get("told", ())
    fresh = view.guide("faults.guide", most=400, fits=lambda one: helps(one, line) and one.key not in told)
    again = view.guide("faults.step_again", most=400, fits=lambda one: helps(one, line) and one.key in told)
    return paragraphs(fresh, again)


def next_step(view: View) -> str:
    """After steps of a guide that did not help: the next ones, and at last the registration of the case."""
    stage = int(view.before.get("stage", 0)) + 1
    view.state |= {"stage": stage}
    if stage < ROUNDS and (told := further(view, None)):
        return paragraphs(told, view.say("faults.say_still"))
    return ticket(view, "não foi testada")


def ticket(view: View, status: str) -> str:
    """Prepares to register a fault that goes on; `status` is how the line is, in Portuguese."""
    mobile = view.state.get("service") == "mobile"
    category = "mobile_signal" if mobile else CATEGORIES.get(view.understood.intent, "other")
    told = [*(turn.user for turn in view.brief.session.turns[-2:]), view.brief.message]
    kind: ActionType = "ticket_registration"
    draft = ActionDraft(
        kind,
        "O problema continua depois dos passos do roteiro.",
        {
            "category": category,
            "priority": "critical" if "medical" in view.understood.names else "medium",
            "subject": f"Falha continua: linha {status}",
            "description": short("Relato: " + " / ".join(told), 480),
        },
    )
    try:
        return view.say("faults.ticket_proposed", title=view.propose(draft).title)
    except Refused as refused:
        return view.say("faults.ticket_exists", message=refused.error.message)
