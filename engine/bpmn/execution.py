"""A process instance in memory: one act comes in, the process runs on until it waits again, a `Step` comes out.

It knows no rows. When an act raises, the execution is spent: load it again from the last dump.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import state
from engine.bpmn.activities import JobTask, PersonTask
from engine.bpmn.definition import Model
from engine.bpmn.elements import Element
from engine.bpmn.events import DueDateTimer, EventGateway, MessageWait, gateway_token, trigger
from engine.bpmn.plain import due_instant, plain_variables
from engine.bpmn.script import ExecutionFailed, Present, element_of
from engine.bpmn.step import Moment, OpenedJob, OpenedTask, OpenedTimer, Step, Token, opened_wait
from engine.bpmn.trim import trim
from engine.bpmn.workflow import LeanWorkflow, tree
from engine.errors import Rejected


class NotLive(Rejected):
    """What the act was for has passed or was cancelled, or never was."""


@dataclass(frozen=True)
class _Live:
    """A live token with the tree task behind it; behind an event gateway several tokens share one task."""

    token: str
    kind: str
    element: Element
    task: Task
    store: dict[str, Any]  # where its deadline is kept

    def as_token(self) -> Token:
        return Token(self.token, self.element.process_key, self.element.element_id, self.kind)


class Execution:
    """One process instance. Make it with `start` or `load`; every act returns what it changed."""

    def __init__(self, model: Model, workflow: LeanWorkflow) -> None:
        self.model = model
        self._workflow = workflow
        self._is_spent = False
        self._seen: dict[str, _Live] | None = None  # what lives, while nothing moves

    @classmethod
    def start(cls, model: Model, variables: Mapping[str, Any], moment: Moment) -> tuple["Execution", Step]:
        """A new instance, run to where it first waits. Raises ExecutionFailed, or Invalid for the variables."""
        given = plain_variables(variables)
        workflow = LeanWorkflow(model.specs[model.root_key], model.specs)
        workflow.begin()
        workflow.task_tree.data = given
        execution = cls(model, workflow)
        return execution, execution._step(moment, {}, lambda: None)

    @classmethod
    def load(cls, model: Model, blob: bytes, moment: Moment | None = None) -> "Execution":
        """The instance as it was dumped. Raises StateMismatch when the blob was made with other definitions."""
        return cls(model, state.load(model, blob))

    def dump(self) -> bytes:
        return state.dump(self._workflow, self.model.definition_ids)

    @property
    def is_ended(self) -> bool:
        return bool(self._workflow.completed)

    def complete(self, token: str, variables: Mapping[str, Any], moment: Moment) -> Step:
        """A person is done with the user task `token`. Raises NotLive, ExecutionFailed."""
        return self._finish(token, "user", variables, moment, lambda task: task.run())

    def complete_job(self, token: str, variables: Mapping[str, Any], moment: Moment) -> Step:
        """The worker is done with the job `token`. Raises NotLive, ExecutionFailed."""
        return self._finish(token, "job", variables, moment, lambda task: task.complete())

    def fire(self, token: str, moment: Moment) -> Step:
        """The timer `token` is due; the caller has looked at the clock. Raises NotLive, ExecutionFailed."""
        before = self._live()
        live = self._of_kind(before, token, "timer")
        return self._step(moment, before, lambda: trigger(live.task, live.element.element_id))

    def deliver(
        self,
        message_name: str,
        variables: Mapping[str, Any],
        moment: Moment,
        tokens: frozenset[str] | None = None,
    ) -> Step:
        """Every event of this instance that waits for the message gets it, or of these tokens only. Raises NotLive
        when none does."""
        before, payload = self._live(), plain_variables(variables)
        waiting = [
            live
            for live in before.values()
            if live.kind == "wait" and live.element.message == message_name and (tokens is None or live.token in tokens)
        ]
        if not waiting:
            raise NotLive(
                "message.not_awaited", f"nothing waits for the message {message_name!r}", message_name=message_name
            )

        def act() -> None:
            for live in waiting:
                if live.task.state == TaskState.WAITING:
                    trigger(live.task, live.element.element_id, payload)

        return self._step(moment, before, act)

    def cancel(self, moment: Moment) -> Step:
        """End the instance here; everything that lives is closed."""
        return self._step(moment, self._live(), lambda: self._workflow.cancel())

    def rearrange(self, act: Callable[[LeanWorkflow], Any], moment: Moment) -> Step:
        """One step whose act changes the tree by hand, for what no diagram foresees; then it runs on by itself."""
        return self._step(moment, self._live(), lambda: act(self._workflow))

    def waits_for(self, message_name: str) -> bool:
        return any(live.kind == "wait" and live.element.message == message_name for live in self._live().values())

    def tokens(self) -> list[Token]:
        """What lives now, in the order of the diagram's flow."""
        return [live.as_token() for live in self._live().values()]

    def active_elements(self) -> list[tuple[str, str]]:
        """Where the instance stands, for drawing: live tokens and the called or embedded processes around them."""
        around = [
            (element.process_key, element.element_id)
            for process in self._workflow.running()
            for task in tree(process)
            if task.id in self._workflow.subprocesses and task.has_state(TaskState.NOT_FINISHED_MASK)
            if (element := element_of(task)) is not None
        ]
        return list(dict.fromkeys([*around, *((token.process_key, token.element_id) for token in self.tokens())]))

    def variables(self, token: str | None = None) -> dict[str, Any]:
        """The variables of one live token; without a token those of the instance.

        While branches run beside each other the instance has those of all of them; where they differ, of the newest
        user task. Raises NotLive for a token that does not live.
        """
        live = self._live()
        if token is not None:
            if token not in live:
                raise _not_live(token)
            return dict(live[token].task.data)
        if self.is_ended or not live:
            return dict(self._workflow.data)
        found: dict[str, Any] = {}
        for each in sorted(live.values(), key=lambda one: one.kind == "user"):
            found.update(each.task.data)
        return found

    def _finish(
        self, token: str, kind: str, variables: Mapping[str, Any], moment: Moment, run: Callable[[Task], Any]
    ) -> Step:
        before, given = self._live(), plain_variables(variables)
        task = self._of_kind(before, token, kind).task

        def act() -> None:
            # A new dictionary: nested values are shared with the tasks before, which are history.
            task.data = {**task.data, **given}
            run(task)
            present = self._workflow.script_engine
            present.finished(task)

        return self._step(moment, before, act)

    def _step(self, moment: Moment, before: dict[str, _Live], act: Callable[[], Any]) -> Step:
        if self._is_spent:
            raise RuntimeError("this execution broke in an earlier step; load it again")
        present = self._workflow.script_engine = Present(moment)
        self._seen = None
        try:
            act()
            self._run(present)
        except SpiffWorkflowException as error:
            self._is_spent = True
            raise _failed(error) from error
        except RecursionError as error:
            self._is_spent = True
            raise ExecutionFailed(
                None, "流程经过的环节太多，无法继续。", "the process has passed too many elements to go on."
            ) from error
        except BaseException:
            self._is_spent = True
            raise
        self._workflow.bpmn_events.clear()
        trim(self._workflow)
        self._seen = None
        return self._changes(before, present)

    def _run(self, present: Present) -> None:
        """Until nothing automatic is ready. One call does not do: what becomes ready last is left over."""
        ran = -1
        while self._is_ready():
            if present.ran == ran:
                raise ExecutionFailed(None, "流程无法继续。", "the process has automatic elements that never run.")
            ran = present.ran
            self._workflow.do_engine_steps(did_complete_task=present.finished)

    def _is_ready(self) -> bool:
        return any(
            task._state == TaskState.READY and not task.task_spec.manual
            for process in self._workflow.running()
            for task in process.tasks.values()
        )

    def _live(self) -> dict[str, _Live]:
        if self._seen is None:
            found = (live for process in self._workflow.running() for task in tree(process) for live in _live_of(task))
            self._seen = {live.token: live for live in found}
        return self._seen

    def _of_kind(self, live: dict[str, _Live], token: str, kind: str) -> _Live:
        found = live.get(token)
        if found is None or found.kind != kind:
            raise _not_live(token)
        return found

    def _changes(self, before: dict[str, _Live], present: Present) -> Step:
        after = self._live()
        opened = [live for token, live in after.items() if token not in before]
        return Step(
            opened_tasks=tuple(_opened_task(live, present) for live in opened if live.kind == "user"),
            closed=tuple(live.as_token() for token, live in before.items() if token not in after),
            opened_timers=tuple(
                OpenedTimer(
                    live.token,
                    live.element,
                    _due(live, present),
                    live.element.timer_expression,
                    dict(live.store["names"]),
                )
                for live in opened
                if live.kind == "timer"
            ),
            opened_jobs=tuple(
                OpenedJob(live.token, live.element, live.element.job_kind, dict(live.store["inputs"]))
                for live in opened
                if live.kind == "job"
            ),
            opened_waits=tuple(
                opened_wait(live.token, live.element, live.task.data) for live in opened if live.kind == "wait"
            ),
            milestones=tuple(present.milestones),
            passed=tuple(present.passed),
            gone=tuple(present.gone),
            ended=self.is_ended,
            decisions=tuple(present.decisions),
        )

    def set_variables(self, variables: Mapping[str, Any], moment: Moment) -> Step:
        """By hand: every live token has these from now on, and what waits to be joined as well, so that no older
        value comes back. Where the process stands does not change. Raises Invalid."""
        given = plain_variables(variables)

        def act() -> None:
            live = {each.task.id for each in self._live().values()}
            for process in self._workflow.running():
                for task in process.tasks.values():
                    meant = given if task.id in live else {name: given[name] for name in given if name in task.data}
                    if meant:
                        task.data = {**task.data, **meant}

        return self._step(moment, self._live(), act)


