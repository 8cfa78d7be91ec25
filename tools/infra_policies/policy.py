"""What a policy is, and what it says of the resources of a plan."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tools.infra_policies.plan import ENVIRONMENTS, Plan, Resource


@dataclass(frozen=True)
class Remark:
    """What is wrong with a resource, or, where `open`, what can only be seen after apply. Never quotes a secret."""

    what: str
    open: bool = False


@dataclass(frozen=True)
class Policy:
    """A rule, why it is one, how to keep it, and how it treats values that are unknown before apply."""

    id: str
    sentence: str
    why: str
    remedy: str
    unknown: str
    check: Callable[[Resource], Iterable[Remark]]
    environments: tuple[str, ...] = ENVIRONMENTS


@dataclass(frozen=True)
class Finding:
    """A remark with its place."""

    policy: str
    environment: str
    address: str
    what: str
    remedy: str
    open: bool


def examine(plan: Plan, policies: Iterable[Policy]) -> Iterator[Finding]:
    """What the policies say of every resource of a plan, policy by policy."""
    for policy in policies:
        if plan.environment not in policy.environments:
            continue
        for resource in plan.resources:
            for remark in policy.check(resource):
                yield Finding(policy.id, plan.environment, resource.address, remark.what, policy.remedy, remark.open)
