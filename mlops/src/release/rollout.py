"""A canary: 10, 50, 100 % of the requests for a new revision, each step held until it can be judged; or all at once.

Reads what the revisions answered; moves traffic and, at the end, the champion alias; writes releases.json.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from mlops.src.model_versions import CHAMPION, find
from mlops.src.release import history, turn
from mlops.src.release.history import Pair, Release, TakenBack
from mlops.src.release.judge import NOTHING_SEEN, Look, look
from mlops.src.release.policy import Policy
from mlops.src.release.service_state import (
    WHOLE,
    candidate_of,
    candidates_first,
    put_into_service,
    revision_of,
    served_by,
    waits,
)
from mlops.src.release.tallies import NO_TALLY, between, side_by_side
from telecom.errors import GateRefused, NotFound, UsageError
from telecom.ports import Documents, ModelRegistry, Revision, Tally, Traffic

NOT_READY_LOOKS = 2


@dataclass(frozen=True)
class Pace:
    """How time passes: seconds between two looks, before requests count, and for a step at most; and whose clock."""

    look_seconds: float = 5.0
    settle_seconds: float = 5.0
    step_seconds: float = 3_600.0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class StepDone:
    """One step that was passed: the candidate's share and requests, the seconds it took, what the last look found."""

    share: int
    requests: int
    seconds: float
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Released:
    """What serves now, what served before, and the steps that led there."""

    revision: str
    model_version: str
    from_revision: str
    from_model_version: str
    steps: tuple[StepDone, ...]


