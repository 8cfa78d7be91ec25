"""Whether a message takes back what it asked for just before. Rules, in both languages."""

import re

from telecom.passages import folded

MOST_WORDS = 14
_LEADING = (
    r"(?:(?:nao|n|no|nah|espera|pera|perai|calma|opa|ah|ai|olha|entao|esquece|deixa|wait|ok|na verdade|actually)"
    r"[ ,.!]+)*"
)
_DEED = (
    r"(?:contest|reclam|lig|reinici|marc|agend|mand|envi|cancel|abr|registr|fal|troc|mud|contrat|faz|prossegu|continu|seguir"
    r"|recebe|tir|retir|receb|pass|me ligue|incomod|preocup)\w*"
)
_THING = (
    r"(?:isso|nada|contestacao|ligacao|retorno|visita|tecnico|chamado|protocolo|segunda via|copia|pedido|reinicio"
    r"|upgrade|atendente|telefonema)"
)
_OWN = r"(?:servicos?|plano|contrato|internet|linha|item|cobranca|fatura|conta|tudo)"
"""What may be refused only as the matter of a deed: `não quero cancelar o plano`."""
_LINK = (
    r"(?:mais|a|o|as|os|essa|esse|esta|este|um|uma|de|do|da|com|pra|para|me|ninguem|por favor|nenhum|nenhuma|meu|minha"
    r"|em)"
)
_NOT_WANTED = (
    rf"(?:nao|n|num) (?:quero|queria|precisa\w*|preciso|vou|vamos|carece)(?: mais)?"
    rf"(?: {_LINK})*(?: {_DEED}(?: {_LINK})*(?: {_OWN})?| {_THING})?(?: {_LINK})*(?: {_THING})?(?: mais| nao| agora)*"
)
_DROPPED = (
    rf"(?:mudei de ideia|pode deixar|desist\w*|deixa (?:quieto|pra la|para la|isso|assim|como esta)"
    rf"|(?:esquec\w*|deixa)(?: {_LINK})*(?: {_THING})?(?: (?:pra la|para la|quieto))?"
    rf"|(?:cancela|descarta) (?:isso|o pedido|esse pedido)|{_NOT_WANTED}"
    r"|(?:nao )?era so (?:curiosidade|pra saber)"
    r"|(?:na verdade|pensando bem|melhor|acho que|actually|on second thought)(?: melhor)?,? (?:nao|no|not)"
    r"|(?:i )?changed my mind|forget (?:it|that|about it)|never ?mind|(?:i )?(?:don.?t|do not|no longer) (?:want|need)"
    r"(?: (?:to|it|that|this|the|a|any ?more|dispute|call|visit|restart|cancel|copy|anything))*|no need(?: to call)?)"
)
_CLOSING = r"(?:[ ,.!]+(?:obrigad[oa]|valeu|vlw|brigad[oa]|ta|ok|por favor|thanks|thank you|tchau|agora|por enquanto))*"
_TAKEN_BACK = re.compile(rf"{_LEADING}{_DROPPED}(?:(?:[ ,.!]+(?:e )?)+{_DROPPED})*{_CLOSING}")


def takes_back(message: str) -> bool:
    """Whether the whole of a message only says that what was asked for is not wanted any more.

    What is refused must be a request or what was prepared: who does not want the internet any more wants to leave.
    """
    if message.rstrip().endswith("?"):
        return False
    plain = " ".join(folded(message).strip(" .!?,;").split())
    return len(plain.split()) <= MOST_WORDS and bool(_TAKEN_BACK.fullmatch(plain))
