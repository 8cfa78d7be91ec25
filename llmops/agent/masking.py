"""Masks personal data of Brazil: CPF, RG, CNPJ, payment cards and their codes, telephones, e-mail addresses.

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

MARKS = {
    "email": "[E-MAIL]",
    "cnpj": "[CNPJ]",
    "cpf": "[CPF]",
    "rg": "[RG]",
    "card": "[CARTÃO]",
    "phone": "[TELEFONE]",
}
COUNTRY = "BR"
FEWEST_DIGITS, FEWEST_OF_CODES = 8, 3
"""Below so many digits a text holds no number of anybody, or no code of a card."""

DIGIT = re.compile(r"\d")
EMAIL = re.compile(
    r"[\w.+-]{1,64}(?:\s?@\s?|\s?\(?\barroba\b\)?\s?|\s?[\[({]\s?(?:at|arroba)\s?[\])}]\s?)[\w-]{1,63}"
    r"(?:(?:\.|\s?[\[({]?\b(?:ponto|dot)\b[\])}]?\s?|(?:,|\s?\.\s?)(?=(?:com|net|org|gov|edu|br)\b))[\w-]{2,63})+",
    re.I,
)
AT = re.compile(r"@|arroba|[\[({]\s?at\s?[\])}]", re.I)
# What people put between the digits; compatibility forms were written plainly before.
BETWEEN = r"[ .\-/\u2010-\u2015\u2212]{0,3}"
_ALONE, _ENDS = r"(?<!\d)(?<!\d[./-])", r"(?!\d)(?![./-]\d)(?!\w)"
LOOSE_CPF = re.compile(rf"{_ALONE}(?=(\d(?:{BETWEEN}\d){{10}}){_ENDS})")
LOOSE_CNPJ = re.compile(
    rf"{_ALONE}(?=(\d{{2}}{BETWEEN}\d{{3}}{BETWEEN}\d{{3}}{BETWEEN}\d{{4}}{BETWEEN}\d{{2}}){_ENDS})"
)
LOOSE_CARD = re.compile(
    rf"{_ALONE}(?=((?:4|5\d|2[2-7]|6[0-5])(?:{BETWEEN}\d){{14,15}}|3[47](?:{BETWEEN}\d){{13}}){_ENDS})"
)
MOST_GAPS = 5
"""Numbers that people write in more pieces are several numbers."""
ANNOUNCED = {
    "cpf": re.compile(r"(?:cpf|documento|doc)$", re.I),
    "cnpj": re.compile(r"cnpj$", re.I),
    "card": re.compile(r"(?:cart[aã]o|card|visa|master(?:card)?|elo|amex|cr[eé]dito|d[eé]bito)$", re.I),
}
"""Words that may stand right before a number, without a space; other letters make it a part of something else."""
SECURITY_CODE = re.compile(
    r"\b(?:cvv2?|cvc2?|c[oó]d(?:igo|\.)? de seguran[cç]a|security code)(?: do (?:meu )?cart[aã]o)?"
    r"(?:[:=\s]|é|e|is|do verso){0,12}(\d{3,4})(?!\d)",
    re.I,
)
RG = re.compile(
    r"\b(?:rg|registro geral|(?:carteira de )?identidade)\b(?:[:=\s]|é|e|is|do titular|n[uú]mero|n[º°o.]{1,2}){0,12}"
    r"((?:[A-Z]{2}[- ]?)?\d{1,2}\.?\d{3}\.?\d{3}(?:[- ]?[\dX])?)(?![\w/])"
    r"|(?<![\w./-])(\d{2}\.\d{3}\.\d{3}-[\dX])(?![\w/-])",
    re.I,
)
GLUED_PHONE = re.compile(r"\b(?:tel(?:efone)?|fone|cel(?:ular)?|whats(?:app)?|zap)[.:]{0,2}(\d{10,11})(?!\d)", re.I)
BAR_CODE = re.compile(
    r"(?<!\d)(?:\d{5}\.?\d{5} ?\d{5}\.?\d{6} ?\d{5}\.?\d{6} ?\d ?\d{10,14}|(?:\d{11}[- ]?\d ?){4}|\d{44})(?!\d)"
)
"""What a payment slip is paid by, in figures: long, and nobody's number."""
# Letters are allowed in the CNPJ since July 2026 (Instrução Normativa RFB 2.229/2024).
CNPJ_SHAPE = re.compile(r"(?<![\w./-])[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?\d{2}(?![\w/-])", re.I)
CPF_SHAPE = re.compile(r"(?<![\w./-])\d{3}([. ]?)\d{3}\1\d{3}[-. ]?\d{2}(?![\w/-])")
CARD_SHAPE = re.compile(
    r"(?<![\w./-])[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}(?![\w/-])|(?<![\w./-])3[47]\d{2}([ -]?)\d{6}\2\d{5}(?!\w)"
)
SHORT_PHONE = re.compile(
    r"(?<![\w./,-])(?:9\d{4}[-. ]\d{4}|9[ .](?!20\d\d-20)\d{4}[-. ]?\d{4}|9\d{8}"
    r"|(?!20\d\d-20)[2-5]\d{3}-\d{4})(?![\w/,-])"
)
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
    if AT.search(text):
        yield from _spans(EMAIL, text, "email", lambda _: True)
    digits = len(DIGIT.findall(text))
    if digits >= FEWEST_OF_CODES:
        yield from _named(SECURITY_CODE, text, "card")
        yield from _named(RG, text, "rg")
    if digits >= FEWEST_DIGITS:
        yield from _numbers(text)


