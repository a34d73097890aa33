"""约谈: notice, talk, minutes, a report within thirty days, a check on the spot."""

import pytest
import sqlalchemy as sa
from accountability_acts import HELD, REPORTED, arrange, climb_until, late_case
from scenario import Scenario, at

from engine.commands.accountability import ArrangeInterview
from engine.errors import Invalid, NotFound, NotPermitted
from engine.store.schema import interviews, letters, supervision_items

TALK = "2024-07-03T09:30:00+08:00"
REPORT_DUE = "2024-08-02 18:00"  # thirty days after the talk, the day itself not counted


def ask(scenario: Scenario, case: str | None, by: str = "lingdao", unit: str = "gxj") -> str:
    command = ArrangeInterview(scenario.campaign, unit, "督办函期满仍未办结（演示）", case)
    return str(scenario.engine.execute(command, by=scenario.person(by)))


def held(scenario: Scenario) -> str:
    """A talk about a late case that took place on 3 July."""
    case = late_case(scenario)
    ask(scenario, case)
    arrange(scenario, case)
    scenario.work()
    scenario.until("2024-07-03 11:00")
    scenario.complete("hold_interview", case, interview_held_at=TALK, **HELD)
    scenario.work()
    return case


def row(scenario: Scenario) -> dict[str, object]:
    [found] = scenario.rows(sa.select(interviews))
    return found


def test_a_leader_who_asks_for_a_talk_has_approved_it(scenario: Scenario) -> None:
    case = late_case(scenario)

    ask(scenario, case)
    arrange(scenario, case)
    scenario.work()

    assert [task.element_id for task in scenario.tasks(case) if task.element_id.endswith("interview")] == [
        "hold_interview"
    ]
    [summons] = scenario.rows(sa.select(letters).where(letters.c.kind == "summons"))
    assert (row(scenario)["state"], row(scenario)["summons_id"]) == ("SUMMONED", summons["letter_id"])
    assert summons["variables"]["meeting"] == {
        "time": "2024年7月3日9时30分",
        "place": "市工信局三楼会议室（演示）",
        "persons": "主要负责人、分管负责人",
        "materials": "整改台账",
        "report_within": "30个自然日",
    }
    assert (summons["reply_term"], summons["variables"]["reply_within"]) == (None, "")  # the report alone is due


def test_a_supervisor_needs_the_leader(scenario: Scenario) -> None:
    case = late_case(scenario)
    ask(scenario, case, by="ducha1")
    arrange(scenario, case)

    scenario.complete("approve_interview", case, outcome="approved")
    scenario.work()

    assert scenario.task_of(case, "hold_interview")


@pytest.mark.parametrize(
    ("moment", "is_possible"),
    [("06-28T17:59", False), ("06-28T18:00", True), ("07-03T11:00", True), ("07-03T11:01", False)],
    ids=["before it was called", "then", "now", "to come"],
)
def test_a_talk_took_place_after_it_was_called_and_not_in_the_future(
    scenario: Scenario, moment: str, is_possible: bool
) -> None:
    case = late_case(scenario)
    ask(scenario, case)
    arrange(scenario, case)
    scenario.work()
    scenario.until("2024-07-03 11:00")

    def enter() -> None:
        scenario.complete("hold_interview", case, interview_held_at=f"2024-{moment}:00+08:00", **HELD)

    if is_possible:
        enter()
    else:
        with pytest.raises(Invalid) as refused:
            enter()
        assert [problem.where for problem in refused.value.problems] == ["interview_held_at"]

    found = scenario.rows(sa.select(letters.c.kind).where(letters.c.kind == "minutes"))
    assert len(found) == is_possible


@pytest.mark.parametrize(
    ("moment", "is_possible"), [("2024-06-28T18:10", False), ("2024-06-30T09:30", False), ("2024-07-01T09:30", True)]
)
def test_the_summons_leaves_a_working_day_to_ask_for_leave(scenario: Scenario, moment: str, is_possible: bool) -> None:
    case = late_case(scenario)  # on Friday 28 June
    ask(scenario, case)

    if is_possible:
        arrange(scenario, case, f"{moment}:00+08:00")
    else:
        with pytest.raises(Invalid) as refused:
            arrange(scenario, case, f"{moment}:00+08:00")
        assert [problem.where for problem in refused.value.problems] == ["interview_time"]


