"""Two states of a process folder: one edit of a shipped file is exactly that change, and nothing else is said."""

import json
import re
from pathlib import Path

import pytest

from engine.bpmn.difference import file_difference, folder_difference
from engine.bpmn.difference_values import Change, FileDifference, order_changed
from engine.bpmn.references import Reference, references_of

PROCESSES = Path(__file__).parents[2] / "processes"
DIAGRAM = (PROCESSES / "cleanup" / "cleanup.bpmn").read_text("utf-8")
TABLE = (PROCESSES / "improvement" / "closure_by_law.dmn").read_text("utf-8")
FORM = json.loads((PROCESSES / "cleanup" / "close_checks.form").read_bytes())
LETTER = (PROCESSES / "letters" / "urge.html.j2").read_text("utf-8")
ROW = TABLE[TABLE.index("<rule ") : TABLE.index("</rule>") + len("</rule>")]
STEP = '<bpmn:endEvent id="closing_done"'
Said = tuple[str, str, str, dict[str, tuple[str, str]]]


def said(change: Change) -> Said:
    values = {value.property: (value.before, value.after) for value in change.values}
    return change.how, change.thing, change.thing_id, values


def edited(name: str, before: str, after: str) -> list[Said]:
    found = file_difference(name, before.encode(), after.encode())
    assert found.moved == 0
    return [said(change) for change in found.changes]


def replaced(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'latest(phase_end("cleanup"), after("10wd"))',
            'after("5wd")',
            {"duban:dueDate": ('latest(phase_end("cleanup"), after("10wd"))', 'after("5wd")')},
        ),
        ('duban:formKey="close_checks"', 'duban:formKey="other"', {"duban:formKey": ("close_checks", "other")}),
        (
            'duban:candidateGroups="officer@lead"',
            'duban:candidateGroups="officer@area"',
            {"duban:candidateGroups": ("officer@lead", "officer@area")},
        ),
        ('name="落实两断三清"', 'name="断水断电"', {"name": ("落实两断三清", "断水断电")}),
        (
            '<bpmn:userTask id="close_checks"',
            '<bpmn:userTask xmlns:c="http://camunda.org/schema/1.0/bpmn" c:priority="5" id="close_checks"',
            {"camunda:priority": ("", "5")},
        ),
    ],
)
def test_one_edit_of_a_task_is_that_property_alone(old: str, new: str, expected: dict[str, tuple[str, str]]) -> None:
    found = edited("cleanup.bpmn", DIAGRAM, replaced(DIAGRAM, old, new))

    assert found == [("changed", "userTask", "close_checks", expected)]


def test_timers_inputs_conditions_and_targets_are_told_by_their_element() -> None:
    changed = replaced(DIAGRAM, 'before(due, "3wd")', 'before(due, "2wd")')
    changed = replaced(changed, '<duban:input name="reply" expression="\'10wd\'" />', "")
    changed = replaced(changed, 'disposition == "close"', 'disposition == "improve"')
    changed = replaced(changed, 'targetRef="close_checks_reminded"', 'targetRef="close_checks_supervised"')

    assert edited("cleanup.bpmn", DIAGRAM, changed) == [
        ("changed", "serviceTask", "send_notice", {"input.reply": ("'10wd'", "")}),
        (
            "changed",
            "boundaryEvent",
            "close_checks_reminder",
            {"timeDate": ('before(due, "3wd")', 'before(due, "2wd")')},
        ),
        (
            "changed",
            "sequenceFlow",
            "to_close_checks_reminded",
            {"targetRef": ("close_checks_reminded", "close_checks_supervised")},
        ),
        (
            "changed",
            "sequenceFlow",
            "to_close_checks",
            {"conditionExpression": ('disposition == "close"', 'disposition == "improve"')},
        ),
    ]


def test_a_new_step_is_told_whole_and_the_same_taken_out_again() -> None:
    step = '<bpmn:userTask id="look" name="现场核查" duban:formKey="site_check" duban:dueDate=\'after("5wd")\' />\n    '
    longer = replaced(DIAGRAM, STEP, step + STEP)
    whole = {"type": "userTask", "name": "现场核查", "duban:formKey": "site_check", "duban:dueDate": 'after("5wd")'}

    added, removed = edited("x.bpmn", DIAGRAM, longer), edited("x.bpmn", longer, DIAGRAM)

    assert added == [("added", "userTask", "look", {name: ("", value) for name, value in whole.items()})]
    assert removed == [("removed", "userTask", "look", {name: (value, "") for name, value in whole.items()})]


def test_the_order_in_which_a_gateway_asks_is_a_change_and_a_place_on_the_drawing_is_none() -> None:
    first, second = (f'<bpmn:sequenceFlow id="to_{name}" ' for name in ("close_checks", "rectification_plan"))
    asked = rf"({first}.*?</bpmn:sequenceFlow>)(\s*)({second}[^\n]*)"
    turned = re.sub(asked, r"\3\2\1", DIAGRAM, count=1, flags=re.DOTALL)

    [gateway] = edited("x.bpmn", DIAGRAM, turned)
    assert gateway[:3] == ("changed", "exclusiveGateway", "which_list") and list(gateway[3]) == ["branches"]

    moved = file_difference("x.bpmn", DIAGRAM.encode(), replaced(DIAGRAM, '<dc:Bounds x="', '<dc:Bounds x="1').encode())
    assert (moved.changes, moved.moved, moved.is_rewritten) == ((), 1, False)
    written = file_difference("x.bpmn", DIAGRAM.encode(), DIAGRAM.replace("    <", "  <").encode())
    assert (written.changes, written.moved, written.is_rewritten) == ((), 0, True)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            replaced(TABLE, 'hitPolicy="FIRST"', 'hitPolicy="UNIQUE"'),
            ("changed", "decision", "closure_by_law", {"hitPolicy": ("FIRST", "UNIQUE")}),
        ),
        (
            replaced(TABLE, '<text>"close"</text>', '<text>"improve"</text>'),
            ("changed", "rule", "closure_by_law_rule_1", {"closure_by_law_output_1": ('"close"', '"improve"')}),
        ),
        (
            replaced(TABLE, 'label="乱"', 'label="违规"'),
            ("changed", "input", "closure_by_law_input_2", {"label": ("乱", "违规")}),
        ),
        (
            replaced(TABLE, ROW, "").replace("</decisionTable>", f"{ROW}</decisionTable>"),
            ("changed", "rule", "closure_by_law_rule_1", {"position": ("1", "3")}),
        ),
    ],
)
def test_one_edit_of_a_table_is_that_cell_row_or_column(after: str, expected: Said) -> None:
    assert edited("closure_by_law.dmn", TABLE, after) == [expected]


