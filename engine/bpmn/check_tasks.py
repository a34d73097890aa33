"""Part of the deploy check: user tasks, service tasks, business rule tasks and call activities."""

import re
from collections.abc import Mapping

from lxml import etree

from engine.bpmn.activities import MAX_INSTANCES
from engine.bpmn.check_context import Context, check_due, en, own, zh
from engine.bpmn.check_duties import check_target
from engine.bpmn.check_foreign import todo_of_expression
from engine.bpmn.decision import OF_CAMPAIGN
from engine.bpmn.document import bpmn, duban, text_of
from engine.bpmn.expressions import check_expression, constant_of, names_of
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Node
from engine.bpmn.step import refusal_columns

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
REQUIRED_INPUTS = {"letter": ("kind",)}


def check_user_task(node: Node, context: Context) -> None:
    findings = context.findings
    form = own(node, "formKey")
    if not form:
        findings.add(
            "form-exists",
            node.node_id,
            f"任务“{node.title}”没有表单，请填写表单编号。",
            f'The task "{node.title}" has no form; choose one.',
        )
    elif not NAME.fullmatch(form) or f"{form}.form" not in context.files:
        findings.add(
            "form-exists",
            node.node_id,
            f"任务“{node.title}”的表单文件 {form}.form 不在流程文件夹里。",
            f'The form {form}.form of the task "{node.title}" is not in the process folder.',
        )
    _check_groups(node, context)
    check_due(node, findings)
    _check_returnable(node, findings)
    _check_separation(node, context)
    several = node.xml.find(bpmn("multiInstanceLoopCharacteristics"))
    if several is not None:
        _check_several(several, node, findings)


def _check_groups(node: Node, context: Context) -> None:
    findings, known = context.findings, context.known
    groups = [part.strip() for part in own(node, "candidateGroups").split(",") if part.strip()]
    if not groups:
        findings.add(
            "candidate-group-exists",
            node.node_id,
            f"任务“{node.title}”没有候选组，没有人能看到它。请填写，例如 officer@area。",
            f'The task "{node.title}" has no candidate group, so nobody would see it. Write one, such as officer@area.',
        )
    for group in groups:
        role, at, place = group.partition("@")
        if not at or not NAME.fullmatch(role) or not NAME.fullmatch(place):
            findings.add(
                "candidate-group-exists",
                node.node_id,
                f"候选组“{group}”写法不对，应为 角色@单位，例如 officer@area。",
                f'The candidate group "{group}" must be role@place, such as officer@area.',
            )
            continue
        if role not in known.roles:
            findings.add(
                "candidate-group-exists",
                node.node_id,
                f"没有角色“{role}”。可用的有：{zh(known.roles)}。",
                f'There is no role "{role}". Known: {en(known.roles)}.',
            )
        if place not in known.places:
            findings.add(
                "candidate-group-exists",
                node.node_id,
                f"没有单位位置“{place}”。可用的有：{zh(known.places)}。",
                f'There is no place "{place}". Known: {en(known.places)}.',
            )


def _check_returnable(node: Node, findings: Findings) -> None:
    value = node.xml.get(duban("returnable"))
    if value is None:
        return
    if value not in ("true", "false"):
        findings.add(
            "returnable-asks-outcome", node.node_id, "returnable 只能写 true 或 false。", "returnable is true or false."
        )
    if value != "true":
        return
    target = _behind_joins(node)
    conditions = [flow.condition for flow in target.outgoing if flow.has_condition] if target is not None else []
    if target is None or target.tag != "exclusiveGateway" or not any(map(_names_outcome, conditions)):
        findings.add(
            "returnable-asks-outcome",
            node.node_id,
            f"任务“{node.title}”可以退回，后面必须紧接排他网关（只作汇合的除外），"
            '并有一条出口的条件写明 outcome == "returned"。',
            f'The task "{node.title}" can be sent back, so an exclusive gateway must follow it with a way out on '
            'the condition outcome == "returned".',
        )


def _behind_joins(node: Node) -> Node | None:
    """What the one way out of this leads to, past gateways that only bring ways together; None where it forks."""
    seen: set[str] = set()
    here: Node | None = node
    while here is not None and len(here.outgoing) == 1 and here.node_id not in seen:
        seen.add(here.node_id)
        here = here.outgoing[0].target
        if here is None or here.tag != "exclusiveGateway" or len(here.outgoing) != 1:
            return here
    return None


