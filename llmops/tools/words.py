"""Figures as they are written in Portuguese, and texts of others made short and plain."""

import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
_SWAP = str.maketrans(",.", ".,")


def cents(amount: Decimal | float | int | str) -> Decimal:
    """An amount in BRL, to the cent; halves away from zero."""
    exact = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    return exact.quantize(CENT, ROUND_HALF_UP)


def money(amount: Decimal) -> str:
    """`R$ 1.234,56`; a minus sign goes before it."""
    return f"{'-' if amount < 0 else ''}R$ {abs(cents(amount)):,.2f}".translate(_SWAP)


def number(value: float, digits: int = 1) -> str:
    """A number with a decimal comma; without decimals where they are zero."""
    text = f"{value:,.{digits}f}".translate(_SWAP)
    return text.rstrip("0").rstrip(",") if "," in text else text


def day(value: date) -> str:
    """`21/11/2026`."""
    return f"{value:%d/%m/%Y}"


def counted(count: int, one: str, many: str) -> str:
    """`1 mês`, `3 meses`."""
    return f"{count} {one if count == 1 else many}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a e b`, `a, b e c`."""
    return " e ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def short(text: str | None, most: int) -> str:
    """One line of at most `most` characters, without control or invisible characters."""
    found = text or ""
    if not found.isprintable():
        spaced = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in found)
        found = "".join(sign for sign in spaced if unicodedata.category(sign) not in ("Cf", "Co", "Cs"))
    plain = " ".join(found.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
