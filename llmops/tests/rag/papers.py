"""Documents of every format, made for tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

STYLES = getSampleStyleSheet()
PUBLIC = "---\naudience: [customer, agent]\nsensitivity: public\n---\n"
SENTENCE = "O prazo de resposta é de sete dias corridos e vale para todos os canais de atendimento da empresa. "


def pdf(path: Path, story: Sequence[Any], running: bool = True, password: str = "") -> Path:
    """A PDF of `(kind, text)` pairs; kinds are h1, h2, p, table (rows) and page (a break)."""

    def decorate(canvas: Any, document: Any) -> None:
        if running:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(50, 815, "Telecom Exemplo, manual interno")
            canvas.drawString(50, 30, f"Página {document.page} de 9")

    flowables = [_flowable(kind, content) for kind, content in story]
    made = SimpleDocTemplate(str(path), pagesize=A4, encrypt=password or None, invariant=1)
    made.build(flowables, onFirstPage=decorate, onLaterPages=decorate)
    return path


def _flowable(kind: str, content: Any) -> Any:
    if kind == "page":
        return PageBreak()
    if kind == "table":
        return Table(content, style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    return Paragraph(content, STYLES[{"h1": "Heading1", "h2": "Heading2", "p": "BodyText", "title": "Title"}[kind]])


def word(path: Path, story: Sequence[Any]) -> Path:
    """A Word document of `(kind, text)` pairs; kinds are h1, h2, p, item and table (rows)."""
    document = docx.Document()
    for kind, content in story:
        if kind == "table":
            table = document.add_table(rows=0, cols=len(content[0]))
            for row in content:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        elif kind == "item":
            document.add_paragraph(content, style="List Bullet")
        elif kind == "p":
            document.add_paragraph(content)
        else:
            document.add_heading(content, int(kind[1]))
    document.save(str(path))
    return path
