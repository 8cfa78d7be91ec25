"""`python -m benchmarks.retrieval_study`: what each signal of the local retriever is worth, question by question.

Every variant answers the questions of the evaluation over `docs/telecom`; each line is compared with the one that it
names by a paired bootstrap over the questions. A signal is in the product only where its interval lies above zero on
the development split. Stemming by tantivy and character n-grams are BM25 in memory, with the product's other settings.
"""

import argparse
import itertools
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import tantivy

from benchmarks.retrieval import DOCUMENTS, Memory
from llmops.rag import ingest_documents
from llmops.rag.evaluation import QUESTIONS, Asked, Evaluation, ask, compare, evaluate, load, reciprocal
from telecom.adapters.local._portuguese import STOP_WORDS, stems
from telecom.adapters.local._ranking import Ranking
from telecom.adapters.local.retrieval import LocalRetriever
from telecom.passages import SURE_ENOUGH, folded, may_read, without_twins
from telecom.ports import Found, Passage, Reading, Retriever
from telecom.progress import Silent
from telecom.settings import Settings

K1, B = 1.2, 0.75
DEPTH, FUSION = 40, 60
Cut = Callable[[str], list[str]]


class InMemory:
    """BM25 over whatever a text is cut into. Searches only."""

    def __init__(self, passages: Sequence[Passage], cut: Cut) -> None:
        self._passages, self._cut = passages, cut
        self._counts = [Counter(cut(f"{p.title} {p.section} {p.section} {p.text}")) for p in passages]
        self._sizes = [sum(counts.values()) for counts in self._counts]
        self._mean = sum(self._sizes) / len(self._sizes)
        self._where: dict[str, list[int]] = {}
        for number, counts in enumerate(self._counts):
            for piece in counts:
                self._where.setdefault(piece, []).append(number)

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """The best passages that the reader may see."""
        scores: Counter[int] = Counter()
        for piece in dict.fromkeys(self._cut(query)):
            where = self._where.get(piece, [])
            weight = math.log(1 + (len(self._passages) - len(where) + 0.5) / (len(where) + 0.5))
            for number in where:
                count = self._counts[number][piece]
                size = self._sizes[number] / self._mean
                scores[number] += weight * count * (K1 + 1) / (count + K1 * (1 - B + B * size))  # type: ignore[assignment]
        found = (Found(self._passages[number], score) for number, score in scores.most_common())
        return tuple(itertools.islice(without_twins(one for one in found if may_read(one.passage, reading)), k))


class Fused:
    """Reciprocal rank fusion (G. Cormack, C. Clarke, S. Buettcher, SIGIR 2009) of several searches."""

    def __init__(self, *searches: "Search") -> None:
        self._searches = searches

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """The passages that stand highest in all lists together."""
        points: Counter[str] = Counter()
        passages: dict[str, Passage] = {}
        for one in self._searches:
            for rank, found in enumerate(one.search(query, reading, DEPTH), 1):
                points[found.passage.key] += 1 / (FUSION + rank)  # type: ignore[assignment]
                passages[found.passage.key] = found.passage
        return tuple(Found(passages[key], value) for key, value in points.most_common(k))


Search = InMemory | Fused | Retriever


def snowball() -> Cut:
    """Tantivy's own chain for Portuguese, accents folded first since customers write without."""
    filters = tantivy.Filter
    chain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (
        filters.remove_long(40), filters.lowercase(), filters.ascii_fold(), filters.stopword("portuguese"),
        filters.stemmer("portuguese"),
    ):  # fmt: skip
        chain = chain.filter(step)
    analyzer = chain.build()
    return lambda text: list(analyzer.analyze(text))


def grams(text: str) -> list[str]:
    """Runs of three to five characters within words, their ends marked."""
    words = (f"_{word}_" for word in re.findall(r"\w+", folded(text)) if word not in STOP_WORDS)
    return [word[at : at + n] for word in words for n in (3, 4, 5) for at in range(len(word) - n + 1)]


def variants(folder: Path) -> list[tuple[str, Search, str]]:
    """Name, how it searches, and with which one it is compared."""
    settings = Settings(home=folder)
    memory, product = Memory(), LocalRetriever(settings)
    ingest_documents.run(memory, None, DOCUMENTS, Silent())
    product.replace(memory.passages)
    passages = [passage for listed in memory.passages.values() for passage in listed]
    by_grams = InMemory(passages, grams)
    plain = LocalRetriever(settings, Ranking(0, 0, 0))
    return [
        ("tantivy's stemmer", InMemory(passages, snowball()), ""),
        ("our stems, in memory", InMemory(passages, stems), "tantivy's stemmer"),
        ("our stems", plain, ""),
        ("n-grams", by_grams, "our stems"),
        ("our stems, fused with n-grams", Fused(plain, by_grams), "our stems"),
        ("our stems, synonyms", LocalRetriever(settings, Ranking(coverage=0, document=0)), "our stems"),
        ("… and coverage", LocalRetriever(settings, Ranking(document=0)), "our stems, synonyms"),
        ("… and document: the product", product, "our stems, synonyms"),
        ("the product, fused with n-grams", Fused(product, by_grams), "… and document: the product"),
    ]


def main() -> int:
    """Prints the table of one split."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval_study", description=__doc__)
    parser.add_argument("--split", default="development", help="development (default), held_back, or empty for all")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    questions = load(QUESTIONS).of(chosen.split)
    done: dict[str, tuple[Sequence[Asked], Evaluation]] = {}
    print("| variant | recall@5 | MRR | compared with | Δ recall@5 | Δ MRR |\n|---|---|---|---|---|---|")
    with TemporaryDirectory(prefix="telecom-study-") as folder:
        for name, search, before in variants(Path(folder)):
            asked = ask(search, questions)  # type: ignore[arg-type]
            done[name] = asked, evaluate(asked, SURE_ENOUGH)
            deltas: tuple[object, ...] = ("", "", "")
            if before:
                base = done[before][0]
                recall = compare(asked, base, lambda one: float(one.rank > 0))
                deltas = (before, recall, compare(asked, base, lambda one: reciprocal(one.rank)))
            print("|", " | ".join(map(str, (name, done[name][1].recall, done[name][1].mrr, *deltas))), "|", flush=True)
    if chosen.json:
        told = {name: asdict(found) for name, (_, found) in done.items()}
        chosen.json.write_text(json.dumps(told, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
