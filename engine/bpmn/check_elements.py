"""Part of the deploy check: what is written on each element - forms, groups, deadlines, jobs, decisions, milestones."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from engine.bpmn.decision import Decision
from engine.bpmn.document import DUBAN, bpmn, duban, local, namespace, text_of
from engine.bpmn.expressions import check_deadline, check_expression, constant_of, names_of
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Node, Scope

if TYPE_CHECKING:
    from engine.bpmn.check import Known

ATTRIBUTES = {
    "userTask": frozenset({"formKey", "candidateGroups", "dueDate", "basis", "returnable", "separateFrom"}),
    "serviceTask": frozenset({"jobKind"}),
    "businessRuleTask": frozenset({"decisionRef"}),
    "intermediateThrowEvent": frozenset({"milestone", "dueDate", "basis"}),
    "endEvent": frozenset({"milestone", "dueDate", "basis"}),
}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
REQUIRED_INPUTS = {"letter": ("kind",)}
LABELLED = frozenset(
    [
        "userTask",
        "serviceTask",
        "businessRuleTask",
        "callActivity",
        "subProcess",
        "endEvent",
        "intermediateThrowEvent",
        "intermediateCatchEvent",
        "boundaryEvent",
    ]
)


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

    @property
    def user_tasks(self) -> set[str]:
        return {node.node_id for scope in self.scopes for node in scope.of("userTask")}


def check_node(node: Node, context: Context) -> None:
    """Everything that is written on one element."""
    _check_attributes(node, context.findings)
    if not node.name and node.tag in LABELLED:
        context.findings.warn(
            node.node_id,
            f"{node.node_id} 没有名称，请写上办什么事。",
            f"{node.node_id} has no name; say what happens here.",
        )
    check = _CHECKS.get(node.tag)
    if check is not None:
        check(node, context)


def _check_attributes(node: Node, findings: Findings) -> None:
    allowed = ATTRIBUTES.get(node.tag, frozenset())
    vendors: set[str] = set()
    for attribute in node.xml.attrib:
        name = etree.QName(attribute)
        if name.namespace == DUBAN and name.localname not in allowed:
            findings.error(
                node.node_id,
                f"“{node.title}”不能写 duban:{name.localname}。这里可用的有：{_zh(allowed)}。",
                f'duban:{name.localname} cannot stand on "{node.title}". Known here: {_en(allowed)}.',
            )
        elif name.namespace and name.namespace != DUBAN:
            vendors.add(name.namespace)
    extension = node.xml.find(bpmn("extensionElements"))
    for child in extension if extension is not None else ():
        if namespace(child) == DUBAN and (local(child) != "input" or node.tag != "serviceTask"):
            findings.error(
                node.node_id,
                f"“{node.title}”里的 duban:{local(child)} 不认识，请删除。",
                f'duban:{local(child)} in "{node.title}" is not known; remove it.',
            )
        elif local(child) and namespace(child) != DUBAN:
            vendors.add(namespace(child))
    if vendors:
        findings.warn(
            node.node_id,
            f"“{node.title}”带有其他软件的设置（{_zh(vendors)}），会保留但不起作用。",
            f'"{node.title}" has settings of other tools ({_en(vendors)}); they are kept but have no effect.',
        )


def _check_user_task(node: Node, context: Context) -> None:
    findings = context.findings
    form = _own(node, "formKey")
    if not form:
        findings.error(
            node.node_id,
            f"任务“{node.title}”没有表单，请填写表单编号。",
            f'The task "{node.title}" has no form; choose one.',
        )
    elif not NAME.fullmatch(form) or f"{form}.form" not in context.files:
        findings.error(
            node.node_id,
            f"任务“{node.title}”的表单文件 {form}.form 不在流程文件夹里。",
            f'The form {form}.form of the task "{node.title}" is not in the process folder.',
        )
    _check_groups(node, context)
    _check_due(node, findings)
    _check_returnable(node, findings)
    _check_separation(node, context)
    several = node.xml.find(bpmn("multiInstanceLoopCharacteristics"))
    if several is not None:
        _check_several(several, node, findings)


def _check_groups(node: Node, context: Context) -> None:
    findings, known = context.findings, context.known
    groups = [part.strip() for part in _own(node, "candidateGroups").split(",") if part.strip()]
    if not groups:
        findings.error(
            node.node_id,
            f"任务“{node.title}”没有候选组，没有人能看到它。请填写，例如 officer@area。",
            f'The task "{node.title}" has no candidate group, so nobody would see it. Write one, such as officer@area.',
        )
    for group in groups:
        role, at, place = group.partition("@")
        if not at or not NAME.fullmatch(role) or not NAME.fullmatch(place):
            findings.error(
                node.node_id,
                f"候选组“{group}”写法不对，应为 角色@单位，例如 officer@area。",
                f'The candidate group "{group}" must be role@place, such as officer@area.',
            )
            continue
        if role not in known.roles:
            findings.error(
                node.node_id,
                f"没有角色“{role}”。可用的有：{_zh(known.roles)}。",
                f'There is no role "{role}". Known: {_en(known.roles)}.',
            )
        if place not in known.places:
            findings.error(
                node.node_id,
                f"没有单位位置“{place}”。可用的有：{_zh(known.places)}。",
                f'There is no place "{place}". Known: {_en(known.places)}.',
            )


def _check_due(node: Node, findings: Findings) -> None:
    has_due, due, basis = node.xml.get(duban("dueDate")) is not None, _own(node, "dueDate"), _own(node, "basis")
    if has_due and (fault := check_deadline(due)):
        findings.error(node.node_id, f"“{node.title}”的期限：{fault.zh}", f'Deadline of "{node.title}": {fault.en}')
    if has_due and not basis:
        findings.error(
            node.node_id,
            f"“{node.title}”的期限没有依据，请在 basis 写明文件和条款。",
            f'The deadline of "{node.title}" has no basis; name the document and the clause.',
        )
    if basis and not has_due:
        findings.warn(
            node.node_id, f"“{node.title}”写了依据，但没有期限。", f'"{node.title}" has a basis but no deadline.'
        )


def _check_returnable(node: Node, findings: Findings) -> None:
    value = node.xml.get(duban("returnable"))
    if value is None:
        return
    if value not in ("true", "false"):
        findings.error(node.node_id, "returnable 只能写 true 或 false。", "returnable is true or false.")
    if value != "true":
        return
    target = node.outgoing[0].target if len(node.outgoing) == 1 else None
    conditions = [flow.condition for flow in target.outgoing if flow.has_condition] if target is not None else []
    if target is None or target.tag != "exclusiveGateway" or not any(map(_names_outcome, conditions)):
        findings.error(
            node.node_id,
            f'任务“{node.title}”可以退回，后面必须紧接排他网关，并有一条出口的条件写明 outcome == "returned"。',
            f'The task "{node.title}" can be sent back, so an exclusive gateway must follow it with a way out on '
            'the condition outcome == "returned".',
        )


def _names_outcome(condition: str) -> bool:
    return check_expression(condition) is None and "outcome" in names_of(condition)


def _check_separation(node: Node, context: Context) -> None:
    here, elsewhere = context.user_tasks, context.known.user_tasks
    for other in _own(node, "separateFrom").replace(",", " ").split():
        if other == node.node_id:
            context.findings.error(
                node.node_id,
                f"任务“{node.title}”不能和自己分离，请删除 separateFrom 里的 {other}。",
                f'The task "{node.title}" cannot be separate from itself; remove {other}.',
            )
        elif other in here or (elsewhere is not None and other in elsewhere):
            continue
        else:
            say = context.findings.warn if elsewhere is None else context.findings.error
            say(
                node.node_id,
                f"separateFrom 里的“{other}”不是任何用户任务的编号，请改正。",
                f'"{other}" in separateFrom is the id of no user task; correct it.',
            )


def _check_several(several: etree._Element, node: Node, findings: Findings) -> None:
    items = text_of(several.find(bpmn("loopDataInputRef")))
    cardinality = text_of(several.find(bpmn("loopCardinality")))
    item = several.find(bpmn("inputDataItem"))
    if bool(items) == bool(cardinality):
        findings.error(
            node.node_id,
            f"多实例任务“{node.title}”要写按哪个列表变量办理（loopDataInputRef），"
            "或办理几次（loopCardinality），二选一。",
            f'Say of "{node.title}" for which list (loopDataInputRef) or how often (loopCardinality) it is done.',
        )
    if items and not NAME.fullmatch(items):
        findings.error(node.node_id, f"列表变量名“{items}”不对。", f'"{items}" is no name of a list variable.')
    if items and (item is None or not NAME.fullmatch(item.get("name") or item.get("id", ""))):
        findings.error(
            node.node_id,
            f"多实例任务“{node.title}”要给每一项起变量名（inputDataItem name）。",
            f'The multi-instance task "{node.title}" needs a variable name for each item (inputDataItem name).',
        )
    until = several.find(bpmn("completionCondition"))
    for text in filter(None, (cardinality, text_of(until))):
        if fault := check_expression(text):
            findings.error(node.node_id, f"多实例：{fault.zh}", f"Multi-instance: {fault.en}")


def _check_service_task(node: Node, context: Context) -> None:
    findings, known = context.findings, context.known
    kind = _own(node, "jobKind")
    if kind not in known.job_kinds:
        findings.error(
            node.node_id,
            f"服务任务“{node.title}”的 jobKind “{kind}”没有登记。可用的有：{_zh(known.job_kinds)}。",
            f'The job kind "{kind}" of "{node.title}" is not registered. Known: {_en(known.job_kinds)}.',
        )
    inputs: dict[str, str] = {}
    extension = node.xml.find(bpmn("extensionElements"))
    for item in extension.findall(duban("input")) if extension is not None else ():
        name, expression = item.get("name", ""), item.get("expression", "")
        if not NAME.fullmatch(name) or name in inputs:
            findings.error(
                node.node_id,
                f"“{node.title}”的输入名“{name}”为空、重复或写法不对。",
                f'The input name "{name}" of "{node.title}" is empty, doubled or malformed.',
            )
        inputs[name] = expression
        if fault := check_expression(expression):
            findings.error(node.node_id, f"输入 {name}：{fault.zh}", f"Input {name}: {fault.en}")
    for name in REQUIRED_INPUTS.get(kind, ()):
        if name not in inputs:
            findings.error(
                node.node_id,
                f"服务任务“{node.title}”缺少输入“{name}”。",
                f'The service task "{node.title}" lacks the input "{name}".',
            )
    letter = constant_of(inputs.get("kind", "")) if kind == "letter" else None
    if letter is not None and letter not in known.letter_kinds:
        findings.error(
            node.node_id,
            f"没有公文种类“{letter}”。可用的有：{_zh(known.letter_kinds)}。",
            f'There is no letter kind "{letter}". Known: {_en(known.letter_kinds)}.',
        )


def _check_rule_task(node: Node, context: Context) -> None:
    ref = _own(node, "decisionRef")
    if ref not in context.decisions:
        context.findings.error(
            node.node_id,
            f"业务规则任务“{node.title}”的决策表“{ref}”不在文件夹里。现有：{_zh(context.decisions)}。",
            f'The decision "{ref}" of "{node.title}" is in no .dmn file here. Present: {_en(context.decisions)}.',
        )


def _check_call(node: Node, context: Context) -> None:
    called, known, findings = node.xml.get("calledElement", ""), context.known, context.findings
    if called == context.key or _calls_back(called, context.key, known.calls or {}):
        findings.error(
            node.node_id,
            f"调用活动“{node.title}”会转回本流程，形成死循环。请去掉这个调用。",
            f'The call activity "{node.title}" leads back to this process. Remove the call.',
        )
    elif called not in known.process_keys:
        findings.error(
            node.node_id,
            f"调用活动“{node.title}”调用的流程“{called}”没有部署。可用的有：{_zh(known.process_keys)}。",
            f'The process "{called}" that "{node.title}" calls is not deployed. Known: {_en(known.process_keys)}.',
        )


def _calls_back(called: str, key: str, calls: Mapping[str, frozenset[str]]) -> bool:
    seen: set[str] = set()
    waiting = [called]
    while waiting:
        current = waiting.pop()
        if current == key:
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(calls.get(current, ()))
    return False


def _check_milestone(node: Node, context: Context) -> None:
    milestone = _own(node, "milestone")
    if node.xml.get(duban("milestone")) is not None and milestone not in context.known.milestones:
        context.findings.error(
            node.node_id,
            f"没有节点事实“{milestone}”。可用的有：{_zh(context.known.milestones)}。",
            f'There is no milestone "{milestone}". Known: {_en(context.known.milestones)}.',
        )
    if _own(node, "dueDate") and not milestone:
        context.findings.error(
            node.node_id, "没有 milestone 的事件不能写期限。", "An event without a milestone has no deadline."
        )
    _check_due(node, context.findings)


def _check_waiting_event(node: Node, context: Context) -> None:
    findings = context.findings
    for definition in node.xml:
        if local(definition) == "timerEventDefinition":
            _check_timer(definition, node, findings)
        elif local(definition) == "messageEventDefinition":
            _check_message(definition, node, context)


def _check_timer(definition: etree._Element, node: Node, findings: Findings) -> None:
    kinds = [local(child) for child in definition if local(child).startswith("time")]
    if kinds != ["timeDate"]:
        findings.error(
            node.node_id,
            f"定时事件“{node.title}”只能用日期（timeDate），不能用时长或循环。"
            '请写成 after("3wd") 或 before(due, "3wd")；重复提醒请画成循环。',
            f'The timer "{node.title}" takes a date (timeDate), no duration or cycle. '
            'Write after("3wd") or before(due, "3wd"); draw a repetition as a loop.',
        )
        return
    if fault := check_deadline(text_of(definition.find(bpmn("timeDate")))):
        findings.error(node.node_id, f"定时事件“{node.title}”：{fault.zh}", f'Timer "{node.title}": {fault.en}')


def _check_message(definition: etree._Element, node: Node, context: Context) -> None:
    messages = {each.get("id"): each.get("name", "") for each in context.root.iter(bpmn("message"))}
    ref = definition.get("messageRef")
    if ref is None or not messages.get(ref):
        context.findings.error(
            node.node_id,
            f"消息事件“{node.title}”没有选定消息，或消息没有名称。",
            f'The message event "{node.title}" names no message, or the message has no name.',
        )
    elif context.known.messages is not None and messages[ref] not in context.known.messages:
        context.findings.error(
            node.node_id,
            f"没有谁会发送消息“{messages[ref]}”。已知的有：{_zh(context.known.messages)}。",
            f'Nobody sends a message "{messages[ref]}". Known: {_en(context.known.messages)}.',
        )


def _own(node: Node, name: str) -> str:
    return (node.xml.get(duban(name)) or "").strip()


def _zh(names: Iterable[str]) -> str:
    return "、".join(sorted(names)) or "无"


def _en(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


_CHECKS: Mapping[str, Callable[[Node, Context], None]] = {
    "userTask": _check_user_task,
    "serviceTask": _check_service_task,
    "businessRuleTask": _check_rule_task,
    "callActivity": _check_call,
    "intermediateThrowEvent": _check_milestone,
    "endEvent": _check_milestone,
    "intermediateCatchEvent": _check_waiting_event,
    "boundaryEvent": _check_waiting_event,
}
