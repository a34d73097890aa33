"""An event log as XES (IEEE 1849): one trace an instance; extensions concept, time, lifecycle and organizational.

Attributes without an extension are ours: process, element, case, task, letter, item.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import quoteattr

from engine.domain.event_log import LogEvent, LogHead, LogTrace

EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
)
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xes_pieces(head: LogHead, traces: Iterable[LogTrace]) -> Iterator[str]:
    """A trace or less at a time."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    for name, prefix, uri in EXTENSIONS:
        yield f'  <extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
    yield '  <global scope="trace">\n' + _string("concept:name", "", 4) + "  </global>\n"
    yield (
        '  <global scope="event">\n'
        + _string("concept:name", "", 4)
        + '    <date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>\n'
        + _string("lifecycle:transition", "complete", 4)
        + "  </global>\n"
    )
    yield '  <classifier name="Activity" keys="concept:name"/>\n'
    yield '  <classifier name="Activity and transition" keys="concept:name lifecycle:transition"/>\n'
    yield '  <classifier name="Element" keys="process element"/>\n'
    yield _string("concept:name", head.title, 2) + _string("lifecycle:model", "standard", 2)
    yield _string("campaign", head.filter.campaign_id, 2) + _date("as_of", head.filter.as_of, 2)
    units = dict(head.unit_names)
    for trace in traces:
        yield _trace(trace, units)
    yield "</log>\n"


def _trace(trace: LogTrace, units: dict[str, str]) -> str:
    lines = ["  <trace>\n", _string("concept:name", trace.name, 4)]
    named = {
        "instance": trace.instance_id,
        "kind": trace.kind,
        "process": trace.process_key,
        "case": trace.case_id,
        "item": trace.item_id,
        "state": trace.state,
        **{what: units.get(unit_id, unit_id) for unit_id, what in trace.units},
    }
    lines += [_string(name, value, 4) for name, value in named.items() if value]
    lines.append(f'    <int key="version" value="{trace.version}"/>\n')
    lines += [_event(event, units) for event in trace.events]
    lines.append("  </trace>\n")
    return "".join(lines)


def _event(event: LogEvent, units: dict[str, str]) -> str:
    named = {
        "concept:name": event.activity,
        "concept:instance": event.event_id,
        "lifecycle:transition": event.lifecycle,
        "org:resource": event.person,
        "org:role": event.role,
        "org:group": units.get(event.unit, event.unit),
        "process": event.process_key,
        "element": event.element_id,
        "task": event.task_id,
        "letter": event.letter_id,
        "item": event.item_id,
    }
    strings = "".join(_string(name, value, 6) for name, value in named.items() if value or name == "concept:name")
    return "    <event>\n" + _date("time:timestamp", event.at, 6) + strings + "    </event>\n"


def _string(key: str, value: str, indent: int) -> str:
    return f'{" " * indent}<string key="{key}" value={quoteattr(NOT_IN_XML.sub("�", value))}/>\n'


def _date(key: str, moment: datetime, indent: int) -> str:
    return f'{" " * indent}<date key="{key}" value="{moment.isoformat(timespec="milliseconds")}"/>\n'
