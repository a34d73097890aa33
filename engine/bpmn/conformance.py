"""Whether a recorded path follows a diagram: a token game played with the elements that an instance has passed.

A path says which elements were passed, never along which flow; so every marking that explains it is kept, and a step is
a deviation only when none of them allows it. A called process may run several times in one path, each run from a start.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from engine.bpmn.document import bpmn, read_document
from engine.bpmn.graph import EMBEDDED, Node, Scope, read_scopes

NOT_IN_MODEL: Final = "not_in_model"
NO_PATH: Final = "no_path"
NOT_AT_END: Final = "not_at_end"
MOST_MARKINGS: Final = 256  # that explain one path; a path with more is not judged

_ONE, _SOME, _MAY, _IN = "one", "some", "may", "in"
Token = tuple[str, tuple[str, ...]]  # exactly one of these flows; one or more; any further; inside this subprocess
Marking = tuple[Token, ...]  # sorted, so that equal markings are equal values


class TooManyWays(Exception):
    """More markings explain the path than are kept."""


@dataclass(frozen=True)
class Deviation:
    """`position` in the path; of a path that ended too early its last one."""

    kind: str
    element_id: str
    position: int


@dataclass(frozen=True)
class _Place:
    """An element with the subprocesses around it, the nearest first."""

    node: Node
    around: tuple[str, ...]
    is_start: bool


@dataclass
class PathModel:
    """One process of a diagram, ready to judge paths."""

    places: dict[str, _Place] = field(default_factory=dict)
    own_flows: dict[str, frozenset[str]] = field(default_factory=dict)  # by subprocess, those in it at any depth

    def deviations(self, path: Sequence[str], *, has_ended: bool, is_root: bool) -> tuple[Deviation, ...]:
        """In the order of the path. `has_ended`: the process came to its end by itself, so nothing may be left to do.
        `is_root`: it was started once; else each start event begins a new run. Raises TooManyWays."""
        found: list[Deviation] = []
        markings: frozenset[Marking] = frozenset({()})
        starts = sum(1 for element_id in path if self._begins(element_id))
        has_begun = False
        for position, element_id in enumerate(path):
            place = self.places.get(element_id)
            if place is None:
                found.append(Deviation(NOT_IN_MODEL, element_id, position))
                continue
            is_barred = is_root and has_begun and self._begins(element_id)
            has_begun = has_begun or self._begins(element_id)
            after = frozenset() if is_barred else self._after(markings, place, is_single=starts <= 1)
            if not after:
                found.append(Deviation(NO_PATH, element_id, position))
                after = frozenset(_with(marking, self._given(place)) for marking in markings)
            if len(after) > MOST_MARKINGS:
                raise TooManyWays
            markings = after
        if has_ended and path and not found and not any(_is_over(marking) for marking in markings):
            found.append(Deviation(NOT_AT_END, path[-1], len(path) - 1))
        return tuple(found)

    def _begins(self, element_id: str) -> bool:
        place = self.places.get(element_id)
        return place is not None and place.is_start and not place.around

    def _after(self, markings: Iterable[Marking], place: _Place, *, is_single: bool) -> frozenset[Marking]:
        given = self._given(place)
        ends_all = place.node.tag == "endEvent" and "terminate" in place.node.events
        found = (_with(rest, given) for marking in markings for rest in self._taken(marking, place))
        if ends_all and place.around:
            return frozenset(self._emptied(marking, place.around[0]) for marking in found)
        if ends_all and is_single:
            return frozenset(() for _ in found)
        return frozenset(found)

    # -- what an element needs -----------------------------------------------------------------------------------------
    def _taken(self, marking: Marking, place: _Place) -> Iterator[Marking]:
        """The markings that are left when this element is passed; none when it cannot be."""
        node = place.node
        if node.tag == "boundaryEvent":
            yield from self._attached(marking, node)
        elif place.is_start:
            yield from self._begun(marking, place)
        elif node.tag in EMBEDDED:
            yield from self._left(marking, node)
            yield from self._entered(marking, node)  # with nothing to do in it, as over an empty list
        elif node.tag in ("parallelGateway", "inclusiveGateway") and len(node.incoming) > 1:
            yield from self._joined(marking, node)
        else:
            yield from self._entered(marking, node)

    def _entered(self, marking: Marking, node: Node) -> Iterator[Marking]:
        """By one token on any flow that leads here."""
        for flow in node.incoming:
            yield from _spent(marking, flow.flow_id)

    def _left(self, marking: Marking, node: Node) -> Iterator[Marking]:
        """By the end of an embedded subprocess, with everything in it done; one for several items may stop before."""
        inside: Token = (_IN, (node.node_id,))
        if inside not in marking:
            return
        rest = _without(marking, inside)
        emptied = self._emptied(rest, node.node_id)
        if inside in rest:
            yield rest  # what is left belongs to the others that run beside it
        elif _is_multiple(node.xml) or all(kind == _MAY for kind, _ in _taken_out(rest, emptied)):
            yield emptied

    def _begun(self, marking: Marking, place: _Place) -> Iterator[Marking]:
        if not place.around:
            yield marking
            return
        host = self.places[place.around[0]].node
        inside: Token = (_IN, (host.node_id,))
        if _by_event(host.xml):
            yield _with(marking, (inside,))
            return
        for rest in self._entered(marking, host):
            yield _with(rest, (inside,))
        if inside in marking and _is_multiple(host.xml):
            yield marking

    def _attached(self, marking: Marking, event: Node) -> Iterator[Marking]:
        """Its host must be at work; when it interrupts, what the host had to do is gone."""
        host = self.places[event.xml.get("attachedToRef", "")].node if self._has_host(event) else None
        if host is None:
            return
        ways = list(self._entered(marking, host))
        if host.tag in EMBEDDED and (_IN, (host.node_id,)) in marking:
            ways.append(self._emptied(_without(marking, (_IN, (host.node_id,))), host.node_id))
        if event.is_interrupting:
            yield from ways
        elif ways:
            yield marking

    def _has_host(self, event: Node) -> bool:
        return event.xml.get("attachedToRef", "") in self.places

    def _joined(self, marking: Marking, node: Node) -> Iterator[Marking]:
        """A parallel gateway takes a token of every flow, an inclusive one of those that brought one."""
        may_miss = node.tag == "inclusiveGateway"
        reached = {marking}
        count = 0
        for flow in node.incoming:
            after = {rest for each in reached for rest in _spent(each, flow.flow_id)}
            if not after and not may_miss:
                return
            count += bool(after)
            reached = after or reached
        if count:
            yield from reached

    def _emptied(self, marking: Marking, scope_id: str) -> Marking:
        """Without any token inside a subprocess."""
        own = self.own_flows.get(scope_id, frozenset())
        inner = {each for each, place in self.places.items() if scope_id in place.around}
        return tuple(
            token for token in marking if not (token[1][0] in inner if token[0] == _IN else own.issuperset(token[1]))
        )

    # -- what an element gives -----------------------------------------------------------------------------------------
    def _given(self, place: _Place) -> tuple[Token, ...]:
        node = place.node
        ids = tuple(flow.flow_id for flow in node.outgoing)
        if not ids:
            return ()
        if node.tag in ("exclusiveGateway", "eventBasedGateway"):
            return ((_ONE, ids),)
        if node.tag == "parallelGateway":
            return tuple((_ONE, (each,)) for each in ids)
        if node.tag in ("inclusiveGateway", "complexGateway") or any(flow.has_condition for flow in node.outgoing):
            return ((_SOME, ids),)
        return tuple((_ONE, (each,)) for each in ids)


def path_model(xml: bytes, key: str) -> PathModel:
    """Of the process `key` in the file; of one that is not there no element is known. Raises DocumentRefused."""
    model = PathModel()
    for process in read_document(xml).iter(bpmn("process")):
        if process.get("id") == key:
            scopes = read_scopes(process)
            around = _around(scopes)
            for scope in scopes:
                _add(model, scope, around[scope.scope_id] if scope.host is not None else ())
    return model


def _around(scopes: Sequence[Scope]) -> dict[str, tuple[str, ...]]:
    """By subprocess: itself and those around it, the nearest first."""
    found: dict[str, tuple[str, ...]] = {}
    parents = {node_id: scope for scope in scopes for node_id in scope.nodes}
    for scope in scopes:
        if scope.host is not None:
            outer = parents[scope.host.node_id]
            found[scope.scope_id] = (scope.scope_id, *(found[outer.scope_id] if outer.host is not None else ()))
    return found


def _add(model: PathModel, scope: Scope, around: tuple[str, ...]) -> None:
    starts = {node.node_id for node in scope.of("startEvent")}
    for node in scope.nodes.values():
        begins = not node.incoming and node.tag != "boundaryEvent" and not _by_event(node.xml)
        is_start = node.node_id in starts if starts else begins
        model.places[node.node_id] = _Place(node, around, is_start)
    ids = frozenset(flow.flow_id for flow in scope.flows)
    for scope_id in around:
        model.own_flows[scope_id] = model.own_flows.get(scope_id, frozenset()) | ids


# -- markings ----------------------------------------------------------------------------------------------------------
def _with(marking: Marking, more: Iterable[Token]) -> Marking:
    return tuple(sorted((*marking, *more)))


def _without(marking: Marking, token: Token) -> Marking:
    place = marking.index(token)
    return marking[:place] + marking[place + 1 :]


def _taken_out(marking: Marking, rest: Marking) -> list[Token]:
    return list((Counter(marking) - Counter(rest)).elements())


def _spent(marking: Marking, flow_id: str) -> Iterator[Marking]:
    """After one token went along this flow, for every kind of token that could."""
    for token in dict.fromkeys(marking):
        kind, ids = token
        if kind == _IN or flow_id not in ids:
            continue
        rest = tuple(each for each in ids if each != flow_id)
        left: tuple[Token, ...] = ((_MAY, rest),) if kind in (_SOME, _MAY) and rest else ()
        yield _with(_without(marking, token), left)


def _is_over(marking: Marking) -> bool:
    return all(kind == _MAY for kind, _ in marking)


def _by_event(xml: etree._Element) -> bool:
    return bool(xml.get("triggeredByEvent") == "true")


def _is_multiple(xml: etree._Element) -> bool:
    return xml.find(bpmn("multiInstanceLoopCharacteristics")) is not None
