"""Judges what a line measures, by the limits that the manuals print."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from llmops.tools.network_line import DELAY_MS, NO_LIGHT_DBM, Levels, Line
from llmops.tools.words import number

Judgement = Literal["boa", "no limite", "ruim", "sem leitura"]
# Good from, bad below; or good up to, bad above.
OPTICAL_DBM, SNR_DB, RSRP_DBM = (-25.0, -27.0), (9.0, 6.0), (-90.0, -110.0)
ATTENUATION_DB, LOSS_PCT = (35.0, 50.0), (1.0, 3.0)
SYNC_PCT = (80.0, 40.0)
"""What the contract promises: 80 % on average over the month, 40 % at any time."""
SLOW = 2.0
"""Delay is bad beyond so many times the usual of the technology."""


@dataclass(frozen=True)
class Measure:
    """One figure, its unit, how good it is, and by which limits."""

    name: str
    value: float | None
    unit: str
    judgement: Judgement
    limits: str


def measures(line: Line, levels: Levels) -> tuple[Measure, ...]:
    """What this technology measures, judged; without a reading, `sem leitura`."""
    found: list[Measure] = []
    if line.technology == "FTTH":
        found.append(_least("potência óptica", levels.optical_power_dbm, "dBm", OPTICAL_DBM))
    if line.technology == "xDSL":
        found.append(_least("margem de ruído (SNR)", levels.snr_margin_db, "dB", SNR_DB))
        found.append(_most("atenuação", levels.attenuation_db, "dB", ATTENUATION_DB))
    if line.technology == "mobile":
        found.append(_least("sinal (RSRP)", levels.signal_rsrp_dbm, "dBm", RSRP_DBM))
    if line.contracted_mbps:
        share = None if levels.sync_mbps is None else round(100 * levels.sync_mbps / line.contracted_mbps, 1)
        found.append(_least("velocidade sobre a contratada", share, "%", SYNC_PCT))
    usual = DELAY_MS[line.technology][1]
    found.append(_most("perda de pacotes", levels.packet_loss_pct, "%", LOSS_PCT))
    found.append(_most("latência", levels.latency_ms, "ms", (usual, SLOW * usual)))
    return tuple(found)


def no_light(levels: Levels) -> bool:
    """No light arrives through the fibre: the LOS lamp is red."""
    return levels.optical_power_dbm is not None and levels.optical_power_dbm <= NO_LIGHT_DBM


def worst(found: Sequence[Measure]) -> Judgement:
    """The worst judgement of what was read; `sem leitura` where nothing was."""
    order: tuple[Judgement, ...] = ("ruim", "no limite", "boa")
    return next((which for which in order if any(m.judgement == which for m in found)), "sem leitura")


def _least(name: str, value: float | None, unit: str, limits: tuple[float, float]) -> Measure:
    good, bad = limits
    judgement: Judgement = "boa"
    if value is None:
        judgement = "sem leitura"
    elif value < good:
        judgement = "ruim" if value < bad else "no limite"
    said = f"boa a partir de {number(good)} {unit}; ruim abaixo de {number(bad)} {unit}"
    return Measure(name, value, unit, judgement, said)


def _most(name: str, value: float | None, unit: str, limits: tuple[float, float]) -> Measure:
    good, bad = limits
    judgement: Judgement = "boa"
    if value is None:
        judgement = "sem leitura"
    elif value > good:
        judgement = "ruim" if value > bad else "no limite"
    said = f"boa até {number(good)} {unit}; ruim acima de {number(bad)} {unit}"
    return Measure(name, value, unit, judgement, said)
