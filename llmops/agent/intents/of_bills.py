"""What is asked of bills, plans and tickets in words that surely mean it, whatever the classifier makes of them.

What is wished for is prepared, or told of several bills at once; who asks how it is done is told the rule. Patterns for
plain text, in both languages.
"""

import re
from collections.abc import Mapping

from llmops.agent.intents.periods import NAMES as MONTHS

_SEND = r"(?:send|resend|get|give|want|need|manda\w*|envi\w+|quero|queria|preciso|gera\w*|reenvi\w+|me (?:ve|passa|da))"
_SEND_NOW = r"(?:mand(?:a|e|ar)|envi(?:a|e|ar)|ger(?:a|e|ar)|reenvi(?:a|e|ar)|me (?:ve|passa))"
_ITEM = r"(?:fatura|conta|boleto|cobranca|valor|item|uso|consumo|servico|adicional|excedente|bill|invoice|charge|usage)"
_THIS = r"(?:(?:o|a|os|as|esse|essa|este|esta|aquele|aquela|meu|minha|meus|um|uma|pedido de|todos|the|this|that|my) )*"
_TICKET = (
    r"(?:chamados?|protocolos?|tickets?|visita|tecnico|agendamento|retorno|ligacao|telefonema|ocorrencia|callback"
    r"|call ?back|call|appointment|technician)"
)
_PRICE_OR_FAULT = (
    r"(?:lent\w*|cheg\w+|receb\w+|teste|medi\w*|pago|contratei|caiu|cai|so (?:da|vem)|celular|chip|franquia|streaming"
    r"|[45]g|gast\w+|acab\w+|quanto|preco|custa|valor|how much|slow|only)"
)
_HOW_MUCH = r"(?:quanto|qto|qnto|qnt|how much)"
_MOVE = (
    r"(?:tem|quero|queria|quer|pediu|preciso|bota\w*|coloca\w*|passar|subir|aumentar|mudar|upgrade|wants?|need|have)"
)
PATTERNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "copying": r"^(?!.*\b(?:como|onde|how|where|chip|contrato|contract|nao (?:quero|precisa|recebi))\b).*"
        rf"\b{_SEND}\b[^.!?]{{0,30}}\b(?:(?:segunda|2a?) via|copy|duplicate|codigo de barras|linha digitavel)\b"
        r"|^(?!.*\b(?:quando|por ?que|pq|onde|como|nao|nunca|errad[oa]|endereco)\b).*"
        rf"\b{_SEND_NOW}\b[^.!?]{{0,20}}\bboleto\b",
        "disputing": r"^(?!.*(?:\?|\b(?:como|onde|prazo|posso|pode|da pra|nao (?:quero|vou|preciso|precisa)|how|where"
        r"|can)\b)).*(?:\b(?:contest(?:a|ar|o|e|em)|dispute)\b"
        rf"|\b(?:(?:nao|n) reconhec\w+|don.?t recogni[sz]e)\b.*\b{_ITEM}\b)",
        # Beside the wordings of `slots`, which name the bills or who owes.
        "owing": rf"\b{_HOW_MUCH} (?:que )?(?:eu )?(?:ainda )?(?:(?:to|estou|tou) devendo|devo)\b(?! \w+[aei]r\b)"
        r"|\b(?:quit\w+|pag(?:ar|o|ando)|acertar) (?:tudo|todas|as duas|os dois)\b",
        "paid_sum": rf"\b(?:{_HOW_MUCH}|total|soma\w*)\b[^.!?]{{0,25}}"
        r"\b(?:paguei|gastei|pagamos|pagou|gastou|(?:foi|ja) pago|(?:total|valor) (?:pago|gasto)"
        r"|(?:i|i.ve|did|have)(?: \w+)? (?:paid|pay|spent|spend))\b",
        "extreme_bill": r"^(?!.*\b(?:por ?que|pq|veio|ficou|aument\w+|subiu|esta|ta|why)\b).*"
        r"(?:\b(?:maior|menor) (?:fatura|conta|boleto|valor|mensalidade)\b"
        r"|\b(?:fatura|conta|boleto)s? (?:foi |que foi )?(?:a |o )?mais (?:alta|cara|barata|baixa)\b"
        r"|\bmes (?:em )?(?:que )?(?:eu )?(?:paguei|gastei) (?:mais|menos)\b"
        r"|\b(?:biggest|largest|highest|smallest|lowest|most expensive|cheapest) (?:bill|invoice)\b)",
        "comparing": r"\b(?:compar\w+|diferenca|differ\w+|entre|between|versus|vs)\b"
        rf".*(?:\b{MONTHS}\b.*\b{MONTHS}\b|\b(?:conta|fatura|bill|invoice)\b.*\b(?:anterior|passad[oa]|previous|last)\b)",
        # What is cancelled is the request, not the contract.
        "ticket_cancel": r"^(?!.*(?:\?|\b(?:como|onde|posso|paga|custa|taxa)\b)).*"
        rf"\b(?:cancel(?:a|e|ar|em|o)?|desmarc(?:a|ar|e)|encerr(?:a|ar|e)|fech(?:a|ar|e)) {_THIS}{_TICKET}\b",
        "ticket_state": rf"\b{_TICKET}(?: (?:ja|foi|esta|ta|was|is|been))* (?:cancelad[oa]s?|cancell?ed)\b",
        # A price or a fault of a speed is another matter, and so are gigabytes of a mobile plan.
        "more_speed": rf"^(?!.*\b{_PRICE_OR_FAULT}\b).*"
        rf"(?:\b{_MOVE}\b[^.!?]{{0,25}}\b\d+(?:[.,]\d+)? ?(?:gigas?|megas?|mbps|gbps)\b"
        r"|\b(?:mud|pass|troc|migr|sub)\w+ (?:pra|para|to)\b[^.!?]{0,20}"
        r"\b(?:fibra|fiber|internet|plano|plan)\b[^.!?]{0,10} \d{3}\b"
        r"|\bqual\b[^.!?]{0,12}\b(?:plano|internet|net)\b[^.!?]{0,15}\bmais (?:rapid[oa]|veloz)\b"
        r"|\b(?:qual|plano)\b[^.!?]{0,12}\bmaior velocidade\b|\bfastest (?:plan|internet)\b"
        r"|\b(?:quero|queria|preciso d?e?|want|need)\b[^.!?]{0,12}"
        r"\b(?:mais (?:velocidade|rapid[oa]|veloz|megas?|internet)|more speed|faster|upgrade)\b)",
    }.items()
}
