"""Is a compiled pipeline, and are the values for its parameters, what we mean to run? Reads YAML, writes nothing."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from telecom.errors import UsageError

IMAGE = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
CHOICES = {"deploy": ("batch", "online")}
"""Parameters with a closed set of values: a condition of the pipeline reads them."""

OF_THE_RUN = ("environment", "run_date", "job_id")
"""Parameters that follow from the settings and the run, so nobody gives them."""

PLACEHOLDER = "{{$"
RESOURCES = ("resource_cpu_limit", "resource_cpu_request", "resource_memory_limit", "resource_memory_request")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[KMGT]i?)?")
_INSTALLS = re.compile(
    r"\b(pip3?|uv|conda|mamba|poetry|apt)\b(?=.*\b(install|sync|add)\b)|\bapk\b(?=.*\badd\b)|\beasy_install\b",
    re.DOTALL,
)
_KINDS = {
    "STRING": "text",
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "STRUCT": "a mapping",
    "LIST": "a list",
}


def check_spec(path: Path) -> Mapping[str, Any]:
    """The pipeline of a YAML file, if it is a strict PipelineSpec and keeps the policy; needs kfp.

    Policy: whatever is named exists; every step runs in one and the same image, named by its digest, installs nothing,
    and says what CPU and memory it needs.

    Raises:
        UsageError: names everything that is wrong.
    """
    read = read_spec(path)
    if faults := list(_faults(read)):
        raise UsageError(f"{path.name} is not a pipeline that we run: {' '.join(faults)}", "Compile it again.")
    return read


def read_spec(path: Path) -> dict[str, Any]:
    """The YAML of a compiled pipeline.

    Raises:
        UsageError: it cannot be read, or is no mapping.
    """
    try:
        read = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 - a safe loader either way
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{str(path)!r} is not a readable YAML file: {error}.", "Compile it again.") from error
    if not isinstance(read, dict):
        raise UsageError(f"{str(path)!r} is not a compiled pipeline.", "Compile it: telecom pipeline compile churn")
    return read


def _faults(read: Mapping[str, Any]) -> Iterator[str]:
    """One sentence per fault; of a file that is not in the published format, the first one only."""
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2 as messages

    try:
        spec = json_format.ParseDict(read, messages.PipelineSpec())
        config = json_format.ParseDict(read.get("deploymentSpec") or {}, messages.PipelineDeploymentConfig())
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        yield f"{str(error).rstrip('.')}."
        return
    if not spec.root.dag.tasks:
        yield "It has no tasks."
    yield from _loose_ends(spec, config)
    yield from _policy_faults(config)


def _loose_ends(spec: Any, config: Any) -> Iterator[str]:
    """Names of components, executors and tasks that do not exist."""
    parts = {"root": spec.root, **spec.components}
    for name, part in sorted(parts.items()):
        if part.WhichOneof("implementation") is None:
            yield f"{name} does nothing."
        if part.executor_label and part.executor_label not in config.executors:
            yield f"{name} names the executor {part.executor_label!r}, which does not exist."
        for task, node in sorted(part.dag.tasks.items()):
            if node.component_ref.name not in spec.components:
                yield f"{task} names the component {node.component_ref.name!r}, which does not exist."
            missing = [other for other in node.dependent_tasks if other not in part.dag.tasks]
            yield from (f"{task} waits for {other!r}, which does not exist." for other in missing)


def _policy_faults(config: Any) -> Iterator[str]:
    executors = sorted(config.executors.items())
    ours = {name: executor.container for name, executor in executors if executor.HasField("container")}
    yield from (f"{name} is not a container." for name, _ in executors if name not in ours)
    images = sorted({container.image for container in ours.values()})
    if len(images) != 1:
        yield f"Its steps run in {len(images)} images."
    yield from (f"The image {image!r} is not named by its digest." for image in images if not IMAGE.fullmatch(image))
    for name, container in ours.items():
        if _INSTALLS.search(" ".join([*container.command, *container.args])):
            yield f"{name} installs packages when it starts."
        said = {field: getattr(container.resources, field) for field in RESOURCES}
        if missing := [field for field, text in said.items() if not text]:
            yield f"{name} does not set {', '.join(missing)}."
        yield from (
            f"{name} has {field} = {text!r}, which is no amount."
            for field, text in said.items()
            if text and not _is_amount(text)
        )


def _is_amount(text: str) -> bool:
    found = _QUANTITY.fullmatch(text)
    return found is not None and float(found[1]) > 0


def check_parameters(spec: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Compares values with what the pipeline declares; the service itself takes wrong types and fails later.

    Raises:
        UsageError: names every unknown, missing and ill-typed parameter.
    """
    declared = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    faults = [f"{name!r} is not a parameter." for name in values if name not in declared]
    faults += [
        f"{name!r} is missing."
        for name, definition in declared.items()
        if name not in values and not definition.get("isOptional") and "defaultValue" not in definition
    ]
    faults += [
        f"{name} = {value!r} is not {_KINDS[declared[name]['parameterType']]}."
        for name, value in values.items()
        if name in declared and not _FITS[declared[name]["parameterType"]](value)
    ]
    faults += [
        f"{name} = {values[name]!r} is none of {', '.join(allowed)}."
        for name, allowed in CHOICES.items()
        if name in declared and values.get(name, allowed[0]) not in allowed
    ]
    faults += [
        f"{name} holds {PLACEHOLDER!r}, which Vertex AI and kfp would take for a placeholder of theirs."
        for name, value in values.items()
        if any(PLACEHOLDER in text for text in _texts(value))
    ]
    if faults:
        raise UsageError(" ".join(faults), _settable(declared))


def parameter_from(spec: Mapping[str, Any], name: str, given: Any) -> Any:
    """The value that a text stands for, by the type that the pipeline declares; what fits none stays as it is.

    A whole number becomes a float where a number is declared: kfp.local refuses it otherwise.
    """
    definition = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {}).get(name, {})
    read = _READ.get(definition.get("parameterType", "STRING"), yaml.safe_load)
    if isinstance(given, bool) or not isinstance(given, str | int) or (isinstance(given, int) and read is not float):
        return given
    try:
        return read(given)
    except (yaml.YAMLError, ValueError, OverflowError):
        return given


def _settable(declared: Mapping[str, Any]) -> str:
    """The parameters that may be given, in words."""
    kinds = {name: _KINDS[rule["parameterType"]] for name, rule in declared.items() if name not in OF_THE_RUN}
    named = kinds | {name: " or ".join(allowed) for name, allowed in CHOICES.items() if name in kinds}
    listed = ", ".join(f"{name} ({kind})" for name, kind in named.items())
    return f"It takes {listed}." if listed else "It takes no parameters."


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (text for item in (*value, *value.values()) for text in _texts(item))
        case list():
            yield from (text for item in value for text in _texts(item))


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _is_json(value: Any) -> bool:
    match value:
        case None | str() | bool():
            return True
        case dict():
            return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
        case list():
            return all(map(_is_json, value))
        case _:
            return _is_number(value)


_READ: Mapping[str, Callable[[Any], Any]] = {"STRING": str, "NUMBER_INTEGER": int, "NUMBER_DOUBLE": float}
_FITS: Mapping[str, Callable[[Any], bool]] = {
    "STRING": lambda value: isinstance(value, str),
    "NUMBER_INTEGER": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "NUMBER_DOUBLE": _is_number,
    "BOOLEAN": lambda value: isinstance(value, bool),
    "STRUCT": lambda value: isinstance(value, dict) and _is_json(value),
    "LIST": lambda value: isinstance(value, list) and _is_json(value),
}
