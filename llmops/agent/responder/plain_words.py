"""What a line measures in words for customers: `o sinal da fibra está fraco`; figures only of the speed."""

from collections.abc import Mapping

from llmops.agent.turn import Language
from llmops.tools.network_measures import Measure
from llmops.tools.words import number

# What is wrong with each measure; of speed, whatever it is.
WORDS: Mapping[str, tuple[str, str]] = {
    "potência óptica": ("o sinal da fibra está fraco", "the signal in the fibre is weak"),
    "margem de ruído (SNR)": ("há interferência na linha", "there is interference on the line"),
    "atenuação": ("o sinal chega fraco até a casa", "the signal reaches the house weakly"),
    "sinal (RSRP)": ("o sinal do celular está fraco", "the mobile signal is weak"),
    "perda de pacotes": ("parte dos dados se perde no caminho", "part of the data is lost on the way"),
    "latência": ("as respostas demoram", "responses are slow"),
}
SPEED, SIGNAL = "velocidade sobre a contratada", "sinal (RSRP)"
FINE = ("as medidas estão boas", "all readings are good")
GOOD_SIGNAL = ("o sinal do celular está bom", "the mobile signal is good")


def plainly(one: Measure, language: Language) -> str:
    """A measure in plain words.

    Args:
        one: with a value, judged.
        language: of the reply.
    """
    english = language == "en"
    if one.name == SPEED:
        share = f"{number(one.value or 0.0, 2)} %"
        return (
            f"the speed is {share} of the contracted one" if english else f"a velocidade está em {share} da contratada"
        )
    if one.judgement == "boa":
        return (GOOD_SIGNAL if one.name == SIGNAL else FINE)[english]
    return WORDS.get(one.name, FINE)[english]
