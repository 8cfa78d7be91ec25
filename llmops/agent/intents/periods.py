"""Which months a message names, by name, in digits or by a bill's due date, and how many of the last it looks back on.

Rules, in both languages.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from telecom.passages import folded

MOST_BACK = 12
_MONTHS: Mapping[str, int] = {
    name: place % 12 + 1
    for place, name in enumerate(
        "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro "
        "january february march april may june july august september october november december".split()
    )
}
NAMES = rf"(?:{'|'.join(name for name in _MONTHS if name != 'may')}|in may)"
"""Names of months, as a pattern for plain text."""
_MONTH = re.compile(rf"\b({NAMES})\b(?:\s+(?:de\s+|of\s+)?(20\d\d))?")
_DIGITS = re.compile(r"(?<![\d/])(0?[1-9]|1[0-2])/(20\d\d)(?!\d)")
_LAST = re.compile(
    r"\bmes (?:passado|anterior)\b|\b(?:fatura|conta) (?:passada|anterior)\b|\b(?:last|previous) month\b"
)
_BEFORE_LAST = re.compile(r"\bretrasado\b|\bmonth before(?: last)?\b")
_DATE = r"(?<![\d/.,])(?P<day>0?[1-9]|[12]\d|3[01])/(?P<month>0?[1-9]|1[0-2])(?:/(?P<year>20\d\d))?(?![\d/])"
# The day of a visit or of a payment to come names no bill: only the due date of one does, or any date of a dispute.
_DUE = re.compile(
    r"(?:\b(?:venc\w*|faturas?|contas?|boletos?|cobrancas?|due|bill|invoice)\b"
    r"(?:\W+(?:que|venc\w*|cobrad[ao]|emitid[ao]|com|em|no|na|do|da|de|o|a|dia|data|is|was|due|on|from|of|the)\b)*\W+"
    rf"|\b(?:contest|reconhec|recogni|disput)\w*\b.*?){_DATE}"
)
_AHEAD = re.compile(r"\b(?:vence|vencem|vencera|vai|vem|proxim[ao]|next|will|is due)\b")
"""What is to come names a month of this year."""
_NUMBERS: Mapping[str, int] = {
    word: place
    for places in (
        "um dois tres quatro cinco seis sete oito nove dez onze doze",
        "uma duas",
        "one two three four five six seven eight nine ten eleven twelve",
    )
    for place, word in enumerate(places.split(), 1)
}
_SOME = rf"(?:(?P<count>\d{{1,2}}|{'|'.join(_NUMBERS)})\s+)?"
_BACK = re.compile(
    rf"\b(?:ultim[oa]s|last|past)\s+{_SOME}(?:mes|meses|faturas?|contas?|boletos?|months?|bills?|invoices?)\b"
    r"|\b(?P<before>\d{1,2})\s+(?:ultim[oa]s|mes(?:es)? (?:pra|para) (?:ca|tras))\b"
)
_HALF_YEAR = re.compile(r"\b(?:semestre|meio ano|half a year|half year)\b")
_WHOLE_YEAR = re.compile(r"\b(?:ultimo ano|(?:last|past) year|um ano (?:pra|para) ca)\b")
_THIS_YEAR = re.compile(r"\b(?:(?:d|n)?(?:esse|este) ano|(?:no|do) ano|ao longo do ano|this year)\b")
USUAL = 6
"""Months of `the last months`."""


def month_named(message: str, today: date) -> str:
    """The month that a message names, as YYYY-MM: the last one of that name; empty where it names none."""
    plain = folded(message)
    if _BEFORE_LAST.search(plain):
        return _back(today, 2)
    if _LAST.search(plain):
        return _back(today, 1)
    return next(iter(months_named(message, today)), "")


def months_named(message: str, today: date) -> tuple[str, ...]:
    """All months that a message names, as YYYY-MM, each once, in the message's order."""
    return tuple(dict.fromkeys(month for _, month in sorted(_found(folded(message), today))))


def months_back(message: str, today: date) -> int:
    """Over how many of the last months a message looks back, 1 to 12; 0 where it names no such time."""
    plain = folded(message)
    if found := _BACK.search(plain):
        said = found["count"] or found["before"]
        count = USUAL if said is None else int(said) if said.isdigit() else _NUMBERS[said]
        return min(max(count, 1), MOST_BACK)
    if _HALF_YEAR.search(plain):
        return 6
    if _WHOLE_YEAR.search(plain):
        return MOST_BACK
    return today.month if _THIS_YEAR.search(plain) else 0


def _found(plain: str, today: date) -> Iterator[tuple[int, str]]:
    """Each month and where it stands."""
    for pattern, back in ((_BEFORE_LAST, 2), (_LAST, 1)):
        for last in pattern.finditer(plain):
            yield last.start(), _back(today, back)
    for digits in _DIGITS.finditer(plain):
        yield digits.start(), f"{digits[2]}-{int(digits[1]):02d}"
    for name in _MONTH.finditer(plain):
        month = _MONTHS[name[1].removeprefix("in ")]
        gone = month > today.month and not _AHEAD.search(plain)
        yield name.start(), f"{int(name[2]) if name[2] else today.year - gone}-{month:02d}"
    for due in _DUE.finditer(plain):
        month = int(due["month"])
        yield due.start("day"), f"{int(due['year']) if due['year'] else _nearest(month, today)}-{month:02d}"


def _nearest(month: int, today: date) -> int:
    """The year in which such a month is nearest to today: bills fall due before and after it."""
    place = today.year * 12 + today.month
    return min((today.year - 1, today.year, today.year + 1), key=lambda year: abs(year * 12 + month - place))


def _back(today: date, months: int) -> str:
    place = today.year * 12 + today.month - 1 - months
    return f"{place // 12}-{place % 12 + 1:02d}"
