"""The composition root: the one place where engine, forms and web meet and a worker gets its handlers."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine import sources
from engine.bpmn.check import check
from engine.clock import Clock
from engine.commands.calendars import PublishCalendar
from engine.commands.definitions import Beside, Deploy, is_tables, known_to
from engine.domain.actor import SYSTEM, Actor
from engine.domain.drafting import settle
from engine.domain.job import Job, JobResult
from engine.domain.letter import Letter
from engine.errors import Problem
from engine.ids import Ids
from engine.queries import Read
from engine.queries.letter_sources import LetterSource
from engine.rulings import check_tables
from engine.runtime import Engine
from engine.store import migrate
from engine.store.database import Database
from engine.worker import Handler, Worker
from forms.form import check_form
from forms.letters.compose import compose_for
from forms.letters.isolate import render_isolated
from forms.letters.rendered import RenderedLetter
from forms.letters.sample import check_letter_template
from forms.letters.seals import SealService
from web.audit.places import Places
from web.config import Config
from web.runner.watched import WatchedEngine, WatchedWorker
from web.walk_checks import check_walks


def open_engine(config: Config, *, clock: Clock | None = None, ids: Ids | None = None) -> Engine:
    """A started engine. Raises Refused when the database is not at this program's schema."""
    witness = Places(config.checkpoints)
    engine = WatchedEngine(config.database_url, secret=config.secret(), clock=clock, ids=ids, witness=witness)
    engine.start()
    return engine


def make_database(config: Config) -> tuple[str | None, str]:
    """Create or upgrade the database. Returns the schema before and after."""
    prefix = "sqlite:///"
    if config.database_url.startswith(prefix):
        Path(config.database_url.removeprefix(prefix)).parent.mkdir(parents=True, exist_ok=True)
    database = Database(config.database_url)
    try:
        return migrate.upgrade(database)
    finally:
        database.dispose()


def make_worker(engine: Engine, handlers: Mapping[str, Handler]) -> Worker:
    """`handlers(config)` are those of this program."""
    return WatchedWorker(engine, handlers)


def handlers(config: Config, seal: SealService | None = None) -> dict[str, Handler]:
    """What does outside work, by job kind. `seal` instead of the one that the settings name."""
    return {"letter": partial(make_letter, public_url=config.public_url, seal=seal or seal_service(config))}


# -- letters -----------------------------------------------------------------------------------------------------------
ADDRESSEES = {"circular": ("各镇（街道）", "各成员单位")}  # it speaks about the units to all of them


def compose_letter(source: LetterSource, *, verify_url: str = "") -> Letter:
    """The letter a source makes. Raises Invalid with template and line."""
    letter = compose_for(
        source.kind,
        source.template,
        source.variables,
        number=source.number,
        date=source.issued_on,
        layout=source.layout,
        addressees=source.addressees or ADDRESSEES.get(source.kind, (source.addressee,)),
        is_sample=source.is_sample,
        name=source.template_name,
        verify_url=verify_url,
        urgency=source.marks.urgency,
        copy_number=source.marks.copy_number,
        secrecy=source.marks.secrecy,
    )
    because = str((source.variables.get("corrects") or {}).get("reason") or "")
    return settle(letter, source.wording, source.consent, correction_reason=because)


def render_letter(letter: Letter) -> RenderedLetter:
    """In the press: a child process with limits of time and memory."""
    return render_isolated(letter)


def make_letter(job: Job, read: Read, *, public_url: str, seal: SealService | None) -> JobResult:
    """The handler of `letter` jobs: everything it prints was kept when the number was taken.

    A letter that has its document gets no second one: signatures differ each time they are made. Raises SealFailed; a
    letter that cannot be signed is not made.
    """
    letter_id = job.payload["letter_id"]
    if read.is_letter_made(letter_id):
        return JobResult()
    source = replace(read.letter_source(letter_id), is_sample=seal is None)
    letter = compose_letter(source, verify_url=verify_address(public_url, read.letter_key(letter_id)))
    rendered = render_letter(letter)
    title = letter.title.replace("\n", "")
    if seal is None:
        return JobResult(document=rendered.pdf, pages=rendered.pages, title=title)
    sealed = seal.seal(rendered, organ=letter.signatory, reason=f"{letter.number} 签发")
    return JobResult(document=sealed.pdf, pages=rendered.pages, title=title, signature=sealed.signature)


