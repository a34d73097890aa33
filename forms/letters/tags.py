"""The logical structure of a letter's PDF: headings, paragraphs, tables and pictures, in the order of reading.

Knows what is marked on which page, not what it looks like (ISO 32000-1 14.7 and 14.8).
"""

from dataclasses import dataclass, field
from typing import Final

import pydyf

from forms.letters.flow import Place, Text
from forms.letters.objects import Written

_ROLES: Final = {"p": "P", "h1": "H1", "h2": "H2", "h3": "H3"}


@dataclass
class _Element:
    role: str
    parent: "_Element | None"
    attributes: str = ""
    kids: "list[_Element | tuple[int, int]]" = field(default_factory=list)  # or page number and mark on it
    number: int = 0  # of the PDF object


class Tags:
    """Gathers the marks of one document as its pages are written."""

    def __init__(self) -> None:
        self._root = _Element("Document", None)
        self._found: dict[tuple[object, ...], _Element] = {}
        self._marks: list[list[_Element]] = []  # for every page, the element of each mark
        self._first_page: dict[tuple[int, int], int] = {}

    def begin_page(self) -> None:
        self._marks.append([])

    def is_repeated(self, text: Text) -> bool:
        """Whether the heading row of a table was read out on an earlier page already."""
        if text.place is None or not text.place.is_heading:
            return False
        return self._first_page.setdefault((text.block, text.place.row), len(self._marks)) != len(self._marks)

    def mark(self, text: Text) -> tuple[str, int]:
        """The role and the number of the mark under which the text is to be written on this page."""
        element = self._cell(text.block, text.place) if text.place else self._paragraph(text)
        return element.role, self._new_mark(element)

    def note_empty(self, block: int, place: Place) -> None:
        """A cell without text keeps its column."""
        self._cell(block, place)

    def mark_picture(self, label: str, box: tuple[float, float, float, float]) -> int:
        """The number of the mark for a picture; `box` in points from the lower left corner of the page."""
        edges = " ".join(f"{edge:.2f}" for edge in box)
        alternative = pydyf.String(label).data.decode()
        attributes = f"/Alt {alternative} /A << /O /Layout /Placement /Block /BBox [{edges}] >>"
        element = _Element("Figure", self._root, attributes)
        self._root.kids.append(element)
        return self._new_mark(element)

    def write(self, pdf: pydyf.PDF, pages: list[pydyf.Dictionary]) -> bytes:
        """Adds the tree and hangs the pages into it; answers with the reference of its root."""
        tree = pydyf.Dictionary({"Type": "/StructTreeRoot"})
        pdf.add_object(tree)
        self._add(pdf, self._root, pages, tree.number)
        numbers = []
        for at, marks in enumerate(self._marks):
            pages[at]["StructParents"] = at
            numbers.append(f"{at} [{' '.join(f'{element.number} 0 R' for element in marks)}]")
        tree["K"] = f"{self._root.number} 0 R"
        tree["ParentTree"] = f"<< /Nums [{' '.join(numbers)}] >>"
        tree["ParentTreeNextKey"] = len(self._marks)
        return bytes(tree.reference)

    def _new_mark(self, element: _Element) -> int:
        marks = self._marks[-1]
        element.kids.append((len(self._marks) - 1, len(marks)))
        marks.append(element)
        return len(marks) - 1

    def _paragraph(self, text: Text) -> _Element:
        return self._child(("text", text.block, text.tag), _ROLES[text.tag], self._root)

    def _cell(self, block: int, place: Place) -> _Element:
        table = self._child(("table", block), "Table", self._root)
        row = self._child(("row", block, place.row), "TR", table)
        attributes = "/A << /O /Table"
        attributes += " /Scope /Column" if place.is_heading else ""
        attributes += f" /ColSpan {place.columns}" if place.columns > 1 else ""
        role = "TH" if place.is_heading else "TD"
        return self._child(
            ("cell", block, place.row, place.column), role, row, attributes + " >>" if len(attributes) > 15 else ""
        )

    def _child(self, key: tuple[object, ...], role: str, parent: _Element, attributes: str = "") -> _Element:
        if key not in self._found:
            self._found[key] = _Element(role, parent, attributes)
            parent.kids.append(self._found[key])
        return self._found[key]

    def _add(self, pdf: pydyf.PDF, top: _Element, pages: list[pydyf.Dictionary], tree: int) -> None:
        """Numbers all elements first, so that parents and children may name each other."""
        elements = [top]
        for element in elements:
            elements += [kid for kid in element.kids if isinstance(kid, _Element)]
        objects = []
        for element in elements:
            raw = Written()
            pdf.add_object(raw)
            element.number = raw.number
            objects.append(raw)
        for element, raw in zip(elements, objects, strict=True):
            parent = element.parent.number if element.parent else tree
            raw.content = _written(element, parent, pages)


def _written(element: _Element, parent: int, pages: list[pydyf.Dictionary]) -> bytes:
    own_page = next((kid[0] for kid in element.kids if isinstance(kid, tuple)), None)
    kids = []
    for kid in element.kids:
        if isinstance(kid, _Element):
            kids.append(f"{kid.number} 0 R")
        elif kid[0] == own_page:
            kids.append(str(kid[1]))
        else:
            kids.append(f"<< /Type /MCR /Pg {pages[kid[0]].number} 0 R /MCID {kid[1]} >>")
    page = f" /Pg {pages[own_page].number} 0 R" if own_page is not None else ""
    inner = f" /K [{' '.join(kids)}]" if kids else ""
    return f"<< /Type /StructElem /S /{element.role} /P {parent} 0 R{page}{inner} {element.attributes} >>".encode()
