"""Who may read, from when until when; what is not said is taken strictly, what cannot be meant is refused."""

from datetime import date
from typing import Any

import pytest

from llmops.rag.blocks import Refused
from llmops.rag.front_matter import access, read_yaml, split_fenced


def test_all_that_can_be_said() -> None:
    given = {
        "title": "Multa  e\njuros", "audience": ["Customer", "agent"], "sensitivity": "Public",
        "valid_from": "2026-01-01", "valid_until": "2026-12-31", "version": "3",
    }  # fmt: skip
    rights = access(given, None)
    assert (rights.title, rights.audience, rights.sensitivity) == ("Multa e juros", ("agent", "customer"), "public")
    assert (rights.valid_from, rights.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert rights.missing == ()


@pytest.mark.parametrize("given", [None, {}, {"title": "x"}])
def test_nothing_said_is_the_strictest(given: Any) -> None:
    rights = access(given, None)
    assert (rights.audience, rights.sensitivity) == (("agent",), "internal")
    assert rights.missing == ("audience", "sensitivity")


def test_the_sidecar_wins_key_by_key() -> None:
    rights = access({"audience": "customer", "sensitivity": "public", "title": "a"}, {"audience": "agent"})
    assert (rights.audience, rights.sensitivity, rights.title) == (("agent",), "public", "a")


def test_words_of_the_trade_are_understood() -> None:
    assert access({"audience": "clientes, atendente", "sensitivity": "público"}, None).audience == ("agent", "customer")


@pytest.mark.parametrize(
    "given",
    [
        {"audience": "todos"},
        {"audience": []},
        {"audience": ["customer", 7]},
        {"sensitivity": "secret"},
        {"valid_from": "01/02/2026"},
        {"valid_until": "2026-02-30"},
        {"valid_from": "2026-05-02", "valid_until": "2026-05-01"},
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        access(given, None)
    assert refused.value.reason == "bad_front_matter"


def test_yaml_between_fences() -> None:
    given, rest = split_fenced("---\nvalid_from: 2026-01-02\ntags: [a, b]\n---\n# Texto\n---\nfim")
    assert given == {"valid_from": "2026-01-02", "tags": ["a", "b"]}
    assert rest == "# Texto\n---\nfim"
    assert split_fenced("# Texto\n---\na: b\n---\n") == (None, "# Texto\n---\na: b\n---\n")


@pytest.mark.parametrize("text", ["a: [", "- x", "texto", f"a: {'x' * 20_000}", "!!python/object:os.system x"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="bad_front_matter"):
        read_yaml(text)


def test_aliases_do_not_grow() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]" for n in range(9)
    )
    assert read_yaml(bomb)["j"] == ["list"] * 10
    assert read_yaml("a: &x [*x]") == {"a": ["list"]}
