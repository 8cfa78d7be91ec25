"""Shares add up to 100 whatever is asked for, and stay in proportion."""

from hypothesis import given
from hypothesis import strategies as st

from telecom.adapters._traffic import reshare

STEPS = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 100)), max_size=12)


@given(STEPS)
def test_shares_always_add_up(steps: list[tuple[str, int]]) -> None:
    shares = reshare({}, "z", 100)
    for version, share in steps:
        rest = sum(part for name, part in shares.items() if name != version)
        following = reshare(shares, version, share if rest else 100)
        assert sum(following.values()) == 100 and following[version] in (share, 100)
        assert set(following) == {*shares, version} and min(following.values()) >= 0
        for name, part in shares.items():
            if name != version:
                assert abs(following[name] - part * (100 - following[version]) / max(rest, 1)) < 1
        assert reshare(following, version, following[version]) == following
        shares = following
