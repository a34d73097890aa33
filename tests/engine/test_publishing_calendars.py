"""A year whose days off are not published gives provisional due dates; the notice moves them, and nothing else."""

import shutil
from datetime import UTC
from pathlib import Path

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, NewScenario, Scenario, at, moved_plan, quiet_plan

from engine.commands.calendars import PublishCalendar
from engine.commands.letter_review import ReturnReply
from engine.commands.letter_service import ReceiveLetter, ReplyLetter
from engine.commands.letters import IssueLetters, VoidLetter
from engine.domain.actor import SYSTEM
from engine.domain.service import Receipt
from engine.store.schema import cases, jobs, letter_deliveries, letter_receipts, letter_services, tasks

NOTICE = (PROCESSES / "calendars" / "2025.toml").read_bytes()


@pytest.fixture(scope="module")
def until_2024(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The processes as they were in December 2024: the notice for 2025 not yet loaded."""
    folder = tmp_path_factory.mktemp("until2024") / "processes"
    shutil.copytree(PROCESSES, folder, ignore=shutil.ignore_patterns("2025.toml", "2026.toml"))
    return folder


@pytest.fixture
def winter(new_scenario: NewScenario, until_2024: Path) -> Scenario:
    """The same campaign half a year later: cleanup ends on 2024-12-28, improvement on 2025-03-28."""
    return new_scenario(plan=moved_plan(6, quiet_plan()), moment="2024-12-20 09:00", processes=until_2024)


def test_a_due_date_in_an_unpublished_year_says_that_it_is_provisional(winter: Scenario) -> None:
    [case] = winter.register()
    winter.survey(case)

    page = winter.page(winter.task_of(case, "close_checks"), winter.supervisor)

    assert page.is_provisional and page.deadline is not None and page.deadline["provisional"]
    shown = winter.engine.read.case(winter.supervisor, case)
    assert shown.deadline is not None and shown.deadline["provisional"]


def test_the_notice_moves_task_timer_and_case_and_leaves_the_original_date(winter: Scenario) -> None:
    [case] = winter.register()
    winter.until("2025-01-15 09:00")  # ten working days from here run into the spring festival, 01-28 to 02-04
    winter.survey(case)
    before = _dates(winter, case)

    answer = winter.engine.execute(PublishCalendar(NOTICE), by=SYSTEM)
    after = _dates(winter, case)

    assert answer["year"] == 2025 and answer["recomputed"] > 0
    assert before == dict.fromkeys(("case", "original", "task", "overdue"), at("2025-01-29 18:00"))
    # 国办发明电〔2024〕12号: Sunday 01-26 is worked, 01-28 to 02-04 are off
    assert after == dict.fromkeys(("case", "task", "overdue"), at("2025-02-05 18:00")) | {
        "original": before["original"]
    }
    page = winter.page(winter.task_of(case, "close_checks"), winter.supervisor)
    assert not page.is_provisional and page.due_original_at == before["task"]
    assert {fact["detail"]["new"] for fact in winter.facts("DueChanged", case)} == {after["task"].isoformat()}
    assert winter.engine.read.violations() == ()


def test_what_a_year_already_published_decided_does_not_move(winter: Scenario) -> None:
    [case] = winter.register()
    before = winter.rows(sa.select(tasks.c.due_at, tasks.c.deadline))

    answer = winter.engine.execute(PublishCalendar((PROCESSES / "calendars" / "2023.toml").read_bytes()), by=SYSTEM)

    assert answer == {"year": 2023, "recomputed": 0}
    assert winter.rows(sa.select(tasks.c.due_at, tasks.c.deadline)) == before
    assert winter.task_of(case, "survey_site").due_at == before[0]["due_at"]


def test_the_same_notice_twice_changes_nothing(winter: Scenario) -> None:
    [case] = winter.register()
    winter.survey(case)
    winter.engine.execute(PublishCalendar(NOTICE), by=SYSTEM)
    dates = _dates(winter, case)

    assert winter.engine.execute(PublishCalendar(NOTICE), by=SYSTEM) == {"year": 2025, "recomputed": 0}

    assert _dates(winter, case) == dates
    assert [fact["detail"]["year"] for fact in winter.facts("CalendarPublished")][-1] == 2025
    assert len(winter.facts("DueChanged", case)) <= 3


def test_the_figures_of_the_past_stay_as_they_were_before_the_notice(winter: Scenario) -> None:
    winter.register(2)
    winter.until("2025-01-15 09:00")
    [case, _] = [row["case_id"] for row in winter.rows(sa.select(cases.c.case_id).order_by(cases.c.case_id))]
    winter.survey(case)
    asked_at, before = winter.now, winter.engine.read.figures(winter.campaign)

    winter.until("2025-01-16 09:00")
    winter.engine.execute(PublishCalendar(NOTICE), by=SYSTEM)

    then = winter.engine.read.figures(winter.campaign, as_of=asked_at)
    assert (then.counts, then.by_phase) == (before.counts, before.by_phase)
    assert winter.engine.read.figures(winter.campaign).faults == ()


def test_the_reminder_of_a_moved_task_moves_with_it(winter: Scenario) -> None:
    [case] = winter.register()
    winter.until("2025-01-16 09:00")
    winter.survey(case)

    winter.engine.execute(PublishCalendar(NOTICE), by=SYSTEM)
    winter.until("2025-02-06 17:59")

    [reminder] = [fact for fact in winter.facts("TimerFired", case) if fact["at"] > at("2025-01-17 00:00")]
    assert reminder["at"] == at("2025-01-26 18:00")  # three working days before 02-06: 02-05, 01-27, 01-26
    assert [fact for fact in winter.facts("SupervisionOpened", case) if fact["at"] > at("2025-01-17 00:00")] == []
    winter.until("2025-02-06 18:00")
    assert [fact["at"] for fact in winter.facts("SupervisionOpened", case)][-1] == at("2025-02-06 18:00")
    assert winter.engine.read.violations() == ()


def test_the_time_to_reply_to_a_letter_moves_too_and_what_the_receipt_recorded_stays(winter: Scenario) -> None:
    letters = _letters(winter, 5)
    waiting, unread, answered, returned, void = letters
    winter.until("2025-01-15 09:00")
    for letter_id in (waiting, answered, returned, void):
        _do(winter, ReceiveLetter(letter_id, SIGNED), "gxj1")
    for letter_id in (answered, returned):
        _do(winter, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")
    _do(winter, ReturnReply(returned, "materials", "请补充照片（演示）", "10wd"), "ducha1")
    _do(winter, VoidLetter(void, "发错单位（演示）"), "ducha1")
    before = _replies(winter)

    winter.until("2025-01-16 09:00")
    answer = winter.engine.execute(PublishCalendar(NOTICE), by=SYSTEM)
    after = _replies(winter)

    provisional, moved = at("2025-01-29 18:00"), at("2025-02-05 18:00")
    assert before == dict.fromkeys(letters, provisional) | {unread: None}
    assert after == before | {waiting: moved, returned: moved}
    facts = [fact["detail"] for fact in winter.facts("LetterReplyDueChanged")]
    assert {(fact["letter"], fact["unit"], fact["old"], fact["new"]) for fact in facts} == {
        (letter_id, "gxj", provisional.astimezone(UTC).isoformat(), moved.astimezone(UTC).isoformat())
        for letter_id in (waiting, returned)
    }
    assert answer["recomputed"] >= 2
    page = winter.engine.read.letter_service(winter.supervisor, waiting)
    assert (page.stands.due_at, page.is_provisional) == (moved, False)
    assert page.deadline is not None and page.deadline["start_at"] == at("2025-01-15 09:00").astimezone(UTC).isoformat()
    [service] = winter.rows(sa.select(letter_services.c.reply_due_at).where(letter_services.c.letter_id == waiting))
    [receipt] = winter.rows(sa.select(letter_receipts.c.deadline).where(letter_receipts.c.letter_id == waiting))
    assert (service["reply_due_at"], receipt["deadline"]["provisional"]) == (moved, True)
    assert winter.engine.read.violations() == ()


def test_a_reply_that_was_late_by_the_provisional_date_stays_late(winter: Scenario) -> None:
    [letter_id] = _letters(winter, 1)
    winter.until("2025-01-15 09:00")
    _do(winter, ReceiveLetter(letter_id, SIGNED), "gxj1")
    winter.until("2025-01-30 09:00")
    _do(winter, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")
    before = winter.engine.read.letter_service(winter.supervisor, letter_id)

    winter.engine.execute(PublishCalendar(NOTICE), by=SYSTEM)

    assert before.late_replies == 1
    assert winter.engine.read.letter_service(winter.supervisor, letter_id) == before
    assert winter.engine.read.violations() == ()


SIGNED = Receipt("李四（演示）", "收文员（演示）")


def _letters(scenario: Scenario, count: int) -> list[str]:
    """To the same unit, each about one case, with ten working days to reply from receipt."""
    issue = [IssueLetters(scenario.campaign, "notice", (case,), reply_term="10wd") for case in scenario.register(count)]
    return [str(scenario.engine.execute(command, by=scenario.supervisor)[0]) for command in issue]


def _do(scenario: Scenario, command: object, login: str) -> None:
    scenario.engine.execute(command, by=scenario.person(login))


def _replies(scenario: Scenario) -> dict[str, object]:
    rows = scenario.rows(sa.select(letter_deliveries.c.letter_id, letter_deliveries.c.reply_due_at))
    return {row["letter_id"]: row["reply_due_at"] for row in rows}


def _dates(scenario: Scenario, case: str) -> dict[str, object]:
    [row] = scenario.rows(sa.select(cases.c.due_at, cases.c.due_original_at).where(cases.c.case_id == case))
    [timer] = scenario.rows(
        sa.select(jobs.c.due_at).where(jobs.c.element_id == "close_checks_overdue", jobs.c.state == "OPEN")
    )
    return {
        "case": row["due_at"],
        "original": row["due_original_at"],
        "task": scenario.task_of(case, "close_checks").due_at,
        "overdue": timer["due_at"],
    }
