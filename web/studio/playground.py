"""The tab where a draft is tried: its files run on a clock that one pushes, with the real forms, without any effect.

A session is kept as the walk that leads to it, so a reload loses nothing, undo drops the last act, and a test is made
of it by writing down what each act led to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.models import SaveModelFiles
from engine.commands.trials import DropTrial, KeepTrial
from engine.domain import toml_table
from engine.domain.actor import BUILDING_ROLES
from engine.domain.calendar import SHANGHAI
from engine.domain.letter import KINDS
from engine.domain.whole_number import whole_number
from engine.errors import EngineError, Invalid, NotFound, Problem, Rejected
from engine.queries.models import ModelDraft
from engine.queries.trials import ModelTrial
from engine.trials.limits import check_variables
from engine.trials.play import play_script
from engine.trials.recorder import Session, record, replay
from engine.trials.script import Script, ScriptStep, read_script
from engine.trials.writing import write_script, write_variables
from forms.letters.isolate import render_isolated
from forms.letters.sample import sample_letter
from forms.schema import read_submission
from web import filling
from web.errors import said, sentence, status_of
from web.i18n import t
from web.pdf import show_pdf
from web.permission import needs
from web.request import actor, engine, notify, now, see, text
from web.studio.stage import Stage, context_of, form_of, stage
from web.studio.trials import FOLDER, SUFFIX, failure_words, ground_of, limits, name_problem, walks_of

blueprint = Blueprint("studio_playground", __name__)
MAX_ACTS: Final = 300  # of one session
FURTHEST: Final = timedelta(days=3 * 366)
ONE_WORKDAY: Final = "1wd"


@dataclass(frozen=True)
class Begin:
    """The form with which a session begins, filled from a walk or as it was typed."""

    walks: tuple[str, ...]
    walk: str
    now: str
    variables: str


@dataclass(frozen=True)
class Typed:
    """What was typed on the page of a session and refused. `form`: completion, clock, message or test."""

    form: str = ""
    task: str = ""
    values: Mapping[str, Sequence[str]] | None = None
    moment: str = ""
    name: str = ""
    title: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class PlaygroundPage:
    """`stage` is None before a session, or when it cannot start. `broken`: why an act of before can no longer be done;
    what stands is as far as it went."""

    draft: ModelDraft
    begin: Begin
    typed: Typed
    problems: tuple[tuple[str, str], ...] = ()
    stage: Stage | None = None
    moves: int = 0
    acts: int = 0
    broken: str = ""
    kinds: tuple[str, ...] = tuple(KINDS)
    tab: str = "playground"

    @property
    def clock(self) -> str:
        """The session's instant as the field for a moment wants it."""
        return f"{self.stage.now.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}" if self.stage else ""


# -- looking -----------------------------------------------------------------------------------------------------------
@blueprint.get("/studio/drafts/<draft_id>/playground")
@needs(*BUILDING_ROLES)
def playground(draft_id: str) -> str:
    """`?task=` chooses whose form is shown; `?from=` the walk whose start fills the form before a session."""
    draft = engine().read.model_draft(draft_id)
    return _show(draft, Typed(task=text("task")))


@blueprint.get("/studio/drafts/<draft_id>/playground/letters/<kind>.pdf")
@needs(*BUILDING_ROLES)
def letter(draft_id: str, kind: str) -> Response:
    """What a letter of that kind looks like, with invented facts."""
    ground = ground_of(engine().read.model_draft(draft_id))
    name = f"{kind}.html.j2"
    template = next((files[name] for files in ground.folders.values() if name in files), None)
    if template is None or kind not in KINDS:
        raise NotFound("file_unknown", f"There is no template {name}.", file=name)
    made = sample_letter(kind, template.decode("utf-8", "replace"), name=name)
    return show_pdf(render_isolated(made).pdf, f"{kind}.pdf")


