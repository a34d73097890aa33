"""Part of the deploy check: gateways, their conditions and what leads into and out of them."""

from engine.bpmn.check_foreign import todo_of_expression
from engine.bpmn.check_joins import check_joins, check_merges
from engine.bpmn.check_structure import is_readable
from engine.bpmn.expressions import check_expression, names_of
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Flow, Node, Scope


def check_scope(scope: Scope, findings: Findings) -> None:
    for node in scope.nodes.values():
        if node.tag == "exclusiveGateway":
            _check_choice(node, findings)
        elif node.tag == "eventBasedGateway":
            _check_first_of(node, findings)
        else:
            _check_plain(node, findings)
        _check_duplicates(node, findings)
        _check_conditions(node, findings)
        _check_both_ways(node, findings)
    _check_termination(scope, findings)
    for flow in scope.flows:
        if flow.has_condition and (fault := check_expression(flow.condition)):
            findings.add(
                fault.rule,
                flow.flow_id,
                f"连线条件：{fault.zh}",
                f"Condition of the flow: {fault.en}",
                property="conditionExpression",
                todo=todo_of_expression(flow.condition),
            )
    is_whole = is_readable(scope) and all(flow.source and flow.target for flow in scope.flows)
    if scope.of("parallelGateway") and is_whole:
        check_joins(scope, findings)
        check_merges(scope, findings)


def _check_choice(node: Node, findings: Findings) -> None:
    default_id = node.xml.get("default")
    default = next((flow for flow in node.outgoing if flow.flow_id == default_id), None)
    if default_id is not None and default is None:
        findings.add(
            "default-flow",
            node.node_id,
            f"默认连线“{default_id}”不是从“{node.title}”出去的，请重新选定。",
            f'The default flow "{default_id}" does not leave "{node.title}"; choose again.',
        )
    if default is not None and default.has_condition:
        findings.add(
            "default-flow",
            default.flow_id,
            "默认连线上不能写条件，条件不会被看。请删除条件。",
            "A default flow has no condition, it would be ignored. Remove the condition.",
        )
    if len(node.outgoing) == 1:
        if node.outgoing[0].has_condition:
            findings.add(
                "conditional-flows",
                node.outgoing[0].flow_id,
                "唯一的出口不能带条件，否则流程可能停住。请删除条件，或再画一个出口。",
                "The only way out has a condition, so the process could stop. Remove it or add another way.",
            )
        if len(node.incoming) == 1:
            findings.add(
                "superfluous-gateway",
                node.node_id,
                "网关只有一进一出，没有作用。",
                "The gateway has one way in and one out; it does nothing.",
            )
        return
    for flow in node.outgoing:
        if flow is not default and not flow.has_condition:
            findings.add(
                "conditional-flows",
                flow.flow_id,
                f"“{node.title}”的这条出口没有条件，也不是默认连线。请写条件或设为默认。",
                f'This way out of "{node.title}" has no condition and is not the default. Give it one or the other.',
            )
    if node.outgoing and default is None and all(flow.has_condition for flow in node.outgoing):
        findings.add(
            "default-flow-missing",
            node.node_id,
            f"“{node.title}”没有默认连线；如果所有条件都不成立，流程会停住。建议设一条。",
            f'"{node.title}" has no default flow; should no condition hold, the process stops. Better choose one.',
        )
    if not node.name and len(node.outgoing) > 1:
        findings.add(
            "label-required",
            node.node_id,
            "分支网关没有名称，请写上要判断的问题。",
            "The gateway has no name; write the question it asks.",
        )


def _check_first_of(node: Node, findings: Findings) -> None:
    targets = [flow.target for flow in node.outgoing if flow.target is not None]
    if len(targets) < 2:
        findings.add(
            "event-based-gateway",
            node.node_id,
            "事件网关至少要有两个出口。",
            "An event gateway needs at least two ways out.",
        )
    for target in targets:
        if target.tag != "intermediateCatchEvent":
            findings.add(
                "event-based-gateway",
                node.node_id,
                f"事件网关后面只能接定时或消息事件，“{target.title}”不是。",
                f'Only timer and message events may follow an event gateway; "{target.title}" is neither.',
            )
        elif len(target.incoming) > 1:
            findings.add(
                "event-based-gateway",
                target.node_id,
                "事件网关后面的事件只能有一条进来的连线。",
                "An event behind an event gateway has only one incoming flow.",
            )
    if sum(target.events == ["timer"] for target in targets) > 1:
        findings.add(
            "event-based-gateway",
            node.node_id,
            "一个事件网关最多接一个定时事件。请只留最早到期的一个，例如 earliest(…)。",
            "An event gateway has at most one timer. Keep the one that comes first, such as earliest(...).",
        )
    _check_plain(node, findings)


