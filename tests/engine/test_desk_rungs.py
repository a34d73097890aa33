"""The rules of the ladder at the desk: no silent skip, one open notice for each rung, the original due date, reds."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, NewScenario, Scenario, at, full_plan

from engine import sources
from engine.commands.definitions import Deploy
from engine.commands.drafts import StartDraft
from engine.commands.letters import IssueLetters, VoidLetter
from engine.commands.report_letters import UrgeReports
from engine.domain.actor import SYSTEM
from engine.errors import Invalid, NotFound, NotPermitted
from engine.queries.desk import DeskFilter
from engine.queries.items import ItemPage
from engine.store.schema import letters, reports, supervision_items

DUE = "2024-06-28 18:00"


def overdue_case(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.survey(case)
    scenario.until(DUE)


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=overdue_case)


@pytest.fixture
def late(scenario: Scenario) -> str:
    return str(scenario.tasks()[0].case_id)


def item(scenario: Scenario) -> ItemPage:
    [row] = scenario.rows(sa.select(supervision_items.c.item_id).order_by(supervision_items.c.opened_at))
    found: ItemPage = scenario.engine.read.item(scenario.supervisor, row["item_id"])
    return found


def issue(scenario: Scenario, case: str, kind: str, reason: str = "") -> str:
    command = IssueLetters(scenario.campaign, kind, (case,), reason=reason)
    [letter_id] = scenario.engine.execute(command, by=scenario.supervisor)
    scenario.work()
    return str(letter_id)


def registered(scenario: Scenario, count: int = 1) -> list[str]:
    """Beside the one of the story."""
    return [case for at in range(count) for case in scenario.register(fingerprint=f"beside {at}")]


def issue_all(scenario: Scenario, kind: str, *listed: str) -> list[str]:
    command = IssueLetters(scenario.campaign, kind, listed, reason="演示")
    issued: list[str] = scenario.engine.execute(command, by=scenario.supervisor)
    return issued


def test_the_desk_sends_no_second_notice_of_the_same_rung(scenario: Scenario, late: str) -> None:
    issue(scenario, late, "urge")

    with pytest.raises(Invalid) as refused:
        issue(scenario, late, "urge", "再催一次（演示）")

    [number] = [row["number"] for row in scenario.rows(sa.select(letters.c.number).where(letters.c.kind == "urge"))]
    assert refused.value.code == "notice_open"
    assert refused.value.problems[0].where == "case" and number in refused.value.problems[0].zh
    assert [rung.instrument for rung in item(scenario).rungs] == ["reminder", "urge"]


def test_a_void_or_closed_notice_makes_room_for_another(scenario: Scenario, late: str) -> None:
    first = issue(scenario, late, "urge")
    scenario.engine.execute(VoidLetter(first, "写错（演示）"), by=scenario.supervisor)
    second = issue(scenario, late, "urge")

    with pytest.raises(Invalid):
        issue(scenario, late, "urge")

    assert first != second
    assert [rung.instrument for rung in item(scenario).rungs] == ["reminder", "urge", "urge"]


def test_of_cases_without_an_item_each_gets_one_notice_of_a_kind_and_all_that_have_it_are_named(
    scenario: Scenario,
) -> None:
    first, second, third = registered(scenario, 3)
    [letter_id] = issue_all(scenario, "urge", first)
    with pytest.raises(Invalid):
        issue_all(scenario, "urge", first)
    issue_all(scenario, "urge", second)

    with pytest.raises(Invalid) as refused:
        issue_all(scenario, "urge", first, second, third)

    assert refused.value.code == "notice_open"
    assert [problem.zh[: len(first)] for problem in refused.value.problems] == [first, second]
    assert "催〔2024〕1号" in refused.value.problems[0].zh
    assert issue_all(scenario, "notice", first)  # another kind
    scenario.engine.execute(VoidLetter(letter_id, "写错（演示）"), by=scenario.supervisor)
    assert issue_all(scenario, "urge", first, third)


def test_a_notice_from_before_the_item_was_opened_counts_under_the_item(scenario: Scenario) -> None:
    [case] = registered(scenario)
    issue_all(scenario, "urge", case)
    scenario.until("2024-07-10 10:00")
    assert scenario.rows(sa.select(supervision_items).where(supervision_items.c.case_id == case))

    with pytest.raises(Invalid) as refused:
        issue_all(scenario, "urge", case)

    assert refused.value.code == "notice_open"


def test_what_was_struck_off_or_excluded_is_not_written_about(scenario: Scenario, late: str) -> None:
    [excluded] = registered(scenario)
    scenario.survey(excluded, "exclude")
    scenario.clean_up(late)
    scenario.accept(late)
    scenario.work()

    for kind in ("urge", "notice"):
        with pytest.raises(Invalid) as refused:
            issue_all(scenario, kind, late, excluded)

        assert refused.value.code == "case_not_supervised"
        assert [problem.zh.split("，")[0][-3:] for problem in refused.value.problems] == ["已销号", "已剔除"]
    assert scenario.rows(sa.select(letters).where(letters.c.signed_by.is_not(None))) == []


def test_nothing_in_time_is_called_late_but_a_red_case_without_a_late_task_is_urged(
    scenario: Scenario, late: str
) -> None:
    [ahead] = registered(scenario)
    scenario.survey(ahead)
    letter = StartDraft(scenario.campaign, "supervision_letter", (ahead,))
    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(letter, by=scenario.supervisor)
    assert (refused.value.code, "超期不属实" in refused.value.problems[0].zh) == ("case_not_supervised", True)

    scenario.until("2024-07-02 10:00")
    scenario.clean_up(late)
    scenario.work()

    assert issue_all(scenario, "urge", late)


def test_the_office_does_not_write_to_itself(scenario: Scenario, late: str) -> None:
    scenario.clean_up(late)
    scenario.accept(late)
    scenario.until("2024-09-30 10:00")
    assert scenario.task_of(late, "lookback_check")

    with pytest.raises(Invalid) as refused:
        issue_all(scenario, "urge", late)

    assert "“现场回头看”" in refused.value.problems[0].zh and "自己的任务" in refused.value.problems[0].zh


def test_a_rung_left_out_needs_a_reason_and_names_what_is_left_out(scenario: Scenario, late: str) -> None:
    with pytest.raises(Invalid) as refused:
        issue(scenario, late, "notice")

    assert refused.value.code == "skip_reason_missing"
    assert [(problem.where, "催办单" in problem.zh) for problem in refused.value.problems] == [("reason", True)]
    assert issue(scenario, late, "urge")  # the next rung needs none
    assert issue(scenario, late, "notice")


def test_the_reason_of_a_skip_is_on_record_with_the_rung(scenario: Scenario, late: str) -> None:
    issue(scenario, late, "notice", "群众反映强烈（演示）")

    last = item(scenario).rungs[-1]

    assert (last.instrument, last.reason, last.rule) == ("notice", "群众反映强烈（演示）", "督查台")
    assert item(scenario).due_original_at == at(DUE)


def test_a_rung_that_the_desk_takes_starts_the_time_to_the_next_one(scenario: Scenario, late: str) -> None:
    assert item(scenario).next_at == at("2024-07-01 18:00")

    issue(scenario, late, "notice", "群众反映强烈（演示）")

    assert item(scenario).next_at == at("2024-07-03 18:00")  # three working days, as the table says of a notice
    scenario.until("2024-07-03 18:00")
    assert [task.element_id for task in scenario.tasks(late) if "approve" in task.element_id] == ["approve_by_leader"]


def test_an_approver_who_skips_writes_why_and_later_rungs_do_not_repeat_it(scenario: Scenario, late: str) -> None:
    scenario.until("2024-07-01 18:00")
    scenario.complete("approve_by_supervisor", late, rung_decision="skip", skip_reason="情况紧急（演示）")
    scenario.complete("approve_by_supervisor", late, rung_decision="issue")
    scenario.work()
    waiting = item(scenario).next_at
    assert waiting is not None
    scenario.until(waiting)
    scenario.complete("approve_by_leader", late, rung_decision="issue")
    scenario.work()

    assert [(rung.instrument, rung.reason) for rung in item(scenario).rungs] == [
        ("reminder", ""), ("notice", "情况紧急（演示）"), ("supervision_letter", "")
    ]  # fmt: skip


def test_a_case_that_was_in_time_so_far_has_one_red_in_a_row(scenario: Scenario, late: str) -> None:
    assert [found["reds"] for found in _inputs(scenario)] == [1]


def _inputs(scenario: Scenario) -> list[dict[str, object]]:
    found = scenario.rows(sa.select(supervision_items.c.ruling))
    return [row["ruling"]["inputs"] for row in found if row["ruling"]]


# -- reports -----------------------------------------------------------------------------------------------------------
def nobody_has_reported(scenario: Scenario) -> None:
    scenario.until("2024-05-31 12:01")


@pytest.fixture
def missing(new_scenario: NewScenario) -> Scenario:
    """Friday noon has passed and nobody has reported."""
    return new_scenario(plan=full_plan(), moment="2024-05-31 09:00", story=nobody_has_reported)


def overdue(scenario: Scenario, count: int) -> tuple[str, ...]:
    query = sa.select(reports.c.report_id).where(reports.c.state == "OPEN", reports.c.due_at < scenario.now)
    return tuple(row["report_id"] for row in scenario.rows(query.order_by(reports.c.report_id).limit(count)))


def test_late_reports_get_a_letter_each_in_one_act_with_consecutive_numbers(missing: Scenario) -> None:
    chosen = overdue(missing, 3)

    issued = missing.engine.execute(UrgeReports("urge", chosen), by=missing.supervisor)
    missing.work()

    rows = missing.rows(sa.select(letters.c.letter_id, letters.c.serial, letters.c.unit_id).order_by(letters.c.serial))
    owing = {
        row["report_id"]: row["unit_id"] for row in missing.rows(sa.select(reports.c.report_id, reports.c.unit_id))
    }
    assert [row["letter_id"] for row in rows] == issued
    assert [row["serial"] for row in rows] == [1, 2, 3]
    assert [row["unit_id"] for row in rows] == [owing[report_id] for report_id in chosen]
    levels = missing.rows(sa.select(supervision_items.c.level).where(supervision_items.c.report_id.in_(chosen)))
    assert [row["level"] for row in levels] == [1, 1, 1]
    assert missing.engine.read.violations() == ()


def test_a_report_is_not_urged_twice_on_one_rung(missing: Scenario) -> None:
    [report] = overdue(missing, 1)
    missing.engine.execute(UrgeReports("urge", (report,)), by=missing.supervisor)

    with pytest.raises(Invalid) as refused:
        missing.engine.execute(UrgeReports("urge", (report,)), by=missing.supervisor)

    assert refused.value.code == "notice_open"


def test_an_office_that_has_notices_signed_by_others_is_obeyed_for_reports_too(missing: Scenario) -> None:
    chosen = overdue(missing, 1)
    files = dict(sources.process_folder(PROCESSES / "letter_approval").files)
    table = files["letter_route.dmn"].decode()
    mine = '<outputEntry id="letter_route_rule_2_out_3"><text>"writer"</text>'
    assert mine in table
    files["letter_route.dmn"] = table.replace(mine, mine.replace("writer", "leader")).encode()
    missing.engine.execute(Deploy("letter_approval", files), by=SYSTEM)

    with pytest.raises(Invalid) as refused:
        missing.engine.execute(UrgeReports("notice", chosen, reason="演示"), by=missing.supervisor)

    assert refused.value.code == "needs_signing"
    assert missing.rows(sa.select(letters)) == []


def test_two_who_urge_the_same_reports_in_opposite_orders_do_not_block_each_other(missing: Scenario) -> None:
    chosen = overdue(missing, 20)
    together = Barrier(2)

    def urge(login: str, listed: tuple[str, ...]) -> str:
        by = missing.person(login)
        together.wait()
        try:
            missing.engine.execute(UrgeReports("urge", listed), by=by)
        except Invalid as refused:
            return refused.code
        return "issued"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(urge, ("ducha1", "ducha2"), (chosen, chosen[::-1])))

    assert sorted(outcomes) == ["issued", "notice_open"]
    serials = missing.rows(sa.select(letters.c.serial).order_by(letters.c.serial))
    assert [row["serial"] for row in serials] == list(range(1, len(chosen) + 1))


@pytest.mark.parametrize(
    ("command", "where"),
    [
        (UrgeReports("urge", ()), "report"),
        (UrgeReports("circular", ("x",)), "kind"),
        (UrgeReports("urge", ("x",), reply_term="3"), "reply_term"),
        (UrgeReports("urge", ("x",), reason="长" * 501), "reason"),
    ],
)
def test_what_cannot_go_out_is_said_before_anything_is_written(
    missing: Scenario, command: UrgeReports, where: str
) -> None:
    with pytest.raises(Invalid) as refused:
        missing.engine.execute(command, by=missing.supervisor)

    assert [problem.where for problem in refused.value.problems] == [where]


def test_reports_in_time_or_unknown_are_not_urged_and_officers_do_not_urge(missing: Scenario) -> None:
    ahead = missing.rows(
        sa.select(reports.c.report_id).where(reports.c.state == "OPEN", reports.c.due_at > missing.now).limit(1)
    )
    with pytest.raises(Invalid) as refused:
        missing.engine.execute(UrgeReports("urge", (ahead[0]["report_id"],)), by=missing.supervisor)
    assert refused.value.code == "report_not_late"
    with pytest.raises(NotFound):
        missing.engine.execute(UrgeReports("urge", ("nowhere",)), by=missing.supervisor)
    with pytest.raises(NotPermitted):
        missing.engine.execute(UrgeReports("urge", overdue(missing, 1)), by=missing.person("gxj1"))


def test_reports_missed_three_weeks_running_count_as_reds(missing: Scenario) -> None:
    missing.until("2024-06-14 12:01")

    found = missing.rows(
        sa.select(supervision_items.c.ruling, reports.c.due_at)
        .join(reports, reports.c.report_id == supervision_items.c.report_id)
        .where(reports.c.rule_key.like("%weekly%"))
        .order_by(reports.c.due_at)
    )

    counted: dict[object, set[int]] = {}
    for row in found:
        counted.setdefault(row["due_at"], set()).add(row["ruling"]["inputs"]["reds"])
    assert list(counted.values())[-1] == {3}


# -- red cases ---------------------------------------------------------------------------------------------------------
def test_a_red_case_without_a_late_task_is_on_the_desk(scenario: Scenario, late: str) -> None:
    """The checks are done late: the case is past its due date, but its next task has time of its own."""
    scenario.until("2024-07-02 10:00")
    before = scenario.engine.read.desk(scenario.supervisor, DeskFilter())
    scenario.clean_up(late)
    scenario.work()

    after = scenario.engine.read.desk(scenario.supervisor, DeskFilter())

    assert (before.red_cases, before.red_total, len(before.rows)) == ((), 0, 1)
    assert [row.case_id for row in after.red_cases] == [late]
    assert (after.red_total, len(after.rows), after.red_cases[0].overdue_workdays) == (1, 0, 2)
    elsewhere = scenario.engine.read.desk(scenario.supervisor, DeskFilter(area="nanlong"))
    assert (elsewhere.red_cases, elsewhere.red_total) == ((), 0)
    foreign = scenario.engine.read.desk(scenario.person("nanlong1"), DeskFilter())
    assert foreign.red_total == 0
