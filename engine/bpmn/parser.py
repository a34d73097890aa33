"""How SpiffWorkflow reads our diagrams: only the elements of our dialect, each with our own behaviour behind it."""

import threading
from functools import lru_cache
from typing import Any, ClassVar

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser, BpmnValidator
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EndEventParser,
    EventBasedGatewayParser,
    EventDefinitionParser,
    IntermediateCatchEventParser,
    IntermediateThrowEventParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import (
    CallActivityParser,
    ConditionalGatewayParser,
    GatewayParser,
    SubWorkflowParser,
)
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    EndEvent,
    ExclusiveGateway,
    IntermediateCatchEvent,
    IntermediateThrowEvent,
    StartEvent,
)

from engine.bpmn.activities import (
    CalledProcess,
    DecisionTask,
    EmbeddedProcess,
    JobTask,
    PersonTask,
    SeveralAtOnce,
    SeveralInTurn,
)
from engine.bpmn.document import bpmn
from engine.bpmn.elements import timer_date
from engine.bpmn.events import DueDateTimer, EventGateway, MessageWait
from engine.bpmn.joins import EndJoin, ParallelJoin
from engine.bpmn.script import Way


class _Ours(TaskParser):  # type: ignore[misc]
    """Flows keep the order of the file, not of the drawing; variables of a multi-instance task go by name."""

    PARALLEL_MI_CLASS = SeveralAtOnce
    SEQUENTIAL_MI_CLASS = SeveralInTurn

    def get_position(self, node: Any = None) -> dict[str, float]:
        return {"x": 0.0, "y": 0.0}

    def create_data_spec(self, item: etree._Element, cls: Any) -> Any:
        return cls(item.get("name") or item.get("id"), item.get("name"))

    def connect_outgoing(self, outgoing_task: Any, sequence_flow_node: etree._Element, is_default: bool) -> None:
        """SpiffWorkflow forgets which flow it was; the spec keeps it for whoever tells the way."""
        super().connect_outgoing(outgoing_task, sequence_flow_node, is_default)
        condition = None if is_default else self.parse_condition(sequence_flow_node)
        way = Way(sequence_flow_node.get("id", ""), outgoing_task.name, condition or "")
        self.task.ways = (*getattr(self.task, "ways", ()), way)


class _Events(_Ours, EventDefinitionParser):  # type: ignore[misc]
    def parse_timer_event(self, event: etree._Element) -> DueDateTimer:
        return DueDateTimer(self.node.get("id"), timer_date(event))

    def parse_message_event(self, message_event: etree._Element) -> MessageWait:
        return MessageWait(self.process_parser.parser.messages[message_event.get("messageRef")])


class _Gateway(_Ours, GatewayParser):  # type: ignore[misc]
    pass


class _Choice(_Ours, ConditionalGatewayParser):  # type: ignore[misc]
    pass


class _Call(_Ours, CallActivityParser):  # type: ignore[misc]
    pass


class _Embedded(_Ours, SubWorkflowParser):  # type: ignore[misc]
    pass


class _Start(_Events, StartEventParser):  # type: ignore[misc]
    pass


class _End(_Events, EndEventParser):  # type: ignore[misc]
    pass


class _Throw(_Events, IntermediateThrowEventParser):  # type: ignore[misc]
    pass


class _Catch(_Events, IntermediateCatchEventParser):  # type: ignore[misc]
    pass


class _Boundary(_Events, BoundaryEventParser):  # type: ignore[misc]
    pass


class _FirstOf(_Events, EventBasedGatewayParser):  # type: ignore[misc]
    pass


class _Process(ProcessParser):  # type: ignore[misc]
    def create_spec(self) -> BpmnProcessSpec:
        spec = super().create_spec()
        # BpmnProcessSpec builds its own end join and offers no way to say which; ours only adds behaviour to it.
        spec.end.__class__ = EndJoin
        return spec


class DialectParser(BpmnParser):  # type: ignore[misc]
    """Everything that is not listed here has no parser at all, whatever the deploy check lets through."""

    PROCESS_PARSER_CLASS = _Process
    PARSER_CLASSES: ClassVar[dict[str, Any]] = {
        bpmn("startEvent"): (_Start, StartEvent),
        bpmn("endEvent"): (_End, EndEvent),
        bpmn("intermediateThrowEvent"): (_Throw, IntermediateThrowEvent),
        bpmn("intermediateCatchEvent"): (_Catch, IntermediateCatchEvent),
        bpmn("boundaryEvent"): (_Boundary, BoundaryEvent),
        bpmn("userTask"): (_Ours, PersonTask),
        bpmn("serviceTask"): (_Ours, JobTask),
        bpmn("businessRuleTask"): (_Ours, DecisionTask),
        bpmn("callActivity"): (_Call, CalledProcess),
        bpmn("subProcess"): (_Embedded, EmbeddedProcess),
        bpmn("exclusiveGateway"): (_Choice, ExclusiveGateway),
        bpmn("parallelGateway"): (_Gateway, ParallelJoin),
        bpmn("eventBasedGateway"): (_FirstOf, EventGateway),
    }
    OVERRIDE_PARSER_CLASSES: ClassVar[dict[str, Any]] = {}


@lru_cache(maxsize=1)
def _schema() -> tuple[BpmnValidator, threading.Lock]:
    return BpmnValidator(), threading.Lock()


def schema_fault(root: etree._Element) -> str | None:
    """What the BPMN 2.0 schema says against the document, None when it is valid. Vendor attributes are allowed."""
    validator, lock = _schema()
    with lock:
        if validator.validator.validate(root):
            return None
        error = validator.validator.error_log.last_error
        return f"{error.line}: {error.message}" if error is not None else "invalid"


def parse_specs(root: etree._Element, key: str) -> dict[str, BpmnProcessSpec]:
    """The process `key` and its embedded subprocesses as specs; an embedded one is named `key/element_id`."""
    parser = DialectParser()
    parser.add_bpmn_xml(root, filename=key)
    specs: dict[str, BpmnProcessSpec] = {}

    def add(name: str, parsed: str) -> None:
        spec = specs[name] = parser.get_spec(parsed)
        for task in list(spec.task_specs.values()):
            if isinstance(task, EmbeddedProcess):
                inner = task.spec
                task.spec = f"{key}/{inner}"
                add(task.spec, inner)

    add(key, key)
    return specs
