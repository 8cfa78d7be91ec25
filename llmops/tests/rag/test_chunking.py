"""Passages follow the structure: sections, pages, whole rows, and sizes."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.rag.blocks import Block, Heading, Paragraph, Parsed, Table
from llmops.rag.chunking import MOST, TINY, Chunk, chunks, words
from llmops.rag.duplicates import without_twins


def sentences(count: int, mark: str = "A") -> str:
    return " ".join(f"{mark}{n} b c d e f g h i j." for n in range(count))


def cut(*blocks: Block, title: str = "T") -> tuple[Chunk, ...]:
    return chunks(Parsed("", blocks), title)


def test_a_section_is_the_path_of_headings() -> None:
    found = cut(
        Paragraph("intro"), Heading("T", 1), Heading("Um", 2), Paragraph("a"), Heading("Dois", 3), Paragraph("b"),
        Heading("Três", 2), Heading("Quatro", 4), Paragraph("c"),
    )  # fmt: skip
    assert found == (
        Chunk("", None, "intro"),
        Chunk("Um", None, "a"),
        Chunk("Um > Dois", None, "b"),
        Chunk("Três > Quatro", None, "c"),
    )


def test_a_heading_above_nothing_is_text_where_it_says_something() -> None:
    found = cut(Heading("Um", 1), Heading("Aviso: a loja fecha cedo", 2), Heading("Fim", 2))
    assert found == (Chunk("Um", None, "Aviso: a loja fecha cedo"),)


def test_neighbours_in_a_section_stay_together() -> None:
    (one,) = cut(Heading("x", 1), Paragraph(sentences(3)), Paragraph(sentences(4, "Z")))
    assert one.text == f"{sentences(3)}\n\n{sentences(4, 'Z')}"


def test_long_text_is_cut_between_sentences_in_even_parts() -> None:
    found = cut(Paragraph(sentences(60)))
    assert [words(one.text) for one in found] == [200, 200, 200]
    assert all(one.text.endswith("j.") for one in found)
    assert " ".join(one.text for one in found) == sentences(60)


def test_a_sentence_without_end_is_cut_between_words() -> None:
    found = cut(Paragraph("palavra " * 700))
    assert sum(words(one.text) for one in found) == 700 and max(words(one.text) for one in found) <= MOST


def test_a_list_is_cut_between_its_items() -> None:
    text = "\n".join(f"- {sentences(2, f'I{n}')}" for n in range(30))
    found = cut(Paragraph(text))
    assert len(found) > 1 and all(line.startswith("- ") for one in found for line in one.text.split("\n"))


def test_a_table_is_cut_between_rows_and_repeats_its_head() -> None:
    rows = tuple((f"plano {n}", sentences(3, f"R{n}_")) for n in range(20))
    found = cut(Heading("Preços", 1), Table(("Plano", "O que | inclui"), rows, "Tabela 1"))
    assert len(found) > 1
    head = "Tabela 1\n| Plano | O que \\| inclui |\n| --- | --- |\n"
    assert all(one.text.startswith(head) for one in found)
    listed = [line for one in found for line in one.text.removeprefix(head).split("\n")]
    assert listed == [f"| {name} | {text} |" for name, text in rows]


def test_a_table_with_nothing_but_a_head_is_a_line() -> None:
    assert cut(Table(("Luz", "", "Cor"), ())) == (Chunk("", None, "Luz | Cor"),)


def test_a_chunk_stays_on_its_page() -> None:
    found = cut(Heading("x", 1, 1), Paragraph("a", 1), Paragraph("b", 2), Table(("c", "d"), (("1", "2"),), "", 2))
    assert [(one.page, one.section) for one in found] == [(1, "x"), (2, "x")]


texts = st.lists(st.integers(1, 400), min_size=1, max_size=8)


@settings(deadline=None, max_examples=50)
@given(texts)
def test_nothing_is_lost_and_nothing_is_too_long(sizes: list[int]) -> None:
    blocks = [Paragraph(" ".join(f"p{n}w{m}" for m in range(size))) for n, size in enumerate(sizes)]
    found = cut(*blocks)
    assert " ".join(one.text for one in found).split() == " ".join(block.text for block in blocks).split()
    assert all(words(one.text) <= MOST + TINY for one in found)


@settings(deadline=None, max_examples=50)
@given(texts)
def test_no_tiny_rest_is_left_where_it_has_room(sizes: list[int]) -> None:
    found = cut(*(Paragraph(" ".join(["x"] * size)) for size in sizes))
    for before, after in pairwise(words(one.text) for one in found):
        assert min(before, after) >= TINY or before + after > MOST + TINY


def test_twins_in_a_section_are_left_out() -> None:
    text = "O prazo de resposta é de 7 dias corridos a partir do registro do chamado na central de atendimento."
    near = text.replace("central", "nossa central").replace("é de", "é de até")
    listed = [
        Chunk("a", 1, text), Chunk("a", 2, text.upper()), Chunk("b", 2, text), Chunk("a", 3, text.replace("7", "8")),
        Chunk("a", 4, text.replace("é de", "não é de")), Chunk("a", 5, near),
    ]  # fmt: skip
    assert list(without_twins(listed)) == [listed[0], listed[2], listed[3], listed[4], listed[5]]
    long = " ".join(f"palavra{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(60))
    assert list(without_twins([Chunk("a", 1, long), Chunk("a", 1, f"{long} enfim")])) == [Chunk("a", 1, long)]
