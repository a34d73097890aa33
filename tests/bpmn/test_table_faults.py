"""Every fault of a table at its cell, and values put straight to its columns."""

import pytest
from diagrams import table

from engine.bpmn.decision import DecisionError, read_decision
from engine.bpmn.table_faults import table_problems


def faults(content: bytes) -> list[tuple[str, str]]:
    return [(problem.where, problem.severity) for problem in table_problems(content, "lights.dmn")]


def test_each_cell_and_column_that_cannot_be_read_is_named_by_its_id() -> None:
    rows = [["> x", "-", '"red"'], ["-", "1..2", "red"], ["> 1", "-", '"green"']]
    several = table("lights", ["days", "due +"], ["light"], rows)

    assert faults(several) == [
        ("lights.dmn:in1", "error"),
        ("lights.dmn:r1i0", "error"),
        ("lights.dmn:r2i1", "error"),
        ("lights.dmn:r2o2", "error"),
    ]
    assert "第 2 行" in table_problems(several, "lights.dmn")[2].zh


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (table("t", ["x"], ["y"], [["-", "1"]]), []),
        (table("t", ["x"], ["y"], [["-", "1"]], "COLLECT"), ["lights.dmn:t"]),
        (table("t", ["x"], ["y", "y"], [["-", "1", "2"]]), ["lights.dmn:out0", "lights.dmn:out1"]),
        (table("t", ["x"], ["a b"], [["-", "1"]]), ["lights.dmn:out0"]),
        (b"", ["lights.dmn"]),
        (b"<definitions/>", ["lights.dmn:dmn"]),
        (b'<!DOCTYPE x [<!ENTITY e "f">]><definitions>&e;</definitions>', ["lights.dmn"]),
        (b"\x00\xff" * 50, ["lights.dmn"]),
    ],
)
def test_what_is_wrong_with_a_whole_file(content: bytes, where: list[str]) -> None:
    assert [place for place, _ in faults(content)] == where


def test_a_table_answers_for_values_of_its_columns() -> None:
    found = read_decision(table("t", ['"san" in default("kinds", "")', "days"], ["y"], [["true", "> 3", '"a"']]))

    assert found.answer([True, 4]).rule_id == "rule1"
    with pytest.raises(DecisionError):
        found.answer([True, 3])