@pytest.mark.parametrize("due", ["2024-07-02", "2025-07-05", "2099-01-01"])
def test_a_promise_is_due_within_a_year_of_the_talk(scenario: Scenario, due: str) -> None:
    case = late_case(scenario)
    ask(scenario, case)
    arrange(scenario, case)
    scenario.work()
    scenario.until("2024-07-03 11:00")

    with pytest.raises(Invalid) as refused:
        scenario.complete("hold_interview", case, interview_held_at=TALK, **HELD | {"commitment_1_due": due})

    assert [problem.where for problem in refused.value.problems] == ["commitment_1_due"]


def test_a_declined_talk_is_dropped_and_nothing_goes_out(scenario: Scenario) -> None:
    case = late_case(scenario)
    ask(scenario, case, by="ducha1")
    arrange(scenario, case)

    scenario.complete("approve_interview", case, outcome="declined", decline_reason="已整改（演示）")
    scenario.work()

    assert row(scenario)["state"] == "DROPPED"
    assert scenario.rows(sa.select(letters.c.letter_id).where(letters.c.kind == "summons")) == []


def test_the_minutes_say_who_came_what_was_wrong_and_what_was_promised_by_when(scenario: Scenario) -> None:
    held(scenario)

    [minutes] = scenario.rows(sa.select(letters).where(letters.c.kind == "minutes"))
    meeting = minutes["variables"]["meeting"]
    assert meeting["attended"] == [{"name": "市工信局副局长"}, {"name": "市工信局整治办主任"}]
    assert (meeting["host"], meeting["recorder"]) == ("领导小组办公室副主任", "领导小组办公室督查员")
    assert meeting["report_due"] == REPORT_DUE[:10]
    assert meeting["problems"] == [{"text": "五项关停措施没有落实到位"}, {"text": "台账与现场不一致"}]
    assert meeting["commitments"] == [{"text": "五项关停措施全部落实", "who": "市工信局副局长", "due": "2024-07-31"}]
    assert (row(scenario)["state"], row(scenario)["held_at"]) == ("HELD", at("2024-07-03 09:30"))


def test_the_report_is_due_thirty_days_after_the_talk_with_its_derivation(scenario: Scenario) -> None:
    case = held(scenario)

    page = scenario.page(scenario.task_of(case, "report_interview"), scenario.person("gxj1"))

    assert page.due_at == at(REPORT_DUE)
    assert page.deadline is not None and len(page.deadline["derivation"]) >= 3
    assert "三十日" in page.deadline["basis"]


@pytest.mark.parametrize(("moment", "items"), [("2024-08-02 17:59", 0), (REPORT_DUE, 1), ("2024-08-02 18:01", 1)])
def test_a_late_report_is_supervised(scenario: Scenario, moment: str, items: int) -> None:
    case = held(scenario)
    task = scenario.task_of(case, "report_interview")

    scenario.until(moment)
    scenario.work()

    found = scenario.rows(
        sa.select(supervision_items.c.unit_id, supervision_items.c.reason).where(
            supervision_items.c.task_id == task.task_id
        )
    )
    assert found == [{"unit_id": "gxj", "reason": "interview_report_late"}] * items


def test_a_check_that_finds_too_little_asks_again_and_one_that_passes_settles_it(scenario: Scenario) -> None:
    case = held(scenario)
    scenario.until("2024-07-20 10:00")
    scenario.complete("report_interview", case, **REPORTED)
    checked = {"interview_checked_on": "2024-07-20", "interview_check_note": "现场核对（演示）"}
    scenario.complete(
        "verify_interview", case, interview_check="again", interview_again_note="台账不全（演示）",
        interview_again_until="2024-08-20", **checked,
    )  # fmt: skip
    again = scenario.task_of(case, "report_interview")

    scenario.complete("report_interview", case, **REPORTED)
    scenario.complete("verify_interview", case, interview_check="pass", **checked)
    scenario.work()

    assert again.due_at == at("2024-08-20 18:00")
    assert (row(scenario)["state"], row(scenario)["rounds"], row(scenario)["settled_at"]) == (
        "SETTLED", 2, scenario.now
    )  # fmt: skip
    assert scenario.engine.read.violations() == ()


