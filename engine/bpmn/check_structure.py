"""Part of the deploy check: which elements the dialect has, ids, references, and what stands where."""

from lxml import etree

from engine.bpmn.check_references import check_ids, shown
from engine.bpmn.document import BPMN, DUBAN, bpmn, local, namespace
from engine.bpmn.elements import FLOW_NODES
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Flow, Node, Places, Scope, is_embedded, leading_to, process_around, reachable

MAX_NODES = 300  # the engine reads a chain of elements by recursion; 480 still worked on an empty stack
MAX_FLOWS = 600  # what is known at an element follows every flow again and again

REFUSED = {
    "scriptTask": (
        "脚本任务不会执行。请改用业务规则任务（决策表）或服务任务；判断可以写成网关条件的表达式。",
        "Script tasks are never run. Use a business rule task (decision table) or a service task; a choice can be the "
        "condition of a gateway.",
    ),
    "task": (
        "请选定任务类型：由人办理选“人工任务”，由系统办理选“服务任务”。",
        "Choose a type: a user task for people, a service task for the system.",
    ),
    "manualTask": (
        "手工任务不会出现在待办里，请改为人工任务。",
        "A manual task never reaches an inbox; make it a user task.",
    ),
    "sendTask": (
        "请改为服务任务：发文用 letter，发消息用 publish_message。",
        "Use a service task: letter for paper, publish_message for messages.",
    ),
    "receiveTask": ("请改为“消息中间捕获事件”。", "Use an intermediate catch event with a message."),
    "inclusiveGateway": (
        "包容网关容易等错分支，不支持。请用排他网关和并行网关表达。",
        "Inclusive gateways do not run here. Use exclusive and parallel gateways.",
    ),
    "complexGateway": (
        "复杂网关不支持。请用排他网关和并行网关表达。",
        "Complex gateways do not run here. Use exclusive and parallel gateways.",
    ),
    "transaction": (
        "事务子流程不支持，请改为普通子流程。",
        "Transactions do not run here; use an embedded subprocess.",
    ),
    "adHocSubProcess": ("即席子流程不支持，请画出顺序。", "Ad-hoc subprocesses do not run here; draw the order."),
}
REFUSED_RULES = {  # where bpmnlint has a rule of its own; all others are `engine-subset`
    "inclusiveGateway": "no-inclusive-gateway",
    "complexGateway": "no-complex-gateway",
    "adHocSubProcess": "ad-hoc-sub-process",
}
EVENT_REFUSED = {
    "link": (
        "链接事件会让流程中途结束，不支持。请直接连线。",
        "Link events do not run here: the process would end. Draw the flow itself.",
    ),
    "signal": ("信号事件不支持，请改为消息事件。", "Signals do not run here; use a message event."),
    "error": (
        "错误事件不支持。请用排他网关判断结果。",
        "Error events do not run here. Decide with an exclusive gateway.",
    ),
    "escalation": (
        "升级事件不支持。请用定时边界事件加服务任务。",
        "Escalation events do not run here. Use a boundary timer and a service task.",
    ),
    "compensate": (
        "补偿事件不支持。请把撤销画成普通环节。",
        "Compensation does not run here. Draw what is to be undone as ordinary steps.",
    ),
    "conditional": (
        "条件事件不支持。请用排他网关或消息事件。",
        "Conditional events do not run here. Use an exclusive gateway or a message.",
    ),
    "cancel": ("取消事件不支持。", "Cancel events do not run here."),
}
ALLOWED_EVENTS = {
    "startEvent": (),
    "endEvent": ("terminate",),
    "intermediateThrowEvent": (),
    "intermediateCatchEvent": ("timer", "message"),
    "boundaryEvent": ("timer", "message"),
}
NEEDS_EVENT = ("intermediateCatchEvent", "boundaryEvent")
HOSTS = ("userTask", "serviceTask", "callActivity", "subProcess")

