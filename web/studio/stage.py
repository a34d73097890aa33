"""What the playground shows of a session: tasks with their forms, the clock, the diagrams, what would be sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import url_for

from engine.bpmn.elements import Element, process_name
from engine.bpmn.plain import due_instant
from engine.bpmn.step import OpenedTask
from engine.domain import lights
from engine.domain.deadline import Deadline
from engine.errors import Invalid, Problem
from engine.queries.models import ModelDraft
from engine.trials.ground import Ground
from engine.trials.recorder import Happening, Session
from engine.trials.walk import SentLetter, Walk
from forms.component import Form
from forms.context import FormContext
from forms.fields import FieldView, fields
from forms.form import load_form
from web import filling
from web.format import because
from web.i18n import language, pick, t
from web.request import engine

SHOWN: Final = 240  # characters of one variable


@dataclass(frozen=True)
class OpenTask:
    """`count` more than one: done once for each of a list; the page's form is for the first of them."""

    element: Element
    count: int
    due_at: datetime | None
    light: str
    why_light: str
    derivation: tuple[str, ...]
    is_chosen: bool


@dataclass(frozen=True)
class Pending:
    """A timer that waits."""

    name: str
    due_at: datetime


@dataclass(frozen=True)
class Picture:
    """One diagram for `ui/diagram.html`."""

    name: str
    address: str
    tokens: Mapping[str, Mapping[str, Any]]
    standing: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One line of what has happened. `what`: the act in words; the last line may be undone."""

    happening: Happening
    what: str
    decided: tuple[str, ...]
    opened: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One session as it stands now. `attached`: the fields for files of the form, which count as filled in."""

    now: datetime
    next_at: datetime | None
    is_ended: bool
    tasks: tuple[OpenTask, ...]
    chosen: OpenTask | None
    form_title: str
    fields: Sequence[FieldView]
    attached: Mapping[str, tuple[()]]
    form_problem: str
    awaited: tuple[str, ...]
    timers: tuple[Pending, ...]
    variables: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    lines: tuple[Line, ...]
    letters: tuple[tuple[int, SentLetter], ...]


def stage(
    draft: ModelDraft,
    session: Session,
    wanted: str = "",
    values: Mapping[str, Sequence[str]] | None = None,
    problems: Sequence[Problem] = (),
) -> Stage | None:
    """`wanted`: the task whose form is shown. None when the session could not even start."""
    walk = session.walk
    if walk is None:
        return None
    tasks = _tasks(walk, wanted)
    chosen = next((task for task in tasks if task.is_chosen), None)
    form, form_problem = _form(walk.ground, chosen.element) if chosen else (None, "")
    views: Sequence[FieldView] = ()
    attached: Mapping[str, int] = {}
    if form is not None and chosen is not None:
        context = context_of(walk, chosen.element.element_id, form)
        attached = context.existing_evidence
        views = fields(form, values, problems, context, language())
    return Stage(
        now=walk.now,
        next_at=walk.next_instant(),
        is_ended=walk.is_ended,
        tasks=tasks,
        chosen=chosen,
        form_title=form.title.by(language()) if form else "",
        fields=views,
        attached=dict.fromkeys(attached, ()),
        form_problem=form_problem,
        awaited=walk.awaited(),
        timers=_timers(walk),
        variables=tuple((name, _shown(value)) for name, value in sorted(walk.execution.variables().items())),
        pictures=_pictures(draft, session, walk),
        lines=tuple(_line(walk, happening) for happening in reversed(session.happenings)),
        letters=tuple((each.number, letter) for each in session.happenings for letter in each.letters),
    )


def form_of(walk: Walk, element_id: str) -> Form | None:
    """The form of an open task; None when the task is not open. Raises Invalid for a form that cannot be used."""
    task = _open(walk, element_id)
    if task is None:
        return None
    name = f"{task.element.form_key}.form"
    content = walk.ground.folders.get(task.element.process_key, {}).get(name)
    if content is None:
        zh, en = f"缺少表单文件 {name}。", f"The form {name} is missing."
        raise Invalid("trial.no_form", en, (Problem(name, zh, en),), file=name)
    return load_form(content, name)


def context_of(walk: Walk, element_id: str, form: Form) -> FormContext:
    """As at a desk, at the session's instant; files count as attached, since a trial keeps none."""
    task = _open(walk, element_id)
    variables = walk.execution.variables(task.token) if task else walk.execution.variables()
    attached = {}
    for component in form.answered():
        if component.kind == "evidence":
            attached[component.key] = component.rule.min_files
        elif component.kind == "checkrows":
            attached |= {f"{component.key}.{row.key}": 1 for row in component.rows}
    return FormContext(
        now=walk.now,
        units={unit.unit_id: unit.name for unit in engine().read.units()},
        persons=filling.persons(engine(), variables),
        variables=variables,
        existing_evidence=attached,
    )


