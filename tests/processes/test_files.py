"""Is every process folder in order as files: readable diagrams, and every form, table and element named exists?"""

import json
import re
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from engine.bpmn.check import Known, called, check
from engine.bpmn.decision import OF_CAMPAIGN, read_decision
from engine.bpmn.elements import Element, read_elements
from engine.bpmn.expressions import check_deadline, check_expression
from engine.domain.actor import PLACES, ROLES
from engine.domain.case import MILESTONES
from engine.domain.duration import Duration
from engine.domain.job import SERVICE_KINDS
from engine.domain.letter import KINDS
from engine.trials.script import EXPECTATIONS
from forms.form import check_form

PROCESSES = Path(__file__).parents[2] / "processes"
KEYS = sorted(path.parent.name for path in PROCESSES.glob("*/*.bpmn"))
FILES = sorted(path for key in KEYS for path in (PROCESSES / key).rglob("*") if path.is_file())
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
STEP_KEYS = {"complete", "variables", "message", "advance", "until", "expect"}
EXPECT_KEYS = set(EXPECTATIONS)

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: "Box", gap: float = 0) -> bool:
        return (
            self.x < other.x + other.width + gap
            and other.x < self.x + self.width + gap
            and self.y < other.y + other.height + gap
            and other.y < self.y + self.height + gap
        )

    def holds(self, other: "Box") -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )

    def touches(self, point: Point) -> bool:
        x, y = point
        across = self.x - 1 <= x <= self.x + self.width + 1 and self.y - 1 <= y <= self.y + self.height + 1
        inside = self.x + 1 < x < self.x + self.width - 1 and self.y + 1 < y < self.y + self.height - 1
        return across and not inside


@dataclass(frozen=True)
class Flow:
    flow_id: str
    source: str
    target: str
    name: str
    condition: str


@dataclass(frozen=True)
class Diagram:
    """One `.bpmn` file: what runs, and where it is drawn."""

    root: ElementTree.Element
    elements: dict[str, Element]
    flows: tuple[Flow, ...]
    defaults: dict[str, str]
    shapes: dict[str, Box]
    labels: dict[str, Box]
    edges: dict[str, list[Point]]

    def outgoing(self, element_id: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.source == element_id]


@cache
def diagram(key: str) -> Diagram:
    content = (PROCESSES / key / f"{key}.bpmn").read_bytes()
    root = ElementTree.fromstring(content)
    flows = tuple(
        Flow(
            node.attrib["id"],
            node.attrib["sourceRef"],
            node.attrib["targetRef"],
            node.get("name", ""),
            node.findtext(f"{BPMN}conditionExpression", ""),
        )
        for node in root.iter(f"{BPMN}sequenceFlow")
    )
    shapes, labels, edges = {}, {}, {}
    for shape in root.iter(f"{BPMNDI}BPMNShape"):
        shapes[shape.attrib["bpmnElement"]] = _box(shape.find(f"{DC}Bounds"))
    for drawn in (*root.iter(f"{BPMNDI}BPMNShape"), *root.iter(f"{BPMNDI}BPMNEdge")):
        label = drawn.find(f"{BPMNDI}BPMNLabel/{DC}Bounds")
        if label is not None:
            labels[drawn.attrib["bpmnElement"]] = _box(label)
    for edge in root.iter(f"{BPMNDI}BPMNEdge"):
        points = [(float(point.attrib["x"]), float(point.attrib["y"])) for point in edge.iter(f"{DI}waypoint")]
        edges[edge.attrib["bpmnElement"]] = points
    return Diagram(
        root=root,
        elements={element.element_id: element for element in read_elements(content)},
        flows=flows,
        defaults={node.attrib["id"]: node.get("default", "") for node in root.iter(f"{BPMN}exclusiveGateway")},
        shapes=shapes,
        labels=labels,
        edges=edges,
    )


def _box(bounds: ElementTree.Element | None) -> Box:
    assert bounds is not None
    return Box(*(float(bounds.attrib[side]) for side in ("x", "y", "width", "height")))


def user_tasks() -> Iterator[tuple[str, Element]]:
    for key in KEYS:
        for element in diagram(key).elements.values():
            if element.type == "userTask":
                yield key, element


USER_TASKS = list(user_tasks())
by_key = pytest.mark.parametrize("key", KEYS)
by_task = pytest.mark.parametrize(("key", "task"), USER_TASKS, ids=[task.element_id for _, task in USER_TASKS])


# -- files ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PROCESSES)) for path in FILES])
def test_every_file_is_well_formed(path: Path) -> None:
    content = path.read_bytes()

    assert not content.startswith(b"\xef\xbb\xbf") and b"<!DOCTYPE" not in content
    if path.suffix == ".bpmn":
        ElementTree.fromstring(content)
    elif path.suffix == ".dmn":
        assert read_decision(content).decision_id == path.stem
    elif path.suffix == ".form":
        assert check_form(content, path.name) == []
        assert json.loads(content)["id"] == path.stem
    elif path.suffix == ".toml":
        tomllib.loads(content.decode())
    else:
        assert path.name.endswith(".html.j2"), f"what is {path.name}?"


