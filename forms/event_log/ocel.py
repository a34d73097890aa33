"""An event log as OCEL 2.0 (JSON): each event points at all it concerns: case, instance, task, letter, unit, item.

Objects come before events in the file: events wait in a file of their own until the last object is written.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from engine.domain.event_log import LogEvent, LogHead, LogTrace

OBJECTS: Mapping[str, tuple[str, ...]] = {  # type: its attributes
    "case": (),
    "process instance": ("process", "version", "kind"),
    "task": ("process", "element", "name"),
    "letter": ("kind",),
    "unit": ("name",),
    "supervision item": (),
}
EVENT_ATTRIBUTES = ("lifecycle", "process", "element", "resource", "role")
CHUNK = 1 << 16


class _Ids:
    """Says of an id whether it comes for the first time; objects of two types never share one."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def is_new(self, name: str) -> bool:
        if name in self._seen:
            return False
        self._seen.add(name)
        return True


def ocel_pieces(head: LogHead, traces: Iterable[LogTrace]) -> Iterator[str]:
    """A trace or less at a time; the ids of objects that several traces share stay in memory."""
    began, ids, activities = head.filter.as_of, _Ids(), set()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass") as events:
        yield '{\n"objects": [\n'
        between = ""
        for unit_id, name in head.unit_names:
            yield between + _json(_object(f"unit:{unit_id}", "unit", {"name": name}, _epoch(began)))
            between = ",\n"
        for trace in traces:
            for found in _objects(trace, ids):
                yield between + _json(found)
                between = ",\n"
            for event in trace.events:
                activities.add(event.activity)
                events.write((",\n" if events.tell() else "") + _json(_event(trace, event)))
        yield '\n],\n"events": [\n'
        events.seek(0)
        while chunk := events.read(CHUNK):
            yield chunk
    yield '\n],\n"eventTypes": '
    yield _json([{"name": name, "attributes": _typed(EVENT_ATTRIBUTES)} for name in sorted(activities)])
    yield ',\n"objectTypes": '
    yield _json([{"name": name, "attributes": _typed(named)} for name, named in OBJECTS.items()])
    yield "\n}\n"


def _objects(trace: LogTrace, ids: _Ids) -> Iterator[dict[str, Any]]:
    case = f"case:{trace.case_id}"
    if trace.case_id and ids.is_new(case):
        led = [(f"unit:{unit_id}", what) for unit_id, what in trace.units if what != "supervised"]
        yield _object(case, "case", {}, trace.started_at, led)
    items = dict.fromkeys([trace.item_id, *(event.item_id for event in trace.events)])
    for item_id in items:
        if item_id and ids.is_new(f"item:{item_id}"):
            related = [(case, "about")] if trace.case_id else []
            yield _object(f"item:{item_id}", "supervision item", {}, trace.started_at, related)
    instance = f"instance:{trace.instance_id}"
    told = {"process": trace.process_key, "version": str(trace.version), "kind": trace.kind}
    runs = [(case, "runs for")] if trace.case_id else []
    runs += [(f"item:{trace.item_id}", "runs for")] if trace.item_id else []
    yield _object(instance, "process instance", told, trace.started_at, runs)
    for task in trace.tasks:
        named = {"process": task.process_key, "element": task.element_id, "name": task.name}
        yield _object(f"task:{task.task_id}", "task", named, task.opened_at, [(instance, "of")])
    for letter in trace.letters:
        if ids.is_new(f"letter:{letter.letter_id}"):
            yield _object(f"letter:{letter.letter_id}", "letter", {"kind": letter.kind}, letter.issued_at)


def _object(
    object_id: str, kind: str, attributes: Mapping[str, str], at: datetime, related: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    return {
        "id": object_id,
        "type": kind,
        "attributes": [{"name": name, "time": _instant(at), "value": value} for name, value in attributes.items()],
        "relationships": [{"objectId": other, "qualifier": what} for other, what in related],
    }


def _event(trace: LogTrace, event: LogEvent) -> dict[str, Any]:
    said = (event.lifecycle, event.process_key, event.element_id, event.person, event.role)
    concerned = (
        (f"instance:{trace.instance_id}", True, "instance"),
        (f"case:{trace.case_id}", trace.case_id, "case"),
        (f"task:{event.task_id}", event.task_id, "task"),
        (f"letter:{event.letter_id}", event.letter_id, "letter"),
        (f"item:{event.item_id}", event.item_id, "item"),
        (f"unit:{event.unit}", event.unit, "by"),
    )
    return {
        "id": event.event_id,
        "type": event.activity,
        "time": _instant(event.at),
        "attributes": [
            {"name": name, "value": value} for name, value in zip(EVENT_ATTRIBUTES, said, strict=True) if value
        ],
        "relationships": [{"objectId": name, "qualifier": what} for name, is_there, what in concerned if is_there],
    }


def _typed(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": name, "type": "string"} for name in names]


def _epoch(moment: datetime) -> datetime:
    """Units were there before everything: attributes of an object without a beginning hold from here."""
    return datetime.fromtimestamp(0, moment.tzinfo)


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _json(value: Any) -> str:
    """Unpaired surrogates, which no UTF-8 file can hold, become escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or _is_clean(text) else json.dumps(value)


def _is_clean(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
