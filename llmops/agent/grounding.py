"""Checks that every figure, date, deadline, plan and reference of an answer stands in what supports it.

Evidence is the text of cited passages and the results of tools. A figure with a unit needs the same figure with the
same unit in a passage, or the bare number in a tool's result; days are not working days. Money must agree to the cent;
percentages and measures of a tool may be rounded to the digits that the answer shows. Links and markup never pass.
Nothing here understands a sentence: a wrong statement without a figure is not noticed.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Evidence = str | Mapping[str, Any] | Sequence[Any]
"""A passage's text, or a tool's result as JSON would have it."""
HERE = ZoneInfo("America/Sao_Paulo")
MONTHS = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()
ENGLISH = "January February March April May June July August September October November December".split()
WORDS = {
    name: value
    for value, names in enumerate(
        "zero|um uma|dois duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|quatorze catorze|quinze"
        "|dezesseis|dezessete|dezoito|dezenove|vinte".split("|")
    )
    for name in names.split()
} | {"trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60, "noventa": 90, "cem": 100}
# Word on the page → (unit, how many of it).
UNITS: Mapping[str, tuple[str, int]] = {
    "%": ("%", 1), "por cento": ("%", 1), "percent": ("%", 1), "reais": ("BRL", 1), "real": ("BRL", 1),
    "minuto": ("minute", 1), "min": ("minute", 1), "minute": ("minute", 1), "hora": ("minute", 60),
    "hour": ("minute", 60), "h": ("minute", 60), "dia": ("day", 1), "day": ("day", 1), "semana": ("day", 7),
    "week": ("day", 7), "dia útil": ("working day", 1), "business day": ("working day", 1),
    "working day": ("working day", 1), "mês": ("month", 1), "mese": ("month", 1), "month": ("month", 1),
    "ano": ("month", 12), "year": ("month", 12), "parcela": ("part", 1), "vez": ("part", 1), "veze": ("part", 1),
}  # fmt: skip
# The longest first, so that working days are not days.
_UNIT = (
    r"(?:dias?\s+út(?:il|eis)|(?:business|working)\s+days?|%|por\s+cento|percent|reais|real|minutos?|minutes?|min"
    r"|horas?|hours?|h|dias?|days?|semanas?|weeks?|m[êe]s(?:es)?|months?|anos?|years?|parcelas?|vez(?:es)?)"
)
_NUMBER = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d|\.\d)|\d+(?:[.,]\d+)?"
_MONTH = "|".join([*MONTHS, *ENGLISH])
_SHORT = rf"(?-i:{'|'.join(name[:3] for name in ENGLISH)})(?![^\W\d])"
SHAPES = re.compile(
    "|".join(
        (
            r"(?P<link>(?:https?:|ftp:|javascript:|data:|www\.)\S+|!?\[[^\]\n]*\]\([^)\n]*\)|</?[a-z][^>\n]{0,200}>|<!--)",
            r"(?P<instant>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}\S*)",
            r"(?P<iso>\d{4}-\d{2}-\d{2})(?!\w)",
            r"(?P<date>(?<![\w/])\d{1,2}/\d{1,2}(?:/\d{4})?)(?![\w/])",
            r"(?P<month>(?<![\w/])\d{1,2}/\d{4})(?![\w/])",
            rf"(?P<spelt>\d{{1,2}}º?\s+(?:de\s+)?(?:{_MONTH})(?:(?:\s+de)?,?\s+\d{{4}})?|(?:{_MONTH})\s+(?:\d{{1,2}},\s+)?(?:de\s+)?\d{{4}}"
            rf"|(?<!\w){_SHORT} \d{{1,2}}(?!\d|[.,:h]\d)(?:, \d{{4}}(?!\d))?)",
            r"(?P<clock>(?<!\w)(?:[01]?\d|2[0-3])(?::[0-5]\d|h[0-5]\d|h(?=\s*[.,;)!?]|\s+(?:do|da|de|e|até)\b)))(?!\w)",
            rf"(?P<money>(?:R\$|BRL)\s?-?(?:{_NUMBER}))",
            rf"(?P<amount>(?<![\w.,/-])-?(?:{_NUMBER})\s?{_UNIT}(?![\w$]))",
            rf"(?P<words>(?<!\w)(?:{'|'.join(WORDS)})\s+{_UNIT}(?!\w))",
            r"(?P<mark>(?<!\w)(?=\w*\d)(?=[\w./-]*[^\W\d][\w./-]*|\d+[/-]\d)[\w]+(?:[./-][\w]+)*)",
            rf"(?P<number>(?<![\w.,/-])[-−]?(?:{_NUMBER}))",
        )
    ),
    re.IGNORECASE,
)
# What messengers make a link of though nobody wrote one: a name with a usual ending, or any with a path behind it.
# Public authorities (gov.br) may be named, e-mail addresses are no links.
ADDRESS = re.compile(
    r"(?<![\w@.-])(?![\w.-]*\.gov\.br(?!\.?[\w/?#-]))(?:[\w-]{1,63}\.)+(?:(?:(?-i:com|me|COM|ME)|net|org|info|biz|app|dev|io|co|ai|xyz|site"
    r"|online|shop|store|top|link|click|live|club|ru|cn|tk|ly|br|test|example)(?![\w.-]*@)(?!\w)|[a-z]{2,24}[/?#](?=\S))\S*"
    r"|<(?:!--|(?:img|a|script|iframe|object|embed|link|meta|svg|form|style|base|video|audio)\b)",
    re.IGNORECASE,
)
BARE = re.compile(r"-?\d+(?:\.\d+)?")
LIST_MARK = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")
PLAN = re.compile(
    r"\b(?:[Pp]lano|[Pp]acote|[Cc]ombo|[Pp]lan|[Pp]ackage)\s+((?:[A-ZÀ-Ý][\w+À-ÿ]*)(?:\s+(?:de\s+)?[A-ZÀ-Ý0-9][\w+À-ÿ]*)*)"
)

LONGEST_NUMBER = 20
"""Signs; what is longer is a code, to be quoted as it is."""
MOMENTS = frozenset(("on", "in", "at"))
DATES = frozenset(("instant", "iso", "date", "month", "spelt"))

Claim = tuple[Any, ...]


@dataclass(frozen=True)
class Verdict:
    """`unsupported` are the answer's own words that nothing supports, in their order; `links` those never allowed.

    `forbidden` are codes of what may not be said for another reason (`guardrails`).
    """

    unsupported: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the answer may go out."""
        return not (self.unsupported or self.links or self.forbidden)


