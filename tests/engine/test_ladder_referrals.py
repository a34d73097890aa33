"""The referral at the top of a ladder: what the others read of it, when it is proposed again, and that it gives way to
one by hand of the same matter (政府督查工作条例 ss. 21, 23)."""

from typing import Any

import pytest
import sqlalchemy as sa
from accountability_acts import climb_a_day, climb_until, late_case, prepare_referral
from scenario import NewScenario, Scenario

from engine.commands.instances import CancelInstance
from engine.commands.moves import MoveInstance
from engine.commands.referrals import ProposeReferral
from engine.domain.actor import Actor
from engine.queries.batches import JobFilter
from engine.queries.conformance import MOVED, Conformance
from engine.queries.desk import DeskFilter
from engine.queries.event_log import LogFilter
from engine.store.schema import (
    definitions,
    facts,
    incidents,
    instances,
    jobs,
    letters,
    referrals,
    rungs,
    supervision_items,
    waits,
)

TELLING = ("accountability", "refer", "移送", "问责", "再议")
AT_THE_TOP = {
    "propose_referral",
    "start_accountability",
    "accountability_declined",
    "accountability_over",
    "think_again",
}
OUTCOME = {
    "outcome_subject": "unit",
    "outcome_form": "circulated",
    "outcome_organ": "演示机关",
    "outcome_more": "no",
}


@pytest.fixture
def backend() -> str:
    return "sqlite"


def proposed(scenario: Scenario) -> None:
    climb_until(scenario, late_case(scenario), "prepare_referral")


def below_the_top(scenario: Scenario) -> None:
    """The circular is out; the next rung is the referral."""
    case = late_case(scenario)
    while "circular" not in reached(scenario):
        climb_a_day(scenario, case)


def reached(scenario: Scenario) -> list[str]:
    return [row["instrument"] for row in scenario.rows(sa.select(rungs.c.instrument).order_by(rungs.c.position))]


def rungs_noted(scenario: Scenario) -> list[str]:
    query = sa.select(facts.c.detail).where(facts.c.kind == "RungReached").order_by(facts.c.fact_id)
    return [row["detail"]["rung"] for row in scenario.rows(query)]


def made(scenario: Scenario) -> list[tuple[bool, str]]:
    """Of each referral whether it is the ladder's, and its state."""
    found = scenario.rows(sa.select(referrals.c.item_id, referrals.c.state).order_by(referrals.c.opened_at))
    return [(row["item_id"] is not None, row["state"]) for row in found]


def item(scenario: Scenario) -> dict[str, Any]:
    [found] = scenario.rows(sa.select(supervision_items))
    return found


def decide(scenario: Scenario, outcome: str) -> None:
    case = item(scenario)["case_id"]
    prepare_referral(scenario, case, by=scenario.supervisor)
    scenario.complete("approve_referral", case, outcome=outcome, referral_opinion="已阅（演示）")
    scenario.work()


def told(scenario: Scenario, actor: Actor) -> dict[str, Any]:
    """All that the pages of the case and its item say of what the ladder does at its top."""
    read, found = scenario.engine.read, item(scenario)
    [ladder] = scenario.rows(sa.select(instances.c.instance_id).where(instances.c.kind == "supervision"))
    page, case = read.item(actor, found["item_id"]), read.case(actor, found["case_id"])
    [diagram] = read.diagrams(actor, ladder["instance_id"])
    own = read.instance(actor, ladder["instance_id"]) if actor.sees_all else None
    said = [str((fact.kind, fact.detail)) for fact in (*case.facts, *page.facts, *(own.facts if own else ()))]
    return {
        "facts": sorted({words for words in said if any(word in words for word in TELLING)}),
        "diagram": [*diagram.passed, *(token.element_id for token in diagram.tokens)],
        "next": (page.next_at, read.explain_next(actor, found["item_id"])),
        "desk": [
            number
            for row in read.desk(actor, DeskFilter()).rows
            for _, number, _ in row.open_letters
            if row.item_id and "移" in number
        ],
        "instance": bool(own and (own.tokens or own.jobs or own.messages or own.variables)),
        "incidents": [found.incident_id for found in read.incidents(actor)],
        "jobs": [found.job_id for found in read.jobs(actor, JobFilter()).rows],
        "conformance": sorted(AT_THE_TOP & conformance(scenario, actor).passed.keys()),
    }


def conformance(scenario: Scenario, actor: Actor) -> Conformance:
    [row] = scenario.rows(sa.select(definitions.c.definition_id).where(definitions.c.key == "supervision"))
    return scenario.engine.read.conformance(actor, row["definition_id"])


