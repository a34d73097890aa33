"""read_submission: what is typed becomes checked variables, and every fault is said at once."""

from typing import Any

import pytest
from forms_fixtures import COMPONENTS, GOOD_FILES, GOOD_VALUES, context, form_bytes, photo, sample_form
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import RAISE, ValidationError

from engine.errors import Invalid
from forms.form import load_form
from forms.schema import Submission, read_submission, schema_for
from forms.upload import Upload

FORM = sample_form()


def problems_of(values: dict[str, list[str]], files: Any = None, **changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        read_submission(FORM, values, GOOD_FILES if files is None else files, context(**changes))
    assert all(problem.en and problem.zh for problem in caught.value.problems)
    return {problem.where: problem.zh for problem in caught.value.problems}


def test_a_form_filled_in_rightly_becomes_variables_and_evidence() -> None:
    submission = read_submission(FORM, GOOD_VALUES, GOOD_FILES, context())

    assert submission.variables == {
        "name": "城郊金鑫五金厂（演示）",
        "kinds": ["san", "wu"],
        "disposition": "rectify",
        "measures": "安装集气罩\n更换滤芯",
        "area_mu": 3.5,
        "is_illegal": True,
        "found_on": "2024-06-12",
        "checked_at": "2024-06-13T09:30:00+08:00",
        "officer": "p1",
        "second": "p3",
        "helper": "u2",
        "level": None,
        "plate": "A12345",
    }
    kept = [(one.field, one.proves, one.filename, one.media_type, one.note) for one in submission.evidence]
    assert kept == [
        ("photos", "现场", "a.jpg", "image/jpeg", "大门口"),
        ("photos", "现场", "b.jpg", "image/jpeg", "大门口"),
    ]


def test_an_empty_form_is_told_everything_that_is_missing_in_the_order_of_the_page() -> None:
    said = problems_of({}, {})

    assert list(said) == ["name", "disposition", "found_on", "photos"]
    assert said["name"] == "请填写“名称”。"
    assert said["disposition"] == "请选择“处置方式”。"
    assert said["photos"] == "请上传“现场照片”，至少 2 个文件，现在有 0 个。"


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("name", "   ", "请填写“名称”。"),
        ("name", "甲" * 201, "“名称”最多 200 个字，现在有 201 个，请精简。"),
        ("name", "甲\x00乙", "“名称”含有不可见字符（U+0000），请删除后重填。"),
        ("name", "甲\u202e乙", "“名称”含有不可见字符（U+202E），请删除后重填。"),
        ("name", "甲\ud800", "“名称”含有不可见字符（U+D800），请删除后重填。"),
        ("measures", "一", "“整治措施”至少 2 个字，现在有 1 个，请补充。"),
        ("measures", "一" * 21, "“整治措施”最多 20 个字，现在有 21 个，请精简。"),
        ("measures", "", "请填写“整治措施”。"),
        ("area_mu", "三亩", "“占地”应为数字，例如 12 或 3.5。"),
        ("area_mu", "nan", "“占地”应为数字，例如 12 或 3.5。"),
        ("area_mu", "1e5", "“占地”应为数字，例如 12 或 3.5。"),
        ("area_mu", "1.234", "“占地”最多 2 位小数。"),
        ("area_mu", "-0.01", "“占地”不能小于 0。"),
        ("area_mu", "1000.01", "“占地”不能大于 1000。"),
        ("is_illegal", "maybe", "“违法”只能勾选或不勾选。"),
        ("disposition", "burn", "“处置方式”没有“burn”这个选项，请重新选择。"),
        ("kinds", "other", "“类别”没有“other”这个选项，请重新选择。"),
        ("found_on", "2024-06-14", "“发现日期”：日期不能晚于今天。"),
        ("found_on", "2024-02-30", "“发现日期”应为日期，例如 2024-06-13。"),
        ("found_on", "昨天", "“发现日期”应为日期，例如 2024-06-13。"),
        ("found_on", "0001-01-01", "“发现日期”应为日期，例如 2024-06-13。"),
        ("checked_at", "2024-06-13T12:01", "“核查时间”不能晚于现在。"),
        ("checked_at", "2024-06-11T12:00", "“核查时间”：日期不能早于 2024-06-12。"),
        ("checked_at", "2024-06-12", "“核查时间”应为日期和时间，例如 2024-06-13 09:30。"),
        ("officer", "p3", "“经办人”没有“p3”这个选项，请重新选择。"),
        ("second", "p1", "“第二人”不能与“经办人”相同，请另选。"),
        ("helper", "u9", "“配合单位”没有“u9”这个选项，请重新选择。"),
        ("level", "middle", "“程度”没有“middle”这个选项，请重新选择。"),
        ("plate", "12345", "“车牌”的格式不对：如 A12345，请检查。"),
        ("state", "DONE", "表单里没有这一项，请刷新页面后重试。"),
        ("photos", "x", "表单里没有这一项，请刷新页面后重试。"),
        ("checks.gas.state", "done", "表单里没有这一项，请刷新页面后重试。"),
    ],
)
def test_each_wrong_answer_has_its_sentence(key: str, typed: str, said: str) -> None:
    assert problems_of({**GOOD_VALUES, key: [typed]}) == {key: said}


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("area_mu", "１２．５", 12.5),
        ("area_mu", "1,000", 1000),
        ("area_mu", "0", 0),
        ("found_on", "2024-06-13", "2024-06-13"),
        ("found_on", "2024/06/12", "2024-06-12"),
        ("checked_at", "2024-06-13T12:00", "2024-06-13T12:00:00+08:00"),
        ("checked_at", "2024-06-13 09:30", "2024-06-13T09:30:00+08:00"),
        ("checked_at", "2024-06-13T01:30Z", "2024-06-13T09:30:00+08:00"),
        ("name", "𬭎鑫\ufeff厂", "𬭎鑫厂"),
        ("name", "e\u0301toile", "étoile"),
        ("name", "甲" * 200, "甲" * 200),
    ],
)
def test_what_clerks_really_type_is_understood(key: str, typed: str, kept: Any) -> None:
    assert read_submission(FORM, {**GOOD_VALUES, key: [typed]}, GOOD_FILES, context()).variables[key] == kept