TOP_LEVEL = frozenset(
    [
        "process",
        "message",
        "signal",
        "error",
        "escalation",
        "category",
        "BPMNDiagram",
        "documentation",
        "extensionElements",
        "itemDefinition",
    ]
)
# A property only declares a list that a multi-instance task goes through, so that editors do not lose its name.
BESIDE = frozenset(
    ["sequenceFlow", "textAnnotation", "association", "group", "documentation", "extensionElements", "property"]
)
INSIDE = frozenset(["incoming", "outgoing", "documentation", "extensionElements", "multiInstanceLoopCharacteristics"])


def check_document(root: etree._Element, key: str, findings: Findings) -> list[etree._Element]:
    """The processes of the file, after a look at everything beside them. There should be one."""
    check_ids(root, findings)
    for child in root:
        if local(child) == "collaboration" or local(child) == "participant":
            zh, en = (
                "泳池不起作用，请删除泳池，只保留流程。",
                "Pools have no effect here; remove the pool and keep the process.",
            )
            findings.add("engine-subset", child.get("id", ""), zh, en)
        elif local(child) and local(child) not in TOP_LEVEL:
            _refuse(child, findings)
    processes = list(root.iter(bpmn("process")))
    if len(processes) != 1:
        findings.add(
            "one-process",
            "",
            f"文件里要有且只有一个流程，现在有 {len(processes)} 个。",
            f"A file holds exactly one process; this one has {len(processes)}.",
        )
        return processes
    process = processes[0]
    if process.get("id", "") != key:
        findings.add(
            "process-key",
            process.get("id", ""),
            f"流程编号“{process.get('id', '')}”和文件名“{key}.bpmn”不一致，请改成相同。",
            f'The process id "{process.get("id", "")}" and the file name "{key}.bpmn" must be the same.',
        )
    if process.get("isExecutable", "true") != "true":
        findings.add(
            "process-executable",
            process.get("id", ""),
            "流程没有勾选“可执行”，请勾选。",
            'Tick "executable" for the process.',
        )
    if not process.get("name"):
        findings.add("label-required", process.get("id", ""), "流程没有名称。", "The process has no name.")
    return processes


def is_readable(scope: Scope) -> bool:
    """Whether it is small enough for what looks at every way through it."""
    return len(scope.nodes) <= MAX_NODES and len(scope.flows) <= MAX_FLOWS


def check_scope(scope: Scope, places: Places, findings: Findings) -> None:
    """What may stand in a process or subprocess, its start and ends, and whether everything can be reached and left."""
    if len(scope.nodes) > MAX_NODES:
        findings.add(
            "too-large",
            scope.scope_id,
            f"流程图有 {len(scope.nodes)} 个元素，最多 {MAX_NODES} 个。请拆成几个流程（调用活动）。",
            f"The diagram has {len(scope.nodes)} elements, at most {MAX_NODES} can run. Split it (call activities).",
        )
    elif len(scope.flows) > MAX_FLOWS:
        findings.add(
            "too-large",
            scope.scope_id,
            f"流程图有 {len(scope.flows)} 条连线，最多 {MAX_FLOWS} 条。请拆成几个流程（调用活动）。",
            f"The diagram has {len(scope.flows)} flows, at most {MAX_FLOWS} are followed. Split it (call activities).",
        )
    beside = FLOW_NODES | BESIDE | (INSIDE if scope.host is not None else frozenset())
    for child in scope.xml:
        if namespace(child) == BPMN and local(child) not in beside:
            _refuse(child, findings)
    for flow in scope.flows:
        for end, node in (("sourceRef", flow.source), ("targetRef", flow.target)):
            if flow.xml.get(end) is None:
                findings.add(
                    "flow-ends", flow.flow_id, "连线少了一头，请重新连。", "The flow lacks an end; draw it again."
                )
            elif node is None and flow.xml.get(end) in places:
                _check_border(flow, end, places, findings)
    for node in scope.nodes.values():
        _check_kind(node, findings)
        _check_place(node, scope, findings)
    _check_ends(scope, findings)


