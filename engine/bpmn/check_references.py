"""Part of the deploy check: ids, and whether what one element says of another is so. It knows nothing of meaning."""

from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

from engine.bpmn.document import BPMN, BPMNDI, ID_PATTERN, bpmn, local
from engine.bpmn.elements import FLOW_NODES
from engine.bpmn.findings import Findings

# what the engine calls its own inner elements
RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
RESERVED_ENDINGS = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin")

DEFINED = ("message", "signal", "error", "escalation")
GATEWAYS = frozenset(tag for tag in FLOW_NODES if tag.endswith("Gateway"))
# attribute -> what it may point to; an empty set is any element of the file
TARGETS: Mapping[str, frozenset[str]] = {
    "sourceRef": frozenset(),
    "targetRef": frozenset(),
    "attachedToRef": FLOW_NODES,
    "processRef": frozenset({"process"}),
    "dataObjectRef": frozenset({"dataObject"}),
    "dataStoreRef": frozenset({"dataStore"}),
    "categoryValueRef": frozenset({"categoryValue"}),
    **{f"{kind}Ref": frozenset({kind}) for kind in DEFINED},
}
ENDS = {
    "sequenceFlow": FLOW_NODES | {"participant"},  # told apart in `check_structure`
    "messageFlow": FLOW_NODES | {"participant"},
}

Index = Mapping[str, etree._Element]


def check_ids(root: etree._Element, findings: Findings) -> None:
    ids = [node.get("id") for node in root.iter() if node.get("id") is not None]
    for element_id, count in Counter(ids).items():
        if count > 1:
            findings.add(
                "unique-ids",
                shown(element_id),
                f"编号“{shown(element_id)}”用了 {count} 次，每个元素的编号必须不同。",
                f'The id "{shown(element_id)}" is used {count} times; each element needs its own.',
            )
    for node in _of_bpmn(root):
        element_id = node.get("id")
        if element_id is None:
            if local(node) in FLOW_NODES or local(node) in ("process", "sequenceFlow", "message"):
                findings.add(
                    "id-present",
                    "",
                    f"有一个 {local(node)} 没有编号（id）。",
                    f"A {local(node)} has no id. Give it one.",
                )
        elif not ID_PATTERN.fullmatch(element_id):
            findings.add(
                "id-wellformed",
                shown(element_id),
                f"编号“{shown(element_id)}”不合规：以英文字母或下划线开头，只含字母、数字、_ . -，最多 64 位。",
                f'The id "{shown(element_id)}" must begin with a letter or _, hold only letters, digits, _ . - '
                "and be at most 64 long.",
            )
        elif element_id in RESERVED or element_id.endswith(RESERVED_ENDINGS):
            findings.add(
                "id-wellformed",
                element_id,
                f"编号“{element_id}”是系统保留的，请换一个，例如 {element_id.replace('.', '_')}_1。",
                f'The id "{element_id}" is reserved; choose another, such as {element_id.replace(".", "_")}_1.',
            )


def check_references(root: etree._Element, findings: Findings) -> None:
    """Every id that something else names must exist, be of the right kind and be named once; and `incoming` and
    `outgoing` must say what the flows say."""
    index = {node.get("id"): node for node in _of_bpmn(root) if node.get("id")}
    for node in _of_bpmn(root):
        tag = local(node)
        for attribute, kinds in TARGETS.items():
            value = node.get(attribute)
            if value is not None:
                _check_target(node, attribute, value, ENDS.get(tag, kinds), index, findings)
        if tag in ("incoming", "outgoing"):
            _check_listed_flow(node, index, findings)
        elif tag == "lane":
            _check_lane(node, index, findings)
        elif tag == "messageFlow":
            _check_message_flow(node, index, findings)
        elif tag in FLOW_NODES:
            _check_listed_once(node, findings)
    _check_use(root, findings)
    check_shapes(root, findings)


def _check_target(
    node: etree._Element, attribute: str, value: str, kinds: frozenset[str], index: Index, findings: Findings
) -> None:
    target, where = index.get(value), node.get("id", "") or owner(node)
    if target is None:
        findings.add(
            "dangling-reference",
            where,
            f"{attribute} 指向的“{shown(value)}”不存在。请重新连线或选择。",
            f'{attribute} points to "{shown(value)}", which does not exist. Connect or choose again.',
            property=attribute,
        )
    elif kinds and local(target) not in kinds:
        findings.add(
            "dangling-reference",
            where,
            f"{attribute} 指向的“{shown(value)}”是 {local(target)}，这里不能指向它。请重新连线或选择。",
            f'{attribute} points to "{shown(value)}", a {local(target)}, which cannot stand here. Choose again.',
            property=attribute,
        )


def _check_listed_flow(node: etree._Element, index: Index, findings: Findings) -> None:
    end = "targetRef" if local(node) == "incoming" else "sourceRef"
    named = (node.text or "").strip()
    flow = index.get(named)
    if flow is None or local(flow) != "sequenceFlow" or flow.get(end) != owner(node):
        findings.add(
            "incoming-outgoing-agree",
            owner(node),
            f"{local(node)} 所写的连线“{shown(named)}”不存在或没有连到这里。请重新连线。",
            f'{local(node)} names the flow "{shown(named)}", which is not there or '
            "is not connected here. Draw the flow again.",
            property=local(node),
        )


