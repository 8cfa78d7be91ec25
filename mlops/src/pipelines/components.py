"""The steps as KFP components: each imports our code, calls one function and does nothing else.

All run in one image that holds this distribution and kfp, so that nothing is installed when a step starts. `data_state`
is not read: it is in the key under which a step's answer is cached, so that changed tables are read again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kfp import dsl
from kfp.dsl import Metrics, Output, PipelineTaskFinalStatus
from kfp.dsl.structures import ResourceSpec

from mlops.src.pipelines.compiling import NO_IMAGE


@dataclass(frozen=True)
class Size:
    """What a step gets: CPUs and memory, requested and at most."""

    cpu: str
    memory: str


SMALL = Size("1", "4G")
LARGE = Size("4", "16G")


def component(function: Callable[..., Any]) -> Any:
    """A lightweight component in the one image, with nothing to install."""
    return dsl.component(base_image=NO_IMAGE, install_kfp_package=False)(function)


def place(task: Any, name: str, size: Size = SMALL, *, cached: bool = False, retries: int = 2) -> Any:
    """Gives a task its name for people, its resources, and its policy of repetition; returns the task.

    A repetition is harmless for every step of ours: they replace rows. Only those that read alone may be `cached`.
    """
    task.set_display_name(name).set_caching_options(cached)
    # In one piece: each of the four setters has Python read the source of the whole call stack.
    task.container_spec.resources = ResourceSpec(
        cpu_request=size.cpu, cpu_limit=size.cpu, memory_request=size.memory, memory_limit=size.memory
    )
    if retries:
        task.set_retry(num_retries=retries, backoff_duration="30s", backoff_factor=2.0, backoff_max_duration="300s")
    return task


@component
def ingest(environment: dict[str, str], run_date: str, csv: str, snapshot_date: str, metrics: Output[Metrics]) -> str:
    """See `steps.ingest`."""
    from mlops.src.pipelines import steps

    return steps.ingest(environment, run_date, csv, snapshot_date, metrics.metadata)


@component
def prepare(environment: dict[str, str], run_date: str, snapshot_date: str, metrics: Output[Metrics]) -> str:
    """See `steps.prepare`."""
    from mlops.src.pipelines import steps

    return steps.prepare(environment, run_date, snapshot_date, metrics.metadata)


@component
def features(environment: dict[str, str], run_date: str, snapshot_date: str, metrics: Output[Metrics]) -> str:
    """See `steps.features`."""
    from mlops.src.pipelines import steps

    return steps.features(environment, run_date, snapshot_date, metrics.metadata)


@component
def data_state(environment: dict[str, str], run_date: str, after: str) -> str:
    """See `steps.state_of_data`; `after` is the step to wait for, in words."""
    from mlops.src.pipelines import steps

    return steps.state_of_data(environment, run_date)


@component
def train(environment: dict[str, str], run_date: str, data_state: str, metrics: Output[Metrics]) -> str:
    """See `steps.train`."""
    from mlops.src.pipelines import steps

    return steps.train(environment, run_date, metrics.metadata)


@component
def evaluate(
    environment: dict[str, str], run_date: str, data_state: str, version: str, metrics: Output[Metrics]
) -> str:
    """See `steps.evaluate`."""
    from mlops.src.pipelines import steps

    return steps.evaluate(environment, run_date, version, metrics.metadata)


@component
def promote(environment: dict[str, str], run_date: str, version: str, deploy: str) -> str:
    """See `steps.promote`."""
    from mlops.src.pipelines import steps

    return steps.promote(environment, run_date, version, deploy)


@component
def keep_champion(environment: dict[str, str], run_date: str, version: str, decision: str) -> str:
    """See `steps.keep_champion`."""
    from mlops.src.pipelines import steps

    return steps.keep_champion(environment, run_date, version, decision)


@component
def deploy_online(environment: dict[str, str], run_date: str, version: str, metrics: Output[Metrics]) -> str:
    """See `steps.deploy_online`."""
    from mlops.src.pipelines import steps

    return steps.deploy_online(environment, run_date, version, metrics.metadata)


@component
def batch_only(version: str, deploy: str) -> str:
    """See `steps.batch_only`."""
    from mlops.src.pipelines import steps

    return steps.batch_only(version, deploy)


@component
def score(
    environment: dict[str, str], run_date: str, snapshot_date: str, version: str, metrics: Output[Metrics]
) -> str:
    """See `steps.score`."""
    from mlops.src.pipelines import steps

    return steps.score(environment, run_date, snapshot_date, version, metrics.metadata)


@component
def drift(environment: dict[str, str], run_date: str, snapshot_date: str, metrics: Output[Metrics]) -> str:
    """See `steps.drift`."""
    from mlops.src.pipelines import steps

    return steps.drift(environment, run_date, snapshot_date, metrics.metadata)


@component
def retraining_need(
    environment: dict[str, str], run_date: str, data_state: str, snapshot_date: str, metrics: Output[Metrics]
) -> str:
    """See `steps.retraining_need`."""
    from mlops.src.pipelines import steps

    return steps.retraining_need(environment, run_date, snapshot_date, metrics.metadata)


@component
def nothing_to_do(need: str) -> str:
    """See `steps.nothing_to_do`."""
    from mlops.src.pipelines import steps

    return steps.nothing_to_do(need)


@component
def compare_automl(
    environment: dict[str, str], run_date: str, data_state: str, minutes: float, metrics: Output[Metrics]
) -> str:
    """See `steps.compare_automl`."""
    from mlops.src.pipelines import steps

    return steps.compare_automl(environment, run_date, minutes, metrics.metadata)


@component
def record_outcome(
    environment: dict[str, str], run_date: str, pipeline: str, job_id: str, status: PipelineTaskFinalStatus
) -> str:
    """See `steps.record_outcome`."""
    from mlops.src.pipelines import steps

    resource, said = status.pipeline_job_resource_name, status.error_message or ""
    return steps.record_outcome(environment, run_date, pipeline, job_id, status.state, resource, said)
