"""A folder of documents becomes the knowledge base: what is in the folder is found, what is gone is not.

Reads HTML, PDF, DOCX, Markdown and text files. Writes their passages through the Retriever and, where there is a lake
for documents, the files to `docs/knowledge/…`. Files that have not changed are not parsed again; one that cannot be
read is reported, has no passages, and stops nobody else.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from llmops.rag.blocks import Parsed, Refused
from llmops.rag.chunking import Chunk, chunks
from llmops.rag.duplicates import without_twins
from llmops.rag.folder import File, files, inside
from llmops.rag.front_matter import Access, access, read_yaml
from llmops.rag.reading import Limits, Reader, reader
from telecom.errors import InputRefused
from telecom.ports import Objects, Passage, Retriever
from telecom.progress import Progress

TABLES = "table:"
"""How documents are named that are rows of a table; see `sync_bigquery_knowledge`. A folder never removes them."""
LAKE = "docs/knowledge"


@dataclass(frozen=True)
class Refusal:
    """A file that has no passages, and why; `reason` is one of `llmops.rag.blocks.REASONS`."""

    document: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Ingested:
    """What became of a folder: `files == parsed + unchanged + refused + copies`.

    `copies` have the bytes of another file; `removed` documents lost their passages; `passages` were written now,
    `twins` left out because their section says the same already. `restricted` documents lack audience or sensitivity in
    their front matter and are therefore for agents only, and internal.
    """

    files: int
    parsed: int
    unchanged: int
    refused: int
    copies: int
    removed: int
    passages: int
    twins: int
    by_reason: Mapping[str, int]
    refusals: tuple[Refusal, ...]
    restricted: tuple[str, ...]


@dataclass
class _Work:
    """What is known so far."""

    digests: dict[str, str] = field(default_factory=dict)
    passages: dict[str, tuple[Passage, ...]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    restricted: list[str] = field(default_factory=list)
    unchanged: int = 0
    copies: int = 0
    twins: int = 0

    def refuse(self, file: File, refusal: Refused) -> None:
        self.digests.pop(file.name, None)
        self.refusals.append(Refusal(file.name, refusal.reason, refusal.detail))


def run(
    retriever: Retriever,
    objects: Objects | None,
    folder: Path,
    progress: Progress,
    *,
    limits: Limits | None = None,
    again: bool = False,
) -> Ingested:
    """Makes the knowledge base what the folder is.

    Args:
        retriever: receives the passages, all at once.
        objects: keeps the files; None where the folder itself is enough.
        folder: whose files are the documents.
        progress: is told how far the work is.
        limits: what one file may take.
        again: parse every file, also those that have not changed.

    Raises:
        NotFound: there is no such folder.
        InputRefused: no_documents, where no file of the folder can be read; the knowledge base stays as it was.
    """
    bounds = limits or Limits()
    known = {name: digest for name, digest in retriever.digests().items() if not name.startswith(TABLES)}
    work, found = _Work(), list(files(folder))
    changed = _changed(found, folder, {} if again else known, bounds, work)
    progress.start("Reading documents", len(changed))
    with reader(bounds) as child:
        for file in changed:
            _take(file, child, bounds, work)
            progress.advance(1)
    progress.stop()
    if not work.digests:
        raise _nothing(folder, found, work)
    gone = sorted(set(known) - set(work.digests))
    if objects is not None:
        _keep([file for file in changed if file.name in work.passages], objects)
    if work.passages or gone:
        retriever.replace(work.passages, gone, {name: work.digests[name] for name in work.passages})
    return _counted(found, gone, work)


def passages_of(document: str, parsed: Parsed, rights: Access) -> tuple[tuple[Passage, ...], int]:
    """A document's passages, and how many twins were left out."""
    title = rights.title or parsed.title or _spoken(document)
    whole = chunks(parsed, title)
    kept = list(without_twins(whole))
    keys: Counter[str] = Counter()
    return tuple(_passage(document, title, chunk, rights, keys) for chunk in kept), len(whole) - len(kept)


