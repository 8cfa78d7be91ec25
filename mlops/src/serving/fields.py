"""Single values of an instance against the contract of their column: a number, or refused with what is allowed."""

import math
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from mlops.src.intake.rules import PLAIN_DECIMAL
from telecom.tables import Column

LARGEST = 3.4028234663852886e38
"""The largest number of the model's matrix (float32)."""
PLAIN = re.compile(PLAIN_DECIMAL, re.ASCII)
SCIENTIFIC = re.compile(rf"{PLAIN_DECIMAL}([eE][+-]?[0-9]{{1,3}})?", re.ASCII)


class Refusal(Exception):
    """A value that is not taken: a code, and what would be."""

    def __init__(self, reason: str, allowed: str | Sequence[Any]) -> None:
        super().__init__(reason)
        self.reason, self.allowed = reason, allowed


class Choice:
    """One of a few values; `codes` says which number each is, `shown` how the allowed ones are told."""

    def __init__(self, column: Column, codes: Mapping[Any, float], shown: Sequence[Any]) -> None:
        self._required = column.mode == "REQUIRED"
        self.codes: dict[Any, float] = dict(codes)
        # To a dict true is 1.
        self.counted = any(type(value) is int for value in self.codes)
        self._shown = tuple(shown)

    def read(self, value: Any) -> float:
        """The code of a value, NaN for a missing one that may be; blanks around a text do not count."""
        if type(value) is bool and self.counted:
            raise Refusal("wrong_type", self._shown)
        try:
            return self.codes[value]
        except (KeyError, TypeError):
            pass
        return self._second_look(value)

    def _second_look(self, value: Any) -> float:
        text = value.strip(string.whitespace) if isinstance(value, str) else value
        if text is None or text == "":
            return _missing(self._required, self._shown)
        if not isinstance(text, str):
            raise Refusal("wrong_type" if isinstance(text, list | dict) else "value_not_allowed", self._shown)
        if text not in self.codes:
            raise Refusal("value_not_allowed", self._shown)
        return self.codes[text]


class Number:
    """A number, or a text that is one, between the column's bounds.

    Args:
        column: says the bounds and whether the value may be missing.
        whole: only whole numbers.
        scientific: texts may have an exponent; those of a CSV may not.
    """

    def __init__(self, column: Column, *, whole: bool = False, scientific: bool = False) -> None:
        self._required = column.mode == "REQUIRED"
        self._least = -LARGEST if column.minimum is None else column.minimum
        self._most = LARGEST if column.maximum is None else column.maximum
        self._whole, self._is_number = whole, (SCIENTIFIC if scientific else PLAIN).fullmatch
        bounded = column.minimum is not None or column.maximum is not None
        kind = "a whole number" if whole else "a number" if bounded else "a finite number"
        self._shown = f"{kind} from {self._least:.9g} to {self._most:.9g}" if bounded else kind

    def read(self, value: Any) -> float:
        """The number, an int where only whole ones are allowed, NaN for a missing one that may be."""
        if type(value) is str:
            number = float(value) if self._is_number(value) else self._second_look(value)
        elif type(value) is float or type(value) is int:
            number = value
        elif value is None:
            number = math.nan
        else:
            raise Refusal("wrong_type", self._shown)
        if not self._least <= number <= self._most:
            # NaN, which stands for nothing, lies nowhere.
            if number != number:
                return _missing(self._required, self._shown)
            raise Refusal("out_of_range", self._shown)
        if not self._whole:
            return float(number)
        if number != (whole := int(number)):
            raise Refusal("not_whole", self._shown)
        return whole

    def _second_look(self, text: str) -> float:
        text = text.strip(string.whitespace)
        if text and not self._is_number(text):
            raise Refusal("not_a_number", self._shown)
        return float(text) if text else math.nan


def _missing(required: bool, shown: str | Sequence[Any]) -> float:
    if required:
        raise Refusal("missing_value", shown)
    return math.nan
