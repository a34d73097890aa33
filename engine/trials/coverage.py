"""Which elements and flows of a process its walks have passed, and which none has."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.bpmn.elements import Element, read_elements
from engine.trials.ground import Flow, Ground
from engine.trials.play import WalkResult


@dataclass(frozen=True)
class Coverage:
    """`elements` and `flows`: by how many walks each was passed, by id, in the order of the file."""

    process: str
    drawn: tuple[Element, ...]
    lines: tuple[Flow, ...]
    elements: Mapping[str, int]
    flows: Mapping[str, int]

    @property
    def missed_elements(self) -> tuple[str, ...]:
        return tuple(element_id for element_id, count in self.elements.items() if not count)

    @property
    def missed_flows(self) -> tuple[str, ...]:
        return tuple(flow_id for flow_id, count in self.flows.items() if not count)

    @property
    def is_full(self) -> bool:
        return not self.missed_elements and not self.missed_flows

    @property
    def passed_elements(self) -> int:
        return len(self.elements) - len(self.missed_elements)

    @property
    def passed_flows(self) -> int:
        return len(self.flows) - len(self.missed_flows)


def coverage(ground: Ground, key: str, results: Iterable[WalkResult]) -> Coverage:
    """Of the process `key`, also by walks of processes that call it. Raises Invalid for a diagram that is not one."""
    drawn = read_elements(ground.diagram(key))
    lines = ground.flows(key)
    elements: Counter[str] = Counter()
    flows: Counter[str] = Counter()
    for result in results:
        elements.update(element_id for process, element_id in result.elements if process == key)
        flows.update(flow.flow_id for flow in result.flows if flow.process_key == key)
    return Coverage(
        process=key,
        drawn=drawn,
        lines=lines,
        elements={element.element_id: elements[element.element_id] for element in drawn},
        flows={flow.flow_id: flows[flow.flow_id] for flow in lines},
    )
