"""Portuguese words as the index knows them: lower case, without accents, plural and endings.

Customers write without accents, so accents go first and the endings are those of the folded words. The rules follow the
idea of V. M. Orengo and C. Huyck, "A Stemming Algorithm for the Portuguese Language" (SPIRE 2001): plural, then the
longest ending that leaves a stem long enough. They are our own selection, written for folded text.
"""

import re
import unicodedata
from functools import lru_cache

from telecom.passages import folded

RUN = re.compile(r"[^\W_]+(?:[-.,][^\W_]+)*")
"""Cut quickly; what is inside is looked at once per run."""
WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*")
LONGEST = 40
STOP_WORDS = frozenset(
    "a ao aos aquela aquelas aquele aqueles aquilo as ate com como da das de dela dele deles do dos e ela elas "
    "ele eles em entre era essa essas esse esses esta estas este estes estou eu foi for foram ha isso isto ja la "
    "lhe lhes mais mas me mesmo meu meus minha minhas muito na nas nao nem no nos nossa nosso num numa o os ou "
    "para pela pelas pelo pelos pra pro por porque pq qual quais quando que quem sao se seja sendo ser sera seu "
    "seus so sou sua suas tambem te tem tenho ter teu tinha tive tu tudo um uma umas uns vai vao vc vcs voce "
    "voces vou estao ta to aqui ai ali entao ne oi ola bom boa favor gostaria queria quero querer saber posso "
    "pode poderia preciso ajuda ajudar obrigado obrigada agora ainda onde tipo cade fazer faco faz fica ficar "
    "ficou existe algum alguma alguem cada dessa desse deste desta disso nesse nessa neste nesta assim sobre "
    # Who writes English is understood by the words of the trade in `synonyms.yaml`.
    "the my is are am how much many what when where which who why can could you your i it of and or with have has "
    "had does did was were will would should not at on if this that there here be been get got need want please "
    "hello hi we us our they them he she his her by from any some must may might about does after before until then "
    "than under happens happen while".split()
)
PLURALS = (
    ("oes", "ao", 3), ("aes", "ao", 2), ("aos", "ao", 2), ("ais", "al", 2), ("eis", "el", 2), ("ois", "ol", 2),
    ("uis", "ul", 2), ("les", "l", 3), ("res", "r", 3), ("zes", "z", 2), ("ns", "m", 1), ("is", "il", 3), ("s", "", 3),
)  # fmt: skip
BEFORE_E = ("ei", "e", "em", "emos")
GERUNDS = ("ando", "endo", "indo")
ENDINGS = sorted(
    (
        *GERUNDS,
        *"amento imento adora ador adura edor idor acao icao ucao uicao sao idade ividade idao anca enca".split(),
        *"avel ivel mente amente ismo ista eza agem ancia encia aria eiro eira oso osa ivo iva ativo ativa".split(),
        *"ante ente inte ado ada ido ida ados adas ava avam asse esse isse aram eram iram ei ou eu iu ia iam".split(),
        *"arei erei irei ara era ira aria eria iria ar er ir emos amos imos am em ico ica al".split(),
        *"inho inha zinho zinha issimo tico o a e".split(),
    ),
    key=lambda ending: -len(ending),
)


def stems(text: str) -> list[str]:
    """The stems of a text in order, without stop words; of a word with hyphens its parts, and the parts together."""
    found: list[str] = []
    for run in RUN.findall(unicodedata.normalize("NFC", text.casefold())):
        found += _stems_of(run)
    return found


@lru_cache(1 << 17)
def _stems_of(run: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in WORD.findall(folded(run)):
        found += (word.replace("-", ""), *word.split("-")) if "-" in word else (word,)
    return tuple(stem(part[:LONGEST]) for part in found if part not in STOP_WORDS)


def stem(word: str) -> str:
    """A folded word without plural and ending; numbers stay as they are.

    >>> stem("cobrancas"), stem("cobrar"), stem("instalacoes"), stem("99,90")
    ('cobr', 'cobr', 'instal', '99,90')
    """
    if len(word) < 4 or not word.isalpha():
        return word
    for ending, instead, keep in PLURALS:
        if word.endswith(ending) and len(word) - len(ending) >= keep and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + instead
            break
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (2 if ending in GERUNDS else 3):
            return _respelt(word[: len(word) - len(ending)], ending)
    return word


def _respelt(stem_: str, ending: str) -> str:
    """`pagu` of `paguei` as `pag` of `pagar`, `fiqu` of `fiquei` as `fic`."""
    if ending not in BEFORE_E:
        return stem_
    return stem_[:-1] if stem_.endswith("gu") else f"{stem_[:-2]}c" if stem_.endswith("qu") else stem_
