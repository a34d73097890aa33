"""Our process folders run by plain SpiffWorkflow 3.2.0: what the engine is compared with, in result and in cost.

Stock: the parser classes, gateways, joins and the end join, multi-instance, call activity and embedded subprocess,
boundary events, the event gateway, the engine loop, the script engine class, `BpmnWorkflow`, `BpmnWorkflowSerializer`.

Ours, because the dialect means it so:
- expressions are evaluated by `engine.bpmn.expressions` with the functions of the present `Moment`;
- flows keep the order of the file, and multi-instance variables go by name, not by id (two parser methods);
- a timer's due instant is computed when it is armed and it fires when it is told to, not when a clock says so; on a
  boundary event it may say `due`. Two timers of one event gateway do not share their instant, as stock timers would;
- a service task waits for its worker as a manual task waits for its person;
- a business rule task asks `engine.bpmn.decision`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EventBasedGatewayParser,
    IntermediateCatchEventParser,
)
from SpiffWorkflow.bpmn.parser.task_parsers import (
    CallActivityParser,
    ConditionalGatewayParser,
    GatewayParser,
    SubWorkflowParser,
)
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.config import DEFAULT_CONFIG
from SpiffWorkflow.bpmn.serializer.default.event_definition import TimerConditionalEventDefinitionConverter
from SpiffWorkflow.bpmn.serializer.default.task_spec import BpmnTaskSpecConverter
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    CallActivity,
    EventBasedGateway,
    ExclusiveGateway,
    IntermediateCatchEvent,
    ManualTask,
    ParallelGateway,
    SubWorkflowTask,
    UserTask,
)
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition, TimeDateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import expressions
from engine.bpmn.decision import OF_CAMPAIGN, Decision, read_decisions
from engine.bpmn.definition import Definition
from engine.bpmn.document import bpmn
from engine.bpmn.elements import Element, read_elements
from engine.bpmn.plain import due_instant, plain, plain_variables
from engine.bpmn.step import Moment

RunHook = Callable[[Task], None]


class WorkerTask(ManualTask):  # type: ignore[misc]
    """A service task: stands READY until the test plays the worker."""


class TableTask(BpmnSpecMixin):  # type: ignore[misc]
    """A business rule task."""

    def _run_hook(self, my_task: Task) -> bool:
        super()._run_hook(my_task)
        my_task.data = {**my_task.data, **_environment(my_task).decide(my_task)}
        return True


class OrderedTimer(TimeDateEventDefinition):  # type: ignore[misc]
    """A stock date timer without a clock. Named by its element, so that it finds it again after a round trip."""

    def has_fired(self, my_task: Task) -> bool:
        values = my_task.internal_data.setdefault("event_value", {})
        if self.name not in values:
            values[self.name] = _environment(my_task).armed(my_task, self)
        return bool(my_task.internal_data.get("ordered") == self.name)

    def reset(self, my_task: Task) -> None:
        super().reset(my_task)
        my_task.internal_data.pop("ordered", None)


class _Dialect(TaskParser):  # type: ignore[misc]
    def get_position(self, node: Any = None) -> dict[str, float]:
        return {"x": 0.0, "y": 0.0}

    def create_data_spec(self, item: Any, cls: Any) -> Any:
        return cls(item.get("name") or item.get("id"), item.get("name"))


class _Timers(_Dialect):
    def parse_timer_event(self, event: Any) -> OrderedTimer:
        return OrderedTimer(self.node.get("id"), event.findtext(f".//{bpmn('timeDate')}").strip())


class _Gateway(_Dialect, GatewayParser):  # type: ignore[misc]
    pass


class _Choice(_Dialect, ConditionalGatewayParser):  # type: ignore[misc]
    pass


class _Call(_Dialect, CallActivityParser):  # type: ignore[misc]
    pass


class _Embedded(_Dialect, SubWorkflowParser):  # type: ignore[misc]
    pass


class _Catch(_Timers, IntermediateCatchEventParser):  # type: ignore[misc]
    pass


class _Boundary(_Timers, BoundaryEventParser):  # type: ignore[misc]
    pass


class _FirstOf(_Timers, EventBasedGatewayParser):  # type: ignore[misc]
    pass


class PlainParser(BpmnParser):  # type: ignore[misc]
    OVERRIDE_PARSER_CLASSES: ClassVar[dict[str, Any]] = {
        bpmn("userTask"): (_Dialect, UserTask),
        bpmn("serviceTask"): (_Dialect, WorkerTask),
        bpmn("businessRuleTask"): (_Dialect, TableTask),
        bpmn("callActivity"): (_Call, CallActivity),
        bpmn("subProcess"): (_Embedded, SubWorkflowTask),
        bpmn("exclusiveGateway"): (_Choice, ExclusiveGateway),
        bpmn("parallelGateway"): (_Gateway, ParallelGateway),
        bpmn("intermediateCatchEvent"): (_Catch, IntermediateCatchEvent),
        bpmn("boundaryEvent"): (_Boundary, BoundaryEvent),
        bpmn("eventBasedGateway"): (_FirstOf, EventBasedGateway),
    }


class PlainModel:
    """The root process, what it calls, and what the stock specs do not hold: our attributes and decision tables."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        parser = PlainParser()
        self.elements: dict[tuple[str, str], Element] = {}
        self.decisions: dict[tuple[str, str], Decision] = {}
        self.process_of: dict[str, str] = {}  # the process in whose file a spec is drawn
        for definition in definitions:
            xml = definition.files[f"{definition.key}.bpmn"]
            parser.add_bpmn_str(xml, definition.key)
            self.process_of[definition.key] = definition.key
            for element in read_elements(xml):
                self.elements[definition.key, element.element_id] = element
                if element.type == "subProcess":
                    assert element.element_id not in self.process_of, "two embedded processes of one name"
                    self.process_of[element.element_id] = definition.key
            for name, content in definition.files.items():
                if name.endswith(".dmn"):
                    found = read_decisions(content)
                    self.decisions |= {(definition.key, each): table for each, table in found.items()}
        self.root_key = definitions[0].key
        self.spec = parser.get_spec(self.root_key)
        self.subprocess_specs = parser.get_subprocess_specs(self.root_key)
        self.items = self._items()
        self.serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(_CONFIG))

    def element_of(self, task: Task) -> Element | None:
        element_id = task.task_spec.bpmn_id
        return self.elements.get((self.process_of[task.workflow.spec.name], element_id)) if element_id else None

    def _items(self) -> dict[tuple[str, str], str]:
        """The variable of one item, by multi-instance task."""
        specs = {self.root_key: self.spec, **self.subprocess_specs}
        return {
            (self.process_of[name], task.bpmn_id): task.input_item.bpmn_id
            for name, spec in specs.items()
            for task in spec.task_specs.values()
            if isinstance(task, MultiInstanceTask) and task.input_item is not None
        }

    def place_of(self, task: Task) -> tuple[str, str]:
        return self.process_of[task.workflow.spec.name], task.task_spec.bpmn_id or task.task_spec.name


