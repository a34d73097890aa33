"""What the check says of the walks beside a diagram: can they be read, do they expect anything, could a form hand in
what they hand in. A bad walk does not keep a folder from being deployed."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Final

from engine.bpmn.elements import Element, read_elements
from engine.errors import Invalid, Problem
from engine.sources import Folder
from engine.trials.play import proves
from engine.trials.script import Script, ScriptStep, read_script
from forms.answers import AnswerFault, answer_faults
from forms.form import Form, load_form

MOST: Final = 200  # faults of one walk; nobody reads more before the first are mended
_RETURN: Final = frozenset({"outcome", "return_reason"})  # what sending a task back hands in, without its form


def check_walks(key: str, files: Mapping[str, bytes], beside: Iterable[Folder]) -> list[Problem]:
    """Of the folder `key`; `beside` has the processes that it calls."""
    names = sorted(name for name in files if name.startswith("tests/") and name.endswith(".toml"))
    tasks = _Tasks([Folder(key, dict(files)), *(folder for folder in beside if folder.key != key)])
    return [problem for name in names for problem in _check(name, files[name], tasks)]


def _check(name: str, content: bytes, tasks: "_Tasks") -> Iterator[Problem]:
    try:
        script = read_script(content, what=name)
    except Invalid as error:
        for problem in error.problems:
            yield _problem("walk-readable", name, problem.where.removeprefix(name).lstrip(":"), problem.zh, problem.en)
        return
    yield from _unproven(name, script)
    faults = ((number, step, fault) for number, step in enumerate(script.steps, 1) for fault in tasks.faults(step))
    for number, step, fault in islice(faults, MOST):
        yield _problem(
            "walk-answers",
            name,
            f"steps.#{number}.variables.{fault.key}",
            f"第 {number} 步替“{step.complete}”填的内容，表单交不出来：{fault.words.zh}",
            f'Step {number} hands in for "{step.complete}" what its form cannot: {fault.words.by("en")}',
        )


def _unproven(name: str, script: Script) -> Iterator[Problem]:
    if not any(proves(step.expect) for step in script.steps):
        zh = "这个走查没有写任何 expect，走完也不能证明什么，运行时算未通过。请至少在一步写明预期。"
        en = "The walk expects nothing, so it proves nothing and fails when played. Say at least at one step what it "
        yield _problem("walk-expects", name, "", zh, f"{en}leads to.")


def _problem(rule: str, name: str, place: str, zh: str, en: str) -> Problem:
    return Problem(f"{name}:{place}".rstrip(":"), zh, en, severity="warning", rule=rule, element_id=place)


class _Tasks:
    """The user tasks of some folders with their forms; diagrams and forms that cannot be read are told elsewhere."""

    def __init__(self, folders: list[Folder]) -> None:
        self._folders = folders
        self._forms: dict[tuple[str, str], Form | None] = {}

    def faults(self, step: ScriptStep) -> list[AnswerFault]:
        """None where a task of that id, in whatever process, could be completed like this."""
        found = [self._faults(folder, task, step) for folder, task in self._named(step.complete)]
        return found[0] if found and all(found) else []

    def _named(self, element_id: str) -> list[tuple[Folder, Element]]:
        """In the folder itself, else in those beside it: they are looked at only then."""
        own = self._own.get(element_id)
        if own is not None or not element_id:
            return [(self._folders[0], own)] if own is not None else []
        return [(folder, tasks[element_id]) for folder, tasks in self._others if element_id in tasks]

    @cached_property
    def _own(self) -> Mapping[str, Element]:
        return _tasks_of(self._folders[0])

    @cached_property
    def _others(self) -> list[tuple[Folder, Mapping[str, Element]]]:
        return [(folder, _tasks_of(folder)) for folder in self._folders[1:]]

    def _faults(self, folder: Folder, task: Element, step: ScriptStep) -> list[AnswerFault]:
        if task.returnable and step.variables.get("outcome") == "returned" and step.variables.keys() <= _RETURN:
            return []
        form = self._form(folder, f"{task.form_key}.form")
        return list(islice(answer_faults(form, step.variables), MOST)) if form is not None else []

    def _form(self, folder: Folder, name: str) -> Form | None:
        if (folder.key, name) not in self._forms:
            self._forms[folder.key, name] = _form_of(folder, name)
        return self._forms[folder.key, name]


def _tasks_of(folder: Folder) -> Mapping[str, Element]:
    try:
        elements = read_elements(folder.files.get(f"{folder.key}.bpmn", b""))
    except Invalid:
        return {}
    return {element.element_id: element for element in elements if element.type == "userTask"}


def _form_of(folder: Folder, name: str) -> Form | None:
    try:
        return load_form(folder.files[name], name)
    except (KeyError, Invalid):
        return None