def test_today_is_counted_in_beijing() -> None:
    late = context().now.replace(hour=16, minute=1)  # 00:01 of the 14th

    submission = read_submission(
        FORM, {**GOOD_VALUES, "found_on": ["2024-06-14"], "checked_at": []}, GOOD_FILES, context(now=late)
    )

    assert submission.variables["found_on"] == "2024-06-14"


def test_a_field_sent_twice_with_different_words_is_refused() -> None:
    assert "name" in problems_of({**GOOD_VALUES, "name": ["甲", "乙"]})


def test_hidden_answers_are_not_asked_for_and_not_kept() -> None:
    values = {**GOOD_VALUES, "checks.water.state": ["done"], "checks.water.on": ["never"]}

    submission = read_submission(FORM, values, GOOD_FILES, context())

    assert "checks" not in submission.variables


def test_a_hidden_answer_counts_as_not_given_for_other_conditions() -> None:
    form = load_form(
        form_bytes(
            [
                {"type": "checkbox", "key": "a", "label": "a"},
                {"type": "textfield", "key": "b", "label": "b", "conditional": {"hide": "=not a"}},
                {
                    "type": "textfield",
                    "key": "c",
                    "label": "c",
                    "conditional": {"hide": '=b != "x"'},
                    "validate": {"required": True},
                },
            ]
        ),
        "chain.form",
    )

    assert read_submission(form, {"b": ["x"]}, {}, context()) == Submission({"a": False})


