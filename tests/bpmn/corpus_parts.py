"""Builds the small models of the corpus: `corpus_models` says which there are."""

from diagrams import Diagram

DEADLINE = {"dueDate": 'after("10wd")', "basis": "方案四（二）"}
WALK = 'name = "走查"\nprocess = "demo"\nnow = "2024-05-06T09:00:00+08:00"\n[variables]\n'
IDENTITY_CARD = "11010519491231002X"  # the example of GB 11643

LATER = b'{"type": "default", "id": "last", "components": [{"type": "number", "key": "later"}]}'

PROPOSAL = b'{"type": "default", "id": "form", "components": [{"type": "number", "key": "proposal"}]}'
CHOICES = (
    b'{"type": "default", "id": "choices", "components": [{"type": "group", "components": [{"type": "radio", '
    b'"key": "note", "values": [{"value": "yes"}, {"value": "no"}]}]}, '
    b'{"type": "checklist", "key": "kinds", "values": [{"value": "x"}]}]}'
)

Files = dict[str, bytes]


def line(*names: str, **attributes: str) -> Diagram:
    """Tasks in a row; the attributes go to the first."""
    diagram = Diagram().start()
    for number, name in enumerate(names):
        diagram.task(name, **(attributes if number == 0 else {}))
    return diagram.end().path("begin", *names, "finish")


def changed(diagram: Diagram, old: str, new: str, **more: bytes) -> Files:
    """The folder with one replacement in the text of its diagram."""
    files = diagram.files(**more)
    text = files["demo.bpmn"].decode()
    assert text.count(old) >= 1, old
    return {**files, "demo.bpmn": text.replace(old, new, 1).encode()}


def walked(diagram: Diagram, variables: str = "", **more: bytes) -> Files:
    return {**diagram.files(**more), "tests/one.toml": (WALK + variables).encode()}


def asked(condition: str, form: str = "form") -> Diagram:
    """A task, then a choice on `condition` with a second task on one of its ways."""
    diagram = Diagram().start().task("one").choice("which", default="no").task("two", formKey=form).end()
    diagram.path("begin", "one", "which")
    return diagram.flow("which", "two", condition, "yes").flow("which", "finish", flow_id="no").path("two", "finish")


def timed(*behind: str, interrupting: bool, **attributes: str) -> Diagram:
    """A task with a boundary timer and what stands behind it: `job`, `task`, `milestone` or nothing."""
    diagram = line("one", **(attributes or DEADLINE)).timer("late", 'after("3wd")', on="one", interrupting=interrupting)
    if "job" in behind:
        diagram.job("tell", "remind", to="'head@area'")
    if "task" in behind:
        diagram.task("tell")
    if "milestone" in behind:
        diagram.node("intermediateThrowEvent", "tell", milestone="disposed")
    return diagram.end("over").path("late", *(["tell"] if behind else []), "over")


def pools(inside: str = "", flows: str = "") -> Files:
    """Two pools, the second with a process of its own."""
    other = (
        '<bpmn:process id="other" name="对方" isExecutable="false"><bpmn:startEvent id="o_begin" name="始">'
        '</bpmn:startEvent><bpmn:userTask id="o_task" name="办" duban:formKey="form" '
        'duban:candidateGroups="officer@area"/><bpmn:endEvent id="o_end" name="终"/>'
        '<bpmn:sequenceFlow id="o_1" sourceRef="o_begin" targetRef="o_task"/>'
        f'<bpmn:sequenceFlow id="o_2" sourceRef="o_task" targetRef="o_end"/>{inside}</bpmn:process>'
    )
    collaboration = (
        '<bpmn:collaboration id="both"><bpmn:participant id="p_1" name="本办" processRef="demo"/>'
        f'<bpmn:participant id="p_2" name="对方" processRef="other"/>{flows}</bpmn:collaboration>'
    )
    files = changed(line("one"), "</bpmn:process>", f"</bpmn:process>{other}{collaboration}")
    text = files["demo.bpmn"].decode()
    drawn = "".join(
        f'<bpmndi:BPMNShape id="{each}_di" bpmnElement="{each}"/>'
        for each in ("o_begin", "o_task", "o_end", "o_1", "o_2")
    )
    return {**files, "demo.bpmn": text.replace("</bpmndi:BPMNPlane>", drawn + "</bpmndi:BPMNPlane>").encode()}


def both(*ends: str) -> str:
    return f'<bpmn:messageFlow id="mail" sourceRef="{ends[0]}" targetRef="{ends[1]}"/>'


def closing(groups: str, milestone: str = "accepted") -> Files:
    diagram = Diagram().start().task("check", candidateGroups=groups).end(milestone=milestone)
    return diagram.path("begin", "check", "finish").files()