def set_back(scenario: Scenario) -> None:
    """An administrator sets a ladder that waits for the decision back to its proposal."""
    [ladder] = scenario.rows(sa.select(instances.c.instance_id).where(instances.c.kind == "supervision"))
    waiting = scenario.rows(
        sa.select(waits.c.token, waits.c.message).where(waits.c.instance_id == ladder["instance_id"])
    )
    tokens = tuple(str(wait["token"]) for wait in waiting if wait["message"] == "accountability_closed")
    move = MoveInstance(
        ladder["instance_id"], "移送材料要补正（演示）", tokens, (("supervision", "start_accountability"),)
    )
    scenario.engine.execute(move, by=scenario.person("xitong"))
    scenario.work()


def test_the_unit_and_other_supervisors_read_nowhere_that_its_referral_was_declined(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=proposed)
    decide(scenario, "declined")

    for login in ("gxj1", "ducha2"):
        seen = told(scenario, scenario.person(login))
        assert (seen["facts"], seen["next"], seen["desk"]) == ([], (None, None), []), login
        assert not seen["instance"], login
        assert seen["conformance"] == [], login
        assert not {"start_accountability", "referral_answered", "think_again"} & set(seen["diagram"]), login
    ours = told(scenario, scenario.supervisor)
    assert ours["diagram"][-1] == "think_again" and ours["next"][0] is not None
    assert any("accountability_declined" in words for words in ours["facts"])
    assert ours["conformance"] == ["accountability_declined", "propose_referral", "start_accountability"]
    for login in ("sheji", "fabu", "ducha2"):
        found = conformance(scenario, scenario.person(login))
        assert (found.following, found.total, found.findings) == (1, 1, ()), login
        assert not AT_THE_TOP & found.passed.keys(), login

    log = LogFilter(scenario.campaign, as_of=scenario.now)
    for actor, knows in ((scenario.person("sheji"), False), (scenario.supervisor, True)):
        logged = [event.element_id for trace in scenario.engine.read.event_log(actor, log) for event in trace.events]
        assert ("think_again" in logged, "start_accountability" in logged) == (False, knows), actor.name


def test_what_stops_at_a_referral_is_told_to_whom_it_concerns_and_to_who_keeps_the_system(
    new_scenario: NewScenario,
) -> None:
    scenario = new_scenario(story=proposed)
    decide(scenario, "declined")
    stopped = scenario.rows(
        sa.select(instances.c.instance_id, jobs.c.job_id)
        .outerjoin(jobs, sa.and_(jobs.c.instance_id == instances.c.instance_id, jobs.c.state == "OPEN"))
        .where(instances.c.kind.in_(("supervision", "accountability")))
    )
    with scenario.raw() as connection:
        for number, row in enumerate(stopped):
            values = {"kind": "job", "message": "演示", "raised_at": scenario.now, "instance_id": row["instance_id"]}
            connection.execute(incidents.insert().values(incident_id=f"stop{number}", **values))
            connection.execute(jobs.update().where(jobs.c.job_id == row["job_id"]).values(state="FAILED"))

    for login in ("gxj1", "ducha2"):
        seen = told(scenario, scenario.person(login))
        assert (seen["instance"], seen["incidents"], seen["jobs"]) == (False, [], []), login
    for login in ("ducha1", "xitong"):
        read, actor = scenario.engine.read, scenario.person(login)
        assert len(read.incidents(actor)) == len(stopped) > 1, login
        assert {row.job_id for row in read.jobs(actor, JobFilter()).rows} == {row["job_id"] for row in stopped} - {None}
    assert told(scenario, scenario.supervisor)["instance"]


def test_a_ladder_that_was_moved_at_its_top_tells_the_others_neither_where_nor_why(
    new_scenario: NewScenario,
) -> None:
    scenario = new_scenario(story=proposed)
    case, others = item(scenario)["case_id"], [scenario.person(login) for login in ("sheji", "ducha2", "xitong")]

    set_back(scenario)
    decide(scenario, "approved")
    scenario.complete("record_outcome", case, by=scenario.person("jijian"), **OUTCOME)
    scenario.work()

    *hidden, told_of = [conformance(scenario, actor) for actor in (*others, scenario.person("jijian"))]
    for found in hidden:
        named = [(each.kind, each.element_id, [told.reason for told in each.instances]) for each in found.findings]
        assert (named, found.by_hand, found.total) == ([(MOVED, "", [""])], 1, 1)
        assert not AT_THE_TOP & found.passed.keys()
    assert [(each.kind, each.element_id) for each in told_of.findings] == [(MOVED, "start_accountability")]
    assert told(scenario, scenario.person("gxj1"))["facts"] == []
    noted = {fact.kind for fact in scenario.engine.read.item(scenario.person("gxj1"), item(scenario)["item_id"]).facts}
    assert "InstanceMoved" not in noted