def _numbers(text: str) -> Iterator[Span]:
    """What is long enough to be told by its digits; nothing of a payment slip's."""
    slips = [match.span() for match in BAR_CODE.finditer(text)]
    return (span for span in _any_numbers(text) if all(span[1] <= start or end <= span[0] for start, end in slips))


def _any_numbers(text: str) -> Iterator[Span]:
    yield from _spans(CNPJ_SHAPE, text, "cnpj", _is_cnpj)
    yield from _spans(CPF_SHAPE, text, "cpf", lambda shape: _is_cpf(shape, text))
    yield from _spans(CARD_SHAPE, text, "card", _is_card)
    yield from _loose(LOOSE_CARD, text, "card", _is_loose_card)
    yield from _loose(LOOSE_CNPJ, text, "cnpj", lambda digits: bool(CNPJ().validate(digits)))
    yield from _loose(LOOSE_CPF, text, "cpf", lambda digits: bool(CPF().validate(digits)))
    for match in PhoneNumberMatcher(text, COUNTRY, leniency=Leniency.VALID):
        if number_type(match.number) not in OWN_NUMBERS:
            yield match.start, match.end, "phone"
    yield from _named(GLUED_PHONE, text, "phone")
    yield from _spans(SHORT_PHONE, text, "phone", lambda shape: not shape[0].startswith(COMPANY_PREFIXES))


def _named(shape: re.Pattern[str], text: str, kind: str) -> Iterator[Span]:
    """Numbers that are told by the words before them: the first group that is there."""
    for match in shape.finditer(text):
        group = match.lastindex or 0
        yield match.start(group), match.end(group), kind


def _loose(shape: re.Pattern[str], text: str, kind: str, holds: Callable[[str], bool]) -> Iterator[Span]:
    """Numbers however they are cut into pieces, by their check digits."""
    for match in shape.finditer(text):
        start, end = match.span(1)
        before = text[max(0, start - 12) : start]
        if before[-1:].isalpha() and not ANNOUNCED[kind].search(before):
            continue
        gaps = len(re.findall(r"\D+", match[1]))
        if gaps <= MOST_GAPS and holds(re.sub(r"\D", "", match[1])):
            yield start, end, kind


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


def _is_loose_card(digits: str) -> bool:
    """The beginnings of the cards that are in use, with their lengths, and the check digit."""
    first = int(digits[:4])
    usual = digits[0] == "4" or 5000 <= first <= 5999 or 2221 <= first <= 2720 or 6000 <= first <= 6599
    length = 15 if digits[0] == "3" else 16
    return (usual or digits[0] == "3") and len(digits) == length and luhn(digits)
