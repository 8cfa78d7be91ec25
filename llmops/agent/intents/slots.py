"""What a message names: a yes or no, a step that was done, a service, a channel. Rules, in both languages."""

import re
from collections.abc import Mapping

from llmops.agent.intents import of_bills, orders
from llmops.agent.intents.taking_back import takes_back
from telecom.passages import folded

MOST_WORDS, MOST_NODDING = 12, 5
"""A longer message is no mere answer, or no mere yes or no."""
_ANSWERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("still", re.compile(
        r"\b(?:continua"
        r"|ainda (?:esta|nao|sem|lent)|nada mudou|nao (?:resolveu|adiantou|funcionou|voltou|mudou|melhorou)"
        r"|do mesmo jeito|na mesma(?=$|[ ]*[,.!;])"
        r"|e nada|mesma coisa|still|didn.?t (?:help|work)|no change|same problem)\b")),
    ("done", re.compile(
        r"\b(?:ja (?:fiz|reiniciei|desliguei|testei|conferi|tentei|troquei|religuei|olhei|verifiquei|liguei)|reiniciei"
        r"|feito|pronto|fiz (?:isso|tudo|o teste)|conferi|testei|i (?:did|restarted|checked|tried|already)|done"
        r"|restarted(?: it)?|already did)\b")),
    ("no", re.compile(
        r"^(?:nao|n|nops?|negativo|melhor nao|agora nao|deixa|no|nope|not now)"
        r"(?:[ ,.!]+(?:nao|agora|quero|precisa|obrigad[oa]|valeu|deixa|pra la|pode|isso|por enquanto|mais|thanks"
        r"|thank you|not now|needed))*$")),
    ("yes", re.compile(
        r"^(?!(?:ok|okay|blz|beleza|certo)\W+(?:muito )?(?:obrigad|brigad|valeu|vlw|thank))"
        r"(?:(?:sim|ss|claro|ok|okay|beleza|blz|com certeza|fechado|confirmo|autorizo|aceito"
        r"|yes|yeah|yep|sure|go ahead)\b"
        r"|(?:s|isso(?: mesmo)?|pode(?: ser| sim| fazer| mandar| propor| reiniciar| agendar| marcar| prosseguir)?"
        r"|quero(?: sim)?|por favor|manda|bora|vamos|faz isso|please(?: do)?|do it)(?: por favor| please)?$)")),
)  # fmt: skip
_SOMEBODY = (
    r"(?:outr[oa]s? (?:clientes?|pessoas?|assinantes?|usuari[oa]s?)|marido|esposa|mulher|espos[oa]|filh[oa]s?|mae|pai"
    r"|irma|irmao|namorad[oa]|noiv[oa]|companheir[oa]|ex|sogr[oa]|cunhad[oa]|prim[oa]|ti[oa]|avo|amig[oa]|vizinh[oa]|colega|chefe"
    r"|patrao|inquilin[oa]|funcionari[oa])\b"
)
_SOMEBODY_EN = (
    r"(?:another (?:customer|person)|someone else|my (?:husband|wife|son|daughter|mother|father|brother|sister"
    r"|boyfriend|girlfriend|partner|ex|friend|neighbou?r|boss|colleague|tenant))\b"
)
_THEIRS = (
    r"(?:dados|cpf|rg|endereco|telefone|numero|e-?mail|senha|faturas?|contas?|boletos?|consumo|ligacoes|chamadas|mensagens"
    r"|extrato|plano|contrato|cadastro|localizacao|historico|informacoes|protocolos?|chamados?|cartao)\b"
)
_THEIRS_EN = (
    r"(?:data|address|phone number|e-?mail|password|bills?|invoices?|account|calls|messages|plan|contract|location)\b"
)
_SEEING = (
    r"(?:ver|saber|olhar|consultar|acessar|conferir|descobrir|rastrear|ouvir|mostr\w+|pass[ae]|passar|mand[ae]|mandar"
    r"|envi[ae]|enviar|diga|diz|dizer|fala|informa\w*|da|dar|qual|quais|quanto|quando|cade|abr[ae]|abrir|via"
    r"|preciso d[aoe]s?|quero [oa]s?|me)\b"
)
_OTHERS = (
    # Who takes over a contract, or inherits one, asks for no data.
    r"^(?!.*\b(?:nome|titularidade|falec\w+|morreu|obito)\b)(?:"
    rf".*\b{_SEEING}.*\b{_THEIRS}(?: \w+)? d[oae]s? (?:(?:meu|minha|um|uma|nosso|nossa)s? )?{_SOMEBODY}"
    rf"|.*\b(?:ligacoes|chamadas|mensagens|conversas|sites) (?:que )?(?:[oa] )?(?:meu|minha) {_SOMEBODY}"
    rf"|.*\b(?:quanto|onde|com quem) (?:[oa] )?(?:meu|minha) {_SOMEBODY}(?: \w+)?"
    r" (?:deve|gast\w+|lig\w+|fal\w+|esta|us\w+|paga|tem)\b"
    rf"|.*\b{_THEIRS}[^.!?]* d[oa] cliente (?!que|com|est|ta\b|em\b|para|pra\b)[a-z]+ d[aeo]s? [a-z]+"
    r"|.*\b(?:titular|don[oa]|pessoa|cliente|assinante) (?:d[oe]|dess[ea]|dest[ea]) (?:cpf|numero|telefone|celular)\b"
    rf"|.*\b{_THEIRS} (?:do|desse|deste) cpf\b"
    rf"|.*\b{_THEIRS_EN} of {_SOMEBODY_EN}|.*\b{_SOMEBODY_EN}.?s {_THEIRS_EN}"
    r")"
)
_HOW_MUCH = r"(?:quanto|quais|qual|tenho|tem|ha|algo|alguma|quantas|how much|what)"
_BILL = r"(?:faturas?|contas?|boletos?|valor(?:es)?|debitos?|dividas?|mensalidades?)"
_OPEN = r"(?:em|ta|tao|esta\w*) abert[oa]s?"
# Words that name nothing which could be open.
_LITTLE = (
    r"(?:oi|ola|e|o|a|que|eu|ele|ela|voces|me|diz|diga|mostra|ver|saber|quero|quanto|quantas|qual|quais|quem|algo|alguma"
    r"|coisa|nada|ainda|agora|hoje|ja|tenho|tem|ha|existe|ficou|deixou|deixei|esta|ta|esse|essa|este|o cliente|cliente"
    r"|titular|assinante|dele|dela|se|de|no|total|meu|minha|aqui|por favor|bom dia|boa tarde|boa noite)"
)
# Who tells of a charge or a fault is helped with that first, and who asks how to complain is told.
_COMPLAINING = (
    r"^(?!.*\?)(?!\W*(?:como|onde|quem|posso|qual|how|where|can)\b)"
    r"(?!.*\b(?:valor(?:es)?|cobr\w+|faturas?|contas?|multas?|charge\w*|bills?|invoices?|refund|lent[ao]|lentidao|slow|cai"
    r"|caiu|caindo|quedas?|down|sem (?:internet|sinal|conexao)|sinal|no (?:internet|signal))\b)"
    r".*(?:\b(?:quero|queria|vou|irei|preciso|gostaria de|desejo|quer) (?:\w+ ){0,2}(?:reclamar|me queixar)\b"
    r"|\b(?:quero|queria|vou|preciso|gostaria de) (?:\w+ ){0,3}(?:reclamacao|queixa)\b"
    r"|\b(?:vou|irei|vamos) (?:\w+ ){0,3}(?:anatel|procon|ouvidoria)\b"
    r"|\b(?:want|like|going|need) to (?:\w+ ){0,2}(?:complain\b|complaint\b)"
    r"|\b(?:will|ll|gonna) (?:\w+ ){0,4}(?:complain|anatel|procon|ombudsman)\b)"
)
_NAMES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "restart": r"\breinici(?:a|e|ar|em|o)\b(?!.*\bsozinh[oa])|\b(?:restart|reboot|reset)\b",
        "mobile": r"\b(?:celular|4g|5g|chip|mobile|cell ?phone|dados moveis|linha movel)\b",
        "whatsapp": r"\b(?:whatsapp|zap|whats)\b",
        "email": r"\b(?:e-?mail)\b",
        "sms": r"\bsms\b",
        "why": r"\b(?:por ?que|pq|motivo|razao|why|reason)\b",
        "services": r"\b(?:servicos?|adiciona\w*|extras?|services?)\b",
        "list": r"\b(?:quais|disponiveis|tabela|which|what plans|all)\b",
        "others": _OTHERS,
        "complaint": _COMPLAINING,
        "on_device": r"\bno (?:meu )?(?:celular|telefone)\b(?!.*\b(?:4g|5g|chip|dados moveis)\b)"
        r"|\bon my phone\b(?!.*\bdata\b)",
        "fine": r"\b(?:multa|fidelidade|permanencia|fine|loyalty|penalty|termination fee)\b",
        "medical": r"\b(?:respirador|oxigenio|home ?care|aparelho medico|hospital(?:ar)?)\b",
        "service_change": r"^(?!.*\b(?:contest|nao pedi|nunca)).*"
        r"\b(?:tira\w*|retir\w+|remov\w+|cancel\w*|contrata\w*|adicion\w+|add|inclu\w+|assina\w*)\b.*"
        r"\b(?:seguranca digital|backup em nuvem|protecao de aparelhos|suporte (?:tecnico )?premium"
        r"|streaming (?:tv|filmes))\b",
        # What the customer owes; other things, such as tickets, may be open, too.
        "owing": rf"^(?!.*\b(?:chamados?|protocolos?|tickets?|juros|multas?|parcel\w+)\b).*"
        rf"(?:\b{_HOW_MUCH}\b[^.!?]{{0,35}}\b(?:{_BILL}\b[^.!?]{{0,25}}\b{_OPEN}|devendo"
        r"|(?:eu|ele|ela|cliente) devo?e?|a pagar|pendentes?|i owe|owing|outstanding)(?!\w)"
        rf"|(?:^|[.!?,;:]\s*)(?:{_LITTLE}\W+)*{_OPEN}\b)",
        "callback": r"^(?!.*\b(?:nao (?:consigo|consegue|da|faz|completa|estou conseguindo)"
        r"|(?:parar?|parem?|chega|cansei) de)\b).*?"
        r"(?:\b(?:marc\w+|agend\w+|quero|preciso|pode\w*|faz\w*|schedule|book)\b[^.!?]{0,25}"
        r"\b(?:ligacao|telefonema|retorno|call ?back|phone call"
        r"|ligar(?! (?:por (?:mim|el[ea]|nos)|[oa]s?|me[uo]s?|minhas?|n[oa]|em)\b))\b"
        r"|\b(?:me ligu?[ea]m?|liguem?|liga(?:r)? (?:pra|para) (?:mim|ele|ela|o cliente|a cliente)|ligar"
        r"|retorn[ea]m?|call me)\b(?:\W+\w+){0,3}?\W+"
        r"(?:amanha|hoje|hj|segunda|terca|quarta|quinta|sexta|sabado|domingo|de manha|cedo|[an]o? (?:tarde|noite)"
        r"|mais tarde|(?:as|depois das) \d{1,2}|tomorrow|today|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
        r"|in the (?:morning|afternoon))\b)",
        "person": r"^(?!.*\b(?:que horas|horarios?|ate quando|por telefone|no telefone|when|hours)\b).*"
        r"\b(?:posso|podia|pode\w*|quero|queria|preciso|consigo|da pra|tem como|can|could|may|let me|want|need)\b"
        r"[^.!?]{0,20}\b(?:falar|conversar|fala|transferi\w*|passa\w*|talk|speak)\b[^.!?]{0,20}"
        r"\b(?:atendente|humano|pessoa|alguem|gente|gerente|supervisor|human|person|someone|agent|manager)\b",
        "no_offers": r"\b(?:nao (?:autorizo|quero|aceito)|parem?|para de|parar de|chega de|stop)\b[^.!?]{0,40}"
        r"\b(?:oferta\w*|oferec\w*|propaganda\w*|promoc\w*|telemarketing|ligar\w*|liga\w*|calls?|calling|offers?)\b"
        r"|\bnao (?:quero que )?(?:me )?ligu?em? mais\b|\b(?:do not|don.?t|stop) call(?:ing)? me\b"
        r"|\blig(?:am|ando|a)\b[^.!?]{0,40}\b(?:oferec\w*|oferta\w*|plano|promoc\w*)\b",
        "late_charge": r"^(?!.*\b(?:cancel\w*|fidelidade|permanencia|sair|contrato|quebra\w*|rescis\w*|parcel\w*|mud\w+"
        r"|(?:\d+|doze) meses|(?:um|1) ano)\b)"
        r"(?=.*\b(?:multa|juros|encargos?)\b).*\b(?:veio|vieram|cobr\w+|paguei|pago|atras\w+|vencid\w+|r\$)",
        "summary": r"\b(?:resum[aeo]\w*|panorama|visao geral|situacao geral|summar\w+|overview)\b[^.!?]{0,30}"
        r"\b(?:cliente|situacao|dele|dela|conta|caso|cadastro|customer|account|case)\b"
        r"|\bsituacao d(?:o|a|esse|este) cliente\b",
        "secrets": r"^(?!.*\b(?:modem|roteador|wi-?fi|ont|rede|router)\b).*"
        r"(?:\b(?:sua|tua|suas|seu|seus|your|teu)\b[^.!?]{0,20}"
        r"\b(?:senhas?|password|credencia\w+|credentials|token|chaves?|prompt|instruc\w+|instructions)\b"
        r"|\b(?:senha|password|acesso) (?:de|do|of|for) (?:admin\w*|root|sistema|system|banco de dados)\b)",
        "late_fee": r"\b(?:juros|encargos?|late fee|interest|multa (?:por|de|do) atraso|atrasad[oa])\b",
    }.items()
}

# Pairs, because some names have wordings in more than one of these.
_ALL_NAMES = (*_NAMES.items(), *orders.PATTERNS.items(), *of_bills.PATTERNS.items())


def short_answer(message: str) -> str:
    """`yes`, `no`, `done` or `still` where that is what a short message says, otherwise empty."""
    if takes_back(message):
        return "no"
    plain = folded(message).strip(" .!?,;")
    count = len(plain.split())
    found = next((answer for answer, pattern in _ANSWERS if pattern.search(plain)), "")
    return found if count <= (MOST_NODDING if found in ("yes", "no") else MOST_WORDS) else ""


def named(message: str) -> frozenset[str]:
    """Which of the things that change an answer are named."""
    plain = folded(message)
    return frozenset(name for name, pattern in _ALL_NAMES if pattern.search(plain))