def _passage(document: str, title: str, chunk: Chunk, rights: Access, keys: Counter[str]) -> Passage:
    content = hashlib.sha256("\0".join((document, chunk.section, chunk.text)).encode()).hexdigest()[:24]
    keys[content] += 1
    return Passage(
        content if keys[content] == 1 else f"{content}-{keys[content]}",
        document,
        title,
        chunk.section,
        chunk.page,
        chunk.text,
        rights.audience,
        rights.sensitivity,
        rights.valid_from,
        rights.valid_until,
    )


def _changed(found: Sequence[File], folder: Path, known: Mapping[str, str], bounds: Limits, work: _Work) -> list[File]:
    """Files to be parsed: neither refused nor known as they are, nor copies of one that comes before."""
    changed = []
    seen: set[tuple[str, str]] = set()
    for file in found:
        try:
            inside(file, folder)
            digest = file.digest(bounds.bytes)
        except Refused as refusal:
            work.refuse(file, refusal)
            continue
        if (file.suffix, digest) in seen:
            work.copies += 1
            continue
        seen.add((file.suffix, digest))
        work.digests[file.name] = digest
        if known.get(file.name) == digest:
            work.unchanged += 1
        else:
            changed.append(file)
    return changed


def _take(file: File, child: Reader, bounds: Limits, work: _Work) -> None:
    """Parses one file into passages; whatever is wrong with it is noted."""
    try:
        sidecar = read_yaml(file.sidecar.read_text("utf-8")) if file.sidecar.is_file() else None
        parsed = child.parse(file.path, file.suffix)
        rights = access(parsed.front_matter, sidecar)
        passages, twins = passages_of(file.name, parsed, rights)
        if not passages:
            raise Refused("no_text")
        if file.digest(bounds.bytes) != work.digests[file.name]:
            raise Refused("changed_meanwhile")
    except Refused as refusal:
        work.refuse(file, refusal)
        return
    except (OSError, UnicodeDecodeError) as error:
        work.refuse(file, Refused("unreadable", str(error)[:200]))
        return
    work.passages[file.name] = passages
    work.twins += twins
    if rights.missing:
        work.restricted.append(file.name)


def _keep(taken: Sequence[File], objects: Objects) -> None:
    """The files, and their sidecars, under names that follow from their bytes."""
    for file in taken:
        digest = file.content_digest()
        objects.put(file.path, f"{LAKE}/{digest[:16]}-{_safe(file.path.name)}")
        with suppress(FileNotFoundError):
            own = hashlib.sha256(file.sidecar.read_bytes()).hexdigest()
            objects.put(file.sidecar, f"{LAKE}/{digest[:16]}-{own[:8]}-{_safe(file.sidecar.name)}")


def _safe(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in name)[-120:]


def _nothing(folder: Path, found: Sequence[File], work: _Work) -> InputRefused:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(_reasons(work).items()))
    return InputRefused(
        "no_documents",
        f"No document in {str(folder)!r} can be read ({reasons or 'there are no files'}).",
        "Name the folder that holds the documents; the knowledge base stays as it was.",
        read=len(found),
    )


def _counted(found: Sequence[File], gone: Sequence[str], work: _Work) -> Ingested:
    return Ingested(
        files=len(found),
        parsed=len(work.passages),
        unchanged=work.unchanged,
        refused=len(work.refusals),
        copies=work.copies,
        removed=len(gone),
        passages=sum(map(len, work.passages.values())),
        twins=work.twins,
        by_reason=_reasons(work),
        refusals=tuple(work.refusals),
        restricted=tuple(work.restricted),
    )


def _reasons(work: _Work) -> dict[str, int]:
    return dict(sorted(Counter(refusal.reason for refusal in work.refusals).items()))


def _spoken(document: str) -> str:
    """`internet/segunda-via.pdf` as a title: `Segunda via`."""
    words = PurePosixPath(document).stem.replace("_", " ").replace("-", " ").split()
    return " ".join(words).capitalize() or document
