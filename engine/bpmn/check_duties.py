"""Part of the deploy check: what an office owes - that a timer reaches somebody, an escalation finds its target, and
nothing is closed without acceptance."""

from collections.abc import Callable, Iterable

from engine.bpmn.check_context import Context, en, own, zh
from engine.bpmn.document import bpmn, duban, text_of
from engine.bpmn.expressions import ExpressionError, constant_of, required_names
from engine.bpmn.graph import EMBEDDED, Node, Scope, reachable
from engine.domain.job import STARTED_PROCESSES

CLOSING = frozenset({"accepted", "struck_off"})
DOES_THE_WORK = "officer"  # every other role may accept what an officer did
TELLING = frozenset({"userTask", "serviceTask", "callActivity", *EMBEDDED})


def check_timers(scope: Scope, context: Context) -> None:
    for node in scope.of("boundaryEvent"):
        if node.events != ["timer"]:
            continue
        if not node.is_interrupting:
            _check_owner(node, context)
        elif _reaches_end(node, scope, context):
            context.findings.add(
                "no-silent-timeout",
                node.node_id,
                f"定时“{node.title}”到期后收回任务，流程悄悄结束，没有人知道。请在结束前提醒、发函或交给别人办。",
                f'When "{node.title}" runs out the task is taken away and the process ends without a word. Remind '
                "somebody, send a letter or give it to somebody else before the end.",
            )
    for node in scope.nodes.values():
        _check_due(node, scope, context)


def _check_owner(timer: Node, context: Context) -> None:
    if not any(node.tag in TELLING or own(node, "milestone") for node in reachable([timer])):
        context.findings.add(
            "timer-has-owner",
            timer.node_id,
            f"定时“{timer.title}”到期后什么也不发生。请接上提醒、发函、启动督办或任务。",
            f'Nothing happens when "{timer.title}" runs out. Let it remind somebody, send a letter, start a '
            "supervision or open a task.",
        )


def _check_due(node: Node, scope: Scope, context: Context) -> None:
    """`due` is the deadline of the user task that a boundary timer sits on; elsewhere it is a variable like others."""
    if node.tag != "boundaryEvent" or not any("due" in _required(text) for text in _dates(node)):
        return
    host = scope.nodes.get(node.xml.get("attachedToRef", ""))
    if host is not None and not (host.tag == "userTask" and own(host, "dueDate")):
        context.findings.add(
            "timer-needs-deadline",
            node.node_id,
            f"定时“{node.title}”按期限 due 计算，但“{host.title}”没有期限。请给任务写上期限，或改用 after(…)。",
            f'The timer "{node.title}" counts from due, but "{host.title}" has no deadline. Give it one, or count '
            "with after(...).",
        )


def _dates(node: Node) -> Iterable[str]:
    return [text_of(date) for date in node.xml.iter(bpmn("timeDate"))]


def _required(text: str) -> frozenset[str]:
    try:
        return required_names(text)
    except ExpressionError:
        return frozenset()


def _reaches_end(start: Node, scope: Scope, context: Context) -> bool:
    """Whether an end of the process can be reached without anybody being told on the way."""
    seen = _without(scope, [start], lambda node: node.tag in TELLING or bool(own(node, "milestone")))
    if not any(node.tag == "endEvent" for node in seen):
        return False
    if scope.host is None:
        return True
    outer = next(each for each in context.scopes if scope.host in each.nodes.values())
    after = [flow.target for flow in scope.host.outgoing if flow.target is not None and flow.target.tag not in TELLING]
    ends = [node for node in after if not own(node, "milestone")]
    return any(node.tag == "endEvent" or _reaches_end(node, outer, context) for node in ends)


