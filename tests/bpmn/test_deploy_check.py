"""The deploy check: silent on right models, and for each wrong one a sentence at the right element."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from diagrams import HEAD, Diagram, several, table

from engine.bpmn.check import Known, called, check
from engine.errors import Problem

KNOWN = Known(
    process_keys=frozenset({"demo", "cleanup", "loop_back", "supervision"}),
    job_kinds=frozenset({"letter", "remind", "start_process", "publish_message"}),
    roles=frozenset({"officer", "head", "supervisor", "leader", "inspector", "acceptor"}),
    places=frozenset({"area", "lead", "office", "unit"}),
    milestones=frozenset({"surveyed", "disposed", "accepted", "resolved", "referred"}),
    letter_kinds=frozenset({"notice", "urge"}),
    messages=frozenset({"item_resolved", "case_closed"}),
    user_tasks=frozenset({"rectify", "twice"}),
    calls={"loop_back": frozenset({"demo"}), "cleanup": frozenset(), "supervision": frozenset()},
    tasks={"cleanup": frozenset({"rectify", "twice"}), "loop_back": frozenset({"twice"})},
    phases=frozenset({"cleanup"}),
)


def right() -> Diagram:
    """A model with one of everything that is allowed."""
    inside = (
        Diagram()
        .start("in_begin")
        .choice("in_round")
        .job("in_letter", kind="default('kind', 'urge')")
        .timer("in_wait", 'after("3wd")')
        .choice("in_more", default="in_up")
        .end("in_end")
        .path("in_begin", "in_round", "in_letter", "in_wait", "in_more")
        .flow("in_more", "in_end", "level == 3")
        .flow("in_more", "in_round", flow_id="in_up")
    )
    return (
        Diagram()
        .start()
        .task("survey", dueDate='after("10wd")', basis="方案四（二）", returnable="true", separateFrom="check rectify")
        .timer("soon", 'before(due, "3wd")', on="survey", interrupting=False)
        .node("serviceTask", "urge", jobKind="remind")
        .end("urged")
        .choice("ok", default="ok_yes")
        .node("businessRuleTask", "judge", decisionRef="disposition")
        .node("intermediateThrowEvent", "is_disposed", milestone="disposed", dueDate='phase_end("cleanup")', basis="二")
        .parallel("fork")
        .task("check", several("units", "unit"), candidateGroups="officer@area, head@unit")
        .node("callActivity", "phase", calledElement="cleanup")
        .parallel("meet")
        .embedded("ladder", inside)
        .message("resolved", "item_resolved", on="ladder")
        .node("eventBasedGateway", "first")
        .message("closed", "case_closed")
        .timer("late", "phase_end('cleanup')")
        .end("stop", "<bpmn:terminateEventDefinition/>")
        .end(milestone="accepted")
        .path("begin", "survey", "ok")
        .flow("ok", "survey", 'outcome == "returned"')
        .flow("ok", "judge", flow_id="ok_yes")
        .path("judge", "is_disposed", "fork", "check", "meet", "ladder", "first")
        .path("fork", "phase", "meet")
        .path("soon", "urge", "urged")
        .path("resolved", "first")
        .path("first", "closed", "finish")
        .path("first", "late", "stop")
    )


DISPOSITION = table("disposition", ["count"], ["disposition"], [["> 1", '"close"'], ["-", '"rectify"']])


def problems(files: dict[str, bytes], known: Known = KNOWN) -> list[Problem]:
    return check(files, known)


def changed(old: str, new: str, count: int = 1) -> list[Problem]:
    """The problems of the right model after one replacement in its text."""
    files = right().files(disposition__dmn=DISPOSITION)
    text = files["demo.bpmn"].decode()
    assert old in text, old
    return problems({**files, "demo.bpmn": text.replace(old, new, count).encode()})


def test_a_right_model_has_no_problems() -> None:
    assert problems(right().files(disposition__dmn=DISPOSITION)) == []


def test_what_passes_the_check_can_be_run() -> None:
    cleanup = Diagram("cleanup").start().task("do").end().path("begin", "do", "finish")
    assert problems(cleanup.files()) == []
    right().model(cleanup, disposition__dmn=DISPOSITION)


def simple(*nodes: Callable[[Diagram], object], path: tuple[str, ...] = ("begin", "one", "finish")) -> Diagram:
    diagram = Diagram().start().task("one").end()
    for add in nodes:
        add(diagram)
    return diagram.path(*path)


END_OF_THROW = "</bpmn:intermediateThrowEvent>"
WRONG: list[tuple[str, str, str, str]] = [
    # what is replaced, with what, the element that must be named, a word of the explanation
    ("<bpmn:userTask id=\"survey\"", "<bpmn:scriptTask id=\"survey\"", "", "XML"),
    ('duban:formKey="form"', 'duban:formKey="missing"', "survey", "missing.form"),
    ('duban:formKey="form" ', "", "survey", "没有表单"),
    ('duban:formKey="form"', 'duban:formKey="../form"', "survey", "../form.form"),
    ('duban:formKey="form"', 'duban:fromKey="form"', "survey", "duban:fromKey"),
    ('duban:candidateGroups="officer@area" ', "", "survey", "没有候选组"),
    ("officer@area", "officer", "survey", "角色@单位"),
    ("officer@area", "@area", "survey", "角色@单位"),
    ("officer@area", "clerk@area", "survey", "没有角色“clerk”"),
    ("officer@area", "officer@moon", "survey", "没有单位位置“moon”"),
    ('duban:basis="方案四（二）"', 'duban:basis=" "', "survey", "没有依据"),
    ("'after(\"10wd\")'", "'10'", "survey", "单位"),
    ("'after(\"10wd\")'", "'after(10)'", "survey", "单位"),
    ("'after(\"10wd\")'", "'after(\"10\")'", "survey", "单位"),
    ("'after(\"10wd\")'", "'later(\"10wd\")'", "survey", "没有函数“later”"),
    ("'after(\"10wd\")'", "'after(“10wd”)'", "survey", "中文标点"),
    ("'after(\"10wd\")'", "''", "survey", "没有内容"),
    ("'after(\"10wd\")'", "'2024-05-10'", "survey", "期限"),
    ('duban:returnable="true"', 'duban:returnable="yes"', "survey", "true 或 false"),
    ('outcome == "returned"', "count == 1", "survey", "outcome"),
    ('duban:separateFrom="check rectify"', 'duban:separateFrom="chek"', "survey", "chek"),
    ('duban:separateFrom="check rectify"', 'duban:separateFrom="survey"', "survey", "自己"),
    ('before(due, "3wd")', 'before(due, "3")', "soon", "单位"),
    ("<bpmn:timeDate ", "<bpmn:timeDuration ", "", "XML"),
    ('attachedToRef="survey"', 'attachedToRef="ok"', "soon", "贴在"),
    ('attachedToRef="survey"', 'attachedToRef="judge"', "soon", "贴在"),
    ('attachedToRef="survey"', 'attachedToRef="nowhere"', "soon", "nowhere"),
    ('attachedToRef="survey"', 'attachedToRef="in_letter"', "soon", "没有贴在同一流程"),
    (' attachedToRef="survey"', "", "soon", "没有贴在"),
    ('duban:jobKind="remind"', 'duban:jobKind="fax"', "urge", "fax"),
    (' duban:jobKind="remind"', "", "urge", "没有填写"),
    ('name="kind" expression', 'name="knid" expression', "in_letter", "缺少输入“kind”"),
    ("default('kind', 'urge')", "'fax'", "in_letter", "公文种类“fax”"),
    ("default('kind', 'urge')", "system('x')", "in_letter", "没有函数"),
    ("default('kind', 'urge')", "", "in_letter", "没有内容"),
    ("duban:input", "duban:output", "in_letter", "duban:output 不认识"),
    ('duban:decisionRef="disposition"', 'duban:decisionRef="dispositon"', "judge", "dispositon"),
    ('decisionRef="disposition"', 'decisionRef="disposition" duban:refusal="no"', "judge", "现缺 no、no_en、no_field"),
    ('decisionRef="disposition"', 'decisionRef="disposition" duban:jobKind="x"', "judge", "decisionRef、refusal"),
    ('calledElement="cleanup"', 'calledElement="unknown"', "phase", "没有部署"),
    ('calledElement="cleanup"', 'calledElement="demo"', "phase", "死循环"),
    ('calledElement="cleanup"', 'calledElement="loop_back"', "phase", "死循环"),
    ('duban:milestone="accepted"', 'duban:milestone="done"', "finish", "done"),
    ('duban:milestone="disposed" ', "", "is_disposed", "没有 milestone"),
    ('messageRef="Message_item_resolved"', 'messageRef="Message_x"', "resolved", "Message_x"),
    (' messageRef="Message_item_resolved"', "", "resolved", "没有选定消息"),
    ('name="item_resolved"', 'name="item_resolvd"', "resolved", "item_resolvd"),
    (' default="ok_yes"', "", "ok_yes", "没有条件"),
    (' default="ok_yes"', ' default="in_up"', "ok", "in_up"),
    (' default="ok_yes"', ' default="nothing"', "ok", "nothing"),
    ('outcome == "returned"', 'outcome = "returned"', "flow_ok_survey_3", "写法有误"),
    ('id="begin"', 'id="Start"', "Start", "保留"),
    ('id="begin"', 'id="1begin"', "1begin", "不合规"),
    ('id="begin"', 'id="x&#39; or &#39;1&#39;=&#39;1"', "x' or '1'='1", "不合规"),
    ('id="begin"', 'id="survey"', "survey", "2 次"),
    (' id="begin"', "", "", "没有编号"),
    ('sourceRef="begin"', 'sourceRef="gone"', "flow_begin_survey_1", "gone"),
    ('sourceRef="begin"', 'sourceRef="in_begin"', "flow_begin_survey_1", "跨越"),
    ('targetRef="survey"', 'targetRef="in_round"', "flow_begin_survey_1", "跨越"),
    (' targetRef="survey"', "", "flow_begin_survey_1", "少了一头"),
    ('isExecutable="true"', 'isExecutable="false"', "demo", "可执行"),
    ('<bpmn:process id="demo"', '<bpmn:process id="other"', "other", "不一致"),
    ("<bpmn:terminateEventDefinition/>", "<bpmn:errorEventDefinition/>", "stop", "错误事件"),
    ("<bpmn:terminateEventDefinition/>", "<bpmn:messageEventDefinition/>", "stop", "publish_message"),
    ("<bpmn:terminateEventDefinition/>", "<bpmn:compensateEventDefinition/>", "stop", "补偿"),
    (END_OF_THROW, '<bpmn:linkEventDefinition name="x"/>' + END_OF_THROW, "is_disposed", "链接"),
    (END_OF_THROW, "<bpmn:signalEventDefinition/>" + END_OF_THROW, "is_disposed", "信号"),
    ("</bpmn:startEvent>", "<bpmn:timerEventDefinition/></bpmn:startEvent>", "begin", "不能用这种事件"),
    ('<bpmn:subProcess id="ladder"', '<bpmn:subProcess triggeredByEvent="true" id="ladder"', "ladder", "事件子流程"),
    ('<bpmn:userTask id="survey"', '<bpmn:userTask isForCompensation="true" id="survey"', "survey", "补偿"),
    ("<bpmn:multiInstanceLoopCharacteristics", "<bpmn:standardLoopCharacteristics", "", "XML"),
    ("<bpmn:loopDataInputRef>units</bpmn:loopDataInputRef>", "", "check", "多实例"),
    ('name="unit"', 'name="a b"', "check", "变量名"),
    ("</bpmn:process>", "<bpmn:dataObject id=\"d\"/></bpmn:process>", "d", "数据"),
    ("</bpmn:process>", "<bpmn:laneSet id=\"lanes\"/></bpmn:process>", "lanes", "候选组"),
    ("<bpmn:process ", "<bpmn:collaboration id=\"pool\"/><bpmn:process ", "pool", "泳池"),
    ("<bpmn:process ", '<bpmn:process id="second"/><bpmn:process ', "", "有且只有一个流程"),
    ("</bpmn:process>", '<bpmn:userTask id="alone" name="x"/></bpmn:process>', "alone", "到不了"),
    ("<bpmn:process ", '<!-- &#65; --><?xml-stylesheet href="x"?><bpmn:process idd="x" ', "", "规范"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "element", "word"), WRONG)
def test_a_fault_is_named_at_its_element(old: str, new: str, element: str, word: str) -> None:
    found = [problem for problem in changed(old, new) if problem.severity == "error"]

    where = f"demo.bpmn:{element}" if element else "demo.bpmn"
    assert any(problem.where == where and word in problem.zh for problem in found), found
    assert all(problem.en for problem in found)


def every_tag(tag: str) -> list[Problem]:
    """The simple model with its task turned into another element."""
    text = simple().text().replace("bpmn:userTask", f"bpmn:{tag}")
    text = re.sub(r' duban:\w+="[^"]*"', "", text)
    return problems({"demo.bpmn": text.encode()})


@pytest.mark.parametrize(
    ("tag", "word"),
    [
        ("scriptTask", "脚本"),
        ("task", "人工任务"),
        ("manualTask", "人工任务"),
        ("sendTask", "服务任务"),
        ("receiveTask", "消息"),
        ("inclusiveGateway", "包容网关"),
        ("complexGateway", "复杂网关"),
        ("transaction", "普通子流程"),
        ("adHocSubProcess", "即席"),
        ("choreographyTask", "不支持"),
        ("unheardOf", "不支持"),
    ],
)
def test_an_element_outside_the_dialect_is_refused_with_a_way_out(tag: str, word: str) -> None:
    assert any(problem.where.endswith(":one") and word in problem.zh for problem in every_tag(tag))


def test_implicit_ends_and_dead_ends_and_endless_loops_are_found() -> None:
    lost = Diagram().start().task("one").task("two").end().path("begin", "one", "two")
    stuck = (
        Diagram().start().choice("which", default="d").task("one").task("two").end()
        .path("begin", "which").flow("which", "finish", "x == 1").flow("which", "one", flow_id="d")
        .path("one", "two", "one")
    )  # fmt: skip

    assert {problem.where for problem in problems(lost.files())} == {"demo.bpmn:two", "demo.bpmn:finish"}
    assert {problem.where for problem in problems(stuck.files())} == {"demo.bpmn:one", "demo.bpmn:two"}


def test_starts_and_ends_are_counted() -> None:
    none = Diagram().task("one")
    two = Diagram().start().start("again").task("one").end().path("begin", "one", "finish").path("again", "one")
    into = simple(path=("begin", "one", "begin"))

    assert any("开始事件" in problem.zh and "0" in problem.zh for problem in problems(none.files()))
    assert any("没有结束事件" in problem.zh for problem in problems(none.files()))
    assert any("2 个" in problem.zh for problem in problems(two.files()))
    assert any("开始事件不能有进来" in problem.zh for problem in problems(into.files()))


def test_only_gateways_split_and_only_choices_have_conditions() -> None:
    split = simple(lambda d: d.task("two").path("one", "two", "finish"))
    condition = Diagram().start().task("one").end().path("begin", "one").flow("one", "finish", "x == 1")
    fork = (
        Diagram().start().parallel("fork").task("one").task("two").end()
        .path("begin", "fork").flow("fork", "one", "x").path("fork", "two", "finish").path("one", "finish")
    )  # fmt: skip
    double = simple(lambda d: d.choice("which", default="x").flow("which", "finish", "a").flow("which", "finish", "b"))

    assert any("2 条出口" in problem.zh for problem in problems(split.files()))
    assert any("不能带条件" in problem.zh for problem in problems(condition.files()))
    assert any("不能带条件" in problem.zh for problem in problems(fork.files()))
    assert any("两条连线" in problem.zh for problem in problems(double.files()))


def gateway(kind: str, *more: str) -> Diagram:
    """A split of this kind whose ways meet in a parallel gateway."""
    diagram = Diagram().start().node(kind, "split", default="first" if kind == "exclusiveGateway" else "")
    diagram.task("one").task("two").parallel("meet").end().path("begin", "split").flow("split", "one", flow_id="first")
    diagram.flow("split", "two", "n == 1" if kind == "exclusiveGateway" else "")
    return diagram.path("one", "meet", "finish").path("two", "meet")


def test_a_parallel_join_behind_an_exclusive_split_can_never_pass() -> None:
    assert problems(gateway("parallelGateway").files()) == []
    found = problems(gateway("exclusiveGateway").files())
    assert [problem.where for problem in found] == ["demo.bpmn:meet"]
    assert "永远等下去" in found[0].zh


def test_a_loop_into_a_parallel_fork_is_found() -> None:
    diagram = (
        Diagram().start().parallel("fork").task("one").task("two").parallel("meet").choice("good", default="yes").end()
        .path("begin", "fork", "one", "meet", "good").path("fork", "two", "meet")
        .flow("good", "fork", "x == 1").flow("good", "finish", flow_id="yes")
    )  # fmt: skip

    assert "demo.bpmn:fork" in {problem.where for problem in problems(diagram.files())}


def test_an_event_gateway_has_at_most_one_timer_and_only_events() -> None:
    def first_of(*names: str) -> Diagram:
        diagram = Diagram().start().node("eventBasedGateway", "first").timer("a", 'after("1d")')
        diagram.timer("b", 'after("2d")').message("c", "case_closed").task("d").end().path("begin", "first")
        for name in "abcd":
            diagram.path("first" if name in names else "begin", name, "finish")
        return diagram

    assert any("最多接一个定时" in problem.zh for problem in problems(first_of("a", "b").files()))
    assert any("只能接定时或消息" in problem.zh for problem in problems(first_of("a", "d").files()))
    assert any("至少要有两个出口" in problem.zh for problem in problems(first_of("a").files()))


def test_a_loop_that_only_an_interrupting_event_ends_is_right() -> None:
    def ladder(*, interrupting: bool) -> Diagram:
        inside = Diagram().start("in").choice("round").job("letter").timer("wait", 'after("3wd")').end("top")
        inside.path("in", "round", "letter", "wait", "round")
        diagram = Diagram().start().embedded("ladder", inside).end().path("begin", "ladder", "finish")
        return diagram.message("done", "case_closed", on="ladder", interrupting=interrupting).path("done", "finish")

    endless = {problem.where for problem in problems(ladder(interrupting=False).files())}
    assert "demo.bpmn:wait" in endless
    assert {problem.where for problem in problems(ladder(interrupting=True).files())} == {"demo.bpmn:top"}


def test_missing_names_and_missing_drawings_are_only_warnings() -> None:
    text = simple().text()
    unnamed = problems({"demo.bpmn": text.replace('name="名称 one"', "").encode(), "form.form": b'{"components": []}'})
    undrawn = problems(
        {**simple().files(), "demo.bpmn": re.sub(r"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", "", text).encode()}
    )
    shape = problems({**simple().files(), "demo.bpmn": text.replace('bpmnElement="one"', 'bpmnElement="x"').encode()})

    assert [(problem.where, problem.severity) for problem in unnamed] == [("demo.bpmn:one", "warning")]
    assert [(problem.where, problem.severity) for problem in undrawn] == [("demo.bpmn", "warning")]
    assert [(problem.where, problem.severity) for problem in shape] == [
        ("demo.bpmn:one_di", "info"),
        ("demo.bpmn:one", "warning"),
    ]


def test_settings_of_other_tools_are_kept_with_a_warning() -> None:
    text = simple().text().replace("<bpmn:userTask ", '<bpmn:userTask xmlns:camunda="urn:camunda" camunda:formKey="x" ')
    found = problems({**simple().files(), "demo.bpmn": text.encode()})

    assert [(problem.where, problem.severity) for problem in found] == [("demo.bpmn:one", "warning")]
    assert "urn:camunda" in found[0].zh


@pytest.mark.parametrize(
    ("name", "content", "where", "word"),
    [
        ("rules.dmn", b"", "rules.dmn", "空的"),
        ("rules.dmn", b"<a/>", "rules.dmn:dmn", "DMN"),
        ("rules.dmn", table("t", ["x"], ["y"], [["> x", "1"]]), "rules.dmn:r1i0", "第 1 行"),
        ("form.form", b"{", "form.form", "JSON"),
        ("form.form", b"[]", "form.form", "components"),
        ("form.form", b"\xff\xfe\x00", "form.form", "JSON"),
        ("form.form", b"[" * 100000, "form.form", "JSON"),
        ("form.form", b'{"components": [{"key": "a"}, {"components": [{"key": "a"}]}]}', "form.form:a", "两次"),
        ("form.form", b'{"components": [{"key": "a b"}]}', "form.form:a b", "字段编号"),
        ("form.form", b'{"components": [{"key": ["x"]}]}', "form.form:['x']", "字段编号"),
    ],
)
def test_the_files_beside_the_diagram_are_checked(name: str, content: bytes, where: str, word: str) -> None:
    found = problems({**simple().files(), name: content})

    assert any(problem.where == where and word in problem.zh for problem in found), found


def doctype(declaration: str, content: str) -> bytes:
    return (HEAD.replace("?>", f"?><!DOCTYPE {declaration}>") + content + "</bpmn:definitions>").encode()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "空的"),
        (b"   \n", "空的"),
        (b"\x00\x01\x02", "XML"),
        (b"PK\x03\x04 a zip", "XML"),
        ("流程".encode("gb18030"), "XML"),
        (b"<a", "XML"),
        (b"<a>" * 3000, "XML"),
        (b"<a/>", "BPMN"),
        (b"<definitions/>", "BPMN"),
        (HEAD.encode() + b"</bpmn:definitions>", "有且只有一个流程"),
        (b"x" * (2 * 1024 * 1024 + 1), "上限"),
        (doctype("x", ""), "DOCTYPE"),
        (doctype('x [<!ENTITY a "b">]', "&a;"), "DOCTYPE"),
        (doctype('x SYSTEM "http://127.0.0.1:9/x.dtd"', ""), "DOCTYPE"),
        (doctype('x [<!ENTITY a SYSTEM "file:///etc/hostname">]', "&a;"), "DOCTYPE"),
        (doctype('x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;]', ""), "DOCTYPE"),
    ],
)  # fmt: skip
def test_any_bytes_whatever_get_an_explanation(content: bytes, word: str) -> None:
    found = problems({"demo.bpmn": content})

    assert found and word in found[0].zh and found[0].where == "demo.bpmn"


def test_a_laughing_file_is_refused_at_once() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    content = HEAD.replace("?>", f'?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>') + "&a11;</bpmn:definitions>"

    assert problems({"demo.bpmn": content.encode()})


def test_a_folder_holds_one_diagram() -> None:
    files = simple().files()

    assert [problem.where for problem in problems({})] == ["*.bpmn"]
    found = problems({**files, "other.bpmn": files["demo.bpmn"]})
    assert [(problem.where, "2 个" in problem.zh) for problem in found] == [("other.bpmn", True)]


def test_a_diagram_too_long_for_the_engine_is_refused() -> None:
    diagram = Diagram().start()
    names = [f"task_{number}" for number in range(700)]
    for name in names:
        diagram.task(name)
    diagram.end().path("begin", *names, "finish")

    found = problems(diagram.files())

    assert [problem.where for problem in found] == ["demo.bpmn:demo"]
    assert "702" in found[0].zh


def test_separate_from_another_process_is_only_a_warning_when_nobody_knows_the_others() -> None:
    diagram = Diagram().start().task("one", separateFrom="elsewhere").end().path("begin", "one", "finish")
    nobody_knows = Known(**{**KNOWN.__dict__, "user_tasks": None})

    assert [problem.severity for problem in problems(diagram.files(), nobody_knows)] == ["warning"]
    assert [problem.severity for problem in problems(diagram.files())] == ["error"]


def test_the_called_processes_of_a_folder_can_be_asked_for() -> None:
    assert called(right().files()) == frozenset({"cleanup"})
    assert called({"x.bpmn": b"junk"}) == frozenset()
    assert called({}) == frozenset()


def test_the_shipped_processes_are_drawn_within_the_dialect() -> None:
    """Only the part of the check that needs no other names; the processes' own tests run the whole."""
    outside = {
        "candidate-group-exists",
        "job-kind-known",
        "called-process-exists",
        "letter-kind-exists",
        "milestone-exists",
        "message-sent",
        "separation-exists",
        "escalation-target-exists",
    }
    for folder in sorted(Path(__file__).parents[2].joinpath("processes").iterdir()):
        if not (folder / f"{folder.name}.bpmn").exists():
            continue
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        found = [problem for problem in problems(files) if problem.severity == "error"]
        assert [problem for problem in found if problem.rule not in outside] == [], folder.name
