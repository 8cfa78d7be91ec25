"""What tools say is known in English: every sentence in the code of the tools, and the pages' copy of the list."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from llmops.agent.intents import gists
from llmops.agent.language import language_of
from llmops.agent.responder import english
from llmops.agent.responder.english import in_english, told_in_english
from llmops.agent.responder.figures import titled
from llmops.tests.agent.stage import LATE, Shelf, Stage
from llmops.tests.small_world import DAY, by_hand, invoice_row
from telecom.ports import Passage
from tools import english_words

ROOT = Path(__file__).parents[3]
SAYING = (
    "tools/offers_tool.py", "tools/retention_checks.py", "tools/retention_conditions.py", "tools/speed_checks.py",
    "tools/line_checks.py", "tools/offer_facts.py", "agent/action_checks.py", "agent/executor.py",
)  # fmt: skip
TO_MODELS = ("Não faça", "Não ofereça")
"""How advice to models begins."""


def sentences(path: Path) -> Iterator[str]:
    """Every sentence that a module says, with 3 in the place of what is filled in."""
    tree = ast.parse(path.read_text("utf-8"))
    apart = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    apart |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "3" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            text = node.value
        if re.fullmatch(r"[A-ZÀ-Ý3][^\n_]*[a-zà-ÿ]{2,} [^\n_]*\.", text) and not text.startswith(TO_MODELS):
            yield text


@pytest.mark.parametrize("name", SAYING)
def test_every_sentence_of_the_tools_is_known(name: str) -> None:
    said = list(sentences(ROOT / "llmops" / name))
    unknown = [each for each in said if not in_english(each) and not in_english(each.removeprefix("3"))]
    assert said and not unknown, "add to sentences.en.txt, then run: python -m tools.english_words"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Há 2 faturas vencidas em aberto; ofertas só depois do pagamento.",
         "2 overdue bills not paid yet; offers only after the payment."),
        ("O teto para este perfil é 20 % por 1 mês. Custa R$ 5,00 e restam R$ 3,00 do orçamento do cliente.",
         "The cap for this profile is 20 % for 1 month."
         " It costs R$ 5,00, and R$ 3,00 of the customer's budget are left."),
        ("contrato mensal, sem fidelidade", "contract: monthly, without commitment"),
        ("não tem Suporte técnico premium", "does not have Suporte técnico premium"),
        ("Já existe o chamado T-1 aberto sobre internet lenta.", "Ticket T-1 about slow internet is open already."),
        ("Isto ninguém diz. O cliente já tem esse plano.", ""),
    ],
)  # fmt: skip
def test_sentences_in_english(said: str, meant: str) -> None:
    assert in_english(said) == meant


def test_what_is_not_known_is_quoted_as_portuguese() -> None:
    assert told_in_english("Isto é novo.") == 'Our system says, in Portuguese: "Isto é novo."'
    assert (
        titled("Visita técnica em 23/11/2026, das 8h às 12h", "en")
        == "Technician's visit on Nov 23, 2026, from 8h to 12h"
    )
    assert titled("Isto é novo", "en") == "Isto é novo"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("vence em 05/12/2026", "vence em Dec 5, 2026"), ("20/11 18h30", "Nov 20, 18:30"),
        ("até 21/11.", "até Nov 21."),
        ("31/01, 10/10", "Jan 31, Oct 10"), ("12/2026 e 765/2023", "12/2026 e 765/2023"), ("24/7, 1/02", "24/7, 1/02"),
        ("32/11 e 20/13", "32/11 e 20/13"), ("Nov 20, 2026", "Nov 20, 2026"),
    ],
)  # fmt: skip
def test_days_as_the_english_pages_write_them(said: str, meant: str) -> None:
    assert english.dated(said) == meant


def test_answers_write_days_in_their_own_language() -> None:
    late = invoice_row(0, paid_on=None, status="overdue", due_on=DAY - timedelta(days=10))
    stage = Stage(warehouse=by_hand(customer_invoices=[late, invoice_row(1)]))
    assert "Nov 10, 2026" in stage.say("do I have an overdue bill?", session_id="en").message
    assert "10/11/2026" in stage.say("tenho alguma conta em atraso?").message


def test_quotes_keep_their_days() -> None:
    shelf = Shelf(replace(LATE, text="Multa e juros valem desde 01/11/2026."))
    said = Stage(shelf=shelf).say("what are multa e juros for paying late?").message
    assert "Nov 1," not in said and "01/11/2026" in said


def test_rooms_of_both_sides_are_the_same() -> None:
    rooms = re.compile(r"\{\w+\}")
    assert len(english.listed()) > 120
    assert not [pair for pair in english.listed() if sorted(rooms.findall(pair[0])) != sorted(rooms.findall(pair[1]))]


def test_the_pages_have_the_same_list() -> None:
    assert english_words.PAGES.read_text("utf-8") == english_words.told(), "run: python -m tools.english_words"


def test_gists_are_read_and_keyed() -> None:
    text = "# note\n## a.md § One\n- A fine of 2 %.\n- Within 3 days.\n- Within 9 days.\n"
    found = gists.keyed(gists.read(text), [passage("k1", "Prazo de 3 dias."), passage("k2", "Multa de 2 %.")])
    assert [gist.key for gist in found] == ["k2", "k1", gists.UNKNOWN]
    assert gists.written(found).splitlines()[1:3] == ["## a.md § One", "k2 A fine of 2 %."]
    with pytest.raises(ValueError, match="neither"):
        gists.read("nothing known")


def passage(key: str, text: str) -> Passage:
    return Passage(key, "a.md", "A", "One", None, text)


@pytest.mark.parametrize(
    ("role", "messages"),
    [
        ("agent", ("what offers can I make?", "yes", "why does he want to leave? what is the churn risk?",
                   "the customer asked for a discount: 50% for 12 months", "move the customer to fibre",
                   "open a ticket: slow internet every night", "open tickets")),
        ("customer", ("I want more speed", "the first one", "remove streaming tv", "add digital security",
                      "I want to cancel", "yes", "I want to complain about your shop", "call me tomorrow morning")),
    ],
)  # fmt: skip
def test_a_conversation_in_english_is_english(role: str, messages: tuple[str, ...]) -> None:
    for reply in Stage().talk(*messages, role=role):
        body = re.sub(r'The source is in Portuguese and prevails:\n".*?"', "", reply.message, flags=re.DOTALL)
        body = re.sub(r"Segurança digital|Suporte técnico premium|Linha móvel|Streaming filmes|São Paulo", "", body)
        assert language_of(body) == "en" and not set("ãõçáéíóúâêô") & set(body), reply.message
        assert "in Portuguese:" not in body


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("Prepare the offer: Remove Segurança digital", "en"), ("add Linha móvel adicional", "en"),
        ("Prepare a oferta: Retirar Linha móvel adicional", "pt-BR"), ("tira a Segurança digital", "pt-BR"),
    ],
)  # fmt: skip
def test_names_on_bills_tell_no_language(message: str, language: str) -> None:
    assert language_of(message, "en" if language == "pt-BR" else "pt-BR") == language
