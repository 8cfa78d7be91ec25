"""The local index: words of Portuguese, synonyms of the trade, confidence, and files that broke."""

from datetime import date
from pathlib import Path

import pytest

from telecom.adapters.local import _synonyms
from telecom.adapters.local._portuguese import stem, stems
from telecom.adapters.local._ranking import Ranking
from telecom.adapters.local._synonyms import meanings, thesaurus
from telecom.adapters.local.retrieval import LocalRetriever
from telecom.errors import NotFound, TelecomError, WarehouseBusy
from telecom.passages import SURE_ENOUGH, Likeness, folded
from telecom.ports import Passage, Reading
from telecom.settings import Settings

READING = Reading("customer", date(2026, 11, 21))
TEXTS = {
    "fatura": "A segunda via da fatura é gratuita e sai no aplicativo.",
    "fidelidade": "A multa de fidelidade é proporcional aos meses que faltam para completar doze.",
    "interrupcao": "O crédito por interrupção do serviço sai sozinho na fatura seguinte.",
    "wifi": "Para trocar a senha do Wi-Fi, abra o menu Minha internet.",
    "roaming": "A diária de roaming internacional custa R$ 39,90 na América do Norte.",
    "pausa": "A pausa do contrato dura de 30 a 120 dias.",
}


def passages() -> dict[str, list[Passage]]:
    return {name: [Passage(name, name, name.title(), "", None, text)] for name, text in TEXTS.items()}


@pytest.fixture
def retriever(tmp_path: Path) -> LocalRetriever:
    made = LocalRetriever(Settings(home=tmp_path / "home", lock_seconds=0.2))
    made.replace(passages())
    return made


def first(retriever: LocalRetriever, question: str) -> str:
    return retriever.search(question, READING)[0].passage.document


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cobranças", "cobrar"), ("instalações", "instalação"), ("instalacao", "instalação"), ("planos", "plano"),
        ("paguei", "pagar"), ("cancelei", "cancelamento"), ("técnicos", "tecnica"), ("lentidão", "lenta"),
        ("mudança", "mudei"), ("anuais", "anual"), ("canais", "canal"), ("viagens", "viagem"),
    ],
)  # fmt: skip
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert stems(one) == stems(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R$ 1.234,56 e 99,90", ["r", "1.234,56", "99,90"]),
        ("500mb 2,4GHz", ["500", "mb", "2,4", "ghz"]),
        ("pré-pago", ["prepag", "pre", "pag"]),
        ("Wi\u2011Fi  já!", ["wi", "fi"]),
        ("a de para com", []),
        ("", []),
        ("x" * 500, ["x" * 40]),
    ],
)
def test_what_becomes_of_text(text: str, expected: list[str]) -> None:
    assert stems(text) == expected


def test_short_words_and_numbers_stay_as_they_are() -> None:
    assert [stem(word) for word in ("gas", "mes", "tres", "99,90", "5g")] == ["gas", "mes", "tre", "99,90", "5g"]


def test_folding() -> None:
    assert folded("AÇÃO São JOSÉ Straße") == "acao sao jose strasse"


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("perdi o boleto, quero outra via", "fatura"),
        ("segunda vias das faturas", "fatura"),
        ("quanto pago se sair antes de um ano", "fidelidade"),
        ("minha net caiu ontem", "interrupcao"),
        ("esqueci a senha do wifi", "wifi"),
        ("vou pro exterior", "roaming"),
        ("posso congelar o plano", "pausa"),
        ("my bill", "fatura"),
    ],
)
def test_customers_words_find_the_trades(retriever: LocalRetriever, question: str, document: str) -> None:
    assert first(retriever, question) == document


def test_every_synonym_is_a_word_of_the_index() -> None:
    assert len(thesaurus()) > 200
    assert all(said and all(said) and all(all(phrase) for phrase in instead) for said, instead in thesaurus().items())
    assert max(map(len, thesaurus())) <= _synonyms.LONGEST


