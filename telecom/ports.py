"""What the planes ask of the world, one screen of Protocols. Adapters implement them; jobs receive them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import pyarrow as pa

from telecom.progress import Progress

Scalar = str | int | float | bool | date | datetime | None
Parameters = Mapping[str, Scalar]


@dataclass(frozen=True)
class Write:
    """Rows that take the place of those whose `replace` columns hold the given values (and of nothing else).

    `source` is either a BigQuery SELECT (with `parameters`) or Arrow batches in the contract's schema. Every row must
    hold the `replace` values; the adapter refuses others.
    """

    table: str
    source: str | Iterable[pa.RecordBatch]
    replace: Mapping[str, Scalar]
    parameters: Parameters = field(default_factory=dict)


class Reader(Protocol):
    """Answers one SELECT."""

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table: ...


@runtime_checkable
class Warehouse(Reader, Protocol):
    """Tables, spoken to in BigQuery SQL. Reads never see half of a write."""

    def stream(
        self, sql: str, parameters: Parameters | None = None, batch_rows: int = 65_536, seconds: float | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The result in batches; with `seconds`, a query that takes longer is ended with a QueryError."""
        ...

    def estimate(self, sql: str, parameters: Parameters | None = None) -> int:
        """Bytes that `query` would read at most; nothing is run."""
        ...

    def write(self, *writes: Write, inspect: Callable[[Reader], None] | None = None) -> tuple[int, ...]:
        """All writes or none, in one transaction; returns the rows written per write.

        `inspect` is shown the tables as they will be; if it raises, nothing is written.
        """
        ...

    def erase(self, table: str, where: str, parameters: Parameters) -> int:
        """Removes the rows for which `where` holds, from earlier states too as far as that is ours; returns how many.

        `where` is BigQuery SQL over the table's columns. Not for jobs: they replace sets of rows with `write`.
        """
        ...


@runtime_checkable
class Objects(Protocol):
    """Immutable files in the lake, by key (`bronze/churn/…`)."""

    def put(self, source: Path, key: str) -> str: ...

    def get(self, uri: str, folder: Path) -> Path: ...

    def keys(self, prefix: str) -> tuple[str, ...]: ...

    def remove(self, key: str) -> bool:
        """Takes an object away, with its earlier versions; whether there was one. For erasure, not for jobs."""
        ...


@dataclass(frozen=True)
class FeatureGroup:
    """Features registered over a warehouse table that has the entity key and `feature_timestamp`."""

    name: str
    table: str
    entity: str
    features: tuple[str, ...]


@runtime_checkable
class FeatureStore(Protocol):
    """The registered features: the warehouse is the offline side, this adds the online side."""

    def register(self, group: FeatureGroup) -> None: ...

    def sync(self, group: str, snapshot_date: date) -> int: ...

    def read(self, group: str, entities: Sequence[str]) -> pa.Table: ...

    def as_of(self, group: str, entities: Sequence[str], when: datetime) -> pa.Table:
        """What the warehouse knew of each entity at that moment (time zone given), in the order asked for."""
        ...

    def served(self, entity: str) -> tuple[str, ...]:
        """The groups whose online side answers for an entity."""
        ...

    def forget(self, entity: str) -> int:
        """No group's online side answers for the entity any more; call it once the warehouse has no rows of it.

        Returns in how many groups it was served.
        """
        ...


@dataclass(frozen=True)
class ModelVersion:
    """One registered version. `version` is the registry's own number; `aliases` among champion, challenger."""

    name: str
    version: str
    digest: str
    created_at: datetime
    aliases: tuple[str, ...]
    notes: Mapping[str, str]


@runtime_checkable
class ModelRegistry(Protocol):
    """Versions of a model and the aliases that point at them; keeps the last ten champions for rollback."""

    def register(self, name: str, bundle: Path, digest: str, notes: Mapping[str, str]) -> ModelVersion: ...

    def point(self, name: str, alias: str, version: str) -> None: ...

    def versions(self, name: str) -> tuple[ModelVersion, ...]: ...

    def champions(self, name: str) -> tuple[str, ...]:
        """Versions that were champion, newest first, the present one included; at most ten."""
        ...

    def fetch(self, name: str, version: str) -> Path: ...


@dataclass(frozen=True)
class Run:
    """One training run to be remembered. Metrics are plain numbers; `artifacts` is a folder of files."""

    experiment: str
    name: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Path | None = None


@runtime_checkable
class Experiments(Protocol):
    """Remembers finished runs; returns the id under which a person finds one."""

    def record(self, run: Run) -> str: ...


@dataclass(frozen=True)
class Sample:
    """One measurement: a metric of the form `churn/auc`, its value and labels."""

    metric: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Metrics(Protocol):
    """Gauges that dashboards and alerts read."""

    def publish(self, job: str, samples: Sequence[Sample]) -> None: ...