def _open(walk: Walk, element_id: str) -> OpenedTask | None:
    return next((task for task in walk.tasks.values() if task.element.element_id == element_id), None)


def _form(ground: Ground, element: Element) -> tuple[Form | None, str]:
    name = f"{element.form_key}.form"
    content = ground.folders.get(element.process_key, {}).get(name) if element.form_key else None
    if content is None:
        return None, t("playground.no_form", file=name if element.form_key else "—")
    try:
        return load_form(content, name), ""
    except Invalid as error:
        return None, " ".join(pick(problem.zh, problem.en) for problem in error.problems) or error.message


def _tasks(walk: Walk, wanted: str) -> tuple[OpenTask, ...]:
    found: dict[str, list[OpenedTask]] = {}
    for task in walk.tasks.values():
        found.setdefault(task.element.element_id, []).append(task)
    chosen = wanted if wanted in found else next(iter(found), "")
    return tuple(_task(walk, tasks, tasks[0].element.element_id == chosen) for tasks in found.values())


def _task(walk: Walk, tasks: list[OpenedTask], is_chosen: bool) -> OpenTask:
    first = tasks[0]
    element_id = first.element.element_id
    try:
        schedule = walk.schedule(element_id)
    except Invalid:  # the table of lights is another draft's concern
        schedule = None
    return OpenTask(
        element=first.element,
        count=len(tasks),
        due_at=due_instant(first.due),
        light=lights.light_at(schedule, walk.now) if schedule else "",
        why_light=pick(*lights.explain(schedule, walk.now)) if schedule else "",
        derivation=because(first.due.to_json()) if isinstance(first.due, Deadline) else (),
        is_chosen=is_chosen,
    )


def _timers(walk: Walk) -> tuple[Pending, ...]:
    pending = (
        Pending(timer.element.name or timer.element.element_id, due_instant(timer.due) or walk.now)
        for timer in walk.timers.values()
    )
    return tuple(sorted(pending, key=lambda each: (each.due_at, each.name)))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)})"


def _pictures(draft: ModelDraft, session: Session, walk: Walk) -> tuple[Picture, ...]:
    """The process and those it has called, as far as it has been in them."""
    standing = session.result.tokens[-1] if session.result.tokens else ()
    entered = dict.fromkeys([walk.model.root_key, *(key for key, _ in (*standing, *walk.elements))])
    return tuple(
        _picture(draft, walk, key, [element for place, element in standing if place == key]) for key in entered
    )


def _picture(draft: ModelDraft, walk: Walk, key: str, standing: list[str]) -> Picture:
    late = {
        task.element.element_id
        for task in walk.tasks.values()
        if (due := due_instant(task.due)) is not None and due < walk.now
    }
    tokens: dict[str, dict[str, Any]] = {
        element_id: {"state": "done", "count": count if count > 1 else 0, "label": t("diagram.done")}
        for (place, element_id), count in walk.elements.items()
        if place == key
    }
    for flow, _ in walk.flows.items():
        if flow.process_key == key:
            tokens[flow.flow_id] = {"state": "done", "label": t("diagram.done")}
    for element_id in standing:
        state = "late" if element_id in late else "open"
        tokens[element_id] = {"state": state, "count": standing.count(element_id), "label": t(f"diagram.{state}")}
    names = tuple(walk.model.element(key, element_id).name or element_id for element_id in standing)
    address = url_for("studio_trials.diagram", draft_id=draft.draft_id, key=key)
    return Picture(process_name(walk.ground.diagram(key)), address, tokens, names)


def _line(walk: Walk, happening: Happening) -> Line:
    names = {element.element_id: element.name or element.element_id for element in walk.model.all_elements}
    step = happening.step
    if step is None:
        what = t("playground.started")
    elif step.complete:
        what = t("playground.did_complete", name=names.get(step.complete, step.complete))
    elif step.message:
        what = t("playground.did_message", name=step.message)
    elif step.advance:
        what = t("playground.did_advance", term=step.advance)
    else:
        what = t("playground.did_until")
    decided = tuple(
        t("playground.decided", table=each.decision_id, row=each.rule_id, answer=_shown(each.outputs))
        for each in happening.decided
    )
    return Line(happening, what, decided, tuple(names.get(name, name) for name in happening.tasks))