@by_key
def test_a_folder_holds_its_process_and_what_it_uses(key: str) -> None:
    folder, elements = PROCESSES / key, diagram(key).elements.values()

    forms = {element.form_key for element in elements if element.form_key}
    decisions = {element.decision_ref for element in elements if element.decision_ref}

    assert {path.stem for path in folder.glob("*.form")} == forms
    assert {path.stem for path in folder.glob("*.dmn")} == decisions - OF_CAMPAIGN
    assert {element.called_element for element in elements if element.called_element} <= set(KEYS)
    process = diagram(key).root.find(f"{BPMN}process")
    assert process is not None
    assert (process.attrib["id"], process.attrib["isExecutable"]) == (key, "true")
    assert CHINESE.search(process.attrib["name"]) and process.findtext(f"{BPMN}documentation")


@by_key
def test_the_deploy_check_finds_nothing(key: str) -> None:
    folders = {key: _files(key) for key in KEYS}
    known = Known(
        process_keys=frozenset(KEYS),
        job_kinds=frozenset(SERVICE_KINDS),
        roles=frozenset(ROLES),
        places=frozenset(PLACES),
        milestones=frozenset(MILESTONES),
        letter_kinds=frozenset(KINDS),
        messages=frozenset({"item_resolved", "accountability_closed", "accountability_declined"}),
        user_tasks=frozenset(task.element_id for _, task in USER_TASKS),
        calls={key: called(files) for key, files in folders.items()},
    )

    assert check(folders[key], known) == []


def _files(key: str) -> dict[str, bytes]:
    folder = PROCESSES / key
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- what is written on the elements ----------------------------------------------------------------------------------
@by_task
def test_a_user_task_says_who_by_when_on_what_basis_and_what_to_do(key: str, task: Element) -> None:
    assert task.form_key and task.candidate_groups
    for group in task.candidate_groups:
        role, _, place = group.partition("@")
        assert role in ROLES and place in PLACES
    assert check_deadline(task.due_expression) is None
    assert CHINESE.search(task.basis)
    assert len(task.documentation) > 20


@pytest.mark.parametrize(("key", "task"), [(key, task) for key, task in USER_TASKS if task.returnable])
def test_a_returnable_task_leads_to_a_gateway_that_asks_for_the_outcome(key: str, task: Element) -> None:
    drawing = diagram(key)
    following = drawing.elements[drawing.outgoing(task.element_id)[0].target]
    if len(drawing.outgoing(following.element_id)) == 1:  # only brings ways together
        following = drawing.elements[drawing.outgoing(following.element_id)[0].target]

    conditions = [flow.condition for flow in drawing.outgoing(following.element_id)]

    assert following.type == "exclusiveGateway"
    assert 'outcome == "returned"' in conditions


def test_no_two_user_tasks_share_an_id_and_separation_names_real_ones() -> None:
    ids = [task.element_id for _, task in USER_TASKS]

    assert len(ids) == len(set(ids))
    for _, task in USER_TASKS:
        assert set(task.separate_from) <= set(ids) - {task.element_id}


@by_key
def test_every_expression_can_be_read(key: str) -> None:
    drawing = diagram(key)
    expressions = [flow.condition for flow in drawing.flows if flow.condition]
    deadlines = []
    for element in drawing.elements.values():
        expressions += element.inputs.values()
        deadlines += [text for text in (element.timer_expression, element.due_expression) if text]

    assert [fault for text in expressions if (fault := check_expression(text))] == []
    assert [fault for text in deadlines if (fault := check_deadline(text))] == []


@by_key
def test_milestones_jobs_and_deadlines_are_known(key: str) -> None:
    for element in diagram(key).elements.values():
        assert not element.milestone or element.milestone in MILESTONES, element.element_id
        assert element.type != "serviceTask" or element.job_kind in SERVICE_KINDS, element.element_id
        assert not element.due_expression or element.basis, element.element_id
        if element.job_kind == "letter" and element.inputs.get("reply", "").startswith("'"):
            assert Duration.parse(element.inputs["reply"].strip("'"))


@by_key
def test_a_gateway_that_divides_asks_a_question_and_has_one_default(key: str) -> None:
    drawing = diagram(key)
    for element in drawing.elements.values():
        ways = drawing.outgoing(element.element_id)
        if element.type != "exclusiveGateway" or len(ways) < 2:
            continue
        open_ways = [flow.flow_id for flow in ways if not flow.condition]

        assert element.name.endswith("？"), element.element_id
        assert all(flow.name for flow in ways), element.element_id
        assert open_ways == [drawing.defaults[element.element_id]], element.element_id


