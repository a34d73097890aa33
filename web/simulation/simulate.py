"""A whole simulated campaign in a folder: database, letters as PDF, figures and a report. The same seed, the same
figures."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from engine import sources
from engine.clock import SetClock
from engine.commands.campaigns import OpenCampaign
from engine.domain import calendar as calendars
from engine.domain import campaign as campaigns
from engine.domain.actor import SYSTEM
from engine.domain.calendar import SHANGHAI, WorkCalendar
from engine.errors import Refused
from engine.ids import CountingIds
from engine.queries.letters import LetterFilter
from engine.runtime import Engine
from engine.worker import Worker
from web import bootstrap
from web.config import Config
from web.json_text import as_json
from web.simulation.people import add_staff
from web.simulation.play import Play

Progress = Callable[[str], None]
LEAD_TIME_WORKDAYS = 17  # the register is handed out so long before the survey ends
LATE_FIND_SHARE = 7  # one further find for so many sites of the register,
LATE_FIND_DAYS = (9, 13, 17)  # so many days after the cleanup has begun


def simulate(
    processes: Path, campaign_id: str, *, cases: int, seed: int, until: datetime, folder: Path, say: Progress
) -> list[str]:
    """Returns what does not hold at the end: faults of the figures and violated invariants; empty when all is well.

    Raises Refused when the folder already holds a simulation, or when `until` lies before the beginning.
    """
    config = Config(f"sqlite:///{folder / 'duban.db'}", folder / "duban.secret", processes)
    if (folder / "duban.db").exists():
        raise Refused("folder_used", f"{folder} holds a simulation already; name a new folder.", folder=str(folder))
    content = sources.campaign(processes, campaign_id)
    if until < (begins := _begin_at(config, content)):
        raise Refused("until_too_early", f"The play begins at {begins.astimezone(SHANGHAI):%Y-%m-%d %H:%M}.")
    folder.mkdir(parents=True, exist_ok=True)
    engine, play = begin(config, campaign_id, cases=cases, seed=seed, password_hash="!", say=say)
    try:
        say(f"playing {campaign_id} with {cases} sites until {until.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")
        run(play, cases, until)
        _write_letters(engine, campaign_id, folder / "letters", say)
        figures = engine.read.figures(campaign_id)
        (folder / "figures.json").write_text(as_json(figures.to_json()) + "\n")
        violations = [f"{found.invariant}: {found.what}" for found in engine.read.violations()]
        incidents = engine.read.incidents(SYSTEM)
        (folder / "report.md").write_text(_report(campaign_id, cases, seed, figures, violations, incidents))
        say(f"{folder}: figures.json, report.md, duban.db, letters/")
        return list(figures.faults) + violations + [f"incident: {row.message}" for row in incidents]
    finally:
        engine.close()


def begin(
    config: Config, campaign_id: str, *, cases: int, seed: int, password_hash: str, say: Progress
) -> tuple[Engine, Play]:
    """A fresh database with everything deployed, the campaign open, the staff in place and the register imported."""
    bootstrap.make_database(config)
    content = sources.campaign(config.processes, campaign_id)
    clock = SetClock(_begin_at(config, content))
    engine = bootstrap.open_engine(config, clock=clock, ids=CountingIds())
    bootstrap.deploy_all(engine, config.processes)
    engine.execute(OpenCampaign(content), by=SYSTEM)
    plan = engine.read.campaign(campaign_id)
    add_staff(engine, plan, password_hash)
    worker: Worker = bootstrap.make_worker(engine, bootstrap.handlers(config))
    play = Play(engine, worker, clock, plan, seed, say)
    play.register_cases(cases)
    return engine, play


def run(play: Play, cases: int, until: datetime) -> None:
    """Play on, with some further sites found while the cleanup runs."""
    opened = play.campaign.phase("cleanup").starts_on
    assert opened is not None
    more = max(1, cases // LATE_FIND_SHARE)
    play.run(until, {opened + timedelta(days=days): more for days in LATE_FIND_DAYS})


def _begin_at(config: Config, content: bytes) -> datetime:
    """The register goes out in the morning, LEAD_TIME_WORKDAYS before the survey's last day."""
    calendar = WorkCalendar(calendars.load(year) for year in sources.calendars(config.processes))
    first = calendar.add_workdays(campaigns.load(content).phase("survey").ends_on, -LEAD_TIME_WORKDAYS)
    return calendar.at(first, "08:40")


def _write_letters(engine: Engine, campaign_id: str, folder: Path, say: Progress) -> None:
    folder.mkdir(exist_ok=True)
    page, written = 1, 0
    while True:
        listed = engine.read.letters(SYSTEM, LetterFilter(campaign=campaign_id, page=page))
        for row in listed.rows:
            if row.sha256:
                document = engine.read.letter_document(SYSTEM, row.letter_id)
                (folder / f"{row.number}.pdf").write_bytes(document.content)
                written += 1
        if page >= listed.page.pages:
            say(f"{written} letters written")
            return
        page += 1


def _report(campaign_id: str, cases: int, seed: int, figures: object, violations: list[str], incidents: object) -> str:
    lines = [f"# {campaign_id}", "", f"{cases} sites, seed {seed}, as of {figures.as_of.isoformat()}", ""]  # type: ignore[attr-defined]
    for title in ("counts", "by_phase", "letters_by_kind", "rungs", "items", "reports", "rates"):
        lines += [f"## {title}", ""] + [f"- {name}: {value}" for name, value in getattr(figures, title).items()] + [""]
    lines += ["## does not hold", ""] + [f"- {fault}" for fault in (*figures.faults, *violations)]  # type: ignore[attr-defined]
    lines += [f"- incident: {row.message}" for row in incidents]  # type: ignore[attr-defined]
    return "\n".join(lines) + "\n"
