"""What a journey sees of a turn: the brief, what tools returned so far, phrases, and the state it leaves behind.

A journey is written straight on. Where it asks for a result that is not there yet, it is interrupted, the tool is
called, and it begins anew with the result at hand.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from llmops.agent.intents.features import ideas, words
from llmops.agent.intents.topics import FAULTS
from llmops.agent.intents.understanding import Understood
from llmops.agent.intents.wishes import Wish
from llmops.agent.prompt_library import PromptLibrary
from llmops.agent.responder.english import dated, told_in_english
from llmops.agent.responder.extracts import QUITE_ALIKE, extract, headed, in_short, quoted
from llmops.agent.responder.figures import titled
from llmops.agent.turn import Language, ProposedAction
from llmops.agent.workbench import Brief
from llmops.tools.context import ToolError
from llmops.tools.drafts import ActionDraft
from telecom.passages import folded
from telecom.ports import Passage

HOW = re.compile(
    r"\b(?:quant[oa]s?|qn?t[oa]?s?|qnd|qd[oa]|de graca|gratis|gratuit|custo|e pag[oa]|posso|podem|precis[oa]"
    r"|tem que|tenho que|devo"
    r"|como(?! (?:est[ao]|anda|ta|vai)\b)|quando|prazo|o que|oq|se eu|da pra|direito|(?<!nao )funciona|serve"
    r"|how|can i|do i|is it free|what)\b"
)
RULE = re.compile(
    rf"{HOW.pattern}|\?|\b(?:qual|quais|onde|tem|explica|explique|significa|can|do (?:you|we)|does|is there|is it|which"
    r"|when|where|will (?:i|you)|mean|regras?|politicas?|alcadas?|rules?|policy|policies)\b"
)
HERE = re.compile(
    r"\b(?:(?:d|para |pra |pro )?(?:o|a|est[ea]|ess[ea]) (?:cliente|linha)|dele|dela|pr?a?(?:ra)? el[ea]|aqui|ele|ela"
    r"|this (?:customer|client|line)|for (?:him|her))\b"
)
"""Words with which one of ours speaks of the customer of the conversation."""
TITLES = frozenset(("title", "offer"))
"""Blanks of titles of actions and offers."""
SENTENCES = frozenset(("message", "reason", "reasons"))
"""Blanks of what tools say."""
QUOTES = frozenset(("text", "gist"))
"""Blanks of what the knowledge base says."""
MOST_TOLD = 6
"""Quoted passages that are remembered while a conversation goes on."""
CLEARLY = 0.4
"""A message so like a known question is that question."""


class Call(NamedTuple):
    """A tool and its arguments, as JSON with sorted names."""

    tool: str
    arguments: str


class Needed(Exception):
    """The journey cannot go on without these calls."""

    def __init__(self, calls: tuple[Call, ...]) -> None:
        super().__init__(*calls)
        self.calls = calls


class Refused(Exception):
    """A tool refused, or there is none."""

    def __init__(self, error: ToolError) -> None:
        super().__init__(str(error))
        self.error = error


class View:
    """One turn, for one pass of a journey.

    Args:
        brief: what is known of the message.
        results: what tools returned, by call; ToolErrors among them.
        tools: names of those that may be called.
        prompts: the phrases.
    """

    def __init__(
        self, brief: Brief, results: Mapping[Call, Any], tools: frozenset[str], prompts: PromptLibrary
    ) -> None:
        self.brief = brief
        self.before: Mapping[str, Any] = brief.session.state
        self.state: dict[str, Any] = {}
        self._results, self._tools, self._prompts = results, tools, prompts

    def of(self, wish: Wish) -> "View":
        """The view of one wish among several, with a state of its own."""
        brief = replace(self.brief, message=wish.message, understood=wish.understood, wishes=())
        return View(brief, self._results, self._tools, self._prompts)

    @property
    def understood(self) -> Understood:
        """What the message wants."""
        return self.brief.understood

    @property
    def language(self) -> Language:
        """Of the reply."""
        return self.brief.language

    @property
    def english(self) -> bool:
        """Whether the reply is in English."""
        return self.brief.language == "en"

    @property
    def for_agent(self) -> bool:
        """Whether one of ours reads it."""
        return self.brief.role == "agent"

    @property
    def now(self) -> datetime:
        """The turn's moment, UTC."""
        return self.brief.now

    @property
    def going_on(self) -> bool:
        """Whether the turn before was about the same kind of fault."""
        return self.before.get("topic") in FAULTS

    @property
    def pending(self) -> Mapping[str, Any]:
        """What was asked or offered in the turn before."""
        found: Mapping[str, Any] = self.before.get("pending") or {}
        return found

    def say(self, phrase: str, **blanks: object) -> str:
        """A phrase of the templates."""
        if self.for_agent and self._prompts.has(f"{phrase}_to_agent", self.brief.language):
            phrase = f"{phrase}_to_agent"
        for name in TITLES & blanks.keys():
            blanks[name] = titled(str(blanks[name]), self.language)
        if self.english:
            blanks |= {name: told_in_english(str(blanks[name])) for name in SENTENCES & blanks.keys()}
            blanks = {
                name: dated(it) if isinstance(it, str) and name not in QUOTES else it for name, it in blanks.items()
            }
        return self._prompts.say(phrase, self.brief.language, **blanks)

    def ask(self, tool: str, **arguments: Any) -> Any:
        """A tool's result.

        Raises:
            Needed: it was not asked yet.
            Refused: it refused, or may not be called.
        """
        return self.ask_all((tool, arguments))[0]

    def ask_all(self, *wanted: tuple[str, Mapping[str, Any]]) -> tuple[Any, ...]:
        """Results of several tools that are called at once; raises as `ask` does."""
        calls = tuple(Call(tool, json.dumps(dict(given), sort_keys=True, ensure_ascii=False)) for tool, given in wanted)
        if lacking := [call.tool for call in calls if call.tool not in self._tools]:
            raise Refused(ToolError(self._why_not(), lacking[0]))
        if missing := tuple(call for call in calls if call not in self._results):
            raise Needed(missing)
        found = tuple(self._results[call] for call in calls)
        for one in found:
            if isinstance(one, ToolError):
                raise Refused(one)
        return found

    def _why_not(self) -> str:
        """Why a tool cannot be called."""
        if not self.brief.bound:
            return "no_customer"
        return "agents_only" if self._tools else "unavailable"

    def try_ask(self, tool: str, **arguments: Any) -> Any:
        """A tool's result; None where it refuses."""
        try:
            return self.ask(tool, **arguments)
        except Refused:
            return None

    def propose(self, draft: ActionDraft) -> ProposedAction:
        """Lays down a proposal; raises as `ask` does."""
        found: ProposedAction = self.ask(f"propose_{draft.type}", **{**draft.parameters, "reason": draft.reason})
        self.state["pending"] = {"kind": "approval", "intent": self.understood.intent}
        return found

    @property
    def asks_rule(self) -> bool:
        """Whether the message asks something, perhaps beside the customer's own data."""
        return bool(RULE.search(folded(self.understood.said or self.brief.message)))

    @property
    def asks_how(self) -> bool:
        """Whether the message asks how something works or what holds, rather than telling of a fault."""
        return bool(HOW.search(folded(self.brief.message)))

    @property
    def of_this_customer(self) -> bool:
        """Whether one of ours asks about the customer of the conversation rather than about rules."""
        return self.for_agent and bool(HERE.search(folded(self.brief.message)))

    @property
    def ideas(self) -> frozenset[str]:
        """The ideas that the message's words carry."""
        return ideas(words(self.brief.message))

    @property
    def asked(self) -> float:
        """How alike the message is to what the passage that fits best is asked for (about 0 to 1)."""
        near = {(each.document, each.section): each.alike for each in self.understood.asked}
        return max(
            (near.get((one.passage.document, one.passage.section), 0.0) for one in self.brief.found), default=0.0
        )

    def guide(
        self,
        phrase: str = "",
        *,
        most: int = 480,
        passages: int = 1,
        sure: bool = False,
        fits: Callable[[Passage], bool] | None = None,
    ) -> str:
        """What the knowledge base says, marked with its passages; empty where nothing fits.

        Args:
            phrase: a phrase with a blank `text` before what is quoted; without one, the bare text.
            most: letters of the text.
            passages: how many may be quoted.
            sure: only what such questions ask for.
            fits: which passages may be quoted.
        """
        found = extract(self.brief, most, passages, fits, self._told)
        if sure and found and not found[0].sure:
            found = () if self.english else extract(self.brief, most, passages, self._surely(fits), self._told)
        found = tuple(each for each in found if each.sure or not sure)
        if not found:
            return ""
        self.state["told"] = [*self._told, *(self.brief.found[each.place - 1].passage.key for each in found)][
            -MOST_TOLD:
        ]
        text = "\n\n".join(f"{headed(each)} [{each.place}]" for each in found)
        listed = quoted([text])
        if self.english and not all(each.english for each in found):
            short = in_short(found)
            text = self.say("service.in_short", **short) if short else self.say("service.in_portuguese", text=listed)
            return self.say(phrase, text=text) if phrase else text
        return self.say(phrase, text=listed) if phrase else text

    def _surely(self, fits: Callable[[Passage], bool] | None) -> Callable[[Passage], bool]:
        """Whether a passage fits and is of a section that such questions ask for."""
        asked = {(each.document, each.section) for each in self.understood.asked if each.alike >= QUITE_ALIKE}
        return lambda one: (one.document, one.section) in asked and (fits is None or fits(one))

    def rule(self, *, most: int = 480) -> str:
        """The rule that the message asks for; empty where it asks for none, or where none surely is the one."""
        return self.guide(most=most, sure=True) if self.asks_rule or self.asked >= CLEARLY else ""

    @property
    def _told(self) -> Collection[str]:
        """Keys of the passages that were quoted just before, where the message asks for more."""
        return self.before.get("told", ()) if self.understood.said else ()
