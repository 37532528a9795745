"""
The order of names for people.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tccli.core.natural_order import name_key


def test_numbers_count_by_their_value() -> None:
    """
    Wherever they stand; names without any are in the order of their characters.
    """
    names = ["", "Zed", "a", "a-1", "a-2/opt-9", "a-2/opt-10", "a-10", "a-010", "a-99999999999999999999", "a1", "ab"]
    assert names == sorted(names, key=name_key)


@given(names=st.lists(st.text("a-01239/", max_size=8), unique=True))
def test_the_order_is_one_of_the_numbers(names: list[str]) -> None:
    """
    Each name has its own key, and the last numbers of names that are alike in front are in order.
    """
    assert len(names) == len({name_key(name) for name in names})
    for name in names:
        keys = [name_key(f"{name}-{number}") for number in (0, 2, 9, 10, 11, 100)]
        assert keys == sorted(keys)
