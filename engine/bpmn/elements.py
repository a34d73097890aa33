"""What a diagram says about each of its elements, as values: forms, groups, deadlines, inputs, decisions.

It reads and does not judge: `check` says whether what is written here makes sense.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn.document import BPMN as BPMN_NAMESPACE
from engine.bpmn.document import bpmn, duban, local, namespace, read_document, text_of

FLOW_NODES = frozenset(
    [
        "startEvent",
        "endEvent",
        "intermediateThrowEvent",
        "intermediateCatchEvent",
        "boundaryEvent",
        "task",
        "userTask",
        "serviceTask",
        "businessRuleTask",
        "scriptTask",
        "manualTask",
        "sendTask",
        "receiveTask",
        "callActivity",
        "subProcess",
        "transaction",
        "adHocSubProcess",
        "exclusiveGateway",
        "parallelGateway",
        "inclusiveGateway",
        "complexGateway",
        "eventBasedGateway",
    ]
)
SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})
EVENT_DEFINITIONS = frozenset(
    f"{kind}EventDefinition"
    for kind in [
        "timer",
        "message",
        "terminate",
        "signal",
        "error",
        "escalation",
        "cancel",
        "compensate",
        "conditional",
        "link",
    ]
)


@dataclass(frozen=True)
class Element:
    """One element of a diagram. `parent` is the embedded subprocess it stands in; attributes not written are empty."""

    process_key: str
    element_id: str
    type: str
    name: str = ""
    documentation: str = ""
    form_key: str = ""
    candidate_groups: tuple[str, ...] = ()
    due_expression: str = ""
    basis: str = ""
    job_kind: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    milestone: str = ""
    returnable: bool = False
    separate_from: tuple[str, ...] = ()
    decision_ref: str = ""
    refusal: str = ""  # the output of its table that refuses the answer which led here
    called_element: str = ""
    attached_to: str = ""
    timer_expression: str = ""
    event: str = ""  # timer, message, terminate; empty for a none event
    message: str = ""
    correlation: tuple[str, ...] = ()  # variables whose values a message must name to be this one's
    interrupting: bool = True
    parent: str = ""
    is_multiple: bool = False


def read_elements(xml: bytes) -> tuple[Element, ...]:
    """Every flow node of every process in the file, in document order. Raises DocumentRefused."""
    return elements_of(read_document(xml))


def elements_of(root: etree._Element) -> tuple[Element, ...]:
    messages = {node.get("id", ""): node.get("name", "") for node in root.iter(bpmn("message"))}
    found: list[Element] = []
    for process in root.iter(bpmn("process")):
        for node in process.iter():
            if local(node) in FLOW_NODES and namespace(node) == BPMN_NAMESPACE:
                found.append(_element(node, process.get("id", ""), messages))
    return tuple(found)


def called_keys(xml: bytes) -> tuple[str, ...]:
    """The keys of the processes that this one calls, each once, in document order. Raises DocumentRefused."""
    called = (node.get("calledElement", "") for node in read_document(xml).iter(bpmn("callActivity")))
    return tuple(dict.fromkeys(key for key in called if key))


def process_name(xml: bytes) -> str:
    """The title of the first process in the file, or its key where it has none. Raises DocumentRefused."""
    process = next(read_document(xml).iter(bpmn("process")), None)
    return "" if process is None else process.get("name") or process.get("id", "")


def event_definitions(node: etree._Element) -> list[etree._Element]:
    return [child for child in node if local(child) in EVENT_DEFINITIONS]


def timer_date(node: etree._Element) -> str:
    """The expression of a `timeDate` below an event, empty when it has none."""
    return text_of(next(node.iter(bpmn("timeDate")), None))


def _element(node: etree._Element, process_key: str, messages: Mapping[str, str]) -> Element:
    definitions = event_definitions(node)
    event = local(definitions[0]).removesuffix("EventDefinition") if definitions else ""
    message = messages.get(definitions[0].get("messageRef", ""), "") if event == "message" else ""
    container = node.getparent()
    return Element(
        process_key=process_key,
        element_id=node.get("id", ""),
        type=local(node),
        name=node.get("name", "").strip(),
        documentation=text_of(node.find(bpmn("documentation"))),
        form_key=_attribute(node, "formKey"),
        candidate_groups=_listed(_attribute(node, "candidateGroups"), ","),
        due_expression=_attribute(node, "dueDate"),
        basis=_attribute(node, "basis"),
        job_kind=_attribute(node, "jobKind"),
        inputs=_inputs(node),
        milestone=_attribute(node, "milestone"),
        returnable=_attribute(node, "returnable") == "true",
        separate_from=_listed(_attribute(node, "separateFrom").replace(",", " "), " "),
        decision_ref=_attribute(node, "decisionRef"),
        refusal=_attribute(node, "refusal"),
        called_element=node.get("calledElement", ""),
        attached_to=node.get("attachedToRef", ""),
        timer_expression=timer_date(definitions[0]) if event == "timer" else "",
        event=event,
        message=message,
        correlation=_listed(_attribute(node, "correlation"), ","),
        interrupting=node.get("cancelActivity", "true") != "false",
        parent=container.get("id", "") if container is not None and local(container) in SCOPES - {"process"} else "",
        is_multiple=node.find(bpmn("multiInstanceLoopCharacteristics")) is not None,
    )


def _attribute(node: etree._Element, name: str) -> str:
    return (node.get(duban(name)) or "").strip()


def _listed(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _inputs(node: etree._Element) -> dict[str, str]:
    extension = node.find(bpmn("extensionElements"))
    if extension is None:
        return {}
    return {item.get("name", ""): item.get("expression", "").strip() for item in extension.findall(duban("input"))}
