"""What a scripted customer reads in a reply, and what may be proposed to them."""

from pathlib import Path

import pytest

from llmops.evaluations import judging
from llmops.evaluations.home_network import JOURNEYS, PROBLEMS, STEPS, steps_in
from llmops.evaluations.simulation_figures import Visit, figures, write
from llmops.tests.evaluations.played import proposal

SAID = (("oi", "chamado 20261120-12345678"),)


@pytest.mark.parametrize(
    ("reply", "steps"),
    [
        ("Desligue o equipamento da tomada, espere e ligue; depois teste por cabo.", ["power_cycle", "test_cable"]),
        ("Ative a chamada por Wi-Fi: é gratuita.", ["wifi_calling"]),
        ("TV-101: sem internet na TV; reiniciar a TV e a ONT", ["tv_restart"]),
        ("Mude a posição da ONT e otimize o canal; ou um repetidor Mesh.", ["move_router", "optimise_channel", "mesh"]),
        ("No aparelho, escolha Esquecer rede e entre de novo.", ["forget_network"]),
        ("Sua fatura vence em 05/11/2026.", []),
    ],
)
def test_steps_are_read_in_their_order(reply: str, steps: list[str]) -> None:
    assert [step.name for step in steps_in(reply)] == steps


def test_problems_are_of_every_journey_and_can_be_put_right() -> None:
    names = {step.name for step in STEPS}
    assert {each.journey for each in PROBLEMS} == set(JOURNEYS)
    assert all(each.cures <= names for each in PROBLEMS)
    assert {each.journey for each in PROBLEMS if each.told_only} == {"outage"}
    assert len({each.name for each in PROBLEMS}) == len(PROBLEMS)


@pytest.mark.parametrize(
    ("kind", "verdict", "allowed"),
    [
        ("modem_restart", "poor", True),
        ("modem_restart", "no_light", False),
        ("modem_restart", "area_outage", False),
        ("modem_restart", "good", False),
        ("technician_visit", "no_light", True),
        ("technician_visit", "area_outage", False),
        ("technician_visit", "good", False),
        ("retention_discount", "good", False),
        ("ticket_registration", "good", True),
    ],
)
def test_what_may_be_proposed(kind: str, verdict: str, allowed: bool) -> None:
    assert judging.allowed(proposal(kind), verdict) is allowed


def test_what_passes_on_somebody_who_could_be_helped() -> None:
    ticket = proposal("ticket_registration")
    cures = frozenset(("apn",))
    assert judging.unneeded(ticket, "good", cures, frozenset())
    assert not judging.unneeded(ticket, "good", cures, cures)
    assert not judging.unneeded(ticket, "poor", frozenset(), frozenset())
    assert judging.unneeded(ticket, "area_outage", frozenset(), frozenset())
    assert judging.unneeded(proposal("callback"), "good", frozenset(), frozenset())
    assert not judging.unneeded(proposal(), "poor", cures, frozenset())


def test_figures_by_journey_and_together(tmp_path: Path) -> None:
    visits = [
        Visit(
            n, "x", journey, "c", n < 2, n + 1, ("a",) if n == 2 else (), (), (), (("oi", "chamado 20261120-12345678"),)
        )
        for n, journey in enumerate(("tv", "tv", "wifi"))
    ]
    wifi, tv, whole = figures(visits)
    assert (wifi.journey, wifi.solved.value, wifi.illegal) == ("wifi", 0.0, 1)
    assert (tv.solved.value, tv.turns.value, tv.customers) == (1.0, 1.5, 2)
    assert (whole.journey, whole.customers, whole.illegal) == ("all", 3, 1)
    write(tmp_path / "out" / "v.json", visits)
    assert "12345678" not in (tmp_path / "out" / "v.json").read_text("utf-8")
