"""The HTML report: one file that opens anywhere, without network.

Reads a `ReportData`; writes `index.html`.
"""

import os
import secrets
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mlops.src.report import rows, words
from mlops.src.report.charts import charts
from mlops.src.report.summary import summary, total_loss
from mlops.src.report.view import ReportData

TEMPLATES = Path(__file__).parent / "templates"
NAME = "index.html"
SECTIONS = MappingProxyType(
    {
        "summary": "Summary",
        "risk": "Who is at risk",
        "why": "Why",
        "quality": "How good",
        "value": "Value",
        "slices": "Fairness and slices",
        "drift": "Drift",
        "gate": "Promotion gate",
        "card": "Model card",
    }
)


def render(data: ReportData) -> str:
    """Draws the whole report as one HTML document.

    Every value from `data` is escaped. The page loads nothing: style, script and drawings are inside, and its
    content security policy forbids the rest. Same data, same text.
    """
    script = (TEMPLATES / "script.js").read_text("utf-8")
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            data=data,
            sections=SECTIONS,
            summary=summary(data),
            total_loss=total_loss(data),
            charts=charts(data),
            reasons=rows.reasons(data),
            queue=rows.queue(data),
            slices=rows.slices(data),
            drift=rows.drift(data.drift, rows.labels(data)) if data.drift else None,
            script=script,
            script_digest=b64encode(sha256(script.encode()).digest()).decode(),
        )
    )


def write(data: ReportData, folder: Path) -> Path:
    """Writes `index.html` into `folder` (made if missing) and returns its path.

    A reader sees the old page or the new one, never a part: it is written beside and then put in place.
    """
    text = render(data)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    beside = folder / f".{NAME}.{secrets.token_hex(4)}"
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "count": words.count,
            "customers": words.customers,
            "day": words.day,
            "decimal": words.decimal,
            "interval": words.interval,
            "label": words.label,
            "moment": words.moment,
            "money": words.money,
            "months": words.months,
            "percent": words.percent,
            "probability": words.probability,
            "standing": rows.standing,
            "signed": words.signed,
            "words": words.value,
        }
    )
    return environment
