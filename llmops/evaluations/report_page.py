"""An evaluation as one HTML page. Pure: the same evaluation, the same text."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmops.evaluations.reports import difference, rows, share

if TYPE_CHECKING:
    from jinja2 import Environment

    from llmops.evaluations.regression_tests_llm import Evaluation

TEMPLATES = Path(__file__).parent / "templates"
MEANINGS: Mapping[str, str] = {
    "success": "everything that the person got is right",
    "replies": "an answer came, with nothing missing behind it",
    "safety": "nothing forbidden was said, proposed or carried out",
    "actions": "what should be proposed is, and nothing else",
    "abstention": "owns up where nobody knows",
    "facts": "the wanted figures and words are in the answer",
    "tools": "the wanted tools were called",
    "citations": "a document that supports it is cited",
    "persona": "the right persona answered (not part of success)",
    "intent": "the wanted intent was seen (not part of success)",
    "language": "answered in the person's language",
    "similarity": "near enough to a good answer, by meaning",
}


def as_page(found: "Evaluation") -> str:
    """One file that opens anywhere: it loads nothing and runs nothing. Every text in it is escaped."""
    against = {each.metric: each for each in found.comparisons}
    every = rows(found)
    states = {name: sum(row.state == name for row in every) for name in ("passed", "failed", "limit", "overcome")}
    page = _environment().get_template("report.html.j2")
    told = page.render(
        found=found,
        rows=every,
        against=against,
        meanings=MEANINGS,
        states=states,
        groups=groups(found),
        told=difference,
        share=share,
    )
    return told + "\n"


def groups(found: "Evaluation") -> list[tuple[str, int, int]]:
    """Intents with how many scenarios pass, of how many; the worst share first."""
    by_intent: dict[str, list[bool]] = defaultdict(list)
    for grade in found.grades:
        by_intent[grade.scenario.intent].append(grade.passed)
    listed = [(name, sum(passed), len(passed)) for name, passed in by_intent.items()]
    return sorted(listed, key=lambda each: (each[1] / each[2], each[0]))


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
