"""`telecom rag`: the knowledge base. A thin front; imports the plane inside a command."""

import json as json_module
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from telecom.cli_options import session

if TYPE_CHECKING:
    from llmops.rag.ingest_documents import Ingested
    from telecom.bootstrap import Platform
    from telecom.ports import Found
    from telecom.session import Session

KNOWLEDGE = Path(__file__).parents[1] / "docs" / "telecom"
FILE_SECONDS = 60.0
SHOWN = 160
RESULTS = ("score", "document", "section", "page", "text")

rag = typer.Typer(help="Knowledge base: documents in, passages out.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


@rag.command()
def ingest(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of HTML, PDF, DOCX, Markdown and text files.")],
    again: Annotated[bool, typer.Option("--again", help="Read also the files that have not changed.")] = False,
    seconds: Annotated[float, typer.Option(min=0.1, help="Longest that one file may take to parse.")] = FILE_SECONDS,
    json: Json = False,
) -> None:
    """Make the knowledge base what a folder is.

    New and changed files are read, passages of files that are gone go. A file that cannot be read is reported.
    """
    with session(json) as s:
        from telecom import console

        done = ingested(s.platform, folder, seconds=seconds, again=again)
        if json:
            console.print_json(done)
            return
        counts = [(name.replace("_", " "), value) for name, value in vars(done).items() if isinstance(value, int)]
        console.print_pairs("Ingested", counts)
        if done.refusals:
            rows = [(one.document, one.reason, one.detail) for one in done.refusals]
            console.print_table("Not read", ("document", "reason", "detail"), rows)
        if done.restricted:
            console.print_table(
                "For agents only: no audience or sensitivity in the front matter",
                ("document",),
                [(name,) for name in done.restricted],
            )
        console.print_next('telecom rag search "segunda via"')


def ingested(platform: "Platform", folder: Path, *, seconds: float = FILE_SECONDS, again: bool = False) -> "Ingested":
    """Makes the knowledge base what a folder is; on Google Cloud the files go to the lake, too."""
    from llmops.rag import ingest_documents
    from llmops.rag.reading import Limits

    lake = platform.objects if platform.settings.backend == "gcp" else None
    limits = Limits(seconds=seconds)
    return ingest_documents.run(platform.retriever, lake, folder, platform.progress, limits=limits, again=again)


def knowledge_index(platform: "Platform") -> tuple[int | None, str]:
    """Makes the project's own documents the knowledge base.

    Returns:
        Passages written now, and the outcome in words. Installed without its sources, the project has no documents:
        then nothing happens, and the words say what to do.
    """
    if not KNOWLEDGE.is_dir():
        return None, "no documents here; telecom rag ingest DIR"
    done = ingested(platform, KNOWLEDGE)
    platform.progress.stop()
    return done.passages, f"{done.files} documents, {done.unchanged} unchanged, {done.refused} refused"


@rag.command()
def search(
    question: Annotated[str, typer.Argument(metavar="[QUESTION]", help="In the words of whoever asks.")] = "",
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="At most so many passages.")] = 5,
    file: Annotated[Path | None, typer.Option(help="Many questions, one per line.")] = None,
    audience: Annotated[Literal["agent", "customer"], typer.Option(help="Who reads.")] = "agent",
    on: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day of reading; default: today (UTC).")] = None,
    json: Json = False,
) -> None:
    """Find passages.

    With --json one document, {query, results: [{document, title, section, page, score, text}]}; with --file one such
    line per question.
    """
    with session(json) as s:
        from telecom import console
        from telecom.ports import Reading

        reading = Reading(audience, s.day(on, "--on") or s.now.date())
        for asked in _questions(question, file):
            found = s.platform.retriever.search(asked, reading, k)
            if json and file:
                line = json_module.dumps(console.plain(_answer(asked, found)), ensure_ascii=False, allow_nan=False)
                sys.stdout.write(line + "\n")
            elif json:
                console.print_json(_answer(asked, found))
            else:
                console.print_table(asked, RESULTS, [_row(one) for one in found])


@rag.command()
def evaluate(
    file: Annotated[Path | None, typer.Option(help="Questions in JSON; default: those of the repository.")] = None,
    split: Annotated[str, typer.Option(help="Only this split, such as held_back.")] = "",
    least_recall: Annotated[float, typer.Option(min=0, max=1, help="Exit with 4 below this recall@5.")] = 0.0,
    json: Json = False,
) -> None:
    """Measure recall@5, MRR and abstaining.

    Over questions in customers' words, with bootstrap intervals.
    """
    with session(json) as s:
        from llmops.rag import evaluation
        from telecom import console
        from telecom.errors import GateRefused
        from telecom.passages import SURE_ENOUGH

        questions = evaluation.load(file or evaluation.QUESTIONS).of(split)
        found = evaluation.run(s.platform.retriever, questions, SURE_ENOUGH)
        if json:
            console.print_json(found)
        else:
            console.print_pairs("Retrieval", [(name.replace("_", " "), value) for name, value in vars(found).items()])
        if found.recall.value < least_recall:
            said = f"recall@5 is {found.recall.value:.3f}, and {least_recall:.3f} is asked for."
            if json:
                raise typer.Exit(GateRefused.exit_code)
            raise GateRefused("retrieval", said)


@rag.command()
def build(json: Json = False) -> None:
    """Make data stores and engine of Agent Search.

    On Google Cloud only, and safe to repeat; Terraform makes the same.
    """
    with session(json) as s:
        from llmops.rag import build_vertex_search_datastore

        s.show("Agent Search", build_vertex_search_datastore.run(_stores(s)), "telecom rag ingest docs/telecom")


@rag.command()
def sync(json: Json = False) -> None:
    """Take in the questions and answers of telecom_gold.knowledge_faq."""
    with session(json) as s:
        from llmops.rag import sync_bigquery_knowledge

        p = s.platform
        importer = _stores(s) if p.settings.backend == "gcp" else None
        s.show("Questions and answers", sync_bigquery_knowledge.run(p.warehouse, p.retriever, importer))


def _stores(s: "Session") -> Any:
    """Agent Search's data stores.

    Raises:
        UsageError: the backend is not gcp.
    """
    from telecom.errors import UsageError

    settings = s.platform.settings
    if settings.backend != "gcp":
        raise UsageError("Data stores are Google Cloud's; the local index needs none.", "Set TELECOM_BACKEND=gcp.")
    from telecom.adapters.gcp.search_stores import SearchStores

    return SearchStores(settings)


def _questions(question: str, file: Path | None) -> Iterator[str]:
    """The questions to ask, in order; empty lines of a file are none.

    Raises:
        UsageError: neither or both were given, or the file is not text.
    """
    from telecom.errors import NotFound, UsageError

    if bool(question.strip()) == (file is not None):
        raise UsageError("Give one question, or --file.", 'For example: telecom rag search "segunda via"')
    if file is None:
        yield question
        return
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {str(file)!r}.", "Name a file with one question per line.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text.", "Save it as UTF-8, one question per line.") from error
    yield from (line.strip() for line in lines if line.strip())


def _answer(query: str, found: "Sequence[Found]") -> dict[str, Any]:
    results = [
        {
            "document": one.passage.document,
            "title": one.passage.title,
            "section": one.passage.section,
            "page": one.passage.page,
            "score": round(one.score, 4),
            "text": one.passage.text,
        }
        for one in found
    ]
    return {"query": query, "results": results}


def _row(one: "Found") -> tuple[Any, ...]:
    text = " ".join(one.passage.text.split())
    short = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return (f"{one.score:.2f}", one.passage.document, one.passage.section, one.passage.page, short)
