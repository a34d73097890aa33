"""A number that somebody typed is plain digits, few enough for the database, or no number."""

import pytest

from engine.domain.whole_number import whole_number


@pytest.mark.parametrize(("typed", "number"), [("0", 0), ("007", 7), ("999999999", 999_999_999)])
def test_plain_digits_are_a_number(typed: str, number: int) -> None:
    assert whole_number(typed) == number


@pytest.mark.parametrize("typed", ["", "-1", "+1", " 1", "1.0", "1e3", "²", "٣", "五", "1000000000", "1_000"])
def test_everything_else_is_none(typed: str) -> None:
    assert whole_number(typed) is None
