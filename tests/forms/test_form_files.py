"""load_form and check_form: a designer is told which component is wrong and what to do; no bytes raise."""

import json
from pathlib import Path
from typing import Any

import pytest
from forms_fixtures import form_bytes, sample_form
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Invalid
from forms import pattern
from forms.component import TYPES
from forms.form import check_form, load_form
from forms.words import Words

FIELD = {"type": "textfield", "key": "a", "label": "甲", "labelEn": "A"}
FORMS = sorted((Path(__file__).parents[2] / "processes").glob("*/*.form"))


def said(components: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one.where, one.severity, one.zh) for one in check_form(form_bytes(components), "f.form")]


def test_a_good_form_has_no_problems_and_knows_its_keys() -> None:
    form = sample_form()

    assert form.title == Words("样表", "Sample")
    assert form.keys().isdisjoint({"photos"})
    assert {"name", "disposition", "checks"} <= form.keys()


@pytest.mark.parametrize("path", FORMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_form_of_the_office_can_be_used(path: Path) -> None:
    assert check_form(path.read_bytes(), path.name) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "JSON"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[]", "JSON 对象"),
        (b"{}", "components"),
        (b'{"components": []}', "components"),
        (b'{"type": "cmmn", "id": "a", "components": [1]}', '"default"'),
        (b"[" * 100_000, "嵌套太深"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON"),
        (b" " * 1_000_001, "1000 KB"),
    ],
)
def test_a_file_that_is_no_form_is_refused_in_words(content: bytes, words: str) -> None:
    problems = check_form(content, "f.form")

    assert any(words in problem.zh for problem in problems)
    with pytest.raises(Invalid):
        load_form(content, "f.form")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "button"}, "按钮由页面提供"),
        ({"type": "iframe"}, "不支持的组件类型“iframe”"),
        ({"type": ["textfield"]}, "不支持的组件类型"),
        ({"key": "1a"}, "key 应以字母开头"),
        ({"key": "_meta"}, "key 应以字母开头"),
        ({"key": "a.b"}, "key 应以字母开头"),
        ({"key": "csrf_token"}, "key 应以字母开头"),
        ({"label": None}, "缺少 label"),
        ({"label": 5}, "label 应为文字"),
        ({"validate": []}, "validate 应为对象"),
        ({"validate": {"requird": True}}, "不认识的校验“requird”"),
        ({"validate": {"required": "yes"}}, "validate.required"),
        ({"validate": {"maxLength": "10"}}, "maxLength 应为"),
        ({"validate": {"minLength": 9, "maxLength": 3}}, "minLength 大于 maxLength"),
        ({"validate": {"pattern": "("}}, "正则表达式写错了"),
        ({"validate": {"pattern": "(a+)+b"}}, "可能运行很久"),
        ({"validate": {"differsFrom": "b"}}, "不存在的组件“b”"),
        ({"conditional": {"hide": "a == 1"}}, "以“=”开头"),
        ({"conditional": {"hide": "=import os"}}, "隐藏条件"),
        ({"conditional": {"hide": "=().__class__"}}, "隐藏条件"),
        ({"conditional": {"hide": '=after("3wd") == 1'}}, "不能用函数 after"),
        ({"conditional": {"hide": "=a == 1"}}, "引用了自己"),
        ({"type": "select"}, "缺少 values"),
        ({"type": "select", "values": [{"label": "x", "value": 3}]}, "value 应为非空文字"),
        ({"type": "select", "values": [{"value": "x"}, {"value": "x"}]}, "选项“x”重复"),
        ({"type": "checkrows"}, "缺少 rows"),
        ({"type": "checkrows", "rows": [{"key": "a.b"}]}, "每一行的 key"),
        ({"type": "datetime", "subtype": "time"}, "subtype"),
        ({"type": "datetime", "validate": {"max": "tomorrow"}}, "max 应为"),
        ({"type": "datetime", "validate": {"minDate": "2024-13-01"}}, "minDate 应为"),
        ({"type": "number", "validate": {"min": 5, "max": 1}}, "min 大于 max"),
        ({"type": "number", "decimalDigits": 12}, "decimalDigits"),
        ({"type": "evidence", "validate": {"minFiles": 3, "maxFiles": 2}}, "minFiles"),
        ({"type": "group", "components": None}, "分组缺少"),
    ],
)
def test_each_mistake_names_the_component(change: dict[str, Any], words: str) -> None:
    component = {name: value for name, value in {**FIELD, **change}.items() if value is not None}

    problems = said([component])

    assert any(
        words in zh and where.startswith("f.form:") and severity == "error" for where, severity, zh in problems
    ), problems


def test_a_key_used_twice_is_refused() -> None:
    assert said([FIELD, FIELD]) == [("f.form:a", "error", "key“a”用了两次，请改名。")]


def test_what_is_only_odd_is_a_warning() -> None:
    odd = {"type": "textfield", "key": "a", "label": "甲", "colour": "red"}

    assert [severity for _, severity, _ in said([odd])] == ["warning", "warning"]
    assert load_form(form_bytes([odd]), "f.form").keys() == {"a"}


def test_groups_may_not_be_nested_without_end() -> None:
    component: dict[str, Any] = FIELD
    for _ in range(6):
        component = {"type": "group", "label": "g", "labelEn": "g", "components": [component]}

    assert any("最多套" in zh for _, _, zh in said([component]))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
attributes = st.sampled_from(
    [
        "key",
        "label",
        "validate",
        "values",
        "rows",
        "components",
        "conditional",
        "subtype",
        "unit",
        "decimalDigits",
        "readonly",
    ]
)
wild = st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional={}).flatmap(
    lambda base: st.dictionaries(attributes, json_values, max_size=5).map(lambda more: {**more, **base})
)


@settings(max_examples=200, deadline=None)
@given(components=st.lists(wild, min_size=1, max_size=3))
def test_no_json_raises(components: list[dict[str, Any]]) -> None:
    content = json.dumps({"id": "x", "components": components}).encode()

    for problem in check_form(content, "f.form"):
        assert problem.zh and problem.en and problem.where.startswith("f.form")


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    assert check_form(content, "f.form")


# -- patterns ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "written",
    [
        r"[A-Z]{2}\d{4}",
        r"1\d{10}|0\d{2,3}-\d{7,8}",
        r"^[^@\s]+@[^@\s]+\.[a-z]+$",
        r"(\d{4}-)?\d{8}",
        r"[\u4e00-\u9fff]{2,10}",
    ],
)
def test_useful_patterns_are_allowed(written: str) -> None:
    assert pattern.fault_in(written) is None


@pytest.mark.parametrize(
    "written",
    [
        r"(a+)+$",
        r"(a|a)*b|(ab|ab)*c",
        r"(.*)*",
        r"(a?){50}a{50}",
        r"a*a*a*a*a*b",
        "a?" * 30 + "a" * 30,
        r"(a)\1",
        r"(?=a)b",
        "[",
        "x" * 201,
    ],
)
def test_patterns_that_may_run_for_ever_are_refused(written: str) -> None:
    assert pattern.fault_in(written) is not None
