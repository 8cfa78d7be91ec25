"""The prompt card: every text in use with its digest, and only what evaluations said."""

from typing import get_args

from llmops.agent.prompt_card import DIGITS, Judged, card
from llmops.agent.prompt_library import LANGUAGES, PERSONAS, PromptLibrary
from llmops.agent.turn import Role

LIBRARY = PromptLibrary.load()


def test_every_text_and_every_prompt_stands_there() -> None:
    text = card(LIBRARY, {}, "")
    for one in LIBRARY.texts:
        start = f"| {one.front.id} | {one.kind} | {one.front.version} | {one.front.language} |"
        assert any(line.startswith(start) and f"`{one.sha256[:DIGITS]}`" in line for line in text.splitlines()), start
    for persona in PERSONAS:
        for language in LANGUAGES:
            for role in get_args(Role):
                version = LIBRARY.prompt(persona, language, role).version
                assert f"| {persona} | {language} | {role} | `{version}` |" in text


def test_results_stand_at_their_text_alone() -> None:
    judged = {"suporte_tecnico": Judged(0.7778, 189, None), "cliente": Judged(0.5, 4, -0.025)}
    lines = card(LIBRARY, judged, "the newest evaluation of responder (all)").splitlines()
    ends = {line.split(" | ")[0][2:]: line.split(" | ", 7)[7] for line in lines if line.count(" | ") == 8}
    assert ends["suporte_tecnico"] == "77.8% of 189 | – |" and ends["cliente"] == "50.0% of 4 | -2.5 points |"
    assert ends["seguranca"] == "– | – |"
    assert "Passed: scenarios of the text's personas, in the newest evaluation of responder (all)." in lines


def test_without_an_evaluation_it_says_so() -> None:
    assert "No evaluation is stored." in card(LIBRARY, {}, "")
