"""The page of service levels has the values of the monitoring module."""

import re
from typing import Any

import yaml

from tests.honesty.documents import ROOT
from tests.honesty.monitoring_templates import MODULE, render

PAGE = (ROOT / "docs/operations/slos.md").read_text("utf-8")
VARIABLES = (MODULE / "variables.tf").read_text("utf-8")
ALERTS: dict[str, dict[str, Any]] = yaml.safe_load(render((MODULE / "alerts.yaml").read_text("utf-8")))
OBJECTIVES = yaml.safe_load(render((MODULE / "objectives.yaml").read_text("utf-8")))


def defaults(variable: str) -> dict[str, float]:
    """The defaults of a variable that is an object of optional numbers."""
    block = VARIABLES.split(f'variable "{variable}"')[1].split("\nvariable ")[0]
    return {name: float(value) for name, value in re.findall(r"(\w+)\s*= optional\(number, ([\d.]+)\)", block)}


def rows(header: str) -> list[list[str]]:
    """The cells of the rows of the table that begins so, without links and code marks."""
    text = PAGE.split(header)[1].split("\n\n")[0]
    lines = [line for line in text.splitlines()[2:] if line.startswith("|")]
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)|`", lambda m: m[1] or "", line) for line in lines]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in plain]


def test_the_objectives() -> None:
    goals = defaults("objectives")
    days = goals.pop("days")
    said = {name: (float(goal), float(kept)) for name, goal, kept, *_ in rows("| objective |")}
    assert said == {name: (goal, days) for name, goal in goals.items()} and set(said) == set(OBJECTIVES)
    assert f"over rolling {days:g} days" in PAGE


def test_the_thresholds() -> None:
    listed = rows("| threshold |")
    assert {name: float(value) for name, value, _ in listed} == defaults("thresholds")
    template = (MODULE / "alerts.yaml").read_text("utf-8")
    for name, _, alert in listed:
        entry = re.split(r"^(?=\w+:$)", template, flags=re.MULTILINE)
        (named,) = [part for part in entry if part.startswith(f"{alert}:")]
        assert f"${{{name}}}" in named, f"{alert} does not look at {name}"


def test_the_burn_rates() -> None:
    said = {name: (float(burn), long, short, severity) for name, burn, long, short, _, severity in rows("| alert |")}
    assert said == {
        name: (burn_of(alert["query"]), *windows_of(alert["query"]), alert["severity"])
        for name, alert in ALERTS.items()
        if "burn" in name
    }


def burn_of(query: str) -> float:
    (burn,) = set(re.findall(r"> ([\d.]+) \* \(1 -", query))
    return float(burn)


def windows_of(query: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"\[(\d+[smhd])\]", query)))


def test_what_counts_as_good_and_bad() -> None:
    assert "[23].." in OBJECTIVES["assistant"]["good"] and "5..|408|429" in OBJECTIVES["assistant"]["bad"]
    assert "5xx, 408, 429" in PAGE and "2xx and 3xx" in PAGE
