"""Masks personal data of Brazil: CPF, CNPJ, payment cards, telephones, e-mail addresses.

What is found is replaced before a text is logged, traced, stored or sent to a model. Names and postal addresses are
not covered. What a check digit can decide, it decides; written with its usual punctuation a number is masked even if
it has a slip in it. Precision and recall are measured on the labelled sentences of the tests.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType, number_type
from validate_docbr import CNPJ, CPF

MARKS = {"email": "[E-MAIL]", "cnpj": "[CNPJ]", "cpf": "[CPF]", "card": "[CARTÃO]", "phone": "[TELEFONE]"}
COUNTRY = "BR"
FEWEST_DIGITS = 8
"""Below so many digits a text holds no number of anybody."""

DIGIT = re.compile(r"\d")
EMAIL = re.compile(
    r"[\w.+-]{1,64}(?:\s?@\s?|\s?\(?\barroba\b\)?\s?)[\w-]{1,63}(?:(?:\.|\s?\(?\bponto\b\)?\s?)[\w-]{2,63})+", re.I
)
# Letters are allowed in the CNPJ since July 2026 (Instrução Normativa RFB 2.229/2024).
CNPJ_SHAPE = re.compile(r"(?<![\w./-])[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?\d{2}(?![\w/-])", re.I)
CPF_SHAPE = re.compile(r"(?<![\w./-])\d{3}([. ]?)\d{3}\1\d{3}[-. ]?\d{2}(?![\w/-])")
CARD_SHAPE = re.compile(
    r"(?<![\w./-])[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}(?![\w/-])|(?<![\w./-])3[47]\d{2}([ -]?)\d{6}\2\d{5}(?!\w)"
)
SHORT_PHONE = re.compile(r"(?<![\w./,-])(?:9\d{4}[-. ]\d{4}|9\d{8}|(?!20\d\d-20)[2-5]\d{3}-\d{4})(?![\w/,-])")
OWN_NUMBERS = frozenset((PhoneNumberType.TOLL_FREE, PhoneNumberType.SHARED_COST, PhoneNumberType.PREMIUM_RATE))
"""Numbers of companies, which identify nobody."""
CARD_DIGITS = range(13, 20)
COMPANY_PREFIXES = ("4003", "4004", "3003", "3004")

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Masked:
    """The text without the data, and which kinds were found, each once per finding."""

    text: str
    kinds: tuple[str, ...] = ()


def mask(text: str) -> Masked:
    """The text with each finding replaced by the mark of its kind. Masking twice changes nothing more.

    Compatibility forms (full-width digits, …) are written plainly first.
    """
    plain = unicodedata.normalize("NFKC", text)
    spans = sorted(_apart(_found(plain)))
    parts, at = [], 0
    for start, end, kind in spans:
        parts += [plain[at:start], MARKS[kind]]
        at = end
    return Masked("".join(parts) + plain[at:], tuple(kind for _, _, kind in spans))


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1)."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _found(text: str) -> Iterator[Span]:
    """Every finding, those of the surer kinds first; they may overlap."""
    if "@" in text or "arroba" in text.lower():
        yield from _spans(EMAIL, text, "email", lambda _: True)
    if len(DIGIT.findall(text)) < FEWEST_DIGITS:
        return
    yield from _spans(CNPJ_SHAPE, text, "cnpj", _is_cnpj)
    yield from _spans(CPF_SHAPE, text, "cpf", lambda shape: _is_cpf(shape, text))
    yield from _spans(CARD_SHAPE, text, "card", _is_card)
    for match in PhoneNumberMatcher(text, COUNTRY, leniency=Leniency.VALID):
        if number_type(match.number) not in OWN_NUMBERS:
            yield match.start, match.end, "phone"
    yield from _spans(SHORT_PHONE, text, "phone", lambda shape: not shape[0].startswith(COMPANY_PREFIXES))


def _spans(shape: re.Pattern[str], text: str, kind: str, holds: Callable[[re.Match[str]], bool]) -> Iterator[Span]:
    for match in shape.finditer(text):
        if holds(match):
            yield match.start(), match.end(), kind


def _apart(spans: Iterator[Span]) -> list[Span]:
    """The first of those that overlap."""
    taken: list[Span] = []
    for span in spans:
        if all(span[1] <= other[0] or other[1] <= span[0] for other in taken):
            taken.append(span)
    return taken


def _is_cnpj(shape: re.Match[str]) -> bool:
    plain = re.sub(r"\W", "", shape[0]).upper()
    return "/" in shape[0] or bool(CNPJ().validate(plain))


def _is_cpf(shape: re.Match[str], text: str) -> bool:
    written = bool(re.fullmatch(r"\d{3}\.\d{3}\.\d{3}-\d{2}", shape[0]))
    announced = "cpf" in text[max(0, shape.start() - 20) : shape.start()].lower()
    return written or announced or bool(CPF().validate(re.sub(r"\D", "", shape[0])))


def _is_card(shape: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", shape[0])
    return len(digits) in CARD_DIGITS and luhn(digits)
