"""The check on a corpus: silent on right models, of each wrong one exactly what is wrong with it, other tools' files
explained setting by setting, hostile ones answered; and the table of rules in the docs says what the code does."""

import re
from collections import Counter
from pathlib import Path

import pytest
from corpus_models import RIGHT, WRONG
from corpus_parts import circle, merged, merged_at_end, optional_visit, round_by_default
from diagrams import HEAD, Diagram, large
from test_deploy_check import KNOWN
from walker import Twins

from engine.bpmn.check import check
from engine.bpmn.check_rules import RULES
from engine.bpmn.check_structure import MAX_FLOWS
from engine.bpmn.findings import MOST_OF_A_RULE
from engine.bpmn.script import ExecutionFailed
from engine.errors import Problem

FOREIGN = Path(__file__).parent / "corpus" / "foreign"
DIALECT = Path(__file__).parents[2] / "docs" / "process-dialect.md"
# rules that a small model cannot show, or that other files' tests do
ELSEWHERE = {
    "one-diagram", "document-readable", "bpmn-schema", "check-finished", "too-large", "process-key",
    "process-executable", "no-inclusive-gateway", "no-complex-gateway", "ad-hoc-sub-process", "link-event",
    "id-present", "id-wellformed", "flow-ends", "wrong-way-flow", "event-based-gateway",
    "message-exists", "message-sent", "correlation-names", "milestone-exists", "deadline-needs-milestone",
    "form-exists", "candidate-group-exists", "returnable-asks-outcome", "separation-elsewhere",
    "job-kind-known", "letter-kind-exists", "decision-exists", "refusal-columns", "call-circle", "foreign-setting",
    "foreign-decoration", "decision-readable", "decision-id-unique", "campaign-table", "form-readable", "form-keys",
    "form-usable", "form-hint", "letter-template", "walk-readable", "walk-expects", "walk-answers",
}  # fmt: skip


def said(problem: Problem) -> str:
    return " ".join(filter(None, (problem.rule, problem.element_id)))


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_model_is_not_cried_at(name: str) -> None:
    assert check(RIGHT[name](), KNOWN) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_told_exactly_what_is_wrong(name: str) -> None:
    files, expected = WRONG[name][0](), WRONG[name][1]

    found = check(files, KNOWN)

    assert [said(problem) for problem in found] == expected
    assert all(problem.severity == RULES[problem.rule].severity for problem in found)
    assert all(problem.zh.endswith("。") and problem.en.endswith((".", "?")) for problem in found), found


def test_what_the_check_says_of_merges_and_circles_is_what_the_engine_does() -> None:
    walk = Twins(merged().model())
    walk.complete("one")
    walk.complete("two")

    assert walk.live == ["three", "three"]
    quiet = Twins(merged_at_end().model())
    quiet.complete("one")
    assert quiet.complete("two").ended
    for endless in (circle("intermediateThrowEvent", milestone="disposed").model(), round_by_default().model()):
        with pytest.raises(ExecutionFailed, match="goes round in automatic elements"):
            Twins(endless, note=1)


@pytest.mark.parametrize("wanted", ["visit", "none"])
def test_a_circle_that_conditions_keep_from_being_walked_is_a_warning_and_runs(wanted: str) -> None:
    assert {problem.severity for problem in check(optional_visit().files(), KNOWN)} == {"warning"}
    walk = Twins(optional_visit().model())

    walk.complete("report", note=wanted)
    if wanted == "visit":
        walk.complete("visit", outcome="returned")
        assert walk.live == ["visit"]
        walk.complete("visit", outcome="submitted")

    assert walk.live == []


def test_the_corpus_shows_every_rule_that_other_tests_do_not() -> None:
    shown = {line.split()[0] for _, expected in WRONG.values() for line in expected}

    assert shown | ELSEWHERE == set(RULES)
    assert shown & ELSEWHERE == set()