# -- a session ---------------------------------------------------------------------------------------------------------
@blueprint.post("/studio/drafts/<draft_id>/playground")
@needs(*BUILDING_ROLES)
def begin(draft_id: str) -> BaseResponse | tuple[str, int]:
    """From what was typed; or with `whole`, through all acts of a walk of the draft."""
    draft = engine().read.model_draft(draft_id)
    try:
        script = _walk(draft, request.form.get("walk", "")) if request.form.get("whole") == "1" else _started(draft)
        session = replay(ground_of(draft), script, limits=limits())
        if session.walk is None and session.failure is not None:
            failure = session.failure
            raise Invalid("trial.start", failure.en, (Problem("variables", failure.zh, failure.en),))
        engine().execute(KeepTrial(draft_id, write_script(session.script)), by=actor())
    except Invalid as error:
        return _show_begin(draft, Typed(form="begin", problems=error.problems or (_problem(error),))), 422
    if session.failure is not None:
        notify("trial_cut", "warning", why=failure_words(session.failure))
    return see(_address(draft))


@blueprint.post("/studio/drafts/<draft_id>/playground/end")
@needs(*BUILDING_ROLES)
def end(draft_id: str) -> BaseResponse:
    engine().execute(DropTrial(draft_id), by=actor())
    return see(url_for("studio_playground.playground", draft_id=draft_id))


@blueprint.post("/studio/drafts/<draft_id>/playground/completion")
@needs(*BUILDING_ROLES)
def complete(draft_id: str) -> BaseResponse | tuple[str, int]:
    """The answer is checked by the real form; what a decision table refuses stands at its field, as at a desk."""
    task = request.form.get("_task", "")
    values, _ = filling.posted()

    def step(session: Session) -> ScriptStep:
        assert session.walk is not None  # a session that is kept has started
        form = form_of(session.walk, task)
        if form is None:
            zh, en = f"任务“{task[:60]}”此时没有打开。", f'The task "{task[:60]}" is not open.'
            raise Invalid("trial.not_open", en, (Problem("", zh, en),))
        submission = read_submission(form, values, {}, context_of(session.walk, task, form))
        return ScriptStep(complete=task, variables=check_variables(submission.variables))

    return _act(draft_id, step, Typed(form="completion", task=task, values=values))


@blueprint.post("/studio/drafts/<draft_id>/playground/clock")
@needs(*BUILDING_ROLES)
def clock(draft_id: str) -> BaseResponse | tuple[str, int]:
    """`to`: next (the next timer or due date), workday, or moment with the field of that name."""
    to, moment = request.form.get("to", ""), request.form.get("moment", "").strip()

    def step(session: Session) -> ScriptStep:
        assert session.walk is not None
        if to == "workday":
            return ScriptStep(advance=ONE_WORKDAY)
        if to == "next":
            found = session.walk.next_instant()
            if found is None:
                zh, en = "没有等待中的定时和时限，时钟不必拨动。", "No timer and no due date lies ahead."
                raise Invalid("trial.no_next", en, (Problem("moment", zh, en),))
            return ScriptStep(until=found)
        return ScriptStep(until=_moment(moment, session.walk.now))

    return _act(draft_id, step, Typed(form="clock", moment=moment))


@blueprint.post("/studio/drafts/<draft_id>/playground/message")
@needs(*BUILDING_ROLES)
def message(draft_id: str) -> BaseResponse | tuple[str, int]:
    name = request.form.get("name", "")[:200]
    return _act(draft_id, lambda _: ScriptStep(message=name or "—"), Typed(form="message"))


@blueprint.post("/studio/drafts/<draft_id>/playground/undo")
@needs(*BUILDING_ROLES)
def undo(draft_id: str) -> BaseResponse:
    """The last act has not happened; what is broken at the end is dropped first."""
    draft, trial = engine().read.model_draft(draft_id), _trial(draft_id)
    session = _session(draft, trial)
    steps = session.script.steps if session.failure else session.script.steps[:-1]
    engine().execute(KeepTrial(draft_id, write_script(replace(session.script, steps=steps)), _moves()), by=actor())
    return see(_address(draft))


