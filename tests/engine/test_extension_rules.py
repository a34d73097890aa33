"""延期 (domain handbook E): asked for before the due date, far enough ahead, once, and not for too long."""

from datetime import UTC
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, at

from engine.errors import Invalid
from engine.store.schema import supervision_items

REASON = "设备到货推迟，已完成七成（演示）"
AHEAD = "2024-09-26 18:00"  # three working days before Monday 09-30: Sunday 09-29 (worked), 09-27, 09-26


@pytest.fixture
def improving(new_scenario: NewScenario) -> Scenario:
    """One case whose time for rectification runs from 2024-07-03 to 2024-09-30 18:00."""
    return new_scenario(story=_guided)


@pytest.fixture
def hurried(new_scenario: NewScenario) -> Scenario:
    """Guided late, on 2024-08-21: forty days are left until 2024-09-30."""
    return new_scenario(story=_guided_late)


def _guided(scenario: Scenario, moment: str = "2024-07-03 09:00") -> None:
    [case] = scenario.register()
    scenario.survey(case, "rectify")
    scenario.complete("rectification_plan", case, measures="整改（演示）", planned_finish="2024-09-01")
    scenario.until(moment)
    scenario.complete("guide_rectification", case, guided_on=moment[:10])
    scenario.work()


def _guided_late(scenario: Scenario) -> None:
    _guided(scenario, "2024-08-21 09:00")


def ask(scenario: Scenario, wanted: str = "2024-10-25", **more: Any) -> None:
    answer = {"extension_asked": True, "extension_reason": REASON, "extension_wanted": wanted}
    scenario.complete("report_standard", **answer, **more)


def grant(scenario: Scenario, until: str) -> None:
    scenario.complete(
        "review_extension",
        extension_decision="approve",
        extended_due=until,
        extension_answer="情况属实（演示）",
    )


def refused(scenario: Scenario, act: Any, *arguments: Any) -> tuple[str, str, str]:
    """Where and why, in both languages; nothing else has happened."""
    before = _stands(scenario)
    with pytest.raises(Invalid) as caught:
        act(scenario, *arguments)
    assert caught.value.code == "refused_by_rule"
    assert _stands(scenario) == before
    [problem] = caught.value.problems
    return problem.where, problem.zh, problem.en


def _stands(scenario: Scenario) -> list[tuple[Any, ...]]:
    tasks = [(task.element_id, task.due_at, task.task_id) for task in scenario.tasks()]
    return [*tasks, *((fact["fact_id"],) for fact in scenario.facts("TaskCompleted"))]


def opened(scenario: Scenario) -> list[str]:
    return [task.element_id for task in scenario.tasks()]


# -- the limits are said beforehand ------------------------------------------------------------------------------------
def test_the_form_says_until_when_and_to_when_an_extension_is_possible(improving: Scenario) -> None:
    page = improving.page(improving.task_of(None, "report_standard"), improving.supervisor)

    assert page.variables["extension_note"] == (
        "确有困难的，可以申请延期一次：最迟2024年9月26日（周四）18:00提出，新期限最迟2024年10月30日（周三）18:00。"
    )
    assert page.variables["extension_note_en"] == (
        "An extension can be asked for once: until Thu 2024-09-26 18:00, and to Wed 2024-10-30 18:00 at the latest."
    )
    told = {name: page.variables[name] for name in ("extension_ask_by", "extension_latest", "may_extend")}
    assert told == {
        "extension_ask_by": at(AHEAD).astimezone(UTC).isoformat(),
        "extension_latest": at("2024-10-30 18:00").astimezone(UTC).isoformat(),
        "may_extend": True,
    }


# -- when it is asked for ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("moment", ["2024-09-26 17:59", AHEAD])
def test_an_extension_asked_for_three_working_days_ahead_is_reviewed(improving: Scenario, moment: str) -> None:
    improving.until(moment)

    ask(improving)

    assert opened(improving) == ["review_extension"]


def test_one_minute_later_it_is_too_late_to_ask(improving: Scenario) -> None:
    improving.until("2024-09-26 18:01")

    where, zh, en = refused(improving, ask)

    assert where == "extension_asked"
    assert zh == (
        "延期要提前申请，本件最迟应在2024年9月26日（周四）18:00前提出，现已错过，"
        "原期限（2024年9月30日（周一）18:00）不变。请取消勾选，按期申报。"
    )
    assert "until Thu 2024-09-26 18:00" in en and "Mon 2024-09-30 18:00 stands" in en


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2024-09-30 17:59", "现已错过"),
        ("2024-09-30 18:00", "现已错过"),
        ("2024-09-30 18:01", "到期后才申请的按逾期处理"),
    ],
)
def test_asking_after_the_due_date_counts_as_overdue(improving: Scenario, moment: str, says: str) -> None:
    improving.until(moment)

    where, zh, _ = refused(improving, ask)

    assert where == "extension_asked" and says in zh


