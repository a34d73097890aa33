"""移送问责: who may see it, what is recorded of it, and what the figures say (政府督查工作条例 ss. 21, 23)."""

import pytest
import sqlalchemy as sa
from accountability_acts import climb_until, late_case, prepare_referral, receipt
from scenario import NewScenario, Scenario, quiet_plan

from engine.commands.accountability import SeeReferral
from engine.commands.letter_rows import issue
from engine.commands.letter_service import ReceiveLetter
from engine.commands.letters import VoidLetter
from engine.domain.actor import SYSTEM
from engine.domain.service import DIRECT, Receipt
from engine.errors import Invalid, NotFound
from engine.ids import CountingIds
from engine.queries.desk import DeskFilter
from engine.queries.letters import LetterFilter
from engine.store import paper
from engine.store.schema import letter_deliveries, letters, referrals, tasks, units
from engine.store.transaction import Transaction
from web.bootstrap import compose_letter

UNIT = {"outcome_subject": "unit", "outcome_form": "circulated", "outcome_organ": "演示机关", "outcome_more": "yes"}
PERSON = {
    "outcome_subject": "person",
    "outcome_post": "副局长",
    "outcome_form": "sanction",
    "outcome_sanction": "demerit",
    "outcome_organ": "演示机关",
    "outcome_on": "2024-09-12",
    "outcome_more": "no",
}


def proposed(scenario: Scenario) -> None:
    climb_until(scenario, late_case(scenario), "prepare_referral")


def referred(scenario: Scenario) -> None:
    proposed(scenario)
    case = the_case(scenario)
    prepare_referral(scenario, case)
    scenario.complete("approve_referral", case, outcome="approved", referral_opinion="同意（演示）")
    scenario.work()


def the_case(scenario: Scenario) -> str:
    return str(scenario.rows(sa.select(referrals.c.case_id))[0]["case_id"])


def the_referral(scenario: Scenario) -> dict[str, object]:
    return scenario.rows(sa.select(referrals))[0]


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=referred)


def test_a_referral_knows_who_prepared_and_who_approved_it(scenario: Scenario) -> None:
    row = the_referral(scenario)

    assert (row["state"], row["prepared_by_id"], row["approved_by_id"], row["grounds"]) == (
        "REFERRED", scenario.supervisor.person_id, scenario.person("lingdao").person_id, ["not_done"]
    )  # fmt: skip
    assert (
        row["letter_id"]
        == scenario.rows(sa.select(letters.c.letter_id).where(letters.c.kind == "referral"))[0]["letter_id"]
    )


def test_the_referral_letter_names_the_earlier_letters_and_who_approved(scenario: Scenario) -> None:
    [row] = scenario.rows(sa.select(letters.c.variables, letters.c.signed_by).where(letters.c.kind == "referral"))
    earlier = scenario.rows(
        sa.select(letters.c.number).where(letters.c.kind != "referral", letters.c.item_id.is_not(None))
    )

    assert row["signed_by"] == "领导小组副组长（演示）"
    assert {letter["number"] for letter in row["variables"]["letters"]} == {letter["number"] for letter in earlier}
    assert row["variables"]["referral"]["proposal"] == "依规依纪研究处理（演示）"
    assert [paper["name"] for paper in row["variables"]["referral"]["evidence"]] == ["现场照片", "督办台账"]


def test_it_goes_to_the_discipline_body_and_the_office_records_that_it_was_received(scenario: Scenario) -> None:
    row, read = the_referral(scenario), scenario.engine.read
    letter_id = str(row["letter_id"])
    body = "有管辖权的纪检监察机关"
    unit = read.item(scenario.supervisor, row["item_id"]).unit
    source = read.letter_source(letter_id)
    sent = scenario.rows(sa.select(letter_deliveries.c.unit_id).where(letter_deliveries.c.letter_id == letter_id))
    assert [one["unit_id"] for one in sent] == ["discipline"]
    assert read.letter(scenario.supervisor, letter_id).row.unit == body
    assert compose_letter(source).addressees == (body,) and unit in compose_letter(source).title
    assert read.letter_service(scenario.supervisor, letter_id).may_record

    on_paper = Receipt("收文员（演示）", "机要室收文员（演示）", DIRECT, scenario.now, place="机要室（演示）")
    scenario.engine.execute(ReceiveLetter(letter_id, on_paper), by=scenario.supervisor)

    page = read.letter(scenario.person("jijian"), letter_id)
    assert (page.row.state, page.row.received_by) == ("RECEIVED", "收文员（演示）")
    assert read.violations() == ()


def without_discipline_body() -> bytes:
    """The plan as it was before it named who takes referrals."""
    tables = quiet_plan().decode().split("\n[[")
    return "\n[[".join(table for table in tables if 'kind = "discipline"' not in table).encode()


