"""Builds small BPMN and DMN texts for tests: a line per element, a line per flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from engine.bpmn.definition import Definition, Model, load_model
from engine.bpmn.step import Moment

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:duban="urn:duban:bpmn" id="definitions" targetNamespace="urn:duban:test">'
)
NOW = datetime(2024, 5, 6, 1, 0, tzinfo=UTC)
FORM = b'{"type": "default", "id": "form", "components": [{"type": "textfield", "key": "note", "label": "Note"}]}'


@dataclass(frozen=True)
class FakeDeadline:
    """Stands for the domain's Deadline: only `due_at` is promised."""

    due_at: datetime
    rule: str


def fake_functions(now: datetime = NOW) -> dict[str, Callable[..., Any]]:
    """Deadline functions that count plain days."""

    def days(text: str) -> timedelta:
        return timedelta(days=int(text.removesuffix("wd").removesuffix("d")))

    def instant(value: Any) -> datetime:
        value = getattr(value, "due_at", value)
        return datetime.fromisoformat(value) if isinstance(value, str) else value

    return {
        "after": lambda text, start=None: FakeDeadline(instant(start or now) + days(text), f"after {text}"),
        "before": lambda due, text: FakeDeadline(instant(due) - days(text), f"before {text}"),
        "now": lambda: FakeDeadline(now, "now"),
        "phase_end": lambda key: FakeDeadline(datetime(2024, 8, 31, 10, tzinfo=UTC), f"phase_end {key}"),
    }


def moment(days: int = 0) -> Moment:
    now = NOW + timedelta(days=days)
    return Moment(now, fake_functions(now), notes_flows=True)


class Diagram:
    """Collects elements and flows of one process. `scope` opens an embedded subprocess."""

    def __init__(self, key: str = "demo") -> None:
        self.key = key
        self.parts: list[str] = []
        self.shapes: list[str] = []
        self.edges: list[str] = []
        self.messages: dict[str, str] = {}
        self._count = 0

    def node(self, tag: str, element_id: str, inner: str = "", **attributes: str) -> "Diagram":
        attributes.setdefault("name", f"名称 {element_id}")
        self.parts.append(f"<bpmn:{tag} id={quoteattr(element_id)}{_attributes(attributes)}>{inner}</bpmn:{tag}>")
        self.shapes.append(element_id)
        return self

    def start(self, element_id: str = "begin") -> "Diagram":
        return self.node("startEvent", element_id)

    def end(self, element_id: str = "finish", inner: str = "", **attributes: str) -> "Diagram":
        return self.node("endEvent", element_id, inner, **attributes)

    def task(self, element_id: str, inner: str = "", **attributes: str) -> "Diagram":
        attributes = {"formKey": "form", "candidateGroups": "officer@area", **attributes}
        return self.node("userTask", element_id, inner, **attributes)

    def job(self, element_id: str, job_kind: str = "letter", **inputs: str) -> "Diagram":
        return self.node("serviceTask", element_id, job_inputs(**(inputs or {"kind": "'notice'"})), jobKind=job_kind)

    def choice(self, element_id: str, **attributes: str) -> "Diagram":
        return self.node("exclusiveGateway", element_id, **attributes)

    def parallel(self, element_id: str) -> "Diagram":
        return self.node("parallelGateway", element_id)

    def timer(self, element_id: str, expression: str, on: str = "", interrupting: bool = True) -> "Diagram":
        return self._event(element_id, timer(expression), on, interrupting)

    def message(self, element_id: str, name: str, on: str = "", interrupting: bool = True) -> "Diagram":
        message_id = f"Message_{name}"
        self.messages[message_id] = name
        return self._event(element_id, f'<bpmn:messageEventDefinition messageRef="{message_id}"/>', on, interrupting)

    def _event(self, element_id: str, inner: str, on: str, interrupting: bool) -> "Diagram":
        if not on:
            return self.node("intermediateCatchEvent", element_id, inner)
        cancel = "true" if interrupting else "false"
        return self.node("boundaryEvent", element_id, inner, attachedToRef=on, cancelActivity=cancel)

    def embedded(self, element_id: str, inside: "Diagram", **attributes: str) -> "Diagram":
        self.shapes += inside.shapes
        self.edges += inside.edges
        self.messages.update(inside.messages)
        return self.node("subProcess", element_id, "".join(inside.parts), **attributes)

    def flow(self, source: str, target: str, condition: str = "", flow_id: str = "") -> "Diagram":
        self._count += 1
        flow_id = flow_id or f"flow_{source}_{target}_{self._count}"
        tag = "bpmn:conditionExpression"
        inner = f'<{tag} xsi:type="bpmn:tFormalExpression">{escape(condition)}</{tag}>' if condition else ""
        name = f' name="{source}到{target}"' if condition else ""
        self.parts.append(
            f'<bpmn:sequenceFlow id="{flow_id}"{name} sourceRef="{source}" targetRef="{target}">{inner}'
            "</bpmn:sequenceFlow>"
        )
        self.edges.append(flow_id)
        return self

    def path(self, *elements: str) -> "Diagram":
        for source, target in pairwise(elements):
            self.flow(source, target)
        return self

    def text(self) -> str:
        messages = "".join(f'<bpmn:message id="{key}" name="{name}"/>' for key, name in self.messages.items())
        shapes = "".join(
            f'<bpmndi:BPMNShape id="{each}_di" bpmnElement="{each}">'
            f'<dc:Bounds x="{number * 120}" y="80" width="100" height="80"/></bpmndi:BPMNShape>'
            for number, each in enumerate(self.shapes)
        )
        edges = "".join(
            f'<bpmndi:BPMNEdge id="{each}_di" bpmnElement="{each}">'
            '<di:waypoint x="0" y="0"/><di:waypoint x="9" y="9"/></bpmndi:BPMNEdge>'
            for each in self.edges
        )
        return (
            f'{HEAD}{messages}<bpmn:process id="{self.key}" name="演示流程" isExecutable="true">{"".join(self.parts)}'
            f'</bpmn:process><bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="{self.key}">'
            f"{shapes}{edges}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"
        )

    def files(self, **more: bytes) -> dict[str, bytes]:
        """The folder: the diagram, one form, and `name__ext=bytes` for further files."""
        others = {name.replace("__", "."): content for name, content in more.items()}
        return {f"{self.key}.bpmn": self.text().encode(), "form.form": FORM, **others}

    def definition(self, **more: bytes) -> Definition:
        files = self.files(**more)
        return Definition(f"{self.key}-{hash(tuple(sorted(files.items())))}", self.key, 1, files)

    def model(self, *called: "Diagram", **more: bytes) -> Model:
        return load_model([self.definition(**more), *(each.definition() for each in called)])