def test_a_talk_put_off_is_arranged_and_called_anew(scenario: Scenario) -> None:
    case = late_case(scenario)
    ask(scenario, case)
    arrange(scenario, case)
    scenario.work()

    scenario.complete("hold_interview", case, interview_result="postponed", postpone_reason="防汛（演示）")
    arrange(scenario, case, "2024-07-10T15:00:00+08:00")
    scenario.work()

    times = [
        found["variables"]["meeting"]["time"]
        for found in scenario.rows(
            sa.select(letters.c.variables).where(letters.c.kind == "summons").order_by(letters.c.serial)
        )
    ]
    assert times == ["2024年7月3日9时30分", "2024年7月10日15时"]


def test_the_ladder_starts_a_talk_that_is_approved_already(scenario: Scenario) -> None:
    case = late_case(scenario)

    climb_until(scenario, case, "prepare_interview")

    found = row(scenario)
    assert (found["state"], found["unit_id"], found["case_id"]) == ("ARRANGING", "gxj", case)
    arrange(scenario, case, "2024-09-03T09:30:00+08:00")
    scenario.work()
    assert scenario.task_of(case, "hold_interview")


def test_a_talk_without_a_case_is_about_the_unit(scenario: Scenario) -> None:
    interview = ask(scenario, None)
    arrange(scenario, None)
    scenario.work()

    page = scenario.engine.read.interview(scenario.person("gxj1"), interview)

    assert (page.row.subject, page.row.state) == ("约谈市工信局", "SUMMONED")
    with pytest.raises(NotFound):
        scenario.engine.read.interview(scenario.person("nanlong1"), interview)
    assert scenario.engine.read.interviews(scenario.person("nanlong1"), scenario.campaign) == ()


@pytest.mark.parametrize(
    ("unit", "reason", "where"),
    [
        ("gxj", " ", "reason"),
        ("gxj", "长" * 501, "reason"),
        ("nowhere", "理由充分", "unit_id"),
        ("office", "理由充分", "unit_id"),
    ],
)
def test_a_talk_needs_a_unit_and_a_reason(scenario: Scenario, unit: str, reason: str, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(ArrangeInterview(scenario.campaign, unit, reason), by=scenario.person("lingdao"))

    assert [problem.where for problem in refused.value.problems] == [where]
    assert scenario.rows(sa.select(interviews)) == []


def test_units_arrange_no_talks_and_a_case_must_be_known(scenario: Scenario) -> None:
    command = ArrangeInterview(scenario.campaign, "gxj", "理由充分", None)

    with pytest.raises(NotPermitted):
        scenario.engine.execute(command, by=scenario.person("gxj1"))
    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(
            ArrangeInterview(scenario.campaign, "gxj", "理由充分", "LINXIA2024-9999"), by=scenario.supervisor
        )
    assert [problem.where for problem in refused.value.problems] == ["case_id"]


def test_a_talk_about_a_case_is_with_a_unit_of_it_one_at_a_time_and_while_it_is_under_way(scenario: Scenario) -> None:
    case, excluded = late_case(scenario), scenario.register()[0]
    scenario.survey(excluded, "exclude")
    ask(scenario, case)

    for unit, about, where, words in (
        ("gxj", case, "unit_id", "正在办理"),
        ("swj", case, "unit_id", "不是"),
        ("gxj", excluded, "case_id", "已剔除"),
    ):
        with pytest.raises(Invalid) as refused:
            ask(scenario, about, unit=unit)
        assert [problem.where for problem in refused.value.problems] == [where]
        assert words in refused.value.problems[0].zh

    ask(scenario, case, unit="chengjiao")  # the town of it
    scenario.drop_talks()
    ask(scenario, case)
