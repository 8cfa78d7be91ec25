"""Figures and the trade's words for the reader: written the Brazilian way in both languages, as invoices show them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from llmops.agent.responder.english import ENGLISH, in_english
from llmops.agent.responder.plain_words import SIGNAL, SPEED, plainly
from llmops.agent.turn import Language
from llmops.tools.network_diagnostics_tool import LineDiagnosis
from llmops.tools.network_measures import Measure
from llmops.tools.visit_windows import BRASILIA
from llmops.tools.words import listed, number

UNITS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "day": (("dia", "dias"), ("day", "days")),
    "month": (("mês", "meses"), ("month", "months")),
    "bill": (("fatura", "faturas"), ("bill", "bills")),
}


def worded(words: str, language: Language) -> str:
    """A word of the tools in the reply's language."""
    return ENGLISH.get(words, words) if language == "en" else words


def titled(title: str, language: Language) -> str:
    """The title of an action or an offer in the reply's language."""
    if language != "en":
        return title
    return in_english(title) or title


def several(count: int, unit: str, language: Language) -> str:
    """`3 meses`, `1 day`."""
    one, many = UNITS[unit][language == "en"]
    return f"{count} {one if count == 1 else many}"


def moment(at: datetime) -> str:
    """`21/11 18h30`, Brasília's time."""
    return f"{at.astimezone(BRASILIA):%d/%m %Hh%M}"


def measured(line: LineDiagnosis, language: Language, *, few: bool = False) -> str:
    """What a line measures, judged: `perda de pacotes 0,2 % (boa)`.

    Args:
        line: as diagnosed.
        language: of the reply.
        few: in plain words, only what is not good or, where all is good, the speed or the signal.
    """
    read = [one for one in line.measures if one.value is not None]
    bad = [one for one in read if one.judgement in ("ruim", "no limite")]
    plain = [one for one in read if one.name in (SPEED, SIGNAL)]
    chosen = (bad or plain or read) if few else read
    said = [plainly(one, language) if few else _measure(one, language) for one in chosen]
    return joined(list(dict.fromkeys(said)), language) or worded("sem leitura", language)


def joined(words: Sequence[str], language: Language) -> str:
    """`a, b e c` or `a, b and c`."""
    said = listed(words)
    if language == "en" and len(words) > 1:
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return said


def paragraphs(*parts: str) -> str:
    """The parts that say something, with a line between."""
    return "\n\n".join(part for part in parts if part)


def lines(parts: Iterable[str]) -> str:
    """One below the other."""
    return "\n".join(parts)


def _measure(one: Measure, language: Language) -> str:
    value = number(one.value or 0.0, 2)
    return f"{worded(one.name, language)} {value} {one.unit} ({worded(one.judgement, language)})"
