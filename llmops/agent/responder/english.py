"""What the tools say, in English: their sentences are a closed set in Portuguese, listed in `sentences.en.txt`."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

# The tools speak Portuguese; what they say is a closed set.
ENGLISH: Mapping[str, str] = {
    "fibra": "fibre", "cobre (DSL)": "copper, DSL", "móvel": "mobile",
    "potência óptica": "optical power", "margem de ruído (SNR)": "noise margin (SNR)", "atenuação": "attenuation",
    "sinal (RSRP)": "signal (RSRP)", "velocidade sobre a contratada": "speed against the contracted one",
    "perda de pacotes": "packet loss", "latência": "latency",
    "boa": "good", "no limite": "at the limit", "ruim": "bad", "sem leitura": "no reading",
    "mensal, sem fidelidade": "monthly, without commitment",
    "de 12 meses": "of 12 months", "de 24 meses": "of 24 months",
    "boleto eletrônico": "electronic payment slip", "boleto impresso": "printed payment slip",
    "débito automático em conta": "direct debit", "cartão de crédito (automático)": "credit card (automatic)",
    "cartão de crédito recorrente": "recurring credit card", "débito automático": "direct debit",
    "internet sem conexão": "internet without connection", "internet lenta": "slow internet",
    "sinal do celular": "mobile signal", "fatura": "billing", "equipamento": "equipment",
    "mudança de plano": "change of plan", "cancelamento": "cancellation",
    "reclamação": "a complaint", "outros assuntos": "other matters",
    "baixa": "low", "média": "medium", "alta": "high", "crítica": "critical",
    "aberto": "open", "em andamento": "in progress", "encerrado": "closed",
    "atendente": "an agent", "supervisor": "a supervisor", "gerente": "a manager", "telefone": "phone",
    "mais velocidade": "more speed", "migração para a fibra": "moving to fibre",
    "retirada de serviço": "removing a service",
    "linha móvel adicional": "an additional mobile line", "margem de ruído": "noise margin",
    "serviço grátis": "a free service", "desconto": "a discount", "visita de cortesia": "a courtesy visit",
}  # fmt: skip
FILE = "sentences.en.txt"
_ROOM = re.compile(r"\{(\w+)\}")
_FILLING = r"(?:(?!\. [A-ZÀ-Ý]).)+?"
"""What a room may hold: no end of a sentence."""
_SENTENCE = re.compile(r"(?<=[a-zà-ÿ)%]\.)\s+(?=[A-ZÀ-Ý])")
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_OF = r"(?<![\d/])(?:0([1-9])|([12]\d|3[01]))/"
DAYS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), english)
    for number, month in enumerate(MONTHS, 1)
    for pattern, english in (
        (rf"{_OF}{number:02d}/(\d{{4}})(?!\d)", rf"{month} \1\2, \3"),
        (rf"{_OF}{number:02d} (\d{{2}})h(\d{{2}})(?!\d)", rf"{month} \1\2, \3:\4"),
        (rf"{_OF}{number:02d}(?![\d/])", rf"{month} \1\2"),
    )
)
"""`20/11/2026`, `20/11 18h30` and `20/11` as the English pages write days."""
COUNTED: tuple[tuple[re.Pattern[str], str], ...] = DAYS + tuple(
    (re.compile(pattern), english)
    for pattern, english in (
        (r"\bfaturas vencidas\b", "overdue bills"),
        (r"\bfatura vencida\b", "overdue bill"),
        (r"\bvisitas\b", "visits"),
        (r"\bvisita\b", "visit"),
        (r"\bmeses\b", "months"),
        (r"\bmês\b", "month"),
        (r"\bdias\b", "days"),
        (r"\bdia\b", "day"),
        (r"\bhá (?=\d)", "age: "),
        (r"\bhoje\b", "today"),
        (r"(?<=\w) e (?=\w)", " and "),
        (r"(?<=\w) ou (?=\w)", " or "),
        (r"\bdas (\d+h) às (\d+h)", r"from \1 to \2"),
    )
)


@lru_cache(maxsize=1_024)
def in_english(said: str) -> str:
    """What a tool said, in English: one or several of its sentences; empty where one of them is not in the list.

    Args:
        said: of a tool, in Portuguese.
    """
    if whole := _known(said):
        return whole
    parts = [_known(part) for part in _SENTENCE.split(said.strip())]
    return " ".join(parts) if len(parts) > 1 and all(parts) else ""


def dated(text: str) -> str:
    """A text of ours with its days as the English pages write them: `Nov 20, 2026`."""
    if "/" in text:
        for pattern, english in DAYS:
            text = pattern.sub(english, text)
    return text


def told_in_english(said: str) -> str:
    """What a tool said, in English; where that is not known its own words, called what they are."""
    return in_english(said) or f'Our system says, in Portuguese: "{said}"'


def _known(sentence: str) -> str:
    """A sentence that is in the list, whether it ends with a full stop or not."""
    for pattern, english in _patterns():
        if found := pattern.fullmatch(sentence):
            stop = found["stop"] or ""
            filled = _ROOM.sub(lambda room: _filled(found[room[1]]), english)
            return filled if filled.endswith(stop) else filled + stop
    return ""


def _filled(value: str) -> str:
    """What stands in a sentence's room; names of plans and services stay as on the bill."""
    if known := ENGLISH.get(value) or _known(value):
        return known
    for pattern, english in COUNTED:
        value = pattern.sub(english, value)
    return value


@cache
def listed() -> tuple[tuple[str, str], ...]:
    """Sentences and what they mean, those with the most words of their own first, so that no room takes in what another
    one tells.
    """
    return tuple(sorted(_pairs(), key=lambda pair: -len(_ROOM.sub("", pair[0]))))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern(said), english) for said, english in listed())


def _pairs() -> Iterator[tuple[str, str]]:
    for line in (files(__package__) / FILE).read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            said, _, english = line.partition(" = ")
            yield said.removesuffix("."), english.strip()


def _pattern(said: str) -> re.Pattern[str]:
    pieces = _ROOM.split(said)
    own = [re.escape(piece) if place % 2 == 0 else rf"(?P<{piece}>{_FILLING})" for place, piece in enumerate(pieces)]
    return re.compile("".join(own) + r"(?P<stop>\.)?")
