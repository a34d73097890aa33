"""fields and summary: what a page draws before and after a failed submission, and what a dossier shows."""

import json

import pytest
from forms_fixtures import GOOD_FILES, GOOD_VALUES, context, form_bytes, sample_form

from engine.errors import Invalid
from forms.condition import browser_rule
from forms.fields import FieldView, OptionView, RowView, fields, summary
from forms.form import load_form
from forms.schema import read_submission

FORM = sample_form()


def drawn(views: list[FieldView]) -> dict[str, FieldView]:
    found: dict[str, FieldView] = {}
    for view in views:
        found |= {view.key: view} if view.key else {}
        found |= drawn(list(view.children))
    return found


def test_at_first_sight_fields_hold_the_variables_of_the_instance() -> None:
    held = {
        "lead": "u1",
        "name": "金鑫",
        "kinds": ["wu"],
        "is_illegal": True,
        "area_mu": 3.5,
        "checked_at": "2024-06-13T01:30:00+00:00",
        "officer": "p2",
        "disposition": "close",
        "checks": {"water": {"state": "done", "on": "2024-06-12", "by": "p1"}},
    }

    views = drawn(fields(FORM, None, (), context(variables=held, existing_evidence={"photos": 2, "checks.water": 1})))

    assert views["name"].value == "金鑫"
    assert [option.value for option in views["kinds"].options if option.is_selected] == ["wu"]
    assert views["is_illegal"].is_checked
    assert (views["area_mu"].value, views["area_mu"].step, views["area_mu"].suffix) == ("3.5", "0.01", "亩")
    assert (views["checked_at"].kind, views["checked_at"].value) == ("datetime", "2024-06-13T09:30")
    assert views["officer"].options == (OptionView("p1", "演示甲", False), OptionView("p2", "演示乙", True))
    assert (views["photos"].existing, views["photos"].min_files) == (2, 2)
    assert views["checks"].rows[0] == RowView("checks.water", "断水", "done", "2024-06-12", "p1", "", "", 1, {})


def test_limits_that_move_with_the_day_are_today() -> None:
    views = drawn(fields(FORM, None, (), context()))

    assert views["found_on"].high == "2024-06-13"
    assert views["checked_at"].high == "2024-06-13T23:59"
    assert (views["checked_at"].low, views["area_mu"].high) == ("", "1000")


def test_after_a_failed_submission_the_users_words_are_still_there() -> None:
    values = {**GOOD_VALUES, "name": ["  <b>  "], "found_on": ["2025-01-01"], "level": ["middle"], "is_illegal": []}
    values |= {"checks.water.reason": ["半句"], "checks.water.state": ["na"], "disposition": ["close"]}
    with pytest.raises(Invalid) as caught:
        read_submission(FORM, values, GOOD_FILES, context())

    views = drawn(fields(FORM, values, caught.value.problems, context(), "en"))

    assert views["name"].value == "  <b>  "
    assert views["found_on"].value == "2025-01-01"
    assert views["found_on"].error == "“Found on”: the date cannot be after today."
    assert views["level"].error.startswith("“Level” does not offer")
    assert not views["is_illegal"].is_checked
    assert views["photos"].note == "大门口"
    assert views["checks"].rows[0].reason == "半句"
    assert set(views["checks"].rows[1].errors) == {"state"}


def test_a_field_that_depends_on_another_is_drawn_and_carries_its_rule() -> None:
    views = drawn(fields(FORM, None, (), context()))

    measures = views["measures"]
    assert (measures.is_visible, measures.is_drawn, measures.depends) == (False, True, ("disposition",))
    assert json.loads(measures.hide_rule) == ["!=", ["field", "disposition"], ["value", "rectify"]]

    chosen = drawn(fields(FORM, {"disposition": ["rectify"]}, (), context()))
    assert chosen["measures"].is_visible


