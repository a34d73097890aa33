"""统一社会信用代码, GB 32100-2015: 18 characters, the last of which checks the others."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714, the nine characters of the organisation itself


def check_character(first: str) -> str:
    """The 18th character that belongs to the 17 in `first`."""
    total = sum(_ALPHABET.index(character) * weight for character, weight in zip(first, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]


def body_check_character(body: str) -> str:
    """The 17th character, which checks the eight before it (GB 11714)."""
    values = [int(character, 36) for character in body]
    rest = (11 - sum(value * weight for value, weight in zip(values, _BODY_WEIGHTS, strict=True)) % 11) % 11
    return "X" if rest == 10 else str(rest)


def fault_in(code: str) -> tuple[str, str] | None:
    """What is wrong with a code, in both languages; None when it holds."""
    if len(code) != 18:
        return f"应为 18 位，现在是 {len(code)} 位", f"must have 18 characters, has {len(code)}"
    strange = next((character for character in code if character not in _ALPHABET), None)
    if strange is not None:
        return f"含有不允许的字符“{strange}”", f"holds the character “{strange}”, which no code has"
    if check_character(code[:17]) != code[17]:
        return "校验位不对，请核对是否抄错", "has a wrong check character; compare it with the licence"
    return None