def test_a_group_hides_all_that_it_holds() -> None:
    inner = {"type": "textfield", "key": "b", "label": "b", "validate": {"required": True}}
    group = {"type": "group", "label": "g", "components": [inner], "conditional": {"hide": "=total < 3"}}
    form = load_form(form_bytes([group]), "group.form")

    assert read_submission(form, {}, {}, context(variables={"total": 2})).variables == {}
    with pytest.raises(Invalid):
        read_submission(form, {}, {}, context(variables={"total": 3}))


def test_a_condition_that_cannot_be_worked_out_hides_nothing() -> None:
    field = {"type": "textfield", "key": "b", "label": "b", "conditional": {"hide": "=nowhere < 3"}}
    form = load_form(form_bytes([field]), "broken.form")

    assert read_submission(form, {"b": ["x"]}, {}, context()).variables == {"b": "x"}


def test_a_readonly_field_takes_no_answer() -> None:
    form = load_form(
        form_bytes([{"type": "textfield", "key": "due_text", "label": "时限", "readonly": True}]), "r.form"
    )

    assert read_submission(form, {"due_text": ["forged"]}, {}, context()).variables == {}


# -- check rows -------------------------------------------------------------------------------------------------------
CLOSE = {**GOOD_VALUES, "disposition": ["close"], "measures": []}


def closing(**parts: str) -> dict[str, list[str]]:
    return {**CLOSE, **{f"checks.{name.replace('__', '.')}": [value] for name, value in parts.items()}}


WATER = {"water__state": "done", "water__on": "2024-06-12", "water__by": "p1"}
NO_POWER = {"power__state": "na", "power__reason": "未接电"}
WATER_FILES = {**GOOD_FILES, "checks.water.files": [photo("water.jpg")]}


def test_rows_are_done_with_date_officer_and_evidence_or_do_not_apply() -> None:
    values = closing(**WATER, **NO_POWER, water__note="阀门已封")

    submission = read_submission(FORM, values, WATER_FILES, context())

    assert submission.variables["checks"] == {
        "water": {"state": "done", "on": "2024-06-12", "by": "p1"},
        "power": {"state": "na", "reason": "未接电"},
    }
    water = next(one for one in submission.evidence if one.field == "checks.water")
    assert (water.proves, water.note) == ("checks.water", "阀门已封")


@pytest.mark.parametrize(
    ("parts", "files", "said"),
    [
        ({**NO_POWER}, GOOD_FILES, {"checks.water.state": "请选择“断水”已完成还是不适用。"}),
        ({**WATER, **NO_POWER}, GOOD_FILES, {"checks.water.files": "请上传“断水”的佐证（照片或文件）。"}),
        (
            {"water__state": "done", **NO_POWER},
            WATER_FILES,
            {"checks.water.on": "请填写“断水：完成日期”。", "checks.water.by": "请选择“断水：经办人”。"},
        ),
        ({**WATER, "power__state": "na"}, WATER_FILES, {"checks.power.reason": "请填写“断电：不适用的理由”。"}),
        ({**WATER, "power__state": "burnt"}, WATER_FILES, {"checks.power.state": "“断电”只能选已完成或不适用。"}),
        (
            {**WATER, **NO_POWER, "water__on": "2024-06-14"},
            WATER_FILES,
            {"checks.water.on": "“断水：完成日期”：日期不能晚于今天。"},
        ),
        (
            {**WATER, **NO_POWER, "water__by": "p3"},
            WATER_FILES,
            {"checks.water.by": "“断水：经办人”没有“p3”这个选项，请重新选择。"},
        ),
    ],
)
def test_a_row_that_is_not_complete_is_named_with_its_part(
    parts: dict[str, str], files: Any, said: dict[str, str]
) -> None:
    assert problems_of(closing(**parts), files) == said


def test_evidence_that_the_task_already_has_counts() -> None:
    held = {"checks.water": 1, "photos": 2}

    submission = read_submission(FORM, closing(**WATER, **NO_POWER), {}, context(existing_evidence=held))

    assert submission.evidence == ()