def test_the_desk_does_not_name_the_letter_of_a_referral_to_whom_it_does_not_concern(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=proposed)
    decide(scenario, "approved")
    [letter] = scenario.rows(sa.select(letters.c.number).where(letters.c.kind == "referral"))

    seen = {login: told(scenario, scenario.person(login))["desk"] for login in ("ducha1", "ducha2", "gxj1", "lingdao")}

    assert seen == {"ducha1": [letter["number"]], "ducha2": [], "gxj1": [], "lingdao": [letter["number"]]}


def cancel(scenario: Scenario) -> None:
    [process] = scenario.rows(sa.select(instances.c.instance_id).where(instances.c.kind == "accountability"))
    scenario.engine.execute(CancelInstance(process["instance_id"], "误启动（演示）"), by=scenario.person("xitong"))
    scenario.work()


def test_a_referral_that_went_out_is_not_proposed_again_when_its_process_is_cancelled(
    new_scenario: NewScenario,
) -> None:
    scenario = new_scenario(story=proposed)
    decide(scenario, "approved")
    cancel(scenario)

    scenario.advance("21wd")

    assert (made(scenario), item(scenario)["state"]) == ([(True, "DROPPED")], "REFERRED")


@pytest.mark.parametrize("by_hand", ["declined", "cancelled"])
def test_a_referral_that_came_to_nothing_is_proposed_again_once_the_time_is_over(
    new_scenario: NewScenario, by_hand: str
) -> None:
    scenario = new_scenario(story=proposed)
    if by_hand == "declined":
        decide(scenario, "declined")
    else:
        cancel(scenario)
    level_at, gone = item(scenario)["level_at"], (True, {"declined": "DECLINED", "cancelled": "DROPPED"}[by_hand])

    scenario.advance("19wd")
    before = made(scenario)
    scenario.advance("1wd")

    assert (before, made(scenario)) == ([gone], [gone, (True, "PREPARING")])
    assert reached(scenario).count("referral") == 1  # counted once, however often it is proposed
    assert item(scenario)["level_at"] == level_at
    assert scenario.engine.read.violations() == ()


@pytest.mark.parametrize("outcome", ["declined", "approved"])
def test_the_ladder_proposes_none_beside_one_by_hand_of_the_same_matter(
    new_scenario: NewScenario, outcome: str
) -> None:
    scenario = new_scenario(story=below_the_top)
    case = item(scenario)["case_id"]
    waiting = sa.select(jobs.c.job_id).where(
        jobs.c.kind == "start_process", jobs.c.state == "OPEN", jobs.c.element_id == "start_accountability"
    )
    level = item(scenario)["level"]
    command = ProposeReferral(scenario.campaign, item(scenario)["unit_id"], "弄虚作假（演示）", case)
    scenario.engine.execute(command, by=scenario.supervisor)
    while not scenario.rows(waiting):
        climb_a_day(scenario, case)
    scenario.advance("3wd")
    under_way, stands = made(scenario), (reached(scenario)[-1], item(scenario)["level"], rungs_noted(scenario)[-1])
    unseen = [told(scenario, scenario.person(login)) for login in ("gxj1", "ducha2")]

    decide(scenario, outcome)
    if outcome == "approved":
        scenario.complete("record_outcome", case, by=scenario.person("jijian"), **OUTCOME)
        scenario.work()
    scenario.advance("19wd")
    before = made(scenario)
    scenario.advance("1wd")

    by_hand = (False, {"declined": "DECLINED", "approved": "CONCLUDED"}[outcome])
    assert (under_way, before) == ([(False, "PREPARING")], [by_hand])
    assert made(scenario) == [by_hand, *([(True, "PREPARING")] if outcome == "declined" else [])]
    assert stands == ("circular", level, "circular")
    assert unseen[0]["facts"] == []
    assert [(seen["conformance"], AT_THE_TOP & {*seen["diagram"]}) for seen in unseen] == [([], set()), ([], set())]
    assert [reached(scenario).count("referral"), rungs_noted(scenario).count("referral")] == 2 * [outcome == "declined"]
    assert told(scenario, scenario.person("gxj1"))["facts"] == []
    if outcome == "approved":  # the work is done: the ladder ends as ever
        scenario.clean_up(case)
        scenario.work()
        assert item(scenario)["state"] == "RESOLVED"
        assert scenario.rows(waiting) == []
    assert scenario.engine.read.violations() == ()
