"""Reads a Dockerfile as far as ours goes: stages, instructions, variables. What it does not know, it refuses."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

KNOWN = frozenset({"ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN", "LABEL", "USER", "EXPOSE", "HEALTHCHECK", "CMD"})
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<plain>\w+))")
PAIR = re.compile(r'([\w.]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))')


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Args:
        name: its word, in capitals.
        text: all after it, continuation lines joined.
    """

    name: str
    text: str

    def words(self) -> tuple[str, ...]:
        """The JSON form's words.

        Raises:
            ValueError: it is written as a line for a shell.
        """
        start = self.text.find("[")
        if start < 0:
            raise ValueError(f"{self.name} {self.text} is not in the JSON form.")
        return tuple(json.loads(self.text[start:]))

    def pairs(self, variables: Mapping[str, str]) -> dict[str, str]:
        """`NAME=value …` with variables put in."""
        return {name: expand(quoted or plain, variables) for name, quoted, plain in PAIR.findall(self.text)}


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    instructions: tuple[Instruction, ...]

    def all(self, name: str) -> tuple[Instruction, ...]:
        """The instructions of one kind, in order."""
        return tuple(found for found in self.instructions if found.name == name)

    def last(self, name: str) -> Instruction:
        """The one that counts.

        Raises:
            ValueError: there is none.
        """
        found = self.all(name)
        if not found:
            raise ValueError(f"The stage {self.name!r} has no {name}.")
        return found[-1]

    def arguments(self) -> dict[str, str]:
        """The stage's ARGs and their defaults."""
        return dict(found.text.split("=", 1) for found in self.all("ARG"))

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The stage's ENV, with variables put in."""
        return {name: value for found in self.all("ENV") for name, value in found.pairs(variables).items()}


@dataclass(frozen=True)
class Dockerfile:
    """ARGs before the first stage, and the stages."""

    arguments: Mapping[str, str]
    stages: tuple[Stage, ...]


def read(path: Path) -> Dockerfile:
    """Parses a Dockerfile.

    Raises:
        ValueError: an instruction that this reader does not know.
    """
    before: dict[str, str] = {}
    stages: list[Stage] = []
    for found in _instructions(path.read_text("utf-8")):
        if found.name == "FROM":
            base, _, name = found.text.partition(" AS ")
            stages.append(Stage(base, name, ()))
        elif stages:
            last = stages[-1]
            stages[-1] = Stage(last.base, last.name, (*last.instructions, found))
        else:
            name, _, value = found.text.partition("=")
            before[name] = value
    return Dockerfile(before, tuple(stages))


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Puts variables in; an unknown one is empty, as Docker has it."""
    return VARIABLE.sub(lambda match: variables.get(match["braced"] or match["plain"], ""), text)


def _instructions(text: str) -> Iterator[Instruction]:
    kept = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(kept)).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name not in KNOWN:
            raise ValueError(f"This reader does not know the instruction {name!r}.")
        yield Instruction(name, " ".join(rest.split()) if name != "RUN" else rest.strip())