def test_a_plan_that_names_no_discipline_body_gets_one_when_it_is_needed(new_scenario: NewScenario) -> None:
    plan = without_discipline_body()
    assert b"discipline" not in plan

    scenario = new_scenario(plan=plan, story=referred)

    [row] = scenario.rows(sa.select(letters.c.unit_id).where(letters.c.kind == "referral"))
    named = scenario.rows(sa.select(units.c.name, units.c.parent_id).where(units.c.unit_id == row["unit_id"]))
    assert (row["unit_id"], named) == ("discipline", [{"name": "有管辖权的纪检监察机关", "parent_id": "linxia"}])


@pytest.mark.parametrize(
    ("login", "sees"),
    [("jijian", True), ("lingdao", True), ("ducha1", True), ("ducha2", False), ("gxj1", False), ("chengjiao1", False)],
)
def test_only_the_inspector_the_chief_and_the_referring_supervisor_see_it(
    scenario: Scenario, login: str, sees: bool
) -> None:
    actor, read, row = scenario.person(login), scenario.engine.read, the_referral(scenario)
    task = scenario.rows(sa.select(tasks.c.task_id).where(tasks.c.element_id == "prepare_referral"))[0]["task_id"]
    case = the_case(scenario)

    listed = read.referrals(actor, scenario.campaign)
    page = read.case(actor, case)

    assert bool(listed) == sees
    assert bool(read.letters(actor, LetterFilter(kind="referral")).rows) == sees
    assert ("accountability" in {each.process_key for each in page.tasks}) == sees
    assert ("referral" in {each.kind for each in page.letters}) == sees
    assert ("移送函" in {fact.detail.get("kind_name") for fact in page.facts}) == sees
    assert ("accountability" in {each.process_key for each in read.responsibility(actor, case).tasks}) == sees
    if sees:
        assert read.referral(actor, row["referral_id"]).row.subject == row["subject"]
        return
    for question, asked in ((read.referral, row["referral_id"]), (read.letter, row["letter_id"]), (read.task, task)):
        with pytest.raises(NotFound):
            question(actor, asked)
    with pytest.raises(NotFound):
        scenario.engine.execute(SeeReferral(str(row["referral_id"])), by=actor)
    with pytest.raises(NotFound):
        scenario.engine.execute(ReceiveLetter(str(row["letter_id"]), receipt()), by=actor)


def test_before_it_is_prepared_every_supervisor_is_asked_and_may_look(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=proposed)
    other = scenario.person("ducha2")

    asked = scenario.engine.read.referrals(other, scenario.campaign)
    prepare_referral(scenario, the_case(scenario), by=scenario.supervisor)

    assert [row.state for row in asked] == ["PREPARING"]
    assert scenario.engine.read.referrals(other, scenario.campaign) == ()


@pytest.mark.parametrize(
    ("login", "knows"), [("gxj1", False), ("ducha2", False), ("ducha1", True), ("lingdao", True), ("jijian", True)]
)
def test_before_the_chief_decides_the_unit_reads_nowhere_that_its_referral_is_being_made(
    new_scenario: NewScenario, login: str, knows: bool
) -> None:
    scenario = new_scenario(story=proposed)
    case, actor, read = the_case(scenario), scenario.person(login), scenario.engine.read
    item_id = str(the_referral(scenario)["item_id"])
    prepare_referral(scenario, case, by=scenario.supervisor)

    assert ("referral" in {fact.detail.get("rung") for fact in read.case(actor, case).facts}) == knows
    assert ("referral" in {paper.instrument for paper in read.responsibility(actor, case).papers}) == knows
    page = read.item(actor, item_id)
    assert ("referral" in {rung.instrument for rung in page.rungs}) == knows
    assert ("referral" in {fact.detail.get("rung") for fact in page.facts}) == knows
    assert page.level == page.rungs[-1].level
    assert set(read.explain_rungs(actor, item_id)) == {rung.position for rung in page.rungs}
    assert {item.level for item in read.case(actor, case).items if item.item_id == item_id} == {page.level}
    desk = read.desk(actor, DeskFilter(level=str(page.level)))
    assert [(row.item_id, row.level, row.instrument, row.level_at) for row in desk.rows if row.case_id == case] == [
        (item_id, page.level, page.rungs[-1].instrument, page.rungs[-1].at)
    ]
    assert desk.page.total == desk.by_level[str(page.level)]


def test_every_look_is_on_record(scenario: Scenario) -> None:
    row = the_referral(scenario)

    for login in ("jijian", "lingdao"):
        scenario.engine.execute(SeeReferral(str(row["referral_id"])), by=scenario.person(login))

    page = scenario.engine.read.referral(scenario.person("jijian"), row["referral_id"])
    assert [look.person for look in page.looks] == ["领导小组副组长（演示）", "纪检联络员（演示）"]


