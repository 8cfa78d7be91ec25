"""The cost alert of Cloud Monitoring and that of `telecom costs` are one rule, with the same figures."""

import re

import yaml

from llmops.operations.costs import RULE
from tests.honesty.monitoring_templates import MODULE

VARIABLES = (MODULE / "variables.tf").read_text("utf-8")
COST = r'sum\(increase\(assistant_cost_usd_total\{namespace="\$\{assistant\}"\}\[24h\]'
TURNS = r'sum\(increase\(assistant_turns_total\{namespace="\$\{assistant\}"\}\[24h\]'
QUERY = (
    rf"\({COST}\)\) / {TURNS}\)\) > \(1 \+ \$\{{cost_increase\}}\) \* "
    rf"\(\({COST} offset 24h\)\) or vector\(0\)\) / {TURNS} offset 24h\)\)\)\) "
    rf"and {TURNS}\)\) >= \$\{{cost_messages\}} and {TURNS} offset 24h\)\) >= \$\{{cost_messages\}}"
)


def default(name: str) -> float:
    found = re.search(rf"\b{name}\s*=\s*optional\(number, ([\d.]+)\)", VARIABLES)
    assert found, f"variables.tf has no threshold {name}"
    return float(found[1])


def test_threshold_and_least_volume_are_the_same() -> None:
    assert default("cost_increase") == RULE.increase
    assert default("cost_messages") == RULE.messages


def test_the_policy_compares_the_same_windows_in_the_same_way() -> None:
    query = yaml.safe_load((MODULE / "alerts.yaml").read_text("utf-8"))["assistant_cost"]["query"]
    assert re.fullmatch(QUERY, " ".join(query.split())), query