def _names_outcome(condition: str) -> bool:
    return check_expression(condition) is None and "outcome" in names_of(condition)


def _check_separation(node: Node, context: Context) -> None:
    here, elsewhere = context.user_tasks, context.known.user_tasks
    for other in own(node, "separateFrom").replace(",", " ").split():
        process, _, element_id = other.rpartition(":")
        if process:
            _check_named_process(process, element_id, node, context)
        elif other == node.node_id:
            context.findings.add(
                "separation-exists",
                node.node_id,
                f"任务“{node.title}”不能和自己分离，请删除 separateFrom 里的 {other}。",
                f'The task "{node.title}" cannot be separate from itself; remove {other}.',
            )
        elif other in here:
            continue
        elif elsewhere is not None and other in elsewhere:
            _check_which(other, node, context)
        elif elsewhere is None:
            context.findings.add(
                "separation-elsewhere",
                node.node_id,
                f"本流程没有人工任务“{other}”（separateFrom）。如果它在别的流程里，请核对编号。",
                f'This process has no user task "{other}" (separateFrom). If it stands in another one, check the id.',
            )
        else:
            context.findings.add(
                "separation-exists",
                node.node_id,
                f"separateFrom 里的“{other}”不是任何人工任务的编号，请改正。",
                f'"{other}" in separateFrom is the id of no user task; correct it.',
            )


def _check_named_process(process: str, element_id: str, node: Node, context: Context) -> None:
    """`process:element` is an element of that process alone."""
    tasks = {**context.known.tasks, context.key: context.user_tasks}
    if (process, element_id) == (context.key, node.node_id) or element_id not in tasks.get(process, ()):
        context.findings.add(
            "separation-exists",
            node.node_id,
            f"separateFrom 里的“{process}:{element_id}”不是流程“{process}”里别的人工任务，请改正。",
            f'"{process}:{element_id}" in separateFrom is no other user task of the process "{process}"; correct it.',
        )


def _check_which(other: str, node: Node, context: Context) -> None:
    keys = sorted(key for key in context.family if other in context.known.tasks.get(key, ()))
    if len(keys) > 1:
        context.findings.add(
            "separation-which",
            node.node_id,
            f"同一案件的几个流程（{'、'.join(keys)}）都有人工任务“{other}”，办过其中任何一个的人都要回避。"
            f"如果只指一个，请写成“{keys[0]}:{other}”。",
            f'Several processes of one case ({", ".join(keys)}) have a user task "{other}"; who did any of them is '
            f'kept away. If one of them is meant, write "{keys[0]}:{other}".',
        )


def _check_several(several: etree._Element, node: Node, findings: Findings) -> None:
    items = text_of(several.find(bpmn("loopDataInputRef")))
    cardinality = text_of(several.find(bpmn("loopCardinality")))
    item = several.find(bpmn("inputDataItem"))
    if bool(items) == bool(cardinality):
        findings.add(
            "multi-instance",
            node.node_id,
            f"多实例任务“{node.title}”要写按哪个列表变量办理（loopDataInputRef），"
            "或办理几次（loopCardinality），二选一。",
            f'Say of "{node.title}" for which list (loopDataInputRef) or how often (loopCardinality) it is done.',
        )
    if items and not NAME.fullmatch(items):
        findings.add(
            "multi-instance", node.node_id, f"列表变量名“{items}”不对。", f'"{items}" is no name of a list variable.'
        )
    if items and (item is None or not NAME.fullmatch(item.get("name") or item.get("id", ""))):
        findings.add(
            "multi-instance",
            node.node_id,
            f"多实例任务“{node.title}”要给每一项起变量名（inputDataItem name）。",
            f'The multi-instance task "{node.title}" needs a variable name for each item (inputDataItem name).',
        )
    fixed = constant_of(cardinality) if cardinality else None
    if fixed is not None and (type(fixed) is not int or not 1 <= fixed <= MAX_INSTANCES):
        findings.add(
            "multi-instance",
            node.node_id,
            f"多实例任务“{node.title}”要办理 {cardinality[:40]} 次，应为 1 至 {MAX_INSTANCES} 的整数。",
            f'The multi-instance task "{node.title}" is to be done {cardinality[:40]} times; '
            f"it must be a whole number from 1 to {MAX_INSTANCES}.",
        )
    until = several.find(bpmn("completionCondition"))
    for text in filter(None, (cardinality, text_of(until))):
        if fault := check_expression(text):
            findings.add(
                fault.rule,
                node.node_id,
                f"多实例：{fault.zh}",
                f"Multi-instance: {fault.en}",
                property="multiInstanceLoopCharacteristics",
            )


