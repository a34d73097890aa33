"""Part of the deploy check: gateways and the ways through the diagram, tried out with tokens."""

from collections import deque
from collections.abc import Iterator

from engine.bpmn.check_foreign import todo_of_expression
from engine.bpmn.expressions import check_expression, names_of
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Flow, Node, Scope

MAX_MARKINGS = 3000
MAX_NODES = 300  # more do not run at all
MAX_TOKENS = 12

Marking = frozenset[tuple[int, int]]  # how many tokens stand on each flow, by its position in the file


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
    is_whole = len(scope.nodes) <= MAX_NODES and all(flow.source and flow.target for flow in scope.flows)
    if scope.of("parallelGateway") and is_whole:
        _check_joins(scope, findings)


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


def _check_joins(scope: Scope, findings: Findings) -> None:
    """Walk every way a set of tokens can take. A join that is waited at for ever, or never fires, is a fault.

    Where there are too many ways to try them all, nothing is said.
    """
    walk = _Walk(scope)
    if not walk.run():
        return
    for node in scope.of("parallelGateway"):
        if node.node_id in walk.stuck:
            findings.add(
                "gateway-can-fire",
                node.node_id,
                f"并行网关“{node.title}”会永远等下去：有的走法不会走到它的每一条进线。"
                "排他网关分开的路要用排他网关合并。",
                f'The parallel gateway "{node.title}" can wait for ever: on some ways not all of its incoming flows '
                "get a token. What an exclusive gateway split, an exclusive gateway must merge.",
            )
        elif node.incoming and node.node_id not in walk.fired:
            findings.add(
                "gateway-can-fire",
                node.node_id,
                f"并行网关“{node.title}”永远不会通过。请检查它的每条进线。",
                f'The parallel gateway "{node.title}" can never fire. Look at each flow into it.',
            )


class _Walk:
    """Tokens on flows. Activities pass a token on at once, or send it, or a second one, into a boundary event.

    Where a token has only one way to go and nothing can happen to it, it goes there in the same move.
    """

    def __init__(self, scope: Scope) -> None:
        self.number = {id(flow): number for number, flow in enumerate(scope.flows)}
        self.targets = [flow.target for flow in scope.flows]
        self.into = {node: [self.number[id(flow)] for flow in node.incoming] for node in scope.nodes.values()}
        self.start = next((node for node in scope.nodes.values() if node.tag == "startEvent"), None)
        self.rest = [self._rest(flow) for flow in scope.flows]
        self.fired: set[str] = set()
        self.stuck: set[str] = set()

    def run(self) -> bool:
        """False when there were too many markings to see them all."""
        if self.start is None:
            return False
        first = self._put({}, self.start)
        seen, waiting = {first}, deque([first])
        while waiting:
            marking = waiting.popleft()
            moved = False
            for after in self._moves(dict(marking)):
                moved = True
                if after not in seen:
                    if len(seen) >= MAX_MARKINGS or sum(count for _, count in after) > MAX_TOKENS:
                        return False
                    seen.add(after)
                    waiting.append(after)
            if not moved and marking:
                self._note_stuck(dict(marking))
        return True

    def _moves(self, tokens: dict[int, int]) -> Iterator[Marking]:
        joins: set[Node] = set()
        for number in tokens:
            node = self.targets[number]
            assert node is not None  # looked at only where every flow has two ends
            if node.tag != "parallelGateway":
                yield from self._pass(_take(tokens, [number]), node)
            elif node not in joins:
                joins.add(node)
                if all(tokens.get(each) for each in self.into[node]):
                    self.fired.add(node.node_id)
                    yield self._put(_take(tokens, self.into[node]), node)

    def _pass(self, tokens: dict[int, int], node: Node) -> Iterator[Marking]:
        if node.tag == "endEvent":
            yield frozenset() if node.events == ["terminate"] else _frozen(tokens)
        elif node.tag in ("exclusiveGateway", "eventBasedGateway"):
            for flow in node.outgoing:
                yield _frozen(_add(tokens, self._rest_of(flow)))
        else:
            yield self._put(tokens, node)
            for event in node.attached:
                yield self._put(tokens if event.is_interrupting else dict(self._put(tokens, node)), event)

    def _put(self, tokens: dict[int, int], node: Node) -> Marking:
        for flow in node.outgoing:
            tokens = _add(tokens, self._rest_of(flow))
        return _frozen(tokens)

    def _rest_of(self, flow: Flow) -> int:
        return self.rest[self.number[id(flow)]]

    def _rest(self, flow: Flow) -> int:
        """The flow on which a token that enters this one comes to rest."""
        seen = {id(flow)}
        while (node := flow.target) is not None and node.tag != "parallelGateway":
            if len(node.outgoing) != 1 or node.attached or id(node.outgoing[0]) in seen:
                break
            flow = node.outgoing[0]
            seen.add(id(flow))
        return self.number[id(flow)]

    def _note_stuck(self, tokens: dict[int, int]) -> None:
        for number in tokens:
            node = self.targets[number]
            if node is not None and node.tag == "parallelGateway":
                self.stuck.add(node.node_id)


def _add(tokens: dict[int, int], number: int) -> dict[int, int]:
    return {**tokens, number: tokens.get(number, 0) + 1}


def _take(tokens: dict[int, int], numbers: list[int]) -> dict[int, int]:
    left = dict(tokens)
    for number in numbers:
        left[number] -= 1
    return left


def _frozen(tokens: dict[int, int]) -> Marking:
    return frozenset((number, count) for number, count in tokens.items() if count)
