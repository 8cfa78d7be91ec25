"""What is the matter with a line and what to do about it, in the support manual's order of checks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from llmops.tools.drafts import ActionDraft
from llmops.tools.network_line import Incident
from llmops.tools.network_lines import LineNow
from llmops.tools.network_measures import Measure, no_light, worst
from llmops.tools.visit_windows import BRASILIA, next_visit
from llmops.tools.words import listed

Verdict = Literal["area_outage", "restarting", "no_light", "no_service", "poor", "at_limit", "good"]
MOST_RESTARTS_A_DAY = 2
OUTDATED_FIRMWARE = frozenset(("3.2.1",))
"""Restarts by itself; the centre updates it."""
MANUAL_MINUTES = 5
"""How long, by the manual, a restart may keep the line away."""


@dataclass(frozen=True)
class Advice:
    """A verdict, one sentence, what to do next (in order), and the drafts of what may be proposed."""

    verdict: Verdict
    conclusion: str
    next_steps: tuple[str, ...] = ()
    drafts: tuple[ActionDraft, ...] = ()


def advise(at: LineNow, found: Sequence[Measure], now: datetime) -> Advice:
    """What to do about a line.

    Args:
        at: the line as it reads now.
        found: its measures, judged.
        now: UTC.
    """
    reading = at.reading
    if reading.incident:
        return _outage(reading.incident)
    if reading.ready_at:
        back = f"{reading.ready_at.astimezone(BRASILIA):%H:%M}"
        return Advice(
            "restarting",
            f"o equipamento está reiniciando; leitura confiável a partir das {back} (horário de Brasília).",
            (f"Espere até {MANUAL_MINUTES} minutos e faça um novo diagnóstico antes de qualquer outra medida.",),
        )
    if reading.status == "down":
        return _down(at, now)
    if reading.status == "degraded" or worst(found) == "ruim":
        return _poor(at, found, now)
    return _working(at, found)


def _outage(incident: Incident) -> Advice:
    since, until = (f"{m.astimezone(BRASILIA):%d/%m %Hh%M}" for m in (incident.started_at, incident.expected_end_at))
    return Advice(
        "area_outage",
        f"incidente {incident.incident_id} aberto desde {since}, com previsão de volta em {until} (Brasília).",
        (
            "Informe o número e a previsão do incidente, sem supor causa.",
            "Não proponha reinício nem visita: não resolvem enquanto o incidente dura.",
            "O crédito pelo tempo parado sai sozinho na próxima fatura.",
        ),
    )


def _down(at: LineNow, now: datetime) -> Advice:
    if no_light(at.reading.levels):
        said = "a fibra está sem luz (LOS vermelha), provavelmente rompida."
        return Advice("no_light", said, (*_CABLES, *_visit_step(at, now)), _visit(at, now, "fibra sem luz"))
    if at.line.technology == "mobile":
        phone = ("Peça para reiniciar o aparelho e conferir o chip.", "Sem melhora, registre o contato.")
        return Advice("no_service", "a linha móvel não está registrada na rede.", phone)
    if _restart_helps(at, now):
        steps = (
            "Confira energia e luzes do equipamento com o cliente.",
            "Confira se há fatura vencida há mais de 20 dias (suspensão).",
            f"Com a autorização do cliente, proponha o reinício à distância (até {MANUAL_MINUTES} minutos fora).",
        )
        return Advice("no_service", "a linha está fora do ar, sem incidente na região.", steps, (_restart(at),))
    said = "a linha continua fora do ar depois do reinício."
    return Advice("no_service", said, _visit_step(at, now), _visit(at, now, "linha fora do ar após reinício"))


def _poor(at: LineNow, found: Sequence[Measure], now: datetime) -> Advice:
    bad = listed([f"{m.name} ({m.judgement})" for m in found if m.judgement in ("ruim", "no limite")])
    said = f"a linha está degradada: {bad or 'medidas instáveis'}."
    if at.line.technology == "mobile":
        steps = ("Sugira a chamada por Wi-Fi dentro de casa.", "Registre o contato se o sinal for fraco também na rua.")
        return Advice("poor", said, steps)
    if _restart_helps(at, now):
        step = f"Com a autorização do cliente, proponha o reinício à distância (até {MANUAL_MINUTES} minutos fora)."
        return Advice("poor", said, (step, "Sem melhora, visita em até 72 horas."), (_restart(at),))
    return Advice("poor", said, _visit_step(at, now), _visit(at, now, "linha degradada sem melhora com reinício"))


def _working(at: LineNow, found: Sequence[Measure]) -> Advice:
    steps = ["A linha está boa até a casa: peça um teste por cabo, com um só aparelho."]
    if at.line.technology == "mobile":
        steps = ["A linha está registrada: confira a APN e se o aparelho navega em outro lugar."]
    if at.line.firmware_version in OUTDATED_FIRMWARE:
        steps.append(f"O firmware {at.line.firmware_version} pode reiniciar sozinho: registre a atualização.")
    limit = listed([m.name for m in found if m.judgement == "no limite"])
    if limit:
        return Advice("at_limit", f"a linha está ativa, com medidas no limite: {limit}.", tuple(steps))
    return Advice("good", "a linha está ativa e as medidas estão boas.", tuple(steps))


def _restart_helps(at: LineNow, now: datetime) -> bool:
    """None was tried today: a second one is allowed, but what the first did not mend needs somebody to look."""
    return at.restarts_today(now) == 0 and at.coming_visit(now) is None


def _restart(at: LineNow) -> ActionDraft:
    return ActionDraft(
        "modem_restart",
        "Linha com falha e sem incidente: reiniciar à distância.",
        {"line_id": at.line.line_id},
    )


_CABLES = (
    "Peça para conferir se o cordão de fibra está encaixado e sem dobras; não olhar para a ponta.",
    "Reiniciar não resolve com LOS vermelha.",
)


def _visit_step(at: LineNow, now: datetime) -> tuple[str, ...]:
    if coming := at.coming_visit(now):
        until = f"{coming.at.astimezone(BRASILIA):%d/%m %Hh}"
        return (f"Já há visita técnica marcada, até {until}; não marque outra.",)
    hours = 24 if at.reading.status == "down" else 72
    return (f"Proponha a visita técnica em até {hours} horas; defeito na rede ou no equipamento não tem custo.",)


def _visit(at: LineNow, now: datetime, why: str) -> tuple[ActionDraft, ...]:
    if at.coming_visit(now):
        return ()
    visit = next_visit(now, no_service=at.reading.status == "down")
    given = {"line_id": at.line.line_id, "day": visit.day.isoformat(), "window": visit.window}
    return (ActionDraft("technician_visit", f"Visita técnica: {why}.", given),)
