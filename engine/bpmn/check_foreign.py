"""Part of the deploy check: what Camunda, Flowable, Signavio and others wrote into a diagram, setting by setting, with
what to write instead. Everything is kept byte for byte; nothing of it has an effect."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from engine.bpmn.check_context import zh as listed
from engine.bpmn.check_references import owner, shown
from engine.bpmn.document import BPMN, DUBAN, bpmn, local, namespace
from engine.bpmn.findings import Findings, Words

ISO_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")
_XML = ("http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace")
_OURS = frozenset((DUBAN, BPMN, *_XML))
_OMG = ("http://www.omg.org/spec/BPMN/20100524/DI", "http://www.omg.org/spec/DD/20100524/")


@dataclass(frozen=True)
class Vendor:
    """Another tool, and the prefix that it writes its settings with."""

    name: str
    prefix: str


ENGINES: Mapping[str, Vendor] = {
    "http://camunda.org/schema/1.0/bpmn": Vendor("Camunda 7", "camunda"),
    "http://camunda.org/schema/zeebe/1.0": Vendor("Camunda 8", "zeebe"),
    "http://flowable.org/bpmn": Vendor("Flowable", "flowable"),
    "http://activiti.org/bpmn": Vendor("Activiti", "activiti"),
    "http://spiffworkflow.org/bpmn/schema/1.0/core": Vendor("SpiffWorkflow", "spiffworkflow"),
}
DECORATORS: Mapping[str, str] = {
    "http://www.signavio.com": "Signavio",
    "http://camunda.org/schema/modeler/1.0": "Camunda Modeler",
    "http://bpmn.io/schema/bpmn/biocolor/1.0": "bpmn.io",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0": "BPMN in Color",
    "http://flowable.org/design": "Flowable Design",
    "http://flowable.org/modeler": "Flowable Modeler",
}

_GROUPS: Words = (
    '改写为 duban:candidateGroups="角色@单位"，例如 officer@area；由谁签收在待办里定。',
    'Write duban:candidateGroups="role@place" instead, such as officer@area; who does it is settled in the inbox.',
)
_FORM: Words = (
    '改写为 duban:formKey="表单编号"，并把同名的 .form 文件放进流程文件夹。',
    'Write duban:formKey="name" instead and put the form of that name (.form) into the process folder.',
)
_DUE: Words = (
    "改写为 duban:dueDate='after(\"5wd\")'，并在 duban:basis 写明依据。",
    "Write duban:dueDate='after(\"5wd\")' instead, and its document and clause in duban:basis.",
)
_CALL: Words = ("在调用活动的 calledElement 里填写流程编号。", "Write the process key into calledElement.")
_DECISION: Words = (
    "改写为 duban:decisionRef=决策编号，并把 .dmn 文件放进流程文件夹。",
    "Write duban:decisionRef with the id of the decision and put the .dmn file into the process folder.",
)
_INPUTS: Words = (
    '输入改写为 duban:input name="…" expression="…"；输出不用写，变量直接可用。',
    'Write inputs as duban:input name="..." expression="..."; outputs need nothing, variables are shared.',
)
_LISTENERS: Words = (
    "监听器不执行。要提醒、发函的，画成服务任务；要记录的，用节点事件 duban:milestone。",
    "Listeners do not run. Draw reminders and letters as service tasks, record with duban:milestone.",
)
_AUTOMATIC: Words = (
    "可以删除：每一步都在一个事务里完成，失败会重试并报告。",
    "It can go: every step is one transaction, and what fails is tried again and reported.",
)
_VERSION: Words = (
    "可以删除：部署时自动编版本号，记录按归档规则保存。",
    "It can go: versions are counted when deploying.",
)
_SEVERAL: Words = (
    "改写为 BPMN 的 loopDataInputRef 和 inputDataItem（列表变量和每一项的名称）。",
    "Write loopDataInputRef and inputDataItem of BPMN itself: the list and the name of each item.",
)
_SCRIPT: Words = (
    "脚本不执行。判断写成网关条件的表达式，推算写成期限表达式或决策表。",
    "Scripts do not run. Write choices as conditions of gateways, results as deadlines or decision tables.",
)
_CORRELATION: Words = (
    '改写为 duban:correlation="变量名"，用逗号分开。',
    'Write duban:correlation="names of variables" instead.',
)
_SKIP: Words = ("跳过用排他网关画出来。", "Draw what is skipped with an exclusive gateway.")
_START: Words = (
    "开始事件不带表单。把表单放到开始后的第一个人工任务上（duban:formKey）。",
    "A start event has no form. Put it on the first user task behind it (duban:formKey).",
)
_ELSE: Words = ("不需要的话可以删除。", "Delete it if nobody needs it.")

ADVICE: Mapping[str, Words] = {
    **dict.fromkeys(("assignee", "candidateUsers", "candidateGroups", "assignmentDefinition", "owner"), _GROUPS),
    **dict.fromkeys(
        ("formKey", "formRef", "formRefBinding", "formDefinition", "formData", "formProperty", "userTaskForm"), _FORM
    ),
    **dict.fromkeys(("dueDate", "followUpDate", "taskSchedule", "businessCalendarName"), _DUE),
    **dict.fromkeys(("calledElement", "calledElementBinding", "calledElementVersion", "in", "out"), _CALL),
    **dict.fromkeys(("decisionRef", "decisionRefBinding", "calledDecision", "mapDecisionResult", "rules"), _DECISION),
    **dict.fromkeys(("inputOutput", "ioMapping", "inputParameter", "outputParameter", "field"), _INPUTS),
    **dict.fromkeys(("executionListener", "executionListeners", "taskListener", "taskListeners"), _LISTENERS),
    **dict.fromkeys(
        ("async", "asyncBefore", "asyncAfter", "exclusive", "failedJobRetryTimeCycle", "jobPriority", "taskPriority"),
        _AUTOMATIC,
    ),
    **dict.fromkeys(("historyTimeToLive", "versionTag", "candidateStarterGroups", "candidateStarterUsers"), _VERSION),
    **dict.fromkeys(("collection", "elementVariable", "loopCharacteristics"), _SEVERAL),
    **dict.fromkeys(("script", "preScript", "postScript", "resource"), _SCRIPT),
    "subscription": _CORRELATION,
    "skipExpression": _SKIP,
}
CODE = frozenset(
    ["class", "delegateExpression", "expression", "type", "topic", "taskDefinition", "connector", "connectorId"]
)


def check_foreign(root: etree._Element, job_kinds: frozenset[str], findings: Findings) -> None:
    """A warning for each setting of another engine, information once for each tool that only decorates."""
    decorated: dict[str, None] = {}
    for node in root.iter(f"{{{BPMN}}}*"):
        strangers: dict[str, None] = {}
        for space, name, value in _settings(node):
            if space in ENGINES:
                _tell(node, ENGINES[space], name, value, job_kinds, findings)
            elif space in DECORATORS:
                decorated[space] = None
            else:
                strangers[space] = None
        if strangers:
            findings.add(
                "foreign-setting",
                _where(node),
                f"“{_title(node)}”带有其他软件的设置（{listed(strangers)}），会保留但不起作用。",
                f'"{_title(node)}" has settings of other tools ({", ".join(sorted(strangers))}); they are kept but '
                "have no effect.",
            )
    for node in root.iter():
        if namespace(node).startswith(_OMG):
            for space, _, _ in _attributes(node):
                if space in DECORATORS:
                    decorated[space] = None
    for space in sorted(decorated):
        findings.add(
            "foreign-decoration",
            "",
            f"文件里有 {DECORATORS[space]} 的颜色、标注等数据，会原样保留，不影响运行。",
            f"The file holds colours and notes of {DECORATORS[space]}; they are kept and change nothing.",
        )


def _settings(node: etree._Element) -> Iterator[tuple[str, str, str]]:
    """What other tools wrote on an element and directly into its extension elements: namespace, name, value."""
    yield from _attributes(node)
    extension = node.find(bpmn("extensionElements"))
    for child in extension if extension is not None else ():
        space = namespace(child)
        if local(child) and space not in (DUBAN, BPMN):
            yield space, local(child), ", ".join(map(str, child.attrib.values())) or (child.text or "").strip()


def _attributes(node: etree._Element) -> Iterator[tuple[str, str, str]]:
    for attribute, value in node.attrib.items():
        if attribute[0] == "{":
            space, _, name = attribute[1:].partition("}")
            if space not in _OURS:
                yield space, name, str(value)


def _tell(
    node: etree._Element, vendor: Vendor, name: str, value: str, job_kinds: frozenset[str], findings: Findings
) -> None:
    setting, written = f"{vendor.prefix}:{name}", f"（{shown(value)}）" if value else " "
    findings.add(
        "foreign-setting",
        _where(node),
        f"“{_title(node)}”的 {setting}{written}是 {vendor.name} 的设置，会保留但不起作用。",
        f'{setting} of "{_title(node)}" is a setting of {vendor.name}; it is kept but has no effect.',
        property=setting,
        todo=_advice(node, name, job_kinds),
    )


def _advice(node: etree._Element, name: str, job_kinds: frozenset[str]) -> Words:
    if name in CODE and local(node) in ("serviceTask", "sendTask", "businessRuleTask"):
        return (
            f"程序代码不执行。改写为 duban:jobKind，可用的有：{listed(job_kinds)}；要人办的改为人工任务。",
            "Code does not run. Write duban:jobKind instead, one of: "
            f"{', '.join(sorted(job_kinds))}; make it a user task where people are needed.",
        )
    advice = ADVICE.get(name, _ELSE)
    return _START if advice is _FORM and local(node) == "startEvent" else advice


def _where(node: etree._Element) -> str:
    return shown(node.get("id")) if node.get("id") else owner(node)


def _title(node: etree._Element) -> str:
    return shown(node.get("name") or node.get("id") or local(node))


# -- their languages ---------------------------------------------------------------------------------------------------
def todo_of_expression(text: str) -> Words:
    """What to do with an expression of another engine; empty for one that is merely wrong."""
    text = text.strip()
    if text.startswith(("${", "#{")):
        inner = shown(text[2:].removesuffix("}").strip())
        return (
            f"这是 JUEL 写法。去掉 ${{ }}，只写里面的判断：{inner}",
            f"This is JUEL. Leave out ${{ }} and write what stands inside: {inner}",
        )
    if text.startswith("="):
        inner = shown(text[1:].strip())
        return (
            f"这是 FEEL 写法。去掉开头的等号，相等写 ==：{inner}",
            f"This is FEEL. Leave out the first =, and write == for equal: {inner}",
        )
    return "", ""


def todo_of_duration(text: str) -> Words:
    """An ISO 8601 duration or cycle as our deadline expression; empty when it is none."""
    body = text.strip().strip('"')
    if body.startswith("R") and "/" in body:
        return (
            "重复提醒画成循环：定时 → 提醒 → 网关 → 回到定时。",
            "Draw a repetition as a loop: timer, reminder, gateway, and back to the timer.",
        )
    found = ISO_DURATION.fullmatch(body)
    weeks, days, hours, minutes = (int(part) for part in found.groups(default=0)) if found else (0, 0, 0, 0)
    if not weeks + days + hours + minutes:
        return "", ""
    day_count = weeks * 7 + days
    term = (
        f"{day_count}d"
        if day_count and not hours and not minutes
        else f"{day_count * 24 + hours + minutes // 60 or 1}h"
    )
    return (
        f'写成 timeDate：after("{term}")；按工作日算用 wd。',
        f'Write as timeDate: after("{term}"); wd counts working days.',
    )
