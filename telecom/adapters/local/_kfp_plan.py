"""What a compiled pipeline will do, read from its YAML before anything starts; and whether a run was of the same."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from telecom.errors import UsageError
from telecom.ports import PipelineRequest

NEW_EACH_TIME = "run_date"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Plan:
    """The pipeline's name, its steps in the order in which they can run, each once, and its declared parameters."""

    pipeline: str
    steps: tuple[str, ...]
    inputs: Mapping[str, Mapping[str, Any]]


def plan_of(path: Path) -> Plan:
    """Reads a compiled pipeline.

    Raises:
        UsageError: the file cannot be read, or is no compiled pipeline.
    """
    try:
        spec = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 - a safe loader either way
        inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        return Plan(spec["pipelineInfo"]["name"], tuple(dict.fromkeys(_leaves(spec, spec["root"]))), inputs)
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{str(path)!r} is not a compiled pipeline: {error}.", "Compile it again.") from error


def check_parameters(plan: Plan, request: PipelineRequest) -> None:
    """Refuses what the pipeline does not take.

    Raises:
        UsageError: a parameter is missing or unknown.
    """
    optional = {name for name, rule in plan.inputs.items() if "defaultValue" in rule or rule.get("isOptional")}
    if missing := sorted(plan.inputs.keys() - optional - request.parameters.keys()):
        raise UsageError(f"The pipeline needs the parameters {missing}.", "Give them.")
    if unknown := sorted(request.parameters.keys() - plan.inputs.keys()):
        raise UsageError(f"The pipeline has no parameters {unknown}.", f"Known: {', '.join(plan.inputs)}.")


def check_same(plan: Plan, request: PipelineRequest, pipeline: str, parameters: Path) -> None:
    """Refuses an id that was given to something else; the clock alone may differ.

    Args:
        plan: of the pipeline that is asked for now.
        request: what is asked for now.
        pipeline: the name of the one that had the id.
        parameters: the file with its parameters.

    Raises:
        UsageError: names what differs.
    """
    before, now = _flat(json.loads(parameters.read_text("utf-8"))), _flat(dict(request.parameters))
    differing = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    told = [f"{name} was {_told(before, name)} and is {_told(now, name)}" for name in differing]
    if pipeline != plan.pipeline:
        told.insert(0, f"the pipeline was {pipeline} and is {plan.pipeline}")
    if told:
        said = f"The job id {request.job_id!r} was given to another run: {'; '.join(told)}."
        raise UsageError(said, "Take another id for another run; to look at this one, ask for the same.")


def _leaves(spec: Mapping[str, Any], dag: Mapping[str, Any]) -> Iterator[str]:
    tasks = dag["dag"]["tasks"]
    sorter = TopologicalSorter({name: sorted(tasks[name].get("dependentTasks", ())) for name in sorted(tasks)})
    for name in sorter.static_order():
        component = spec["components"][tasks[name]["componentRef"]["name"]]
        if "dag" in component:
            yield from _leaves(spec, component)
        else:
            yield name


def _flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by name, those within `environment` by their own."""
    inner = parameters.get("environment")
    rest = {name: value for name, value in parameters.items() if name != NEW_EACH_TIME}
    return {**rest, **inner, "environment": None} if isinstance(inner, dict) else rest


def _told(parameters: Mapping[str, Any], name: str) -> str:
    return repr(parameters[name]) if name in parameters else "not given"
