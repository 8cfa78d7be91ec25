"""What the desk asks for besides the chat: who is signed in, cited passages, tickets on the card."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import pytest

from llmops.agent.assistant_service import create_app
from llmops.agent.passages_view import Cited, find
from llmops.agent.session_view import preferred
from llmops.tests.agent.service_fakes import Service
from llmops.tests.small_world import CUSTOMER, NOW, by_hand, ticket_row
from telecom.errors import DependencyUnavailable, NotFound
from telecom.passages import may_read
from telecom.ports import Found, Passage, Reading

AGENT, READER = Reading("agent", NOW.date()), Reading("customer", NOW.date())
TEXTS = {"5. Atraso": "A multa é de 2 %.", "6. Contestação": "O prazo é de 3 anos.", "7.1 Prazo": "São 7 dias."}
RULES = [Passage(name, "rules.pdf", "Regras", name, place, text) for place, (name, text) in enumerate(TEXTS.items(), 1)]
SECRET = Passage("s", "secret.md", "Interno", "1. Alçada", None, "É do gerente.", ("agent",), "internal")


@dataclass
class Shelf:
    """Implements the part of `telecom.ports.Retriever` that reads: all passages that the reader may see."""

    passages: list[Passage] = field(default_factory=lambda: [*RULES, SECRET])
    down: bool = False

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        if self.down:
            raise DependencyUnavailable("The search does not answer.")
        return tuple(Found(one, 0.9) for one in self.passages if may_read(one, reading))[:k]


@pytest.fixture
def service() -> Service:
    made = Service(warehouse=by_hand(customer_tickets=[ticket_row(closed_at=None, status="open")]))
    made.app = create_app(replace(made.wiring, retriever=Shelf()))  # type: ignore[arg-type]
    return made


def passages(**query: str) -> str:
    return f"/v1/passages?{urlencode(query)}"


def test_a_passage_comes_with_its_neighbours(service: Service) -> None:
    told = service.ask(passages(document="rules.pdf", section="6. Contestação", quote="O prazo é de 3 anos.")).json()
    assert (told["title"], told["section"], told["page"]) == ("Regras", "6. Contestação", 2)
    assert told["text"] == "O prazo é de 3 anos."
    assert told["before"] == {"section": "5. Atraso", "page": 1, "text": "A multa é de 2 %."}
    assert told["after"]["section"] == "7.1 Prazo"


def test_the_quote_tells_passages_of_one_section_apart() -> None:
    twin = replace(RULES[1], key="6b", text="A resposta   vem em\n7 dias.")
    shelf = Shelf([*RULES, twin])
    for quote, text in (
        ("a resposta vem em 7 dias", twin.text),
        ("O prazo é de 3…", RULES[1].text),
        ("", RULES[1].text),
    ):
        cited = Cited(document="rules.pdf", section="6. Contestação", quote=quote)
        assert find(shelf, cited, AGENT).text == text  # type: ignore[arg-type]


def test_the_first_and_the_last_section_have_one_neighbour() -> None:
    for section, before, after in (("5. Atraso", False, True), ("7.1 Prazo", True, False)):
        found = find(Shelf(), Cited(document="rules.pdf", section=section), AGENT)  # type: ignore[arg-type]
        assert (found.before is not None, found.after is not None) == (before, after)


def test_passages_are_for_those_who_may_read_them(service: Service) -> None:
    path = passages(document="secret.md", section="1. Alçada")
    assert service.ask(path).status_code == 200
    refused = service.ask(path, Authorization=f"Bearer {CUSTOMER}")
    unknown = service.ask(passages(document="none.md"), Authorization=f"Bearer {CUSTOMER}")
    assert refused.status_code == unknown.status_code == 404 and refused.json() == unknown.json()
    with pytest.raises(NotFound):
        find(Shelf(), Cited(document="secret.md"), READER)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "query", ["", "document=", "document=a&document=b", "other=1", "document=a&quote=" + "x" * 401, "document=%ff"]
)
def test_a_citation_that_cannot_be_read(service: Service, query: str) -> None:
    refused = service.ask(f"/v1/passages?{query}")
    assert (refused.status_code, refused.json()["code"]) == (422, "wrong_citation")


def test_without_a_knowledge_base_there_are_no_passages() -> None:
    assert Service().ask(passages(document="rules.pdf")).status_code == 404
    down = Service()
    down.app = create_app(replace(down.wiring, retriever=Shelf(down=True)))  # type: ignore[arg-type]
    assert down.ask(passages(document="rules.pdf")).status_code == 503


@pytest.mark.parametrize(
    ("who", "role", "customer", "customers"),
    [
        ("ana", "agent", None, None),
        ("rui", "agent", CUSTOMER, 1),
        ("eva", "agent", None, 2),
        (CUSTOMER, "customer", CUSTOMER, 1),
    ],
)
def test_who_is_signed_in(service: Service, who: str, role: str, customer: str | None, customers: int | None) -> None:
    told = service.ask("/v1/session", Authorization=f"Bearer {who}").json()
    assert (told["name"], told["role"], told["customer_id"], told["customers"]) == (who, role, customer, customers)
    assert told["language"] == "pt-BR" and ("approve:retention" in told["scopes"]) == (who in ("ana", "eva"))


def test_nobody_is_signed_in_without_a_token(service: Service) -> None:
    for door, status in (("", 401), ("Bearer x", 401), ("Bearer robot", 403)):
        assert service.ask("/v1/session", Authorization=door).status_code == status


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "pt-BR"), ("en-GB,en;q=0.9", "en"), ("de,pt;q=0.5,en;q=0.4", "pt-BR"), ("fr", "pt-BR"), ("EN", "en")],
)
def test_the_language_that_a_browser_prefers(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_a_card_has_the_open_tickets(service: Service) -> None:
    for who in ("ana", CUSTOMER):
        tickets = service.ask(f"/v1/customers/{CUSTOMER}/card", Authorization=f"Bearer {who}").json()["tickets"]
        assert tickets["open_count"] == 1 and tickets["tickets"][0]["subject"] == "Velocidade abaixo da contratada"


def test_the_routes_are_described(service: Service) -> None:
    described = service.ask("/openapi.json").json()
    assert {"/v1/session", "/v1/passages", "/", "/web/{path}"} <= described["paths"].keys()
    needed = {one["name"]: one["required"] for one in described["paths"]["/v1/passages"]["get"]["parameters"]}
    assert needed == {"document": True, "section": False, "quote": False}
