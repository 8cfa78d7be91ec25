"""From claims to a person: whoever is not certainly somebody is nobody."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.agent.admission import Door, load_people, principal_of
from llmops.agent.config import load_config
from llmops.agent.policy import SCOPES
from llmops.agent.turn import Principal
from llmops.tests.agent.service_fakes import FakeIdentity
from llmops.tests.small_world import CUSTOMER
from telecom.errors import TokenRefused, UsageError
from telecom.ports import Caller
from telecom.serving.admission import Admission
from telecom.serving.answers import Forbidden


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"kind": "customer", "customer": "c1"}, Principal("n", "customer", frozenset({"c1"}))),
        (
            {"kind": "customer", "customer": "c1", "scopes": ["approve:*"]},
            Principal("n", "customer", frozenset({"c1"})),
        ),
        ({"kind": "agent", "customers": ["*"]}, Principal("n", "agent", None)),
        ({"kind": "agent", "customers": ["a", "b"]}, Principal("n", "agent", frozenset({"a", "b"}))),
        ({"kind": "agent"}, Principal("n", "agent", frozenset())),
        (
            {"kind": "agent", "customers": [], "scopes": ["approve:retention"]},
            Principal("n", "agent", frozenset(), frozenset({"approve:retention"})),
        ),
    ],
)
def test_claims_that_are_meant(claims: dict[str, Any], found: Principal) -> None:
    assert principal_of("n", claims) == found


def test_a_star_stands_for_all_scopes_below_it() -> None:
    assert set(SCOPES.values()) <= principal_of("n", {"kind": "agent", "scopes": ["approve:*"]}).scopes
    below = principal_of("n", {"kind": "agent", "scopes": ["approve:retention:*"]}).scopes
    assert SCOPES["manager"] in below and SCOPES["agent"] not in below


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"kind": "service"},
        {"kind": "admin"},
        {"kind": ["agent"]},
        {"kind": "customer"},
        {"kind": "customer", "customer": ""},
        {"kind": "customer", "customer": "*"},
        {"kind": "customer", "customer": ["c1"]},
        {"kind": "customer", "customer": "a/b"},
        {"kind": "customer", "customers": ["*"]},
        {"kind": "agent", "customers": "*"},
        {"kind": "agent", "customers": ["*", "c1"]},
        {"kind": "agent", "customers": [""]},
        {"kind": "agent", "customers": [7]},
        {"kind": "agent", "customers": None},
        {"kind": "agent", "customers": {"*": 1}},
        {"kind": "agent", "customers": ["c"] * 1_001},
        {"kind": "agent", "scopes": "approve:*"},
        {"kind": "agent", "scopes": ["*"]},
        {"kind": "agent", "scopes": ["approve retention"]},
    ],
)
def test_claims_that_cannot_be_meant(claims: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        principal_of("n", claims)


@settings(max_examples=200, deadline=None)
@given(
    claims=st.dictionaries(
        st.sampled_from(["kind", "customer", "customers", "scopes"]),
        st.sampled_from(["agent", "customer", "*", "c1"]) | st.lists(st.text(max_size=3) | st.integers(), max_size=3),
    )
)
def test_only_an_explicit_star_opens_everything(claims: dict[str, Any]) -> None:
    try:
        found = principal_of("n", claims)
    except Forbidden:
        return
    assert found.customers is not None or (claims["kind"] == "agent" and claims["customers"] == ["*"])
    assert found.role == claims["kind"]


def people(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "people.yaml"
    path.write_text(text, "utf-8")
    return load_people(path)


def test_a_file_says_who_is_who(tmp_path: Path) -> None:
    found = people(tmp_path, 'people:\n  Ana@Example.com: {customers: ["*"], scopes: [approve:retention]}\n')
    door = Door(Admission(Named, "a", None), found)
    who = asyncio.run(door.admit({"authorization": "Bearer ana@example.COM"}))
    assert (who.role, who.customers, who.scopes) == ("agent", None, frozenset({"approve:retention"}))
    with pytest.raises(Forbidden):
        asyncio.run(door.admit({"authorization": "Bearer eve@example.com"}))


class Named(FakeIdentity):
    """The token is its owner's name, and claims everything."""

    def verify(self, token: str, audience: str) -> Caller:
        return Caller(token, {"kind": "agent", "customers": ["*"], "scopes": ["approve:*"], "exp": 9e9})


def test_where_a_file_says_who_is_who_tokens_do_not() -> None:
    with pytest.raises(Forbidden):
        asyncio.run(Door(Admission(Named, "a", None), {}).admit({"authorization": "Bearer eve@example.com"}))


@pytest.mark.parametrize(
    "text",
    [
        "", "people: []", "people: {a@b.c: 7}", 'people: {a@b.c: {customers: "*"}}', "people: {a@b.c: {scopes: ['*']}}",
        "{{", "others: {}", "people: {a@b.c: {kind: root}}",
    ],
)  # fmt: skip
def test_files_that_cannot_be_meant(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="people"):
        people(tmp_path, text)
    with pytest.raises(UsageError):
        load_people(tmp_path / "nowhere.yaml")


def test_an_assertion_comes_in_a_header_of_its_own() -> None:
    door = Door(Admission(FakeIdentity, "a", None), header="x-goog-iap-jwt-assertion")
    who = asyncio.run(door.admit({"x-goog-iap-jwt-assertion": CUSTOMER}))
    assert who.role == "customer"
    for headers in ({"authorization": "Bearer ana"}, {}, {"x-goog-iap-jwt-assertion": ""}):
        with pytest.raises(TokenRefused):
            asyncio.run(door.admit(headers))


@pytest.mark.parametrize(
    ("name", "value"),
    [("AGENT_RATE", "many"), ("ARMOR_TEMPLATE", "x"), ("ISSUER", "ftp://x"), ("DEADLINE_SECONDS", "0")],
)
def test_settings_that_cannot_be_meant(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TELECOM_ASSISTANT_{name}", value)
    with pytest.raises(UsageError, match=f"TELECOM_ASSISTANT_{name}"):
        load_config()


def test_on_google_cloud_people_may_ask_less_than_a_test_may() -> None:
    config = load_config()
    assert str(config.rate("customer", local=False)) == "30 per minute"
    assert config.rate("agent", local=True).amount > 1_000 and config.answer_seconds < config.deadline_seconds