_CONFIG = {
    **DEFAULT_CONFIG,
    WorkerTask: BpmnTaskSpecConverter,
    TableTask: BpmnTaskSpecConverter,
    OrderedTimer: TimerConditionalEventDefinitionConverter,
}


class DialectEnvironment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    """What the stock script engine evaluates with."""

    def __init__(self, model: PlainModel, moment: Moment) -> None:
        super().__init__()
        self.model = model
        self.moment = moment

    def evaluate(self, expression: str, context: Any, external_context: Any = None) -> Any:
        return expressions.evaluate(expression, context, self.moment.functions)

    def decide(self, task: Task) -> dict[str, Any]:
        element = self.model.element_of(task)
        assert element is not None
        told = {name: plain(self.evaluate(text, task.data)) for name, text in element.inputs.items()}
        names = {**task.data, **told}
        if element.decision_ref in OF_CAMPAIGN:
            assert self.moment.decide is not None
            decided = self.moment.decide(element.decision_ref, names)
        else:
            decision = self.model.decisions[element.process_key, element.decision_ref]
            decided = decision.decide(names, self.moment.functions)
        outputs: dict[str, Any] = plain(decided.outputs)
        return outputs

    def armed(self, task: Task, timer: OrderedTimer) -> str | None:
        names = dict(task.data)
        if isinstance(task.task_spec, BoundaryEvent):
            host = next(each for each in task.parent.children if not isinstance(each.task_spec, BoundaryEvent))
            due = self.deadline(host)
            if due is not None:
                names["due"] = due
        return _iso(self.evaluate(timer.expression, names))

    def deadline(self, task: Task) -> str | None:
        """The deadline of a user task, computed when first asked."""
        element = self.model.element_of(task)
        if element is None or not element.due_expression:
            return None
        if "due" not in task.internal_data:
            names = task.data or (task.parent.data if task.parent is not None else {})
            task.internal_data["due"] = _iso(self.evaluate(element.due_expression, names))
        due: str | None = task.internal_data["due"]
        return due


