"""docs/infra/cost.md, written from prices, assumptions and estimates."""

from collections.abc import Iterator, Mapping, Sequence

from tools.infra_cost.estimate import Estimate, shown
from tools.infra_cost.tables import FIELDS, Price, Usage
from tools.markdown import cell, table

BEGIN, END = "<!-- estimates: begin -->", "<!-- estimates: end -->"
HEAD = """\
<!-- Written by python -m tools.infra_cost --write-page PLAN.json…; do not edit. -->
# What it costs

`python -m tools.infra_cost PLAN.json…` multiplies what a plan holds, and what is assumed of its use, with list prices
of us-central1. It prints a table or, with `--json`, a document. The resources come from the plan (machine sizes,
minimum instances, jobs, alert conditions, secrets); how much they are used comes from `infra/usage/dev.yaml` and
`infra/usage/prod.yaml`; prices, each with source and day, from `infra/prices.yaml`.

Not counted: taxes, support, discounts, traffic to the internet, AutoML (about $21 a node hour), and the free tier,
which is one for all projects of a billing account; the estimate says what would remain with it. A resource whose type
nobody has priced, or of whose use nothing is assumed, is named and ends the command with 4.

**How sure.** `page`: Google's price page, read in a stored copy whose age is unknown. `quoted`: from others' pages.
`unsure`: from general knowledge, not looked up. Nothing was compared with a real bill.
"""


def body(prices: Mapping[str, Price], usages: Sequence[Usage]) -> str:
    """The part of the page that needs no plan: prices and assumptions."""
    lines = ["## Assumptions", ""]
    for usage in usages:
        lines += [f"### {usage.environment}", "", *_assumptions(usage), ""]
    lines += ["## Prices", ""]
    rows = [
        (f"`{p.id}`", f"{p.usd:g}", p.unit, f"{p.free:g}" if p.free else "", f"[{p.kind}]({p.source})", str(p.date))
        for p in prices.values()
    ]
    lines += table(("price", "dollars", "per", "free a month", "from", "looked up"), rows)
    return "\n".join(lines) + "\n"


def whole(prices: Mapping[str, Price], usages: Sequence[Usage], estimates: Sequence[Estimate]) -> str:
    """The page."""
    return "\n".join([HEAD, BEGIN, *_estimates(estimates), END, "", body(prices, usages)])


def _assumptions(usage: Usage) -> Iterator[str]:
    rows = []
    for group in FIELDS:
        for name, entry in getattr(usage, group).items():
            said = ", ".join(f"{key.replace('_', ' ')} {value:,}" for key, value in entry.items() if key != "why")
            rows.append((f"{group[:-1]} {name}", said, cell(entry["why"])))
    rows += [(f"each: {name.replace('_', ' ')}", f"{value:g}", "") for name, value in usage.each.items()]
    rows += [(cell(line.item), f"{line.quantity:g} × `{line.price}`", cell(line.why)) for line in usage.lines]
    yield from table(("of", "a month", "because"), rows)


def _estimates(estimates: Sequence[Estimate]) -> Iterator[str]:
    yield "## Estimates"
    for each in estimates:
        large, small = shown(each.lines)
        yield ""
        yield f"### {each.environment}: ${each.usd:,.0f} a month"
        yield ""
        free, unsure = f"${each.usd_with_free_tier:,.0f}", f"${each.usd_unsure:,.0f}"
        yield f"{free} with the free tier. {unsure} of the sum by prices that were not looked up."
        yield ""
        rows = [(cell(x.item), f"{x.quantity:,.4g} {x.unit}", f"{x.price:g}", f"{x.usd:,.2f}", x.kind) for x in large]
        yield from table(("item", "quantity", "price", "dollars", "price from"), rows)
        yield ""
        yield f"{small} further items cost less than half a cent each."