def test_a_field_hidden_by_the_instance_alone_is_not_drawn() -> None:
    component = {"type": "textfield", "key": "b", "label": "b", "conditional": {"hide": "=is_illegal"}}
    form = load_form(form_bytes([component]), "f.form")

    assert not fields(form, None, (), context(variables={"is_illegal": True}))[0].is_drawn
    assert fields(form, None, (), context(variables={"is_illegal": False}))[0].is_drawn


def test_information_speaks_of_variables_and_of_nothing_else() -> None:
    information = {"type": "text", "id": "note", "label": "{{note}}：{{missing}}{{ due }}", "labelEn": "{{note_en}}"}
    question = {"type": "textfield", "key": "b", "label": "{{note}}", "labelEn": "b"}
    form = load_form(form_bytes([information, question]), "f.form")
    held = context(variables={"note": "最迟<b>", "note_en": "until", "due": "2024-09-26T10:00:00+00:00"})

    assert [view.label for view in fields(form, None, (), held)] == ["最迟<b>：2024-09-26T18:00", "{{note}}"]
    assert fields(form, None, (), held, "en")[0].label == "until"


def test_labels_come_in_the_language_of_the_page() -> None:
    assert [view.label for view in fields(FORM, None, (), context(), "en")][:3] == ["Be honest", "Name", "Findings"]
    assert [view.label for view in fields(FORM, None, (), context())][:3] == ["请如实填写", "名称", "判定"]


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("a", ["field", "a"]),
        ("not a", ["not", ["field", "a"]]),
        ('a in ["x", "y"]', ["in", ["field", "a"], ["value", ["x", "y"]]]),
        (
            '"x" not in a and held > 2',
            ["and", ["not in", ["value", "x"], ["field", "a"]], [">", ["value", 3], ["value", 2]]],
        ),
        ('default("a", "x") == "x"', ["==", ["default", ["field", "a"], ["value", "x"]], ["value", "x"]]),
        ('default("gone", 1) == 1', ["==", ["default", ["value", None], ["value", 1]], ["value", 1]]),
        ("a == true", ["==", ["field", "a"], ["value", True]]),
        ("gone == 1", None),
        ("len(a) > 1", None),
        ("a.b == 1", None),
    ],
)
def test_the_browser_gets_a_condition_it_can_follow_or_none(expression: str, rule: object) -> None:
    assert browser_rule(expression, frozenset({"a"}), {"held": 3}) == rule


def test_a_dossier_shows_what_was_answered_in_both_languages() -> None:
    held = {
        "name": "金鑫",
        "kinds": ["san", "wu"],
        "disposition": "close",
        "area_mu": 3.5,
        "is_illegal": False,
        "found_on": "2024-06-12",
        "checked_at": "2024-06-13T09:30:00+08:00",
        "officer": "p1",
        "helper": "u2",
        "level": None,
        "checks": {
            "water": {"state": "done", "on": "2024-06-12", "by": "p1"},
            "power": {"state": "na", "reason": "未接电"},
        },
        "other": "not of this form",
    }

    assert summary(FORM, held, "zh", context()) == [
        ("名称", "金鑫"),
        ("类别", "散、污"),
        ("处置方式", "关停取缔"),
        ("占地", "3.5 亩"),
        ("违法", "否"),
        ("发现日期", "2024年6月12日"),
        ("核查时间", "2024年6月13日 09:30"),
        ("经办人", "演示甲"),
        ("配合单位", "城郊镇"),
        ("程度", "—"),
        ("断水", "已完成（2024年6月12日，演示甲）"),
        ("断电", "不适用：未接电"),
    ]
    english = dict(summary(FORM, held, "en", context()))
    assert (english["Kinds"], english["Water cut"]) == ("Scattered, Polluting", "Done 2024-06-12, 演示甲")


@pytest.mark.parametrize(
    "value", [None, "", "x", 3, 2.5, True, [], ["x"], {}, {"water": 3}, {"water": {"state": "done"}}]
)
def test_no_variable_breaks_a_page_or_a_dossier(value: object) -> None:
    held = dict.fromkeys(FORM.keys(), value)

    assert summary(FORM, held)
    assert fields(FORM, None, (), context(variables=held))
