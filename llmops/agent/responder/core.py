"""The deterministic responder: its next step follows from intent, tool results and passages alone.

It speaks types of our own, so that answering with it loads no library for models of others; `model` shows it to their
agent loop as one of their models. (ADR 15.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmops.agent.prompt_library import PromptLibrary
from llmops.agent.responder.journeys import journey
from llmops.agent.responder.view import Call, Needed, View
from llmops.agent.workbench import Brief

NAME = "responder-1"


@dataclass(frozen=True)
class Wanted:
    """Calls of tools whose results the journey needs, all at once."""

    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Said:
    """An answer, with the marks of its passages, and the journey's state for the next turn."""

    text: str
    state: Mapping[str, Any]


class Responder:
    """Answers by journeys (`journeys`).

    Args:
        prompts: whose templates it fills.
    """

    model_name = NAME

    def __init__(self, prompts: PromptLibrary) -> None:
        self._prompts = prompts

    def step(self, brief: Brief, results: Mapping[Call, Any], tools: frozenset[str]) -> Wanted | Said:
        """What it needs next, or its answer.

        Args:
            brief: what is known of the message.
            results: what tools returned so far, by call; ToolErrors among them.
            tools: names of those that may be called.
        """
        view = View(brief, results, tools, self._prompts)
        try:
            said = journey(view)
        except Needed as needed:
            return Wanted(needed.calls)
        return Said(said, view.state)
