"""What every Retriever promises: what was put in is found whole, by those it is meant for, on the days it holds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from llmops.rag import build_vertex_search_datastore
from telecom.bootstrap import Platform
from telecom.errors import NotFound
from telecom.ports import Passage, Reading, Retriever

pytestmark = pytest.mark.backends("local", "gcp")

TODAY = date(2026, 11, 21)
CUSTOMER, AGENT = Reading("customer", TODAY), Reading("agent", TODAY)
FINE = Passage(
    key="k1",
    document="contratos/permanencia.pdf",
    title="Contrato de permanência",
    section="2. Como a multa é calculada",
    page=3,
    text="A multa de fidelidade segue os meses que faltam.\n\n| Plano | Valor |\n| --- | --- |\n| Fibra | R$ 240,00 |",
    audience=("agent", "customer"),
    sensitivity="public",
    valid_from=date(2026, 1, 1),
    valid_until=date(2026, 12, 31),
)
POLICY = Passage(
    "k2",
    "politica.docx",
    "Política",
    "Limites",
    None,
    "Desconto máximo de 15 % para risco alto.",
    ("agent",),
    "internal",
)
WIFI = Passage("k3", "wifi.html", "Guia do Wi-Fi", "Senha", None, "A senha do Wi-Fi está na etiqueta do modem.")


@pytest.fixture
def shelves(platform: Platform) -> Platform:
    """A platform whose data stores exist."""
    if platform.settings.backend == "gcp":
        from telecom.adapters.gcp.search_stores import SearchStores

        build_vertex_search_datastore.run(SearchStores(platform.settings))
    return platform


@pytest.fixture
def retriever(shelves: Platform) -> Retriever:
    """With three documents."""
    shelves.retriever.replace(
        {one.document: [one] for one in (FINE, POLICY, WIFI)}, digests={FINE.document: "d1", WIFI.document: "d3"}
    )
    return shelves.retriever


def found(retriever: Retriever, query: str, reading: Reading = CUSTOMER, k: int = 5) -> list[Passage]:
    return [one.passage for one in retriever.search(query, reading, k)]


def test_what_was_put_in_is_found_whole(retriever: Retriever) -> None:
    (best, *_) = retriever.search("multa de fidelidade", CUSTOMER)
    assert best.passage == FINE
    assert 0 < best.score <= 1


def test_results_are_ordered_and_bounded(retriever: Retriever) -> None:
    everything = retriever.search("multa senha modem fidelidade desconto risco", AGENT)
    assert {one.passage for one in everything} == {FINE, POLICY, WIFI}
    scores = [one.score for one in everything]
    assert scores == sorted(scores, reverse=True) and all(0 <= score <= 1 for score in scores)
    assert [one.passage for one in everything][:1] == found(
        retriever, "multa senha modem fidelidade desconto risco", AGENT, 1
    )


def test_before_anything_is_put_in_the_error_says_what_to_do(shelves: Platform) -> None:
    with pytest.raises(NotFound, match="telecom rag ingest"):
        shelves.retriever.search("multa", CUSTOMER)
    assert dict(shelves.retriever.digests()) == {}


@pytest.mark.parametrize("query", ["", "   ", "?!", "…", "🙂"])
def test_a_query_without_words_finds_nothing(retriever: Retriever, query: str) -> None:
    assert retriever.search(query, AGENT) == ()


@pytest.mark.parametrize(
    "query",
    [
        'multa AND (senha OR "', "audience:agent", "title:* OR 1=1", "+multa -senha ~2 ^3", "[a TO z]", "/.*/",
        "multa\x00\n\t", '") OR audience: ANY("agent', "mul\u0301ta \u202e etnamicirtse", "\\",
        "a" * 5_000, "multa " * 3_000,
    ],
)  # fmt: skip
def test_any_text_is_a_question_and_nothing_else(retriever: Retriever, query: str) -> None:
    assert POLICY not in found(retriever, query)


def test_customers_never_find_what_is_internal_or_for_agents(retriever: Retriever) -> None:
    shown = replace(POLICY, key="k4", document="x.md", audience=("agent", "customer"), text=f"{POLICY.text} Mostrado.")
    hidden = replace(POLICY, key="k5", document="y.md", sensitivity="public", text=f"{POLICY.text} Escondido aqui.")
    retriever.replace({"x.md": [shown], "y.md": [hidden]})
    question = "desconto máximo risco alto"
    assert found(retriever, question) == []
    assert set(found(retriever, question, AGENT)) == {POLICY, shown, hidden}
    assert found(retriever, question, Reading("visitor", TODAY)) == []


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2025-12-31", False), ("2026-01-01", True), ("2026-12-31", True), ("2027-01-01", False)],
)
def test_passages_hold_from_their_first_day_to_their_last(retriever: Retriever, day: str, holds: bool) -> None:
    reading = Reading("customer", date.fromisoformat(day))
    assert (FINE in found(retriever, "multa de fidelidade", reading)) == holds
    assert WIFI in found(retriever, "senha do modem", reading)


def test_new_passages_take_the_place_of_the_old_ones(retriever: Retriever) -> None:
    changed = replace(WIFI, key="k9", text="A senha do modem agora está no aplicativo.")
    retriever.replace({WIFI.document: [changed]}, [FINE.document, "never-there.md"], {WIFI.document: "d4"})
    assert found(retriever, "senha do modem") == [changed]
    assert found(retriever, "multa de fidelidade") == []
    assert found(retriever, "desconto máximo", AGENT) == [POLICY]
    assert dict(retriever.digests()) == {POLICY.document: "", WIFI.document: "d4"}


def test_the_same_again_is_no_change(retriever: Retriever) -> None:
    retriever.replace({WIFI.document: [WIFI]}, digests={WIFI.document: "d3"})
    assert found(retriever, "senha do modem") == [WIFI]
    assert retriever.digests()[WIFI.document] == "d3"


def test_rights_can_be_taken_away(retriever: Retriever) -> None:
    retriever.replace({WIFI.document: [replace(WIFI, audience=("agent",), sensitivity="internal")]})
    assert found(retriever, "senha do modem") == []
    assert len(found(retriever, "senha do modem", AGENT)) == 1


def test_a_document_without_passages_is_remembered(retriever: Retriever) -> None:
    retriever.replace({WIFI.document: []}, digests={WIFI.document: "d5"})
    assert found(retriever, "senha do modem") == []
    assert retriever.digests()[WIFI.document] == "d5"


def test_another_process_sees_the_change(retriever: Retriever, shelves: Platform) -> None:
    other = Platform(shelves.settings).retriever
    assert found(other, "senha do modem") == [WIFI]
    retriever.replace({}, [WIFI.document])
    assert found(other, "senha do modem") == []


class Broken(list[Passage]):
    """Breaks off after the first."""

    def __iter__(self) -> Iterator[Any]:
        yield WIFI
        raise RuntimeError("broken")


def test_a_change_that_fails_changes_nothing(retriever: Retriever) -> None:
    new = replace(FINE, key="k7", text="Outra multa de fidelidade.")
    with pytest.raises(RuntimeError, match="broken"):
        retriever.replace({FINE.document: [new], "b.md": Broken()}, [WIFI.document])
    assert found(retriever, "multa de fidelidade") == [FINE]
    assert found(retriever, "senha do modem") == [WIFI]
    retriever.replace({FINE.document: [new]})
    assert found(retriever, "multa de fidelidade") == [new]


def test_what_says_the_same_is_shown_once(retriever: Retriever) -> None:
    twin = replace(WIFI, key="k8", document="copia.txt", text="A senha do Wi-Fi  está na ETIQUETA do modem.")
    other = replace(WIFI, key="k6", document="outro.txt", text="A senha do Wi-Fi está na etiqueta do modem 2.")
    retriever.replace({"copia.txt": [twin], "outro.txt": [other]})
    seen = found(retriever, "senha do modem")
    assert len(seen) == 2 and other in seen


def test_a_twin_that_the_reader_may_not_see_hides_nothing(retriever: Retriever) -> None:
    retriever.replace({"a.md": [replace(WIFI, key="k8", document="a.md", sensitivity="internal")]})
    assert found(retriever, "senha do modem") == [WIFI]