def timer(expression: str) -> str:
    return (
        '<bpmn:timerEventDefinition><bpmn:timeDate xsi:type="bpmn:tFormalExpression">'
        f"{escape(expression)}</bpmn:timeDate></bpmn:timerEventDefinition>"
    )


def several(
    items: str, item: str, results: str = "", result: str = "", *, in_turn: bool = False, until: str = ""
) -> str:
    """Multi-instance characteristics: once for each of `items`."""
    turn = "true" if in_turn else "false"
    out = f"<bpmn:loopDataOutputRef>{results}</bpmn:loopDataOutputRef>" if results else ""
    out_item = f'<bpmn:outputDataItem id="{result}_{items}_out" name="{result}"/>' if result else ""
    done = f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>" if until else ""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{turn}"><bpmn:loopDataInputRef>{items}'
        f'</bpmn:loopDataInputRef>{out}<bpmn:inputDataItem id="{item}_{items}_in" name="{item}"/>{out_item}{done}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def often(cardinality: str, *, in_turn: bool = False) -> str:
    """Multi-instance characteristics: so many times."""
    turn = "true" if in_turn else "false"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{turn}"><bpmn:loopCardinality>{cardinality}'
        "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )


def job_inputs(**inputs: str) -> str:
    rows = "".join(
        f"<duban:input name={quoteattr(name)} expression={quoteattr(text)}/>" for name, text in inputs.items()
    )
    return f"<bpmn:extensionElements>{rows}</bpmn:extensionElements>"


def table(
    decision_id: str, inputs: list[str], outputs: list[str], rows: list[list[str]], hit_policy: str = "FIRST"
) -> bytes:
    """A decision table as dmn-js writes it; each row holds input cells, then output cells."""
    columns = "".join(
        f'<input id="in{number}" label={quoteattr(text)}><inputExpression id="ie{number}" typeRef="string">'
        f"<text>{escape(text)}</text></inputExpression></input>"
        for number, text in enumerate(inputs)
    )
    columns += "".join(
        f'<output id="out{number}" name="{name}" typeRef="string"/>' for number, name in enumerate(outputs)
    )
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            f'<inputEntry id="r{number}i{at}"><text>{escape(cell)}</text></inputEntry>'
            if at < len(inputs)
            else f'<outputEntry id="r{number}o{at}"><text>{escape(cell)}</text></outputEntry>'
            for at, cell in enumerate(row)
        )
        columns += f'<rule id="rule{number}">{cells}</rule>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" '
        f'id="d" name="d" namespace="urn:duban"><decision id="{decision_id}" name="演示表">'
        f'<decisionTable id="t" hitPolicy="{hit_policy}">{columns}</decisionTable></decision></definitions>'
    ).encode()


OURS = frozenset(
    [
        "formKey",
        "candidateGroups",
        "dueDate",
        "basis",
        "returnable",
        "separateFrom",
        "jobKind",
        "decisionRef",
        "refusal",
        "milestone",
    ]
)


def _attributes(attributes: Mapping[str, str]) -> str:
    return "".join(
        f" {'duban:' if name in OURS else ''}{name}={quoteattr(value)}" for name, value in attributes.items() if value
    )


def large(count: int) -> Diagram:
    """Choices, tasks with deadlines and timers, and now and then a fork, until there are so many elements."""
    diagram, before, number = Diagram().start(), "begin", 0
    while len(diagram.shapes) < count - 1:
        number += 1
        names = [f"{part}_{number}" for part in ("ask", "one", "two", "late", "tell", "told", "on")]
        ask, one, two, late, tell, told, on = names
        diagram.choice(ask, default=f"to_{one}").task(one, dueDate='after("5wd")', basis="方案").task(two).choice(on)
        diagram.timer(late, 'before(due, "1wd")', on=one, interrupting=False).job(tell).end(told)
        diagram.path(late, tell, told).path(before, ask).flow(ask, one, flow_id=f"to_{one}")
        diagram.flow(ask, two, f"default('x_{number}', 0) > 1").path(one, on).path(two, on)
        before = on
        if number % 6 == 0:
            fork, meet = f"fork_{number}", f"meet_{number}"
            diagram.parallel(fork).parallel(meet).path(before, fork)
            for way in "abc":
                diagram.task(f"{way}_{number}").path(fork, f"{way}_{number}", meet)
            before = meet
    return diagram.end().path(before, "finish")