def _check_border(flow: Flow, end: str, places: Places, findings: Findings) -> None:
    """An end that does not exist at all is a dangling reference and has been told."""
    named = shown(flow.xml.get(end, ""))
    if places[flow.xml.get(end, "")] is process_around(flow.xml):
        zh = f"连线的一头“{named}”不在同一个流程或子流程里。连线不能跨越边界，请连到子流程本身，或用边界事件。"
        en = (
            f'One end of the flow, "{named}", is not in the same process. Flows cannot cross a border; connect it to '
            "the subprocess itself, or use a boundary event."
        )
    else:
        zh = f"连线的一头“{named}”在另一个流程（泳池）里。连线不能跨越流程，请用消息事件或调用活动。"
        en = (
            f'One end of the flow, "{named}", is not in the same process but in another pool. Use a message event or '
            "a call activity."
        )
    findings.add("flow-within-scope", flow.flow_id, zh, en, property=end)


def _check_kind(node: Node, findings: Findings) -> None:
    if node.tag in REFUSED:
        findings.add(REFUSED_RULES.get(node.tag, "engine-subset"), node.node_id, *REFUSED[node.tag])
        return
    if node.tag == "subProcess" and node.xml.get("triggeredByEvent") == "true":
        findings.add(
            "engine-subset",
            node.node_id,
            "事件子流程不支持。请改用边界事件：贴在任务或子流程上。",
            "Event subprocesses do not run here. Use a boundary event on the task or subprocess.",
        )
    if node.xml.get("isForCompensation") == "true":
        findings.add("engine-subset", node.node_id, *EVENT_REFUSED["compensate"])
    is_event = node.tag in ALLOWED_EVENTS
    for child in node.xml:
        tag = local(child)
        if tag.endswith("EventDefinition") and is_event:
            continue
        if namespace(child) == BPMN and tag not in INSIDE and node.tag != "subProcess":
            _refuse(child, findings, node.node_id)
        if tag == "multiInstanceLoopCharacteristics" and node.tag != "userTask":
            findings.add(
                "engine-subset",
                node.node_id,
                "多实例只能用在人工任务上。",
                "Only user tasks can be done several times at once.",
            )
    if is_event:
        _check_event(node, findings)


def _check_event(node: Node, findings: Findings) -> None:
    allowed = ALLOWED_EVENTS[node.tag]
    for kind in node.events:
        if kind in allowed:
            continue
        if kind == "message":
            zh = "发送消息请用服务任务（publish_message）；流程由系统或上级流程启动，开始事件不带消息。"
            en = "Send messages with a service task (publish_message); a start event carries none."
        elif kind in ("timer", "terminate"):
            zh, en = (
                "这个位置不能用这种事件，请换成普通事件。",
                "This kind of event cannot stand here; use a plain one.",
            )
        else:
            zh, en = EVENT_REFUSED[kind]
        rule = "link-event" if kind == "link" else "engine-subset"
        if node.tag == "startEvent" and is_embedded(node):
            rule = "sub-process-blank-start-event"
        findings.add(rule, node.node_id, zh, en)
    if len(node.events) > 1:
        findings.add(
            "single-event-definition", node.node_id, "一个事件只能有一个触发条件。", "An event has only one definition."
        )
    if node.tag in NEEDS_EVENT and not node.events:
        findings.add(
            "event-has-definition",
            node.node_id,
            f"事件“{node.title}”没有触发条件，请选定时或消息。",
            f'The event "{node.title}" waits for nothing; choose a timer or a message.',
        )