@dataclass
class _Facts:
    """What the evidence states, by kind; `numbers` are the bare ones of tools, which fit any unit."""

    claims: set[Claim] = field(default_factory=set)
    numbers: set[Decimal] = field(default_factory=set)
    texts: dict[str, None] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """All texts, folded, once nothing more is added."""
        return "\n".join(self.texts)

    @cached_property
    def bare(self) -> frozenset[Decimal]:
        """The numbers without their signs, once nothing more is added."""
        return frozenset(abs(number) for number in self.numbers)


def check(answer: str, evidence: Sequence[Evidence]) -> Verdict:
    """What of an answer in Portuguese or English has no support."""
    facts = _Facts()
    for item in evidence:
        _read(item, facts)
    links, unsupported = [], []
    body = LIST_MARK.sub(" ", answer)
    for match in SHAPES.finditer(body):
        if match.lastgroup == "link":
            links.append(match[0])
        elif not any(_holds(claim, facts) for claim in _readings(match)):
            unsupported.append(match[0].strip())
    links += [match[0] for match in ADDRESS.finditer(body) if not any(match[0] in link for link in links)]
    unsupported += [match[0] for match in PLAN.finditer(body) if _folded(match[1]) not in facts.text]
    return Verdict(tuple(unsupported), tuple(links))


def without_links(text: str, mark: str) -> str:
    """A text with a mark in the place of every link and every piece of markup."""
    body = SHAPES.sub(lambda match: mark if match.lastgroup == "link" else match[0], text)
    return ADDRESS.sub(mark, body)


def _read(item: Evidence | Decimal | float | bool | None, facts: _Facts) -> None:
    if isinstance(item, Mapping):
        for value in item.values():
            _read(value, facts)
    elif isinstance(item, str):
        _read_text(item, facts)
    elif isinstance(item, Sequence):
        for value in item:
            _read(value, facts)
    elif isinstance(item, int | float | Decimal) and not isinstance(item, bool):
        facts.numbers.add(Decimal(str(item)))


def _read_text(text: str, facts: _Facts) -> None:
    claims, folded, number = _stated(text)
    if claims:
        facts.claims |= claims
    facts.texts[folded] = None
    if number is not None:
        facts.numbers.add(number)


@lru_cache(maxsize=4096)
def _stated(text: str) -> tuple[frozenset[Claim], str, Decimal | None]:
    """All that a text states, the text folded, and the number that it is; the same texts come again and again."""
    claims = frozenset(claim for match in SHAPES.finditer(text) for claim in _claims(match))
    return claims, _folded(text), Decimal(text) if len(text) <= LONGEST_NUMBER and BARE.fullmatch(text) else None


def _readings(match: re.Match[str]) -> list[Claim]:
    """What the answer may mean. A date means all of itself; 24h may be a time or a duration."""
    claims = list(_claims(match))
    return claims[:1] if match.lastgroup in DATES else claims