# -- other tools -------------------------------------------------------------------------------------------------------
SETTINGS = {
    "leave_request": {
        "leave_request": ["camunda:historyTimeToLive"],
        "StartEvent_1": ["camunda:formKey", "camunda:initiator"],
        "Activity_approve": [
            "camunda:formKey", "camunda:assignee", "camunda:candidateGroups", "camunda:dueDate", "camunda:taskListener"
        ],
        "Activity_book": [
            "camunda:class", "camunda:asyncBefore", "camunda:failedJobRetryTimeCycle", "camunda:inputOutput"
        ],
        "Activity_mail": ["camunda:type", "camunda:topic"],
        "Activity_sum": ["camunda:resultVariable"],
    },
    "invoice_c8": {
        "invoice_c8": ["zeebe:versionTag"],
        "Activity_read": ["zeebe:taskDefinition", "zeebe:ioMapping"],
        "Activity_check": [
            "zeebe:userTask", "zeebe:formDefinition", "zeebe:assignmentDefinition", "zeebe:taskSchedule"
        ],
        "Activity_more": ["zeebe:calledElement"],
        "Message_paid": ["zeebe:subscription"],
    },
    "vacationRequest": {
        "vacationRequest": ["flowable:candidateStarterGroups"],
        "request": ["flowable:initiator", "flowable:formFieldValidation", "flowable:formProperty"],
        "sid-3FB3F1D6-6E2C-4C0A-9E3B-8B8F43F2B0A1": [
            "flowable:candidateUsers", "flowable:formKey", "flowable:skipExpression"
        ],
        "sid-mail": ["flowable:type", "flowable:field"],
    },
    "purchase": {},
}  # fmt: skip
REFUSED = {
    "leave_request": [
        "engine-subset Activity_sum", "expression-readable Flow_0a3", "form-exists Activity_approve",
        "candidate-group-exists Activity_approve", "timer-has-date Event_late", "job-kind-known Activity_book",
        "job-kind-known Activity_mail",
    ],
    "invoice_c8": [
        "expression-readable Flow_4", "job-kind-known Activity_read", "form-exists Activity_check",
        "candidate-group-exists Activity_check", "called-process-exists Activity_more", "message-sent Event_paid",
    ],
    "vacationRequest": [
        "no-inclusive-gateway sid-any", "expression-readable sid-yes",
        "form-exists sid-3FB3F1D6-6E2C-4C0A-9E3B-8B8F43F2B0A1",
        "candidate-group-exists sid-3FB3F1D6-6E2C-4C0A-9E3B-8B8F43F2B0A1", "timer-has-date sid-late",
        "job-kind-known sid-mail",
    ],
    "purchase": [
        "engine-subset sid-f2e5f6e0-9a7f-4a4e-8c34-0a60f2a5b4f0",
        "process-key sid-c0f1a3be-7a0b-4b25-9d1e-8f4f67a1d2aa",
        "process-executable sid-c0f1a3be-7a0b-4b25-9d1e-8f4f67a1d2aa",
        "engine-subset sid-9f8f9d1e-6a3c-4f2e-8d36-52fe7f3b2f10",
        "engine-subset sid-2C1D1A7A-8F0C-4C55-8E7C-60F1C58B16F5",
    ],
}  # fmt: skip
DECORATED = {"leave_request": 1, "invoice_c8": 1, "vacationRequest": 1, "purchase": 1}


@pytest.mark.parametrize("key", SETTINGS)
def test_a_diagram_of_another_tool_is_explained_element_by_element(key: str) -> None:
    found = check({f"{key}.bpmn": (FOREIGN / f"{key}.bpmn").read_bytes()}, KNOWN)

    settings: dict[str, list[str]] = {}
    for problem in found:
        if problem.rule == "foreign-setting":
            settings.setdefault(problem.element_id, []).append(problem.property)
            assert problem.todo_zh and problem.todo_en, problem
    assert settings == SETTINGS[key]
    assert [said(problem) for problem in found if problem.severity == "error"] == REFUSED[key]
    assert Counter(problem.rule for problem in found)["foreign-decoration"] == DECORATED[key]


