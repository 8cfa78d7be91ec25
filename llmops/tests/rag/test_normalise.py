"""One form of text: what is invisible goes, words are whole again."""

import pytest

from llmops.rag.normalise import clean, join_lines, one_line


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("cafe\u0301", "café"),
        ("ﬁbra óﬃce", "fibra óffice"),
        ("R$\u00a099,90", "R$ 99,90"),
        ("ins\u00adta\u00adlação", "instalação"),
        ("a\u200bb\u200ec\u2066d\ufeff", "abcd"),
        ("oi\U000e0041\U000e0042", "oi"),
        ("1º  lugar\t²", "1º lugar ²"),
        ("a\x00b\x07c\r\nd\re", "abc\nd\ne"),
        ("a\n\n\n\n\nb  \n", "a\n\nb"),
    ],
)
def test_clean(raw: str, expected: str) -> None:
    assert clean(raw) == expected


def test_one_line() -> None:
    assert one_line(" a\n b\u00a0 c ") == "a b c"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a insta-", "lação leva"], "a instalação leva"),
        (["o plano pós-", "pago custa"], "o plano pós-pago custa"),
        (["rede Wi-", "Fi da casa"], "rede Wi-Fi da casa"),
        (["basta informá-", "lo ao técnico"], "basta informá-lo ao técnico"),
        (["de 2025-", "2026 em diante"], "de 2025-2026 em diante"),
        (["um traço -", "e mais"], "um traço - e mais"),
        (["fim", "", "começo"], "fim começo"),
        (["bem-", ""], "bem-"),
    ],
)
def test_words_at_line_ends_become_whole(lines: list[str], expected: str) -> None:
    assert join_lines(lines) == expected


def test_the_documents_own_words_decide() -> None:
    assert join_lines(["auto-", "mático"], {"automático"}) == "automático"
    assert join_lines(["guarda-", "roupa"], {"guarda-roupa"}) == "guarda-roupa"
    assert join_lines(["pós-", "graduação"], {"pósgraduação"}) == "pósgraduação"
