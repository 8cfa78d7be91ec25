"""What can be wrong at somebody's home, how it is put right, and which steps a reply tells. Pure.

The line is the world's: only the simulated network, a restart, a visit or time mends it. What is wrong behind the line
nobody but the customer sees, and one of its `cures` puts it right once it is really done.
"""

import re
from dataclasses import dataclass
from typing import Literal

from telecom.passages import folded

Journey = Literal["no_internet", "slow", "wifi", "outage", "tv", "mobile"]
JOURNEYS: tuple[Journey, ...] = ("no_internet", "slow", "wifi", "outage", "tv", "mobile")


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Args:
        name: of the problem.
        journey: under which it is told.
        customer: whom of the evaluation world it happens to (a name of eval_scenarios.json).
        complaints: what the customer says first, and again in other words.
        service: the line that matters.
        cures: steps that put it right at home; none where only the network can.
        ends_with: actions whose approval is all that anybody can do for it.
    """

    name: str
    journey: Journey
    customer: str
    complaints: tuple[str, ...]
    service: Literal["internet", "mobile"] = "internet"
    cures: frozenset[str] = frozenset()
    ends_with: frozenset[str] = frozenset()

    @property
    def told_only(self) -> bool:
        """Whether nothing can be done but to tell what is going on: an incident."""
        return not self.cures and not self.ends_with


@dataclass(frozen=True)
class Step:
    """Something that a customer can do when a reply says so. `minutes` is how long it takes."""

    name: str
    told: re.Pattern[str]
    minutes: int = 3


def _step(name: str, told: str, minutes: int = 3) -> Step:
    return Step(name, re.compile(told), minutes)


STEPS: tuple[Step, ...] = (
    _step("tv_restart", r"reinici\w+ a tv|tv da tomada", 4),
    _step("power_cycle", r"(?:desligue|tire|retire)[^.]{0,40}tomada|reinicie (?:a ont|o modem|o equipamento)", 6),
    _step("check_cord", r"cordao de fibra"),
    _step("wifi_button", r"botao wi-?fi"),
    _step("optimise_channel", r"otimiz\w+ (?:o )?canal|troque o canal"),
    _step("move_router", r"mude (?:a posicao|o lugar)|no centro da casa", 10),
    _step("mesh", r"repetidor|\bmesh\b", 30),
    _step("forget_network", r"esque\w+ (?:a )?rede"),
    _step("tv_cable", r"ligue a tv por cabo|tv por cabo ou", 5),
    _step("five_ghz", r"(?:rede|wi-?fi) de 5 ghz"),
    _step("test_cable", r"(?:teste|test\w+|computador)[^.]{0,40}por cabo", 8),
    _step("airplane", r"modo aviao"),
    _step("reseat_chip", r"chip[^.]{0,30}encaixad|confer\w+ (?:se )?o chip"),
    _step("mobile_data", r"dados moveis"),
    _step("apn", r"\bapn\b|reenviar configuracao"),
    _step("wifi_calling", r"(?:chamada|ligacao) por wi-?fi"),
    _step("close_screens", r"feche em"),
    _step("tv_code", r"codigo de 6 letras"),
    _step("sound_pcm", r"\bpcm\b"),
)

PROBLEMS: tuple[Problem, ...] = (
    Problem(
        "line_down",
        "no_internet",
        "line_down",
        ("minha internet caiu e não volta", "continuo sem conexão nenhuma em casa"),
        ends_with=frozenset(("technician_visit",)),
    ),
    Problem(
        "fibre_cut",
        "no_internet",
        "fibre_dark",
        ("estou sem internet, tem uma luz vermelha no aparelho", "sem internet, luz LOS vermelha acesa"),
        ends_with=frozenset(("technician_visit",)),
    ),
    Problem(
        "wireless_off",
        "no_internet",
        "fibre_good",
        ("estou sem internet no wifi, nenhum aparelho conecta", "a rede do wifi sumiu, não aparece no celular"),
        cures=frozenset(("wifi_button", "power_cycle")),
    ),
    Problem(
        "copper_noise",
        "slow",
        "dsl_poor",
        ("minha internet está muito lenta", "a velocidade está horrível, tudo demora"),
        ends_with=frozenset(("technician_visit",)),
    ),
    Problem(
        "fibre_unstable",
        "slow",
        "fibre_poor",
        ("internet lenta e caindo", "a conexão está péssima desde ontem"),
        ends_with=frozenset(("technician_visit",)),
    ),
    Problem(
        "crowded_channel",
        "slow",
        "fibre_good",
        ("a internet está lenta no celular", "no wifi está muito devagar"),
        cures=frozenset(("optimise_channel", "five_ghz", "move_router")),
        ends_with=frozenset(("ticket_registration",)),
    ),
    Problem(
        "far_room",
        "wifi",
        "fibre_good",
        ("o wifi não chega no quarto", "sinal do wifi fraco no fundo da casa"),
        cures=frozenset(("mesh", "move_router", "optimise_channel")),
    ),
    Problem(
        "device_refused",
        "wifi",
        "dsl_good",
        ("meu notebook não conecta no wifi, os outros sim", "só um aparelho não entra na rede wifi"),
        cures=frozenset(("forget_network",)),
    ),
    Problem(
        "outage", "outage", "outage", ("sem internet aqui, é na região?", "tem falha no bairro? estou sem internet")
    ),
    Problem(
        "mobile_outage",
        "outage",
        "mobile_outage",
        ("meu celular está sem sinal", "celular sem sinal, é problema na antena?"),
        "mobile",
    ),
    Problem(
        "screens",
        "tv",
        "streaming_on_bill",
        ("aparece erro TV-204 na televisão", "a tv diz limite de telas"),
        cures=frozenset(("close_screens",)),
    ),
    Problem(
        "tv_offline",
        "tv",
        "streaming_on_bill",
        ("deu erro TV-101 na tv", "erro TV-101 no aplicativo Telecom TV"),
        cures=frozenset(("tv_restart", "power_cycle")),
    ),
    Problem(
        "sound",
        "tv",
        "streaming_on_bill",
        ("o som da tv está fora de sincronia com a imagem", "som atrasado no Streaming TV"),
        cures=frozenset(("sound_pcm",)),
    ),
    Problem(
        "tv_freezing",
        "tv",
        "streaming_on_bill",
        ("a imagem da tv fica travando no Streaming TV", "imagem travando na televisão"),
        cures=frozenset(("tv_cable", "five_ghz")),
    ),
    Problem(
        "apn_lost",
        "mobile",
        "mobile_good",
        ("meu celular tem sinal mas não navega", "os dados do celular não funcionam, mas liga normal"),
        "mobile",
        cures=frozenset(("apn", "mobile_data")),
    ),
    Problem(
        "thick_walls",
        "mobile",
        "mobile_poor",
        ("o sinal do celular é fraco dentro de casa", "celular quase sem sinal em casa"),
        "mobile",
        cures=frozenset(("wifi_calling",)),
        ends_with=frozenset(("ticket_registration",)),
    ),
    Problem(
        "unregistered",
        "mobile",
        "mobile_down",
        ("meu celular está sem sinal em todo lugar", "a linha do celular não funciona"),
        "mobile",
        ends_with=frozenset(("ticket_registration",)),
    ),
)


def steps_in(reply: str) -> tuple[Step, ...]:
    """The steps that a reply tells, in its order."""
    text = folded(reply)
    found = [(match.start(), step) for step in STEPS if (match := step.told.search(text))]
    return tuple(step for _, step in sorted(found, key=lambda each: (each[0], each[1].name)))
