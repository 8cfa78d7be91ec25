"""Masking, measured on labelled messages, and its laws."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from validate_docbr import CPF

from llmops.agent.masking import MARKS, luhn, mask

LABEL = re.compile(r"«(\w+)\|([^»]*)»")
LINES = [
    line
    for line in Path(__file__).with_name("labelled_pii.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
# What is known to go wrong, each with its reason; a mend must remove it from here.
KNOWN = {
    "o IMEI é 356938035643809": "an IMEI has the length and the check digit of a card",
}


def expected(line: str) -> str:
    return LABEL.sub(lambda label: MARKS[label[1]], line)


def measured(lines: list[str]) -> tuple[int, int, int]:
    """Findings that are right, that should not be, and that are missing."""
    right = wrong = missing = 0
    for line in lines:
        wanted = [label[1] for label in LABEL.finditer(line)]
        found = list(mask(LABEL.sub(r"\2", line)).kinds)
        for kind in wanted:
            if kind in found:
                found.remove(kind)
                right += 1
            else:
                missing += 1
        wrong += len(found)
    return right, wrong, missing


@pytest.mark.parametrize("line", [line for line in LINES if line not in KNOWN])
def test_a_labelled_message(line: str) -> None:
    assert mask(LABEL.sub(r"\2", line)).text == expected(line)


@pytest.mark.parametrize("line", KNOWN)
def test_a_known_limit_is_still_one(line: str) -> None:
    assert line in LINES and mask(LABEL.sub(r"\2", line)).text != expected(line)


def test_precision_and_recall_over_all_of_them() -> None:
    right, wrong, missing = measured(LINES)
    assert right + missing >= 45
    assert right / (right + wrong) >= 0.95
    assert right / (right + missing) >= 0.97


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask(text)
    assert mask(once.text).text == once.text


@given(st.integers(0, 999_999_999), st.sampled_from(["{}.{}.{}-{}", "{}{}{}{}", "{} {} {} {}"]))
def test_every_valid_cpf_goes(number: int, form: str) -> None:
    base = f"{number:09d}"
    digits = _checked(base)
    assert CPF().validate(digits) or len(set(digits)) == 1
    if len(set(digits)) == 1:
        return
    written = form.format(digits[:3], digits[3:6], digits[6:9], digits[9:])
    assert written not in mask(f"documento {written} aqui").text


def _checked(base: str) -> str:
    """The nine digits with the two that check them (Receita Federal's rule, modulo 11)."""
    for _ in range(2):
        rest = sum(int(d) * w for d, w in zip(reversed(base), range(2, 12), strict=False)) % 11
        base += str(0 if rest < 2 else 11 - rest)
    return base


def test_the_check_digit_of_cards() -> None:
    assert luhn("4111111111111111") and not luhn("4111111111111112")


def test_long_runs_of_blanks_and_digits_are_read_once() -> None:
    for text in ("rg" + " " * 5_000 + "x", "cvv" + " e" * 3_000, "4" + "1" * 5_000, "1 " * 3_000, "5-" * 3_000):
        mask(text)
