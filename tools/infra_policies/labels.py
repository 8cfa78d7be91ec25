"""Labels: who runs it, in which environment. Costs are told apart by them."""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.infra_policies.plan import UNKNOWN, Resource
from tools.infra_policies.policy import Policy, Remark

REQUIRED = ("app", "env")
OWN = "user_labels"


def _labels(resource: Resource) -> Iterator[Remark]:
    if not resource.type.startswith("google_"):
        return
    kind = OWN if OWN in resource.values else "labels"
    labels: Any = resource.values.get(kind, ())
    # With defaults of the provider; and labels may also be blocks that describe something else.
    whole = resource.values.get("terraform_labels") if kind == "labels" else None
    labels = whole if isinstance(whole, Mapping) and whole else labels
    if labels is UNKNOWN:
        yield Remark(f"{kind} are not known before apply")
    elif isinstance(labels, Mapping | None):
        yield from _lacking(kind, labels or {}, resource.environment)


def _lacking(kind: str, labels: Mapping[str, Any], environment: str) -> Iterator[Remark]:
    if missing := [name for name in REQUIRED if name not in labels]:
        yield Remark(f"{kind} lack {' and '.join(missing)}")
    elif labels["env"] not in (UNKNOWN, environment):
        yield Remark(f"the label env is {labels['env']} in {environment}")


POLICIES = (
    Policy(
        "missing-labels",
        f"What can be labelled says {' and '.join(REQUIRED)}.",
        "Without them nobody can say what a line of the bill belongs to, nor what may be cleaned up.",
        'labels = { app = "telecom-ml-llmops", env = "dev" }, on the resource or as default_labels of the provider '
        "(user_labels take no default).",
        "Unknown labels are refused, an unknown value of a label is not.",
        _labels,
    ),
)
