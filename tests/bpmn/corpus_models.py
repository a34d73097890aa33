"""Small models, right and wrong, with what the check must say of each wrong one: rule and element, nothing else."""

from collections.abc import Callable

from corpus_parts import (
    CHOICES,
    DEADLINE,
    HIDDEN,
    IDENTITY_CARD,
    LATER,
    PROPOSAL,
    Files,
    apart,
    asked,
    asked_around,
    asked_on_a_branch,
    both,
    branches,
    changed,
    chosen,
    circle,
    closing,
    either,
    embedded,
    forked,
    inner,
    inner_choice,
    joined_after_merges,
    jumped,
    line,
    loop,
    merged,
    merged_at_end,
    never_round,
    no_way_out,
    optional_visit,
    overdue,
    pools,
    remind,
    round_by_default,
    special,
    timed,
    two_timers,
    waiting,
    walked,
)
from diagrams import FORM, Diagram, job_inputs, often, several, table

RIGHT: dict[str, Callable[[], Files]] = {
    "a task": lambda: line("one").files(),
    "a deadline with its basis": lambda: line("one", **DEADLINE).files(),
    "a loop with a way out": lambda: loop().files(),
    "two at once": lambda: forked().files(),
    "an embedded process": lambda: embedded(inner()).files(),
    "the first of two events": lambda: waiting().files(),
    "a reminder behind a timer": lambda: timed("job", interrupting=False).files(),
    "a task taken away, another given": lambda: timed("task", interrupting=True).files(),
    "a task taken away, a fact on record": lambda: timed("milestone", interrupting=True).files(),
    "closed by an acceptor": lambda: closing("acceptor@office"),
    "closed by the head": lambda: closing("officer@area, head@area"),
    "asked for an answer of the form": lambda: walked(asked('note == "x"')),
    "asked for what the walk starts with": lambda: walked(asked("count > 1"), "count = 2"),
    "asked for what may be missing": lambda: walked(asked('default("count", 0) > 1')),
    "asked for, no walk to know better": lambda: asked("count > 1").files(),
    "asked for the output of a table": lambda: walked(
        Diagram()
        .start()
        .node("businessRuleTask", "judge", decisionRef="t")
        .choice("which", default="no")
        .task("two")
        .end()
        .path("begin", "judge", "which")
        .flow("which", "two", "high", "yes")
        .flow("which", "finish", flow_id="no")
        .path("two", "finish"),
        "level = 2",
        t__dmn=table("t", ["level"], ["high"], [["> 1", "true"], ["-", "false"]]),
    ),
    "one after another, each unit": lambda: walked(
        Diagram()
        .start()
        .task("one", several("units", "unit"), dueDate="due_of", basis="一", candidateGroups="head@unit")
        .end()
        .path("begin", "one", "finish"),
        'units = ["a"]\ndue_of = "2024-06-01T18:00:00+08:00"',
    ),
    "thirteen at once, each with its own choice": lambda: branches(13).files(),
    "thirteen choices at once and a way back in each": lambda: branches(13, again=True).files(),
    "the first of two ends both": lambda: merged("<bpmn:terminateEventDefinition/>").files(),
    "merged, and nothing follows but an end": lambda: merged_at_end().files(),
    "merged, then joined": lambda: joined_after_merges().files(),
    "a table decides anew on each round": lambda: walked(
        circle("businessRuleTask", decisionRef="t"), "level = 1", t__dmn=table("t", ["level"], ["note"], [["-", "1"]])
    ),
    "counted from a phase of a plan": lambda: line("one", dueDate='phase_end("cleanup")', basis="一").files(),
    "two timers, one after the other": lambda: two_timers('before(due, "3wd")', 'before(due, "1wd")').files(),
    "a reminder as early as a holiday may make right": lambda: two_timers('before(due, "10d")', "due").files(),
    "a choice of the form": lambda: chosen('note == "yes" or "x" in kinds or default("note", "") != ""'),
    "a choice that the start gives as well": lambda: chosen('note == "old"', given='note = "old"'),
    "a choice that is free in another form": lambda: chosen('note == "x"', last=FORM),
    "what the start may give, no walk to know better": lambda: special(
        Diagram().start(), "begin", ask='default("note", "") == "special"'
    ),
    "what the start may give, asked for on one way only": lambda: special(either("two"), "on"),
    "what the start may give, the task was taken away": lambda: special(overdue(), "on"),
    "what the start may give, the field was hidden": lambda: special(
        Diagram().start().task("one").path("begin", "one"), "one", form=HIDDEN
    ),
    "what the start may give, the task was sent back": lambda: special(
        Diagram().start().task("one", returnable="true").path("begin", "one"),
        "one",
        ask='default("outcome", "") == "returned" and note == "special"',
    ),
    "what the start may give, there was nobody to ask": lambda: special(
        Diagram().start().task("one", several("units", "unit")).path("begin", "one"), "one"
    ),
    "names that are like each other on purpose": lambda: asked("notes > 1 and unit_a_level > unit_b_level").files(),
    "a namesake in a process named with it": lambda: apart("cleanup:twice").files(),
    "a phone number of eleven digits is none in a longer number": lambda: line("one", name="文号 213800138000").files(),
    "eighteen digits that are no identity card": lambda: line("one", name="编号 110105194912310021").files(),
}