@blueprint.post("/studio/drafts/<draft_id>/playground/test")
@needs(*BUILDING_ROLES)
def save_test(draft_id: str) -> BaseResponse | tuple[str, int]:
    """The session as a walk of the draft, with what each act led to; it is played once before it is kept."""
    draft, trial = engine().read.model_draft(draft_id), _trial(draft_id)
    name, title = request.form.get("name", "").strip(), request.form.get("title", "").strip()
    typed = Typed(form="test", name=name[:100], title=title[:200])
    file = f"{FOLDER}{name}{SUFFIX}"
    try:
        if problem := name_problem(name):
            raise Invalid("walk_name", problem.en, (problem,), name=name[:80])
        if file in draft.files:
            zh, en = f"已有走查“{name}”，请换一个名称。", f'There is a walk "{name}" already; take another name.'
            raise Invalid("walk_name", en, (Problem("name", zh, en),), name=name)
        written = write_script(record(_session(draft, trial), title[:100] or name))
        _check_recorded(draft, written)
        change = SaveModelFiles(draft_id, draft.revision, {file: written.encode()}, t("trial.save_note", name=name))
        engine().execute(change, by=actor())
    except Invalid as error:
        return _show(draft, replace(typed, problems=error.problems or (_problem(error),))), 422
    except Rejected as error:
        return _show(draft, replace(typed, problems=(_problem(error),))), status_of(error)
    notify("walk_saved", name=name)
    return see(url_for("studio_trials.walk", draft_id=draft_id, name=name, run=1))


# -- how an act is done ------------------------------------------------------------------------------------------------
def _act(draft_id: str, step: Callable[[Session], ScriptStep], typed: Typed) -> BaseResponse | tuple[str, int]:
    """Played first; kept only when it could be done. What was typed stays on the page otherwise."""
    draft, trial = engine().read.model_draft(draft_id), _trial(draft_id)
    try:
        session = _session(draft, trial)
        if session.walk is None:
            raise Rejected("trial_broken", "The session cannot start any more.", draft=draft_id)
        if len(session.script.steps) >= MAX_ACTS:
            zh, en = (
                f"一次试运行最多 {MAX_ACTS} 个动作，请重新开始。",
                f"A session has at most {MAX_ACTS} acts: begin anew.",
            )
            raise Invalid("trial.too_long", en, (Problem("", zh, en),))
        written = write_script(replace(session.script, steps=(*session.script.steps, step(session))))
        # What is kept is what is played: TOML has no null, and the next page must not stand elsewhere.
        after = replay(session.walk.ground, _read(written), limits=limits())
        if after.failure is not None:
            raise Invalid("trial.act", after.failure.en, (Problem("", after.failure.zh, after.failure.en),))
        if refusals := after.happenings[-1].refusals:
            raise Invalid("trial.refused", refusals[0].en, refusals)
        engine().execute(KeepTrial(draft_id, written, _moves()), by=actor())
    except Invalid as error:
        return _show(draft, replace(typed, problems=error.problems or (_problem(error),))), 422
    except Rejected as error:
        return _show(draft, replace(typed, problems=(_problem(error),))), status_of(error)
    return see(_address(draft))


def _trial(draft_id: str) -> ModelTrial:
    found: ModelTrial | None = engine().read.model_trial(actor(), draft_id)
    if found is None:
        raise Rejected("trial_over", "There is no session; it was ended in another window.", draft=draft_id)
    return found


def _session(draft: ModelDraft, trial: ModelTrial) -> Session:
    return replay(ground_of(draft), _read(trial.script), limits=limits())


def _read(script: str) -> Script:
    return read_script(script.encode(), what="session.toml", least_steps=0)


def _check_recorded(draft: ModelDraft, written: str) -> None:
    """A test that fails as soon as it is written would be worse than none. Raises Invalid."""
    result = play_script(ground_of(draft), read_script(written.encode()), limits=limits())
    if not result.passed:
        problems = tuple(Problem("name", failure.zh, failure.en) for failure in result.failures)
        raise Invalid("trial.not_repeatable", "The recorded test does not pass.", problems)


# -- the page ----------------------------------------------------------------------------------------------------------
def _show_begin(draft: ModelDraft, typed: Typed) -> str:
    page = PlaygroundPage(draft, _begin(draft), typed, _said(typed))
    return render_template("studio/playground.html", page=page)


