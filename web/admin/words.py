"""A diagram in words and on paper: the same as the drawing, for a screen reader, a keyboard and a printer.

Of a definition with how many cases stand at each element; of one instance with where its tokens are.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from flask import Blueprint, render_template, url_for
from markupsafe import Markup

from engine.bpmn.elements import Element
from engine.bpmn.outline import Outline, read_outline, steps_of
from engine.bpmn.references import DECISION, PROCESS
from engine.bpmn.shapes import read_picture
from engine.errors import NotFound
from engine.queries.diagrams import Diagram, ElementCount
from forms.drawing import draw
from web.admin.definitions import READERS
from web.diagrams import standing
from web.element_words import FolderForms, group_in_words, kind_of, letter_expression, letter_in_words
from web.format import word
from web.i18n import t
from web.permission import needs, signed_in
from web.request import engine
from web.studio.thing_words import called

blueprint = Blueprint("words", __name__)


@dataclass(frozen=True)
class Mark:
    """What is to say of an element now. `light`: red late, green here now, empty passed."""

    light: str
    text: str


@dataclass(frozen=True)
class Sheet:
    """One diagram. `names` are those of decisions and processes, by kind and code; `elements` fill the table."""

    key: str
    version: int
    name: str
    outlines: tuple[Outline, ...]
    picture: Markup
    marks: Mapping[str, Mark]
    forms: FolderForms
    names: Mapping[tuple[str, str], str]
    elements: tuple[Element, ...]

    @property
    def tasks(self) -> tuple[Element, ...]:
        """What somebody or something has to do: the lines of the table to print."""
        return tuple(each for each in self.elements if not each.type.endswith(("Event", "Gateway")))

    def kind(self, element: Element) -> str:
        return word("element", kind_of(element))

    # Each of these in the reader's words; empty where there are none, and the code stands for itself.
    def group(self, code: str) -> str:
        return group_in_words(code)

    def letter(self, element: Element) -> tuple[str, str]:
        return letter_in_words(element), letter_expression(element)

    def decision(self, code: str) -> str:
        return self.names.get((DECISION, code), "")

    def process(self, code: str) -> str:
        return self.names.get((PROCESS, code), "")

    def step(self, element_id: str) -> str:
        return self._steps.get(element_id, "")

    @cached_property
    def _steps(self) -> Mapping[str, str]:
        return {element.element_id: element.name for element in self.elements}


@dataclass(frozen=True)
class View:
    """`pdf` is where the same is made for paper, empty where it is not."""

    title: str
    lead: str
    back: tuple[tuple[str, str], ...]
    sheets: tuple[Sheet, ...]
    pdf: str = ""


@blueprint.get("/definitions/<key>/<int:version>/words")
@needs(*READERS)
def definition(key: str, version: int) -> str:
    found = engine().read.definition(key, version)
    if not found.elements:
        raise NotFound("file_unknown", f"{key} has no diagram.", file=f"{key}.bpmn")
    marks = {element_id: _counted(count) for element_id, count in found.counts.items() if count.live or count.passed}
    names = {(each.kind, each.name): called(each) for each in engine().read.named_things()}
    sheet = _sheet(found.definition_id, key, version, found.name, marks, names)
    here = (url_for("definitions.definition", key=key, version=version), found.name)
    lead = t("definitions.version_lead", version=version, key=key)
    back = ((t("definitions.title"), url_for("definitions.definitions")), here[::-1])
    view = View(found.name, lead, back, (sheet,), url_for("printing.definition", key=key, version=version))
    return render_template("admin/words.html", page=view)


@blueprint.get("/diagrams/instances/<instance_id>/words")
@signed_in
def instance(instance_id: str) -> str:
    """Every diagram that the instance has entered. Not found for whoever may not see it."""
    diagrams = standing(instance_id)
    names = {(PROCESS, found.process_key): found.name for found in diagrams}
    sheets = tuple(
        _sheet(found.definition_id, found.process_key, found.version, found.name, _standing(found), names)
        for found in diagrams
    )
    return render_template("admin/words.html", page=View(sheets[0].name, instance_id, (), sheets))


def _sheet(
    definition_id: str,
    key: str,
    version: int,
    name: str,
    marks: Mapping[str, Mark],
    names: Mapping[tuple[str, str], str],
) -> Sheet:
    bpmn = engine().read.definition_file(definition_id, f"{key}.bpmn")
    outlines = read_outline(bpmn)
    picture = Markup(draw(read_picture(bpmn), t("definitions.diagram_label", name=name)))
    elements = tuple(step.element for outline in outlines for step in steps_of(outline))
    forms = FolderForms.read(_form_files(definition_id, elements))
    return Sheet(key, version, name, outlines, picture, marks, forms, names, elements)


def _form_files(definition_id: str, elements: tuple[Element, ...]) -> Iterator[tuple[str, bytes]]:
    for form_key in dict.fromkeys(each.form_key for each in elements if each.form_key):
        with suppress(NotFound):  # the check of a deployment names a form that is missing
            yield f"{form_key}.form", engine().read.definition_file(definition_id, f"{form_key}.form")


def _counted(count: ElementCount) -> Mark:
    said = [t("outline.live", n=count.live)] if count.live else []
    said += [t("definitions.late_n", n=count.late)] if count.late else []
    said += [t("outline.passed", n=count.passed)] if count.passed else []
    return Mark("red" if count.late else "green" if count.live else "", " · ".join(said))


def _standing(found: Diagram) -> dict[str, Mark]:
    marks = {element_id: Mark("", t("outline.was_here")) for element_id in found.passed}
    for token in found.tokens:
        marks[token.element_id] = Mark("red" if token.state == "late" else "green", t("outline.here"))
    return marks