def check_closing(scope: Scope, context: Context) -> None:
    for node in scope.nodes.values():
        is_event = node.tag in ("intermediateThrowEvent", "endEvent")
        if is_event and own(node, "milestone") in CLOSING and _is_reached_unaccepted(node, scope, context):
            context.findings.add(
                "closing-needs-acceptance",
                node.node_id,
                f"有的走法没有人验收就到了“{node.title}”（{own(node, 'milestone')}）。"
                "请在每条路上放一个由经办人以外的角色办理的任务，例如 acceptor@office。",
                f'On some way "{node.title}" ({own(node, "milestone")}) is reached without acceptance. Put a task for '
                "a role other than the officer, such as acceptor@office, on every way.",
            )


def _is_reached_unaccepted(node: Node, scope: Scope, context: Context) -> bool:
    seen = _without(scope, scope.of("startEvent"), lambda each: _accepts(each, context))
    if node not in seen:
        return False
    if scope.host is None:
        return True
    outer = next(each for each in context.scopes if scope.host in each.nodes.values())
    return _is_reached_unaccepted(scope.host, outer, context)


def _accepts(node: Node, context: Context) -> bool:
    """A called process is trusted: it is checked where it is drawn."""
    if node.tag == "callActivity":
        return True
    if node.tag == "userTask":
        groups = own(node, "candidateGroups").split(",")
        return any(group.partition("@")[0].strip() != DOES_THE_WORK for group in groups if group.strip())
    inside = next((each for each in context.scopes if each.host is node), None)
    return inside is not None and any(_accepts(each, context) for each in inside.nodes.values())


def _without(scope: Scope, start: Iterable[Node], stops: Callable[[Node], bool]) -> set[Node]:
    """Every node that can be reached without leaving one that stops; one that stops is not in it."""
    seen: set[Node] = set()
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node not in seen and not stops(node):
            seen.add(node)
            waiting.extend(node.next())
    return seen


# -- whom a job goes to ------------------------------------------------------------------------------------------------
def check_target(node: Node, context: Context) -> None:
    """What a reminder, a started process or a message names must exist, as far as it is written out."""
    kind, known = own(node, "jobKind"), context.known
    inputs = {item.get("name", ""): constant_of(item.get("expression", "")) for item in node.xml.iter(duban("input"))}
    if kind == "remind" and isinstance(to := inputs.get("to"), str):
        role, at, place = to.partition("@")
        if not at or role not in known.roles or place not in known.places:
            _tell(
                node,
                context,
                f"提醒对象“{to}”不存在。角色：{zh(known.roles)}；单位：{zh(known.places)}；写成 角色@单位。",
                f'Nobody is "{to}". Roles: {en(known.roles)}; places: {en(known.places)}; write role@place.',
            )
    startable = known.process_keys & STARTED_PROCESSES
    process = inputs.get("process", "") if kind == "start_process" else None
    if isinstance(process, str) and process not in startable:
        _tell(
            node,
            context,
            f"自动作业不能启动流程“{process}”，只能启动：{zh(startable)}。其他流程请用调用活动。",
            f'A job cannot start the process "{process}", only: {en(startable)}. Use a call activity for others.',
            "input:process",
        )
    if kind in ("remind", "start_process") and isinstance(task := inputs.get("task"), str):
        elsewhere = known.user_tasks
        if elsewhere is not None and task not in elsewhere and task not in context.user_tasks:
            _tell(
                node,
                context,
                f"“{node.title}”说的任务“{task}”不存在，请填写人工任务的编号。",
                f'There is no user task "{task}", which "{node.title}" is about.',
            )
    name = inputs.get("name") if kind == "publish_message" else None
    if isinstance(name, str) and known.messages is not None and name not in known.messages:
        _tell(
            node,
            context,
            f"没有谁等消息“{name}”。已知的有：{zh(known.messages)}。",
            f'Nobody waits for a message "{name}". Known: {en(known.messages)}.',
        )


def _tell(node: Node, context: Context, zh: str, en: str, property: str = "inputs") -> None:
    context.findings.add("escalation-target-exists", node.node_id, zh, en, property=property)
