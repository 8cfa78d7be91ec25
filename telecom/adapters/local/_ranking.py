"""From a question to passages: its words and what they may mean, what the engine finds, and how sure that is.

Order: the engine's score (BM25), how much of the question a passage covers, and how well its document as a whole does.
Each was kept because questions of the development split are answered better with it; `benchmarks.retrieval_study`
repeats the comparison. Character n-grams did not help beside the synonyms and are left out.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tantivy

from telecom.adapters.local import _index
from telecom.adapters.local._index import Entry, Known
from telecom.adapters.local._portuguese import stems
from telecom.adapters.local._synonyms import Phrase, meanings
from telecom.ports import Found, Reading

CANDIDATES = 40
MOST_STEMS = 48
LONGEST = 4_000
SYNONYM = 0.7
"""What a synonym counts beside the word itself; of several words, divided by the root of their number."""
COVERED = 0.8
"""What of a word counts as covered where only a synonym is there."""
COVERAGE, DOCUMENT = 1.0, 0.5
BEST_OF = 3
SATURATED = 2.2
"""BM25 of a word that fills a passage, in units of its weight (k1 + 1)."""
CONSTANT, BY_COVERAGE, BY_SCORE, BY_TERMS = -6.0, 7.9, 3.4, 0.49
"""Log-odds that one of the first five passages answers: logistic regression on the development split, where questions
that are answered and questions that nothing answers weigh the same, shifted so that 0.5 keeps 95 % of the former. The
number of terms counts because of a long question less is covered.
"""
MOST_COUNTED = 8
FIRST = 5


@dataclass(frozen=True)
class Term:
    """A stem of the question, how much it tells (BM25's inverse frequency), and phrases that may stand for it."""

    stem: str
    weight: float
    instead: tuple[Phrase, ...]


@dataclass(frozen=True)
class Asked:
    """A question: its terms, and phrases that may stand for several of its words at once."""

    terms: tuple[Term, ...]
    phrases: tuple[tuple[Phrase, ...], ...]

    @cached_property
    def weight(self) -> float:
        """Of all terms."""
        return sum(term.weight for term in self.terms)

    def coverage(self, found: frozenset[str]) -> float:
        """Share of the question's weight that these stems cover, from 0 to 1; by a synonym, COVERED of a term's."""
        covered = 0.0
        for term in self.terms:
            if term.stem in found:
                covered += term.weight
            elif term.instead and any(found.issuperset(phrase) for phrase in term.instead):
                covered += term.weight * COVERED
        return covered / self.weight


@dataclass(frozen=True)
class Ranking:
    """How passages are found and ordered; what is not the default is for comparisons."""

    synonyms: float = SYNONYM
    coverage: float = COVERAGE
    document: float = DOCUMENT
    candidates: int = CANDIDATES

    def find(
        self, searcher: Any, fields: Any, query: str, reading: Reading, known: Known | None = None
    ) -> tuple[Found, ...]:
        """What the reader may see of what matches, best first. The score is that of the whole answer's confidence for
        the first passage, and in proportion to their order below for the others.
        """
        asked = understand(searcher, query, bool(self.synonyms))
        if not asked.terms:
            return ()
        matching = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in self._queries(fields, asked)])
        whole = tantivy.Query.boolean_query([(tantivy.Occur.Must, matching), *_index.readable(fields, reading)])
        found = list(_index.entries(searcher, whole, self.candidates, known))
        return _ordered(found, asked, self) if found else ()

    def _queries(self, fields: Any, asked: Asked) -> Iterator[Any]:
        for term in asked.terms:
            own = tantivy.Query.term_query(fields, "words", term.stem, "freq")
            others = [self._phrase(fields, phrase) for phrase in term.instead]
            yield tantivy.Query.disjunction_max_query([own, *others]) if others else own
        for phrases in asked.phrases:
            yield tantivy.Query.disjunction_max_query([self._phrase(fields, phrase) for phrase in phrases])

    def _phrase(self, fields: Any, phrase: Phrase) -> Any:
        words = [tantivy.Query.term_query(fields, "words", stem, "freq") for stem in phrase]
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, word) for word in words]) if words[1:] else words[0]
        return tantivy.Query.boost_query(query, self.synonyms / math.sqrt(len(phrase)))


def understand(searcher: Any, query: str, with_synonyms: bool = True) -> Asked:
    """The question's terms, weighted by how rare they are in the index."""
    listed = stems(query[:LONGEST])[:MOST_STEMS]
    instead: dict[Phrase, tuple[Phrase, ...]] = {}
    if with_synonyms:
        instead = {meaning.said: meaning.instead for meaning in meanings(listed)}
    total = max(searcher.num_docs, 1)
    terms = tuple(
        Term(stem, _weight(total, searcher.doc_freq("words", stem)), instead.get((stem,), ()))
        for stem in dict.fromkeys(listed)
    )
    return Asked(terms, tuple(phrases for said, phrases in instead.items() if len(said) > 1))


def _weight(total: int, count: int) -> float:
    """Inverse document frequency as BM25 has it."""
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


def _ordered(found: Sequence[Entry], asked: Asked, ranking: Ranking) -> tuple[Found, ...]:
    top = max(entry.score for entry in found)
    by_document: dict[str, list[float]] = defaultdict(list)
    for entry in found:
        by_document[entry.passage.document].append(entry.score / top)
    support = {name: sum(sorted(scores)[-BEST_OF:]) / BEST_OF for name, scores in by_document.items()}
    valued = [
        (
            entry.score / top
            + ranking.coverage * asked.coverage(entry.stems)
            + ranking.document * support[entry.passage.document],
            entry,
        )
        for entry in found
    ]
    valued.sort(key=lambda pair: (-pair[0], pair[1].passage.document, pair[1].passage.key))
    sure = confidence([entry for _, entry in valued[:FIRST]], asked)
    best = valued[0][0]
    return tuple(Found(entry.passage, sure * value / best) for value, entry in valued)


def confidence(first: Sequence[Entry], asked: Asked) -> float:
    """Probability that one of these passages answers the question, as calibrated on the development split."""
    coverage = max(asked.coverage(entry.stems) for entry in first)
    score = max(entry.score for entry in first) / (SATURATED * asked.weight)
    counted = min(len(asked.terms), MOST_COUNTED)
    odds = CONSTANT + BY_COVERAGE * coverage + BY_SCORE * score + BY_TERMS * counted
    return 1 / (1 + math.exp(-odds))
