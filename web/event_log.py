"""An event log on its way out: the engine's batches as one stream of text, for the command line and the page."""

from collections.abc import Iterator

from engine.commands.event_log import NoteEventLog
from engine.domain.actor import Actor
from engine.domain.event_log import LogFilter, LogTrace
from engine.runtime import Engine
from forms.event_log import WRITERS


def log_pieces(engine: Engine, actor: Actor, wanted: LogFilter, wanted_format: str) -> Iterator[str]:
    """Everything that can be refused is refused before the first piece, and the export is on record by then."""
    head = engine.read.event_log_head(actor, wanted)
    engine.execute(NoteEventLog(wanted_format, wanted), by=actor)
    return WRITERS[wanted_format](head, _traces(engine, actor, wanted))


def _traces(engine: Engine, actor: Actor, wanted: LogFilter) -> Iterator[LogTrace]:
    after = ""
    while found := engine.read.event_log(actor, wanted, after):
        yield from found
        after = found[-1].instance_id
