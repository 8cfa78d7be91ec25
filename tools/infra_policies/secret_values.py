"""Secrets in plain text: in environment variables, arguments, headers. What was found is never quoted."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tools.infra_policies.plan import UNKNOWN, Resource, walk
from tools.infra_policies.policy import Policy, Remark

NAME = re.compile(
    r"(?i)(^|[_-])(password|passwd|pass|pwd|secret|token|(api|access|private|signing)?_?key|credentials?|"
    r"webhook(_url)?|dsn|authorization)$"
)
REFERENCE = re.compile(r"^(projects/|gs://|//|secret://|\$\{?[A-Z_]+\}?$)")
ARGUMENTS = frozenset(
    "secret_data password private_key auth_token service_key client_secret api_key access_token shared_secret".split()
)
NEVER_COMPUTED = frozenset({"secret_data", "auth_token", "service_key"})
MAPS = frozenset({"environment_variables", "build_environment_variables", "env_variables", "substitutions", "headers"})
KINDS: Mapping[str, re.Pattern[str]] = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
    "a Google OAuth secret": re.compile(r"\b(GOCSPX-|ya29\.)[0-9A-Za-z_-]{20,}"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{30,})"),
    "a Slack token": re.compile(r"\bxox[abeprs]-[0-9A-Za-z-]{10,}"),
    "a Slack webhook": re.compile(r"hooks\.slack\.com/(services|workflows|triggers)/\w+"),
    "an API key of a model provider": re.compile(r"\bsk-[0-9A-Za-z_-]{20,}"),
    "a signed token": re.compile(r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\."),
    "a password in an address": re.compile(r"://[^/\s:@]+:[^/\s:@]+@"),
}
LEAST_LENGTH, LEAST_ENTROPY = 32, 4.2


def _secrets(resource: Resource) -> Iterator[Remark]:
    seen: set[str] = set()
    for place, name, value in (*_variables(resource.values), *_arguments(resource)):
        if what := _told(name, value):
            seen.add(place.partition(" ")[0])
            yield Remark(f"{place} holds {what}")
    for path, value in walk(resource.values):
        kind = next((kind for kind, form in KINDS.items() if isinstance(value, str) and form.search(value)), "")
        if kind and not path.startswith(tuple(seen)):
            yield Remark(f"{path} holds {kind}")


def _told(name: str, value: Any) -> str:
    """What a named value gives away, or nothing."""
    secret_by_name = bool(NAME.search(name))
    if value is UNKNOWN:
        return "what its name calls a secret, unknown until apply and then in plain text" if secret_by_name else ""
    if not isinstance(value, str) or not value or REFERENCE.match(value):
        return ""
    if kind := next((kind for kind, form in KINDS.items() if form.search(value)), ""):
        return kind
    if secret_by_name:
        return "what its name calls a secret"
    return "what looks random enough to be a key" if _random(value) else ""


def _random(value: str) -> bool:
    """Whether it has the length, the mixture and the entropy (bits per character) of a generated key."""
    mixed = all(re.search(form, value) for form in ("[a-z]", "[A-Z]", "[0-9]"))
    if len(value) < LEAST_LENGTH or not mixed or not re.fullmatch(r"[\w+/=-]+", value) or value.count("/") > 2:
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares) >= LEAST_ENTROPY


def _variables(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Place, name and literal value of every environment variable, substitution and header."""
    if isinstance(value, list):
        for item in value:
            yield from _variables(item, path)
    if not isinstance(value, Mapping):
        return
    if isinstance(value.get("name"), str) and "value" in value:
        yield f"{path} {value['name']}", value["name"], value["value"]
    for key in sorted(value):
        below = f"{path}.{key}" if path else key
        if key in MAPS and isinstance(value[key], Mapping):
            yield from ((f"{below} {name}", name, found) for name, found in value[key].items())
        else:
            yield from _variables(value[key], below)


def _arguments(resource: Resource) -> Iterator[tuple[str, str, Any]]:
    """Arguments that are secrets by definition; of unknown ones, those that the author gave and did not compute."""
    for path, value in walk(resource.values):
        wanted = NEVER_COMPUTED if value is UNKNOWN else ARGUMENTS
        if path.rpartition(".")[2] in wanted and value != "" and value is not None:
            yield path, "secret", value


POLICIES = (
    Policy(
        "plain-secret",
        "No secret is in a plan, a state or an environment variable.",
        "Whoever may read the plan, the state or a revision reads it, and it stays in old versions of the state.",
        "Keep it in Secret Manager: env { value_source { secret_key_ref } }; give versions by hand, or by the "
        "write-only secret_data_wo.",
        "Refused where the name says that it is a secret: at apply it would land in the state.",
        _secrets,
    ),
)
