"""Decision tables as things with properties, for comparing: the table, its columns, and its rows cell by cell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

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
        replace(each, properties={**each.properties, "position": str(each.number)}) if each.thing_id in moved else each
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
    titles = {}
    ids = unique(node.get("id") or f"{decision_id}.{local(node)}" for node in columns)
    for number, (node, column_id) in enumerate(zip(columns, ids, strict=True), 1):
        said = _column(node)
        titles[column_id] = said["label"] or said["name"] or said["expression"] or column_id
        yield Thing(local(node), column_id, titles[column_id], _said(said), number)
    rules = [node for node in table if local(node) == "rule"]
    rule_ids = unique(node.get("id") or f"{decision_id}.rule" for node in rules)
    for number, (node, rule_id) in enumerate(zip(rules, rule_ids, strict=True), 1):
        yield _rule(node, rule_id, number, titles)


def _rule(node: etree._Element, rule_id: str, number: int, titles: Mapping[str, str]) -> Thing:
    """`titles`: of each column by its id. Cells beyond the last column are for the check to speak of."""
    remark = text_of(_child(node, "description"))
    cells = [text_of(_child(cell, "text")) for cell in node if local(cell) in ("inputEntry", "outputEntry")]
    written = {column: cell for column, cell in zip(titles, cells, strict=False) if cell not in _NOTHING}
    more = "\n".join([*cells[len(titles) :], *(text_of(each) for each in node if local(each) == "annotationEntry")])
    properties = {**written, **_said({"description": remark, "contents": more})}
    return Thing("rule", rule_id, remark, properties, number, titles)


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