def test_who_asks_too_late_does_not_shake_off_the_supervision(improving: Scenario) -> None:
    improving.until("2024-10-08 09:00")
    before = improving.rows(sa.select(supervision_items.c.item_id, supervision_items.c.state))

    refused(improving, ask)
    improving.work()

    assert improving.rows(sa.select(supervision_items.c.item_id, supervision_items.c.state)) == before
    assert [row["state"] for row in before].count("OPEN") == 1
    assert sorted(task for task in opened(improving) if not task.startswith("approve")) == [
        "close_by_law_decision",
        "report_standard",
    ]
    assert improving.engine.read.violations() == ()


def test_what_was_refused_may_be_asked_for_again_rightly(improving: Scenario) -> None:
    refused(improving, ask, "2024-10-31")

    ask(improving, "2024-10-30")

    assert opened(improving) == ["review_extension"]


# -- for how long ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("2024-09-29", "要晚于原期限"),
        ("2024-09-30", "要晚于原期限"),
        ("2024-10-01", ""),
        ("2024-10-29", ""),
        ("2024-10-30", ""),  # thirty days past the due date
        ("2024-10-31", "超过了延期的最长天数，最迟可延至2024年10月30日（周三）18:00"),
    ],
)
def test_an_extension_is_of_thirty_days_at_most(improving: Scenario, wanted: str, says: str) -> None:
    if not says:
        ask(improving, wanted)
        assert opened(improving) == ["review_extension"]
        return

    where, zh, en = refused(improving, ask, wanted)

    assert where == "extension_wanted" and says in zh and "在2024年9月26日（周四）18:00前改正，仍可申请" in zh
    assert "until Thu 2024-09-26 18:00" in en


@pytest.mark.parametrize(("wanted", "is_over"), [("2024-10-19", False), ("2024-10-20", False), ("2024-10-21", True)])
def test_a_short_period_is_extended_by_half_of_it_at_most(hurried: Scenario, wanted: str, is_over: bool) -> None:
    if not is_over:  # 2024-08-21 to 09-30 are forty days
        ask(hurried, wanted)
        assert opened(hurried) == ["review_extension"]
        return

    where, zh, _ = refused(hurried, ask, wanted)

    assert where == "extension_wanted"
    assert "超过了原期限的规定比例，最迟可延至2024年10月20日（周日）18:00" in zh


# -- when it is granted ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("2024-09-30", "要晚于原期限"),
        ("2024-10-01", ""),
        ("2024-10-29", ""),
        ("2024-10-30", ""),
        ("2024-10-31", "超过了延期的最长天数"),
    ],
)
def test_the_date_of_the_answer_keeps_to_the_same_limits(improving: Scenario, until: str, says: str) -> None:
    ask(improving)
    if says:
        where, zh, _ = refused(improving, grant, until)
        assert where == "extended_due" and says in zh
        return

    grant(improving, until)

    [task] = improving.tasks()
    page = improving.page(task, improving.supervisor)
    assert (task.element_id, task.due_at) == ("report_standard", at(f"{until} 18:00"))
    assert (page.variables["may_extend"], page.variables["extension_note"]) == (
        False,
        "本件已申请过延期或者另定过期限，不得再次申请。",
    )


def test_an_answer_that_comes_late_does_not_undo_a_request_in_time(improving: Scenario) -> None:
    improving.until(AHEAD)
    ask(improving)
    improving.until("2024-10-08 09:00")

    grant(improving, "2024-10-30")

    assert [(task.element_id, task.due_at) for task in improving.tasks()] == [
        ("report_standard", at("2024-10-30 18:00"))
    ]


def test_who_was_declined_cannot_ask_again(improving: Scenario) -> None:
    ask(improving)
    improving.complete(
        "review_extension", by=improving.supervisor, extension_decision="decline", extension_answer="理由不足（演示）"
    )

    [task] = improving.tasks()
    page = improving.page(task, improving.supervisor)

    assert (task.element_id, task.due_at) == ("report_standard", at("2024-09-30 18:00"))
    assert page.variables["may_extend"] is False
