"""`python -m tools.english_words`: writes the keys of the English gists, from docs/telecom, and the pages' sentences.

Run it after a document was changed and its gist read again, or after `sentences.en.txt` was changed. Ends with 4 where
a gist has no passage that supports it.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from llmops.agent.intents import gists
from llmops.agent.responder import english
from llmops.rag import ingest_documents
from telecom.ports import Found, Passage, Reading
from telecom.progress import Silent

ROOT = Path(__file__).resolve().parents[1]
FILE = Path(gists.__file__).with_name(gists.FILE)
PAGES = ROOT / "llmops" / "web" / "js" / "words" / "told.en.js"
LEFT_ALONE = 4


class Collected:
    """A retriever that only keeps what it is given."""

    def __init__(self) -> None:
        self.passages: dict[str, Sequence[Passage]] = {}

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """Nothing."""
        return ()

    def replace(
        self,
        passages: Mapping[str, Sequence[Passage]],
        gone: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        """Keeps the passages."""
        self.passages |= passages

    def digests(self) -> Mapping[str, str]:
        """None, so that every document is read."""
        return {}


def run(documents: Path = ROOT / "docs" / "telecom") -> tuple[gists.Gist, ...]:
    """The gists with the keys that follow from the documents."""
    collected = Collected()
    ingest_documents.run(collected, None, documents, Silent())
    return gists.keyed(gists.read(), [each for name in sorted(collected.passages) for each in collected.passages[name]])


def told() -> str:
    """The module of words by which the pages say in English what tools say."""
    parts = {
        "told.sentences": english.listed(),
        "told.words": tuple(english.ENGLISH.items()),
        "told.counted": tuple((said.pattern, meant.replace("\\", "$")) for said, meant in english.COUNTED),
    }
    lines = [f'  "{name}": [\n{_pairs(pairs)}\n  ],\n' for name, pairs in parts.items()]
    return "// Written by python -m tools.english_words.\nexport default {\n" + "".join(lines) + "};\n"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"    {json.dumps(pair, ensure_ascii=False)}," for pair in pairs)


def main() -> int:
    """Writes the files; names the gists that nothing supports."""
    found = run()
    FILE.write_text(gists.written(found), "utf-8")
    PAGES.write_text(told(), "utf-8")
    lacking = [gist for gist in found if gist.key == gists.UNKNOWN]
    for gist in lacking:
        sys.stderr.write(f"{gist.document} § {gist.section}: no passage supports {gist.text!r}\n")
    return LEFT_ALONE if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
