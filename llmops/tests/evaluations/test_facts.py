"""Places in tool results, and what an answer states."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from llmops.evaluations import facts, paths
from telecom.errors import UsageError

RESULT = {"total": Decimal("90.50"), "items": [{"kind": "tv", "on": True}, {"kind": "net", "on": False}], "none": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("total", [Decimal("90.50")]),
        ("items[0].kind", ["tv"]),
        ("items[-1].kind", ["net"]),
        ("items[*].kind", ["tv", "net"]),
        ("items[#]", [2]),
        ("items[kind=net].on", [False]),
        ("items[on=true].kind", ["tv"]),
        ("items[5].kind", []),
        ("items[kind=radio]", []),
        ("none", []),
        ("absent.kind", []),
        ("total.kind", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    assert paths.values(RESULT, path) == found


@pytest.mark.parametrize("path", ["items[", "items[0]kind", "a..b", "[x]", "a b"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(UsageError, match="no path"):
        paths.steps(path)


@pytest.mark.parametrize(
    ("answer", "value", "holds"),
    [
        ("São R$ 1.234,50 no total.", Decimal("1234.50"), True),
        ("It is R$1,234.50.", Decimal("1234.50"), True),
        ("São R$ 1.234,51.", Decimal("1234.50"), False),
        ("Sinal de -117,3 dBm", -117.3, True),
        ("Ficou R$ 4,26 menor", Decimal("-4.26"), True),
        ("Faltam 3 meses", 3, True),
        ("Faltam 13 meses", 3, False),
        ("vence em 05/11/2026", date(2026, 11, 5), True),
        ("vence em 05/11/2025", date(2026, 11, 5), False),
        ("vence em 15/11/2026", date(2026, 11, 5), False),
        ("vence em 5 de novembro", date(2026, 11, 5), True),
        ("due on November 5", date(2026, 11, 5), True),
        ("volta em 20/11 18h30", datetime(2026, 11, 20, 21, 30, tzinfo=UTC), True),
        ("volta em 20/11 às 18:30", datetime(2026, 11, 20, 21, 30, tzinfo=UTC), True),
        ("volta em 20/11 21h30", datetime(2026, 11, 20, 21, 30, tzinfo=UTC), False),
        ("O plano é Internet  Fibra 500 mega", "Internet fibra 500 Mega", True),
        ("Não há", "nao ha", True),
    ],
)
def test_what_an_answer_states(answer: str, value: Any, holds: bool) -> None:
    assert facts.holds(answer, value, 0.005) is holds


@pytest.mark.parametrize("value", [True, ["a"], {"a": 1}])
def test_what_no_answer_states(value: Any) -> None:
    with pytest.raises(UsageError, match="cannot be looked through"):
        facts.holds("x", value, 0.0)


def test_tolerance() -> None:
    assert facts.holds("cerca de 12,4 %", 12.38, 0.05) and not facts.holds("cerca de 12,4 %", 12.3, 0.05)