def _claims(match: re.Match[str]) -> Iterator[Claim]:
    """What a place of a text states, the most exact first."""
    kind, said = match.lastgroup, match[0]
    if kind in DATES:
        yield from _days(kind, said)
    elif kind == "clock":
        hour, minute = re.fullmatch(r"(\d+)[:h](\d*)", said.lower()).groups()  # type: ignore[union-attr]
        yield "at", int(hour), int(minute or 0)
        if not minute:
            yield "minute", Decimal(hour) * 60
    elif kind == "money":
        yield "BRL", _value(re.sub(r"(?i)r\$|brl|\s", "", said))
    elif kind in ("amount", "words"):
        yield _amount(said)
    elif kind == "mark":
        yield "mark", _folded(said)
    elif kind == "number":
        yield ("number", _value(said)) if len(said) <= LONGEST_NUMBER else ("mark", _folded(said))


def _days(kind: str, said: str) -> Iterator[Claim]:
    """Dates as ("on", year or None, month, day), months as ("in", year, month), times of the day as ("at", h, min)."""
    if kind == "instant":
        yield from _moment(said)
    elif kind == "iso":
        yield from _day(*map(int, said.split("-")))
    elif kind == "month":
        month, year = map(int, said.split("/"))
        yield "in", year, month
    elif kind == "date":
        numbers = [int(number) for number in said.split("/")]
        yield from _day(numbers[2] if len(numbers) > 2 else None, numbers[1], numbers[0])
    else:
        yield from _spelt(said)


def _spelt(said: str) -> Iterator[Claim]:
    name = re.search(rf"{_MONTH}|{_SHORT}", said, re.IGNORECASE)
    numbers = [int(number) for number in re.findall(r"\d+", said)]
    if not name:
        return
    folded = name[0].casefold()
    known = (*MONTHS, *ENGLISH, *(other[:3] for other in ENGLISH))
    month = [other.casefold() for other in known].index(folded) % 12 + 1
    years, days = [n for n in numbers if n > 31], [n for n in numbers if n <= 31]
    if days:
        yield from _day(years[0] if years else None, month, days[0])
    elif years:
        yield "in", years[0], month


def _day(year: int | None, month: int, day: int) -> Iterator[Claim]:
    yield "on", year, month, day
    if year is not None:
        yield "on", None, month, day
        yield "in", year, month


def _moment(said: str) -> Iterator[Claim]:
    try:
        at = datetime.fromisoformat(said.rstrip(".,;"))
    except ValueError:
        return
    local = at.astimezone(HERE) if at.tzinfo else at
    yield from _day(local.year, local.month, local.day)
    yield "at", local.hour, local.minute


def _amount(said: str) -> Claim:
    number, word = re.fullmatch(r"\s*([\d.,-]+|[^\W\d]+)\s*(.+)", said, re.DOTALL).groups()  # type: ignore[union-attr]
    value = Decimal(WORDS[number.lower()]) if number.lower() in WORDS else _value(number)
    unit, many = _unit(word)
    return unit, value * many


def _unit(word: str) -> tuple[str, int]:
    plain = re.sub(r"\s+", " ", word.lower()).replace("úteis", "útil").replace("meses", "mês").replace("mes", "mês")
    plain = re.sub(r"dias útil", "dia útil", plain)
    return UNITS.get(plain) or UNITS[plain.removesuffix("s")]


def _value(said: str) -> Decimal:
    """A number as Brazilians write it; with one point and no comma, as computers do unless it groups thousands."""
    plain = said.replace("−", "-").strip()
    if "," in plain or re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+", plain):
        plain = plain.replace(".", "").replace(",", ".")
    return Decimal(plain).normalize()


def _holds(claim: Claim, facts: _Facts) -> bool:
    if claim in facts.claims:
        return True
    kind, *rest = claim
    if kind == "mark":
        return rest[0] in facts.text
    if kind in MOMENTS:
        return False
    value, bare = abs(rest[0]), facts.bare
    match kind:
        case "BRL":
            return value in bare
        case "%":
            bare |= {number * 100 for number in bare}
        case "number":
            bare |= {abs(told[0]) for known, *told in facts.claims if known != "mark" and known not in MOMENTS}
    return any(_rounds_to(number, shown) for number in bare for shown in _as_shown(kind, value))


def _as_shown(kind: str, value: Decimal) -> Iterator[Decimal]:
    """The figure as it may stand in a tool's result: 24 h as 1,440 or 24, a year as 12 or 1."""
    yield value
    yield from (value // many for unit, many in UNITS.values() if unit == kind and many > 1 and value % many == 0)


def _rounds_to(number: Decimal, shown: Decimal) -> bool:
    exponent = shown.as_tuple().exponent
    step = Decimal(1).scaleb(min(exponent, 0) if isinstance(exponent, int) else 0)
    return any(number.quantize(step, rounding) == shown for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def _folded(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text)
    return re.sub(r"\s+", " ", "".join(x for x in spread if not unicodedata.combining(x))).casefold()