# -- the drawing ------------------------------------------------------------------------------------------------------
@by_key
def test_everything_is_drawn_and_nothing_else(key: str) -> None:
    drawing = diagram(key)
    notes = {node.attrib["id"] for node in drawing.root.iter(f"{BPMN}textAnnotation")}
    links = {node.attrib["id"] for node in drawing.root.iter(f"{BPMN}association")}

    assert set(drawing.shapes) == set(drawing.elements) | notes
    assert set(drawing.edges) == {flow.flow_id for flow in drawing.flows} | links


@by_key
def test_every_element_has_a_chinese_name_and_outside_labels_have_a_place(key: str) -> None:
    drawing = diagram(key)
    for element in drawing.elements.values():
        if element.type == "exclusiveGateway" and len(drawing.outgoing(element.element_id)) == 1:
            continue  # a merge says nothing
        assert CHINESE.search(element.name), element.element_id
        if element.type.endswith(("Event", "Gateway")):
            assert element.element_id in drawing.labels
    for flow in drawing.flows:
        assert not flow.name or flow.flow_id in drawing.labels


@by_key
def test_no_shape_lies_on_another(key: str) -> None:
    drawing = diagram(key)
    for pair in combinations(sorted(drawing.shapes), 2):
        one, other = (drawing.elements[name] for name in pair)
        first, second = (drawing.shapes[name] for name in pair)
        if one.parent == other.element_id:
            assert second.holds(first), f"{pair[0]} is outside {pair[1]}"
        elif other.parent == one.element_id:
            assert first.holds(second), f"{pair[1]} is outside {pair[0]}"
        elif one.attached_to != other.element_id and other.attached_to != one.element_id:
            assert not first.overlaps(second, gap=8), f"{pair[0]} and {pair[1]}"


@by_key
def test_boundary_events_sit_on_the_lower_edge_of_their_task(key: str) -> None:
    drawing = diagram(key)
    for element in drawing.elements.values():
        if element.attached_to:
            event, host = drawing.shapes[element.element_id], drawing.shapes[element.attached_to]
            assert event.y + event.height / 2 == host.y + host.height, element.element_id
            assert host.x <= event.x and event.x + event.width <= host.x + host.width, element.element_id


@by_key
def test_labels_lie_on_no_shape_and_not_on_each_other(key: str) -> None:
    drawing = diagram(key)
    subprocesses = {element.element_id for element in drawing.elements.values() if element.type == "subProcess"}
    for owner, label in drawing.labels.items():
        for other, shape in drawing.shapes.items():
            if other not in subprocesses:
                assert not label.overlaps(shape), f"label of {owner} on {other}"
    for (one, label), (other, second) in combinations(sorted(drawing.labels.items()), 2):
        assert not label.overlaps(second), f"labels of {one} and {other}"


@by_key
def test_edges_are_orthogonal_and_join_what_they_connect(key: str) -> None:
    drawing = diagram(key)
    for flow in drawing.flows:
        points = drawing.edges[flow.flow_id]

        assert drawing.shapes[flow.source].touches(points[0]), f"{flow.flow_id} begins away from {flow.source}"
        assert drawing.shapes[flow.target].touches(points[-1]), f"{flow.flow_id} ends away from {flow.target}"
        for one, other in pairwise(points):
            assert one[0] == other[0] or one[1] == other[1], f"{flow.flow_id} is slanted"


@by_key
def test_edges_run_through_no_shape(key: str) -> None:
    drawing = diagram(key)
    for flow in drawing.flows:
        for other, shape in drawing.shapes.items():
            if other in (flow.source, flow.target) or drawing.elements[other].type == "subProcess":
                continue
            for one, end in pairwise(drawing.edges[flow.flow_id]):
                line = Box(min(one[0], end[0]), min(one[1], end[1]), abs(one[0] - end[0]), abs(one[1] - end[1]))
                assert not shape.overlaps(line), f"{flow.flow_id} through {other}"


# -- the walks --------------------------------------------------------------------------------------------------------
@by_key
def test_every_process_has_walks_that_name_real_elements(key: str) -> None:
    walks = sorted((PROCESSES / key / "tests").glob("*.toml"))
    known = {task.element_id for _, task in USER_TASKS}

    assert walks
    for path in walks:
        walk = tomllib.loads(path.read_text(encoding="utf-8"))
        assert set(walk) - {"ladder"} == {"name", "process", "now", "variables", "steps"}, path.name
        assert walk["process"] == key
        for step in walk["steps"]:
            expected = step.get("expect", {})
            assert set(step) <= STEP_KEYS and set(expected) <= EXPECT_KEYS, path.name
            named = {step["complete"]} if "complete" in step else set()
            assert named | set(expected.get("tasks", ())) | set(expected.get("due", ())) <= known, path.name
            if "advance" in step:
                assert Duration.parse(step["advance"])


@by_key
def test_the_walks_complete_every_user_task(key: str) -> None:
    completed: set[str] = set()
    for path in (PROCESSES / key / "tests").glob("*.toml"):
        steps = tomllib.loads(path.read_text(encoding="utf-8"))["steps"]
        completed |= {step["complete"] for step in steps if "complete" in step}

    assert {task.element_id for process_key, task in USER_TASKS if process_key == key} <= completed
