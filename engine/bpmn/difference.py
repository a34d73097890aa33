"""In what two states of a process folder differ, as a person would say it: which steps, flows, rows, fields and lines.

It compares what the files say. Where shapes stand is only counted; what cannot be read is compared line by line.
"""

import json
from collections.abc import Iterable, Mapping

from engine.bpmn.difference_diagrams import diagram_things, drawn_elsewhere
from engine.bpmn.difference_forms import LISTS, form_things
from engine.bpmn.difference_tables import table_things
from engine.bpmn.difference_texts import text_changes
from engine.bpmn.difference_values import (
    ADDED,
    CHANGED,
    REMOVED,
    Change,
    FileDifference,
    Thing,
    Value,
    cut,
)
from engine.bpmn.difference_words import property_label
from engine.bpmn.document import DocumentRefused, read_document

Files = Mapping[str, bytes]


def folder_difference(before: Files, after: Files) -> tuple[FileDifference, ...]:
    """Every file whose bytes differ, by name."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return tuple(_file(name, before.get(name), after.get(name)) for name in names)


def file_difference(name: str, before: bytes, after: bytes) -> FileDifference:
    """Of one file that stands on both sides."""
    try:
        if name.endswith(".bpmn"):
            old, new = read_document(before), read_document(after)
            changes = compare(*diagram_things(old, new))
            return FileDifference(name, CHANGED, changes, drawn_elsewhere(old, new))
        if name.endswith(".dmn"):
            pair = table_things(read_document(before), read_document(after))
            return FileDifference(name, CHANGED, compare(*pair))
        if name.endswith(".form"):
            pair = form_things(json.loads(before), json.loads(after))
            return FileDifference(name, CHANGED, compare(*pair))
    except (DocumentRefused, ValueError, RecursionError):
        pass  # one of them is no such file: its lines are all there is
    return FileDifference(name, CHANGED, text_changes(before, after))


def compare(before: Iterable[Thing], after: Iterable[Thing]) -> tuple[Change, ...]:
    """What was removed stands where it was missed: before the next thing that both sides have."""
    old, new = {each.thing_id: each for each in before}, {each.thing_id: each for each in after}
    found: list[Change] = []
    waiting = iter(old.values())
    for thing in new.values():
        was = old.get(thing.thing_id)
        if was is None:
            found.append(_whole(ADDED, thing))
            continue
        found += _gone(waiting, thing.thing_id, new)
        values = tuple(_values(was.properties, thing.properties, {**was.labels, **thing.labels}))
        if values:
            found.append(Change(CHANGED, thing.kind, thing.thing_id, thing.title, values, thing.number))
    found += _gone(waiting, "", new)
    return tuple(found)


def _file(name: str, before: bytes | None, after: bytes | None) -> FileDifference:
    if before is None or after is None:
        return FileDifference(name, ADDED if before is None else REMOVED)
    return file_difference(name, before, after)


def _gone(waiting: Iterable[Thing], until: str, new: Mapping[str, Thing]) -> list[Change]:
    """What only the older side has, up to the thing `until`; reads `waiting` on."""
    found = []
    for thing in waiting:
        if thing.thing_id == until:
            break
        if thing.thing_id not in new:
            found.append(_whole(REMOVED, thing))
    return found


def _whole(how: str, thing: Thing) -> Change:
    pair = ({}, thing.properties) if how == ADDED else (thing.properties, {})
    return Change(how, thing.kind, thing.thing_id, thing.title, tuple(_values(*pair, thing.labels)), thing.number)


def _values(before: Mapping[str, str], after: Mapping[str, str], own: Mapping[str, str]) -> Iterable[Value]:
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            label = (own[name], own[name]) if name in own else property_label(name)
            yield Value(name, label, *map(cut, _differing(old, new) if name in LISTS else (old, new)))


def _differing(before: str, after: str) -> tuple[str, str]:
    """Of two lists with a line for each entry those that only one side has; both whole where only the order differs."""
    old, new = before.split("\n"), after.split("\n")
    there, here = set(old), set(new)
    only = [line for line in old if line not in here], [line for line in new if line not in there]
    return ("\n".join(only[0]), "\n".join(only[1])) if any(only) else (before, after)
