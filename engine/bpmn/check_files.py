"""Part of the deploy check: the files beside the diagram - decision tables and forms."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from engine.bpmn.decision import Decision, read_decisions
from engine.bpmn.document import MAX_BYTES
from engine.bpmn.findings import Findings
from engine.bpmn.table_faults import table_problems

MAX_COMPONENTS = 300


def check_decisions(files: Mapping[str, bytes], findings: Findings) -> dict[str, Decision]:
    """Every decision of the folder's `.dmn` files that can be read, by id."""
    found: dict[str, Decision] = {}
    for name in sorted(files):
        if not name.endswith(".dmn"):
            continue
        findings.file = name
        if faults := table_problems(files[name], name):
            for fault in faults:
                findings.add("decision-readable", fault.where.partition(":")[2], fault.zh, fault.en)
            continue
        decisions = read_decisions(files[name])
        for decision_id, decision in decisions.items():
            if decision_id in found:
                findings.add(
                    "decision-id-unique",
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
        components = list(components_of(form))
    except (ValueError, RecursionError) as error:
        findings.add(
            "form-readable",
            "",
            f"表单不是有效的 JSON（{error}）。请重新导出。",
            f"The form is not valid JSON ({error}). Export it again.",
        )
        return
    if not isinstance(form, dict) or not isinstance(form.get("components"), list):
        findings.add(
            "form-readable",
            "",
            "表单里没有 components 列表。请用表单设计器保存。",
            "The form has no list of components; save it in the form editor.",
        )
        return
    if len(components) > MAX_COMPONENTS:
        findings.add("form-readable", 
            "", f"表单有 {len(components)} 个组件，最多 {MAX_COMPONENTS} 个。请拆开。",
            f"The form has {len(components)} components, at most {MAX_COMPONENTS} are allowed. Split it.",
        )  # fmt: skip
    seen: set[str] = set()
    for component in components:
        key = component.get("key")
        if key is None:
            continue
        if not isinstance(key, str) or not key.isidentifier():
            findings.add(
                "form-keys",
                str(key)[:60],
                f"字段编号“{str(key)[:60]}”只能用字母、数字和下划线。",
                f'The key "{str(key)[:60]}" may hold only letters, digits and _.',
            )
        elif key in seen:
            findings.add(
                "form-keys",
                key,
                f"字段编号“{key}”用了两次，请改一个。",
                f'The key "{key}" is used twice; change one of them.',
            )
        else:
            seen.add(key)


def keys_of_form(content: bytes) -> frozenset[str] | None:
    """The keys of a form's components, however deep; None when it cannot be read."""
    try:
        keys = (component.get("key") for component in components_of(json.loads(content)))
        return frozenset(key for key in keys if isinstance(key, str))
    except (ValueError, RecursionError):
        return None


def components_of(form: Any) -> Iterator[dict[str, Any]]:
    """The components of a form that was read, however deep."""
    components = form.get("components") if isinstance(form, dict) else None
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict):
            yield component
            yield from components_of(component)