def _check_plain(node: Node, findings: Findings) -> None:
    """No conditions, no default; only gateways may split."""
    for flow in node.outgoing:
        if flow.has_condition:
            findings.add(
                "conditional-flows",
                flow.flow_id,
                f"“{node.title}”出去的连线不能带条件。条件只能写在排他网关后面。",
                f'A flow out of "{node.title}" has no condition; conditions belong behind an exclusive gateway.',
            )
    if node.xml.get("default") is not None:
        findings.add(
            "default-flow",
            node.node_id,
            "只有排他网关可以设默认连线。",
            "Only an exclusive gateway has a default flow.",
        )
    if len(node.outgoing) > 1 and node.tag not in ("parallelGateway", "eventBasedGateway"):
        findings.add(
            "no-implicit-split",
            node.node_id,
            f"“{node.title}”有 {len(node.outgoing)} 条出口。请在后面加网关：都要走用并行网关，选一条用排他网关。",
            f'"{node.title}" has {len(node.outgoing)} ways out. Put a gateway behind it: parallel for all, '
            "exclusive for one of them.",
        )
    if node.tag == "parallelGateway" and len(node.outgoing) == 1 and len(node.incoming) == 1:
        findings.add(
            "superfluous-gateway",
            node.node_id,
            "网关只有一进一出，没有作用。",
            "The gateway has one way in and one out; it does nothing.",
        )


def _check_both_ways(node: Node, findings: Findings) -> None:
    """Of parallel gateways: where one waits and starts anew at once, readers see one of the two. An exclusive one lets
    every token pass and then chooses, which is no riddle."""
    if node.tag == "parallelGateway" and len(node.incoming) > 1 and len(node.outgoing) > 1:
        findings.add(
            "no-gateway-join-fork",
            node.node_id,
            f"网关“{node.title}”既汇合又分开，容易看错。请画成两个网关：先合后分。",
            f'The gateway "{node.title}" both joins and splits. Draw two: one that joins, then one that splits.',
        )


def _check_termination(scope: Scope, findings: Findings) -> None:
    """A lone terminate end in a scope where there is only ever one token."""
    ends = scope.of("endEvent")
    if len(ends) != 1 or ends[0].events != ["terminate"] or scope.of("parallelGateway"):
        return
    if all(event.is_interrupting for event in scope.of("boundaryEvent")):
        findings.add(
            "superfluous-termination",
            ends[0].node_id,
            f"终止结束“{ends[0].title}”没有别的分支可终止，用普通结束事件即可。",
            f'The terminate end "{ends[0].title}" has no other branch to end; a plain end event will do.',
        )


def _check_conditions(node: Node, findings: Findings) -> None:
    seen: set[str] = set()
    for flow in node.outgoing:
        if not flow.has_condition:
            continue
        text = flow.condition
        if not flow.xml.get("name"):
            findings.add(
                "label-required",
                flow.flow_id,
                "带条件的连线没有名称，请写上什么情况走这里。",
                "A flow with a condition has no name; say when this way is taken.",
            )
        if text in seen:
            findings.add(
                "constant-condition",
                flow.flow_id,
                f"“{node.title}”的另一条出口条件相同，这条永远不会走。请改条件。",
                f'Another way out of "{node.title}" has the same condition; this one is never taken. Change it.',
            )
        elif check_expression(text) is None and not names_of(text) and "(" not in text:
            findings.add(
                "constant-condition",
                flow.flow_id,
                f"条件“{text[:60]}”里没有变量，结果总是一样。请写明要判断什么。",
                f'The condition "{text[:60]}" asks for no variable and always gives the same. Say what decides.',
            )
        seen.add(text)


def _check_duplicates(node: Node, findings: Findings) -> None:
    seen: dict[str, Flow] = {}
    for flow in node.outgoing:
        target = flow.target.node_id if flow.target is not None else ""
        if target in seen:
            findings.add(
                "no-duplicate-sequence-flows",
                flow.flow_id,
                f"“{node.title}”到同一个目标有两条连线。请合并，条件用 or 连接。",
                f'Two flows lead from "{node.title}" to the same target. Make them one; join conditions with or.',
            )
        elif target:
            seen[target] = flow
