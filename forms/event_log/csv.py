"""An event log as a table: one line an event, with the column names that process-mining tools look for."""

import csv
import io
from collections.abc import Iterable, Iterator

from engine.domain.event_log import LogEvent, LogHead, LogTrace

COLUMNS = (
    "case:concept:name",
    "concept:name",
    "time:timestamp",
    "lifecycle:transition",
    "org:resource",
    "org:role",
    "org:group",
    "process",
    "element",
    "case",
    "instance",
    "task",
    "letter",
    "item",
    "event",
)


def csv_pieces(head: LogHead, traces: Iterable[LogTrace]) -> Iterator[str]:
    """A trace at a time, after a byte order mark, so that a spreadsheet reads Chinese."""
    yield "\ufeff" + _lines([COLUMNS])
    units = dict(head.unit_names)
    for trace in traces:
        yield _lines(_line(trace, event, units) for event in trace.events)


def _line(trace: LogTrace, event: LogEvent, units: dict[str, str]) -> tuple[str, ...]:
    return (
        trace.name,
        event.activity,
        event.at.isoformat(timespec="milliseconds"),
        event.lifecycle,
        event.person,
        event.role,
        units.get(event.unit, event.unit),
        event.process_key,
        event.element_id,
        trace.case_id,
        trace.instance_id,
        event.task_id,
        event.letter_id,
        event.item_id,
        event.event_id,
    )


def _lines(rows: Iterable[tuple[str, ...]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([_harmless(value) for value in row] for row in rows)
    return file.getvalue()


def _harmless(value: str) -> str:
    """What a spreadsheet could take for a formula begins with a quote."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
