"""Part of the deploy check: whether every join can fire, tried out with tokens on every way through a scope."""

from collections import deque
from collections.abc import Iterator

from engine.bpmn.findings import Findings
from engine.bpmn.graph import Flow, Node, Scope

MAX_MARKINGS = 3000
MAX_TOKENS = 12

Marking = frozenset[tuple[int, int]]  # how many tokens stand on each flow, by its position in the file


def check_joins(scope: Scope, findings: Findings) -> None:
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
