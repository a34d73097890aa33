"""What a process does: tasks for people, jobs for the worker, decisions, called processes, several at once."""

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.defaults import (
    CallActivity,
    ParallelMultiInstanceTask,
    SequentialMultiInstanceTask,
    SubWorkflowTask,
    UserTask,
)
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.decision import Decision, DecisionError, DecisionResult
from engine.bpmn.elements import Element
from engine.bpmn.events import task_deadline
from engine.bpmn.plain import plain, same
from engine.bpmn.script import ExecutionFailed, element_of, present_of
from engine.bpmn.step import Decided, Moment

MAX_INSTANCES = 500  # of one task


class PersonTask(UserTask):  # type: ignore[misc]
    """A user task; its deadline is computed when it opens."""

    def _on_ready_hook(self, my_task: Task) -> None:
        super()._on_ready_hook(my_task)
        task_deadline(my_task)


class JobTask(BpmnSpecMixin):  # type: ignore[misc]
    """A service task: notes its inputs, then stays STARTED until the worker brings a result."""

    def _run_hook(self, my_task: Task) -> bool | None:
        super()._run_hook(my_task)
        element = _element(my_task)
        my_task.internal_data["inputs"] = present_of(my_task).inputs(my_task, element)
        return None


class DecisionTask(BpmnSpecMixin):  # type: ignore[misc]
    """A business rule task: its table's outputs become variables. `decision` is set when the model is built; None is
    a table of the campaign, which the moment knows."""

    decision: Decision | None

    def _run_hook(self, my_task: Task) -> bool:
        super()._run_hook(my_task)
        element, present = _element(my_task), present_of(my_task)
        try:
            result = self._decide({**my_task.data, **present.inputs(my_task, element)}, present.moment, element)
        except DecisionError as error:
            raise ExecutionFailed(element, error.zh, error.en) from error
        my_task.data = {**my_task.data, **plain(result.outputs)}
        decided = dict(result.outputs), dict(result.inputs), result.definition_id
        present.decisions.append(Decided(element, result.decision_id, result.rule_id, *decided))
        return True

    def _decide(self, data: dict[str, Any], moment: Moment, element: Element) -> DecisionResult:
        if self.decision is not None:
            return self.decision.decide(data, moment.functions)
        if moment.decide is None:
            ref = element.decision_ref
            raise DecisionError(ref, f"这里没有专项行动的“{ref}”规则表。", f"Here is no campaign with a table {ref}.")
        return moment.decide(element.decision_ref, data)


class _Called(BpmnTaskSpec):  # type: ignore[misc]
    """Variables flow in and out whole, without copies: data is never changed in place."""

    def copy_data(self, my_task: Task, subworkflow: Any) -> None:
        subworkflow.task_tree.data = dict(my_task.data)

    def update_data(self, my_task: Task, subworkflow: Any) -> None:
        my_task.data = dict(subworkflow.last_task.data)


class CalledProcess(_Called, CallActivity):  # type: ignore[misc]
    pass


class EmbeddedProcess(_Called, SubWorkflowTask):  # type: ignore[misc]
    pass


class _Several(MultiInstanceTask):  # type: ignore[misc]
    """A multi-instance user task that can be reached again and never changes data in place.

    With an output collection the results stand in the order of the input; without one each child's changes are kept.
    """

    opens_at_most: int  # of its instances stand open beside each other

    def _update_hook(self, my_task: Task) -> Any:
        present_of(my_task).opens(element_of(my_task), min(self._count(my_task), self.opens_at_most))
        return super()._update_hook(my_task)

    def _count(self, my_task: Task) -> int:
        """How often it is done, looked at before SpiffWorkflow makes as many tasks. Raises ExecutionFailed."""
        if self.data_input is not None:
            name = self.data_input.bpmn_id
            items = my_task.parent.data.get(name)
            if not isinstance(items, list) or len(items) > MAX_INSTANCES:
                raise ExecutionFailed(
                    element_of(my_task),
                    f"多实例需要列表变量“{name}”（最多 {MAX_INSTANCES} 项）。",
                    f'"{name}" must be a list of at most {MAX_INSTANCES} items; the task is done once for each.',
                )
            return len(items)
        count = present_of(my_task).value(element_of(my_task), self.cardinality, my_task.parent.data)
        if type(count) is not int or not 0 <= count <= MAX_INSTANCES:
            raise ExecutionFailed(
                element_of(my_task),
                f"办理次数 {self.cardinality} 算出来是 {_short(count)}，应为 0 至 {MAX_INSTANCES} 的整数。"
                "请更正流程图里的次数，或者它用到的变量。",
                f"how often it is done, {self.cardinality}, gives {_short(count)}; it must be a whole number from 0 to "
                f"{MAX_INSTANCES}. Mend it in the diagram, or the variables it is made of.",
            )
        return count

    def init_data_output_with_input_data(self, my_task: Task, input_data: Any) -> None:
        self.data_output.set(my_task, [])

    def init_data_output_with_cardinality(self, my_task: Task) -> None:
        self.data_output.set(my_task, [])

    def create_child(self, my_task: Task, item: Any, key_or_index: Any = None) -> None:
        own = self._own_names()
        if any(name in my_task.data for name in own):
            my_task.data = {name: value for name, value in my_task.data.items() if name not in own}
        child = my_task._add_child(my_task.workflow.spec.task_specs[self.task_spec], TaskState.WAITING)
        child.triggered = True
        if self.input_item is not None:
            child.data = {self.input_item.bpmn_id: item}
        child.internal_data["key_or_index"] = key_or_index if key_or_index is not None else item
        child.task_spec._update(child)

    def merge_child(self, workflow: Any, child: Task) -> None:
        my_task = child.parent
        if self.data_output is not None and self.output_item is not None:
            results = my_task.internal_data.setdefault("results", [])
            results.append([child.internal_data["key_or_index"], child.data.get(self.output_item.bpmn_id)])
            if all(isinstance(index, int) for index, _ in results):
                results.sort(key=lambda result: result[0])
            self._write(my_task, {self.data_output.bpmn_id: [value for _, value in results]})
        else:
            own = self._own_names()
            before = my_task.parent.data
            changed = {
                name: value
                for name, value in child.data.items()
                if name not in own and not (name in before and same(value, before[name]))
            }
            self._write(my_task, changed)
        my_task.internal_data["merged"].append(str(child.id))

    def _write(self, my_task: Task, changes: dict[str, Any]) -> None:
        my_task.data = {**my_task.data, **changes}

    def _own_names(self) -> set[str]:
        return {item.bpmn_id for item in (self.input_item, self.output_item) if item is not None}


class SeveralAtOnce(_Several, ParallelMultiInstanceTask):  # type: ignore[misc]
    opens_at_most = MAX_INSTANCES

    def merge_child(self, workflow: Any, child: Task) -> None:
        my_task = child.parent
        _Several.merge_child(self, workflow, child)
        if self.check_completion_condition(my_task):
            for other in self._instances(my_task):
                other.cancel()
            my_task._set_state(TaskState.READY)
        elif self.children_complete(my_task):
            my_task._set_state(TaskState.READY)


class SeveralInTurn(_Several, SequentialMultiInstanceTask):  # type: ignore[misc]
    opens_at_most = 1

    def merge_child(self, workflow: Any, child: Task) -> None:
        my_task = child.parent
        _Several.merge_child(self, workflow, child)
        if self.children_complete(my_task) or self.check_completion_condition(my_task):
            my_task._set_state(TaskState.READY)
        else:
            self.add_next_child(my_task)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _element(my_task: Task) -> Element:
    element = element_of(my_task)
    assert element is not None
    return element
