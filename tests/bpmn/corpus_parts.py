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

HIDDEN = CHOICES.replace(b'"type": "group"', b'"type": "group", "conditional": {"hide": "=x == 1"}')

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


def merged_at_end(*facts: str, **ending: str) -> Diagram:
    """Two at once and an exclusive gateway behind them; then a choice of two ends, with facts before one of them."""
    diagram = Diagram().start().parallel("fork").task("one").task("two").choice("on", default="no")
    diagram.end("finish", **ending).end("other")
    diagram.path("begin", "fork", "one", "on").path("fork", "two", "on").flow("on", "other", flow_id="no")
    for fact in facts:
        diagram.node("intermediateThrowEvent", fact, milestone="disposed")
    way = (*facts, "finish")
    return diagram.flow("on", way[0], "default('x', 0) > 1").path(*way)


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


def optional_visit() -> Diagram:
    """A rework loop in which the visit that can be sent back may be left out: no case goes round without one."""
    diagram = Diagram().start().task("report").choice("again").choice("needs", default="skip")
    diagram.task("visit", returnable="true").choice("done").choice("good", default="yes").end()
    diagram.path("begin", "report", "again", "needs").flow("needs", "visit", "default('note', '') == 'visit'")
    diagram.flow("needs", "done", flow_id="skip").path("visit", "done", "good")
    return diagram.flow("good", "again", "default('outcome', '') == 'returned'").flow("good", "finish", flow_id="yes")


def never_round() -> Diagram:
    """Two gateways that lead to each other, on conditions that never hold together."""
    diagram = Diagram().start().choice("high", default="not_high").choice("low", default="not_low").task("one").end()
    diagram.path("begin", "high").flow("high", "low", "default('x', 0) == 1").flow("high", "one", flow_id="not_high")
    diagram.flow("low", "high", "default('x', 0) == 2").flow("low", "one", flow_id="not_low")
    return diagram.path("one", "finish")


def round_by_default() -> Diagram:
    """Two gateways; who is not let out at either goes round."""
    diagram = Diagram().start().choice("high", default="down").choice("low", default="up").task("one").end()
    diagram.path("begin", "high").flow("high", "low", flow_id="down").flow("low", "high", flow_id="up")
    diagram.flow("high", "one", "default('x', 0) > 1").flow("low", "finish", "default('x', 0) < 0")
    return diagram.path("one", "finish")


def no_way_out() -> Diagram:
    """Behind the task a case goes round one way or the other."""
    diagram = Diagram().start().choice("which", default="no").task("one").choice("turn")
    diagram.choice("back").node("intermediateThrowEvent", "pass", milestone="disposed").end().path("begin", "which")
    diagram.flow("which", "one", "default('x', 0) > 1").flow("which", "finish", flow_id="no").path("one", "turn")
    diagram.flow("turn", "pass", "default('y', 0) > 1").flow("turn", "back", "default('y', 0) < 2")
    return diagram.path("pass", "back", "turn")


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


def special(diagram: Diagram, *path: str, ask: str = 'note == "special"', form: bytes = CHOICES) -> Files:
    """A choice behind this path that asks for what no form offers; no walk says what the process starts with."""
    diagram.choice("which", default="no").task("last").end().path(*path, "which").path("last", "finish")
    return diagram.flow("which", "last", ask, "yes").flow("which", "finish", flow_id="no").files(form__form=form)


def either(*skipped: str) -> Diagram:
    """A choice of two ways that meet at `on`, with a task on each but those skipped."""
    diagram = Diagram().start().choice("either", default="way_two").choice("on").path("begin", "either")
    for way, when in (("one", "default('x', 0) > 1"), ("two", "")):
        if way in skipped:
            diagram.flow("either", "on", when, f"way_{way}")
        else:
            diagram.task(way).flow("either", way, when, f"way_{way}").path(way, "on")
    return diagram


def asked_on_a_branch() -> Diagram:
    """Two at once, met at `meet`; a task asks on one of them, in a round of corrections."""
    diagram = Diagram().start().parallel("fork").choice("again").task("one").choice("good", default="enough")
    diagram.job("tell").parallel("meet").path("begin", "fork", "again", "one", "good").path("fork", "tell", "meet")
    return diagram.flow("good", "again", 'note == "no"').flow("good", "meet", flow_id="enough")


def asked_around(inside: Diagram) -> Diagram:
    """A task, then a subprocess."""
    diagram = Diagram().start().task("one").embedded("part", inside).end()
    return diagram.path("begin", "one", "part", "finish")


def inner_choice() -> Diagram:
    """Asks, within a subprocess, for what no form offers."""
    diagram = Diagram().start("in_begin").choice("in_which", default="in_no").task("in_one").end("in_end")
    diagram.path("in_begin", "in_which").flow("in_which", "in_one", 'note == "special"', "in_yes")
    return diagram.flow("in_which", "in_end", flow_id="in_no").path("in_one", "in_end")


def overdue() -> Diagram:
    """A task that a timer may take away, told to its head; both ways meet at `on`."""
    diagram = Diagram().start().task("one", **DEADLINE).timer("late", 'after("3wd")', on="one").choice("on")
    return diagram.job("tell", "remind", to="'head@area'").path("begin", "one", "on").path("late", "tell", "on")


def apart(name: str) -> Diagram:
    """A task not for who did another, in a process that calls `cleanup`."""
    diagram = Diagram().start().node("callActivity", "call", calledElement="cleanup").task("one", separateFrom=name)
    return diagram.end().path("begin", "call", "one", "finish")
