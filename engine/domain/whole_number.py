"""A whole number as somebody typed it, or as an address holds it."""

DIGITS = 9  # what every column of whole numbers takes


def whole_number(text: str) -> int | None:
    """0 to 999,999,999 in plain digits; None for everything else: signs, spaces, other scripts' digits, too many."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
