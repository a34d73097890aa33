"""A diagram as nodes and flows, read without trusting it: whatever points nowhere is simply not connected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn.document import bpmn, local
from engine.bpmn.elements import FLOW_NODES, event_definitions

EMBEDDED = ("subProcess", "transaction", "adHocSubProcess")


@dataclass(eq=False)
class Node:
    """A flow node; `attached` are the boundary events on it."""

    node_id: str
    tag: str
    xml: etree._Element
    incoming: list["Flow"] = field(default_factory=list)
    outgoing: list["Flow"] = field(default_factory=list)
    attached: list["Node"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return (self.xml.get("name") or "").strip()

    @property
    def title(self) -> str:
        return self.name or self.node_id

    @property
    def events(self) -> list[str]:
        """Kinds of its event definitions: timer, message, link, ..."""
        return [local(each).removesuffix("EventDefinition") for each in event_definitions(self.xml)]

    @property
    def is_interrupting(self) -> bool:
        return bool(self.xml.get("cancelActivity", "true") != "false")

    def next(self) -> Iterable["Node"]:
        """Where a token may go from here: along the flows and into the boundary events."""
        yield from (flow.target for flow in self.outgoing if flow.target is not None)
        yield from self.attached


@dataclass(eq=False)
class Flow:
    flow_id: str
    xml: etree._Element
    source: Node | None
    target: Node | None

    @property
    def condition(self) -> str:
        node = self.xml.find(bpmn("conditionExpression"))
        return "" if node is None else "".join(node.itertext()).strip()

    @property
    def has_condition(self) -> bool:
        return self.xml.find(bpmn("conditionExpression")) is not None


@dataclass(eq=False)
class Scope:
    """A process or an embedded subprocess: what stands directly in it."""

    scope_id: str
    xml: etree._Element
    host: Node | None  # the subprocess as an element of the scope around it
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)

    def of(self, tag: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.tag == tag]

    @property
    def can_be_interrupted(self) -> bool:
        return self.host is not None and any(event.is_interrupting for event in self.host.attached)


def read_scopes(process: etree._Element) -> list[Scope]:
    """The process and every subprocess embedded in it, the outer before the inner."""
    return _scopes(process, None)


def _scopes(xml: etree._Element, host: Node | None) -> list[Scope]:
    scope = Scope(xml.get("id", ""), xml, host)
    for child in xml:
        if local(child) in FLOW_NODES and child.get("id"):
            scope.nodes[child.get("id")] = Node(child.get("id"), local(child), child)
    for child in xml:
        if local(child) == "sequenceFlow":
            flow = Flow(
                child.get("id", ""),
                child,
                scope.nodes.get(child.get("sourceRef", "")),
                scope.nodes.get(child.get("targetRef", "")),
            )
            scope.flows.append(flow)
            if flow.source is not None:
                flow.source.outgoing.append(flow)
            if flow.target is not None:
                flow.target.incoming.append(flow)
    for node in scope.of("boundaryEvent"):
        on = scope.nodes.get(node.xml.get("attachedToRef", ""))
        if on is not None and on is not node:
            on.attached.append(node)
    inner = [node for node in scope.nodes.values() if node.tag in EMBEDDED]
    return [scope, *(below for node in inner for below in _scopes(node.xml, node))]


Places = Mapping[str, etree._Element]  # the process that each flow node stands in, by the node's id


def places_of(root: etree._Element) -> Places:
    return {
        node.get("id"): process
        for process in root.iter(bpmn("process"))
        for node in process.iter(bpmn("*"))
        if local(node) in FLOW_NODES and node.get("id")
    }


def process_around(node: etree._Element) -> etree._Element | None:
    return next(node.iterancestors(bpmn("process")), None)


def is_embedded(node: Node) -> bool:
    """Whether it stands in a subprocess."""
    parent = node.xml.getparent()
    return parent is not None and local(parent) in EMBEDDED


def reachable(start: Iterable[Node]) -> set[Node]:
    """Every node that a token can reach from `start`, itself included."""
    seen: set[Node] = set()
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(node.next())
    return seen


def leading_to(ends: Iterable[Node], nodes: Iterable[Node]) -> set[Node]:
    """Every node from which one of `ends` can be reached."""
    before: dict[Node, list[Node]] = {}
    for node in nodes:
        for after in node.next():
            before.setdefault(after, []).append(node)
    seen: set[Node] = set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(before.get(node, ()))
    return seen