@dataclass(frozen=True)
class Canary:
    """A rollout's parts: the ports, what must be found, how time passes, and who is told of each look (share, look)."""

    traffic: Traffic
    registry: ModelRegistry
    documents: Documents
    service: str
    policy: Policy
    pace: Pace
    tell: Callable[[int, Look], None] = lambda share, found: None

    def run(self, candidate: str, *, approve: Callable[[str], None], check: Callable[[Revision], None]) -> Released:
        """Leads the candidate step by step to all requests; whatever stops it gives them back.

        Where the policy has no steps, it gets them all after gate and check.

        Args:
            candidate: name of the revision; empty for the newest that gets no requests.
            approve: raises unless a model version may become champion; asked if it is not champion already.
            check: raises unless the revision answers as it should; asked before it gets any requests.

        Raises:
            GateRefused: the gate, the check or a step said no. What served before serves again, its model included.
            TakenBack: somebody else took it back meanwhile; from then on nothing is moved or written.
            UsageError: another release is under way, or the candidate has all requests already.
            DependencyUnavailable: a half of the release could not be moved; if steps were passed, and all of them, the
                same again finishes it, else `telecom release rollback`.
        """
        if judged := self._judged(candidate):
            return self._finish(judged.number, self._serving().pair, judged.pair, ())
        baseline, chosen = candidate_of(self.traffic.revisions(self.service), candidate)
        old, new = (served_by(revision, self.registry) for revision in (baseline, chosen))
        champion = find(self.registry, CHAMPION)
        if champion is None or champion.version != new.model_version:
            approve(new.model_version)
        check(chosen)
        begun = self._begin(old, new)
        try:
            steps = self._steps(begun.number, old, new)
        except BaseException as error:
            self._take_back(begun.number, old, error)
            raise
        return self._finish(begun.number, old, new, steps)

    def _judged(self, candidate: str) -> Release | None:
        """The release that passed all steps and was not finished, if that is what is asked for.

        Raises:
            UsageError: it is another one.
        """
        judged = history.under_way(history.read(self.documents, self.service))
        if not judged or judged.state != "under_way" or judged.kind != "canary" or judged.passed != self.policy.steps:
            return None
        if not judged.passed:  # It has only begun, whoever leads it.
            return None
        revisions = self.traffic.revisions(self.service)
        newest = candidates_first(r for r in revisions if r.name == judged.revision or waits(r))
        if (candidate or next((r.name for r in newest), "")) == judged.revision:
            return judged
        raise UsageError(
            f"Release {judged.number} (canary of {judged.revision}) passed all steps and is not finished.",
            f"Finish it with: telecom release canary --candidate {judged.revision}, or: telecom release rollback",
        )

    def _begin(self, old: Pair, new: Pair) -> Release:
        now = self.pace.now()
        self._change(lambda known: history.found(known, old, now))
        begun = history.under_way(self._change(lambda known: history.begun(known, "canary", new, now)))
        if begun is None:
            raise UsageError("Another release ended this one.", "Begin again.")
        return begun

    def _steps(self, number: int, old: Pair, new: Pair) -> tuple[StepDone, ...]:
        done: list[StepDone] = []
        before: Sequence[Tally] = ()
        for share in self.policy.steps:
            step, before = self._step(number, share, old.revision, new.revision, before)
            done.append(step)
            self._change(partial(turn.passed, number=number, step=share))
        return tuple(done)

    def _step(
        self, number: int, share: int, old: str, new: str, reference: Sequence[Tally]
    ) -> tuple[StepDone, Sequence[Tally]]:
        """One step. `reference` is what the old revision answered at the step before, for when it has no requests."""
        began = self.pace.now()
        parts = {name: part for name, part in ((new, share), (old, WHOLE - share)) if part}
        self._in_turn(number, lambda: self.traffic.shift(self.service, parts))
        self.pace.sleep(self.pace.settle_seconds)
        before, after = list[Tally](), list[Tally]()
        watches = NOTHING_SEEN
        for old_part, new_part in self._parts(number, share, old, new):
            before.append(old_part)
            after.append(new_part)
            blocks = side_by_side(before if share < WHOLE else reference, after)
            found = look(blocks, (WHOLE - share) / share, self.policy, watches)
            watches, seconds = found.watches, (self.pace.now() - began).total_seconds()
            self.tell(share, found)
            if found.verdict == "pass":
                said = tuple(finding.sentence for finding in found.findings)
                requests = sum(part.requests for part in after)
                return StepDone(share, requests, seconds, said), before if share < WHOLE else reference
            if found.verdict == "stop":
                raise self._stopped(share, found.reasons)
            if seconds > self.pace.step_seconds:
                few = f"After {self.pace.step_seconds:g} s only {found.seen:.0%} of the needed requests were there."
                raise self._stopped(share, (few,))
        raise AssertionError("parts do not end")

    def _parts(self, number: int, share: int, old: str, new: str) -> Iterator[tuple[Tally, Tally]]:
        """What both answered in each stretch between two looks, without end.

        Raises:
            GateRefused: the candidate is not ready any more.
            TakenBack: somebody else took it back.
        """
        since, not_ready = self.pace.now(), 0
        last = self.traffic.tallies(self.service, since)
        while True:
            self.pace.sleep(self.pace.look_seconds)
            self._require_turn(number)
            not_ready = 0 if revision_of(self.traffic.revisions(self.service), new).ready else not_ready + 1
            if not_ready >= NOT_READY_LOOKS:
                raise self._stopped(share, (f"Revision {new} is not ready any more.",))
            # Who does not answer just now has counted nothing new, rather than begun again.
            now = {**last, **self.traffic.tallies(self.service, since)}
            old_part, new_part = (between(last.get(n, NO_TALLY), now.get(n, NO_TALLY)) for n in (old, new))
            yield old_part, new_part
            last = now

    def _stopped(self, share: int, reasons: Sequence[str]) -> GateRefused:
        said = f"Stopped at {share} % of the requests. {' '.join(reasons)}"
        return GateRefused("canary", said, tuple(reasons), "See: telecom release status")

    def _take_back(self, number: int, old: Pair, error: BaseException) -> None:
        """Gives requests and alias back, and says so with an interruption; not if that is somebody else's turn."""
        reasons = error.reasons if isinstance(error, GateRefused) else ()
        note = " ".join(reasons) or f"broken off: {type(error).__name__}"
        try:
            self._change(lambda known: turn.taking_back(known, number, note))
            self._put(old, lambda: self._require_turn(number, note))
            self._change(lambda known: history.ended(known, number, "stopped", note))
        except TakenBack as taken:
            if not isinstance(error, KeyboardInterrupt):
                raise taken from error
            error.add_note(str(taken))
        else:
            error.add_note(f"Revision {old.revision} has all requests again, with model version {old.model_version}.")

    def _finish(self, number: int, old: Pair, new: Pair, steps: tuple[StepDone, ...]) -> Released:
        self._in_turn(number, lambda: self._put(new, lambda: self._require_turn(number)))
        self._change(lambda known: history.ended(known, number, "serving"))
        return Released(new.revision, new.model_version, old.revision, old.model_version, steps)

    def _in_turn(self, number: int, move: Callable[[], object]) -> None:
        """Moves something, if the release is still under way.

        Who takes it back says so before moving anything. If that happened during our move, theirs may have come first;
        then it is made again, unless another release has begun.
        """
        self._require_turn(number)
        move()
        try:
            self._require_turn(number)
        except TakenBack:
            known = history.read(self.documents, self.service)
            serving, open_one = history.serving(known), history.under_way(known)
            if serving and serving.number != number and (open_one is None or open_one.number == number):
                self._put(serving.pair, lambda: None)
            raise

    def _require_turn(self, number: int, note: str | None = None) -> None:
        turn.require_turn(history.read(self.documents, self.service), number, note)

    def _put(self, pair: Pair, may: Callable[[], object]) -> None:
        put_into_service(self.traffic, self.registry, self.service, pair, sleep=self.pace.sleep, may=may)

    def _serving(self) -> Release:
        serving = history.serving(history.read(self.documents, self.service))
        if serving is None:
            raise NotFound("No release is known to serve.", "See them with: telecom release status")
        return serving

    def _change(self, edit: Callable[[history.Releases], history.Releases]) -> history.Releases:
        return history.change(self.documents, self.service, edit)