def _check_listed_once(node: etree._Element, findings: Findings) -> None:
    listed = [(local(child), (child.text or "").strip()) for child in node if local(child) in ("incoming", "outgoing")]
    if len(listed) == len(set(listed)):
        return
    for (end, flow), count in Counter(listed).items():
        if count > 1:
            findings.add(
                "doubled-reference",
                node.get("id", ""),
                f"{end} 把连线“{shown(flow)}”写了 {count} 次。请删除多余的，或在流程设计器里重新保存。",
                f'{end} names the flow "{shown(flow)}" {count} times. Delete the others, or save it in an editor.',
                property=end,
            )


def _check_lane(lane: etree._Element, index: Index, findings: Findings) -> None:
    lane_set = lane.getparent()
    others = {
        (ref.text or "").strip()
        for other in (lane_set if lane_set is not None else ())
        if other is not lane
        for ref in other.findall(bpmn("flowNodeRef"))
    }
    for ref in lane.findall(bpmn("flowNodeRef")):
        named = (ref.text or "").strip()
        _check_target(lane, "flowNodeRef", named, FLOW_NODES, index, findings)
        if named in others:
            findings.add(
                "doubled-reference",
                lane.get("id", ""),
                f"“{shown(named)}”同时放在两条泳道里。一个环节只能在一条泳道里。",
                f'"{shown(named)}" stands in two lanes. An element stands in one.',
                property="flowNodeRef",
            )


def _check_message_flow(flow: etree._Element, index: Index, findings: Findings) -> None:
    ends = [index.get(flow.get(end, "")) for end in ("sourceRef", "targetRef")]
    where = flow.get("id", "")
    for end in ends:
        if end is not None and local(end) in GATEWAYS:
            findings.add(
                "message-flow-ends",
                where,
                "消息流不能连到网关上。请连到任务或消息事件。",
                "A message flow cannot end at a gateway. Connect it to a task or a message event.",
            )
    pools = [_pool(end, index) for end in ends if end is not None]
    if len(pools) == 2 and pools[0] is not None and pools[0] is pools[1]:
        findings.add(
            "message-flow-ends",
            where,
            "消息流的两头在同一个泳池里。同一个流程里请用顺序流；消息流只连不同的泳池。",
            "Both ends of the message flow are in one pool. Inside a process use a sequence flow.",
        )


def _pool(node: etree._Element, index: Index) -> etree._Element | None:
    """The process that an element or a participant belongs to; None for a pool without one."""
    if local(node) == "participant":
        return index.get(node.get("processRef", ""))
    while node is not None and local(node) != "process":
        node = node.getparent()
    return node


def _check_use(root: etree._Element, findings: Findings) -> None:
    used = {(kind, node.get(f"{kind}Ref")) for node in _of_bpmn(root) for kind in DEFINED if node.get(f"{kind}Ref")}
    for child in root:
        kind = local(child)
        if kind in DEFINED and child.get("id") and (kind, child.get("id")) not in used:
            findings.add(
                "global",
                child.get("id", ""),
                f"{kind} “{shown(child.get('name') or child.get('id'))}”没有用到，可以删除。",
                f'The {kind} "{shown(child.get("name") or child.get("id"))}" is used nowhere; it can go.',
            )


def check_shapes(root: etree._Element, findings: Findings) -> None:
    """Shapes of nothing, and second shapes. Only information: editors drop them."""
    ids = {node.get("id") for node in root.iter() if node.get("id")}
    seen: set[str] = set()
    for tag in ("BPMNPlane", "BPMNShape", "BPMNEdge"):
        for shape in root.iter(f"{{{BPMNDI}}}{tag}"):
            drawn = shape.get("bpmnElement", "")
            if drawn not in ids:
                findings.add(
                    "drawing-points-nowhere",
                    shape.get("id", ""),
                    f"图形画的“{shown(drawn)}”不存在。在流程设计器里重新保存后就会消失。",
                    f'The shape draws "{shown(drawn)}", which does not exist. It goes when the file is saved again.',
                    property="bpmnElement",
                )
            elif drawn in seen and tag != "BPMNPlane":
                findings.add(
                    "drawing-points-nowhere",
                    shape.get("id", ""),
                    f"“{shown(drawn)}”画了两次，流程设计器只保留一个图形。",
                    f'"{shown(drawn)}" is drawn twice; an editor keeps one of the shapes.',
                    property="bpmnElement",
                )
            if tag != "BPMNPlane":
                seen.add(drawn)


def owner(node: etree._Element) -> str:
    """The id of the nearest element around `node` that has one."""
    parent = node.getparent()
    while parent is not None and not parent.get("id"):
        parent = parent.getparent()
    return "" if parent is None else parent.get("id", "")


def shown(text: str | None) -> str:
    """A text of the file that may be anything, short and printable."""
    text = "".join(sign if sign.isprintable() else "?" for sign in text or "")
    return text if len(text) <= 60 else text[:60] + "…"


def _of_bpmn(root: etree._Element) -> Iterator[etree._Element]:
    return root.iter(f"{{{BPMN}}}*")
