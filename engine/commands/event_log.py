"""Keeps on record who took an event log out of the house, before the first line of it leaves."""

from dataclasses import dataclass

from engine.domain.event_log import FORMATS, LogFilter, check_export
from engine.errors import Invalid, Problem
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class NoteEventLog:
    """A log of `filter` is about to be written as `format`."""

    format: str
    filter: LogFilter


def note_event_log(command: NoteEventLog, tx: Transaction) -> None:
    wanted = command.filter
    check_export(tx.actor, names_persons=wanted.names_persons)
    if command.format not in FORMATS:
        raise Invalid(
            "event_log_format",
            f"An event log is not written as {command.format}.",
            (
                Problem(
                    "format",
                    f"没有“{command.format[:40]}”这种格式，可选：{'、'.join(FORMATS)}。",
                    f"There is no format {command.format[:40]}: choose one of {', '.join(FORMATS)}.",
                ),
            ),
        )
    tx.record(
        "EventLogExported",
        campaign_id=wanted.campaign_id,
        format=command.format,
        process=wanted.process,
        since=wanted.since.isoformat() if wanted.since else None,
        until=wanted.until.isoformat() if wanted.until else None,
        names_persons=wanted.names_persons,
    )
