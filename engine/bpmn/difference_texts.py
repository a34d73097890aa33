"""Letter templates, walks and whatever cannot be read otherwise: the places in which two texts differ, by line."""

from difflib import SequenceMatcher
from typing import Final

from engine.bpmn.difference_values import ADDED, CHANGED, REMOVED, Change, Value, cut
from engine.bpmn.difference_words import property_label

MAX_LINES: Final = 1_000  # of each side between the first and the last difference; comparing is quadratic
_HOW: Final = {"insert": ADDED, "delete": REMOVED, "replace": CHANGED}


def text_changes(before: bytes, after: bytes) -> tuple[Change, ...]:
    """One change for each place; `number` is its line in the newer text. Too long or no text: one change in all."""
    try:
        old, new = before.decode().splitlines(), after.decode().splitlines()
    except UnicodeDecodeError:
        return (_sizes(before, after),)
    same = _same(old, new)
    old, new = old[same:], new[same:]
    rest = _same(old[::-1], new[::-1])
    old, new = old[: len(old) - rest], new[: len(new) - rest]
    if max(len(old), len(new)) > MAX_LINES:
        return (_sizes(before, after),)
    return tuple(
        _place(_HOW[tag], same + new_from + 1, old[old_from:old_to], new[new_from:new_to])
        for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes()
        if tag != "equal"
    )


def _same(old: list[str], new: list[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = zip(old, new, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)))


def _place(how: str, line: int, old: list[str], new: list[str]) -> Change:
    value = Value("text", property_label("text"), cut("\n".join(old)), cut("\n".join(new)))
    return Change(how, "lines", f"line-{line}", "", (value,), line)


def _sizes(before: bytes, after: bytes) -> Change:
    value = Value("contents", property_label("contents"), f"{len(before)} B", f"{len(after)} B")
    return Change(CHANGED, "lines", "line-0", "", (value,))
