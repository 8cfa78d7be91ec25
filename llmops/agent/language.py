"""In which language a message is written: Brazilian Portuguese or English, by its most common words."""

import re

from llmops.agent.turn import Language

WORD = re.compile(r"[^\W\d_]+")
ACCENTED = re.compile(r"[ãõçáéíóúâêôà]")
ENGLISH = frozenset(
    "the is my i you a an to of and it not for in on what why how when where who can could would do does did have has "
    "was were this that with be am are please help need want know show tell me we your no yes hi hello hey thanks "
    "thank good morning afternoon bill invoice slow phone signal down high charge charged month last working plan "
    "cancel pay paid due copy speak human agent will from about get there more much again still done restarted fine "
    "they them or if so but at by as up out off all any been had his her its our ok bye late fee "
    "offer offers remove add change move".split()
)
PORTUGUESE = frozenset(
    "o os um uma e é eu de do da dos das em no na nos nas meu minha meus minhas que qual quais como quando onde por "
    "pra para com sem não nao sim já ja mais mas está esta tá ta to tô você voce vc vcs oi olá ola bom boa dia tarde "
    "noite obrigado obrigada conta fatura boleto sinal celular quero queria preciso pode tem ter foi ser isso esse "
    "essa este mês mes passado valor pagar paguei caiu lenta lento cliente quanto cadê cade pq porque se ao aos ou "
    "tudo ainda consigo fazer ver falar atendente multa desconto plano ele ela tchau valeu "
    "oferta ofertas tira tirar retira retirar inclui incluir adiciona adicionar muda mudar contratar prepara".split()
)
# Names on bills, which are the same in both.
NAMES = re.compile(
    r"segurança digital|backup em nuvem|proteção de aparelhos|suporte técnico premium|streaming filmes"
    r"|linha móvel(?: adicional)?|internet (?:fibra|banda larga)|desconto de fidelidade|consumo adicional"
)
# Words of both.
SHARED = frozenset("a me do no as internet wi fi modem wifi plan com".split())


def language_of(message: str, usual: Language = "pt-BR") -> Language:
    """The message's language.

    Args:
        message: what somebody wrote.
        usual: of the conversation so far, where the message does not tell.
    """
    plain = NAMES.sub(" ", message.lower())
    words = WORD.findall(plain)
    english = sum(word in ENGLISH and word not in SHARED for word in words)
    portuguese = sum(word in PORTUGUESE and word not in SHARED for word in words)
    portuguese += 2 * bool(ACCENTED.search(plain))
    if english == portuguese:
        return usual
    return "en" if english > portuguese else "pt-BR"
