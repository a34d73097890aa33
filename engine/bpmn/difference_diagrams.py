"""A diagram as things with properties, for comparing: every attribute and every part, also of other
vendors.

Ids of event definitions and of shapes are no property; which flows come in and go out is said by the flows.
"""

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from engine.bpmn.difference_values import Thing, order_changed, unique
from engine.bpmn.document import BPMN, BPMNDI, DUBAN, bpmn, local, namespace, text_of
from engine.bpmn.elements import EVENT_DEFINITIONS, SCOPES

_CONTAINERS = SCOPES | {"definitions", "collaboration", "laneSet", "childLaneSet"}
# Parts of a thing, never things, though some tools give them ids.
_PARTS = EVENT_DEFINITIONS | {
    "documentation",
    "extensionElements",
    "incoming",
    "outgoing",
    "ioSpecification",
    "property",
    "multiInstanceLoopCharacteristics",
    "standardLoopCharacteristics",
}
_TIMERS = ("timeDate", "timeDuration", "timeCycle")
_REFERENCES = ("messageRef", "signalRef", "errorRef", "escalationRef")
_FORKS = ("exclusiveGateway", "inclusiveGateway")
_PLAIN = frozenset({"id", "{http://www.w3.org/2001/XMLSchema-instance}type"})  # what a text may have beside it
_PREFIXES: Mapping[str, str] = {  # of vendors, however a file abbreviates them
    DUBAN: "duban",
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://camunda.org/schema/zeebe/1.0": "zeebe",
    "http://flowable.org/bpmn": "flowable",
    "http://activiti.org/bpmn": "activiti",
    "http://www.signavio.com": "signavio",
}


def diagram_things(before: etree._Element, after: etree._Element) -> tuple[list[Thing], list[Thing]]:
    """Of both sides, in document order. A doubled id, or none, is told apart by its turn."""
    old, new = _branches(before), _branches(after)
    turned = {node for node, flows in new.items() if order_changed(old.get(node, ()), flows)}
    return list(_things(before, old, turned)), list(_things(after, new, turned))


def _things(root: etree._Element, branches: Mapping[str, Sequence[str]], turned: set[str]) -> Iterator[Thing]:
    """`turned`: gateways that ask their conditions in another order, which is the order of the flows in the file."""
    nodes = [node for node in root.iter(bpmn("*")) if node is not root and _is_thing(node)]
    names = {node.get("id", ""): node.get("name", "") for node in nodes}
    for node, thing_id in zip(nodes, unique(node.get("id") or local(node) for node in nodes), strict=True):
        properties = dict(_properties(node, names))
        if local(node) in _FORKS and thing_id in turned:
            properties["branches"] = "\n".join(branches.get(thing_id, ()))
        yield Thing(
            local(node), thing_id, _title(node, names), {name: each for name, each in properties.items() if each}
        )


def drawn_elsewhere(before: etree._Element, after: etree._Element) -> int:
    """How many shapes and lines that both sides draw lie elsewhere, or look different."""
    old, new = _drawing(before), _drawing(after)
    return sum(old[each] != new[each] for each in old.keys() & new.keys())


def _is_thing(node: etree._Element) -> bool:
    parent = node.getparent()
    return parent is not None and local(parent) in _CONTAINERS and local(node) not in _PARTS


def _title(node: etree._Element, names: Mapping[str, str]) -> str:
    """Its name, or of a flow where it leads."""
    own = (node.get("name") or "").strip() or text_of(node.find(bpmn("text")))
    if own or local(node) not in ("sequenceFlow", "messageFlow"):
        return own
    ends = [node.get(end, "") for end in ("sourceRef", "targetRef")]
    return " → ".join(names.get(end) or end for end in ends)


def _properties(node: etree._Element, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each once; what is empty is left out by the caller."""
    yield "type", local(node)
    for name, value in node.attrib.items():
        if name != "id":
            yield _qualified(str(name)), " ".join(str(value).split())
    parent = node.getparent()
    if parent is not None and local(parent) in SCOPES - {"process"}:
        yield "scope", parent.get("id", "")
    parts: dict[str, list[str]] = {}
    for child in node:
        if local(child) and not _is_thing(child):
            for name, value in _part(child, names):
                parts.setdefault(name, []).append(value)
    for name, values in parts.items():
        yield name, "\n".join(values)


def _part(child: etree._Element, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    tag = local(child)
    if tag in ("incoming", "outgoing"):
        return
    if tag == "extensionElements":
        for item in child:
            if item.tag == f"{{{DUBAN}}}input":
                yield f"input.{item.get('name', '')}", item.get("expression", "").strip()
            elif local(item):
                yield "extension", _written(item)
    elif tag in EVENT_DEFINITIONS:
        yield from _event(child, names)
    elif not len(child) and not set(child.attrib) - _PLAIN:
        yield tag, text_of(child)
    else:
        yield tag, _written(child)


def _event(definition: etree._Element, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "event", local(definition).removesuffix("EventDefinition")
    for name in _REFERENCES:
        if definition.get(name):
            yield name, names.get(definition.get(name, "")) or definition.get(name, "")
    for name, value in definition.attrib.items():
        if name != "id" and name not in _REFERENCES:
            yield _qualified(str(name)), str(value)
    for child in definition:
        if local(child) in _TIMERS:
            yield local(child), text_of(child)
        elif local(child):
            yield "contents", _written(child)


def _qualified(name: str) -> str:
    space, _, own = name.rpartition("}")
    if not space or space[1:] == BPMN:
        return own
    return f"{_PREFIXES.get(space[1:]) or space[1:].rstrip('/').rpartition('/')[2]}:{own}"


def _written(node: etree._Element) -> str:
    """A part as XML that does not depend on prefixes declared elsewhere, order of attributes or indentation."""
    own = " ".join(f'{_qualified(str(name))}="{value}"' for name, value in sorted(node.attrib.items()) if name != "id")
    inner = "".join(_written(child) for child in node if local(child)) or " ".join((node.text or "").split())
    name = _qualified(str(node.tag))
    return f"<{name}{' ' if own else ''}{own}>{inner}</{name}>" if inner else f"<{name}{' ' if own else ''}{own}/>"


def _branches(root: etree._Element) -> dict[str, list[str]]:
    """Of each node the flows that leave it, in the order in which the file has them: so are conditions asked."""
    found: dict[str, list[str]] = {}
    for flow in root.iter(bpmn("sequenceFlow")):
        found.setdefault(flow.get("sourceRef", ""), []).append(flow.get("id", ""))
    return found


def _drawing(root: etree._Element) -> dict[str, str]:
    return {
        node.get("bpmnElement", ""): _written(node)
        for node in root.iter(f"{{{BPMNDI}}}*")
        if node.get("bpmnElement") and namespace(node) == BPMNDI and local(node) in ("BPMNShape", "BPMNEdge")
    }
