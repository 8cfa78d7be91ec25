"""What changed from one invoice to the next, item by item; the differences add up to the difference of the two."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from llmops.tools.invoices import Invoice, Item
from llmops.tools.words import day, money

Cause = Literal[
    "discount_ended",
    "discount_smaller",
    "discount_new",
    "discount_larger",
    "extra_usage",
    "usage_ended",
    "item_added",
    "item_removed",
    "plan_changed",
    "price_step",
    "late_fee",
]
MAIN_KINDS = ("internet", "plan")
"""Of these an invoice has one item: another description is another plan."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class Change:
    """One thing that changed: what (as on the invoice), BRL before, after and after less before, and a sentence."""

    cause: Cause
    description: str
    before: Decimal
    after: Decimal
    difference: Decimal
    words: str


@dataclass(frozen=True)
class _Pair:
    """An item in both invoices, 0 where it is missing. `was` is the former description of a changed plan."""

    kind: str
    description: str
    before: Decimal
    after: Decimal
    was: str = ""


def changes(before: Invoice, after: Invoice) -> tuple[Change, ...]:
    """What changed, the largest difference first. Their differences add up to the difference of what the two invoices
    ask for with late fees, disputed amounts left aside.
    """
    found = [_explained(pair) for pair in _with_plan_changes(_pairs(before.items, after.items))]
    found += _late_fees(before, after)
    return tuple(sorted(found, key=lambda change: (-abs(change.difference), change.description)))


def _pairs(before: Iterable[Item], after: Iterable[Item]) -> list[_Pair]:
    """Items that differ, by kind and description; several of one description count as one."""
    amounts: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for side, items in enumerate((before, after)):
        for item in items:
            amounts[item.kind, item.description][side] += item.amount
    return [_Pair(kind, text, was, now) for (kind, text), (was, now) in amounts.items() if was != now]


def _with_plan_changes(pairs: Sequence[_Pair]) -> list[_Pair]:
    """One main item gone and one come are one change of plan."""
    gone = [pair for pair in pairs if pair.kind in MAIN_KINDS and not pair.after]
    come = [pair for pair in pairs if pair.kind in MAIN_KINDS and not pair.before]
    if len(gone) != 1 or len(come) != 1:
        return list(pairs)
    merged = _Pair(come[0].kind, come[0].description, gone[0].before, come[0].after, was=gone[0].description)
    return [*(pair for pair in pairs if pair not in (gone[0], come[0])), merged]


def _explained(pair: _Pair) -> Change:
    cause = _cause(pair)
    difference = pair.after - pair.before
    return Change(cause, pair.description, pair.before, pair.after, difference, _sentence(cause, pair))


def _cause(pair: _Pair) -> Cause:
    if pair.was:
        return "plan_changed"
    if pair.kind == "discount":
        if not pair.after or not pair.before:
            return "discount_new" if not pair.before else "discount_ended"
        return "discount_smaller" if pair.after > pair.before else "discount_larger"
    if pair.kind == "usage":
        return "extra_usage" if pair.after > pair.before else "usage_ended"
    if not pair.before or not pair.after:
        return "item_added" if not pair.before else "item_removed"
    return "price_step"


def _sentence(cause: Cause, pair: _Pair) -> str:
    name, before, after = pair.description, pair.before, pair.after
    less = "diminuiu" if abs(after) < abs(before) else "aumentou"
    match cause:
        case "discount_ended":
            return f"{name} de {money(-before)} terminou."
        case "discount_new":
            return f"{name} de {money(-after)} começou."
        case "discount_smaller" | "discount_larger":
            return f"{name} {less} de {money(-before)} para {money(-after)}."
        case "extra_usage" if not before:
            return f"{name} de {money(after)} não existia no mês anterior."
        case "usage_ended" if not after:
            return f"{name} de {money(before)} não se repetiu."
        case "item_added":
            return f"{name} entrou na fatura por {money(after)}."
        case "item_removed":
            return f"{name} de {money(before)} saiu da fatura."
        case "plan_changed":
            return f"O plano mudou de {pair.was} ({money(before)}) para {name} ({money(after)})."
        case _:
            return f"{name} passou de {money(before)} para {money(after)}."


def _late_fees(before: Invoice, after: Invoice) -> list[Change]:
    if before.late_fee == after.late_fee:
        return []
    what = "Multa e juros por atraso"
    late = after if after.late_fee > before.late_fee else before
    when = f"paga em {day(late.paid_on)}" if late.paid_on else "ainda não paga"
    words = f"A fatura vencida em {day(late.due_on)} ({when}) tem {money(late.late_fee)} de multa e juros."
    if late is before and after.late_fee:
        words = f"{what}: {money(before.late_fee)} na fatura anterior e {money(after.late_fee)} nesta."
    difference = after.late_fee - before.late_fee
    return [Change("late_fee", what, before.late_fee, after.late_fee, difference, words)]