# -- files ------------------------------------------------------------------------------------------------------------
def test_the_same_picture_twice_is_one_picture() -> None:
    said = problems_of(GOOD_VALUES, {"photos": [photo("a.jpg"), photo("copy.jpg")]})

    assert said == {"photos": "请上传“现场照片”，至少 2 个文件，现在有 1 个。"}


def test_too_many_files_are_refused() -> None:
    colours = ["red", "blue", "green", "white"]

    said = problems_of(GOOD_VALUES, {"photos": [photo(f"{colour}.jpg", colour) for colour in colours]})

    assert said == {"photos": "“现场照片”最多 3 个文件，现在有 4 个。"}


def test_files_for_a_field_that_does_not_exist_are_refused() -> None:
    assert problems_of(GOOD_VALUES, {**GOOD_FILES, "shell": [Upload("x.php", b"<?php")]}) == {
        "shell": "表单里没有这个文件项，请刷新页面后重试。"
    }


# -- programs ---------------------------------------------------------------------------------------------------------
def test_the_schema_takes_json_and_refuses_what_the_form_does_not_ask_for() -> None:
    schema = schema_for(FORM, context(), frozenset({"checks"}))()
    body = {
        "name": "甲",
        "disposition": "rectify",
        "measures": "整改",
        "found_on": "2024-06-01",
        "area_mu": 12,
        "is_illegal": True,
    }

    assert schema.unknown == RAISE
    assert schema.load(body)["area_mu"] == 12
    with pytest.raises(ValidationError) as caught:
        schema.load({**body, "state": "STRUCK_OFF", "owner": "me"})
    assert set(caught.value.messages) == {"state", "owner"}  # type: ignore[arg-type]


# -- whatever is sent -------------------------------------------------------------------------------------------------
KEYS = [component.key for component in FORM.answered()]
ROW_NAMES = [
    f"checks.{row}.{part}" for row in ("water", "power", "gas") for part in ("state", "on", "by", "reason", "files")
]
names = st.one_of(st.sampled_from([*KEYS, *ROW_NAMES, "photos.note", "_x", "csrf_token"]), st.text(max_size=20))
words = st.one_of(
    st.text(alphabet=st.characters(), max_size=30),
    st.sampled_from(
        ["done", "na", "close", "rectify", "2024-06-12", "2024-06-12T10:00", "p1", "u1", "on", "-1", "٣", "9" * 400]
    ),
)
uploads = st.builds(
    Upload,
    st.one_of(st.text(max_size=12), st.sampled_from(["a.jpg", "b.pdf", "c.docx", "d.svg"])),
    st.binary(max_size=40),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    values=st.dictionaries(names, st.lists(words, max_size=3), max_size=12),
    files=st.dictionaries(names, st.lists(uploads, max_size=2), max_size=3),
)
def test_whatever_is_sent_there_is_an_answer_and_never_a_traceback(values: dict[str, list[str]], files: Any) -> None:
    try:
        submission = read_submission(FORM, values, files, context())
    except Invalid as error:
        assert error.problems
        assert all(problem.zh and problem.en and problem.where.isprintable() for problem in error.problems)
    else:
        assert set(submission.variables) <= set(KEYS)


@settings(max_examples=100, deadline=None)
@given(changes=st.dictionaries(st.sampled_from(KEYS), st.lists(words, max_size=2), max_size=3))
def test_a_good_form_with_some_answers_changed_keeps_its_types(changes: dict[str, list[str]]) -> None:
    try:
        submission = read_submission(FORM, {**GOOD_VALUES, **changes}, GOOD_FILES, context())
    except Invalid:
        return
    assert isinstance(submission.variables["name"], str)
    assert submission.variables["area_mu"] is None or 0 <= submission.variables["area_mu"] <= 1000
    assert set(submission.variables["kinds"]) <= {"san", "luan", "wu"}


def test_every_kind_of_component_is_in_the_sample() -> None:
    from forms.component import TYPES

    listed = {component["type"] for component in COMPONENTS} | {"checklist", "radio"}
    assert listed == set(TYPES)
