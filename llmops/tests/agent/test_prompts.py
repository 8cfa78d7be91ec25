"""The prompt library: what is in it, that it is valid and hashed, and that templates state no figure of their own."""

import re
import shutil
from pathlib import Path

import pytest

from llmops.agent.prompt_library import LANGUAGES, PERSONAS, PromptLibrary, blanks
from llmops.tests.agent.stage import PROMPTS
from telecom.errors import TelecomError

FOLDER = Path(__file__).parents[2] / "prompts"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "prompts"))


def test_every_persona_speaks_both_languages_to_both_readers() -> None:
    for persona in PERSONAS:
        for language in LANGUAGES:
            customer, agent = (PROMPTS.prompt(persona, language, role) for role in ("customer", "agent"))
            assert re.fullmatch(rf"{persona}@\d+\.\d+\.\d+\+[0-9a-f]{{8}}", customer.version)
            assert customer.system == agent.system and customer.rules != agent.rules


@pytest.mark.parametrize(
    "name", ["system/suporte_tecnico.pt-BR.md", "rules/seguranca.pt-BR.md", "templates/faults.pt-BR.md"]
)
def test_any_change_is_another_version_of_those_who_use_it(copy: Path, name: str) -> None:
    path = copy / name
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    changed = PromptLibrary.load(copy)
    told = {
        (persona, language): PROMPTS.prompt(persona, language, "customer").version
        != changed.prompt(persona, language, "customer").version
        for persona in PERSONAS
        for language in LANGUAGES
    }
    assert told["suporte_tecnico", "pt-BR"] and not told["suporte_tecnico", "en"]
    assert told["retencao_churn", "pt-BR"] == name.startswith("rules/")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("system/suporte_tecnico.pt-BR.md", "version: 1.0.0", "version: one"),
        ("system/suporte_tecnico.pt-BR.md", "persona: suporte_tecnico", "persona: pirata"),
        ("system/suporte_tecnico.pt-BR.md", "id: suporte_tecnico", "id: outro"),
        ("system/suporte_tecnico.pt-BR.md", "language: pt-BR", "language: pt"),
        ("system/suporte_tecnico.pt-BR.md", "---\n", ""),
        ("templates/faults.en.md", "{title}", "{name}"),
        ("templates/faults.en.md", "## offer", "## proposal"),
        ("templates/faults.en.md", "## offer", "## good"),
        ("rules/cliente.en.md", "reader: customer", "reader: nobody"),
    ],
)
def test_what_is_not_valid_is_refused(copy: Path, name: str, old: str, new: str) -> None:
    path = copy / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(TelecomError):
        PromptLibrary.load(copy)


def test_a_missing_system_text_is_refused(copy: Path) -> None:
    (copy / "system" / "retencao_churn.en.md").unlink()
    with pytest.raises(TelecomError, match="retencao_churn"):
        PromptLibrary.load(copy)


def test_templates_state_no_figure_of_their_own() -> None:
    stating = [name for name, phrase in PROMPTS.phrases().items() if re.search(r"\d", re.sub(r"{\w+}", "", phrase))]
    assert not stating, "figures come from tools and passages"


def test_phrases_are_filled_and_never_read_twice() -> None:
    said = PROMPTS.say("service.knowledge", "pt-BR", text="{title} {0} 50 %")
    assert said == "{title} {0} 50 %"
    with pytest.raises(TelecomError):
        PROMPTS.say("service.knowledge", "pt-BR")
    with pytest.raises(TelecomError):
        PROMPTS.say("service.nothing_like_it", "pt-BR")


def test_every_phrase_can_be_said_on_whole_lines() -> None:
    for (name, language), phrase in PROMPTS.phrases().items():
        said = PROMPTS.say(name, language, **dict.fromkeys(blanks(phrase), "x"))
        assert "{" not in said
        for line in said.splitlines()[:-1]:
            assert len(line) < 80 or line.endswith((".", ":", "---")), (name, line)


def test_repeating_the_instructions_is_noticed() -> None:
    rules = PROMPTS.prompt("suporte_tecnico", "pt-BR", "customer").rules
    assert PROMPTS.leaked(f"Claro: {rules[40:300]}")
    assert not PROMPTS.leaked("A fatura com vencimento em 10/11/2026 é de R$ 70,00 e foi paga.")
