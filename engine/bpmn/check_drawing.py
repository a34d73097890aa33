"""Part of the deploy check: the drawing and the words on it. Only warnings: the engine needs neither, people do."""

import re

from lxml import etree

from engine.bpmn.check_references import owner, shown
from engine.bpmn.document import BPMN, BPMNDI, DC, local, text_of
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Scope

TOUCH = 2  # pixels that shapes may share

# GB 11643: 17 digits and a check digit; mobile numbers have 11 digits and begin with 13-19
IDENTITY_CARD = re.compile(r"(?<!\d)(\d{17}[\dXx])(?![\dXx])")
MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def check_drawing(root: etree._Element, scopes: list[Scope], findings: Findings) -> None:
    """Whether everything that runs is also drawn, and nothing on top of another."""
    shapes = {node.get("bpmnElement", ""): node for node in root.iter(f"{{{BPMNDI}}}BPMNShape")}
    shown_ids = set(shapes) | {node.get("bpmnElement", "") for node in root.iter(f"{{{BPMNDI}}}BPMNEdge")}
    if not shown_ids:
        findings.add(
            "no-bpmndi",
            "",
            "文件里没有图形，别人看不到流程图。请在流程设计器里打开并保存一次。",
            "The file has no drawing, so nobody can see the diagram. Open and save it in a diagram editor.",
        )
        return
    for scope in scopes:
        for node in scope.nodes.values():
            if node.node_id not in shown_ids:
                findings.add(
                    "no-bpmndi",
                    node.node_id,
                    f"“{node.title}”没有画在图上。",
                    f'"{node.title}" is not drawn in the diagram.',
                )
        for flow in scope.flows:
            if flow.flow_id not in shown_ids:
                findings.add(
                    "no-bpmndi", flow.flow_id, "这条连线没有画在图上。", "This flow is not drawn in the diagram."
                )
        _check_overlaps(scope, shapes, findings)


Box = tuple[float, float, float, float]  # left, top, right, bottom


def _check_overlaps(scope: Scope, shapes: dict[str, etree._Element], findings: Findings) -> None:
    """Of what stands side by side in one scope; boundary events lie on their task as they should. Each is told of the
    first that it covers, so that a heap is as many findings as elements and not as pairs."""
    boxes: list[tuple[Box, str, str]] = []
    for node in scope.nodes.values():
        box = _box(shapes.get(node.node_id)) if node.tag != "boundaryEvent" else None
        if box is not None:
            boxes.append((box, node.node_id, node.title))
    boxes.sort()
    for position, (box, element_id, title) in enumerate(boxes):
        for other, _, other_title in boxes[position + 1 :]:
            if other[0] >= box[2] - TOUCH:
                break
            if other[1] < box[3] - TOUCH and box[1] < other[3] - TOUCH:
                findings.add(
                    "no-overlapping-elements",
                    element_id,
                    f"“{title}”和“{other_title}”在图上叠在一起，请移开。",
                    f'"{title}" and "{other_title}" lie on one another in the drawing; move one of them.',
                )
                break


def _box(shape: etree._Element | None) -> Box | None:
    bounds = shape.find(f"{{{DC}}}Bounds") if shape is not None else None
    if bounds is None:
        return None
    try:
        left, top, width, height = (float(bounds.get(name, "")) for name in ("x", "y", "width", "height"))
    except ValueError:
        return None
    return left, top, left + width, top + height


# -- words -------------------------------------------------------------------------------------------------------------
def check_personal_data(root: etree._Element, findings: Findings) -> None:
    """Numbers of identity cards and mobile phones in names, notes and documentation. 个人信息保护法 s. 6: no more
    than is needed."""
    for node in root.iter(f"{{{BPMN}}}*"):
        texts = [("name", node.get("name") or "")]
        if local(node) in ("documentation", "text"):
            texts.append((local(node), text_of(node)))
        for property, text in texts:
            zh, en = ("身份证号", "identity card") if _has_identity_card(text) else ("手机号", "mobile phone")
            if zh == "身份证号" or MOBILE.search(text):
                findings.add(
                    "no-personal-data-in-name",
                    shown(node.get("id")) if node.get("id") and property == "name" else owner(node),
                    f"这里写了{zh}。流程图人人可见、长期保存，请删除，改用职务或变量。",
                    f"This holds the number of an {en}." if en[0] in "aeiou" else f"This holds the number of a {en}.",
                    property=property,
                    todo=("改写为职务、单位或变量名。", "Name the post, the unit or a variable instead."),
                )


def _has_identity_card(text: str) -> bool:
    return any(_is_identity_card(found) for found in IDENTITY_CARD.findall(text))


def _is_identity_card(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[17].upper()
