"""An event log as a file that process-mining tools read: XES, OCEL 2.0 or CSV, written piece by piece."""

from collections.abc import Callable, Iterable, Iterator

from engine.domain.event_log import LogHead, LogTrace
from forms.event_log.csv import csv_pieces
from forms.event_log.ocel import ocel_pieces
from forms.event_log.xes import xes_pieces

Writer = Callable[[LogHead, Iterable[LogTrace]], Iterator[str]]
WRITERS: dict[str, Writer] = {"xes": xes_pieces, "ocel": ocel_pieces, "csv": csv_pieces}
SUFFIXES = {"xes": ".xes", "ocel": ".jsonocel", "csv": ".csv"}
MEDIA_TYPES = {"xes": "application/xml", "ocel": "application/json", "csv": "text/csv; charset=utf-8"}
