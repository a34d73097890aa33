"""A talk that the ladder asked for: approved once, its letter on the rung, its report the one term that binds, and the
next rung when the table says that the talk held it long enough (domain handbook D, E)."""

import pytest
import sqlalchemy as sa
from accountability_acts import HELD, REPORTED, arrange, climb_until, late_case
from scenario import NewScenario, Scenario, at, quiet_plan

from engine.commands.instances import CancelInstance
from engine.queries.explanations import Explanation
from engine.store.schema import instances, interviews, letters, supervision_items, tasks

MEETING = "2024-07-25T09:30:00+08:00"
REPORT_DUE = "2024-08-26 18:00"  # thirty days on is Saturday, 24 August


@pytest.fixture
def backend() -> str:
    return "sqlite"  # nothing here is the database's own


def called_in(scenario: Scenario) -> None:
    """The ladder has come to the talk on 15 July; it is held on the 25th."""
    case = late_case(scenario)
    climb_until(scenario, case, "prepare_interview")
    arrange(scenario, case, MEETING)
    scenario.work()
    scenario.until("2024-07-25 11:00")
    scenario.complete("hold_interview", case, interview_held_at=MEETING, **HELD)
    scenario.work()


@pytest.fixture
def talk(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=called_in)


def the_case(scenario: Scenario) -> str:
    return str(scenario.rows(sa.select(interviews.c.case_id))[0]["case_id"])


def proposed(scenario: Scenario) -> list[str]:
    """The rungs that wait for their signature, of the item that asked for the talk."""
    [item] = scenario.rows(
        sa.select(supervision_items.c.ruling, instances.c.instance_id)
        .join(instances, instances.c.business_key == supervision_items.c.item_id)
        .where(supervision_items.c.reason != "interview_report_late")
    )
    open_ones = sa.select(tasks.c.task_id).where(tasks.c.instance_id == item["instance_id"], tasks.c.state == "OPEN")
    return [item["ruling"]["answer"]["instrument"] for _ in scenario.rows(open_ones)]


def told(scenario: Scenario) -> tuple[str, str]:
    """(act, talk) of the last question to the table."""
    found = scenario.rows(
        sa.select(supervision_items.c.ruling).where(supervision_items.c.reason != "interview_report_late")
    )[0]["ruling"]
    return found["answer"]["act"], found["inputs"]["talk"]


@pytest.mark.parametrize(
    ("moment", "answer", "waiting"),
    [
        ("2024-08-14 17:59", ("climb", "none"), []),  # thirty days after the rung: the table has not been asked yet
        ("2024-08-14 18:00", ("wait", "open"), []),
        ("2024-08-23 18:00", ("wait", "open"), []),  # a working day before the report is due
        (REPORT_DUE, ("wait", "open"), []),  # on its last instant it is in time
        ("2024-08-27 18:00", ("climb", "late"), ["circular"]),
    ],
)
def test_the_circular_waits_until_the_report_of_the_talk_is_late(
    talk: Scenario, moment: str, answer: tuple[str, str], waiting: list[str]
) -> None:
    talk.until(moment)

    assert (told(talk), proposed(talk)) == (answer, waiting)


def test_a_talk_that_is_settled_lets_the_ladder_go_on(talk: Scenario) -> None:
    case = the_case(talk)
    talk.until("2024-08-20 10:00")
    talk.complete("report_interview", case, **REPORTED)
    talk.until("2024-08-28 18:00")
    assert told(talk) == ("wait", "open")  # reported, being checked: the report's date means nothing any more

    checked = {"interview_checked_on": "2024-08-29", "interview_check_note": "现场核对（演示）"}
    talk.until("2024-08-29 10:00")
    talk.complete("verify_interview", case, interview_check="pass", **checked)
    talk.work()
    talk.until("2024-08-29 18:00")

    assert (told(talk), proposed(talk)) == (("climb", "over"), ["circular"])


def test_a_talk_that_is_called_off_holds_nothing(talk: Scenario) -> None:
    [row] = talk.rows(sa.select(instances.c.instance_id).where(instances.c.kind == "interview"))
    talk.engine.execute(CancelInstance(row["instance_id"], "演示"), by=talk.supervisor)

    talk.until("2024-08-14 18:00")

    assert (told(talk), proposed(talk)) == (("climb", "over"), ["circular"])


@pytest.mark.parametrize(("day", "act"), [("2024-10-11", "wait"), ("2024-10-12", "climb"), ("2024-10-14", "climb")])
def test_a_talk_holds_the_ladder_for_sixty_working_days_at_most(new_scenario: NewScenario, day: str, act: str) -> None:
    """Nobody arranges it. The sixtieth working day after 15 July is 12 October, a Saturday worked for the holidays."""
    scenario = new_scenario(story=lambda it: climb_until(it, late_case(it), "prepare_interview"))

    scenario.until(f"{day} 18:00")

    assert told(scenario) == (act, "open")


def test_the_leader_approves_the_talk_once_and_its_rung_names_the_summons(talk: Scenario) -> None:
    asked = tasks.c.element_id.in_(("approve_by_leader", "approve_interview"))
    since = tasks.c.opened_at >= at("2024-07-15 00:00")
    signed = talk.rows(sa.select(tasks.c.element_id).where(asked, since))
    [summons] = talk.rows(sa.select(letters).where(letters.c.kind == "summons"))
    [item] = talk.rows(sa.select(supervision_items.c.item_id))
    rung = talk.engine.read.item(talk.supervisor, item["item_id"]).rungs[-1]
    chain = talk.engine.read.responsibility(talk.supervisor, the_case(talk)).papers

    assert [row["element_id"] for row in signed] == ["approve_by_leader"]
    assert (rung.instrument, rung.letter_id, rung.number) == ("summons", summons["letter_id"], summons["number"])
    assert [paper.instrument for paper in chain if paper.letter_id == summons["letter_id"]] == ["summons"]
    assert summons["reply_term"] is None
    why: Explanation = talk.engine.read.explain_rung(talk.supervisor, item["item_id"], rung.position)
    assert "约谈后30个自然日内书面报告" in [zh for zh, _ in why.derivation]
    assert not any("从签收起" in zh for zh, _ in why.derivation)


def test_the_term_of_the_report_is_the_tables(new_scenario: NewScenario) -> None:
    """漯河: fifteen days after the talk, and the referral waits for it."""
    plan = quiet_plan().decode().replace('ladder = "escalation_ladder"', 'ladder = "luohe_ladder"')
    scenario = new_scenario(plan=plan.encode(), story=called_in)

    [task] = scenario.rows(sa.select(tasks.c.due_at).where(tasks.c.element_id == "report_interview"))
    [minutes] = scenario.rows(sa.select(letters.c.variables).where(letters.c.kind == "minutes"))

    assert task["due_at"] == at("2024-08-09 18:00")
    meeting = minutes["variables"]["meeting"]
    assert (meeting["report_within"], meeting["report_due"]) == ("15个自然日", "2024-08-09")


def test_a_talk_that_was_never_held_is_not_said_to_have_failed(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=lambda it: climb_until(it, late_case(it), "prepare_interview"))
    scenario.drop_talks()

    scenario.until("2024-08-14 18:00")

    [row] = scenario.rows(sa.select(supervision_items.c.ruling))
    assert (told(scenario), proposed(scenario)) == (("climb", "dropped"), ["circular"])
    assert row["ruling"]["answer"]["rung_reason"] == "约谈未进行，经督办仍未办结，予以通报批评。"