@dataclass(frozen=True)
class PipelineRequest:
    """A compiled pipeline to be started once.

    `job_id` (lower case letters, digits, '-', at most 128) makes a repetition harmless: the same id is never started
    twice. `labels` follow Google Cloud's rules (lower case, at most 63 characters).
    """

    spec: Path
    job_id: str
    parameters: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StepRun:
    """One step of a pipeline: its state, wall seconds (once finished), and the metrics and the sentences it gave."""

    name: str
    state: Literal["running", "succeeded", "failed", "skipped"]
    seconds: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class PipelineRun:
    """What became of a request. `link` is where a person looks; `already` says that the id was started before.

    `note` says why it broke off, where that was not a step's failure.
    """

    job_id: str
    state: Literal["submitted", "succeeded", "failed"]
    link: str
    already: bool = False
    steps: tuple[StepRun, ...] = ()
    note: str = ""


@runtime_checkable
class Pipelines(Protocol):
    """Starts compiled pipelines: on this machine until they end, on Google Cloud until they are accepted."""

    def start(self, request: PipelineRequest, on_step: Callable[[StepRun], None] | None = None) -> PipelineRun: ...


@dataclass(frozen=True)
class BatchRequest:
    """A registered model over a warehouse table, by the serving container. `key` names the column carried through."""

    model: str
    version: str
    table: str
    key: str
    excluded: tuple[str, ...]
    machine: str
    replicas: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class BatchPredictor(Protocol):
    """Predicts outside this process; returns the full name of the table with `key` and `prediction` (JSON)."""

    def predict(self, request: BatchRequest) -> str: ...


@dataclass(frozen=True)
class AutoMlTask:
    """Labelled rows in a warehouse table: `split` is train, validation or test; `label` is BOOL."""

    table: str
    key: str
    features: tuple[str, ...]
    label: str
    split: str
    minutes: float
    seed: int


@dataclass(frozen=True)
class AutoMlResult:
    """The best model found, in words, and its probabilities of the test rows: columns `key` and `probability`."""

    description: str
    tried: int
    predictions: pa.Table


@runtime_checkable
class AutoMl(Protocol):
    """A time-boxed search for a model, by whoever does that best."""

    def search(self, task: AutoMlTask) -> AutoMlResult: ...


@runtime_checkable
class Endpoints(Protocol):
    """Online serving: which registered version gets which share of the requests."""

    def deploy(self, model: str, version: str, share: int) -> Mapping[str, int]:
        """Gives a version `share` percent of the traffic, the others the rest in proportion; returns all shares."""
        ...


@dataclass(frozen=True)
class Revision:
    """One deployed revision of a service: its percentage of the requests, and whether it can take any.

    `model_version` is the registered version that it serves; empty where it follows the champion alias. `candidate`:
    it was deployed to be released (on Cloud Run it has the tag of that name), not by a change of settings.
    """

    name: str
    share: int
    ready: bool
    model_version: str
    created_at: datetime
    candidate: bool = False


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Buckets:
    """Observations by size: `counts[i]` are at most `bounds[i]` and above the bound before; the last, above all."""

    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Tally:
    """What one revision answered: requests, `errors` (5xx and 429), `refused` (other 4xx), seconds, scores given."""

    requests: int
    errors: int
    refused: int
    seconds: Buckets
    scores: Buckets


@runtime_checkable
class Traffic(Protocol):
    """Who of a service's revisions gets which share of the requests, and what each made of them."""

    def revisions(self, service: str) -> tuple[Revision, ...]:
        """Newest first."""
        ...

    def shift(self, service: str, shares: Mapping[str, int]) -> None:
        """These revisions get these percentages, all others none; returns once requests follow."""
        ...

    def ask(self, service: str, revision: str, path: str, body: bytes | None = None) -> Answer:
        """One request to one revision alone: GET, or POST with a body of JSON."""
        ...

    def tallies(self, service: str, since: datetime) -> Mapping[str, Tally]:
        """By revision, since a moment or (where only its own counters are kept) since it started.

        For one `since` they only grow, so that the difference of two is what lies between; silent revisions may lack.
        """
        ...


@runtime_checkable
class Documents(Protocol):
    """Small JSON documents that several processes change, by name."""

    def read(self, name: str) -> Any:
        """None where there is none."""
        ...

    def change(self, name: str, change: Callable[[Any], Any]) -> Any:
        """Replaces it by `change` of it and returns that; of two at once, the later sees what the earlier wrote."""
        ...


@dataclass(frozen=True)
class Caller:
    """Who called, from a verified token: `email` or subject, and the other claims."""

    name: str
    claims: Mapping[str, Any]