def _check_place(node: Node, scope: Scope, findings: Findings) -> None:
    tag, title = node.tag, node.title
    if tag == "startEvent" and node.incoming:
        findings.add(
            "wrong-way-flow", node.node_id, "开始事件不能有进来的连线。", "A start event has no incoming flow."
        )
    if tag == "endEvent" and node.outgoing:
        findings.add("wrong-way-flow", node.node_id, "结束事件不能有出去的连线。", "An end event has no outgoing flow.")
    if tag == "boundaryEvent":
        host = scope.nodes.get(node.xml.get("attachedToRef", ""))
        if node.incoming:
            findings.add(
                "wrong-way-flow", node.node_id, "边界事件不能有进来的连线。", "A boundary event has no incoming flow."
            )
        if node.xml.get("attachedToRef") is None or host is None:
            findings.add(
                "boundary-host",
                node.node_id,
                f"边界事件“{title}”没有贴在同一流程的任务上，请拖到任务边框上。",
                f'The boundary event "{title}" is not attached to a task of the same process; drag it onto one.',
            )
        elif host.tag not in HOSTS:
            findings.add(
                "boundary-host",
                node.node_id,
                f"边界事件“{title}”贴在“{host.title}”上不起作用，只能贴在人工任务、服务任务、子流程或调用活动上。",
                f'The boundary event "{title}" cannot work on "{host.title}"; attach it to a user task, service task, '
                "subprocess or call activity.",
            )
    if tag != "endEvent" and not node.outgoing:
        findings.add(
            "no-implicit-end",
            node.node_id,
            f"“{title}”没有出去的连线，流程到这里会停住。请连到下一步或结束事件。",
            f'"{title}" leads nowhere and the process would stop. Connect it to a next step or an end event.',
        )


def _check_ends(scope: Scope, findings: Findings) -> None:
    where = scope.scope_id
    starts, ends = scope.of("startEvent"), scope.of("endEvent")
    if len(starts) != 1:
        rule = "single-blank-start-event" if starts else "start-event-required"
        findings.add(
            rule,
            where,
            f"要有且只有一个开始事件，现在有 {len(starts)} 个。",
            f"There must be exactly one start event; there are {len(starts)}.",
        )
    if not ends:
        findings.add("end-event-required", where, "没有结束事件，请加上。", "There is no end event; add one.")
    if not starts or not ends:
        return
    seen = reachable(starts)
    for node in scope.nodes.values():
        if node not in seen:
            rule = "reachable-from-start" if node.incoming else "no-implicit-start"
            if not node.incoming and not node.outgoing:
                rule = "no-disconnected"
            findings.add(
                rule,
                node.node_id,
                f"从开始事件到不了“{node.title}”。请连线，或删除它。",
                f'"{node.title}" cannot be reached from the start. Connect it or delete it.',
            )
    if scope.can_be_interrupted:  # a loop that only an interrupting event ends, such as an escalation until resolved
        return
    dead_ends = [node for node in scope.nodes.values() if not node.outgoing]  # each is reported on its own
    leading = leading_to([*ends, *dead_ends], scope.nodes.values())
    for node in scope.nodes.values():
        if node in seen and node not in leading and node.outgoing:
            findings.add(
                "reachable-end",
                node.node_id,
                f"从“{node.title}”走不到任何结束事件，流程会一直循环。请给循环一个出口。",
                f'No end can be reached from "{node.title}"; the process would go round for ever. Give it a way out.',
            )


def _refuse(node: etree._Element, findings: Findings, owner: str = "") -> None:
    tag = local(node)
    if not tag or namespace(node) == DUBAN:
        return
    if tag == "laneSet":
        zh, en = (
            "泳道不起作用。由谁办理请写在任务的候选组里，并删除泳道。",
            "Lanes have no effect. Say who does a task in its candidate groups and remove the lanes.",
        )
    elif tag == "standardLoopCharacteristics":
        zh, en = (
            "循环标记不支持，请用排他网关画出循环。",
            "The loop marker does not run here; draw the loop with an exclusive gateway.",
        )
    elif tag.startswith("data") or tag in ("ioSpecification", "property"):
        zh, en = (
            f"{tag} 不支持。数据都放在流程变量里，请删除它。",
            f"{tag} does not run here. Data are process variables; remove it.",
        )
    else:
        zh, en = f"元素 {tag} 不支持，请删除。", f"The element {tag} does not run here; remove it."
    findings.add("engine-subset", node.get("id", "") or owner, zh, en)