def _live_of(task: Task) -> Iterator[_Live]:
    spec, element = task.task_spec, element_of(task)
    if element is None:
        return
    if task._state == TaskState.READY and isinstance(spec, PersonTask):
        yield _Live(task.id.hex, "user", element, task, task.internal_data)
    elif task._state == TaskState.STARTED and isinstance(spec, JobTask):
        yield _Live(task.id.hex, "job", element, task, task.internal_data)
    elif task._state == TaskState.WAITING and isinstance(spec, EventGateway):
        for event in spec.outputs:
            token = gateway_token(task, event.name).hex
            yield from _event(token, event, event.element, task, task.internal_data["waits"][event.name])
    elif task._state == TaskState.WAITING:
        yield from _event(task.id.hex, spec, element, task, task.internal_data)


def _event(token: str, spec: Any, element: Element, task: Task, store: dict[str, Any]) -> Iterator[_Live]:
    definition = getattr(spec, "event_definition", None)
    if isinstance(definition, DueDateTimer) and store.get("due") is not None:
        yield _Live(token, "timer", element, task, store)
    elif isinstance(definition, MessageWait):
        yield _Live(token, "wait", element, task, store)


def _opened_task(live: _Live, present: Present) -> OpenedTask:
    names = dict(live.store.get("names", {}))
    return OpenedTask(live.token, live.element, dict(live.task.data), _due(live, present), names)


def _due(live: _Live, present: Present) -> Any:
    """The deadline as its function gave it in this step; the instant, should it come from an earlier one."""
    deadline = present.deadlines.get((live.task.id, live.element.element_id))
    return deadline if deadline is not None else due_instant(live.store.get("due"))


def _not_live(token: str) -> NotLive:
    return NotLive("token.not_live", f"{token} does not live any more", token=token)


def _failed(error: SpiffWorkflowException) -> ExecutionFailed:
    task = getattr(error, "task", None)
    spec = getattr(error, "task_spec", None)
    element = element_of(task) if task is not None else getattr(spec, "element", None)
    if "No conditions satisfied" in str(error):
        return ExecutionFailed(
            element,
            "没有一个条件成立，也没有默认出口。请给网关设一条默认连线。",
            "no condition holds and there is no default flow. Give the gateway a default flow.",
        )
    return ExecutionFailed(element, f"无法继续：{error}", f"cannot go on: {error}")
