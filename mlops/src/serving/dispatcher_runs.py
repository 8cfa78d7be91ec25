"""Starts each pipeline once, however often and however concurrently it is asked for.

On one machine a pipeline runs behind the answer, one at a time; on Google Cloud the answer waits until Vertex AI has
accepted it, since an instance of Cloud Run may be frozen as soon as it has answered.
"""

import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Literal

from telecom.errors import DependencyUnavailable, GateRefused, TelecomError
from telecom.pipeline_runs import FailedStep
from telecom.ports import PipelineRequest, PipelineRun, Pipelines, StepRun

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "submitted", "succeeded", "failed", "refused", "unknown"]
MOST_WAITING = 100
MOST_REMEMBERED = 1_000
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Standing:
    """How a job stands. `already` says that this was not its first request; `note` is for people, and may be empty."""

    job_id: str
    state: State
    link: str = ""
    already: bool = False
    steps: tuple[StepRun, ...] = ()
    note: str = ""


@dataclass
class _Job:
    request: PipelineRequest
    context: Context
    standing: Standing
    steps: dict[str, StepRun] = field(default_factory=dict)
    again: bool = False
    ended: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None


class Runs:
    """The jobs of this process.

    Args:
        pipelines: gives the port; called in a worker, when the first job starts.
        known: what the backend remembers of a job that this process does not know; None if nothing.
        background: whether to answer before the pipeline has ended.
        told: receives the state in which each job ended.
        link: where a person looks for a job before and after its start; where empty, what its start says.
    """

    def __init__(
        self,
        pipelines: Callable[[], Pipelines],
        known: Callable[[str], Standing | None],
        *,
        background: bool,
        told: Callable[[str], None] = lambda _: None,
        link: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._pipelines, self._known, self._background = pipelines, known, background
        self._told, self._link = told, link
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None
        self._closing = False

    @property
    def closing(self) -> bool:
        """Whether this process is ending."""
        return self._closing

    def start(self, job_id: str, make: Callable[[], PipelineRequest]) -> Standing:
        """Starts the job unless it was started before; only then its request is made.

        Raises:
            DependencyUnavailable: something does not answer just now, too many wait, or this process is ending.
            TelecomError: what `make` raised, or (without background) the start itself; it may be tried again.
        """
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.again:
                if found := self._known(job_id):
                    return replace(found, already=True)
                self._check_room()
                job, first = self._add(make()), True
            else:
                first = False
        if not self._background:
            self._settle(job, first)
        return replace(job.standing, already=job.standing.already or not first)

    def find(self, job_id: str) -> Standing | None:
        """How a job stands, as far as this process or the backend knows."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job:
                return replace(job.standing, steps=tuple(job.steps.values()) or job.standing.steps)
        return self._known(job_id)

    def close(self, seconds: float) -> tuple[Standing, ...]:
        """Starts nothing more, waits so long for what runs, and returns the jobs that did not end."""
        with self._lock:
            self._closing = True
            open_jobs = [job for job in self._jobs.values() if not job.ended.is_set()]
        self._queue.put(None)
        deadline = monotonic() + seconds
        for job in open_jobs:
            if job.standing.state == "running":
                job.ended.wait(max(0.0, deadline - monotonic()))
        return tuple(job.standing for job in open_jobs if not job.ended.is_set())

    def _check_room(self) -> None:
        waiting = sum(job.standing.state == "waiting" for job in self._jobs.values())
        if self._closing or waiting >= MOST_WAITING:
            why = "is shutting down" if self._closing else f"has {waiting} pipelines waiting"
            raise DependencyUnavailable(f"The dispatcher {why}.", "Send the message again in a minute.")

    def _add(self, request: PipelineRequest) -> _Job:
        job = _Job(request, copy_context(), Standing(request.job_id, "waiting", self._link(request.job_id)))
        self._jobs[request.job_id] = job
        while len(self._jobs) > MOST_REMEMBERED and next(iter(self._jobs.values())).ended.is_set():
            self._jobs.popitem(last=False)
        if self._background:
            self._queue.put(job)
            self._ensure_worker()
        return job

    def _settle(self, job: _Job, first: bool) -> None:
        if first:
            # Google's SDK keeps its state in globals: one start at a time.
            with self._turn:
                self._perform(job)
        if not job.ended.wait(PATIENCE_SECONDS):
            raise DependencyUnavailable("Google Cloud has not accepted the pipeline yet.", "Send the message again.")
        if job.error:
            raise job.error

    def _ensure_worker(self) -> None:
        # A daemon: what runs past the bound of `close` must not keep the process.
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="pipelines", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while (job := self._queue.get()) and not self._closing:
            job.context.run(self._perform, job)

    def _perform(self, job: _Job) -> None:
        job.standing = replace(job.standing, state="running")
        try:
            run = self._pipelines().start(job.request, lambda step: job.steps.update({step.name: step}))
            job.standing = standing_of(replace(run, link=self._link(run.job_id) or run.link))
        except GateRefused as refusal:
            job.standing = replace(job.standing, state="refused", note=refusal.message)
        except Exception as error:
            self._failed(job, error)
        finally:
            self._tell(job)
            job.ended.set()

    def _failed(self, job: _Job, error: Exception) -> None:
        job.error = error
        sentence = str(error) if isinstance(error, TelecomError) else "An error of ours; see the log."
        job.standing = replace(job.standing, state="failed", note=sentence)
        # Nothing was started, as far as is known: the next delivery may try; the backend refuses what did start.
        job.again = not self._background or isinstance(error, DependencyUnavailable)

    def _tell(self, job: _Job) -> None:
        self._told(job.standing.state)
        if not self._background:
            return
        unforeseen = job.error if not isinstance(job.error, TelecomError) else None
        fields = {"job_id": job.request.job_id, "state": job.standing.state}
        level = logging.ERROR if job.standing.state == "failed" else logging.INFO
        said = f"Pipeline {job.standing.state}. {job.standing.note}".strip()
        log.log(level, said, exc_info=unforeseen, extra={"fields": fields})


def standing_of(run: PipelineRun) -> Standing:
    """A run as it stands; one that a gate ended was refused, which is an outcome and no failure."""
    failed = next((step for step in run.steps if isinstance(step, FailedStep)), None)
    refused = run.state == "failed" and failed is not None and failed.exit_code == GateRefused.exit_code
    note = run.note or (failed.message if failed else "")
    return Standing(run.job_id, "refused" if refused else run.state, run.link, run.already, run.steps, note)
