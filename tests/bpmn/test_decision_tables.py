"""Decision tables: what a cell may say, which row speaks, and how a fault is named."""

from typing import Any

import pytest
from diagrams import table

from engine.bpmn.decision import DecisionError, read_decision, read_decisions
from engine.bpmn.document import DocumentRefused


def decide(cell: str, value: Any) -> bool:
    rows = [[cell, "true"], ["-", "false"]]
    return bool(read_decision(table("t", ["x"], ["hit"], rows)).decide({"x": value}).outputs["hit"])


@pytest.mark.parametrize(
    ("cell", "hits", "misses"),
    [
        ("-", [1, None, "x", [], True], []),
        ("", [1, None], []),
        ('"close"', ["close", ["rectify", "close"]], ["clos", None, 1, ["rectify"]]),
        ('"甲","乙"', ["甲", "乙"], ["丙"]),
        ('"a,b"', ["a,b"], ["a", "b"]),
        ('not("x","y")', ["z", None], ["x", "y"]),
        (">= 5", [5, 5.1, 6], [4.999, None]),
        ("> 5", [5.1], [5, None]),
        ("<= 5", [5, -1], [5.1]),
        ("< -2.5", [-3], [-2.5]),
        ("= 3", [3], [4]),
        ("3", [3, 3.0], [True, "3", None]),
        ("[1..3]", [1, 2, 3], [0.9, 3.1, None]),
        ("]1..3]", [1.1, 3], [1]),
        ("[1..3[", [1, 2.9], [3]),
        ("(1..3)", [2], [1, 3]),
        ("[1..2], > 9", [1, 10], [5]),
        ("true", [True], [False, 1, "true", None]),
        ("false", [False], [True, 0, None]),
        ("null", [None], [0, ""]),
    ],
)
def test_what_an_input_cell_matches(cell: str, hits: list[Any], misses: list[Any]) -> None:
    assert [decide(cell, value) for value in hits] == [True] * len(hits)
    assert [decide(cell, value) for value in misses] == [False] * len(misses)


@pytest.mark.parametrize("cell", ["> x", "5..6", "[3..1]", '"open', "a", "[1..]", "1 + 1", "not 5", ">= 5 and < 9"])
def test_a_cell_that_cannot_be_read_is_named_by_row_and_column(cell: str) -> None:
    with pytest.raises(DecisionError) as failed:
        read_decision(table("lights", ["days"], ["light"], [["-", '"red"'], [cell, '"green"']]))

    assert failed.value.where == "lights:row2:days"
    assert "第 2 行" in failed.value.zh


@pytest.mark.parametrize("cell", ["", "-", "red", '"a" + "b"', "after(1)", '"a","b"'])
def test_an_output_cell_is_a_literal(cell: str) -> None:
    with pytest.raises(DecisionError) as failed:
        read_decision(table("lights", ["days"], ["light"], [["-", cell]]))

    assert failed.value.where == "lights:row1:light"


def test_outputs_have_their_types() -> None:
    rows = [["-", '"红"', "3", "1.5", "true", "null"]]
    result = read_decision(table("t", ["x"], ["a", "b", "c", "d", "e"], rows)).decide({"x": 1})

    assert repr(result.outputs) == repr({"a": "红", "b": 3, "c": 1.5, "d": True, "e": None})
    assert (result.rule_id, result.decision_id) == ("rule1", "t")


def test_first_takes_the_first_row_and_unique_allows_only_one() -> None:
    rows = [["> 0", '"a"'], ["> 5", '"b"']]

    assert read_decision(table("t", ["x"], ["y"], rows, "FIRST")).decide({"x": 9}).rule_id == "rule1"
    unique = read_decision(table("t", ["x"], ["y"], rows, "UNIQUE"))
    assert unique.decide({"x": 3}).outputs == {"y": "a"}
    with pytest.raises(DecisionError) as failed:
        unique.decide({"x": 9})
    assert "1, 2" in failed.value.en


def test_no_row_and_a_value_of_the_wrong_kind_are_explained() -> None:
    decision = read_decision(table("t", ["x"], ["y"], [["> 5", '"b"']]))

    with pytest.raises(DecisionError, match="No row"):
        decision.decide({"x": 1})
    with pytest.raises(DecisionError) as failed:
        decision.decide({"x": "many"})
    assert failed.value.where == "t:rule1"
    with pytest.raises(DecisionError, match="x"):
        decision.decide({})


def test_inputs_are_expressions_over_the_variables() -> None:
    decision = read_decision(
        table("t", ["len(kinds)", "site.area"], ["y"], [["> 1", '"南"', '"b"'], ["-", "-", '"c"']])
    )

    assert decision.decide({"kinds": [1, 2], "site": {"area": "南"}}).outputs == {"y": "b"}


@pytest.mark.parametrize(
    "content",
    [
        table("t", ["x"], ["y"], [["-", "1"]], "COLLECT"),
        table("t", [], ["y"], [["1"]]),
        table("t", ["x"], [], [["-"]]),
        table("t", ["x"], ["y", "y"], [["-", "1", "2"]]),
        table("t", ["x"], ["no name"], [["-", "1"]]),
        table("t", ["x"], ["y"], []),
        table("t", ["x"], ["y"], [["-"]]),
        table("t", ["x(("], ["y"], [["-", "1"]]),
        table("", ["x"], ["y"], [["-", "1"]]),
        table("t", ["x"], ["y"], [["-", "1"]]).replace(b"decisionTable", b"literalExpression"),
        b"<definitions/>",
        b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>',
    ],
)
def test_a_file_that_is_no_such_table_is_refused(content: bytes) -> None:
    with pytest.raises(DecisionError) as failed:
        read_decisions(content)
    assert failed.value.zh and failed.value.en


def test_a_doctype_is_refused_here_too() -> None:
    content = table("t", ["x"], ["y"], [["-", "1"]]).replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e "1">]>', 1)

    with pytest.raises(DocumentRefused):
        read_decisions(content)


# -- texts that speak of the columns -----------------------------------------------------------------------------------
def texts(*outputs: str) -> dict[str, Any]:
    names = ["words", "words_en", "moment"][: len(outputs)]
    decision = read_decision(table("t", ["due", "town"], names, [["-", "-", *outputs]]))
    return decision.decide({"due": "2024-09-30T18:00:00+08:00", "town": "城郊（演示）"}).outputs


def test_a_text_names_the_value_of_a_column_and_writes_instants_out() -> None:
    assert texts('"{town}：最迟{due}"', '"until {due}"') == {
        "words": "城郊（演示）：最迟2024年9月30日（周一）18:00",
        "words_en": "until Mon 2024-09-30 18:00",
    }


def test_a_text_that_is_nothing_but_a_column_gives_its_value() -> None:
    assert texts('"{town}"', "null", '"{due}"') == {
        "words": "城郊（演示）",
        "words_en": None,
        "moment": "2024-09-30T18:00:00+08:00",
    }


def test_a_text_that_names_no_column_is_refused() -> None:
    with pytest.raises(DecisionError) as failed:
        texts('"最迟{dew}"')

    assert failed.value.where == "t:rule1"
    assert "{dew}" in failed.value.zh and "{dew}" in failed.value.en
