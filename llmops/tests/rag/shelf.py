"""A Retriever in memory: remembers what it was given."""

from collections.abc import Mapping, Sequence

from telecom.passages import folded, may_read
from telecom.ports import Found, Passage, Reading


class Shelf:
    """`passages` and `told` (digests) by document; `changes` counts calls of replace."""

    def __init__(self) -> None:
        self.passages: dict[str, tuple[Passage, ...]] = {}
        self.told: dict[str, str] = {}
        self.changes = 0

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """Passages that have any word of the query, those with the most first."""
        words = set(folded(query).split())
        scored = [
            (len(words & set(folded(f"{p.section} {p.text}").split())) / len(words), p)
            for p in self.all()
            if may_read(p, reading)
        ]
        best = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])
        return tuple(Found(passage, score) for score, passage in best[:k])

    def replace(
        self,
        passages: Mapping[str, Sequence[Passage]],
        gone: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        self.changes += 1
        for name in (*passages, *gone):
            self.passages.pop(name, None)
            self.told.pop(name, None)
        self.passages |= {name: tuple(listed) for name, listed in passages.items()}
        self.told |= {name: (digests or {}).get(name, "") for name in passages}

    def digests(self) -> Mapping[str, str]:
        return dict(self.told)

    def all(self) -> list[Passage]:
        return [passage for listed in self.passages.values() for passage in listed]

    def texts(self, document: str) -> list[str]:
        return [passage.text for passage in self.passages[document]]
