"""The workflow files as a walk through them needs them: jobs in order, and expressions resolved from a table."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github/workflows"
FILES = ("ci", "cd-ml", "cd-llm", "security")
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
Job = dict[str, Any]


def text(name: str) -> str:
    """A workflow file as it stands."""
    return (FOLDER / f"{name}.yml").read_text("utf-8")


def workflow(name: str) -> dict[str, Any]:
    """A workflow; what starts it is under `on`, which YAML 1.1 reads as true."""
    found = yaml.load(text(name), Loader=yaml.CSafeLoader)
    return {**found, "on": found[True]}


def jobs(name: str) -> Mapping[str, Job]:
    """Its jobs, each after those that it needs."""
    left, ordered = dict(workflow(name)["jobs"]), {}
    while left:
        free = [key for key, job in left.items() if needs(job) <= ordered.keys()]
        assert free, f"{name}: {sorted(left)} wait for each other"
        ordered |= {key: left.pop(key) for key in free}
    return ordered


def needs(job: Job) -> set[str]:
    """The jobs that it waits for."""
    found = job.get("needs", [])
    return {found} if isinstance(found, str) else set(found)


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Workflow, job and step, of all files."""
    for name in FILES:
        for key, job in jobs(name).items():
            for step in job["steps"]:
                yield name, key, step


def action(step: Mapping[str, Any]) -> str:
    """The action's name without its commit; empty where a command is run."""
    return str(step.get("uses", "")).partition("@")[0]


def resolved(value: Any, known: Mapping[str, str]) -> str:
    """A value with its expressions replaced; an expression that the table does not know is an error."""
    return EXPRESSION.sub(lambda found: known[found[1]], str(value))
