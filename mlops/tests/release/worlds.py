"""A service on paper: revisions that answer as a test says, a registry, documents, a clock that only the job moves."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks.release_study import GOOD
from benchmarks.release_study import Revision as Behaviour
from mlops.src.model_versions import MODEL
from mlops.src.release.tallies import NO_TALLY, together
from telecom.errors import DependencyUnavailable, NotFound
from telecom.ports import Answer, ModelVersion, Revision, Tally

START = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class Clock:
    """Moves when somebody sleeps; `each` is called with the seconds slept."""

    time: datetime = START
    each: Callable[[float], None] = lambda seconds: None

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.each(seconds)


@dataclass
class Service:
    """Implements `telecom.ports.Traffic`. `rate` requests a second are dealt while somebody sleeps.

    `log` lists what was changed, in order; `broken` makes shifts fail.
    """

    known: dict[str, Revision] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    counted: dict[str, Tally] = field(default_factory=dict)
    rate: float = 300.0
    log: list[Any] = field(default_factory=list)
    broken: int = 0
    followers: set[str] = field(default_factory=set)
    answer: Callable[[str, str, bytes | None], Answer] = lambda revision, path, body: Answer(200, b"")
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def deploy(self, name: str, version: str, behaviour: Behaviour = GOOD, *, ready: bool = True) -> None:
        at = START + timedelta(minutes=len(self.known))
        self.known[name] = Revision(name, 0 if self.known else 100, ready, version, at)
        self.behaviours[name] = behaviour

    def pass_time(self, seconds: float) -> None:
        for name, revision in self.known.items():
            requests = int(self.rng.poisson(self.rate * seconds * revision.share / 100))
            answered = self.behaviours[name].answer(requests, 1.0, self.rng)
            self.counted[name] = together([self.counted.get(name, NO_TALLY), answered])

    def shares(self) -> dict[str, int]:
        return {name: revision.share for name, revision in self.known.items() if revision.share}

    def change(self, name: str, **fields: Any) -> None:
        self.known[name] = replace(self.known[name], **fields)

    def revisions(self, service: str) -> tuple[Revision, ...]:
        return tuple(sorted(self.known.values(), key=lambda revision: revision.created_at, reverse=True))

    def shift(self, service: str, shares: Mapping[str, int]) -> None:
        if self.broken:
            self.broken -= 1
            raise DependencyUnavailable("The traffic cannot be moved.")
        self.log.append(("traffic", dict(shares)))
        for name in self.known:
            self.change(name, share=shares.get(name, 0))

    def ask(self, service: str, revision: str, path: str, body: bytes | None = None) -> Answer:
        return self.answer(revision, path, body)

    def tallies(self, service: str, since: datetime) -> Mapping[str, Tally]:
        return dict(self.counted)


@dataclass
class Registry:
    """The part of `telecom.ports.ModelRegistry` that releases need; moving the alias moves whoever follows it."""

    service: Service
    champion: str | None = "1"
    versions_known: tuple[str, ...] = ("1", "2", "3")
    broken: int = 0

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        aliases = {version: (("champion",) if version == self.champion else ()) for version in self.versions_known}
        return tuple(ModelVersion(MODEL, v, v * 64, START, aliases[v], {}) for v in self.versions_known)

    def point(self, name: str, alias: str, version: str) -> None:
        if self.broken:
            self.broken -= 1
            raise DependencyUnavailable("The registry does not answer.")
        if version not in self.versions_known:
            raise NotFound(f"no version {version}")
        self.service.log.append(("alias", version))
        self.champion = version
        for follower in self.service.followers:
            self.service.change(follower, model_version=version)

    def champions(self, name: str) -> tuple[str, ...]:
        raise AssertionError("releases have a history of their own")

    def register(self, *_: Any) -> ModelVersion:
        raise AssertionError("nobody registers here")

    def fetch(self, *_: Any) -> Any:
        raise AssertionError("nobody fetches here")


@dataclass
class Papers:
    """Implements `telecom.ports.Documents`; `twice` applies every change twice, as after a lost answer."""

    stored: dict[str, Any] = field(default_factory=dict)
    twice: bool = False

    def read(self, name: str) -> Any:
        return copy.deepcopy(self.stored.get(name))

    def change(self, name: str, change: Callable[[Any], Any]) -> Any:
        for _ in range(2 if self.twice else 1):
            self.stored[name] = change(self.read(name))
        return self.read(name)
