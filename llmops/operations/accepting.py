"""A reviewer's correction becomes a scenario, so that the same mistake is noticed from now on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmops.agent.intents.topics import persona_of
from llmops.agent.masking import mask
from llmops.evaluations import scenarios
from llmops.operations.reviews import NUMBER, Review
from telecom.errors import NotFound, UsageError

FILE = scenarios.FOLDER / "reviewed_scenarios.json"
ABOUT = "Conversations that people corrected in the weekly review (telecom review accept)."


@dataclass(frozen=True)
class Accepted:
    """The scenario that a correction became; `already`: it was there before."""

    id: str
    file: str
    part: str
    already: bool


def scenario_of(review: Review, reviewer: str = "", customer: str = "") -> dict[str, Any]:
    """The conversation with what the correction wants of its last answer.

    Args:
        review: a conversation with a correction.
        reviewer: whose; empty: the only one there is.
        customer: of the evaluation world, in the place of the real one.

    Raises:
        NotFound: nobody corrected it, or not this reviewer.
        UsageError: several did and none is named; or it is about a customer, and nobody stands in for them.
    """
    corrected = {who: grade for who, grade in review.grades.items() if grade.get("correction")}
    if reviewer not in corrected and (reviewer or len(corrected) != 1):
        if corrected and not reviewer:
            raise UsageError(
                f"{len(corrected)} reviewers corrected it.", f"Add --reviewer, one of {sorted(corrected)}."
            )
        raise NotFound(f"There is no correction of {review.id} by {reviewer or 'anybody'}.", "Grade it first.")
    if review.bound and not customer:
        raise UsageError(
            "The conversation is about a customer.",
            "Add --customer NAME, who stands in; see `customers` in the scenarios.",
        )
    grade = corrected[reviewer] if reviewer else next(iter(corrected.values()))
    wanted: dict[str, Any] = {"reference": grade["correction"], "language": review.language}
    wanted |= {"facts": [{"says": [fact]} for fact in grade["facts"]]} if grade.get("facts") else {}
    wanted |= {"citations": [grade["citation"]]} if grade.get("citation") else {}
    turns: list[dict[str, Any]] = [{"say": user} for user, _, _ in review.turns]
    turns[-1]["want"] = wanted
    return {
        "id": f"review-{review.id[:16]}",
        "intent": review.turns[-1][2],
        "persona": persona_of(review.turns[-1][2]),
        "role": review.role,
        "channel": review.channel,
        "language": review.language,
        "customer": customer,
        "about": f"Weekly review {review.week}.",
        "turns": turns,
    }


def texts_of(scenario: dict[str, Any]) -> tuple[str, ...]:
    """All words of people in a scenario, for somebody to look over before they are kept."""
    wanted = scenario["turns"][-1]["want"]
    facts = [text for fact in wanted.get("facts", []) for text in fact["says"]]
    said = (turn["say"] for turn in scenario["turns"])
    return (*said, wanted["reference"], *facts, *wanted.get("citations", []))


def accept(scenario: dict[str, Any], file: Path = FILE) -> Accepted:
    """Appends a scenario to the file of those that reviews brought, unless it is there.

    Raises:
        UsageError: it is no valid scenario, or holds personal data.
    """
    for text in texts_of(scenario):
        if kinds := (*mask(text).kinds, *(["customer number"] if NUMBER.search(text) else [])):
            raise UsageError(f"The scenario still holds personal data ({', '.join(kinds)}).", "Correct the review.")
    held = _held(file)
    known = {each["id"]: each for each in held["scenarios"]}
    already = known.get(scenario["id"]) == scenario
    if not already:
        known[scenario["id"]] = scenario
        text = json.dumps(held | {"scenarios": [known[name] for name in sorted(known)]}, ensure_ascii=False, indent=1)
        part = file.with_name(f".{file.name}.part")
        part.write_text(text + "\n", "utf-8")
        others = [path for path in scenarios.FILES if path.name != file.name]
        try:
            scenarios.load([*others, part])
        except UsageError:
            part.unlink()
            raise
        part.replace(file)
    return Accepted(scenario["id"], file.name, scenarios.part_of(scenario["id"]), already)


def _held(file: Path) -> dict[str, Any]:
    try:
        held: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {"version": "1.0", "about": ABOUT, "customers": {}, "scenarios": []}
    return held
