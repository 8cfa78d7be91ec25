"""The repository's own files as these tests see them: Markdown without its code, code blocks, command lines."""

import ast
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {"__pycache__", "build", "dist", "reports"}

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page and the line on which it begins."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command line, as words, and where it is written; in a sentence it may leave out what it requires."""

    where: str
    words: tuple[str, ...]
    complete: bool


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or could be, committed; the whole folder less the usual exceptions where git is absent."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        found = {ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}
    else:
        found = {path for path in ROOT.rglob("*") if not _left_out(path.relative_to(ROOT))}
    return tuple(sorted(path for path in found if path.is_file()))


def _left_out(path: Path) -> bool:
    return any(part in LEFT_OUT or (part.startswith(".") and part != ".github") for part in path.parts[:-1])


@cache
def pages() -> tuple[Path, ...]:
    """Every Markdown file."""
    return tuple(path for path in files() if path.suffix == ".md")


def name_of(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> tuple[Block, ...]:
    """The fenced blocks of these languages."""
    text = page.read_text("utf-8")
    found = ((text.count("\n", 0, m.start()) + 1, m["language"], dedent(m["text"])) for m in _FENCE.finditer(text))
    return tuple(Block(name_of(page), *block) for block in found if block[1] in languages)


def prose(page: Path) -> str:
    """The page without comments and fenced blocks; line numbers stay."""
    text = page.read_text("utf-8")
    for pattern in (_FENCE, _COMMENT):
        text = pattern.sub(lambda match: "\n" * match[0].count("\n"), text)
    return text


def spans(page: Path) -> Iterator[tuple[str, str]]:
    """Where each inline code span of the prose is, and its text."""
    for number, line in enumerate(prose(page).splitlines(), start=1):
        for match in _SPAN.finditer(line):
            yield f"{name_of(page)}:{number}", match[1].replace("\\|", "|")


def command_lines(text: str) -> Iterator[tuple[str, ...]]:
    """The simple commands of a shell text, as words; comments, pipes and redirections are left out."""
    for line in whole_lines(text.replace("\\\n", " ")):
        words: list[str] = []
        for token in [*tokens(line), ";"]:
            if set(token) <= set("();<>|&"):
                if words:
                    yield tuple(words)
                words = [] if not set(token) & set("<>") else ["redirected"]
            else:
                words.append(token)


def whole_lines(text: str) -> Iterator[str]:
    """The lines of a shell text; those that quotes join are one."""
    begun = ""
    for line in text.splitlines():
        begun = f"{begun}\n{line}" if begun else line
        try:
            tokens(begun)
        except ValueError:
            continue
        yield begun
        begun = ""
    if begun:
        raise ValueError(f"A quote is not closed: {begun!r}")


def tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def commands(page: Path, program: str) -> Iterator[Command]:
    """How a page uses a program, in bash blocks and in inline code."""
    for block in blocks(page, "bash", "sh", "shell", "console"):
        for words in command_lines(block.text):
            if words[0] == program:
                yield Command(str(block), words[1:], complete=True)
    for where, text in spans(page):
        if text.startswith(f"{program} "):
            words = next(command_lines(text))[1:]
            yield Command(where, words, complete=False)


def texts_in_code(path: Path) -> Iterator[tuple[str, str]]:
    """The string constants of a Python file (parts of f-strings joined, values as X), docstrings left out."""
    nodes = [*ast.walk(ast.parse(path.read_text("utf-8")))]
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if id(node) in parts | docs:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f"{name_of(path)}:{node.lineno}", node.value
        if isinstance(node, ast.JoinedStr):
            pieces = (str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield f"{name_of(path)}:{node.lineno}", "".join(pieces)
