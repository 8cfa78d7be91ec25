"""The page that describes every table, from data/schemas."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from telecom.tables import Column, Contract
from tools.markdown import cell, code, names, page, table

ROOT = Path(__file__).resolve().parents[1]
WRITERS = ("mlops/src", "telecom/synthetic")


def tables_page(listed: Sequence[Contract]) -> str:
    """One section per table, after an index."""
    rows = [
        (f"[`{c.table}`](#{c.table.replace('.', '')})", c.domain, c.sensitivity, cell(c.description)) for c in listed
    ]
    lines = [*table(("table", "domain", "sensitivity", "what it holds"), rows)]
    for contract in listed:
        lines += ["", *_table_section(contract)]
    return page("Tables", "data/schemas", lines)


def _table_section(contract: Contract) -> Iterator[str]:
    facts = {
        "owner": contract.owner,
        "domain": contract.domain,
        "sensitivity": contract.sensitivity,
        "fresh within": f"{contract.freshness_hours} h",
        "key": names(contract.key),
        "replaced together": f"rows of one {names(contract.replace_by)}" if contract.replace_by else "the whole table",
        "partitioned by": names((contract.partition_by,) if contract.partition_by else ()) or "–",
        "clustered by": names(contract.cluster_by) or "–",
    }
    if contract.quarantine_share:
        facts["records that may be set aside"] = f"{contract.quarantine_share:.2%} of a file"
    yield from (f"## {contract.table}", "", contract.description, "")
    if not in_use(contract):
        yield from ("**Ahead of the code: nothing reads or writes it yet.**", "")
    yield from table(("", ""), facts.items())
    yield ""
    header = ("column", "type", "mode", "unit", "allowed", "PII", "description")
    yield from table(header, (row for column in contract.columns for row in _column_rows(column)))
    if contract.checks:
        yield ""
        checks = (
            (f"`{c.name}`", code(c.expression), f"{c.max_failing_share:.2%}", c.description) for c in contract.checks
        )
        yield from table(("check", "true for a good row", "may fail", "description"), checks)


def _column_rows(column: Column, prefix: str = "") -> Iterator[tuple[str, ...]]:
    shown = f" Model input, shown as *{column.reason}*." if column.feature else ""
    pii = "" if column.pii == "none" else column.pii.replace("_", " ")
    description = cell(column.description + shown)
    yield f"`{prefix}{column.name}`", column.type, column.mode, column.unit, _allowed(column), pii, description
    for field in column.fields:
        yield from _column_rows(field, f"{prefix}{column.name}.")


def _allowed(column: Column) -> str:
    said = [", ".join(f"`{value}`" for value in column.values)]
    bounds = ((column.minimum, "at least"), (column.maximum, "at most"))
    said += [
        f"{words} {bound:,g}" if bound < 1e6 else f"{words} {bound:,.0f}"
        for bound, words in bounds
        if bound is not None
    ]
    said += [code(column.pattern)] if column.pattern else []
    return "; ".join(part for part in said if part)


def in_use(contract: Contract) -> bool:
    """Whether any code of the planes or of the generated world names the table."""
    name = contract.table.split(".")[1]
    sources = (path for folder in WRITERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".sql"))
    return any(re.search(rf"\b{name}\b", path.read_text("utf-8")) for path in sources)
