"""What reviews have found: each test failed once, and says what may not come back."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, NewScenario, Scenario, at, full_plan, moved_plan, new_case, quiet_plan

from engine.commands.calendars import PublishCalendar
from engine.commands.clock import StartDemo
from engine.commands.letter_service import ReceiveLetter
from engine.commands.letters import IssueLetters, VoidLetter
from engine.commands.people import AddPerson
from engine.commands.register import RegisterCases
from engine.commands.tasks import AttachEvidence, EvidenceFile
from engine.domain.actor import SYSTEM, Actor, Membership
from engine.domain.service import Receipt
from engine.errors import NotFound, NotPermitted, Refused
from engine.ids import TimeOrderedIds
from engine.queries.letters import LetterFilter
from engine.store.database import Database
from engine.store.schema import cases, evidence, instances, letters, referrals, rungs, supervision_items, tasks

RUNGS = 12  # more than a ladder has
OVERDUE = "2024-06-28 18:01"  # a minute after the closure was due


@pytest.fixture
def late(scenario: Scenario) -> str:
    [case] = scenario.register()
    scenario.survey(case)
    scenario.until(OVERDUE)
    return case


def issue(scenario: Scenario, case: str, kind: str) -> str:
    command = IssueLetters(scenario.campaign, kind, (case,), reason="越级理由（演示）")
    [letter_id] = scenario.engine.execute(command, by=scenario.supervisor)
    scenario.work()
    return str(letter_id)


def refer(scenario: Scenario, case: str) -> None:
    """By the ladder to the referral, which waits for its papers."""
    for _ in range(RUNGS):
        climb(scenario, case)
        if any(task.element_id == "prepare_referral" for task in scenario.tasks(case)):
            return
    raise AssertionError("the ladder does not come to the referral")


def climb(scenario: Scenario, case: str) -> None:
    """Sign what waits for a signature, then go to the next thing that is due."""
    for task in scenario.tasks(case):
        if task.element_id.startswith("approve_by_"):
            scenario.complete(task.element_id, case, rung_decision="issue")
    scenario.work()
    scenario.drop_talks()
    due = scenario.engine.read.next_due_at()
    if due is not None:
        scenario.until(due)


def prepare(scenario: Scenario, case: str) -> None:
    scenario.complete("prepare_referral", case, referral_facts="逾期（演示）", referral_proposal="建议移送（演示）")
    scenario.work()


def item(scenario: Scenario) -> dict[str, object]:
    [row] = scenario.rows(sa.select(supervision_items))
    return row


# -- supervision -------------------------------------------------------------------------------------------------------
def test_a_voided_letter_does_not_stand_for_its_rung(scenario: Scenario, late: str) -> None:
    voided = issue(scenario, late, "urge")
    scenario.engine.execute(VoidLetter(voided, "发错单位（演示）"), by=scenario.supervisor)

    for _ in ("comes to the rung of the letter again", "and is signed"):
        climb(scenario, late)

    assert [row["level"] for row in scenario.rows(sa.select(rungs).where(rungs.c.rule != "督查台"))] == [0, 1]
    listed = scenario.engine.read.letters(scenario.supervisor, LetterFilter(kind="urge")).rows
    assert sorted(row.state for row in listed) == ["ISSUED", "VOID"]
    assert scenario.engine.read.violations() == ()


def test_a_referral_sent_back_is_no_return_of_the_case(scenario: Scenario, late: str) -> None:
    refer(scenario, late)
    prepare(scenario, late)

    scenario.send_back("approve_referral", late)

    assert scenario.engine.read.case(scenario.supervisor, late).row.return_count == 0
    assert scenario.engine.read.figures(scenario.campaign).counts["returned"] == 0
    assert scenario.engine.read.violations() == ()


def test_an_item_that_is_resolved_stays_resolved_when_its_referral_goes_out(scenario: Scenario, late: str) -> None:
    refer(scenario, late)
    scenario.clean_up(late)
    scenario.work()
    closed = item(scenario)
    assert closed["state"] == "RESOLVED"

    scenario.advance("1wd")
    prepare(scenario, late)
    scenario.complete("approve_referral", late, outcome="approved")
    scenario.work()

    assert (item(scenario)["state"], item(scenario)["closed_at"]) == ("RESOLVED", closed["closed_at"])
    assert scenario.engine.read.violations() == ()


# -- who sees what -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("login", "sees"),
    [("chengjiao1", False), ("gxj1", False), ("yanshou1", False), ("lingdao", True), ("jijian", True)],
)
def test_a_referral_is_for_those_who_watch_not_for_the_unit_it_names(
    scenario: Scenario, late: str, login: str, sees: bool
) -> None:
    refer(scenario, late)
    prepare(scenario, late)
    scenario.complete("approve_referral", late, outcome="approved")
    scenario.work()
    [letter] = scenario.rows(sa.select(letters.c.letter_id).where(letters.c.kind == "referral"))
    [prepared] = scenario.rows(sa.select(tasks.c.task_id).where(tasks.c.element_id == "prepare_referral"))
    read, actor = scenario.engine.read, scenario.person(login)

    page = read.case(actor, late)
    listed = read.letters(actor, LetterFilter(kind="referral")).rows

    assert bool(listed) == sees
    assert ("referral" in {letter.kind for letter in page.letters}) == sees
    assert ("accountability" in {task.process_key for task in page.tasks}) == sees
    assert ("移送函" in {fact.detail.get("kind_name") for fact in page.facts}) == sees
    if not sees:
        for question, asked in ((read.letter, letter["letter_id"]), (read.task, prepared["task_id"])):
            with pytest.raises(NotFound):
                question(actor, asked)
        with pytest.raises((NotFound, NotPermitted)):
            signed = Receipt("某人（演示）", "某职（演示）")
            scenario.engine.execute(ReceiveLetter(letter["letter_id"], signed), by=actor)
        [running] = scenario.rows(sa.select(instances.c.instance_id).where(instances.c.kind == "accountability"))
        with pytest.raises(NotFound):
            read.diagrams(actor, running["instance_id"])


def test_a_colleague_opens_the_evidence_of_a_task_without_a_case(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-30 09:00")
    scenario.work()
    task = next(task for task in scenario.tasks() if task.case_id is None and ("officer", "chengjiao") in task.groups)
    scenario.claim(task, scenario.person("chengjiao1"))
    sheet = EvidenceFile("sealed_scan", "盖章件（演示）.pdf", "application/pdf", b"%PDF-1.7 demo")
    scenario.engine.execute(AttachEvidence(task.task_id, (sheet,)), by=scenario.person("chengjiao1"))
    [piece] = scenario.rows(sa.select(evidence.c.evidence_id))

    opened = scenario.engine.read.task_evidence(scenario.person("chengjiao2"), piece["evidence_id"])

    assert opened.content == sheet.content
    with pytest.raises(NotFound):
        scenario.engine.read.task_evidence(scenario.person("baohan1"), piece["evidence_id"])


def test_the_figures_of_one_area_hold_nothing_of_its_neighbours(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-30 09:00")
    mine, theirs = *scenario.register(area="chengjiao"), *scenario.register(area="baohan")
    for case in (mine, theirs):
        scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    scenario.until("2024-06-03 09:00")
    everything = scenario.engine.read.figures(scenario.campaign, actor=scenario.supervisor)

    watcher = Actor(
        "watcher",
        "城郊镇领导（演示）",
        frozenset({Membership("leader", "chengjiao")}),
        frozenset({"chengjiao"}),
        frozenset({"chengjiao"}),
    )
    shown = scenario.engine.read.figures(scenario.campaign, actor=watcher)

    assert (everything.counts["registered"], shown.counts["registered"]) == (2, 1)
    assert everything.letters_by_kind["notice"] == 2 and shown.letters_by_kind["notice"] == 0  # both went to the lead
    assert 0 < shown.items["opened"] < everything.items["opened"]
    assert 0 < shown.reports["due"] < everything.reports["due"]


def test_what_is_told_of_each_case_of_a_letter_is_told_once_on_its_page(scenario: Scenario) -> None:
    cases = scenario.register(3)
    command = IssueLetters(scenario.campaign, "notice", tuple(cases), bundle="unit")
    [letter_id] = scenario.engine.execute(command, by=scenario.supervisor)
    scenario.work()

    page = scenario.engine.read.letter(scenario.supervisor, letter_id)

    assert [fact.kind for fact in page.facts] == ["LetterRendered", "LetterIssued"]


# -- who may do what ---------------------------------------------------------------------------------------------------
def test_the_head_of_a_town_registers_a_site_there_and_nowhere_else(scenario: Scenario) -> None:
    person = AddPerson("zhenzhang", "城郊镇负责人（演示）", "!", (("head", "chengjiao"),))
    scenario.engine.execute(person, by=SYSTEM)
    head = scenario.person("zhenzhang")

    added = scenario.engine.execute(RegisterCases(scenario.campaign, (new_case(1),)), by=head)["added"]

    assert len(added) == 1
    with pytest.raises(Exception, match="outside your area"):
        scenario.engine.execute(RegisterCases(scenario.campaign, (new_case(2, area="baohan"),)), by=head)


def test_nobody_turns_a_database_into_a_demo_from_a_page(scenario: Scenario) -> None:
    with pytest.raises(NotPermitted):
        scenario.engine.execute(StartDemo(at("2024-06-13 09:30"), scenario.now), by=scenario.person("xitong"))


# -- time --------------------------------------------------------------------------------------------------------------
def test_a_notice_that_moves_only_the_yellow_light_is_told_in_the_facts(
    new_scenario: NewScenario, tmp_path: Path
) -> None:
    shutil.copytree(PROCESSES, tmp_path / "processes", ignore=shutil.ignore_patterns("2025.toml", "2026.toml"))
    plan = moved_plan(6, quiet_plan())
    scenario = new_scenario(plan=plan, moment="2025-01-24 09:00", processes=tmp_path / "processes")
    [case] = scenario.register()
    scenario.survey(case, "rectify")
    columns = sa.select(cases.c.due_at, cases.c.yellow_at).where(cases.c.case_id == case)
    [before] = scenario.rows(columns)

    notice = (PROCESSES / "calendars" / "2025.toml").read_bytes()
    scenario.engine.execute(PublishCalendar(notice), by=SYSTEM)

    [after] = scenario.rows(columns)
    assert after["due_at"] == before["due_at"] and after["yellow_at"] != before["yellow_at"]
    assert scenario.engine.read.violations() == ()


# -- the machine -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("url", ["foo://x", "not a url", "postgresql+nodriver://x/y"])
def test_an_address_that_means_nothing_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(Refused) as refused:
        Database(url)

    assert refused.value.code == "database_address"


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: object) -> None:
    path = f"{tmp_path}/junk.db"
    with open(path, "wb") as file:
        file.write(b"junk" * 5000)
    database = Database(f"sqlite:///{path}")

    with pytest.raises(Refused) as refused, database.read():
        pass

    assert refused.value.code == "database_unreachable"
    database.dispose()


def test_ids_made_later_sort_later_within_a_millisecond_too() -> None:
    ids = TimeOrderedIds()

    made = [ids.new() for _ in range(10_000)]

    assert made == sorted(made) and len(set(made)) == len(made)
    assert {len(one) for one in made} == {32}


def test_a_referral_that_is_declined_is_proposed_again_while_the_work_is_not_done(
    scenario: Scenario, late: str
) -> None:
    refer(scenario, late)
    prepare(scenario, late)
    scenario.complete("approve_referral", late, outcome="declined")
    scenario.work()

    scenario.advance("19wd")
    before = [task.element_id for task in scenario.tasks(late)]
    scenario.advance("1wd")

    assert "prepare_referral" not in before
    assert "prepare_referral" in [task.element_id for task in scenario.tasks(late)]
    assert item(scenario)["state"] == "OPEN"
    assert sorted(row["state"] for row in scenario.rows(sa.select(referrals.c.state))) == ["DECLINED", "PREPARING"]
    assert scenario.engine.read.violations() == ()
