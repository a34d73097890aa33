"""Part of the deploy check: whether every circle has something in it that waits or changes an answer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from engine.bpmn.findings import Findings
from engine.bpmn.graph import Flow, Node, Scope

# passed in the same step, with the same variables; a decision table may answer differently the next time
PASSED_AT_ONCE: Final = frozenset({"exclusiveGateway", "parallelGateway", "intermediateThrowEvent"})
MOST_NAMED: Final = 6

Ways = Mapping[Node, list[Node]]


def check_circles(scope: Scope, findings: Findings) -> None:
    """A case that goes once round a circle of elements that are all passed at once decides the same each time: its step
    is refused. Where nothing has to hold for going round it is an error; where conditions lead back, they may be such
    that no case goes round without having passed a task elsewhere."""
    ways = [flow for flow in scope.flows if _is_passed_at_once(flow.source) and _is_passed_at_once(flow.target)]
    told: set[Node] = set()
    for circle in _circles(scope, [flow for flow in ways if _needs_nothing(flow)]):
        _tell_endless(circle, findings)
        told.update(circle)
    for circle in _circles(scope, ways):
        if not told.isdisjoint(circle):
            continue
        if _has_way_out(circle):
            _tell_unsure(circle, findings)
        else:
            _tell_endless(circle, findings)


def _tell_endless(circle: list[Node], findings: Findings) -> None:
    title = circle[0].title
    findings.add(
        "circle-can-end",
        circle[0].node_id,
        f"从“{title}”绕一圈回来，中间（{_titles(circle, '、')}）没有任务，也没有等待，"
        "没有什么条件拦得住，案件绕进来就会停住。请在圈里放一个任务、定时或消息。",
        f'The way round from "{title}" back to it ({_titles(circle, ", ")}) has no task and nothing that waits, and no '
        "condition keeps a case from going round: there it stops. Put a task, a timer or a message into the circle.",
    )


def _tell_unsure(circle: list[Node], findings: Findings) -> None:
    title = circle[0].title
    findings.add(
        "circle-waits",
        circle[0].node_id,
        f"从“{title}”可以绕一圈回来，中间（{_titles(circle, '、')}）不经过任务，也没有等待。案件真这样绕回来，"
        "条件不会变，就会停住。请确认没办任务时条件不会让它绕回来，或在圈里放一个任务、定时或消息。",
        f'There is a way round from "{title}" back to it ({_titles(circle, ", ")}) without a task and without anything '
        "that waits. A case that takes it stops, since the conditions stay the same. Make sure that they lead back "
        "only behind a task, or put a task, a timer or a message into the circle.",
    )


def _titles(circle: list[Node], comma: str) -> str:
    return comma.join(node.title for node in circle[:MOST_NAMED])


def _is_passed_at_once(node: Node | None) -> bool:
    """A join waits for its other branches."""
    return (
        node is not None
        and node.tag in PASSED_AT_ONCE
        and not (node.tag == "parallelGateway" and len(node.incoming) > 1)
    )


def _needs_nothing(flow: Flow) -> bool:
    is_default = flow.source is not None and flow.source.xml.get("default") == flow.flow_id
    return is_default or not flow.has_condition


def _has_way_out(circle: list[Node]) -> bool:
    return any(flow.target not in circle for node in circle for flow in node.outgoing)


# -- circles in a drawing ----------------------------------------------------------------------------------------------
def _circles(scope: Scope, flows: Iterable[Flow]) -> Iterator[list[Node]]:
    """Everything that lies on a way along these flows from one element back to it, in the order of the file; circles
    that touch are one."""
    behind: dict[Node, list[Node]] = {node: [] for node in scope.nodes.values()}
    before: dict[Node, list[Node]] = {node: [] for node in scope.nodes.values()}
    for flow in flows:
        if flow.source is not None and flow.target is not None:
            behind[flow.source].append(flow.target)
            before[flow.target].append(flow.source)
    left = _between_circles(behind, before)
    for node in scope.nodes.values():
        if node in left:
            circle = _reached(node, behind) & _reached(node, before)
            left -= circle
            if circle:
                yield [each for each in scope.nodes.values() if each in circle]


def _between_circles(behind: Ways, before: Ways) -> set[Node]:
    """Those that have another of them before and behind, again and again: circles and what lies between two."""
    nodes = set(behind)
    while lonely := {node for node in nodes if nodes.isdisjoint(behind[node]) or nodes.isdisjoint(before[node])}:
        nodes -= lonely
    return nodes


def _reached(start: Node, ways: Ways) -> set[Node]:
    seen: set[Node] = set()
    waiting = list(ways[start])
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(ways[node])
    return seen