WRONG: dict[str, tuple[Callable[[], Files], list[str]]] = {
    # -- references
    "a flow from nowhere": (
        lambda: changed(line("one"), 'sourceRef="begin"', 'sourceRef="gone"'),
        [
            "dangling-reference flow_begin_one_1",
            "no-implicit-end begin",
            "reachable-from-start one",
            "reachable-from-start finish",
        ],
    ),
    "a flow from a shape that is no element": (
        lambda: changed(line("one"), 'sourceRef="begin"', 'sourceRef="flow_one_finish_2"'),
        [
            "dangling-reference flow_begin_one_1",
            "no-implicit-end begin",
            "reachable-from-start one",
            "reachable-from-start finish",
        ],
    ),
    "a flow named twice": (
        lambda: changed(
            line("one"), "</bpmn:endEvent>", "<bpmn:incoming>flow_one_finish_2</bpmn:incoming>" * 2 + "</bpmn:endEvent>"
        ),
        ["doubled-reference finish"],
    ),
    "incoming says what the flow does not": (
        lambda: changed(
            line("one"), "</bpmn:endEvent>", "<bpmn:incoming>flow_begin_one_1</bpmn:incoming></bpmn:endEvent>"
        ),
        ["incoming-outgoing-agree finish"],
    ),
    "an id used twice": (
        lambda: changed(line("one", "two"), 'id="two"', 'id="one"'),
        [
            "unique-ids one",
            "dangling-reference flow_one_two_2",
            "dangling-reference flow_two_finish_3",
            "drawing-points-nowhere two_di",
            "reachable-from-start finish",
            "reachable-end begin",
            "reachable-end one",
        ],
    ),
    "a message that nobody waits for": (
        lambda: changed(line("one"), "<bpmn:process", '<bpmn:message id="m" name="case_closed"/><bpmn:process'),
        ["global m"],
    ),
    "a message reference to a process": (
        lambda: changed(waiting(), 'messageRef="Message_case_closed"', 'messageRef="demo"'),
        ["dangling-reference came", "global Message_case_closed"],
    ),
    "a shape of nothing": (
        lambda: changed(line("one"), 'bpmnElement="flow_one_finish_2"', 'bpmnElement="x"'),
        ["drawing-points-nowhere flow_one_finish_2_di", "no-bpmndi flow_one_finish_2"],
    ),
    "a lane of nothing": (
        lambda: changed(
            line("one"),
            "</bpmn:process>",
            '<bpmn:laneSet id="lanes"><bpmn:lane id="lane"><bpmn:flowNodeRef>'
            "gone</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet></bpmn:process>",
        ),
        ["dangling-reference lane", "engine-subset lanes"],
    ),
    "in two lanes": (
        lambda: changed(
            line("one"),
            "</bpmn:process>",
            '<bpmn:laneSet id="lanes">'
            + "".join(f'<bpmn:lane id="lane_{n}"><bpmn:flowNodeRef>one</bpmn:flowNodeRef></bpmn:lane>' for n in "ab")
            + "</bpmn:laneSet></bpmn:process>",
        ),
        ["doubled-reference lane_a", "doubled-reference lane_b", "engine-subset lanes"],
    ),
    # -- pools
    "two pools": (pools, ["engine-subset both", "one-process"]),
    "a flow into another pool": (
        lambda: pools('<bpmn:sequenceFlow id="across" sourceRef="o_task" targetRef="finish"/>'),
        [
            "engine-subset both",
            "one-process",
            "flow-within-scope across",
            "no-implicit-split o_task",
            "no-bpmndi across",
        ],
    ),
    "a message flow within a pool": (
        lambda: pools(flows=both("begin", "one")),
        ["engine-subset both", "one-process", "message-flow-ends mail"],
    ),
    "a message flow to a pool": (lambda: pools(flows=both("one", "p_2")), ["engine-subset both", "one-process"]),
    "a message flow from nowhere": (
        lambda: pools(flows=both("gone", "p_2")),
        ["engine-subset both", "one-process", "dangling-reference mail"],
    ),
    # -- flow
    "two starts": (lambda: line("one").start("again").path("again", "one").files(), ["single-blank-start-event demo"]),
    "no start": (lambda: Diagram().task("one").end().path("one", "finish").files(), ["start-event-required demo"]),
    "no end": (
        lambda: Diagram().start().task("one").path("begin", "one").files(),
        ["no-implicit-end one", "end-event-required demo"],
    ),
    "alone": (lambda: line("one").task("alone").files(), ["no-implicit-end alone", "no-disconnected alone"]),
    "behind nothing": (lambda: line("one").task("other").path("other", "finish").files(), ["no-implicit-start other"]),
    "round for ever": (
        lambda: line("one").choice("in").task("x").task("y").path("in", "x", "y", "in").files(),
        ["reachable-from-start in", "reachable-from-start x", "reachable-from-start y", "superfluous-gateway in"],
    ),
    "a flow over the border of a subprocess": (
        lambda: embedded(inner()).path("in_one", "finish").files(),
        ["flow-within-scope flow_in_one_finish_3"],
    ),
    "a subprocess that starts with a timer": (
        lambda: changed(
            embedded(inner()),
            '名称 in_begin"></bpmn:startEvent>',
            '名称 in_begin"><bpmn:timerEventDefinition/></bpmn:startEvent>',
        ),
        ["sub-process-blank-start-event in_begin"],
    ),
    "a task that splits": (lambda: line("one").end("other").path("one", "other").files(), ["no-implicit-split one"]),
    "a condition on a task": (
        lambda: Diagram().start().task("one").end().path("begin", "one").flow("one", "finish", "x == 1", "if").files(),
        ["conditional-flows if"],
    ),
    "two ways to the same": (
        lambda: asked("note == 'x'").flow("which", "finish", "note == 'y'", "third").files(),
        ["no-duplicate-sequence-flows third"],
    ),
    "the same condition twice": (
        lambda: (
            asked("note == 'x'")
            .task("three")
            .path("three", "finish")
            .flow("which", "three", "note == 'x'", "third")
            .files()
        ),
        ["constant-condition third"],
    ),
    "a condition that asks nothing": (lambda: asked("1 == 1").files(), ["constant-condition yes"]),
    "a condition without a name": (
        lambda: changed(asked("note == 'x'"), ' name="which到two"', ""),
        ["label-required yes"],
    ),
    "a wrong default": (
        lambda: changed(asked("note == 'x'"), 'default="no"', 'default="gone"'),
        ["default-flow which", "conditional-flows no"],
    ),
    "a default on a task": (
        lambda: changed(line("one"), '<bpmn:userTask id="one"', '<bpmn:userTask default="f" id="one"'),
        ["default-flow one"],
    ),
    "a join that waits for ever": (
        lambda: (
            Diagram()
            .start()
            .choice("which", default="no")
            .task("one")
            .task("two")
            .parallel("meet")
            .end()
            .path("begin", "which")
            .flow("which", "one", "x == 1")
            .flow("which", "two", flow_id="no")
            .path("one", "meet", "finish")
            .path("two", "meet")
            .files()
        ),
        ["gateway-can-fire meet"],
    ),
    "joins and splits at once": (
        lambda: (
            Diagram()
            .start()
            .parallel("fork")
            .task("a")
            .task("b")
            .parallel("both")
            .task("c")
            .task("d")
            .parallel("meet")
            .end()
            .path("begin", "fork", "a", "both", "c", "meet", "finish")
            .path("fork", "b", "both")
            .path("both", "d", "meet")
            .files()
        ),
        ["no-gateway-join-fork both"],
    ),
    "a gateway for nothing": (
        lambda: Diagram().start().parallel("x").end().path("begin", "x", "finish").files(),
        ["superfluous-gateway x"],
    ),
    "a termination of itself": (
        lambda: (
            Diagram()
            .start()
            .task("one")
            .end("stop", "<bpmn:terminateEventDefinition/>")
            .path("begin", "one", "stop")
            .files()
        ),
        ["superfluous-termination stop"],
    ),
    "split by one kind, merged by another": (lambda: merged().files(), ["merge-runs-once on"]),
    "merged before a fact": (lambda: merged_at_end("known").files(), ["merge-runs-once on"]),
    "merged before an end that is a fact": (
        lambda: merged_at_end(milestone="disposed").files(),
        ["merge-runs-once on"],
    ),
    "split in three, two joined": (
        lambda: (
            Diagram()
            .start()
            .parallel("fork")
            .task("one")
            .task("two")
            .task("three")
            .parallel("meet")
            .choice("on")
            .task("four")
            .end()
            .path("begin", "fork", "one", "meet", "on", "four", "finish")
            .path("fork", "two", "meet")
            .path("fork", "three", "on")
            .files()
        ),
        ["merge-runs-once on"],
    ),
    "tokens without end": (
        lambda: (
            Diagram()
            .start()
            .choice("in")
            .parallel("fork")
            .task("one")
            .task("two")
            .task("three")
            .parallel("meet")
            .end()
            .path("begin", "in", "fork", "one", "in")
            .path("fork", "two", "meet", "finish")
            .path("fork", "three", "meet")
            .files()
        ),
        ["gateway-not-tried fork"],
    ),
    "a circle of nothing but gateways and facts": (
        lambda: circle("intermediateThrowEvent", milestone="disposed").files(),
        ["circle-waits again"],
    ),
    "a circle past a task that may be left out": (lambda: optional_visit().files(), ["circle-waits again"]),
    "a circle of conditions that never hold together": (lambda: never_round().files(), ["circle-waits high"]),
    "a circle by default": (lambda: round_by_default().files(), ["circle-can-end high"]),
    "a circle without a way out": (
        lambda: no_way_out().files(),
        [
            *(f"reachable-end {each}" for each in ("one", "turn", "back", "pass")),
            "default-flow-missing turn",
            "circle-can-end turn",
        ],
    ),
    # -- events
    "a catch event for nothing": (
        lambda: Diagram().start().node("intermediateCatchEvent", "wait").end().path("begin", "wait", "finish").files(),
        ["event-has-definition wait"],
    ),
    "two definitions": (
        lambda: changed(
            waiting(),
            '<bpmn:messageEventDefinition messageRef="Message_case_closed"/>',
            '<bpmn:messageEventDefinition messageRef="Message_case_closed"/><bpmn:timerEventDefinition>'
            "<bpmn:timeDate>now()</bpmn:timeDate></bpmn:timerEventDefinition>",
        ),
        ["single-event-definition came"],
    ),
    "on a gateway": (
        lambda: asked("note == 'x'").timer("t", "now()", on="which").path("t", "two").files(),
        ["boundary-host t"],
    ),
    "a timer of an empty date": (lambda: changed(waiting(), 'after("2d")', ""), ["expression-readable late"]),
    "a duration": (
        lambda: {
            **waiting().files(),
            "demo.bpmn": waiting()
            .text()
            .replace("bpmn:timeDate", "bpmn:timeDuration")
            .replace('after("2d")', "P2D")
            .encode(),
        },
        ["timer-has-date late"],
    ),
    "a call of nobody": (
        lambda: (
            Diagram()
            .start()
            .node("callActivity", "call", calledElement="nobody")
            .end()
            .path("begin", "call", "finish")
            .files()
        ),
        ["called-process-exists call"],
    ),
    "two timers at once": (
        lambda: two_timers('before(due, "1wd")', "before( due,'1wd' )").files(),
        ["timers-apart second"],
    ),
    "a reminder before the task": (
        lambda: two_timers('before(due, "30d")', 'before(due, "11wd")').files(),
        ["timer-in-time first", "timer-in-time second"],
    ),
    "a phase of no plan": (
        lambda: line("one", dueDate='latest(phase_end("nophase"), after("1d"))', basis="一").files(),
        ["phase-exists one"],
    ),
    "a phase of no plan in a timer": (
        lambda: changed(waiting(), 'after("2d")', "phase_start('nophase')"),
        ["phase-exists late"],
    ),
    # -- ours
    "ten of what": (lambda: line("one", dueDate='after("10")', basis="一").files(), ["deadline-has-unit one"]),
    "a number is no deadline": (lambda: line("one", dueDate="10", basis="一").files(), ["deadline-has-unit one"]),
    "not our language": (lambda: line("one", dueDate="${due}", basis="一").files(), ["expression-readable one"]),
    "on no basis": (lambda: line("one", dueDate='after("10wd")').files(), ["deadline-has-basis one"]),
    "a basis of nothing": (lambda: line("one", basis="一").files(), ["basis-without-deadline one"]),
    "a timer for nobody": (lambda: timed(interrupting=False).files(), ["timer-has-owner late"]),
    "taken away without a word": (lambda: timed(interrupting=True).files(), ["no-silent-timeout late"]),
    "due of a task without a deadline": (
        lambda: (
            line("one")
            .timer("t", 'before(due, "1wd")', on="one", interrupting=False)
            .job("j")
            .end("e")
            .path("t", "j", "e")
            .files()
        ),
        ["timer-needs-deadline t"],
    ),
    "a reminder to nobody": (lambda: remind("'clerk@area'").files(), ["escalation-target-exists tell"]),
    "a reminder without a place": (lambda: remind("'head'").files(), ["escalation-target-exists tell"]),
    "an escalation to no process": (
        lambda: (
            Diagram()
            .start()
            .task("one")
            .job("up", "start_process", process="'supervison'", task="'one'")
            .end()
            .path("begin", "one", "up", "finish")
            .files()
        ),
        ["escalation-target-exists up"],
    ),
    "an escalation to a process without records of its own": (
        lambda: (
            Diagram()
            .start()
            .task("one")
            .job("up", "start_process", process="'cleanup'", task="'one'")
            .end()
            .path("begin", "one", "up", "finish")
            .files()
        ),
        ["escalation-target-exists up"],
    ),
    "an escalation of no task": (
        lambda: (
            Diagram()
            .start()
            .task("one")
            .job("up", "start_process", process="'supervision'", task="'noe'")
            .end()
            .path("begin", "one", "up", "finish")
            .files()
        ),
        ["escalation-target-exists up"],
    ),
    "a message that nobody gets": (
        lambda: (
            Diagram()
            .start()
            .job("up", "publish_message", name="'item_resolvd'")
            .end()
            .path("begin", "up", "finish")
            .files()
        ),
        ["escalation-target-exists up"],
    ),
    "closed by who did it": (lambda: closing("officer@area"), ["closing-needs-acceptance finish"]),
    "closed past the acceptance": (lambda: jumped().files(), ["closing-needs-acceptance finish"]),
    "a choice that the form does not have": (
        lambda: chosen('note == "no_such_choice" or "y" in kinds or default("note", "none") in ["none", "maybe"]'),
        ["answer-possible yes", "answer-possible yes", "answer-possible yes"],
    ),
    "no choice of the form, asked for on either way": (lambda: special(either(), "on"), ["answer-possible yes"]),
    "no choice of the form, asked for on a branch": (
        lambda: special(asked_on_a_branch(), "meet"),
        ["answer-possible yes"],
    ),
    "no choice of the form, asked for in a subprocess": (
        lambda: special(Diagram().start().embedded("part", inner()).path("begin", "part"), "part"),
        ["answer-possible yes"],
    ),
    "no choice of the form, asked for before a subprocess": (
        lambda: asked_around(inner_choice()).files(form__form=CHOICES),
        ["answer-possible in_yes"],
    ),
    "a slip of the pen, no walk to know better": (
        lambda: asked("proposla > 1", form="last").files(form__form=PROPOSAL, last__form=PROPOSAL),
        ["variable-defined-before-use yes"],
    ),
    "a slip of the pen that default hides": (
        lambda: asked('default("propsal", 0) > 1').files(form__form=PROPOSAL),
        ["variable-defined-before-use yes"],
    ),
    "separate from one of two of the same name": (
        lambda: apart("twice").files(),
        ["separation-which one"],
    ),
    "separate from a task of another process that is not there": (
        lambda: apart("cleanup:site_check").files(),
        ["separation-exists one"],
    ),
    "asked for a slip of the pen": (lambda: walked(asked('noet == "x"')), ["variable-defined-before-use yes"]),
    "asked before it is set": (
        lambda: asked("later > 1", form="last").files(last__form=LATER),
        ["variable-defined-before-use yes"],
    ),
    "an input that is not there yet": (
        lambda: walked(
            Diagram()
            .start()
            .job("tell", "remind", to="'head@area'", message="reason")
            .task("one")
            .end()
            .path("begin", "tell", "one", "finish")
        ),
        ["variable-defined-before-use tell"],
    ),
    "an identity card": (lambda: line("one", name=f"核查 {IDENTITY_CARD}").files(), ["no-personal-data-in-name one"]),
    "a phone in a note": (
        lambda: changed(
            line("one"),
            "</bpmn:userTask>",
            "<bpmn:documentation>找老王 13800138000</bpmn:documentation></bpmn:userTask>",
        ),
        ["no-personal-data-in-name one"],
    ),
    "one on another": (lambda: changed(line("one", "two"), 'x="240"', 'x="150"'), ["no-overlapping-elements one"]),
    "one of ours in the wrong place": (lambda: line("one", jobKind="remind").files(), ["duban-attribute-known one"]),
    "no list for several": (
        lambda: Diagram().start().task("many", several("", "unit")).end().path("begin", "many", "finish").files(),
        ["multi-instance many"],
    ),
    "far too often": (
        lambda: Diagram().start().task("many", often("60000")).end().path("begin", "many", "finish").files(),
        ["multi-instance many"],
    ),
    "names of inputs": (
        lambda: (
            Diagram()
            .start()
            .node("serviceTask", "tell", job_inputs(**{"to me": "1"}), jobKind="remind")
            .end()
            .path("begin", "tell", "finish")
            .files()
        ),
        ["job-input tell"],
    ),
}
