"""Part of the deploy check: whether every join can fire, and whether what was split runs twice behind a gateway that
joins nothing; tried out with tokens on every way through a scope."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from engine.bpmn.check_context import own
from engine.bpmn.findings import Findings
from engine.bpmn.graph import Flow, Node, Scope, reachable

MAX_MARKINGS = 3000
MAX_TOKENS = 100

Marking = frozenset[tuple[int, int]]  # how many tokens stand on each flow, by its position in the file


def check_joins(scope: Scope, findings: Findings) -> None:
    """Walk every way a set of tokens can take. A join that is waited at for ever, or never fires, is a fault."""
    walk = _Walk(scope)
    if not walk.run():
        if walk.start is not None:
            _tell_untried(scope, findings)
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


def check_merges(scope: Scope, findings: Findings) -> None:
    """What a parallel gateway split and an exclusive one brings together goes on twice. A reminder's own way beside its
    task is no split here, and where nothing but ends follows, or the first that comes ends the whole, nothing runs
    twice."""
    coarse = _CoarseMergeWalk(scope)
    if not coarse.merges or coarse.start is None or (coarse.run() and not coarse.doubled):
        return
    walk = _MergeWalk(scope)
    if not walk.run() and not walk.doubled:
        _tell_untried(scope, findings)
    for node in walk.merges:
        if node in walk.doubled and not _ends_all(node) and not _ends_quietly(node):
            findings.add(
                "merge-runs-once",
                node.node_id,
                f"并行分开的几条路在排他网关“{node.title}”合到一起，它不等齐，每来一条就往下走一次，后面的环节会重复办。"
                "请改用并行网关汇合。",
                f'Branches of a parallel split come together at the exclusive gateway "{node.title}", which does not '
                "wait: what follows runs once for each. Join them with a parallel gateway.",
            )


def _tell_untried(scope: Scope, findings: Findings) -> None:
    """At the first gateway that splits: there the ways begin to multiply."""
    gateways = scope.of("parallelGateway")
    node = next((each for each in gateways if len(each.outgoing) > 1), gateways[0])
    findings.add(
        "gateway-not-tried",
        node.node_id,
        f"从“{node.title}”分开的走法太多，检查没有走完，不能断定每个并行网关都等得齐。请拆成子流程，或先合再分。",
        f'There are too many ways to go from "{node.title}" to try them all, so nobody knows that every parallel '
        "gateway gets its tokens. Make parts of it a subprocess, or join before you split again.",
    )


def _ends_all(node: Node) -> bool:
    """Whether the first token that passes ends the scope before anybody is asked to do anything."""
    seen: set[Node] = set()
    while node not in seen and len(node.outgoing) == 1 and node.tag in ("exclusiveGateway", "intermediateThrowEvent"):
        seen.add(node)
        after = node.outgoing[0].target
        if after is None:
            return False
        node = after
    return node.tag == "endEvent" and node.events == ["terminate"]


def _ends_quietly(node: Node) -> bool:
    """Whether whatever way a token takes from here it only ends, so that nobody can tell how often that was."""
    return all(
        each.tag == "exclusiveGateway"
        or (each.tag in ("intermediateThrowEvent", "endEvent") and not each.events and not own(each, "milestone"))
        for each in reachable([node])
    )


class _Walk:
    """Tokens on flows. Activities pass a token on at once, or send it, or a second one, into a boundary event.

    Where a token has only one way to go and nothing can happen to it, it goes there in the same move. Of several
    tokens the first that disturbs no other goes alone, since in which order they go makes no difference; those before
    a join, or before an end of everything, wait until no other can move.
    """

    def __init__(self, scope: Scope) -> None:
        self.number = {id(flow): number for number, flow in enumerate(scope.flows)}
        self.targets = [flow.target for flow in scope.flows]
        self.into = {node: [self.number[id(flow)] for flow in node.incoming] for node in scope.nodes.values()}
        self.start = next((node for node in scope.nodes.values() if node.tag == "startEvent"), None)
        self.rest = [self._rest(flow) for flow in scope.flows]
        self._counted: dict[int, int] = {}
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
        ready = [number for number in tokens if not self._waits(self._target(number))]
        if len(ready) > 1:
            ready.sort(key=lambda number: (self._ahead(number), number))
        for number in ready[:1] or tokens:
            node = self._target(number)
            if node.tag != "parallelGateway":
                yield from self._pass(_take(tokens, [number]), node)
            elif node not in joins:
                joins.add(node)
                if all(tokens.get(each) for each in self.into[node]):
                    self.fired.add(node.node_id)
                    yield self._put(_take(tokens, self.into[node]), node)

    def _ahead(self, number: int) -> int:
        """How many elements may still come. Who has least before them goes first, so that what a loop gives off, such
        as reminders, is gone before the next round."""
        if number not in self._counted:
            self._counted[number] = len(reachable([self._target(number)]))
        return self._counted[number]

    def _target(self, number: int) -> Node:
        node = self.targets[number]
        assert node is not None  # looked at only where every flow has two ends
        return node

    def _waits(self, node: Node) -> bool:
        """Whether it matters which other tokens stand somewhere when this one goes on."""
        return node.tag == "parallelGateway" or node.events == ["terminate"]

    def _side_events(self, node: Node) -> Iterable[Node]:
        return node.attached

    def _pass(self, tokens: dict[int, int], node: Node) -> Iterator[Marking]:
        if node.tag == "endEvent":
            yield frozenset() if node.events == ["terminate"] else _frozen(tokens)
        elif node.tag in ("exclusiveGateway", "eventBasedGateway"):
            for flow in node.outgoing:
                yield _frozen(_add(tokens, self._rest_of(flow)))
        else:
            yield self._put(tokens, node)
            for event in self._side_events(node):
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
        while (node := flow.target) is not None and not self._waits(node):
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


class _MergeWalk(_Walk):
    """Where tokens wait before each exclusive gateway with several ways in, to see who comes there besides: until no
    other can move, and then the one with most before it goes on. Only parallel gateways make more tokens of one."""

    def __init__(self, scope: Scope) -> None:
        self.merges = [node for node in scope.of("exclusiveGateway") if _is_merge(node)]
        self.doubled: set[Node] = set()
        super().__init__(scope)

    def _waits(self, node: Node) -> bool:
        return super()._waits(node) or _is_merge(node)

    def _side_events(self, node: Node) -> Iterable[Node]:
        return [event for event in node.attached if event.is_interrupting]

    def _moves(self, tokens: dict[int, int]) -> Iterator[Marking]:
        into = self._into(tokens)
        self.doubled.update(node for node, ways in into.items() if ways > 1 and _is_merge(node))
        at_merges = [number for number in tokens if _is_merge(self._target(number))]
        if not at_merges or any(not self._waits(node) for node in into):
            yield from super()._moves(tokens)
        elif full := [node for node in into if self._is_full(node, tokens)]:
            yield self._put(_take(tokens, self.into[full[0]]), full[0])
        else:
            first = max(at_merges, key=lambda number: (self._ahead(number), number))
            yield from self._pass(_take(tokens, [first]), self._target(first))

    def _into(self, tokens: dict[int, int]) -> Counter[Node]:
        """On how many of its flows tokens wait, for each element that any wait for."""
        return Counter(self._target(number) for number in tokens)

    def _is_full(self, node: Node, tokens: dict[int, int]) -> bool:
        return node.tag == "parallelGateway" and all(tokens.get(number) for number in self.into[node])


class _CoarseMergeWalk(_MergeWalk):
    """The same without telling the ways into a gateway apart, which leaves far fewer markings to see: where nothing
    comes together here, nothing does; what does may have come on one way, one after another."""

    def _rest(self, flow: Flow) -> int:
        number = super()._rest(flow)
        node = self.targets[number]
        return self.number[id(node.incoming[0])] if node is not None and _is_merge(node) else number

    def _into(self, tokens: dict[int, int]) -> Counter[Node]:
        found: Counter[Node] = Counter()
        for number, count in tokens.items():
            found[self._target(number)] += count
        return found


def _is_merge(node: Node) -> bool:
    return node.tag == "exclusiveGateway" and len(node.incoming) > 1


def _add(tokens: dict[int, int], number: int) -> dict[int, int]:
    return {**tokens, number: tokens.get(number, 0) + 1}


def _take(tokens: dict[int, int], numbers: list[int]) -> dict[int, int]:
    left = dict(tokens)
    for number in numbers:
        left[number] -= 1
    return left


def _frozen(tokens: dict[int, int]) -> Marking:
    return frozenset((number, count) for number, count in tokens.items() if count)
