"""Is a compiled pipeline, and are the values for its parameters, what we mean to run? Reads YAML, writes nothing."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mlops.src.pipelines.compiling import IMAGE
from telecom.errors import UsageError

CHOICES = {"deploy": ("batch", "online")}
"""Parameters with a closed set of values: a condition of the pipeline reads them."""

RESOURCES = ("resourceCpuLimit", "resourceCpuRequest", "resourceMemoryLimit", "resourceMemoryRequest")
_INSTALLS = re.compile(r"\b(pip3?|uv|conda)\b(?=.*\binstall\b)", re.DOTALL)


def check_spec(path: Path) -> Mapping[str, Any]:
    """The pipeline of a YAML file, if it is a strict PipelineSpec and keeps the policy; needs kfp.

    Policy: every step runs in one and the same image, named by its digest, installs nothing, and says what CPU and
    memory it needs.

    Raises:
        UsageError: names everything that is wrong.
    """
    spec = read_spec(path)
    if faults := [*_misfits(spec), *policy_faults(spec)]:
        raise UsageError(f"{path.name} is not a pipeline that we run: {' '.join(faults)}", "Compile it again.")
    return spec


def read_spec(path: Path) -> dict[str, Any]:
    """The YAML of a compiled pipeline.

    Raises:
        UsageError: it cannot be read, or is no mapping.
    """
    try:
        read = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{str(path)!r} is not a readable YAML file: {error}.", "Compile it again.") from error
    if not isinstance(read, dict):
        raise UsageError(f"{str(path)!r} is not a compiled pipeline.", "Compile it: telecom pipeline compile churn")
    return read


def policy_faults(spec: Mapping[str, Any]) -> Iterator[str]:
    """One sentence per breach of the policy."""
    executors = spec.get("deploymentSpec", {}).get("executors", {})
    containers = {name: executor.get("container") for name, executor in executors.items()}
    yield from (f"{name} is not a container." for name, container in containers.items() if not container)
    ours = {name: container for name, container in containers.items() if container}
    images = sorted({str(container.get("image", "")) for container in ours.values()})
    if len(images) != 1:
        yield f"Its steps run in {len(images)} images."
    yield from (f"The image {image!r} is not named by its digest." for image in images if not IMAGE.fullmatch(image))
    for name, container in ours.items():
        words = " ".join(map(str, [*container.get("command", ()), *container.get("args", ())]))
        if _INSTALLS.search(words):
            yield f"{name} installs packages when it starts."
        if missing := [field for field in RESOURCES if not container.get("resources", {}).get(field)]:
            yield f"{name} does not set {', '.join(missing)}."


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
        f"{name} = {value!r} is not {_article(declared[name]['parameterType'])}."
        for name, value in values.items()
        if name in declared and not _FITS[declared[name]["parameterType"]](value)
    ]
    faults += [
        f"{name} = {values[name]!r} is none of {', '.join(allowed)}."
        for name, allowed in CHOICES.items()
        if name in declared and values.get(name, allowed[0]) not in allowed
    ]
    if faults:
        known = ", ".join(f"{name} ({definition['parameterType']})" for name, definition in declared.items())
        raise UsageError(" ".join(faults), f"Parameters: {known}.")


def parameter_from(spec: Mapping[str, Any], name: str, text: str) -> Any:
    """The value that a text stands for, by the type that the pipeline declares; the text itself where it fits none."""
    definition = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {}).get(name, {})
    if definition.get("parameterType", "STRING") == "STRING":
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _misfits(spec: Mapping[str, Any]) -> Iterator[str]:
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    try:
        json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    except json_format.ParseError as error:
        yield f"{error}."
    if not spec.get("root", {}).get("dag", {}).get("tasks"):
        yield "It has no tasks."


def _article(kind: str) -> str:
    return {"NUMBER_INTEGER": "an integer", "NUMBER_DOUBLE": "a number", "BOOLEAN": "true or false"}.get(
        kind, f"a {kind.lower()}"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


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


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "STRING": lambda value: isinstance(value, str),
    "NUMBER_INTEGER": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "NUMBER_DOUBLE": _is_number,
    "BOOLEAN": lambda value: isinstance(value, bool),
    "STRUCT": lambda value: isinstance(value, dict) and _is_json(value),
    "LIST": lambda value: isinstance(value, list) and _is_json(value),
}
