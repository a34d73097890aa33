"""通报: counts by unit that reconcile with the leader's figures, frozen with approval, issued to every unit."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from accountability_acts import late_case
from scenario import NewScenario, Scenario, at, full_plan

from engine.commands.accountability import BeginCircular
from engine.domain.letter import Heading, Paragraph
from engine.domain.share import percent
from engine.errors import Invalid, NotFound, NotPermitted
from engine.store.schema import circular_figures, circulars, letter_addressees, letters
from web.bootstrap import compose_letter

FROM, TO = date(2024, 6, 1), date(2024, 6, 30)


def with_work(scenario: Scenario) -> None:
    """Two cases struck off in June, one late at its end, one of another area just registered; reports are late too."""
    done = scenario.register(2)
    for case in done:
        scenario.survey(case)
        scenario.clean_up(case)
        scenario.until("2024-06-12 10:00")
        scenario.accept(case)
        scenario.work()
    late_case(scenario)
    scenario.register(1, area="nanlong")
    scenario.until("2024-07-01 09:00")


def begun(scenario: Scenario) -> str:
    command = BeginCircular(scenario.campaign, FROM, TO)
    return str(scenario.engine.execute(command, by=scenario.supervisor))


def draft(scenario: Scenario, **more: Any) -> None:
    said = {"circular_problems": "部分单位进度滞后。", "circular_demands": "限期整改。"}
    scenario.complete("draft_circular", None, by=scenario.supervisor, **said | more)


def review(scenario: Scenario) -> None:
    scenario.complete("review_circular", None, by=scenario.person("ducha2"), outcome="reviewed")


def approve(scenario: Scenario) -> None:
    scenario.complete("approve_circular", None, outcome="approved")
    scenario.work()


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=with_work, plan=full_plan())


def test_the_parts_are_the_whole_and_the_whole_is_the_leaders(scenario: Scenario) -> None:
    circular = begun(scenario)

    figures = scenario.engine.read.circular(scenario.supervisor, circular).figures
    leader = scenario.engine.read.figures(scenario.campaign)
    before = scenario.engine.read.figures(scenario.campaign, as_of=at("2024-05-31 23:59"))
    after = scenario.engine.read.figures(scenario.campaign, as_of=at("2024-06-30 23:59"))
    summed = {name: sum(unit[name] for unit in figures["units"]) for name in figures["sum"] if name != "rate"}
    assert summed == {name: value for name, value in figures["sum"].items() if name != "rate"}
    assert summed == {
        "total": leader.counts["registered"] - leader.counts["excluded"],
        "done": leader.counts["done"],
        "late": leader.counts["red"],
        "missing": leader.reports["overdue"],
        "done_in_period": after.counts["done"] - before.counts["done"],
        "letters_in_period": sum(after.letters_by_kind.values()) - sum(before.letters_by_kind.values()),
        "items_in_period": after.items["opened"] - before.items["opened"],
    }
    assert figures["sum"]["rate"] == percent(leader.counts["done"], summed["total"])
    assert all(unit["late"] + unit["done"] <= unit["total"] for unit in figures["units"])
    assert summed["done"] == 2 and summed["late"] == 1 and summed["missing"] > 0
    assert leader.faults == ()


def test_units_are_ranked_and_equals_share_a_place(scenario: Scenario) -> None:
    figures = scenario.engine.read.circular(scenario.supervisor, begun(scenario)).figures

    places = [unit["place"] for unit in figures["units"]]
    ranked = [place for place in places if place is not None]
    assert ranked == sorted(ranked) and places[: len(ranked)] == ranked
    assert all(unit["total"] == 0 for unit in figures["units"][len(ranked) :])


def test_approved_figures_are_frozen_whatever_happens_afterwards(scenario: Scenario) -> None:
    circular = begun(scenario)
    draft(scenario)
    review(scenario)
    scenario.until("2024-07-02 10:00")
    approve(scenario)
    approved = scenario.engine.read.circular(scenario.supervisor, circular)

    scenario.register(3)
    scenario.advance("3wd")

    page = scenario.engine.read.circular(scenario.supervisor, circular)
    assert (page.figures, page.sha256, page.as_of) == (approved.figures, approved.sha256, at("2024-07-01 09:00"))
    assert (page.row.state, page.row.approved_by) == ("PUBLISHED", "领导小组副组长（演示）")
    assert [fact["detail"]["sha256"] for fact in scenario.facts("CircularApproved")] == [page.sha256]
    with pytest.raises(Exception, match="append-only"), scenario.raw() as connection:
        connection.execute(circular_figures.update().values(sha256="0"))


def test_it_goes_to_every_unit_with_the_same_numbers(scenario: Scenario) -> None:
    circular = begun(scenario)
    draft(scenario)
    review(scenario)
    approve(scenario)

    [letter] = scenario.rows(sa.select(letters).where(letters.c.kind == "circular"))
    addressed = scenario.rows(
        sa.select(letter_addressees.c.unit_id).where(letter_addressees.c.letter_id == letter["letter_id"])
    )
    plan = scenario.engine.read.campaign(scenario.campaign)
    page = scenario.engine.read.circular(scenario.person("gxj1"), circular)
    words = letter["variables"]["circular"]
    assert {row["unit_id"] for row in addressed} == {unit.id for unit in (*plan.areas, *plan.leads)}
    assert [(row["name"], row["total"], row["done"], row["late"]) for row in words["units"]] == [
        (unit["name"], str(unit["total"]), str(unit["done"]), str(unit["late"])) for unit in page.figures["units"]
    ]
    assert words["analysis"] == [{"text": "部分单位进度滞后"}] and words["requirements"] == [{"text": "限期整改"}]
    assert (letter["signed_by"], page.row.letter_id) == ("领导小组副组长（演示）", letter["letter_id"])
    made = compose_letter(scenario.engine.read.letter_source(letter["letter_id"]))
    printed = [block.text for block in made.body if isinstance(block, Paragraph | Heading)]
    # Nobody chose a unit to criticise: neither the first addressee nor another is named outside of the table.
    assert [line for line in printed if any(name in line for name in made.addressees)] == []
    assert printed[-4:] == ["二、主要问题", "部分单位进度滞后。", "三、有关要求", "限期整改。"]


def test_what_was_typed_with_numbers_is_numbered_once(scenario: Scenario) -> None:
    begun(scenario)
    typed = "一、部分单位进度滞后。\n（二）三、四月份的材料未报\n\n2.5公里管网未完工；\n4. 台账不实"
    draft(scenario, circular_problems=typed)
    review(scenario)
    approve(scenario)

    [letter] = scenario.rows(sa.select(letters).where(letters.c.kind == "circular"))
    made = compose_letter(scenario.engine.read.letter_source(letter["letter_id"]))
    assert [block.text for block in made.body if isinstance(block, Heading) and block.level == 2] == [
        "（一）部分单位进度滞后。",
        "（二）三、四月份的材料未报。",
        "（三）2.5公里管网未完工。",
        "（四）台账不实。",
    ]


def test_before_approval_it_can_be_counted_again_and_the_old_count_stays_on_record(scenario: Scenario) -> None:
    circular = begun(scenario)
    draft(scenario)
    scenario.send_back("review_circular", None)  # type: ignore[arg-type]
    scenario.until("2024-07-02 10:00")

    draft(scenario, circular_recount=True)

    page = scenario.engine.read.circular(scenario.supervisor, circular)
    assert (page.row.version, page.as_of) == (2, scenario.now)
    kept = scenario.rows(sa.select(circular_figures.c.version, circular_figures.c.as_of))
    assert [(row["version"], row["as_of"]) for row in kept] == [(1, at("2024-07-01 09:00")), (2, scenario.now)]


def test_a_dropped_circular_sends_nothing(scenario: Scenario) -> None:
    begun(scenario)
    draft(scenario)
    review(scenario)

    scenario.complete("approve_circular", None, outcome="declined")
    scenario.work()

    assert [row["state"] for row in scenario.rows(sa.select(circulars.c.state))] == ["DROPPED"]
    assert scenario.rows(sa.select(letters.c.letter_id).where(letters.c.kind == "circular")) == []


def test_units_read_it_once_it_is_published(scenario: Scenario) -> None:
    circular = begun(scenario)
    unit = scenario.person("gxj1")

    with pytest.raises(NotFound):
        scenario.engine.read.circular(unit, circular)
    assert scenario.engine.read.circulars(unit, scenario.campaign) == ()
    draft(scenario)
    review(scenario)
    approve(scenario)

    assert [row.state for row in scenario.engine.read.circulars(unit, scenario.campaign)] == ["PUBLISHED"]


def test_who_drafted_does_not_review(scenario: Scenario) -> None:
    begun(scenario)
    draft(scenario)

    with pytest.raises(NotPermitted):
        scenario.complete("review_circular", None, by=scenario.supervisor, outcome="reviewed")


@pytest.mark.parametrize(
    ("from_on", "to_on", "wrong"),
    [
        (None, TO, ["from_on"]),
        (FROM, None, ["to_on"]),
        (TO, FROM, ["to_on"]),
        (FROM, date(2024, 7, 2), ["to_on"]),
        (None, None, ["from_on", "to_on"]),
        (date(1, 1, 1), TO, ["from_on"]),
        (date(2023, 12, 31), TO, ["from_on"]),
    ],
)
def test_a_period_that_cannot_be_counted(
    scenario: Scenario, from_on: date | None, to_on: date | None, wrong: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(BeginCircular(scenario.campaign, from_on, to_on), by=scenario.supervisor)

    assert [problem.where for problem in refused.value.problems] == wrong
    assert scenario.rows(sa.select(circulars)) == []


def test_today_may_be_the_last_day(scenario: Scenario) -> None:
    scenario.engine.execute(BeginCircular(scenario.campaign, FROM, date(2024, 7, 1)), by=scenario.supervisor)
