"""A process as a printout: the diagram on as many parts as can be read, then every step with form, deadline and basis.

The numbers on the diagram are those of the table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.bpmn.elements import Element
from engine.bpmn.outline import Passage, Step, read_outline, steps_of
from engine.bpmn.shapes import Picture, read_picture
from forms.drawing import PAPERS, draw, paper_for, plates
from forms.letters.errors import PrintFailed
from forms.letters.printout import MAX_ROWS, SAME_SIZE, Column, PrintedPicture, Printout
from web.element_words import FolderForms, group_in_words, kind_of, letter_in_words
from web.format import word
from web.i18n import language, t

COLUMNS: Final = (
    ("number", 3.5),
    ("step", 16.0),
    ("kind", 10.0),
    ("who", 12.0),
    ("form", 14.0),
    ("due", 17.5),
    ("basis", 13.5),
    ("escalation", 13.5),
)
MAX_PARTS: Final = 1_500  # shapes and lines
EVENTS_TOLD: Final = ("timer", "message")  # of events, those for which the process waits are steps of the table


@dataclass(frozen=True)
class About:
    """What head, foot and the first lines say. `version` is short, for the head of every page."""

    name: str
    version: str
    digest: str
    facts: tuple[tuple[str, str], ...]


def printout_of(bpmn: bytes, files: Mapping[str, bytes], about: About, paper: str = "") -> Printout:
    """`files` are those of the folder; `paper` is A3, A4, or empty for the smallest on which it can be read whole.

    Raises DocumentRefused, and PrintFailed for what is too large.
    """
    outlines = read_outline(bpmn)
    steps = tuple(step for outline in outlines for step in steps_of(outline) if _is_told(step.element))
    picture = read_picture(bpmn)
    _check_size(len(steps), len(picture.shapes) + len(picture.lines))
    chosen = paper if paper in PAPERS else paper_for(picture) if picture.shapes else "A4"
    numbers = {step.element.element_id: number for number, step in enumerate(steps, 1)}
    forms = FolderForms.read(files.items())
    return Printout(
        title=about.name,
        lang=language(),
        paper=chosen,
        head=about.version,
        foot=t("printout.digest", digest=about.digest),
        page_words=(t("printout.page_before"), t("printout.page_between"), t("printout.page_after")),
        facts=about.facts,
        pictures=tuple(_pictures(picture, about.name, chosen, numbers)) if picture.shapes else (),
        table_title=t("outline.table"),
        columns=tuple(Column(t(f"printout.{name}"), share) for name, share in COLUMNS),
        rows=tuple(_row(number, step, forms) for number, step in enumerate(steps, 1)),
        note=t("printout.note"),
    )


def _check_size(steps: int, parts: int) -> None:
    """Before it is drawn: the diagram of a stranger may have thousands of elements."""
    if steps > MAX_ROWS:
        raise PrintFailed(
            f"it has {steps} steps, and a printout holds at most {MAX_ROWS}",
            f"流程有 {steps} 个环节，一份打印件最多 {MAX_ROWS} 个，请拆成几个流程",
        )
    if parts > MAX_PARTS:
        raise PrintFailed(
            f"its diagram has {parts} shapes and lines, and a printout holds at most {MAX_PARTS}",
            f"流程图有 {parts} 个图形和连线，一份打印件最多 {MAX_PARTS} 个，请拆成几个流程",
        )


# -- the picture -------------------------------------------------------------------------------------------------------
def _pictures(picture: Picture, name: str, paper: str, numbers: Mapping[str, int]) -> Iterator[PrintedPicture]:
    parts = plates(picture, paper)
    for place, part in enumerate(parts, 1):
        caption = t("printout.part", n=place, total=len(parts)) if len(parts) > 1 else t("printout.whole")
        svg = draw(picture, name, view=part.view, numbers=numbers)
        yield PrintedPicture(svg, part.view.width * part.scale, part.view.height * part.scale, caption)


# -- the table ---------------------------------------------------------------------------------------------------------
def _is_told(element: Element) -> bool:
    if element.type.endswith("Event"):
        return element.event in EVENTS_TOLD and not element.attached_to
    return not element.type.endswith("Gateway")


def _row(number: int, step: Step, forms: FolderForms) -> tuple[str, ...]:
    element = step.element
    return (
        str(number),
        _lines([element.name or element.element_id, element.element_id if element.name else ""]),
        _lines([word("element", kind_of(element)), *_work(element)]),
        SAME_SIZE.join(map(group_in_words, element.candidate_groups)) or "—",
        _form(element.form_key, forms),
        _when(element, forms),
        element.basis or "—",
        SAME_SIZE.join(_alarm(passage, forms) for passage in step.attached) or "—",
    )


def _work(element: Element) -> list[str]:
    """What the machine does there, and who else may not do it."""
    said = [word("job", element.job_kind)] if element.job_kind else []
    said += [letter] if (letter := letter_in_words(element)) else []
    said += [f"{t('definitions.decision')} {element.decision_ref}"] if element.decision_ref else []
    said += [f"{t('definitions.calls')} {element.called_element}"] if element.called_element else []
    said += [t("outline.multiple")] if element.is_multiple else []
    said += [t("definitions.returnable")] if element.returnable else []
    said += [f"{t('definitions.message')} {element.message}"] if element.message else []
    return said


def _form(form_key: str, forms: FolderForms) -> str:
    asked = forms.evidence(form_key)
    evidence = f"{t('outline.evidence')} {asked}" if asked else ""
    return _lines([forms.title(form_key), form_key, evidence]) or "—"


def _when(element: Element, forms: FolderForms) -> str:
    due, timer = element.due_expression, element.timer_expression
    return _lines([forms.deadline(due), due] if due else [forms.timer(timer), timer]) or "—"


def _alarm(passage: Passage, forms: FolderForms) -> str:
    """What begins at an event on the step: when, and what is done then."""
    event, *after = (step.element for step in passage.steps)
    when = forms.timer(event.timer_expression) or event.name or event.timer_expression or event.message
    acts = [element for element in after if not element.type.endswith(("Event", "Gateway"))]
    done = acts[0] if acts else passage.goes_to or (after[0] if after else None)
    return f"{when} → {done.name or done.element_id}" if done is not None else when


def _lines(parts: Sequence[str]) -> str:
    return "\n".join(part for part in parts if part)
