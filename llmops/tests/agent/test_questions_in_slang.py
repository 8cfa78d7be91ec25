"""What customers and agents ask in their own words, over the whole knowledge base; none of it was trained on."""

from pathlib import Path

import pytest

from llmops.agent.intents import training
from llmops.agent.intents.understanding import understand
from llmops.agent.intents.wishes import Wish, lacking, wishes
from llmops.rag import ingest_documents
from llmops.tests.agent.stage import Stage
from llmops.tests.agent.test_answers_from_documents import NOW, ON
from telecom.adapters.local.retrieval import LocalRetriever
from telecom.ports import Found, Passage
from telecom.progress import Silent
from telecom.settings import Settings

DOCUMENTS = Path(__file__).parents[3] / "docs" / "telecom"
CUSTOMERS = (
    ("em qnts dias vcs cortam se eu n pagar", "20 dias"),
    ("vence dia 10, ate quando posso pagar sem bloquear", "20 dias"),
    ("vou viajar pros eua, meu chip funciona la? qto pago por dia", "R$ 39,90"),
    ("indo pra disney em janeiro, o cel vai funcionar la?", "R$ 39,90"),
    ("meu streaming da pra logar em qnts celular", "3 telas"),
    ("da pra ver o streaming em quantas tvs ao mesmo tempo", "3 telas"),
    ("o 5g ta incluso no meu plano?", "em todas as linhas"),
    ("chip 5g? tem?", "em todas as linhas"),
    ("meu cel e 5g, tenho q pagar mais?", "em todas as linhas"),
    ("to duro, qual a net mais baratinha", "R$ 25,00"),
    ("me ve o plano mais em conta ai", "R$ 25,00"),
    ("vcs levam qto tempo pra consertar a net", "24 horas"),
    ("quanto custa a visita e em quanto tempo vem?", "R$ 60,00"),
    ("da pra cancelar so o movel", "sem multa"),
    ("fizeram contrato no meu cpf sem eu saber", "conteste"),
    ("no endereço novo n tem cobertura e ai", "sem multa"),
    ("caiu a ligacao com atendente no meio", "10 minutos"),
    ("quando entra o credito da queda", "primeira fatura"),
    ("does my sim work in the US and how much a day", "R$ 39,90"),
    ("when do you suspend the line if I pay late", "20 days"),
)
AGENTS = (
    ("qual o teto q posso dar de desconto pela politica", "risco alto"),
    ("me resume as regras de desconto por segmento", "Essencial"),
    ("quanto de credito posso dar sem chamar supervisor", "R$ 15,00"),
    ("ate quanto posso creditar na fatura sem aprovacao", "R$ 15,00"),
    ("e a politica de upgrade, quais as regras", "180 dias"),
)
NOWHERE = (
    "what's the weather in NYC", "my dog is sick", "is it going to rain", "translate this to french",
    "qual o sentido da vida", "meu cachorro ta doente", "quero comprar um carro", "me ensina a fazer bolo",
    "quem descobriu a america", "asdf qwer",
)  # fmt: skip


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> LocalRetriever:
    retriever = LocalRetriever(Settings(home=tmp_path_factory.mktemp("slang")))
    ingest_documents.run(retriever, None, DOCUMENTS, Silent())
    return retriever


def test_none_was_trained_on() -> None:
    learnt = {each.text for each in (*training.read_utterances(), *training.read_questions())}
    asked = {said for said, _ in (*CUSTOMERS, *AGENTS)} | set(NOWHERE)
    assert not asked & learnt


@pytest.mark.parametrize(("said", "holds"), CUSTOMERS)
def test_customers_are_told_what_the_documents_say(knowledge: LocalRetriever, said: str, holds: str) -> None:
    reply = Stage(retriever=knowledge, now=NOW).say(said)
    assert holds in reply.message and reply.citations


@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize(("said", "holds"), AGENTS)
def test_agents_are_told_rules_with_and_without_a_customer(
    knowledge: LocalRetriever, said: str, holds: str, bound: bool
) -> None:
    stage = Stage(retriever=knowledge, now=NOW)
    reply = stage.say(said, role="agent") if bound else stage.say(said, role="agent", customer_id=None)
    assert holds in reply.message and reply.citations[0].document.startswith("policies/")


@pytest.mark.parametrize("said", NOWHERE)
def test_what_nobody_answers_gets_no_passage(knowledge: LocalRetriever, said: str) -> None:
    assert not Stage(retriever=knowledge, now=NOW).say(said).citations


def test_what_somebody_keeps_is_no_wish() -> None:
    assert len(wishes("quero cancelar meu chip mas manter a internet", ON, {})) == 1
    assert len(wishes("minha internet caiu e quero a segunda via da fatura", ON, {})) == 2


def test_a_section_that_is_surely_asked_for_is_looked_for_by_its_name() -> None:
    said = "quanto custa a visita e em quanto tempo vem?"
    wish = Wish(said, understand(said, ON))
    place = ("support/niveis-servico.pdf", "4. Custo da visita")
    assert "Custo da visita" in lacking([wish], ())[place]
    there = Found(Passage("p", *place[:1], "Níveis de serviço", place[1], None, "Visita: R$ 60,00."), 1.0)
    assert place not in lacking([wish], (there,))
