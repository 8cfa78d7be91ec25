"""Chunks of a document that say the same twice in one section: word for word, or but for a few words.

Near means equal figures and negations, and nine tenths of the runs of three words in common: two tariffs that differ in
a price are never the same. Across sections and documents nothing is dropped here: what one reader may not see must not
hide its twin from another. The retrievers leave twins out of each answer.
"""

from collections.abc import Iterable, Iterator

from llmops.rag.chunking import Chunk
from telecom.passages import Likeness, folded


def without_twins(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks that say something which none before them in the section said, in order."""
    seen: dict[tuple[str, str], list[Likeness]] = {}
    for chunk in chunks:
        likeness = Likeness.of(chunk.text)
        before = seen.setdefault((folded(chunk.section), likeness.facts), [])
        if not any(likeness.is_twin_of(other) for other in before):
            before.append(likeness)
            yield chunk
