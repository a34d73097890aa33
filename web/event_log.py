"""An event log on its way out: the engine's batches as one stream of text, for the command line and the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.commands.event_log import NoteEventLog
from engine.domain.actor import Actor
from engine.domain.event_log import FORMATS, LogFilter, LogTrace, may_export
from engine.errors import Problem
from engine.runtime import Engine
from forms.event_log import WRITERS


@dataclass(frozen=True)
class LogForm:
    """What the form of the definition page offers: campaigns as (id, title), and whether names may be asked for.
    `problems` are of what was `sent`."""

    campaigns: tuple[tuple[str, str], ...]
    may_name: bool
    sent: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    formats: tuple[str, ...] = FORMATS


def log_form(
    engine: Engine, actor: Actor, sent: Mapping[str, str] | None = None, problems: tuple[Problem, ...] = ()
) -> LogForm | None:
    """None for whoever may not take a log, and before a campaign is open."""
    open_ones = engine.read.campaigns()
    if not (may_export(actor) and open_ones):
        return None
    named = tuple((row.campaign_id, row.title) for row in open_ones)
    return LogForm(named, actor.has_role("auditor"), sent or {}, problems)


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
