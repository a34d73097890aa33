"""A diagram in words' order: what follows what, branch by branch, for whoever does not see the drawing.

Each element stands in exactly one place; where a path comes to one that stands elsewhere it says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.bpmn.document import bpmn, read_document
from engine.bpmn.elements import Element, elements_of
from engine.bpmn.graph import EMBEDDED, Flow, Node, Scope, read_scopes

DEEPEST = 8  # below that a branch is not nested any further but told after those around it


@dataclass(frozen=True)
class Passage:
    """Steps one after the other. `goes_to` is the element with which it goes on, told elsewhere; None at an end."""

    steps: tuple["Step", ...]
    goes_to: Element | None = None


@dataclass(frozen=True)
class Branch:
    """One of several ways on. `is_default`: taken when no other is."""

    name: str
    condition: str
    is_default: bool
    passage: Passage


@dataclass(frozen=True)
class Step:
    """One element; `attached` begin at boundary events on it, `inside` is an embedded subprocess's own passages."""

    element: Element
    branches: tuple[Branch, ...] = ()
    attached: tuple[Passage, ...] = ()
    inside: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class Outline:
    """One process of a file: from its start events on, and apart from that what no flow leads to."""

    process_key: str
    name: str
    passages: tuple[Passage, ...]
    apart: tuple[Passage, ...]


def read_outline(xml: bytes) -> tuple[Outline, ...]:
    """Every process of the file, in document order. Raises DocumentRefused."""
    root = read_document(xml)
    elements = {(element.process_key, element.element_id): element for element in elements_of(root)}
    found = []
    for process in root.iter(bpmn("process")):
        key = process.get("id", "")
        own = {element_id: element for (of_key, element_id), element in elements.items() if of_key == key}
        scopes = read_scopes(process)
        inner = {id(scope.host): scope for scope in scopes if scope.host is not None}
        passages, apart = _Teller(own, inner).tell(scopes[0])
        found.append(Outline(key, process.get("name") or key, passages, apart))
    return tuple(found)


def steps_of(outline: Outline) -> Iterator[Step]:
    """Every step in the order in which it is told: what begins on it, in it and after it comes before the next one."""
    return _steps((*outline.passages, *outline.apart))


def _steps(passages: Iterable[Passage]) -> Iterator[Step]:
    """As deep as the passages are nested, which `DEEPEST` bounds."""
    for passage in passages:
        for step in passage.steps:
            yield step
            yield from _steps((*step.attached, *step.inside, *(branch.passage for branch in step.branches)))


class _Teller:
    """Tells one process. `_told` holds every node that has found its place."""

    def __init__(self, elements: Mapping[str, Element], inner: Mapping[int, Scope]) -> None:
        self._elements = elements
        self._inner = inner
        self._told: set[str] = set()

    def tell(self, scope: Scope, depth: int = 0) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
        """From the starts, and what is left over."""
        starts = [node for node in scope.nodes.values() if node.tag == "startEvent"]
        passages = self._all(starts, depth)
        rest = [node for node in scope.nodes.values() if node.node_id not in self._told and not node.incoming]
        apart = self._all([*rest, *scope.nodes.values()], depth)
        return passages, apart

    def _all(self, starts: Iterable[Node], depth: int) -> tuple[Passage, ...]:
        return tuple(self._passage(node, depth) for node in starts if self._is_new(node))

    def _passage(self, node: Node | None, depth: int) -> Passage:
        """On from `node`, and past the branches of a split with what they meet in."""
        steps: list[Step] = []
        waiting: list[Node] = []
        goes_to: Element | None = None
        while node is not None:
            if not self._is_new(node):
                goes_to = self._elements.get(node.node_id)
                node = None
            else:
                step, after = self._step(node, depth, waiting)
                steps.append(step)
                node, goes_to = after, None
            while node is None and waiting:
                found = waiting.pop(0)
                node = found if self._is_new(found) else None
        return Passage(tuple(steps), goes_to)

    def _step(self, node: Node, depth: int, waiting: list[Node]) -> tuple[Step, Node | None]:
        """The step and what follows it in a straight line; meeting places of its branches are put into `waiting`."""
        self._told.add(node.node_id)
        scope = self._inner.get(id(node)) if node.tag in EMBEDDED else None
        inside = self._inside(scope, depth) if scope is not None else ()
        onward = [flow for flow in node.outgoing if flow.target is not None]
        attached = tuple(self._attached(event, depth + 1, waiting) for event in node.attached if self._is_new(event))
        if len(onward) == 1:
            return Step(self._elements[node.node_id], (), attached, inside), onward[0].target
        branches = tuple(self._branch(flow, node, depth + 1, waiting) for flow in onward)
        return Step(self._elements[node.node_id], branches, attached, inside), None

    def _inside(self, scope: Scope, depth: int) -> tuple[Passage, ...]:
        if depth <= DEEPEST:
            passages, apart = self.tell(scope, depth + 1)
            return (*passages, *apart)
        found, scopes = [], [scope]
        while scopes:
            for node in scopes.pop().nodes.values():
                if self._is_new(node):
                    self._told.add(node.node_id)
                    found.append(Passage((Step(self._elements[node.node_id]),)))
                    scopes += [self._inner[id(node)]] if id(node) in self._inner else []
        return tuple(found)

    def _attached(self, event: Node, depth: int, waiting: list[Node]) -> Passage:
        self._told.add(event.node_id)
        step = Step(self._elements[event.node_id])
        onward = [flow.target for flow in event.outgoing if flow.target is not None]
        if not onward:
            return Passage((step,))
        rest = self._until_met(onward[0], depth, waiting)
        return Passage((step, *rest.steps), rest.goes_to)

    def _branch(self, flow: Flow, split: Node, depth: int, waiting: list[Node]) -> Branch:
        assert flow.target is not None
        name = (flow.xml.get("name") or "").strip()
        is_default = split.xml.get("default") == flow.flow_id
        return Branch(name, flow.condition, is_default, self._until_met(flow.target, depth, waiting))

    def _until_met(self, node: Node, depth: int, waiting: list[Node]) -> Passage:
        """A branch up to where it meets another one; that place is told after all branches."""
        steps: list[Step] = []
        here: Node | None = node
        while here is not None:
            if not self._is_new(here) or len(here.incoming) > 1 or depth > DEEPEST:
                if self._is_new(here):
                    waiting.append(here)
                return Passage(tuple(steps), self._elements.get(here.node_id))
            step, here = self._step(here, depth, waiting)
            steps.append(step)
        return Passage(tuple(steps))

    def _is_new(self, node: Node) -> bool:
        return node.node_id not in self._told and node.node_id in self._elements
