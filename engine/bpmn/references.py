"""What the files of a process folder name in other places: forms, decision tables, letters, processes, groups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.bpmn.document import DocumentRefused, local, read_document, text_of
from engine.bpmn.elements import Element, read_elements
from engine.bpmn.expressions import constant_of

FORM: Final = "form"
DECISION: Final = "decision"
LETTER: Final = "letter"
PROCESS: Final = "process"
GROUP: Final = "group"
KINDS: Final = (FORM, DECISION, LETTER, PROCESS, GROUP)

CALLS: Final = "calls"
STARTS: Final = "starts"
_LETTER_COLUMN: Final = "letter"  # of a ladder: the kind of letter that a rung sends


@dataclass(frozen=True)
class Reference:
    """One place that names something. `how`: uses, calls, starts, reminds or sends. `name` is empty where only the
    running case knows it. Of a table `element_id` is the row."""

    kind: str
    name: str
    file: str
    element_id: str
    element_name: str
    how: str


def references_of(files: Mapping[str, bytes]) -> tuple[Reference, ...]:
    """Each once, by file and in its order. What cannot be read names nothing."""
    found: dict[Reference, None] = {}
    for name in sorted(files):
        try:
            if name.endswith(".bpmn"):
                found |= {each: None for element in read_elements(files[name]) for each in _of_element(name, element)}
            elif name.endswith(".dmn"):
                found |= dict.fromkeys(_of_table(name, files[name]))
        except DocumentRefused:
            continue
    return tuple(found)


def _of_element(file: str, element: Element) -> Iterator[Reference]:
    for kind, name, how in _named(element):
        yield Reference(kind, name, file, element.element_id, element.name, how)


def _named(element: Element) -> Iterator[tuple[str, str, str]]:
    """(kind, name, how)"""
    if element.form_key:
        yield FORM, element.form_key, "uses"
    if element.decision_ref:
        yield DECISION, element.decision_ref, "uses"
    if element.called_element:
        yield PROCESS, element.called_element, CALLS
    for group in element.candidate_groups:
        yield GROUP, group, "uses"
    if element.job_kind == "letter":
        yield LETTER, _constant(element.inputs.get("kind", "")), "sends"
    elif element.job_kind == "start_process":
        yield PROCESS, _constant(element.inputs.get("process", "")), STARTS
    elif element.job_kind == "remind":
        yield GROUP, _constant(element.inputs.get("to", "")), "reminds"


def _constant(expression: str) -> str:
    """What an input always says, "" where it depends on the case."""
    value = constant_of(expression)
    return value if isinstance(value, str) else ""


def _of_table(file: str, content: bytes) -> Iterator[Reference]:
    """The kinds of letter that the rows of a ladder send."""
    for table in read_document(content).iter("{*}decisionTable"):
        columns = [node for node in table if local(node) == "output"]
        place = next((at for at, node in enumerate(columns) if node.get("name") == _LETTER_COLUMN), None)
        for rule in table if place is not None else ():
            cells = [text_of(node) for node in rule if local(node) == "outputEntry"]
            sent = cells[place].strip('"') if local(rule) == "rule" and place is not None and len(cells) > place else ""
            if sent and sent != "null":
                remark = next((text_of(node) for node in rule if local(node) == "description"), "")
                yield Reference(LETTER, sent, file, rule.get("id", ""), remark, "sends")
