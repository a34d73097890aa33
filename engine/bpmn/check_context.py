"""Part of the deploy check: what the checks of single elements share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lxml import etree

from engine.bpmn.check_files import keys_of_form
from engine.bpmn.decision import Decision
from engine.bpmn.document import bpmn, duban
from engine.bpmn.expressions import check_deadline
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Node, Scope

if TYPE_CHECKING:
    from engine.bpmn.check import Known


@dataclass(frozen=True)
class Context:
    """What one element's check may look at besides the element."""

    key: str
    root: etree._Element
    scopes: list[Scope]
    files: Mapping[str, bytes]
    decisions: Mapping[str, Decision]
    known: "Known"
    findings: Findings

    @cached_property
    def form_keys(self) -> Mapping[str, frozenset[str] | None]:
        """The keys of each form of the folder, by its name; None for one that cannot be read."""
        forms = (
            (name.removesuffix(".form"), content) for name, content in self.files.items() if name.endswith(".form")
        )
        return {name: keys_of_form(content) for name, content in forms}

    @cached_property
    def user_tasks(self) -> set[str]:
        return {node.node_id for scope in self.scopes for node in scope.of("userTask")}

    @cached_property
    def family(self) -> frozenset[str]:
        """The processes that may run in one case with this one: what calls it, directly or through others, and all that
        is called from there."""
        own = frozenset(node.get("calledElement", "") for node in self.root.iter(bpmn("callActivity")))
        calls = {**(self.known.calls or {}), self.key: own}
        above = {key for key in calls if self.key in _called_from(key, calls)}
        return frozenset().union(*(_called_from(key, calls) for key in above))


def _called_from(key: str, calls: Mapping[str, frozenset[str]]) -> set[str]:
    """It and everything that it calls, directly or through others."""
    seen: set[str] = set()
    waiting = [key]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting.extend(calls.get(current, ()))
    return seen


def check_due(node: Node, findings: Findings) -> None:
    """A deadline and its basis come together."""
    has_due, due, basis = node.xml.get(duban("dueDate")) is not None, own(node, "dueDate"), own(node, "basis")
    if has_due and (fault := check_deadline(due)):
        findings.add(
            fault.rule,
            node.node_id,
            f"“{node.title}”的期限：{fault.zh}",
            f'Deadline of "{node.title}": {fault.en}',
            property="duban:dueDate",
        )
    if has_due and not basis:
        findings.add(
            "deadline-has-basis",
            node.node_id,
            f"“{node.title}”的期限没有依据，请在 basis 写明文件和条款。",
            f'The deadline of "{node.title}" has no basis; name the document and the clause.',
        )
    if basis and not has_due:
        findings.add(
            "basis-without-deadline",
            node.node_id,
            f"“{node.title}”写了依据，但没有期限。",
            f'"{node.title}" has a basis but no deadline.',
        )


def own(node: Node, name: str) -> str:
    """One of our attributes, empty when it is not written."""
    return (node.xml.get(duban(name)) or "").strip()


def zh(names: Iterable[str]) -> str:
    return "、".join(sorted(names)) or "无"


def en(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
