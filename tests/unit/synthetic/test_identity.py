"""Streams belong to the customer: order, batch and company do not matter."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom.synthetic import cpf
from telecom.synthetic.identity import Streams, choose, of_ids, of_range

IDS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=14),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(IDS, st.randoms(use_true_random=False), st.integers(0, 2**40))
def test_draws_follow_the_customer_through_any_order_and_batch(ids: list[str], random: object, seed: int) -> None:
    shuffled = ids.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    together = dict(zip(ids, of_ids(pa.array(ids), seed).uniform("salt"), strict=True))
    reordered = dict(zip(shuffled, of_ids(pa.array(shuffled), seed).uniform("salt"), strict=True))
    alone = {one: of_ids(pa.array([one]), seed).uniform("salt")[0] for one in ids}
    assert together == reordered == alone
    assert len(set(together.values())) == len(ids)


@given(st.integers(0, 10**9), st.integers(1, 50), st.integers(1, 50))
def test_a_range_is_its_parts(start: int, first: int, second: int) -> None:
    whole = of_range(start, start + first + second, 4).bits("salt")
    parts = [of_range(start, start + first, 4), of_range(start + first, start + first + second, 4)]
    assert np.array_equal(whole, np.concatenate([part.bits("salt") for part in parts]))


def test_seed_salt_and_number_give_independent_uniforms() -> None:
    streams = of_range(0, 50_000, 1)
    draws = {
        "one": streams.uniform("a"),
        "salt": streams.uniform("b"),
        "seed": of_range(0, 50_000, 2).uniform("a"),
        "child": streams.child(3).uniform("a"),
        "sibling": streams.child(4).uniform("a"),
        "neighbour": np.roll(streams.uniform("a"), 1),
    }
    for name, values in draws.items():
        assert values.min() >= 0 and values.max() < 1, name
        counts = np.histogram(values, bins=20, range=(0, 1))[0]
        assert ((counts - 2_500) ** 2 / 2_500).sum() < 50, name  # chi-squared, 19 degrees of freedom: p > 1e-4
    correlation = np.corrcoef(list(draws.values())) - np.eye(len(draws))
    assert np.abs(correlation).max() < 0.02


def test_normals_numbers_and_picks_have_their_distributions() -> None:
    streams = of_range(0, 50_000, 3)
    normal = streams.normal("n")
    assert (normal.mean(), normal.std()) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))
    assert np.mean(np.abs(normal) < 1.96) == pytest.approx(0.95, abs=0.005)
    assert np.bincount(streams.below("k", 4)) / 50_000 == pytest.approx([0.25] * 4, abs=0.01)
    assert np.bincount(streams.pick("p", (1, 0, 3))) / 50_000 == pytest.approx([0.25, 0, 0.75], abs=0.01)
    weights = np.tile([2.0, 1.0, 1.0], (50_000, 1))
    chosen = choose(streams.uniform("c"), weights)
    assert np.bincount(chosen) / 50_000 == pytest.approx([0.5, 0.25, 0.25], abs=0.01)


def check_digits(number: str) -> str:
    """The two check digits of a CPF by the textbook rule, one digit at a time."""
    digits = [int(sign) for sign in number]
    for top in (10, 11):
        total = sum(digit * weight for digit, weight in zip(digits, range(top, 1, -1), strict=True))
        digits.append(0 if total % 11 < 2 else 11 - total % 11)
    return "".join(map(str, digits[-2:]))


@given(st.integers(0, 10**9 - 1))
def test_cpf_check_digits(base: int) -> None:
    text = cpf.formatted(np.array([base]))[0].as_py()
    digits = text.replace(".", "").replace("-", "")
    assert text == f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"
    assert digits[:9] == f"{base:09d}"
    assert digits[9:] == check_digits(digits[:9])


def test_known_cpf() -> None:
    assert cpf.formatted(np.array([111_444_777, 529_982_247]))[0].as_py() == "111.444.777-35"


class Colliding(Streams):
    """Customers who all want the same numbers in the same sequence."""

    def at(self, rows: np.ndarray) -> "Colliding":
        return Colliding(self.keys[rows])

    def below(self, salt: str, high: object) -> np.ndarray:
        return np.full(len(self), {"cpf/0": 111_111_111, "cpf/1": 7}.get(salt, 100 + int(salt[4:])))


def test_cpf_collisions_go_to_the_smaller_key_and_repeated_digits_to_nobody() -> None:
    register = cpf.Register()
    first = register.assign(Colliding(np.array([9, 5], dtype=np.uint64)))
    second = register.assign(Colliding(np.array([1], dtype=np.uint64)))
    assert first.tolist() == [102, 7]
    assert second.tolist() == [103]