@runtime_checkable
class Identity(Protocol):
    """Verifies bearer tokens. Whatever is not certainly valid is refused."""

    def verify(self, token: str, audience: str) -> Caller: ...


@dataclass(frozen=True)
class Passage:
    """A piece of a document of the knowledge base: what is found, cited and shown.

    `key` is stable while the text stays the same. `page` counts from 1 where the format has pages. `audience` says who
    may read it; `sensitivity` is `public` or `internal`; it holds from `valid_from` to `valid_until`, both included.
    """

    key: str
    document: str
    title: str
    section: str
    page: int | None
    text: str
    audience: tuple[str, ...] = ("customer", "agent")
    sensitivity: str = "public"
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True)
class Found:
    """A passage and how well it matched; scores compare within one answer only."""

    passage: Passage
    score: float


@dataclass(frozen=True)
class Reading:
    """Who reads and when: passages for others, or out of date, are never found."""

    audience: str
    on: date


@runtime_checkable
class Retriever(Protocol):
    """The knowledge base: finds passages by what a question means and says."""

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """At most `k`, best first; none for a query without words."""
        ...

    def replace(
        self,
        passages: Mapping[str, Sequence[Passage]],
        gone: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        """The passages of these documents take the place of what they had; `gone` documents lose theirs.

        All or nothing: searches see the state before or the state after. `digests` are kept beside the passages.
        """
        ...

    def digests(self) -> Mapping[str, str]:
        """What was told of each document's source when it was last replaced; none where nothing was."""
        ...


@dataclass(frozen=True)
class Record:
    """A small JSON record. `owner` is whose data it is (a customer, or empty); past `expires_at` it is not there."""

    key: str
    value: Any
    owner: str = ""
    expires_at: datetime | None = None


@runtime_checkable
class Records(Protocol):
    """State of conversations and proposals, by kind and key; many processes at once."""

    def read(self, kind: str, key: str) -> Record | None: ...

    def change(self, kind: str, key: str, change: Callable[[Record | None], Record | None]) -> Record | None:
        """Replaces the record by `change` of it (None: removes it) and returns that.

        Of two at once, the later sees what the earlier wrote; `change` may therefore be called more than once.
        """
        ...

    def of(self, kind: str, owner: str, limit: int = 100) -> tuple[Record, ...]:
        """An owner's records of a kind, the newest first."""
        ...

    def owned(self, owner: str) -> tuple[tuple[str, Record], ...]:
        """All of an owner's records with their kinds, by kind and key."""
        ...

    def erase(self, owner: str) -> int:
        """Removes all of an owner's records, of every kind; returns how many."""
        ...


@runtime_checkable
class Events(Protocol):
    """Rows that are only ever added to a warehouse table: usage, audit, feedback.

    What `add` returned for is not lost when the process is killed. It is in the table a little later, once each.
    """

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None: ...

    def flush(self) -> None:
        """Everything added so far is in its table when this returns."""
        ...

    def settle(self) -> None:
        """The same, and no copy of it is left that could be written again."""
        ...


@runtime_checkable
class Workfiles(Protocol):
    """Files that steps leave behind and no other port knows: generated extracts, logs, working folders."""

    def mentions(self, words: Sequence[str]) -> Mapping[str, int]:
        """Findings of any of the words, by file."""
        ...

    def scrub(self, words: Sequence[str]) -> Mapping[str, int]:
        """Takes the words out: rows of CSV files go, elsewhere the word; returns what `mentions` would have said."""
        ...


@dataclass(frozen=True)
class ToJudge:
    """One answer: to what, with which tools called, and the text of all that it may rest on."""

    id: str
    prompt: str
    response: str
    context: str = ""
    tool_calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """What a judge says of one answer by one metric: a score from 0 to 1, or an `error` and none."""

    case: str
    metric: str
    score: float | None
    explanation: str = ""
    error: str = ""


@runtime_checkable
class Judge(Protocol):
    """A language model that judges answers by metrics of its own (`groundedness`, …) and by rubrics in words."""

    def judge(
        self, cases: Sequence[ToJudge], metrics: Sequence[str], rubrics: Mapping[str, str]
    ) -> tuple[Judged, ...]: ...


class Ports(Protocol):
    """All of them, for the few callers that run a whole loop."""

    @property
    def warehouse(self) -> Warehouse: ...

    @property
    def objects(self) -> Objects: ...

    @property
    def features(self) -> FeatureStore: ...

    @property
    def registry(self) -> ModelRegistry: ...

    @property
    def experiments(self) -> Experiments: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def batch(self) -> BatchPredictor | None:
        """None where scoring in this process is the way."""
        ...

    @property
    def automl(self) -> AutoMl: ...

    @property
    def endpoints(self) -> Endpoints: ...

    @property
    def documents(self) -> Documents: ...

    @property
    def progress(self) -> Progress: ...