def jumped() -> Diagram:
    """The acceptance can be gone round."""
    diagram = (
        Diagram().start().task("one").choice("skip", default="go").task("check", candidateGroups="acceptor@office")
    )
    diagram.choice("on").end(milestone="accepted").path("begin", "one", "skip")
    diagram.flow("skip", "check", flow_id="go").flow("skip", "on", "note == 'x'")
    return diagram.path("check", "on", "finish")


def remind(to: str) -> Diagram:
    return Diagram().start().task("one").job("tell", "remind", to=to).end().path("begin", "one", "tell", "finish")


def loop() -> Diagram:
    diagram = Diagram().start().choice("again").task("one").choice("good", default="yes").end()
    diagram.path("begin", "again", "one", "good").flow("good", "again", "note == 'no'")
    return diagram.flow("good", "finish", flow_id="yes")


def forked() -> Diagram:
    diagram = Diagram().start().parallel("fork").task("one").task("two").parallel("meet").end()
    return diagram.path("begin", "fork", "one", "meet", "finish").path("fork", "two", "meet")


def embedded(inside: Diagram) -> Diagram:
    return Diagram().start().embedded("part", inside).end().path("begin", "part", "finish")


def inner() -> Diagram:
    return Diagram().start("in_begin").task("in_one").end("in_end").path("in_begin", "in_one", "in_end")


def waiting() -> Diagram:
    diagram = Diagram().start().node("eventBasedGateway", "first").message("came", "case_closed")
    diagram.timer("late", 'after("2d")').choice("on").end().path("begin", "first", "came", "on", "finish")
    return diagram.path("first", "late", "on")


def branches(count: int, *, again: bool = False) -> Diagram:
    """So many at once, each with a choice of two tasks; or of one and the way back to the choice."""
    diagram = Diagram().start().parallel("fork").parallel("meet").end().path("begin", "fork").path("meet", "finish")
    for number in range(count):
        ask, one, two, on = (f"{name}_{number}" for name in ("ask", "one", "two", "on"))
        diagram.choice(ask, default=f"no_{number}").task(one).task(two).choice(on)
        diagram.path("fork", ask).flow(ask, one, flow_id=f"no_{number}").flow(ask, two, "default('x', 0) > 1")
        diagram.path(one, on, "meet").path(two, *([ask] if again else [on]))
        if again:
            diagram.flow(ask, on, "default('x', 0) > 2")
    return diagram


def merged(ending: str = "") -> Diagram:
    """Two at once and an exclusive gateway behind them; a task behind it, or an end of everything."""
    diagram = Diagram().start().parallel("fork").task("one").task("two").choice("on").end("finish", ending)
    diagram.path("begin", "fork", "one", "on").path("fork", "two", "on")
    return diagram.path("on", "finish") if ending else diagram.task("three").path("on", "three", "finish")


def joined_after_merges() -> Diagram:
    """What a choice split is merged on either branch before both are joined; beside it a reminder again and again."""
    diagram = branches(2).timer("late", 'after("1d")', on="one_0", interrupting=False).choice("round").job("tell")
    diagram.choice("more", default="enough").end("over").path("late", "round", "tell", "more")
    return diagram.flow("more", "round", "default('x', 0) > 1").flow("more", "over", flow_id="enough")


def circle(tag: str, **attributes: str) -> Diagram:
    """A way back past nothing but one element of this kind."""
    diagram = Diagram().start().choice("again").node(tag, "pass", **attributes).choice("good", default="yes").end()
    diagram.path("begin", "again", "pass", "good").flow("good", "again", "default('note', 0) == 1")
    return diagram.flow("good", "finish", flow_id="yes")


def two_timers(first: str, second: str) -> Diagram:
    diagram = line("one", **DEADLINE)
    for name, date in (("first", first), ("second", second)):
        diagram.timer(name, date, on="one", interrupting=False).job(f"tell_{name}").end(f"told_{name}")
        diagram.path(name, f"tell_{name}", f"told_{name}")
    return diagram


def chosen(condition: str, last: bytes = CHOICES, given: str = "") -> Files:
    """A choice on what forms let people choose; `last` is the form of the second task, `given` what a walk starts
    with."""
    diagram, forms = asked(condition, form="last"), {"form__form": CHOICES, "last__form": last}
    return walked(diagram, given, **forms) if given else diagram.files(**forms)


def apart(name: str) -> Diagram:
    """A task not for who did another, in a process that calls `cleanup`."""
    diagram = Diagram().start().node("callActivity", "call", calledElement="cleanup").task("one", separateFrom=name)
    return diagram.end().path("begin", "call", "one", "finish")
