"""A part of a whole as official tables print it."""

from decimal import ROUND_HALF_UP, Decimal


def percent(part: int, whole: int) -> str:
    """Percent with two decimals, half up; — where nothing can be divided."""
    if whole == 0:
        return "—"
    return str((Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP))
