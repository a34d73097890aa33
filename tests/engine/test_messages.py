"""Messages find the one instance that waits for them, by business key and by keys, once, now or when it begins to
wait."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import Scenario, new_case

from engine.commands.definitions import Deploy
from engine.commands.instances import ResumeInstance, SuspendInstance
from engine.commands.messages import SendMessage
from engine.commands.register import RegisterCases
from engine.domain.actor import SYSTEM, Actor
from engine.domain.message import MessageState, awaited_key, correlation_key
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.store.schema import instances, jobs, messages, waits

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:duban="urn:duban:bpmn" id="definitions" targetNamespace="urn:duban:test">'
)
FORM = b'{"type": "default", "id": "form", "components": [{"type": "textfield", "key": "note", "label": "Note"}]}'
KEY = "duban:correlation"


def laboratory(*, correlation: str = "", waits_at_once: bool = True) -> dict[str, bytes]:
    """A case that waits for the result of a laboratory, at once or after a first task, and has it read."""
    attribute = f'{KEY}="{correlation}"' if correlation else ""
    first = (
        ""
        if waits_at_once
        else '<bpmn:userTask id="take_sample" name="取样" duban:formKey="form" duban:candidateGroups="officer@area"/>'
    )
    after_start = "result_came" if waits_at_once else "take_sample"
    flow = "" if waits_at_once else '<bpmn:sequenceFlow id="f0" sourceRef="take_sample" targetRef="result_came"/>'
    return {
        "case_lifecycle.bpmn": (
            f'{HEAD}<bpmn:message id="lab" name="lab_result"/><bpmn:process id="case_lifecycle" name="送检"'
            ' isExecutable="true"><bpmn:startEvent id="begin" name="开始"/>'
            f'{first}<bpmn:intermediateCatchEvent id="result_came" name="结果送达" {attribute}>'
            '<bpmn:messageEventDefinition id="catch" messageRef="lab"/></bpmn:intermediateCatchEvent>'
            '<bpmn:userTask id="read_result" name="核对结果" duban:formKey="form"'
            ' duban:candidateGroups="officer@area"/><bpmn:endEvent id="finish" name="结束"/>'
            f'<bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="{after_start}"/>{flow}'
            '<bpmn:sequenceFlow id="f2" sourceRef="result_came" targetRef="read_result"/>'
            '<bpmn:sequenceFlow id="f3" sourceRef="read_result" targetRef="finish"/>'
            "</bpmn:process></bpmn:definitions>"
        ).encode(),
        "form.form": FORM,
    }


def deploy(scenario: Scenario, **wanted: Any) -> None:
    scenario.engine.execute(Deploy("case_lifecycle", laboratory(**wanted)), by=SYSTEM)


def send(scenario: Scenario, message_id: str = "m1", *, by: Actor = SYSTEM, **wanted: Any) -> None:
    scenario.engine.execute(SendMessage(message_id, "lab_result", **wanted), by=by)


def states(scenario: Scenario) -> dict[str, str]:
    query = sa.select(messages.c.message_id, messages.c.state).order_by(messages.c.message_id)
    return {row["message_id"]: row["state"] for row in scenario.rows(query)}


def standing(scenario: Scenario) -> dict[str, list[str]]:
    """Case number -> the tasks that are open in it."""
    return {
        row["business_key"]: [task.element_id for task in scenario.tasks(row["business_key"])]
        for row in scenario.rows(sa.select(instances).order_by(instances.c.business_key))
    }


# -- keys --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({}, None),
        ({"b": 2, "a": "x"}, "a=x;b=2"),
        ({"a": "x;b=2"}, "a=x%3Bb%3D2"),
        ({"a": "100%"}, "a=100%25"),
        ({"flag": True}, "flag=true"),
        ({"a": ""}, "a="),
        ({"a": None}, "a"),
    ],
)
def test_keys_have_one_text(keys: dict[str, Any], text: str | None) -> None:
    assert correlation_key(keys) == text


def test_a_long_key_is_kept_as_its_hash_and_still_fits_its_wait() -> None:
    key = correlation_key({"a": "长" * 300})

    assert key is not None and len(key) <= 200
    assert key == awaited_key(("a",), {"a": "长" * 300, "other": 1}) != correlation_key({"a": "长" * 301})


# -- somebody waits ----------------------------------------------------------------------------------------------------
def test_a_message_finds_its_case_by_number_and_brings_its_variables(scenario: Scenario) -> None:
    deploy(scenario)
    first, second = scenario.register(2)

    send(scenario, business_key=second, variables={"lead_mg": 3.5, "is_clean": False})
    scenario.work()

    assert standing(scenario) == {first: [], second: ["read_result"]}
    page = scenario.page(scenario.task_of(second, "read_result"), scenario.supervisor)
    assert (page.variables["lead_mg"], page.variables["is_clean"]) == (3.5, False)
    sent = scenario.engine.read.message(SYSTEM, "m1")
    [row] = scenario.rows(sa.select(instances.c.instance_id).where(instances.c.business_key == second))
    assert (sent.state, sent.instance_id, sent.delivered_at) == (
        MessageState.DELIVERED, row["instance_id"], scenario.now
    )  # fmt: skip
    assert [fact["case_id"] for fact in scenario.facts("MessageDelivered")] == [second]
    assert scenario.engine.read.violations() == ()


def test_a_message_finds_its_case_by_the_keys_that_the_diagram_names(scenario: Scenario) -> None:
    deploy(scenario, correlation="area, case")
    first, second = scenario.register(2)
    assert {row["correlation_key"] for row in scenario.rows(sa.select(waits))} == {
        f"area=chengjiao;case={case}" for case in (first, second)
    }

    send(scenario, keys={"case": first, "area": "chengjiao"})
    scenario.work()

    assert standing(scenario) == {first: ["read_result"], second: []}


def test_a_message_that_fits_several_is_refused_unless_it_names_one(scenario: Scenario) -> None:
    deploy(scenario, correlation="area")
    first, second = scenario.register(2)

    with pytest.raises(Rejected) as refused:
        send(scenario, keys={"area": "chengjiao"})
    assert (refused.value.code, states(scenario)) == ("message_ambiguous", {})
    send(scenario, business_key=second, keys={"area": "chengjiao"})
    scenario.work()

    assert standing(scenario) == {first: [], second: ["read_result"]}


def test_a_message_with_another_key_is_not_for_this_wait(scenario: Scenario) -> None:
    deploy(scenario, correlation="area")
    [case] = scenario.register()

    send(scenario, business_key=case, keys={"area": "elsewhere"})
    scenario.work()

    assert (standing(scenario), states(scenario)) == ({case: []}, {"m1": "WAITING"})


# -- once --------------------------------------------------------------------------------------------------------------
def test_a_message_sent_twice_has_one_effect_and_its_id_means_one_thing(scenario: Scenario) -> None:
    deploy(scenario)
    [case] = scenario.register()

    for _ in range(3):
        send(scenario, business_key=case, variables={"lead_mg": 1})
        scenario.work()
    with pytest.raises(Rejected) as refused:
        send(scenario, business_key=case, variables={"lead_mg": 2})

    assert refused.value.code == "message_id_reused"
    assert len(scenario.facts("MessageDelivered")) == len(scenario.facts("MessageSent")) == 1
    assert states(scenario) == {"m1": "DELIVERED"}


def test_two_messages_for_one_wait_are_one_delivered_and_one_kept(scenario: Scenario) -> None:
    deploy(scenario)
    [case] = scenario.register()

    send(scenario, "m1", business_key=case, variables={"lead_mg": 1})
    scenario.clock.advance(timedelta(seconds=1))
    send(scenario, "m2", business_key=case, variables={"lead_mg": 2})
    scenario.work()

    assert states(scenario) == {"m1": "DELIVERED", "m2": "WAITING"}
    page = scenario.page(scenario.task_of(case, "read_result"), scenario.supervisor)
    assert page.variables["lead_mg"] == 1


# -- nobody waits yet --------------------------------------------------------------------------------------------------
def test_a_message_that_comes_too_early_is_delivered_when_the_wait_begins(scenario: Scenario) -> None:
    deploy(scenario, correlation="sample", waits_at_once=False)
    [case] = scenario.register()
    send(scenario, keys={"sample": "S-7"}, variables={"lead_mg": 2})
    scenario.work()
    assert (states(scenario), standing(scenario)) == ({"m1": "WAITING"}, {case: ["take_sample"]})

    scenario.complete("take_sample", case, sample="S-7")
    scenario.work()

    assert (states(scenario), standing(scenario)) == ({"m1": "DELIVERED"}, {case: ["read_result"]})
    assert scenario.engine.read.violations() == ()


def test_a_kept_message_goes_to_one_of_two_that_begin_to_wait(scenario: Scenario) -> None:
    deploy(scenario, correlation="area")
    send(scenario, "m1", keys={"area": "chengjiao"})

    scenario.register(2)
    scenario.work()

    assert sorted(standing(scenario).values()) == [[], ["read_result"]]
    assert states(scenario) == {"m1": "DELIVERED"}


@pytest.mark.parametrize(("seconds", "state"), [(-1, "DELIVERED"), (0, "EXPIRED"), (1, "EXPIRED")])
def test_a_message_is_kept_thirty_days(scenario: Scenario, seconds: int, state: str) -> None:
    deploy(scenario)
    number = scenario.register()[0]
    scenario.work()
    send(scenario, business_key=number[:-1] + "9")  # the ninth case, which nobody has registered yet

    scenario.clock.advance(timedelta(days=30, seconds=seconds))
    scenario.register(8)
    scenario.work()
    scenario.clock.advance(timedelta(seconds=61))
    scenario.work()

    assert states(scenario) == {"m1": state}


def test_what_has_expired_is_never_delivered_even_before_the_worker_has_said_so(scenario: Scenario) -> None:
    deploy(scenario)
    send(scenario, keys={"area": "x"}, expires_at=scenario.now + timedelta(hours=1))
    [case] = scenario.register()
    send(scenario, "m2", business_key=case, expires_at=scenario.now + timedelta(hours=1))

    scenario.clock.advance(timedelta(hours=1))
    scenario.work()

    assert states(scenario) == {"m1": "EXPIRED", "m2": "EXPIRED"}
    assert standing(scenario) == {case: []}


def test_a_suspended_instance_gets_its_message_when_it_goes_on(scenario: Scenario) -> None:
    deploy(scenario)
    [case] = scenario.register()
    [row] = scenario.rows(sa.select(instances.c.instance_id))
    scenario.engine.execute(SuspendInstance(row["instance_id"], "演示"), by=scenario.supervisor)

    send(scenario, business_key=case)
    scenario.work()
    assert standing(scenario) == {case: []}
    scenario.engine.execute(ResumeInstance(row["instance_id"]), by=scenario.supervisor)
    scenario.work()

    assert standing(scenario) == {case: ["read_result"]}


# -- who and what ------------------------------------------------------------------------------------------------------
def test_only_those_who_keep_the_system_or_watch_may_send(scenario: Scenario) -> None:
    deploy(scenario)
    [case] = scenario.register()

    with pytest.raises(NotPermitted):
        send(scenario, business_key=case, by=scenario.person("chengjiao1"))
    send(scenario, "by the administrator", business_key=case, by=scenario.person("xitong"))
    with pytest.raises(NotFound):
        scenario.engine.read.message(SYSTEM, "unknown")


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({}, "business_key"),
        ({"business_key": "x", "message_id": ""}, "message_id"),
        ({"business_key": "x", "message_id": "m" * 65}, "message_id"),
        ({"business_key": "x" * 65}, "business_key"),
        ({"keys": {"a b": 1}}, "a b"),
        ({"keys": {"a": None}}, "a"),
        ({"keys": {"a": [1]}}, "a"),
        ({"business_key": "x", "expires_at": "now"}, "expires_at"),
    ],
)
def test_a_message_that_says_too_little_is_refused_with_what_is_wrong(
    scenario: Scenario, wanted: dict[str, Any], where: str
) -> None:
    if wanted.get("expires_at") == "now":
        wanted = {**wanted, "expires_at": scenario.now}

    with pytest.raises(Invalid) as refused:
        send(scenario, **wanted)

    assert [problem.where for problem in refused.value.problems] == [where]


@pytest.mark.parametrize("correlation", ["", "a b", "1st", "area,", "名"])
def test_a_correlation_that_is_no_list_of_names_is_not_deployed(scenario: Scenario, correlation: str) -> None:
    files = laboratory(correlation="area")
    bad = {name: content.replace(b'"area"', f'"{correlation}"'.encode()) for name, content in files.items()}

    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(Deploy("case_lifecycle", bad), by=SYSTEM)

    assert ["result_came" in problem.where for problem in refused.value.problems] == [True]


# -- at the same time --------------------------------------------------------------------------------------------------
def together(*acts: Any) -> list[BaseException]:
    """Each in a thread, all let go at once. Returns what they raised."""
    gate, raised = threading.Barrier(len(acts)), []

    def run(act: Any) -> None:
        gate.wait()
        try:
            act()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_senders_with_one_id_at_the_same_time_have_one_effect(scenario: Scenario) -> None:
    deploy(scenario)
    [case] = scenario.register()

    raised = together(*(lambda: send(scenario, business_key=case) for _ in range(6)))
    scenario.work()

    assert raised == []
    assert len(scenario.facts("MessageSent")) == len(scenario.facts("MessageDelivered")) == 1


def test_a_message_and_its_wait_that_come_at_the_same_time_never_miss_each_other(scenario: Scenario) -> None:
    deploy(scenario, correlation="area")

    for turn in range(12):
        area = ("chengjiao", "baohan")[turn % 2]
        case = new_case(100 + turn, area=area)
        raised = together(
            lambda case=case: scenario.engine.execute(
                RegisterCases(scenario.campaign, (case,)), by=scenario.supervisor
            ),
            lambda turn=turn, area=area: send(scenario, f"turn {turn}", keys={"area": area}),
        )
        assert raised == []
        scenario.work()

    assert set(states(scenario).values()) == {"DELIVERED"} and len(states(scenario)) == 12
    assert scenario.rows(sa.select(waits)) == []
    assert {row["state"] for row in scenario.rows(sa.select(jobs.c.state).where(jobs.c.kind == "publish_message"))} == {
        "DONE"
    }


def test_nobody_closes_a_supervision_by_the_word_that_the_system_keeps_for_itself(scenario: Scenario) -> None:
    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(
            SendMessage("m1", "item_resolved", business_key="any", keys={}, variables={}), by=scenario.supervisor
        )

    assert [problem.where for problem in refused.value.problems] == ["name"]
    assert scenario.rows(sa.select(messages.c.message_id)) == []


# -- from a diagram ----------------------------------------------------------------------------------------------------
def test_a_process_tells_another_by_a_message_and_its_sender_may_be_over_by_then(scenario: Scenario) -> None:
    """The outcome of an accountability closes the supervision item that it came from."""
    [case] = scenario.register()
    scenario.survey(case)
    while not [task for task in scenario.tasks(case) if task.element_id == "prepare_referral"]:
        scenario.advance("5d")
        for task in scenario.tasks(case):
            if task.element_id.startswith("approve_by_"):
                scenario.complete(task.element_id, case, rung_decision="issue")
        scenario.work()
    scenario.complete("prepare_referral", case, referral_facts="逾期（演示）", referral_proposal="建议移送（演示）")
    scenario.complete("approve_referral", case, outcome="approved")
    scenario.work()

    scenario.complete(
        "record_outcome",
        case,
        outcome_subject="unit",
        outcome_form="none",
        outcome_organ="演示机关",
        outcome_note="已整改（演示）",
        outcome_more="no",
    )
    scenario.work()

    ended = sa.select(instances.c.kind, instances.c.state).where(instances.c.kind != "case")
    assert {(row["kind"], row["state"]) for row in scenario.rows(ended)} >= {
        ("accountability", "COMPLETED"), ("supervision", "COMPLETED")
    }  # fmt: skip
    assert [row["state"] for row in scenario.rows(sa.select(messages.c.state))] == ["DELIVERED"]
    assert scenario.engine.read.violations() == ()