def test_outcomes_are_recorded_one_by_one_for_the_unit_and_for_persons_by_post(scenario: Scenario) -> None:
    case = the_case(scenario)

    scenario.complete("record_outcome", case, **UNIT)
    scenario.complete("record_outcome", case, **PERSON)
    scenario.work()

    page = scenario.engine.read.referral(scenario.person("jijian"), the_referral(scenario)["referral_id"])
    assert [(each.subject, each.post, each.form, each.grade) for each in page.outcomes] == [
        ("unit", "", "circulated", ""),
        ("person", "副局长", "sanction", "demerit"),
    ]
    assert page.row.state == "CONCLUDED"
    assert scenario.engine.read.violations() == ()


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"outcome_post": " "}, "outcome_post"),
        ({"outcome_sanction": ""}, "outcome_sanction"),
        ({"outcome_form": "party_discipline", "outcome_discipline": "demerit"}, "outcome_discipline"),
        ({"outcome_form": "none", "outcome_note": ""}, "outcome_note"),
        ({"outcome_form": "fine"}, "outcome_form"),
        ({"outcome_subject": "everybody"}, "outcome_subject"),
    ],
)
def test_an_outcome_that_says_too_little_changes_nothing(scenario: Scenario, wrong: dict[str, str], where: str) -> None:
    case = the_case(scenario)

    with pytest.raises(Invalid) as refused:
        scenario.complete("record_outcome", case, **{**PERSON, **wrong})

    assert [problem.where for problem in refused.value.problems] == [where]
    assert (
        scenario.engine.read.referral(scenario.person("jijian"), the_referral(scenario)["referral_id"]).outcomes == ()
    )


def test_the_figures_are_split_by_form_and_the_parts_are_the_whole(scenario: Scenario) -> None:
    case = the_case(scenario)
    scenario.complete("record_outcome", case, **UNIT)
    scenario.complete("record_outcome", case, **PERSON)
    scenario.work()

    figures = scenario.engine.read.accountability_figures(scenario.campaign)

    counted = {
        count.form: (count.units, count.persons, count.share) for count in figures.by_form if count.share != "0.00"
    }
    assert counted == {"circulated": (1, 0, "50.00"), "sanction": (0, 1, "50.00")}
    assert figures.dealt_with == sum(count.units + count.persons for count in figures.by_form) == 2
    assert (figures.units, figures.persons, figures.not_pursued, figures.by_state) == (1, 1, 0, {"CONCLUDED": 1})
    assert figures.circulars == scenario.engine.read.figures(scenario.campaign).letters_by_kind["circular"]
    assert figures.disciplined == 1


def corrected(scenario: Scenario, letter_id: str, ids: CountingIds) -> str:
    """A circular that takes the place of this one, signed."""
    with scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, ids, scenario.supervisor, b"")
        old = paper.get_letter(tx, letter_id)
        assert old is not None
        new = issue(
            tx,
            campaign_id=scenario.campaign,
            kind="circular",
            unit_id=old["unit_id"],
            case_ids=[],
            corrects_id=letter_id,
        )
        tx.write_facts()
    return new


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_corrected_circular_of_the_ladder_is_counted_once_and_by_its_correction(scenario: Scenario) -> None:
    read, ids = scenario.engine.read, CountingIds(5_000_000)

    def counted() -> tuple[int, int]:
        figures = read.accountability_figures(scenario.campaign)
        return figures.circulars, figures.ladder_circulars

    def of_ladder() -> dict[str, bool]:
        return {row.letter_id: row.is_ladder for row in read.circular_letters(scenario.supervisor, scenario.campaign)}

    [old] = of_ladder()

    new = corrected(scenario, old, ids)
    again = corrected(scenario, new, ids)
    after_two, listed = counted(), of_ladder()
    scenario.engine.execute(VoidLetter(again, "更正有误（演示）"), by=scenario.supervisor)
    scenario.engine.execute(VoidLetter(new, "更正有误（演示）"), by=scenario.supervisor)

    assert (after_two, listed) == ((1, 1), {old: True, new: True, again: True})
    assert counted() == (1, 1)  # the earlier one stands again


def test_a_declined_referral_sends_nothing(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=proposed)
    case = the_case(scenario)
    prepare_referral(scenario, case)

    scenario.complete("approve_referral", case, outcome="declined", referral_opinion="再督办一次（演示）")
    scenario.work()

    row = the_referral(scenario)
    assert (row["state"], row["letter_id"], row["approved_by_id"]) == (
        "DECLINED", None, scenario.person("lingdao").person_id
    )  # fmt: skip
    assert scenario.rows(sa.select(letters.c.letter_id).where(letters.c.kind == "referral")) == []


def test_the_system_sees_all(scenario: Scenario) -> None:
    assert len(scenario.engine.read.referrals(SYSTEM, scenario.campaign)) == 1