def check_service_task(node: Node, context: Context) -> None:
    findings, known = context.findings, context.known
    kind = own(node, "jobKind")
    if kind not in known.job_kinds:
        findings.add(
            "job-kind-known",
            node.node_id,
            f"服务任务“{node.title}”的作业种类（jobKind）{_named(kind, '没有登记')}。可用的有：{zh(known.job_kinds)}。",
            f'The job kind of "{node.title}" is {kind or "not filled in"}; known are: {en(known.job_kinds)}.',
        )
    inputs = _check_inputs(node, findings)
    for name in REQUIRED_INPUTS.get(kind, ()):
        if name not in inputs:
            findings.add(
                "job-input",
                node.node_id,
                f"服务任务“{node.title}”缺少输入“{name}”。",
                f'The service task "{node.title}" lacks the input "{name}".',
            )
    check_target(node, context)
    letter = constant_of(inputs.get("kind", "")) if kind == "letter" else None
    if letter is not None and letter not in known.letter_kinds:
        findings.add(
            "letter-kind-exists",
            node.node_id,
            f"没有公文种类“{letter}”。可用的有：{zh(known.letter_kinds)}。",
            f'There is no letter kind "{letter}". Known: {en(known.letter_kinds)}.',
        )


def _check_inputs(node: Node, findings: Findings) -> dict[str, str]:
    inputs: dict[str, str] = {}
    extension = node.xml.find(bpmn("extensionElements"))
    for item in extension.findall(duban("input")) if extension is not None else ():
        name, expression = item.get("name", ""), item.get("expression", "")
        if not NAME.fullmatch(name) or name in inputs:
            findings.add(
                "job-input",
                node.node_id,
                f"“{node.title}”的输入名“{name}”为空、重复或写法不对。",
                f'The input name "{name}" of "{node.title}" is empty, doubled or malformed.',
            )
        inputs[name] = expression
        if fault := check_expression(expression):
            findings.add(
                fault.rule,
                node.node_id,
                f"输入 {name}：{fault.zh}",
                f"Input {name}: {fault.en}",
                property="inputs",
                todo=todo_of_expression(expression),
            )
    return inputs


def check_rule_task(node: Node, context: Context) -> None:
    ref = own(node, "decisionRef")
    if ref not in context.decisions and ref not in OF_CAMPAIGN:
        context.findings.add(
            "decision-exists",
            node.node_id,
            f"业务规则任务“{node.title}”的决策表“{ref}”不在文件夹里。现有：{zh(context.decisions)}。",
            f'The decision "{ref}" of "{node.title}" is in no .dmn file here. Present: {en(context.decisions)}.',
        )
    _check_inputs(node, context.findings)
    _check_refusal(node, context)


def _check_refusal(node: Node, context: Context) -> None:
    """Who is refused must read why, in either language, and at which field."""
    refusal, table = own(node, "refusal"), context.decisions.get(own(node, "decisionRef"))
    if not refusal:
        return
    columns = refusal_columns(refusal)
    missing = [column for column in columns if table is None or column not in table.output_names]
    if missing:
        context.findings.add(
            "refusal-columns",
            node.node_id,
            f"“{node.title}”的 refusal 要求决策表有输出列 {zh(columns)}，现缺 {zh(missing)}。",
            f'The refusal of "{node.title}" needs the output columns {en(columns)}; missing: {en(missing)}.',
        )


def check_call(node: Node, context: Context) -> None:
    called, known, findings = node.xml.get("calledElement", ""), context.known, context.findings
    if called == context.key or _calls_back(called, context.key, known.calls or {}):
        findings.add(
            "call-circle",
            node.node_id,
            f"调用活动“{node.title}”会转回本流程，形成死循环。请去掉这个调用。",
            f'The call activity "{node.title}" leads back to this process. Remove the call.',
        )
    elif called not in known.process_keys:
        findings.add(
            "called-process-exists",
            node.node_id,
            f"调用活动“{node.title}”要调用的流程{_named(called, '没有部署')}。可用的有：{zh(known.process_keys)}。",
            f'The process that "{node.title}" calls is {called or "not filled in"}; '
            f"deployed are: {en(known.process_keys)}.",
        )


def _named(value: str, fault: str) -> str:
    return f"“{value}”{fault}" if value else "没有填写"


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
