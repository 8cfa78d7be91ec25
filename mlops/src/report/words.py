"""Figures and names as a reader expects them: English, thousands separated, a dash where nothing is known."""

from datetime import UTC, date, datetime
from math import isfinite

UNKNOWN = "–"
MINUS = "−"
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
ACRONYMS = {"auc": "AUC", "crm": "CRM", "ks": "KS", "pr": "PR", "psi": "PSI", "roc": "ROC", "tv": "TV"}
CHECKS = {
    "better": "Better than the champion",
    "better_bootstrap": "Better, by bootstrap",
    "min_auc": "Lowest ROC AUC",
    "leak": "No sign of a leak",
    "ece": "Calibration error",
    "logistic": "Beside logistic regression",
    "majority_log": "Log loss beside the average",
    "majority_brier": "Brier score beside the average",
    "brier": "Brier score beside the champion",
    "ece_champion": "Calibration beside the champion",
    "value": "Value beside the champion",
    "noise": "Not by chance",
}
TRUTH = {"true": "yes", "false": "no"}
SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
LONG_AMOUNT = 1e7
WHOLE_AMOUNT = 1000
TINY = 0.001


def decimal(value: float | None, digits: int = 3) -> str:
    """A number with fixed decimals and thousands separators; a dash for None, NaN and infinity."""
    if value is None or not isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{digits}f}"
    return MINUS + text if value < 0 and text.strip("0.,") else text


def signed(value: float | None, digits: int = 2) -> str:
    """A number that always shows its sign."""
    text = decimal(value, digits)
    return text if text == UNKNOWN or text.startswith(MINUS) else f"+{text}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as a percentage."""
    return UNKNOWN if share is None or not isfinite(share) else decimal(share * 100, digits) + "%"


def count(value: int) -> str:
    """A whole number with thousands separators."""
    return f"{value:,}"


def customers(value: int) -> str:
    """A number of customers, with the noun."""
    return f"{value:,} customer" if value == 1 else f"{value:,} customers"


def money(amount: float) -> str:
    """An amount: whole from 1,000 on, two decimals below."""
    return decimal(amount, 0 if abs(amount) >= WHOLE_AMOUNT else 2)


def short_money(amount: float) -> str:
    """An amount for large type: `18.4 million` from ten million on, in full below."""
    if abs(amount) < LONG_AMOUNT or not isfinite(amount):
        return money(amount)
    size, name = next(scale for scale in SCALES if abs(amount) >= scale[0])
    return f"{decimal(amount / size, 2)} {name}"


def probability(value: float) -> str:
    """A p-value or small probability; below 0.001 only that is said."""
    return f"< {TINY}" if value < TINY else decimal(value, 3)


def interval(lower: float | None, upper: float | None, digits: int = 3) -> str:
    """Both ends of an interval, or a dash."""
    ends = decimal(lower, digits), decimal(upper, digits)
    return UNKNOWN if UNKNOWN in ends else f"{ends[0]} to {ends[1]}"


def months(value: float) -> str:
    """A number of months without needless decimals, with the noun."""
    return f"{value:g} month" if value == 1 else f"{value:g} months"


def day(value: date) -> str:
    """`5 March 2026`; spelled here because strftime follows the process's locale."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """`5 March 2026, 14:05 UTC`; a time without a zone is taken as UTC."""
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return f"{day(utc)}, {utc:%H:%M} UTC"


def label(name: str) -> str:
    """A column, metric or check by name in words: `monthly_charges` becomes `Monthly charges`, `roc_auc` `ROC AUC`.

    Names with a capital in them were written by somebody and stay as they are.
    """
    if name in CHECKS:
        return CHECKS[name]
    if name != name.lower():
        return name
    words = " ".join(ACRONYMS.get(word, word) for word in name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def value(text: str) -> str:
    """A feature's value as words: `true` and `false` read yes and no."""
    return TRUTH.get(text.lower(), text)
