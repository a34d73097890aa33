"""Part of the deploy check: the files beside the diagram - decision tables, forms - and the drawing itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from engine.bpmn.decision import Decision, DecisionError, read_decisions
from engine.bpmn.document import BPMNDI, MAX_BYTES, DocumentRefused
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Scope

MAX_COMPONENTS = 300


def check_decisions(files: Mapping[str, bytes], findings: Findings) -> dict[str, Decision]:
    """Every decision of the folder's `.dmn` files that can be read, by id."""
    found: dict[str, Decision] = {}
    for name in sorted(files):
        if not name.endswith(".dmn"):
            continue
        findings.file = name
        try:
            decisions = read_decisions(files[name])
        except (DocumentRefused, DecisionError) as error:
            findings.error(getattr(error, "where", ""), error.zh, error.en)
            continue
        for decision_id, decision in decisions.items():
            if decision_id in found:
                findings.error(
                    decision_id,
                    f"决策编号“{decision_id}”在两个文件里都有。",
                    f'The decision id "{decision_id}" is in two files.',
                )
            found[decision_id] = decision
    return found


def check_forms(files: Mapping[str, bytes], findings: Findings) -> None:
    """Whether each form is JSON with components whose keys are unique; what the components mean is for `forms`."""
    for name in sorted(files):
        if name.endswith(".form"):
            findings.file = name
            _check_form(files[name], findings)


def _check_form(content: bytes, findings: Findings) -> None:
    try:
        if len(content) > MAX_BYTES:
            raise ValueError("too large")
        form = json.loads(content)
        components = list(_components(form))
    except (ValueError, RecursionError) as error:
        findings.error(
            "",
            f"表单不是有效的 JSON（{error}）。请重新导出。",
            f"The form is not valid JSON ({error}). Export it again.",
        )
        return
    if not isinstance(form, dict) or not isinstance(form.get("components"), list):
        findings.error(
            "",
            "表单里没有 components 列表。请用表单设计器保存。",
            "The form has no list of components; save it in the form editor.",
        )
        return
    if len(components) > MAX_COMPONENTS:
        findings.error(
            "", f"表单有 {len(components)} 个组件，最多 {MAX_COMPONENTS} 个。请拆开。",
            f"The form has {len(components)} components, at most {MAX_COMPONENTS} are allowed. Split it.",
        )  # fmt: skip
    seen: set[str] = set()
    for component in components:
        key = component.get("key")
        if key is None:
            continue
        if not isinstance(key, str) or not key.isidentifier():
            findings.error(
                str(key)[:60],
                f"字段编号“{str(key)[:60]}”只能用字母、数字和下划线。",
                f'The key "{str(key)[:60]}" may hold only letters, digits and _.',
            )
        elif key in seen:
            findings.error(
                key, f"字段编号“{key}”用了两次，请改一个。", f'The key "{key}" is used twice; change one of them.'
            )
        else:
            seen.add(key)


def _components(form: Any) -> Iterator[dict[str, Any]]:
    components = form.get("components") if isinstance(form, dict) else None
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict):
            yield component
            yield from _components(component)


def check_drawing(root: etree._Element, scopes: list[Scope], findings: Findings) -> None:
    """Whether everything that runs is also drawn. Only warnings: the engine needs no drawing, people do."""
    shown = {
        node.get("bpmnElement", "") for tag in ("BPMNShape", "BPMNEdge") for node in root.iter(f"{{{BPMNDI}}}{tag}")
    }
    if not shown:
        findings.warn(
            "",
            "文件里没有图形，别人看不到流程图。请在流程设计器里打开并保存一次。",
            "The file has no drawing, so nobody can see the diagram. Open and save it in a diagram editor.",
        )
        return
    for scope in scopes:
        for node in scope.nodes.values():
            if node.node_id not in shown:
                findings.warn(
                    node.node_id, f"“{node.title}”没有画在图上。", f'"{node.title}" is not drawn in the diagram.'
                )
        for flow in scope.flows:
            if flow.flow_id not in shown:
                findings.warn(flow.flow_id, "这条连线没有画在图上。", "This flow is not drawn in the diagram.")
