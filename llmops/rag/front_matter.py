"""Who may read a document, from when until when: front matter in the file, or in `<file>.meta.yaml`, which wins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

from llmops.rag.blocks import Refused

LONGEST = 16_384
FENCED = re.compile(r"\A\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
AUDIENCES: Mapping[str, str] = {
    "customer": "customer", "customers": "customer", "cliente": "customer", "clientes": "customer",
    "agent": "agent", "agents": "agent", "agente": "agent", "agentes": "agent", "atendente": "agent",
    "atendentes": "agent",
}  # fmt: skip
SENSITIVITIES: Mapping[str, str] = {
    "public": "public", "publico": "public", "público": "public", "internal": "internal", "interno": "internal",
}  # fmt: skip
STRICTEST = (("agent",), "internal")


@dataclass(frozen=True)
class Access:
    """What the front matter says. `missing` names what it should have said; there the strictest is taken."""

    audience: tuple[str, ...]
    sensitivity: str
    valid_from: date | None
    valid_until: date | None
    title: str
    missing: tuple[str, ...]


def split_fenced(text: str) -> tuple[Mapping[str, Any] | None, str]:
    """The YAML between two `---` lines at the beginning, and the text behind it; None where there is no such block.

    Raises:
        Refused: bad_front_matter.
    """
    found = FENCED.match(text)
    if not found:
        return None, text
    return read_yaml(found[1]), text[found.end() :]


def read_yaml(text: str) -> Mapping[str, Any]:
    """A mapping with text keys; dates as ISO text, so that it can be sent as JSON.

    Raises:
        Refused: bad_front_matter.
    """
    if len(text) > LONGEST:
        raise Refused("bad_front_matter", f"it is longer than {LONGEST:,} characters")
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Refused("bad_front_matter", f"not YAML: {' '.join(str(error).split())[:200]}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused("bad_front_matter", f"a mapping is expected, found {type(found).__name__}")
    return {str(key): _plain(value) for key, value in found.items()}


def access(embedded: Mapping[str, Any] | None, sidecar: Mapping[str, Any] | None) -> Access:
    """Both sources as one; of the same key the sidecar's value counts.

    Raises:
        Refused: bad_front_matter: an unknown audience or sensitivity, or days that are none or end before they begin.
    """
    given = {**(embedded or {}), **(sidecar or {})}
    audience, sensitivity = _audience(given), _sensitivity(given)
    since, until = _day(given, "valid_from"), _day(given, "valid_until")
    if since and until and until < since:
        raise Refused("bad_front_matter", f"valid_until {until} is before valid_from {since}")
    missing = tuple(name for name, value in (("audience", audience), ("sensitivity", sensitivity)) if not value)
    title = given.get("title")
    return Access(
        audience or STRICTEST[0],
        sensitivity or STRICTEST[1],
        since,
        until,
        " ".join(str(title).split()) if title is not None else "",
        missing,
    )


def _audience(given: Mapping[str, Any]) -> tuple[str, ...]:
    value = given.get("audience")
    if value is None:
        return ()
    words = value if isinstance(value, list) else str(value).split(",")
    named = [AUDIENCES.get(str(word).strip().lower()) for word in words]
    if not named or None in named:
        raise Refused("bad_front_matter", f"audience {value!r}; write customer, agent or both")
    return tuple(sorted({name for name in named if name}))


def _sensitivity(given: Mapping[str, Any]) -> str:
    value = given.get("sensitivity")
    if value is None:
        return ""
    found = SENSITIVITIES.get(str(value).strip().lower())
    if not found:
        raise Refused("bad_front_matter", f"sensitivity {value!r}; write public or internal")
    return found


def _day(given: Mapping[str, Any], name: str) -> date | None:
    value = given.get(name)
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10] if re.match(r"\d{4}-\d\d-\d\d[T ]", str(value)) else str(value))
    except ValueError as error:
        raise Refused("bad_front_matter", f"{name} {value!r} is not a day; write it as YYYY-MM-DD") from error


def _plain(value: Any) -> Any:
    """Scalars, and lists of them; what is nested deeper (YAML's aliases grow without bounds) only as its kind."""
    return [_scalar(item) for item in value[:100]] if isinstance(value, list) else _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else type(value).__name__
