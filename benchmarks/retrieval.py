"""`python -m benchmarks.retrieval`: the local knowledge base on 100,000 passages, beside SQLite's FTS5 in the same run.

The passages are made of the sentences of `docs/telecom`, shuffled, with words of an invented vocabulary as frequent as
words of a language are (Zipf), so that every question meets tens of thousands of passages. The questions are those of
the evaluation. FTS5 answers the same way as far as it can: accents folded, any word may match, BM25, the same filters;
it knows neither stems nor synonyms.
"""

import argparse
import json
import random
import re
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import Bench, Measured, in_child, timed

DOCUMENTS = Path(__file__).resolve().parents[1] / "docs" / "telecom"
ON = date(2026, 11, 21)
INVENTED = 60_000
PER_DOCUMENT = 20
SENTENCES = 4
TARGETS = {"index seconds": 60.0, "p95 ms": 20.0}
SYLLABLES = (
    "ba be bi bo ca co da de di do fa fe fi la le li lo ma me mi mo na ne no pa pe ra re ri sa se ta te va ve".split()
)
WORD = re.compile(r"\w+")


def passages(count: int) -> Iterator[Any]:
    """Generated passages, the same ones each time."""
    from telecom.ports import Passage

    chance, pool = random.Random(7), list(_sentences())
    words = _invented(chance)
    weights = list(accumulate(1 / (rank + 10) for rank in range(len(words))))
    for number in range(count):
        said = [*chance.choices(pool, k=SENTENCES), " ".join(chance.choices(words, cum_weights=weights, k=40))]
        chance.shuffle(said)
        kept = number % 10
        yield Passage(
            key=f"p{number}",
            document=f"d{number // PER_DOCUMENT}.html",
            title=f"{chance.choice(words)} {chance.choice(pool)[:30]}",
            section=chance.choice(pool)[:50],
            page=None,
            text=" ".join(said),
            audience=("agent",) if kept == 0 else ("agent", "customer"),
            sensitivity="internal" if kept == 0 else "public",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 6, 30) if kept == 1 else None,
        )


def ours(bench: Bench) -> Measured:
    """The local retriever."""
    from telecom.adapters.local.retrieval import LocalRetriever
    from telecom.ports import Passage, Reading
    from telecom.settings import Settings

    by_document: dict[str, list[Passage]] = {}
    for passage in passages(bench.customers):
        by_document.setdefault(passage.document, []).append(passage)
    settings = Settings(home=bench.home / "ours")
    took, _ = timed(lambda: LocalRetriever(settings).replace(by_document))
    retriever = LocalRetriever(settings)
    reading = Reading("customer", ON)
    found = _asked(lambda question: retriever.search(question, reading, 5))
    change = timed(lambda: retriever.replace({"d0.html": by_document["d0.html"]}))[0].wall
    return Measured(took, bench.customers, found=_figures(took.wall, found, settings.home) | {"change s": change})


def alternative(bench: Bench) -> Measured:
    """SQLite's FTS5."""
    file = bench.home / "fts5" / "index.db"
    file.parent.mkdir(parents=True)
    made = list(passages(bench.customers))
    base = sqlite3.connect(file)
    took, _ = timed(lambda: _fill(base, made))
    today = ON.isoformat()

    def ask(question: str) -> Sequence[Any]:
        words = " OR ".join(f'"{word}"' for word in dict.fromkeys(WORD.findall(question)))
        return base.execute(FTS_QUERY, (words, today, today)).fetchall()

    return Measured(took, bench.customers, found=_figures(took.wall, _asked(ask), file.parent))


FTS_QUERY = """
SELECT key FROM passages JOIN rights ON rights.rowid = passages.rowid
WHERE passages MATCH ? AND customer AND since <= ? AND until >= ?
ORDER BY bm25(passages) LIMIT 5
"""


def _fill(base: sqlite3.Connection, made: Sequence[Any]) -> None:
    base.execute(
        "CREATE VIRTUAL TABLE passages USING fts5(title, section, text, tokenize='unicode61 remove_diacritics 2')"
    )
    base.execute("CREATE TABLE rights (key TEXT, customer INT, since TEXT, until TEXT)")
    base.executemany("INSERT INTO passages VALUES (?, ?, ?)", ((p.title, p.section, p.text) for p in made))
    base.executemany(
        "INSERT INTO rights VALUES (?, ?, ?, ?)",
        (
            (
                p.key,
                "customer" in p.audience and p.sensitivity == "public",
                str(p.valid_from),
                str(p.valid_until or "9999"),
            )
            for p in made
        ),
    )
    base.commit()


def _asked(ask: Callable[[str], Sequence[Any]]) -> list[float]:
    """Milliseconds of each question, after one that opens everything."""
    from llmops.rag.evaluation import load

    questions = [question.text for question in load().questions]
    if not ask(questions[0]):
        raise RuntimeError("nothing was found")
    took = []
    for question in questions:
        began = time.perf_counter()
        ask(question)
        took.append((time.perf_counter() - began) * 1e3)
    return took


def _figures(seconds: float, asked: Sequence[float], folder: Path) -> dict[str, float]:
    cuts = statistics.quantiles(asked, n=100)
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return {
        "index seconds": seconds,
        "p50 ms": cuts[49],
        "p95 ms": cuts[94],
        "p99 ms": cuts[98],
        "disk MB": disk,
    }


def _sentences() -> Iterator[str]:
    from llmops.rag.ingest_documents import run
    from telecom.progress import Silent

    memory = Memory()
    run(memory, None, DOCUMENTS, Silent())
    for listed in memory.passages.values():
        for passage in listed:
            yield from (part for part in re.split(r"(?<=[.!?])\s+|\n", passage.text) if len(part) > 20)


class Memory:
    """Keeps what the ingestion makes."""

    def __init__(self) -> None:
        self.passages: dict[str, Sequence[Any]] = {}

    def search(self, query: str, reading: Any, k: int = 5) -> tuple[Any, ...]:
        return ()

    def replace(
        self,
        passages: Mapping[str, Sequence[Any]],
        gone: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        self.passages.update(passages)

    def digests(self) -> Mapping[str, str]:
        return {}


def _invented(chance: random.Random) -> list[str]:
    return ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(INVENTED)]


def main() -> int:
    """Measures both; 0 if the targets are reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000, help="how many (default 100,000)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="telecom-bench-") as folder:
        bench = Bench(Path(folder), chosen.passages)
        sides = {
            "tantivy, stems and synonyms": in_child("benchmarks.retrieval:ours", bench),
            "SQLite FTS5": in_child("benchmarks.retrieval:alternative", bench),
        }
    figures = {name: {**side.found, "peak MB": side.peak_mb} for name, side in sides.items()}
    for name, told in figures.items():
        print(name, " · ".join(f"{what} {value:,.1f}" for what, value in told.items()), sep=": ")
    if chosen.json:
        chosen.json.write_text(json.dumps({"passages": chosen.passages, **figures}, indent=1), "utf-8")
    mine = next(iter(figures.values()))
    return int(any(mine[what] > most for what, most in TARGETS.items()))


if __name__ == "__main__":
    sys.exit(main())
