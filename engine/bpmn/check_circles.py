"""Part of the deploy check: whether every circle has something in it that waits or changes an answer."""

from collections.abc import Mapping
from typing import Final

from engine.bpmn.findings import Findings
from engine.bpmn.graph import Node, Scope

# passed in the same step, with the same variables; a decision table may answer differently the next time
PASSED_AT_ONCE: Final = frozenset({"exclusiveGateway", "parallelGateway", "intermediateThrowEvent"})
MOST_NAMED: Final = 6


def check_circles(scope: Scope, findings: Findings) -> None:
    """A case that enters a circle of elements that are all passed at once never comes out: its step is refused."""
    left = _in_circles({node for node in scope.nodes.values() if _is_passed_at_once(node)})
    for node in scope.nodes.values():
        circle = _circle(node, left)
        if not circle:
            continue
        named = [each.title for each in scope.nodes.values() if each in circle][:MOST_NAMED]
        findings.add(
            "circle-waits",
            node.node_id,
            f"从“{node.title}”绕一圈回来，中间（{'、'.join(named)}）没有任务，也没有等待，案件走到这里就会停住。"
            "请在圈里放一个任务、定时或消息。",
            f'The way round from "{node.title}" back to it ({", ".join(named)}) has no task and nothing that waits: a '
            "case that comes here stops. Put a task, a timer or a message into the circle.",
        )
        left -= circle


def _is_passed_at_once(node: Node) -> bool:
    """A join waits for its other branches."""
    return node.tag in PASSED_AT_ONCE and not (node.tag == "parallelGateway" and len(node.incoming) > 1)


def _in_circles(nodes: set[Node]) -> set[Node]:
    """Those that have another of them before and behind, again and again: circles and what lies between two."""
    while lonely := {node for node in nodes if not (_behind(node, nodes) and _before(node, nodes))}:
        nodes = nodes - lonely
    return nodes


def _behind(node: Node, nodes: set[Node]) -> list[Node]:
    return [flow.target for flow in node.outgoing if flow.target in nodes]


def _before(node: Node, nodes: set[Node]) -> list[Node]:
    return [flow.source for flow in node.incoming if flow.source in nodes]


def _circle(node: Node, nodes: set[Node]) -> set[Node]:
    """Every element that lies on a way from this one back to it; empty without such a way."""
    if node not in nodes:
        return set()
    behind = _reached(node, {each: _behind(each, nodes) for each in nodes})
    return behind & _reached(node, {each: _before(each, nodes) for each in nodes})


def _reached(start: Node, ways: Mapping[Node, list[Node]]) -> set[Node]:
    seen: set[Node] = set()
    waiting = list(ways[start])
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(ways[node])
    return seen
