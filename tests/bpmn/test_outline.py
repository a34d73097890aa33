"""A diagram in words and as a picture made on the server: nothing is lost, whatever the file holds."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from scenario import PROCESSES

from engine.bpmn.elements import read_elements
from engine.bpmn.outline import Outline, Passage, read_outline
from engine.bpmn.shapes import read_picture
from forms.drawing import draw

DIAGRAMS = sorted(PROCESSES.glob("*/*.bpmn"))
HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">'


def told(passages: tuple[Passage, ...]) -> Iterator[str]:
    for passage in passages:
        for step in passage.steps:
            yield step.element.element_id
            yield from told((*step.inside, *step.attached, *(branch.passage for branch in step.branches)))


def everything(outlines: tuple[Outline, ...]) -> Counter[str]:
    return Counter(each for outline in outlines for each in told((*outline.passages, *outline.apart)))


@pytest.mark.parametrize("file", DIAGRAMS, ids=lambda file: file.stem)
def test_every_element_is_told_and_drawn_once(file: Path) -> None:
    content = file.read_bytes()

    outlines = read_outline(content)
    drawn = etree.fromstring(draw(read_picture(content), "“<图>”").encode())

    wanted = [element.element_id for element in read_elements(content)]
    assert everything(outlines) == Counter(wanted)
    assert not any(outline.apart for outline in outlines)
    kinds = Counter(etree.QName(each).localname for each in drawn.iter())
    assert kinds["circle"] >= sum(element.type.endswith("Event") for element in read_elements(content))
    assert kinds["polyline"] == content.count(b"<bpmn:sequenceFlow ")
    assert not kinds["script"] + kinds["style"] and not drawn.xpath("//@style")


def test_a_branch_ends_where_it_meets_another_and_says_so() -> None:
    [outline] = read_outline((PROCESSES / "survey" / "survey.bpmn").read_bytes())

    [passage] = outline.passages
    gateway = passage.steps[-1]
    returned, confirmed = gateway.branches
    assert [step.element.element_id for step in passage.steps[:3]] == ["site_listed", "enter_survey", "survey_site"]
    assert [event.steps[0].element.element_id for event in passage.steps[2].attached] == [
        "survey_site_reminder",
        "survey_site_overdue",
    ]
    assert (returned.name, returned.condition, returned.passage.steps) == ("退回重查", 'outcome == "returned"', ())
    assert returned.passage.goes_to == passage.steps[1].element
    assert confirmed.is_default and confirmed.passage.steps[-1].branches


def gateways(count: int) -> bytes:
    """Splits within splits: one way ends, the other splits again."""
    nodes = "".join(f'<exclusiveGateway id="g{n}"/><endEvent id="e{n}"/>' for n in range(count))
    flows = "".join(
        f'<sequenceFlow id="a{n}" sourceRef="g{n}" targetRef="e{n}"/>'
        f'<sequenceFlow id="b{n}" sourceRef="g{n}" targetRef="g{n + 1}"/>'
        for n in range(count)
    )
    return f'{HEAD}<process id="p"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="g0"/>{nodes}{flows}</process></definitions>'.encode()  # noqa: E501


def nested(depth: int) -> bytes:
    opened = "".join(f'<subProcess id="u{n}"><startEvent id="s{n}"/>' for n in range(depth))
    return f'{HEAD}<process id="p">{opened}{"</subProcess>" * depth}</process></definitions>'.encode()


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (gateways(1500), 3001),
        (nested(100), 200),
        (HEAD.encode() + b'<process id="p"><task id="a"/><task id="b"/></process></definitions>', 2),
        (
            HEAD.encode() + b'<process id="p"><task id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="a"/>'
            b'<boundaryEvent id="e" attachedToRef="nowhere"/></process></definitions>',
            2,
        ),
    ],
    ids=["1500 splits", "100 subprocesses", "no start", "a loop and a stray boundary event"],
)
def test_a_strange_diagram_is_told_whole(content: bytes, count: int) -> None:
    found = everything(read_outline(content))

    assert (len(found), set(found.values())) == (count, {1})


def test_impossible_places_are_left_out_of_the_picture() -> None:
    di = (
        '<d:BPMNDiagram xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:c="http://www.omg.org/spec/DD/20100524/DC" xmlns:i="http://www.omg.org/spec/DD/20100524/DI"><d:BPMNPlane>'
        '<d:BPMNShape bpmnElement="a"><c:Bounds x="NaN" y="0" width="9" height="9"/></d:BPMNShape>'
        '<d:BPMNShape bpmnElement="b"><c:Bounds x="1e300" y="0" width="9" height="9"/></d:BPMNShape>'
        '<d:BPMNShape bpmnElement="c"><c:Bounds x="5" y="5" width="90" height="60"/></d:BPMNShape>'
        '<d:BPMNShape bpmnElement="nothing"><c:Bounds x="0" y="0" width="9" height="9"/></d:BPMNShape>'
        '<d:BPMNEdge bpmnElement="f"><i:waypoint x="0" y="0"/><i:waypoint x="0" y="0"/></d:BPMNEdge>'
        "</d:BPMNPlane></d:BPMNDiagram>"
    )
    process = (
        '<process id="p"><task id="a"/><task id="b"/><task id="c" name="&lt;script&gt;alert(1)&lt;/script&gt;"/>'
        '<sequenceFlow id="f" sourceRef="c" targetRef="c" name="&quot;onload=&quot;"/></process>'
    )

    picture = read_picture(f"{HEAD}{process}{di}</definitions>".encode())
    drawn = draw(picture, '"><script>')

    assert [shape.element_id for shape in picture.shapes] == ["c"] and len(picture.lines) == 1
    assert "<script" not in drawn and etree.fromstring(drawn.encode()) is not None
    assert draw(read_picture(f"{HEAD}{process}</definitions>".encode()), "") == ""


def test_the_colours_of_a_diagram_are_drawn_where_words_stay_readable() -> None:
    colour = "http://www.omg.org/spec/BPMN/non-normative/color/1.0"
    biocolor = "http://bpmn.io/schema/bpmn/biocolor/1.0"
    survey = (PROCESSES / "survey" / "survey.bpmn").read_text()

    def drawn(attributes: str) -> str:
        place = 'bpmnElement="survey_site"'
        changed = survey.replace(place, f'{place} xmlns:c="{colour}" xmlns:b="{biocolor}" {attributes}', 1)
        return draw(read_picture(changed.encode()), "图")

    for attributes in ('c:background-color="#bbdefb" c:border-color="#0d4372"', 'b:fill="#bbdefb" b:stroke="#0d4372"'):
        assert 'fill="#bbdefb"' in drawn(attributes) and '<g stroke="#0d4372">' in drawn(attributes)
    assert drawn('b:fill="#0d4372" b:stroke="url(//x)"') == draw(read_picture(survey.encode()), "图")
