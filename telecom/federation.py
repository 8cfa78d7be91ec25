"""Whether a CEL condition of a federation provider pins a claim to named values.

Not a CEL interpreter: it proves what it can. `a || b` restricts if both sides do, `a && b` if one does; a comparison
does if it is `claim == 'literal'`, `claim in ['literal', …]`, `sub.startsWith('repo:OWNER/NAME:…')` or, where the ref
is asked for, `ref.startsWith('refs/tags/PREFIX')`. All of them together must name one value, unless several are asked
for. Whatever else is there (negations, functions, patterns) counts as no restriction; a text with a choice, a comment
or an escape anywhere is not judged, and restricts nothing.
"""

import re
from collections.abc import Sequence

_SUBJECT = r"(?:assertion\.sub|google\.subject)"
_SINGLE, _DOUBLE = r"[^'\\*]+", r'[^"\\*]+'
_REPOSITORY = r"[^/:]+/[^/:]+"
_OPEN, _CLOSE = "([{", ")]}"
# Where these stand, operands may not be what their text looks like.
_UNREAD = ("?", "//", "\\", "'''", '"""')


def restricts(condition: str, claims: Sequence[str], subject: str, value: str = "", several: bool = False) -> bool:
    """Whether no token passes but those whose claim (one of `claims`) has a named value, or is a tag that begins so.

    Args:
        condition: the CEL text.
        claims: names as in `assertion.repository` and `attribute.repository`.
        subject: a part of the subject that says the same, `repo:` or `ref:` (`repo:OWNER/NAME:ref:REF`); empty: none.
        value: the only value that counts; empty: any.
        several: whether more than one value may be named, as of branches; with `value` it says nothing.
    """
    if any(sign in condition for sign in _UNREAD):
        return False
    if value or several:
        return _restricts(condition, claims, subject, value)
    return any(_restricts(condition, claims, subject, each) for each in _values(condition))


def _values(condition: str) -> set[str]:
    """What a claim may be compared with: every quoted text, and the repositories of subjects."""
    quoted = {single or double for single, double in re.findall(_literal(), condition)}
    found = (re.match(f"repo:({_REPOSITORY}):", each) for each in quoted)
    return quoted | {each[1] for each in found if each}


def _restricts(condition: str, claims: Sequence[str], subject: str, value: str) -> bool:
    text = _without_parentheses(condition.strip())
    if len(either := _split(text, "||")) > 1:
        return all(_restricts(side, claims, subject, value) for side in either)
    if len(both := _split(text, "&&")) > 1:
        return any(_restricts(side, claims, subject, value) for side in both)
    pinned = _pins(text, claims, _literal(re.escape(value) if value else "")) or _pins_subject(text, subject, value)
    return pinned or (not value and "ref" in claims and _pins_tags(text))


def _literal(inside: str = "") -> str:
    """A pattern of a quoted text: any without wildcards, or one."""
    single, double = inside or _SINGLE, inside or _DOUBLE
    return f"(?:'({single})'|\"({double})\")"


def _pins(text: str, claims: Sequence[str], literal: str) -> bool:
    claim = rf"(?:assertion|attribute)\.(?:{'|'.join(map(re.escape, claims))})"
    forms = (
        rf"{claim}\s*==\s*{literal}",
        rf"{literal}\s*==\s*{claim}",
        rf"{claim}\s+in\s+\[\s*{literal}(?:\s*,\s*{literal})*\s*\]",
    )
    return any(re.fullmatch(form, text) for form in forms)


def _pins_tags(text: str) -> bool:
    prefix = _literal(r"refs/tags/[A-Za-z0-9][A-Za-z0-9._/-]*")
    return bool(re.fullmatch(rf"(?:assertion|attribute)\.ref\.startsWith\(\s*{prefix}\s*\)", text))


def _pins_subject(text: str, part: str, value: str) -> bool:
    if not part:
        return False
    found = re.fullmatch(rf"{_SUBJECT}\s*==\s*{_literal()}", text)
    if not found and part == "repo:":
        found = re.fullmatch(rf"{_SUBJECT}\.startsWith\(\s*{_literal()}\s*\)", text)
    said = next(filter(None, found.groups()), "") if found else ""
    repository = re.escape(value) if value else _REPOSITORY
    return bool(re.match(rf"repo:{repository}:", said)) and part in said


def _without_parentheses(text: str) -> str:
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    """Where the bracket that opens a text closes; -1 where it never does."""
    return next((index for index, depth in _outside_quotes(text) if depth == 0), -1)


def _split(text: str, operator: str) -> list[str]:
    """The operands of an operator that stands outside of quotes and brackets."""
    parts, begin, skip = [], 0, -1
    for index, depth in _outside_quotes(text):
        if depth == 0 and index > skip and text.startswith(operator, index):
            parts.append(text[begin:index])
            begin, skip = index + len(operator), index + len(operator) - 1
    return [part.strip() for part in [*parts, text[begin:]]]


def _outside_quotes(text: str) -> list[tuple[int, int]]:
    """Index and depth of brackets, after the character, of everything outside of quoted literals."""
    found, depth, quote, escaped = [], 0, "", False
    for index, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and not escaped else quote
            escaped = sign == "\\" and not escaped
            continue
        quote = sign if sign in "'\"" else ""
        depth += (sign in _OPEN) - (sign in _CLOSE)
        found.append((index, depth))
    return found