def _show(draft: ModelDraft, typed: Typed) -> str:
    """The session, or the form that begins one."""
    trial = engine().read.model_trial(actor(), draft.draft_id)
    if trial is None:
        return _show_begin(draft, typed)
    session = _session(draft, trial)
    shown = stage(draft, session, typed.task, typed.values, typed.problems if typed.form == "completion" else ())
    page = PlaygroundPage(
        draft,
        _begin(draft),
        typed,
        _said(typed),
        shown,
        trial.moves,
        len(session.script.steps),
        failure_words(session.failure) if session.failure else "",
    )
    return render_template("studio/playground.html", page=page)


def _said(typed: Typed) -> tuple[tuple[str, str], ...]:
    return tuple((problem.where, said(problem)) for problem in typed.problems)


def _begin(draft: ModelDraft) -> Begin:
    walks = walks_of(draft)
    names = tuple(walks)
    if request.method == "POST" and "variables" in request.form:
        form = request.form
        return Begin(names, form.get("walk", ""), form.get("now", ""), form.get("variables", ""))
    wanted = text("from") if text("from") in walks else next(iter(walks), "")
    try:
        script = read_script(walks[wanted])
    except (KeyError, Invalid):
        return Begin(names, wanted, _field(now()), "")
    return Begin(names, wanted, _field(script.now), write_variables(script.variables))


def _started(draft: ModelDraft) -> Script:
    """Raises Invalid with the places `now` and `variables`."""
    problems: list[Problem] = []
    begun = _read_moment(request.form.get("now", "").strip())
    if begun is None:
        problems.append(_no_moment("now"))
    variables: dict[str, Any] = {}
    try:
        typed = request.form.get("variables", "").replace("\r\n", "\n")
        variables = check_variables(toml_table.read(typed.encode(), what="variables"))
    except Invalid as error:
        problems += [Problem("variables", problem.zh, problem.en) for problem in error.problems]
    if begun is None or problems:
        raise Invalid("trial.start", "The session cannot begin.", tuple(problems))
    ladder = ""
    if (chosen := walks_of(draft).get(request.form.get("walk", ""))) is not None:
        try:
            ladder = read_script(chosen).ladder
        except Invalid:
            ladder = ""
    return Script(draft.key, draft.key, begun, variables, (), ladder)


def _walk(draft: ModelDraft, name: str) -> Script:
    """Raises NotFound, or Invalid for a walk that cannot be read."""
    content = walks_of(draft).get(name)
    if content is None:
        raise NotFound("file_unknown", f"There is no walk {name[:80]}.", file=f"{FOLDER}{name[:80]}{SUFFIX}")
    script = read_script(content, what=f"{name}{SUFFIX}")
    return replace(script, steps=script.steps[:MAX_ACTS])


def _moment(typed: str, begun: datetime) -> datetime:
    """An instant ahead of the session's, not too far. Raises Invalid at the field `moment`."""
    found = _read_moment(typed)
    if found is None:
        raise Invalid("trial.moment", "Not a moment.", (_no_moment("moment"),))
    if not begun < found <= begun + FURTHEST:
        zh, en = "时钟只能往后拨，一次最多三年。", "The clock goes forward only, at most three years at once."
        raise Invalid("trial.moment", en, (Problem("moment", zh, en),))
    return found


def _read_moment(typed: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        return None
    if not 2000 <= found.year < 2090:
        return None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _no_moment(where: str) -> Problem:
    return Problem(
        where,
        "请填写时间，如 2024-05-20T09:00，年份在 2000 至 2089 之间。",
        "Give a moment such as 2024-05-20T09:00, in the years 2000 to 2089.",
    )


def _field(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def _moves() -> int:
    moves = whole_number(request.form.get("_moves", ""))
    return -1 if moves is None else moves


def _address(draft: ModelDraft) -> str:
    return url_for("studio_playground.playground", draft_id=draft.draft_id)


def _problem(error: EngineError) -> Problem:
    words = sentence(error)
    return Problem("", words, words)
