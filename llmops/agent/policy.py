"""Who may approve what, and where the retention policy comes from: docs/telecom/policies/retention.yaml.

The YAML is the one the internal documents are compared with; a change of policy is a change of that file.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from llmops.agent.turn import Principal
from llmops.tools.retention_rules import LEVELS, Level, RetentionRules
from telecom.errors import NotFound, TelecomError

POLICY = Path(__file__).resolve().parents[2] / "docs" / "telecom" / "policies" / "retention.yaml"
SCOPES: dict[Level, str] = {
    "agent": "approve:retention",
    "supervisor": "approve:retention:supervisor",
    "manager": "approve:retention:manager",
}
"""What a token must allow for retention actions; a higher level may do what a lower one may."""

READ_ANALYTICS, READ_PERSONAL = "read:analytics", "read:personal"
"""What a token must allow for the analysts' pages; and beyond them for tables with personal data, in SQL."""

Authority = Literal["customer", "desk", "agent", "supervisor", "manager"]
"""Who may approve: the customer themselves or any agent (`customer`), any agent who may see the customer (`desk`), or
an agent whose token has the scope of that level of the retention policy (the others)."""


@lru_cache(maxsize=4)
def load_policy(path: Path = POLICY) -> RetentionRules:
    """Reads the policy once per process.

    Raises:
        NotFound: there is no such file.
        TelecomError: it is not a valid policy; the message names the first faults.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no retention policy at {path}.", "Install the whole distribution, or name another file."
        ) from error
    try:
        return RetentionRules.model_validate(_loaded(text))
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise TelecomError(f"The retention policy {path.name} is not valid: {error}", "Mend the YAML.") from error


def may_approve(principal: Principal, customer_id: str, authority: Authority) -> bool:
    """Whether somebody may approve an action on a customer."""
    if not principal.may_see(customer_id):
        return False
    if principal.role == "customer":
        return authority == "customer"
    if authority in ("customer", "desk"):
        return True
    enough = LEVELS[LEVELS.index(authority) :]
    return any(SCOPES[level] in principal.scopes for level in enough)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice, of which the last would win in silence."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _loaded(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506
