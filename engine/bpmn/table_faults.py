"""Every fault of a DMN file at its cell, for people who edit tables. `decision` stops at the first one it meets."""

from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from engine.bpmn import expressions
from engine.bpmn.decision import DecisionError, literal, read_decisions, unary_test
from engine.bpmn.document import DocumentRefused, local, read_document, text_of
from engine.errors import Problem

_TESTS = '-、"文字"、"甲","乙"、>= 5、[1..3]、not("文字")'
_VALUES = '"文字"、数字、true、false、null'


def table_problems(content: bytes, file: str) -> list[Problem]:
    """What forbids running the tables of a file; empty when they run. `where` is `file:id` of the cell, row or column.

    Never raises, whatever the bytes are.
    """
    try:
        read_decisions(content)
        return []
    except DocumentRefused as refused:
        return [Problem(file, refused.zh, refused.en)]
    except DecisionError as error:
        first = Problem(f"{file}:{error.where.partition(':')[0]}", error.zh, error.en)
    return [*_faults(read_document(content), file)] or [first]


def _faults(root: etree._Element, file: str) -> Iterator[Problem]:
    """Faults of single cells and headings. What concerns a table as a whole is left to `decision`."""
    for decision in (node for node in root if local(node) == "decision"):
        name = decision.get("name") or decision.get("id", "")
        for table in (node for node in decision if local(node) == "decisionTable"):
            yield from _of_table(table, f"“{name}”", f'"{name}"', file)


def _of_table(table: etree._Element, zh: str, en: str, file: str) -> Iterator[Problem]:
    inputs, outputs = _named(table, "input"), _named(table, "output")
    for column in inputs:
        asked = next((node for node in column if local(node) == "inputExpression"), None)
        if fault := expressions.check_expression(text_of(asked)):
            title = column.get("label") or text_of(asked)
            yield Problem(
                f"{file}:{column.get('id', '')}",
                f"决策表{zh}的输入列“{title}”：{fault.zh}",
                f'Table {en}, input column "{title}": {fault.en}',
            )
    names = [column.get("name", "").strip() for column in outputs]
    for column, name in zip(outputs, names, strict=True):
        if not name.isidentifier() or name.startswith("_") or names.count(name) > 1:
            title = name or column.get("label") or "?"
            yield Problem(
                f"{file}:{column.get('id', '')}",
                f"决策表{zh}的输出列“{title}”要有自己的变量名（字母、数字、下划线，不能重复）。",
                f'Table {en}: the output column "{title}" needs a variable name of its own (letters, digits, _).',
            )
    for number, rule in enumerate(_named(table, "rule"), start=1):
        place = (f"{zh}第 {number} 行", f"{en}, row {number}")
        yield from _of_cells(_named(rule, "inputEntry"), inputs, unary_test, place, _TESTS, file)
        yield from _of_cells(_named(rule, "outputEntry"), outputs, literal, place, _VALUES, file)


def _of_cells(
    cells: list[etree._Element],
    columns: list[etree._Element],
    read: Callable[[str], Any],
    place: tuple[str, str],
    wanted: str,
    file: str,
) -> Iterator[Problem]:
    for cell, column in zip(cells, columns, strict=False):
        written = text_of(cell)
        try:
            read(written)
        except ValueError:
            title = column.get("label") or column.get("name") or column.get("id", "")
            shown = written[:60] or "（空）"
            yield Problem(
                f"{file}:{cell.get('id', '')}",
                f"决策表{place[0]}“{title}”列写的是 {shown}，读不懂。可以写：{wanted}。",
                f'Table {place[1]}, column "{title}": {written[:60] or "an empty cell"} cannot be read. '
                'Write "text", numbers, true or false; on the left also -, >= 5, [1..3], not("text").',
            )


def _named(node: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in node if local(child) == name]
