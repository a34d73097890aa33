"""What a letter said when its draft left the writer: what of it stays, what only the signing knows, what has changed.

Letters are signed as they were reviewed. Of the signing are the date and what is counted from it.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from engine.domain.letter_words import ANY_FIELD, VARIABLES, Meaning

OF_SIGNING: Final = (
    ("today",),
    ("signer",),
    ("listing",),
    ("assignment", "assigned_on"),
    ("public_notice", "starts_on"),
    ("public_notice", "ends_on"),
)
# Said of each case already, or made of what is; of meetings no draft speaks but a correction, as the old letter did.
_REPEATED: Final = frozenset({"meeting", "due", "rung", "counts", "assignment", "extension", "public_notice"})


@dataclass(frozen=True)
class Reviewed:
    """The template and the words of one letter as the writer handed them on."""

    definition_id: str
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One thing that the letter says and that is not so any more. `case` is the number of the case, or empty; `zh` and
    `en` name the field; days are ISO texts, and what is absent is empty."""

    case: str
    zh: str
    en: str
    then: str
    now: str


def as_signed(
    reviewed: Mapping[str, Any], today: Mapping[str, Any], overdue: Callable[[date], int]
) -> Mapping[str, Any]:
    """The words of `reviewed` with the dates of `today`. `overdue`: working days since a due date, 0 before it."""
    signed = deepcopy(dict(reviewed))
    for *outer, name in OF_SIGNING:
        of, source = signed, today
        for step in outer:
            of, source = of.get(step) or {}, source.get(step) or {}
        if name in source:
            of[name] = deepcopy(source[name])
        else:
            of.pop(name, None)
    for case in signed.get("cases") or ():
        case["overdue_days"] = overdue(date.fromisoformat(case["due"])) if case["due"] else 0
    return signed


def changes(reviewed: Mapping[str, Any], today: Mapping[str, Any]) -> tuple[Change, ...]:
    """In the order in which `letter_words` tells of them."""
    before, after = dict(_leaves(VARIABLES, reviewed)), dict(_leaves(VARIABLES, today))
    found = []
    for path in dict.fromkeys((*before, *after)):
        (then, meaning), (now, _) = before.get(path, ("", None)), after.get(path, ("", None))
        said = meaning or after[path][1]
        if then != now and said is not None:
            case = _case_of(path, reviewed) or _case_of(path, today)
            found.append(Change(case, said.zh.split("，")[0], said.en.split(", ")[0], then, now))
    return tuple(found)


def _leaves(
    words: Any, value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], tuple[str, Meaning]]]:
    """Every text, number and date with what it means, but for those of the signing and those said elsewhere."""
    if path in OF_SIGNING or (len(path) == 1 and path[0] in _REPEATED) or path[-1:] == ("overdue_days",):
        return
    if isinstance(words, Meaning):
        if not isinstance(value, Mapping | list | tuple):
            yield path, ("" if value is None else str(value), words)
    elif isinstance(words, tuple):
        for at, item in enumerate(value or ()):
            yield from _leaves(words[0], item, (*path, at))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if (meaning := words.get(name) or words.get(ANY_FIELD)) is not None:
                yield from _leaves(meaning, item, (*path, name))


def _case_of(path: tuple[str | int, ...], said: Mapping[str, Any]) -> str:
    listed = said.get("cases") or ()
    if path[0] != "cases" or not isinstance(path[1], int) or path[1] >= len(listed):
        return ""
    return str(listed[path[1]]["number"])
