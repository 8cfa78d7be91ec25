"""What the tokens of an answer cost, by the dated price table beside this file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("llm_prices.yaml")
MILLION = 1_000_000
_VERSION = re.compile(r"(@.*|-\d{3})$")


@dataclass(frozen=True)
class Price:
    """USD per million tokens, from a day on."""

    since: date
    input: float
    output: float


@dataclass(frozen=True)
class Cost:
    """USD; where the model has no price in the table (its own machine, a new name), 0 and not `known`."""

    usd: float
    known: bool


def cost_of(model: str, input_tokens: int, output_tokens: int, on: date) -> Cost:
    """What tokens cost on a day; models may be named with publisher and version, `google/gemini-3.5-flash-001`."""
    price = price_of(model, on)
    if price is None:
        return Cost(0.0, False)
    return Cost((input_tokens * price.input + output_tokens * price.output) / MILLION, True)


def price_of(model: str, on: date) -> Price | None:
    """The price of a model on a day; None if the table has none."""
    name = _VERSION.sub("", model.rpartition("/")[2])
    return next((price for price in reversed(prices().get(name, ())) if price.since <= on), None)


@cache
def prices() -> Mapping[str, tuple[Price, ...]]:
    """The table: each model's prices, the oldest first."""
    loaded: Any = yaml.safe_load(TABLE.read_text("utf-8"))
    return {
        name: tuple(Price(each["from"], float(each["input"]), float(each["output"])) for each in entry["prices"])
        for name, entry in loaded["models"].items()
    }