@dataclass(frozen=True)
class Live:
    """Something that waits. `item` tells children of a multi-instance task apart; `detail`: due, inputs or message."""

    process_key: str
    element_id: str
    kind: str
    item: str
    detail: str
    handle: tuple[UUID, str]
    data: dict[str, Any]

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        return self.process_key, self.element_id, self.kind, self.item, self.detail


class PlainInstance:
    """One process instance in plain SpiffWorkflow, with the acts of `engine.bpmn.execution.Execution`.

    `passed` lists the elements of the last act in the order they finished. `before` and `after` are called around each
    automatic task, for whoever looks over the engine's shoulder.
    """

    before: RunHook | None = None
    after: RunHook | None = None

    def __init__(self, model: PlainModel, workflow: BpmnWorkflow, environment: DialectEnvironment) -> None:
        self.model = model
        self.workflow = workflow
        self.passed: list[tuple[str, str]] = []
        self._environment = environment

    @classmethod
    def start(cls, model: PlainModel, variables: Mapping[str, Any], moment: Moment) -> "PlainInstance":
        instance = cls.ready(model, variables, moment)
        instance.run()
        return instance

    @classmethod
    def ready(cls, model: PlainModel, variables: Mapping[str, Any], moment: Moment) -> "PlainInstance":
        """Made but not yet run."""
        environment = DialectEnvironment(model, moment)
        workflow = BpmnWorkflow(model.spec, model.subprocess_specs, script_engine=PythonScriptEngine(environment))
        workflow.task_tree.data = plain_variables(variables)
        return cls(model, workflow, environment)

    @property
    def is_ended(self) -> bool:
        return bool(self.workflow.completed)

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.workflow.data)

    # -- acts ----------------------------------------------------------------------------------------------------------
    def complete(self, live: Live, variables: Mapping[str, Any], moment: Moment) -> None:
        """A person or the worker is done."""
        task = self.workflow.get_task_from_id(live.handle[0])
        self._begin(moment)
        task.data = {**task.data, **plain_variables(variables)}
        task.run()
        self._finished(task)
        self.run()

    complete_job = complete

    def fire(self, live: Live, moment: Moment) -> None:
        task = self.workflow.get_task_from_id(live.handle[0])
        self._begin(moment)
        task.internal_data["ordered"] = live.handle[1]
        self.workflow.refresh_timers()
        self.run()

    def deliver(self, message: str, variables: Mapping[str, Any], moment: Moment) -> None:
        self._begin(moment)
        self.workflow.send_event(BpmnEvent(MessageEventDefinition(message), payload=plain_variables(variables)))
        self.run()

    def run(self) -> None:
        """The stock loop until nothing automatic is ready: what becomes ready last is left over by one call."""
        self.workflow.do_engine_steps(self.before, self._finished)
        while any(
            task.state == TaskState.READY and not task.task_spec.manual
            for process in (self.workflow, *self.workflow.get_active_subprocesses())
            for task in process.tasks.values()
            if not self.workflow.completed
        ):
            self.workflow.do_engine_steps(self.before, self._finished)

    # -- what is there -------------------------------------------------------------------------------------------------
    def live(self) -> list[Live]:
        if self.is_ended:
            return []
        processes = (self.workflow, *self.workflow.get_active_subprocesses())
        found = [live for process in processes for task in process.tasks.values() for live in self._live_of(task)]
        return sorted(found, key=lambda live: live.key)

    def find(self, element_id: str) -> Live:
        return next(live for live in self.live() if live.element_id == element_id)

    # -- the stock serializer ------------------------------------------------------------------------------------------
    def serialize(self) -> str:
        """Everything, the specs too."""
        text: str = self.model.serializer.serialize_json(self.workflow)
        return text

    @classmethod
    def deserialize(cls, model: PlainModel, text: str, moment: Moment) -> "PlainInstance":
        environment = DialectEnvironment(model, moment)
        workflow = model.serializer.deserialize_json(text)
        workflow.script_engine = PythonScriptEngine(environment)
        return cls(model, workflow, environment)

    # -- bookkeeping ---------------------------------------------------------------------------------------------------
    def _begin(self, moment: Moment) -> None:
        self._environment.moment = moment
        self.passed = []

    def _finished(self, task: Task) -> None:
        if self.after is not None:
            self.after(task)
        if task.task_spec.bpmn_id and task.task_spec.name == task.task_spec.bpmn_id:
            self.passed.append(self.model.place_of(task))

    def _live_of(self, task: Task) -> list[Live]:
        spec = task.task_spec
        if task.state == TaskState.READY and isinstance(spec, WorkerTask):
            element = self.model.element_of(task)
            assert element is not None
            evaluate = self._environment.evaluate
            if "inputs" not in task.internal_data:
                inputs = {name: plain(evaluate(text, task.data), name) for name, text in element.inputs.items()}
                task.internal_data["inputs"] = inputs
            return [self._one(task, spec.bpmn_id, "job", json.dumps(task.internal_data["inputs"], sort_keys=True))]
        if task.state == TaskState.READY and isinstance(spec, UserTask):
            return [self._one(task, spec.bpmn_id, "user", self._environment.deadline(task) or "")]
        if task.state == TaskState.WAITING and isinstance(spec, EventBasedGateway):
            definitions = spec.event_definition.event_definitions
            return [
                live
                for event, definition in zip(spec.outputs, definitions, strict=True)
                for live in self._event(task, event.bpmn_id, definition)
            ]
        if task.state == TaskState.WAITING and isinstance(spec, CatchingEvent):
            return self._event(task, spec.bpmn_id, spec.event_definition)
        return []

    def _event(self, task: Task, element_id: str, definition: Any) -> list[Live]:
        if isinstance(definition, OrderedTimer):
            due = task.internal_data["event_value"].get(definition.name)
            return [self._one(task, element_id, "timer", due)] if due is not None else []
        if isinstance(definition, MessageEventDefinition):
            return [self._one(task, element_id, "wait", definition.name)]
        return []

    def _one(self, task: Task, element_id: str, kind: str, detail: str) -> Live:
        parent, item = task.parent, ""
        several = parent.task_spec
        is_one = isinstance(several, MultiInstanceTask) and several.task_spec == task.task_spec.name
        if is_one and several.input_item is not None:
            item = json.dumps(task.data.get(several.input_item.bpmn_id), sort_keys=True)
        process_key = self.model.process_of[task.workflow.spec.name]
        return Live(process_key, element_id, kind, item, detail, (task.id, element_id), task.data)


def _environment(task: Task) -> DialectEnvironment:
    environment = task.workflow.script_engine.environment
    assert isinstance(environment, DialectEnvironment)
    return environment


def _iso(value: Any) -> str | None:
    due = due_instant(value)
    assert due is not None or value is None, f"{value!r} is no instant"
    return None if due is None else instant_text(due)


def instant_text(due: datetime) -> str:
    return due.astimezone(UTC).isoformat()