def test_longer_phrases_do_not_hide_their_words() -> None:
    said = {meaning.said for meaning in meanings(stems("quero sair antes de um ano"))}
    assert ("sair",) in said and tuple(stems("sair antes")) in said


def test_confidence_tells_what_is_answered_from_what_is_not(retriever: LocalRetriever) -> None:
    answered = retriever.search("quanto custa a diária de roaming na américa do norte", READING)
    foreign = retriever.search("qual a capital da frança e quem ganhou a copa do mundo", READING)
    assert answered[0].score > SURE_ENOUGH
    assert not foreign or foreign[0].score < SURE_ENOUGH / 2


def test_without_synonyms_a_strange_word_finds_nothing(retriever: LocalRetriever, tmp_path: Path) -> None:
    plain = LocalRetriever(Settings(home=tmp_path / "home"), Ranking(synonyms=0))
    assert plain.search("boleto", READING) == ()
    assert retriever.search("boleto", READING)[0].passage.document == "fatura"


def test_the_index_lies_below_the_home(retriever: LocalRetriever, tmp_path: Path) -> None:
    (index,) = (path for path in (tmp_path / "home" / "knowledge").iterdir() if path.is_dir())
    assert (index / "meta.json").is_file()
    assert not [path for path in (tmp_path / "home" / "knowledge").iterdir() if path.name.startswith(f".{index.name}.")]


def test_a_damaged_index_says_so_and_is_made_anew(retriever: LocalRetriever, tmp_path: Path) -> None:
    (index,) = (path for path in (tmp_path / "home" / "knowledge").iterdir() if path.is_dir())
    (index / "meta.json").write_text("{", "utf-8")
    with pytest.raises(TelecomError, match="damaged") as damaged:
        retriever.search("fatura", READING)
    assert "telecom rag ingest" in damaged.value.remedy
    assert dict(retriever.digests()) == {}
    retriever.replace(passages(), digests={"fatura": "d"})
    assert first(retriever, "segunda via da fatura") == "fatura"
    assert retriever.digests()["fatura"] == "d"


def test_a_lost_file_is_damage_and_no_crash(retriever: LocalRetriever, tmp_path: Path) -> None:
    for path in (tmp_path / "home" / "knowledge").rglob("*.store"):
        path.unlink()
    with pytest.raises(TelecomError, match="damaged"):
        LocalRetriever(Settings(home=tmp_path / "home")).search("fatura", READING)


def test_a_home_that_cannot_be_written_can_be_read(
    retriever: LocalRetriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecom.adapters.local.retrieval.os.access", lambda *_: False)
    index = tmp_path / "home" / "knowledge"
    before = sorted(path.name for path in index.rglob("*"))
    reader = LocalRetriever(Settings(home=tmp_path / "home"))
    assert first(reader, "segunda via da fatura") == "fatura"
    assert sorted(path.name for path in index.rglob("*")) == before


def test_one_writer_at_a_time(retriever: LocalRetriever, tmp_path: Path) -> None:
    from telecom.adapters.local._files import exclusive

    with exclusive(tmp_path / "home" / "knowledge" / ".lock", 1, "The test"):
        with pytest.raises(WarehouseBusy, match="knowledge base"):
            retriever.replace({}, ["fatura"])
        assert first(retriever, "segunda via da fatura") == "fatura"


def test_building_one_touches_no_disk(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        LocalRetriever(Settings(home=tmp_path / "home")).search("x", READING)
    assert not (tmp_path / "home").exists()


def test_likeness() -> None:
    text = "O crédito sai sozinho na fatura seguinte em até 30 dias depois da volta do serviço na sua casa ou empresa"
    assert Likeness.of(text).is_twin_of(Likeness.of(text.upper()))
    assert not Likeness.of(text).is_twin_of(Likeness.of(text.replace("30", "60")))
    assert not Likeness.of(text).is_twin_of(Likeness.of(f"não {text}"))
    assert not Likeness.of("um dois").is_twin_of(Likeness.of("dois um"))
