"""Forms as things with properties, for comparing: the form itself, then each of its fields wherever it stands."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from engine.bpmn.difference_values import Thing, order_changed, unique

LISTS = ("values", "rows", "columns")  # options and rows: one line each
MAX_ENTRIES: Final = 1_000
_NO_PROPERTIES = ("components", "id", "layout")  # where a field is drawn in its row is no change of the form


def form_things(before: object, after: object) -> tuple[list[Thing], list[Thing]]:
    """Of both sides. Raises ValueError for what is no form."""
    old, new = _things(before), _things(after)
    moved = order_changed([each.thing_id for each in old], [each.thing_id for each in new])
    return _with_places(old, moved), _with_places(new, moved)


def _with_places(things: Sequence[Thing], moved: frozenset[str]) -> list[Thing]:
    return [
        replace(each, properties={**each.properties, "position": str(each.number)}) if each.thing_id in moved else each
        for each in things
    ]


def _things(form: object) -> list[Thing]:
    if not isinstance(form, Mapping):
        raise ValueError("a form is an object")
    title = str(form.get("title") or form.get("id") or "")
    fields = list(_fields(form, ""))
    ids = unique(str(part.get("key") or part.get("id") or part.get("type") or "field") for part, _ in fields)
    return [
        Thing("form", "", title, dict(_properties(form))),
        *(
            Thing(
                "field", thing_id, _title(part), {**dict(_properties(part)), **({"group": group} if group else {})}, n
            )
            for n, ((part, group), thing_id) in enumerate(zip(fields, ids, strict=True), 1)
        ),
    ]


def _fields(part: Mapping[str, Any], group: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """(field, title of the group around it), in the order of the form."""
    listed = part.get("components")
    for child in listed if isinstance(listed, list) else ():
        if isinstance(child, Mapping):
            yield child, group
            yield from _fields(child, _title(child) or str(child.get("id") or ""))


def _title(part: Mapping[str, Any]) -> str:
    return str(part.get("label") or part.get("text") or part.get("key") or "")[:200]


def _properties(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Nested settings by their path: validate.required, conditional.hide."""
    for name, value in part.items():
        if name in _NO_PROPERTIES:
            continue
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", _text(each)) for inner, each in value.items() if each not in (None, ""))
        elif name in LISTS and isinstance(value, list):
            yield name, _lines(value)
        elif value not in (None, ""):
            yield name, _text(value)


def _lines(entries: Sequence[Any]) -> str:
    """What nobody reads through is only told apart."""
    if len(entries) <= MAX_ENTRIES:
        return "\n".join(map(_line, entries))
    return f"{len(entries)} · {hashlib.sha256(json.dumps(entries).encode()).hexdigest()[:12]}"


def _line(option: object) -> str:
    """An option or a row in one line: what it is called, and by what it is known."""
    if not isinstance(option, Mapping):
        return _text(option)
    known = option.get("value", option.get("key", ""))
    rest = [_text(each) for name, each in option.items() if name not in ("label", "value", "key")]
    return " · ".join(part for part in (_text(option.get("label", "")), _text(known), *rest) if part)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "，".join(f"{name}={_text(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "，".join(map(_text, value))
    return "" if value is None else str(value)