def seal_service(config: Config) -> SealService | None:
    """Who seals letters; None: nobody, they are samples. A 国密 seal service would be chosen here."""
    if not config.signing.is_on:
        return None
    from forms.letters.sign import PadesSeal  # pyHanko takes half a second and 50 MB

    return PadesSeal(config.signing)


def verify_address(public_url: str, key: str) -> str:
    """What the code on a letter says; empty while nobody has told under which address the public reaches us."""
    return f"{public_url}/v/{key}" if public_url else ""


# -- deployment --------------------------------------------------------------------------------------------------------
def check_files(
    key: str,
    files: dict[str, bytes],
    beside: Iterable[sources.Folder] = (),
    phases: frozenset[str] | None = None,
) -> list[Problem]:
    """Everything that speaks against deploying these files: diagrams, decisions, forms and letter templates.

    `beside` are the folders whose processes and tasks the files may name, `phases` those of all plans, None where they
    are not known.
    """
    beside = tuple(beside)
    problems: list[Problem] = []
    if any(name.endswith(".bpmn") for name in files):
        others = Beside.of((folder.key, folder.files) for folder in beside if folder.key != key)
        problems = check(files, known_to(others, Beside.of([(key, files)]), phases=phases))
    elif is_tables(files):
        problems = [_ruled("campaign-table", problem) for problem in check_tables(files)]
    papers = check_papers(files)
    told = {problem.where.partition(":")[0] for problem in papers}  # `forms` says it better than the deploy check
    problems = [each for each in problems if not (each.rule in FORM_RULES and each.where.partition(":")[0] in told)]
    return problems + papers + check_walks(key, files, beside)


FORM_RULES = ("form-readable", "form-keys")


def _ruled(rule: str, problem: Problem) -> Problem:
    """A finding of another storey under the name that the check has for its kind."""
    place = problem.where.partition(":")[2]
    return replace(problem, rule=problem.rule or rule, element_id=problem.element_id or place)


def check_papers(files: dict[str, bytes]) -> list[Problem]:
    """The part that only `forms` can judge: forms and letter templates."""
    problems: list[Problem] = []
    for name, content in files.items():
        if name.endswith(".form"):
            for problem in check_form(content, name):
                problems.append(_ruled("form-usable" if problem.severity == "error" else "form-hint", problem))
        elif name.endswith(".j2"):
            try:
                found = check_letter_template(content.decode(), name=name)
                problems += [_ruled("letter-template", problem) for problem in found]
            except UnicodeDecodeError:
                unreadable = Problem(name, "文件不是 UTF-8 文本。", "The file is not UTF-8 text.")
                problems.append(_ruled("letter-template", unreadable))
    return problems


def deploy_folder(
    engine: Engine, folder: sources.Folder, *, by: Actor, beside: Beside | None = None
) -> dict[str, object]:
    """Check and deploy one folder. Raises Invalid with every problem."""
    command = Deploy(folder.key, folder.files, problems=tuple(check_papers(folder.files)), beside=beside)
    return dict(engine.execute(command, by=by))


def deploy_all(engine: Engine, root: Path, *, by: Actor = SYSTEM) -> list[dict[str, object]]:
    """Every folder and calendar under `root`."""
    folders = sources.process_folders(root)
    beside = Beside.of((folder.key, folder.files) for folder in folders)
    deployed = [deploy_folder(engine, folder, by=by, beside=beside) for folder in folders]
    for content in sources.calendars(root):
        engine.execute(PublishCalendar(content), by=by)
    return deployed
