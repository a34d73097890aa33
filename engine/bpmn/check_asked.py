"""Part of the deploy check: what tasks have asked for on every way to an element, whatever was known before they did.

It gives no benefit of the doubt: a field that may be hidden, or a task that may be sent back, has not asked.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from engine.bpmn.check_context import Context, own
from engine.bpmn.document import bpmn
from engine.bpmn.graph import Node, Scope, reachable

Asked = Mapping[Node, frozenset[str]]


def asked_before(context: Context) -> Asked:
    """For each element that can be reached from the start of its scope."""
    asked = {node: _asked_by(node, context) for scope in context.scopes for node in scope.nodes.values()}
    before: dict[Node, frozenset[str]] = {}
    for scope in reversed(context.scopes):  # a subprocess has asked what was asked on every way to its ends
        within = _before_within(scope, asked)
        before |= within
        ends = [within[node] for node in scope.of("endEvent") if node in within]
        if scope.host is not None and ends:
            asked[scope.host] = frozenset.intersection(*ends)
    for scope in context.scopes:
        if scope.host is not None and scope.host in before:
            around = before[scope.host]
            before |= {node: before[node] | around for node in scope.nodes.values() if node in before}
    return before


def _before_within(scope: Scope, asked: Asked) -> dict[Node, frozenset[str]]:
    """Everything is taken as asked at first; then each element loses what it was not on one of the ways to it."""
    reached = reachable(scope.of("startEvent"))
    hosts = {event: node for node in reached for event in node.attached}
    before = dict.fromkeys(reached, frozenset().union(*asked.values()))
    waiting = dict.fromkeys(node for node in scope.nodes.values() if node in reached)
    while waiting:
        node = next(iter(waiting))
        del waiting[node]
        sources = [flow.source for flow in node.incoming if flow.source in reached]
        ways = [before[source] | asked[source] for source in sources if source is not None]
        if node in hosts:  # it runs out before its task is done
            now = before[hosts[node]]
        elif node.tag == "parallelGateway":
            now = frozenset().union(*ways)
        else:
            now = frozenset.intersection(*ways) if ways else frozenset()
        if now != before[node]:
            before[node] = now
            waiting |= dict.fromkeys(node.next())
    return before


def _asked_by(node: Node, context: Context) -> frozenset[str]:
    if node.tag != "userTask" or node.xml.find(bpmn("multiInstanceLoopCharacteristics")) is not None:
        return frozenset()  # several at once may be none
    if own(node, "returnable") == "true":
        return frozenset({"outcome"})  # who sends it back does not fill in the form
    try:
        return frozenset(_shown(json.loads(context.files.get(f"{own(node, 'formKey')}.form", b"{}"))))
    except (ValueError, RecursionError):
        return frozenset()


def _shown(part: Any) -> Iterator[str]:
    """The keys of the fields that stand in the form whatever was answered."""
    components = part.get("components") if isinstance(part, dict) else None
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict) and not component.get("conditional") and not component.get("readonly"):
            if isinstance(component.get("key"), str):
                yield component["key"]
            yield from _shown(component)
