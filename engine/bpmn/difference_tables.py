"""Decision tables as things with properties, for comparing: the table, its columns, and its rows cell by cell."""

from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from engine.bpmn.difference_values import Thing, order_changed, unique
from engine.bpmn.document import local, text_of

_NOTHING = ("", "-")  # a cell that asks for nothing


def table_things(before: etree._Element, after: etree._Element) -> tuple[list[Thing], list[Thing]]:
    """Of both sides. A row whose place among the others changed says so, since the first row that fits may decide."""
    old, new = list(_decisions(before)), list(_decisions(after))
    things = [thing for _, thing in old], [thing for _, thing in new]
    moved: set[str] = set()
    for table in dict.fromkeys(table for table, _ in new):
        moved |= order_changed(_ids(old, table), _ids(new, table))
    return _with_places(things[0], moved), _with_places(things[1], moved)


def _ids(things: Iterable[tuple[str, Thing]], table: str) -> list[str]:
    return [thing.thing_id for owner, thing in things if owner == table and thing.kind in ("rule", "input", "output")]


def _with_places(things: Sequence[Thing], moved: set[str]) -> list[Thing]:
    return [
        Thing(
            each.kind,
            each.thing_id,
            each.title,
            {**each.properties, "position": str(each.number)} if each.thing_id in moved else each.properties,
            each.number,
        )
        for each in things
    ]


def _decisions(root: etree._Element) -> Iterator[tuple[str, Thing]]:
    """(id of the table, thing): each decision, then its columns and rows."""
    nodes = [node for node in root if local(node) and local(node) != "DMNDI"]
    for node, decision_id in zip(nodes, unique(node.get("id") or local(node) for node in nodes), strict=True):
        table = _child(node, "decisionTable")
        properties = {
            "name": node.get("name", ""),
            "description": text_of(_child(node, "description")),
            "hitPolicy": "" if table is None else table.get("hitPolicy", "UNIQUE"),
            "contents": text_of(node) if table is None else "",
        }
        yield decision_id, Thing(local(node), decision_id, node.get("name", ""), _said(properties))
        if table is not None:
            yield from ((decision_id, thing) for thing in _table(table, decision_id))


def _table(table: etree._Element, decision_id: str) -> Iterator[Thing]:
    columns = [node for node in table if local(node) in ("input", "output")]
    ids = unique(node.get("id") or f"{decision_id}.{local(node)}" for node in columns)
    headings = []
    for number, (node, column_id) in enumerate(zip(columns, ids, strict=True), 1):
        title = node.get("label") or node.get("name") or text_of(_child(node, "inputExpression")) or column_id
        headings.append(title)
        yield Thing(local(node), column_id, title, _said(_column(node)), number)
    rules = [node for node in table if local(node) == "rule"]
    titles = unique(headings)
    for number, (node, rule_id) in enumerate(
        zip(rules, unique(node.get("id") or f"{decision_id}.rule" for node in rules), strict=True), 1
    ):
        said = text_of(_child(node, "description"))
        cells = [text_of(_child(cell, "text")) for cell in node if local(cell) in ("inputEntry", "outputEntry")]
        notes = [text_of(each) for each in node if local(each) == "annotationEntry"]
        written = {
            title: cell for title, cell in zip(titles, cells, strict=False) if cell not in _NOTHING
        }  # what has more cells than columns is for the check to say
        more = "\n".join([*cells[len(titles) :], *notes])
        yield Thing("rule", rule_id, said, {**written, **_said({"description": said, "contents": more})}, number)


def _column(node: etree._Element) -> dict[str, str]:
    expression = _child(node, "inputExpression")
    listed = _child(node, "inputValues" if local(node) == "input" else "outputValues")
    kind = node.get("typeRef", "") if expression is None else expression.get("typeRef", "")
    return {
        "label": node.get("label", ""),
        "name": node.get("name", ""),
        "expression": text_of(expression),
        "typeRef": kind,
        "values": text_of(listed),
    }


def _said(properties: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in properties.items() if value}


def _child(node: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in node if local(child) == name), None)