@pytest.mark.parametrize(
    ("old", "new", "todo"),
    [
        ("${approved == true}", "#{ approved == true }", "去掉 ${ }，只写里面的判断：approved == true"),
        ("${approved == true}", "=approved = true", "去掉开头的等号，相等写 ==：approved = true"),
        ("${approved == true}", "approved ===", ""),
        ("PT48H", "PT48H", 'after("48h")'),
        ("PT48H", '"P2W"', 'after("14d")'),
        ("PT48H", "P1DT12H", 'after("36h")'),
        ("PT48H", "PT30M", 'after("1h")'),
        ("PT48H", "R3/PT10M", "画成循环"),
        ("PT48H", "soon", ""),
    ],
)
def test_expressions_and_durations_of_other_engines_are_translated(old: str, new: str, todo: str) -> None:
    content = (FOREIGN / "leave_request.bpmn").read_text(encoding="utf-8").replace(old, new)

    found = {problem.element_id: problem for problem in check({"leave_request.bpmn": content.encode()}, KNOWN)}

    place = found["Event_late" if old == "PT48H" else "Flow_0a3"]
    assert todo in place.todo_zh and bool(todo) == bool(place.todo_zh) == bool(place.todo_en)


# -- hostile and large -------------------------------------------------------------------------------------------------
def test_two_hundred_elements_are_right() -> None:
    assert check(large(200).files(), KNOWN) == []


def test_three_thousand_elements_are_refused() -> None:
    assert [said(problem) for problem in check(large(3000).files(), KNOWN)] == ["too-large demo"]


def test_more_flows_than_anybody_follows_are_refused() -> None:
    diagram = large(100).files()["demo.bpmn"]
    flow = re.findall(rb"<bpmn:sequenceFlow id=[^>]*></bpmn:sequenceFlow>", diagram)[1]
    more = b"".join(flow.replace(b'id="', b'id="more%d_' % number) for number in range(MAX_FLOWS))

    found = check({"demo.bpmn": diagram.replace(flow, flow + more)}, KNOWN)

    assert [problem.en[:18] for problem in found if problem.rule == "too-large"] == ["The diagram has 70"]


def test_a_heap_is_as_many_findings_as_elements_and_not_more_than_anybody_reads() -> None:
    heap = re.sub(rb'Bounds x="\d+" y="\d+"', b'Bounds x="0" y="0"', large(900).files()["demo.bpmn"])

    found = [problem for problem in check({"demo.bpmn": heap}, KNOWN) if problem.rule == "no-overlapping-elements"]

    assert len(found) == MOST_OF_A_RULE + 1
    assert found[-1].en.endswith("more findings of this rule are not listed.")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (HEAD + "<bpmn:process id='demo' name='x'>" + "<bpmn:subProcess id='a'>" * 300, "document-readable"),
        (HEAD + "<a>" * 100 + "</a>" * 100 + "</bpmn:definitions>", "one-process"),
        (HEAD + "<!--" + "x" * 5_000_000 + "--></bpmn:definitions>", "document-readable"),
        (HEAD.replace("<bpmn:def", "<!DOCTYPE a [<!ENTITY b 'c'>]><bpmn:def") + "&b;</bpmn:definitions>",
         "document-readable"),
    ],
)  # fmt: skip
def test_a_hostile_file_gets_a_sentence(content: str, rule: str) -> None:
    found = check({"demo.bpmn": content.encode()}, KNOWN)

    assert rule in {problem.rule for problem in found}
    assert not {problem.rule for problem in found} & {"check-finished"}


def test_a_subprocess_in_a_subprocess_and_so_on_is_walked_to_the_bottom() -> None:
    inside = Diagram().start("b_0").end("e_0").path("b_0", "e_0")
    for depth in range(1, 80):
        part = f"part_{depth}"
        outer = Diagram().start(f"b_{depth}").embedded(part, inside).end(f"e_{depth}")
        inside = outer.path(f"b_{depth}", part, f"e_{depth}")

    assert {problem.rule for problem in check(inside.files(), KNOWN)} <= {"no-overlapping-elements", "engine-subset"}


def test_ids_and_names_that_are_code_are_only_words() -> None:
    text = Diagram().start().task("one").end().path("begin", "one", "finish").text()
    text = text.replace('"one"', '"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')

    found = check({"demo.bpmn": text.encode(), "form.form": b'{"components": []}'}, KNOWN)

    assert {problem.element_id for problem in found if problem.rule == "id-wellformed"} == {
        '"><script>alert(1)</script>'
    }


# -- the docs ----------------------------------------------------------------------------------------------------------
def test_the_table_of_rules_says_what_the_code_does() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|info) \| (.+) \| (.+) \|$", DIALECT.read_text("utf-8"), re.M)

    assert rows == [(rule.name, rule.severity, rule.says, rule.why) for rule in RULES.values()]
