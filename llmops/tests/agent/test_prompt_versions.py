"""Versions of the prompts: kept for ever, told apart, put to use again."""

import shutil
from pathlib import Path

import pytest

from llmops.agent import prompt_versions as versions
from llmops.agent.prompt_library import PromptLibrary, check_replaceable
from telecom.errors import NotFound, TelecomError, UsageError

FOLDER = Path(__file__).parents[2] / "prompts"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The texts as they are, all kept, and a second version of one of them."""
    found = Path(shutil.copytree(FOLDER, tmp_path / "prompts"))
    shutil.rmtree(found / versions.KEPT, ignore_errors=True)
    (found / versions.PINS).unlink(missing_ok=True)
    versions.keep(found)
    return found


def change(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def changed(root: Path) -> str:
    """Another version of suporte_tecnico, kept; returns the one before."""
    before = versions.versions(root, "suporte_tecnico")[-1]
    for language, word in (("pt-BR", "Você"), ("en", "You")):
        change(root, f"system/suporte_tecnico.{language}.md", word, f"{word}, hoje,")
    versions.raise_versions(root)
    versions.keep(root)
    return before


def test_every_text_of_ours_is_kept_under_its_version() -> None:
    waiting = [f"{each.kind}/{each.name}" for each in versions.unkept(FOLDER)]
    assert waiting == [], "raise their versions and keep them: telecom prompts keep --raise"


def test_a_kept_version_never_changes(root: Path) -> None:
    assert versions.keep(root) == ()
    change(root, "rules/seguranca.en.md", "\n---\n", "\n---\nBe kind. ")
    assert [each.name for each in versions.unkept(root)] == ["seguranca.en.md"]
    with pytest.raises(UsageError, match=r"already kept.*Raise `version`"):
        versions.keep(root)
    (raised,) = versions.raise_versions(root)
    name, _, version = raised.partition("@")
    made = versions.keep(root)
    assert name == "seguranca" and sorted(Path(each).name for each in made) == [
        f"seguranca@{version}.en.md",
        f"seguranca@{version}.pt-BR.md",
    ]
    assert versions.raise_versions(root) == () == versions.keep(root)


def test_rolling_back_is_another_prompt_and_forward_again_the_same(root: Path) -> None:
    first = PromptLibrary.load(root).prompt("suporte_tecnico", "pt-BR", "customer")
    before = changed(root)
    second = PromptLibrary.load(root).prompt("suporte_tecnico", "pt-BR", "customer")
    assert second.version != first.version and "hoje" in second.system
    assert versions.before(root, "suporte_tecnico") == before
    versions.pin(root, "suporte_tecnico", before)
    assert PromptLibrary.load(root).prompt("suporte_tecnico", "pt-BR", "customer") == first
    assert "hoje" not in PromptLibrary.load(root).prompt("suporte_tecnico", "en", "agent").system
    versions.pin(root, "suporte_tecnico", "")
    assert PromptLibrary.load(root).prompt("suporte_tecnico", "pt-BR", "customer") == second
    assert versions.pins(root) == {}


def test_differences_are_told_in_every_language(root: Path) -> None:
    before = changed(root)
    told = versions.difference(root, "suporte_tecnico", before, "")
    assert told.count("+++ ") == 2 and "hoje" in told and f"suporte_tecnico@{before}.pt-BR" in told
    assert versions.difference(root, "suporte_tecnico", before, before) == ""


def test_what_was_never_kept_cannot_be_used(root: Path) -> None:
    with pytest.raises(NotFound, match="There is no prompt 'nobody'"):
        versions.before(root, "nobody")
    with pytest.raises(NotFound, match="There is no prompt 'nobody'"):
        versions.difference(root, "nobody", "1.0.0", "")
    with pytest.raises(NotFound, match="There is no prompt 'nobody'"):
        versions.pin(root, "nobody", "1.0.0")
    with pytest.raises(NotFound, match=r"suporte_tecnico@9.9.9 was not kept"):
        versions.pin(root, "suporte_tecnico", "9.9.9")
    with pytest.raises(NotFound, match="no version of 'cliente' before"):
        versions.before(root, "cliente")
    with pytest.raises(NotFound, match="was not kept"):
        versions.difference(root, "cliente", "9.9.9", "")


@pytest.mark.parametrize("text", ["- a", "cliente: one", "a: [", "cliente: 1.0"])
def test_pins_that_are_none(root: Path, text: str) -> None:
    (root / versions.PINS).write_text(text, "utf-8")
    with pytest.raises(TelecomError, match=r"pins\.yaml"):
        PromptLibrary.load(root)


def test_a_template_without_a_phrase_of_today_is_no_replacement(root: Path) -> None:
    now = PromptLibrary.load(root)
    check_replaceable(now, now)
    for language in ("pt-BR", "en"):
        change(root, f"templates/service.{language}.md", "## thanks", "## gratitude")
    with pytest.raises(TelecomError, match=r"no phrase 'service.thanks'"):
        check_replaceable(now, PromptLibrary.load(root))
