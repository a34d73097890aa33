"""The deploy check: says of a process folder, before anything runs, what is wrong and what to do about it.

It takes any bytes whatever and never raises; it knows the dialect and the names it is given, not the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn import (
    check_circles,
    check_drawing,
    check_duties,
    check_elements,
    check_files,
    check_flow,
    check_foreign,
    check_instants,
    check_references,
    check_structure,
    check_variables,
)
from engine.bpmn.check_context import Context
from engine.bpmn.decision import Decision
from engine.bpmn.document import BPMN, DocumentRefused, bpmn, local, namespace, read_document
from engine.bpmn.findings import Findings
from engine.bpmn.graph import places_of, read_scopes
from engine.bpmn.parser import parse_specs, schema_fault
from engine.errors import Problem


@dataclass(frozen=True)
class Known:
    """The names that exist outside the folder. What is None is not checked.

    `calls`: for each deployed process the ones it calls, to find circles. `user_tasks`: ids of user tasks of other
    processes, which `separateFrom` may name; `tasks`: the same for each process. `phases`: of all plans there are.
    """

    process_keys: frozenset[str] = frozenset()
    job_kinds: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    milestones: frozenset[str] = frozenset()
    letter_kinds: frozenset[str] = frozenset()
    messages: frozenset[str] | None = None
    user_tasks: frozenset[str] | None = None
    calls: Mapping[str, frozenset[str]] | None = None
    tasks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    phases: frozenset[str] | None = None


def check(files: Mapping[str, bytes], known: Known) -> list[Problem]:
    """Every problem found; `where` is `file:element_id`. Only those of severity `error` forbid the deployment."""
    findings = Findings()
    decisions = check_files.check_decisions(files, findings)
    check_files.check_forms(files, findings)
    diagrams = sorted(name for name in files if name.endswith(".bpmn"))
    if len(diagrams) != 1:
        findings.file = diagrams[1] if diagrams else "*.bpmn"
        findings.add(
            "one-diagram",
            "",
            f"一个流程文件夹要有且只有一个 .bpmn 文件，现在有 {len(diagrams)} 个。",
            f"A process folder holds exactly one .bpmn file; this one has {len(diagrams)}.",
        )
    for name in diagrams[:1]:
        findings.file = name
        try:
            _check_diagram(name, files, decisions, known, findings)
        except Exception as error:  # a fault of the check must not hide as a traceback from the person who drew
            findings.add(
                "check-finished",
                "",
                f"检查没有完成（{type(error).__name__}）。请把文件交给系统管理员。",
                f"The check could not finish ({type(error).__name__}). Please hand the file to the administrator.",
            )
    return findings.problems


def _check_diagram(
    name: str, files: Mapping[str, bytes], decisions: Mapping[str, Decision], known: Known, findings: Findings
) -> None:
    try:
        root = read_document(files[name])
    except DocumentRefused as refused:
        findings.add("document-readable", "", refused.zh, refused.en)
        return
    if local(root) != "definitions" or namespace(root) != BPMN:
        findings.add(
            "document-readable",
            "",
            "这不是 BPMN 2.0 流程图（根元素应为 definitions）。请选择流程设计器保存的 .bpmn 文件。",
            "This is no BPMN 2.0 diagram (the root must be definitions). Choose a .bpmn file of a diagram editor.",
        )
        return
    processes = check_structure.check_document(root, name.removesuffix(".bpmn"), findings)
    check_references.check_references(root, findings)
    check_drawing.check_personal_data(root, findings)
    check_foreign.check_foreign(root, known.job_kinds, findings)
    places = places_of(root)
    for process in processes:
        scopes = read_scopes(process)
        for scope in scopes:
            check_structure.check_scope(scope, places, findings)
            check_flow.check_scope(scope, findings)
            if check_structure.is_readable(scope):
                check_circles.check_circles(scope, findings)
        context = Context(process.get("id", ""), root, scopes, files, decisions, known, findings)
        for scope in scopes:
            for node in scope.nodes.values():
                check_elements.check_node(node, context)
            check_duties.check_timers(scope, context)
            check_duties.check_closing(scope, context)
            check_instants.check_instants(scope, context)
        if all(map(check_structure.is_readable, scopes)):
            check_variables.check_variables(context)
        check_drawing.check_drawing(root, scopes, findings)
    if not findings.has_errors():
        _check_engine(root, processes[0].get("id", ""), findings)


def _check_engine(root: etree._Element, key: str, findings: Findings) -> None:
    """What only the schema and the engine itself can say; seldom reached, so its words are technical."""
    fault = schema_fault(root)
    if fault:
        findings.add(
            "bpmn-schema",
            "",
            f"文件不符合 BPMN 2.0 规范（第 {fault}）。请用流程设计器重新保存。",
            f"The file does not follow the BPMN 2.0 schema (line {fault}). Save it again with a diagram editor.",
        )
        return
    try:
        parse_specs(root, key)
    except RecursionError:
        findings.add(
            "too-large",
            "",
            "流程图太长，引擎无法执行。请拆成几个流程（调用活动）。",
            "The diagram is too long to run. Split it into several processes (call activities).",
        )
    except Exception as error:
        cause = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        findings.add(
            "engine-subset", "", f"引擎无法执行这个流程图：{cause}", f"The engine cannot run this diagram: {cause}"
        )


def called(files: Mapping[str, bytes]) -> frozenset[str]:
    """The processes that the folder's diagram calls; empty when it cannot be read."""
    for name, content in files.items():
        if name.endswith(".bpmn"):
            try:
                found = read_document(content).iter(bpmn("callActivity"))
            except DocumentRefused:
                return frozenset()
            return frozenset(node.get("calledElement", "") for node in found) - {""}
    return frozenset()
