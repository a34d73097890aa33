"""Part of the deploy check: what is written on each element; milestones, timers and messages. Tasks: `check_tasks`."""

from collections.abc import Callable, Mapping

from lxml import etree

from engine.bpmn import check_tasks
from engine.bpmn.check_context import Context, check_due, en, own, zh
from engine.bpmn.check_foreign import todo_of_duration, todo_of_expression
from engine.bpmn.document import DUBAN, bpmn, duban, local, namespace, text_of
from engine.bpmn.expressions import check_deadline
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Node

ATTRIBUTES = {
    "userTask": frozenset({"formKey", "candidateGroups", "dueDate", "basis", "returnable", "separateFrom"}),
    "serviceTask": frozenset({"jobKind"}),
    "businessRuleTask": frozenset({"decisionRef", "refusal"}),
    "intermediateThrowEvent": frozenset({"milestone", "dueDate", "basis"}),
    "endEvent": frozenset({"milestone", "dueDate", "basis"}),
    "intermediateCatchEvent": frozenset({"correlation"}),
    "boundaryEvent": frozenset({"correlation"}),
}
WITH_INPUTS = ("serviceTask", "businessRuleTask")
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


def check_node(node: Node, context: Context) -> None:
    """Everything that is written on one element."""
    _check_attributes(node, context.findings)
    if not node.name and node.tag in LABELLED:
        context.findings.add(
            "label-required",
            node.node_id,
            f"{node.node_id} 没有名称，请写上办什么事。",
            f"{node.node_id} has no name; say what happens here.",
        )
    check = _CHECKS.get(node.tag)
    if check is not None:
        check(node, context)


def _check_attributes(node: Node, findings: Findings) -> None:
    allowed = ATTRIBUTES.get(node.tag, frozenset())
    for attribute in node.xml.attrib:
        name = etree.QName(attribute)
        if name.namespace == DUBAN and name.localname not in allowed:
            findings.add(
                "duban-attribute-known",
                node.node_id,
                f"“{node.title}”不能写 duban:{name.localname}。这里可用的有：{zh(allowed)}。",
                f'duban:{name.localname} cannot stand on "{node.title}". Known here: {en(allowed)}.',
            )
    extension = node.xml.find(bpmn("extensionElements"))
    for child in extension if extension is not None else ():
        if namespace(child) == DUBAN and (local(child) != "input" or node.tag not in WITH_INPUTS):
            findings.add(
                "duban-attribute-known",
                node.node_id,
                f"“{node.title}”里的 duban:{local(child)} 不认识，请删除。",
                f'duban:{local(child)} in "{node.title}" is not known; remove it.',
            )


def _check_milestone(node: Node, context: Context) -> None:
    milestone = own(node, "milestone")
    if node.xml.get(duban("milestone")) is not None and milestone not in context.known.milestones:
        context.findings.add(
            "milestone-exists",
            node.node_id,
            f"没有节点事实“{milestone}”。可用的有：{zh(context.known.milestones)}。",
            f'There is no milestone "{milestone}". Known: {en(context.known.milestones)}.',
        )
    if own(node, "dueDate") and not milestone:
        context.findings.add(
            "deadline-needs-milestone",
            node.node_id,
            "没有 milestone 的事件不能写期限。",
            "An event without a milestone has no deadline.",
        )
    check_due(node, context.findings)


def _check_waiting_event(node: Node, context: Context) -> None:
    findings = context.findings
    for definition in node.xml:
        if local(definition) == "timerEventDefinition":
            _check_timer(definition, node, findings)
        elif local(definition) == "messageEventDefinition":
            _check_message(definition, node, context)
    if node.xml.get(duban("correlation")) is not None:
        _check_correlation(node, findings)


def _check_timer(definition: etree._Element, node: Node, findings: Findings) -> None:
    kinds = [local(child) for child in definition if local(child).startswith("time")]
    if kinds != ["timeDate"]:
        findings.add(
            "timer-has-date",
            node.node_id,
            f"定时事件“{node.title}”只能用日期（timeDate），不能用时长或循环。"
            '请写成 after("3wd") 或 before(due, "3wd")；重复提醒请画成循环。',
            f'The timer "{node.title}" takes a date (timeDate), no duration or cycle. '
            'Write after("3wd") or before(due, "3wd"); draw a repetition as a loop.',
            todo=todo_of_duration(text_of(definition)),
        )
        return
    date = text_of(definition.find(bpmn("timeDate")))
    if fault := check_deadline(date):
        findings.add(
            fault.rule,
            node.node_id,
            f"定时事件“{node.title}”：{fault.zh}",
            f'Timer "{node.title}": {fault.en}',
            property="timeDate",
            todo=todo_of_expression(date),
        )


def _check_message(definition: etree._Element, node: Node, context: Context) -> None:
    messages = {each.get("id"): each.get("name", "") for each in context.root.iter(bpmn("message"))}
    ref = definition.get("messageRef")
    if ref is not None and ref not in messages:
        return  # told as a dangling reference
    if ref is None or not messages[ref]:
        context.findings.add(
            "message-exists",
            node.node_id,
            f"消息事件“{node.title}”没有选定消息，或消息没有名称。",
            f'The message event "{node.title}" names no message, or the message has no name.',
        )
    elif context.known.messages is not None and messages[ref] not in context.known.messages:
        context.findings.add(
            "message-sent",
            node.node_id,
            f"没有谁会发送消息“{messages[ref]}”。已知的有：{zh(context.known.messages)}。",
            f'Nobody sends a message "{messages[ref]}". Known: {en(context.known.messages)}.',
        )


def _check_correlation(node: Node, findings: Findings) -> None:
    names = [name.strip() for name in own(node, "correlation").split(",")]
    if not any(local(definition) == "messageEventDefinition" for definition in node.xml):
        findings.add(
            "correlation-names",
            node.node_id,
            f"“{node.title}”不等消息，不能写关联键（correlation）。",
            f'"{node.title}" waits for no message and takes no correlation.',
        )
    elif not all(name.isidentifier() and name.isascii() for name in names):
        findings.add(
            "correlation-names",
            node.node_id,
            f"“{node.title}”的关联键须为变量名，用逗号分开，例如 case, unit。",
            f'The correlation of "{node.title}" lists names of variables with commas between, such as: case, unit.',
        )


_CHECKS: Mapping[str, Callable[[Node, Context], None]] = {
    "userTask": check_tasks.check_user_task,
    "serviceTask": check_tasks.check_service_task,
    "businessRuleTask": check_tasks.check_rule_task,
    "callActivity": check_tasks.check_call,
    "intermediateThrowEvent": _check_milestone,
    "endEvent": _check_milestone,
    "intermediateCatchEvent": _check_waiting_event,
    "boundaryEvent": _check_waiting_event,
}
