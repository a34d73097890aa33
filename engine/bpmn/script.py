"""What SpiffWorkflow asks when it meets an expression: the whitelist evaluator and nothing else; scripts never run.

One `Present` serves one step; it also collects what the step must tell besides the tree: deadlines, milestones,
decisions, the order in which elements finished, and the flows that were taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine
from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway
from SpiffWorkflow.task import Task

from engine.bpmn import expressions
from engine.bpmn.elements import Element
from engine.bpmn.expressions import ExpressionError
from engine.bpmn.plain import due_instant, plain
from engine.bpmn.step import Decided, Moment, ReachedMilestone
from engine.errors import EngineError, Invalid, Problem

MAX_AUTOMATIC = 500  # elements that one step may pass; a diagram that needs more goes round in a circle
MAX_OPENED = 2_000  # instances of tasks done several times that one step may open


@dataclass(frozen=True)
class Way:
    """A sequence flow as a spec knows it: `target` is the name of the spec behind it."""

    flow_id: str
    target: str
    condition: str


class ExecutionFailed(Invalid):
    """The process cannot go on from here: names the element, and what in the diagram or the data is in the way."""

    def __init__(self, element: Element | None, zh: str, en: str) -> None:
        key, element_id = (element.process_key, element.element_id) if element else ("", "")
        where = f"{key}:{element_id}" if element else "process"
        if element:
            title = element.name or element_id
            zh, en = f"“{title}”：{zh}", f'"{title}": {en}'
        super().__init__(
            "execution.failed",
            "the process cannot go on",
            (Problem(where, zh, en),),
            process_key=key,
            element_id=element_id,
        )
        self.element = element


class NoScripts(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    """The environment behind the engine, for the paths that go around it: all of them lead to a refusal."""

    def evaluate(self, expression: str, context: Any, external_context: Any = None) -> Any:
        return expressions.evaluate(expression, context, {})

    def execute(self, script: str, context: Any, external_context: Any = None) -> Any:
        raise ExecutionFailed(None, "流程图里的脚本不会被执行。", "scripts in diagrams are never run.")

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        raise ExecutionFailed(None, "流程图不能直接调用服务。", "diagrams cannot call services.")


NO_SCRIPTS = NoScripts()


class Present(PythonScriptEngine):  # type: ignore[misc]
    """The script engine of one step."""

    def __init__(self, moment: Moment) -> None:
        super().__init__(environment=NO_SCRIPTS)
        self.moment = moment
        self.deadlines: dict[Any, Any] = {}  # task id → the deadline value, richer than the ISO text that is kept
        self.ran = 0
        self.opened = 0
        self.passed: list[tuple[str, str]] = []
        self.gone: list[tuple[str, str]] = []
        self._held: tuple[Any, str] = (None, "")  # the condition that held last, and at which task
        self.milestones: list[ReachedMilestone] = []
        self.decisions: list[Decided] = []

    def evaluate(self, task: Task, expression: str, external_context: Any = None) -> Any:
        value = self.value(element_of(task), expression, task.data)
        if value:
            self._held = task.id, expression
        return value

    def opens(self, element: Element | None, count: int) -> None:
        """So many instances of one task are about to open. Raises ExecutionFailed when it is too many for one step."""
        self.opened += count
        if self.opened > MAX_OPENED:
            raise ExecutionFailed(
                element,
                f"一步要打开 {self.opened} 个多实例任务，最多 {MAX_OPENED} 个。请缩短列表或减少次数。",
                f"one step would open {self.opened} instances of multi-instance tasks, at most {MAX_OPENED}. "
                "Shorten the lists, or do them less often.",
            )

    def execute(self, task: Task, script: str, external_context: Any = None) -> Any:
        raise ExecutionFailed(element_of(task), "流程图里的脚本不会被执行。", "scripts in diagrams are never run.")

    def value(self, element: Element | None, expression: str, names: Mapping[str, Any]) -> Any:
        try:
            return expressions.evaluate(expression, names, self.moment.functions)
        except ExpressionError as error:
            problem = error.problems[0]
            raise ExecutionFailed(element, problem.zh, problem.en) from error

    def inputs(self, task: Task, element: Element) -> dict[str, Any]:
        return {name: plain(self.value(element, text, task.data), name) for name, text in element.inputs.items()}

    def deadline(
        self, element: Element, expression: str, names: Mapping[str, Any]
    ) -> tuple[Any, str | None, dict[str, Any]]:
        """The deadline, its due instant as ISO text (None: no deadline), and the variables it was computed from."""
        value = self.value(element, expression, names)
        used = {name: plain(names[name], name) for name in sorted(expressions.names_of(expression)) if name in names}
        if value is None:
            return None, None, used
        due_at = due_instant(value)
        if due_at is None:
            raise ExecutionFailed(
                element,
                f"期限 {expression} 算出来的不是时间：{value!r}。",
                f"the deadline {expression} gives {value!r}, which is no instant with a time zone.",
            )
        return (due_at if isinstance(value, str) else value), due_at.isoformat(), used

    def finished(self, task: Task) -> None:
        """Called for every task of the tree that completed; notes those that stand in the diagram."""
        self.ran += 1
        element = element_of(task)
        if element is None or task.task_spec.name != element.element_id:  # a child of a multi-instance task
            return
        if self.moment.checkpoint is not None:
            self.moment.checkpoint(element)
        self.passed.append((element.process_key, element.element_id))
        if self.moment.notes_flows:
            self.gone += [(element.process_key, way.flow_id) for way in self._taken(task)]
        if len(self.passed) > MAX_AUTOMATIC:
            raise ExecutionFailed(
                element,
                "流程在自动环节之间不停循环，没有任务或等待。请在循环中加入任务或定时等待。",
                "the process goes round in automatic elements without a task or a wait. Put one into the loop.",
            )
        if element.milestone:
            due, _, used = (
                self.deadline(element, element.due_expression, task.data)
                if element.due_expression
                else (None, None, {})
            )
            self.milestones.append(ReachedMilestone(element, element.milestone, dict(task.data), due, used))

    def _taken(self, task: Task) -> list[Way]:
        """The flows that led on from a task which completed: what stands below it now was reached along them."""
        reached = {child.task_spec.name for child in task.children}
        ways = [way for way in task.task_spec.ways if way.target in reached]
        if len(ways) < 2 or not isinstance(task.task_spec, ExclusiveGateway):
            return ways
        # Two flows of a choice lead to one place: the condition that held tells which, or else it was the default.
        held = self._held[1] if self._held[0] == task.id else ""
        return [way for way in ways if way.condition == held][:1]


def element_of(task: Task) -> Element | None:
    return getattr(task.task_spec, "element", None)


def present_of(task: Task) -> Present:
    engine = task.workflow.top_workflow.script_engine
    if not isinstance(engine, Present):
        raise EngineError("execution.no_moment", "a process moves only inside a step")
    return engine
