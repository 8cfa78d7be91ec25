"""Who is signed in (`GET /v1/session`), so that a page behind a proxy that signs people in need not be told a token."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmops.agent.turn import Language, Principal, Role

LANGUAGES: Mapping[str, Language] = {"pt": "pt-BR", "en": "en"}


@dataclass(frozen=True)
class Session:
    """What a page needs to know of whoever looks at it.

    `customer_id` is the one customer whom this person may see, where there is exactly one; `customers` says how many
    they may see, None for all. `language` is what their browser prefers.
    """

    name: str
    role: Role
    scopes: tuple[str, ...]
    language: Language
    customer_id: str | None
    customers: int | None


def session_of(who: Principal, headers: Mapping[str, str]) -> Session:
    """The session of a verified principal."""
    allowed = who.customers
    only = next(iter(allowed)) if allowed is not None and len(allowed) == 1 else None
    language = preferred(headers.get("accept-language", ""))
    return Session(
        who.name, who.role, tuple(sorted(who.scopes)), language, only, None if allowed is None else len(allowed)
    )


def preferred(accepted: str) -> Language:
    """The first of our languages in an Accept-Language header, which browsers order by preference; else pt-BR."""
    for each in accepted.split(","):
        name = each.split(";")[0].strip().lower().partition("-")[0]
        if name in LANGUAGES:
            return LANGUAGES[name]
    return "pt-BR"