def test_a_row_taken_out_is_told_with_its_cells_under_the_headings_of_their_columns() -> None:
    [gone] = file_difference("x.dmn", TABLE.encode(), replaced(TABLE, ROW, "").encode()).changes

    assert (gone.how, gone.thing, gone.title, gone.number) == ("removed", "rule", "超标、超总量排放", 1)
    assert [(value.label[0], value.before) for value in gone.values][:2] == [("污", "true"), ("处置方式", '"close"')]


def test_fields_of_forms_differ_by_label_option_duty_place_and_group() -> None:
    form = json.loads(json.dumps(FORM))
    checks = form["components"][0]
    checks["label"], checks["validate"]["required"] = "五项", False
    checks["rows"].pop()
    legal = next(part for part in form["components"] if part["type"] == "group")
    legal["components"].append({"type": "textfield", "key": "new_one", "label": "新字段"})

    found = edited("x.form", json.dumps(FORM), json.dumps(form))

    assert found == [
        (
            "changed",
            "field",
            "closing_checks",
            {
                "label": ("两断三清", "五项"),
                "rows": ("清除设备 · equipment · Equipment cleared · 清除设备现场", ""),
                "validate.required": ("true", "false"),
            },
        ),
        (
            "added",
            "field",
            "new_one",
            {"type": ("", "textfield"), "label": ("", "新字段"), "key": ("", "new_one"), "group": ("", legal["label"])},
        ),
    ]  # fmt: skip


def test_texts_and_what_cannot_be_read_differ_by_line() -> None:
    letter = replaced(LETTER, "请抓紧办理", "请立即办理")
    line = next(number for number, each in enumerate(letter.splitlines(), 1) if "请立即办理" in each)

    [place] = file_difference("urge.html.j2", LETTER.encode(), letter.encode()).changes
    [damaged] = file_difference("x.bpmn", b"<a>\n<b/>\n</a>", b"<a>\n</a>\n<!DOCTYPE").changes[:1]
    [binary] = file_difference("x.toml", b"\xff\xfe", b"\xff").changes
    both = folder_difference({"a.toml": b"a", "b.toml": b"b"}, {"b.toml": b"b", "c.toml": b"c"})

    assert (place.how, place.thing, place.number) == ("changed", "lines", line)
    assert damaged.thing == "lines" and binary.values[0].after == "1 B"
    assert both == (FileDifference("a.toml", "removed"), FileDifference("c.toml", "added"))
    assert [each.thing for each in file_difference("x.form", b"[1]", b'{"components": 3}').changes] == ["lines"]
    assert file_difference("x.form", b'{"components": 3}', b'{"components": [1, {"components": {}}]}').changes != ()
    assert file_difference("x.dmn", b"<a/>", b"<a><rule/></a>").changes[0].how == "added"
    assert order_changed("abcd", "dabc") == {"d"} and order_changed("ab", "ba") != frozenset()


def test_the_same_line_again_and_again_is_compared_too() -> None:
    old = "\n".join(["x"] * 1_900)

    found = file_difference("x.toml", old.encode(), "\n".join(["x", "y"] * 950).encode()).changes
    [more] = file_difference("x.toml", f"{old}\n".encode(), f"{old}\ny".encode()).changes
    [longer] = file_difference("x.toml", "\n".join(map(str, range(2_000))).encode(), b"x").changes

    assert found and (more.how, more.number) == ("added", 1_901) and longer.thing == "lines"


def test_three_thousand_steps_are_compared() -> None:
    def diagram(label: str) -> bytes:
        steps = "".join(f'<userTask id="t{n}" name="{label}{n}"/>' for n in range(3_000))
        model = "http://www.omg.org/spec/BPMN/20100524/MODEL"
        return f'<definitions xmlns="{model}"><process id="p">{steps}</process></definitions>'.encode()

    assert len(file_difference("x.bpmn", diagram("a"), diagram("b")).changes) == 3_000


def test_a_folder_names_forms_tables_letters_processes_and_groups_where_they_stand() -> None:
    table = (PROCESSES / "ladders" / "escalation_ladder.dmn").read_bytes()
    found = references_of({"cleanup.bpmn": DIAGRAM.encode(), "ladder.dmn": table, "damaged.bpmn": b"<"})

    assert Reference("form", "close_checks", "cleanup.bpmn", "close_checks", "落实两断三清", "uses") in found
    assert Reference("letter", "notice", "cleanup.bpmn", "send_notice", "下达督办通知", "sends") in found
    assert Reference("process", "supervision", "cleanup.bpmn", "close_checks_supervise", "启动督办", "starts") in found
    assert Reference("group", "officer@lead", "cleanup.bpmn", "close_checks_remind", "提醒承办人", "reminds") in found
    assert {each.name for each in found if each.file == "ladder.dmn"} >= {"urge", "notice", "summons", "circular"}
