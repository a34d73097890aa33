"""What a correction says: the old letter's own words with the dates of its signing, though the matter has gone on."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from accountability_acts import HELD, arrange, climb_a_day, climb_until, late_case
from scenario import NewScenario, Scenario, quiet_plan

from engine.commands.accountability import BeginCircular
from engine.commands.drafts import ArrangeDraft, Arrangement, CorrectLetter, ReviseDraft, WithdrawDraft
from engine.commands.letters import IssueLetters, VoidLetter
from engine.commands.tasks import CompleteTask
from engine.domain.drafting import Wording, wording_of
from engine.domain.letter import Table
from engine.store.schema import interviews, letters, rungs, supervision_items
from web.bootstrap import compose_letter

MEETING = "2024-08-01T15:00:00+08:00"
SIGNED = {"sign_opinion": "同意（演示）", "signer_post": "领导小组办公室主任"}


@pytest.fixture
def backend() -> str:
    return "sqlite"  # nothing here is the database's own


def newest(scenario: Scenario, kind: str) -> dict[str, Any]:
    return scenario.rows(sa.select(letters).where(letters.c.kind == kind).order_by(letters.c.serial.desc()))[0]


def draft(scenario: Scenario, old: str) -> str:
    return str(scenario.engine.execute(CorrectLetter(old, "写错（演示）"), by=scenario.supervisor))


def issue(scenario: Scenario, kind: str) -> dict[str, Any]:
    """The correction of the kind, by the whole way to its number."""
    task = scenario.task_of(None, "draft_letter")
    scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)
    if any(task.element_id == "review_letter" for task in scenario.tasks()):
        scenario.complete("review_letter", None, by=scenario.person("ducha2"), review_opinion="已核（演示）")
    if any(task.element_id == "sign_by_leader" for task in scenario.tasks()):
        scenario.complete("sign_by_leader", None, by=scenario.person("lingdao"), **SIGNED)
    scenario.work()
    return newest(scenario, kind)


def items(scenario: Scenario) -> list[tuple[str, int]]:
    found = scenario.rows(sa.select(supervision_items).order_by(supervision_items.c.opened_at))
    return [(row["state"], row["level"]) for row in found]


def test_a_correction_is_about_the_item_of_the_old_letter_and_climbs_no_other(scenario: Scenario) -> None:
    case = late_case(scenario)
    command = IssueLetters(scenario.campaign, "notice", (case,), reason="群众反映强烈（演示）")
    [old_id] = scenario.engine.execute(command, by=scenario.supervisor)
    old = newest(scenario, "notice")
    scenario.clean_up(case)
    scenario.work()
    while len(items(scenario)) < 2:
        scenario.advance("1wd")

    draft(scenario, old_id)
    new = issue(scenario, "notice")

    assert items(scenario) == [("RESOLVED", 2), ("OPEN", 0)]
    assert [
        row["instrument"] for row in scenario.rows(sa.select(rungs).where(rungs.c.letter_id == new["letter_id"]))
    ] == []
    assert new["item_id"] == old["item_id"]
    [before], [after] = old["variables"]["cases"], new["variables"]["cases"]
    assert {**after, "overdue_days": 0} == {**before, "overdue_days": 0}
    of_day = {"today", "corrects", "cases", "listing"}
    assert {name: new["variables"][name] for name in old["variables"] if name not in of_day} == {
        name: said for name, said in old["variables"].items() if name not in of_day
    }
    assert scenario.engine.read.violations() == ()


@pytest.fixture
def summoned(new_scenario: NewScenario) -> Scenario:
    """漯河: fifteen days for the report of the talk."""
    plan = quiet_plan().decode().replace('ladder = "escalation_ladder"', 'ladder = "luohe_ladder"')
    scenario = new_scenario(plan=plan.encode())
    case = late_case(scenario)
    climb_until(scenario, case, "prepare_interview")
    arrange(scenario, case, MEETING)
    scenario.work()
    return scenario


def talk(scenario: Scenario) -> dict[str, Any]:
    [row] = scenario.rows(sa.select(interviews.c.summons_id, interviews.c.minutes_id))
    return row


def test_a_corrected_summons_calls_to_the_same_meeting_and_the_talk_names_it(summoned: Scenario) -> None:
    old = newest(summoned, "summons")
    draft(summoned, old["letter_id"])
    summoned.advance("1wd")

    new = issue(summoned, "summons")

    named = talk(summoned)["summons_id"]
    summoned.engine.execute(VoidLetter(new["letter_id"], "更正有误（演示）"), by=summoned.supervisor)
    assert new["variables"]["meeting"] == old["variables"]["meeting"]
    assert new["variables"]["meeting"]["time"].startswith("2024年8月1日")
    assert new["variables"]["meeting"]["report_within"] == "15个自然日"
    assert (named, talk(summoned)["summons_id"]) == (new["letter_id"], old["letter_id"])
    assert summoned.engine.read.violations() == ()


def test_corrected_minutes_keep_what_was_said(summoned: Scenario) -> None:
    [case] = [row["case_id"] for row in summoned.rows(sa.select(interviews.c.case_id))]
    summoned.until("2024-08-01 17:00")
    summoned.complete("hold_interview", case, interview_held_at=MEETING, **{**HELD, "commitment_1_due": "2024-08-31"})
    summoned.work()
    old = newest(summoned, "minutes")
    draft_id = draft(summoned, old["letter_id"])
    shown = summoned.engine.read.draft_source(summoned.supervisor, draft_id, 1).variables["meeting"]

    new = issue(summoned, "minutes")

    assert (shown, new["variables"]["meeting"]) == (old["variables"]["meeting"], old["variables"]["meeting"])
    assert old["variables"]["meeting"]["commitments"]
    assert talk(summoned)["minutes_id"] == new["letter_id"]
    assert not summoned.engine.read.draft_changes(summoned.supervisor, draft_id)


def test_a_draft_that_went_out_shows_the_letter_as_it_went_out(summoned: Scenario) -> None:
    draft_id = draft(summoned, newest(summoned, "summons")["letter_id"])
    new = issue(summoned, "summons")
    summoned.advance("5wd")

    shown = summoned.engine.read.draft_source(summoned.supervisor, draft_id, 1)

    assert shown == summoned.engine.read.letter_source(new["letter_id"])


def test_a_draft_that_was_withdrawn_is_shown_of_the_day_of_its_end(summoned: Scenario) -> None:
    draft_id = draft(summoned, newest(summoned, "summons")["letter_id"])
    task = summoned.task_of(None, "draft_letter")
    summoned.engine.execute(CompleteTask(task.task_id, {}), by=summoned.supervisor)
    before = summoned.engine.read.draft_source(summoned.supervisor, draft_id, 1)
    summoned.engine.execute(WithdrawDraft(draft_id, "不发了（演示）"), by=summoned.supervisor)
    summoned.advance("5wd")

    shown = summoned.engine.read.draft_source(summoned.supervisor, draft_id, 1)

    assert (shown.variables, shown.issued_on) == (before.variables, before.issued_on)


def circulated(scenario: Scenario) -> None:
    """The ladder has sent its circular: no draft of it was ever written and nobody countersigned it."""
    case = late_case(scenario)
    while not scenario.rows(sa.select(letters.c.letter_id).where(letters.c.kind == "circular")):
        climb_a_day(scenario, case)


def test_a_circular_of_the_ladder_is_corrected_by_whom_it_was_decided(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=circulated)
    old = newest(scenario, "circular")
    level = items(scenario)

    draft_id = draft(scenario, old["letter_id"])
    named = Arrangement(countersigners=("sthj",))  # the writer may ask somebody, and may leave it
    scenario.engine.execute(ArrangeDraft(draft_id, named), by=scenario.supervisor)
    scenario.engine.execute(ArrangeDraft(draft_id, Arrangement(layout=old["layout"])), by=scenario.supervisor)
    new = issue(scenario, "circular")

    assert (new["corrects_id"], new["serial"], new["item_id"]) == (old["letter_id"], old["serial"] + 1, old["item_id"])
    [before], [after] = old["variables"]["cases"], new["variables"]["cases"]
    assert {**after, "overdue_days": 0} == {**before, "overdue_days": 0}
    assert items(scenario) == level
    read = scenario.engine.read
    assert read.letter(scenario.supervisor, old["letter_id"]).corrected_by == (new["letter_id"], new["number"])
    assert read.violations() == ()


def test_a_circular_about_a_period_keeps_its_table_in_the_writers_words(new_scenario: NewScenario) -> None:
    """It is about no case: what it says is its figures."""
    scenario = new_scenario(moment="2024-06-03 09:00")
    period = BeginCircular(scenario.campaign, date(2024, 5, 1), date(2024, 5, 10))
    scenario.engine.execute(period, by=scenario.supervisor)
    said = {"circular_problems": "部分单位进度滞后。", "circular_demands": "限期整改。"}
    scenario.complete("draft_circular", None, by=scenario.supervisor, **said)
    scenario.complete("review_circular", None, by=scenario.person("ducha2"), outcome="reviewed")
    scenario.complete("approve_circular", None, outcome="approved")
    scenario.work()
    old = newest(scenario, "circular")
    assert scenario.engine.read.letter(scenario.supervisor, old["letter_id"]).may_correct

    draft_id = draft(scenario, old["letter_id"])
    plain = wording_of(compose_letter(scenario.engine.read.draft_source(scenario.supervisor, draft_id, 1)))
    changed = Wording(plain.title, (*plain.lines, "各单位对照检查（演示）。"))
    scenario.engine.execute(ReviseDraft(draft_id, (1,), changed), by=scenario.supervisor)
    new = issue(scenario, "circular")

    made = compose_letter(scenario.engine.read.letter_source(new["letter_id"]))
    tables = [block for block in made.body if isinstance(block, Table)]
    before = compose_letter(scenario.engine.read.letter_source(old["letter_id"]))
    assert tables == [block for block in before.body if isinstance(block, Table)] != []
    assert wording_of(made) == changed
    assert (made.addressees, made.corrects) == (before.addressees, old["number"])
    assert scenario.engine.read.violations() == ()
