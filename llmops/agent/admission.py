"""Who asks, and whose data they may see: from the claims of a verified token to a `Principal`.

A token says `kind`: `agent` with `customers` (numbers of customers, or `*` alone for all) and `scopes`, or `customer`
with `customer`, their own number. Where tokens cannot say so themselves (people who sign in with Google), a file says
it for their e-mail address. Whoever is in neither is let in nowhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from llmops.agent.policy import READ_ANALYTICS, READ_PERSONAL, SCOPES
from llmops.agent.turn import Principal
from telecom.errors import UsageError
from telecom.ports import Caller
from telecom.serving.admission import Admission
from telecom.serving.answers import Forbidden

CUSTOMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
SCOPE = re.compile(r"[a-z][a-z0-9_]*(?::[a-z0-9_]+)*(?::\*)?")
EVERYBODY = "*"
MOST_CUSTOMERS, MOST_SCOPES = 1_000, 50
Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Door:
    """Lets people in.

    Args:
        admission: verifies tokens.
        people: claims by e-mail address, for tokens that carry none of ours; None: the tokens carry them.
        header: where the token is.
    """

    admission: Admission
    people: Mapping[str, Claims] | None = None
    header: str = "authorization"
    _known: dict[int, tuple[Caller, Principal]] = field(default_factory=dict, repr=False)

    async def admit(self, headers: Mapping[str, str]) -> Principal:
        """Who asks.

        Raises:
            TokenRefused: it is not certain.
            DependencyUnavailable: nobody can tell just now.
            Forbidden: it is certain, and they have no role here.
        """
        value = headers.get(self.header)
        if value and self.header != "authorization":
            value = f"Bearer {value}"
        caller = await self.admission.admit(value)
        if (known := self._known.get(id(caller))) and known[0] is caller:
            return known[1]
        claims = caller.claims if self.people is None else self.people.get(caller.name.casefold())
        found = principal_of(caller.name, claims or {})
        if len(self._known) >= MOST_CUSTOMERS:
            self._known.clear()
        self._known[id(caller)] = caller, found
        return found


def principal_of(name: str, claims: Claims) -> Principal:
    """Who somebody with these claims is; whatever is not certainly meant is refused.

    Raises:
        Forbidden: the claims give no role, or one that cannot be meant.
    """
    match claims.get("kind"):
        case "customer":
            own = claims.get("customer")
            if isinstance(own, str) and CUSTOMER.fullmatch(own):
                return Principal(name, "customer", frozenset((own,)))
        case "agent":
            customers, scopes = _texts(claims.get("customers", [])), _texts(claims.get("scopes", []))
            if customers is not None and scopes is not None and _agents(customers, scopes):
                everybody = customers == [EVERYBODY]
                return Principal(name, "agent", None if everybody else frozenset(customers), _expanded(scopes))
    raise Forbidden("This caller has no role here.")


def chosen(who: Principal, customer_id: str | None) -> str | None:
    """The customer that a request is about: the named one, if the caller may see them, or the only one there is.

    Raises:
        Forbidden: the caller may not see that customer.
    """
    if customer_id is None:
        return next(iter(who.customers)) if who.customers is not None and len(who.customers) == 1 else None
    if not CUSTOMER.fullmatch(customer_id) or not who.may_see(customer_id):
        raise Forbidden("This caller may not see that customer.")
    return customer_id


def load_people(path: Path) -> Mapping[str, Claims]:
    """Claims by e-mail address: `people: {ana@example.com: {customers: ["*"], scopes: [approve:retention]}}`.

    Raises:
        UsageError: the file cannot be read, or says something that cannot be meant.
    """
    try:
        told = yaml.safe_load(path.read_text("utf-8"))
        people = {str(name).casefold(): {"kind": "agent", **claims} for name, claims in told["people"].items()}
        for name, claims in people.items():
            principal_of(name, claims)
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError, Forbidden) as error:
        raise UsageError(
            f"The people in {str(path)!r} cannot be read: {error}", "See docs/llmops/service.md."
        ) from error
    return people


def _texts(told: Any) -> list[str] | None:
    plain = isinstance(told, Sequence) and not isinstance(told, str) and all(isinstance(each, str) for each in told)
    return list(told) if plain else None


def _agents(customers: list[str], scopes: list[str]) -> bool:
    if len(customers) > MOST_CUSTOMERS or len(scopes) > MOST_SCOPES or not all(map(SCOPE.fullmatch, scopes)):
        return False
    return customers == [EVERYBODY] or all(map(CUSTOMER.fullmatch, customers))


def _expanded(scopes: list[str]) -> frozenset[str]:
    """With every scope that we know in place of `approve:*` and the like."""
    wide = [scope.removesuffix("*") for scope in scopes if scope.endswith(":*")]
    known = (*SCOPES.values(), READ_ANALYTICS, READ_PERSONAL)
    return frozenset(scopes) | {scope for scope in known if scope.startswith(tuple(wide))}
