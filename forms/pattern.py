"""Regular expressions that a designer writes into a form: the ones that could run for minutes are refused."""

import re
import warnings
from re import _constants as opcodes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from forms.words import Words

MAX_LENGTH = 200
MAX_INPUT = 200  # characters of an answer that is matched against a pattern
_MAX_WAYS = 10_000_000  # ways in which a pattern may try to match; three open repeats are 8,000,000
_REPEATS = (opcodes.MAX_REPEAT, opcodes.MIN_REPEAT, opcodes.POSSESSIVE_REPEAT)
_PLAIN = (opcodes.LITERAL, opcodes.NOT_LITERAL, opcodes.IN, opcodes.ANY, opcodes.AT)


def fault_in(pattern: str) -> Words | None:
    """Why this pattern may not be used, or None. Looks only at the structure; nothing is matched."""
    if len(pattern) > MAX_LENGTH:
        return Words(f"正则表达式最长 {MAX_LENGTH} 个字符", f"a pattern has at most {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ways = _ways(parser.parse(pattern), inside_repeat=False)
    except _TooClever as error:
        return Words(
            f"正则表达式里有{error.zh}，可能运行很久，请改写",
            f"the pattern has {error.en}, which may run very long; rewrite it",
        )
    except (re.error, RecursionError, OverflowError, Warning) as error:
        return Words(f"正则表达式写错了：{error}", f"the pattern does not parse: {error}")
    if ways > _MAX_WAYS:
        return Words(
            "正则表达式里不定长的部分太多，请改写", "the pattern has too many parts of open length; rewrite it"
        )
    return None


class _TooClever(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def _ways(tree: Any, *, inside_repeat: bool) -> int:
    """In how many ways `tree` can try a text of MAX_INPUT characters; raises `_TooClever` where that explodes."""
    ways = 1
    for operation, value in tree:
        if operation in _REPEATS:
            low, high, body = value
            if high != low and inside_repeat:
                raise _TooClever("重复里套重复", "a repeat inside a repeat")
            ways *= min(int(high) - int(low), MAX_INPUT) + 1
            ways *= _ways(body, inside_repeat=inside_repeat or high > 1)
        elif operation is opcodes.SUBPATTERN:
            ways *= _ways(value[-1], inside_repeat=inside_repeat)
        elif operation is opcodes.BRANCH:
            if inside_repeat:
                raise _TooClever("重复里的多选", "alternatives inside a repeat")
            ways *= sum(_ways(branch, inside_repeat=inside_repeat) for branch in value[1])
        elif operation not in _PLAIN:
            raise _TooClever("反向引用或环视", "a back-reference or a look-around")
    return ways
