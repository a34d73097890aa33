"""Figures reconcile at every moment of a played campaign, and the past can be asked for again."""

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, at, full_plan

from engine.domain.facts import FACTS
from engine.errors import Invalid, NotFound
from engine.queries.figures import Figures, faults_of, percent
from engine.store.schema import facts
from web.simulation.play import Play

STOPS = ("2024-06-05 08:00", "2024-06-28 17:00", "2024-07-19 20:00")
COUNTED = ("counts", "by_phase", "letters_by_kind", "rungs", "items", "rates")


def played(scenario: Scenario, until: str, cases: int) -> Play:
    play = Play(
        scenario.engine, scenario.worker, scenario.clock, scenario.engine.read.campaign(scenario.campaign), seed=7
    )
    play.register_cases(cases)
    play.run(at(until))
    return play


def told(figures: Figures) -> dict[str, object]:
    return {name: getattr(figures, name) for name in COUNTED}


def test_the_figures_of_a_past_moment_are_those_that_were_shown_then(scenario: Scenario) -> None:
    play = Play(
        scenario.engine, scenario.worker, scenario.clock, scenario.engine.read.campaign(scenario.campaign), seed=7
    )
    play.register_cases(9)
    shown = []

    for stop in STOPS:
        play.run(at(stop))
        shown.append(scenario.engine.read.figures(scenario.campaign))
    again = [scenario.engine.read.figures(scenario.campaign, as_of=at(stop)) for stop in STOPS]

    assert [told(figures) for figures in again] == [told(figures) for figures in shown]
    assert [figures.faults for figures in (*shown, *again)] == [()] * 6
    assert len({str(told(figures)) for figures in shown}) == 3, "nothing happened between the stops"
    assert shown[-1].counts["done"] > 0 and shown[-1].counts["open"] > 0
    assert scenario.engine.read.incidents(scenario.supervisor) == ()
    assert scenario.engine.read.violations() == ()
    for fact in scenario.rows(sa.select(facts)):
        for sentence in FACTS[fact["kind"]]:
            assert sentence.format(**fact["detail"]), fact["kind"]


def test_the_sums_by_area_and_by_lead_are_the_whole(scenario: Scenario) -> None:
    played(scenario, "2024-06-05 08:00", 6)

    whole = scenario.engine.read.figures(scenario.campaign).counts
    parts = scenario.engine.read.breakdown(scenario.campaign)

    for rows in (parts.by_area, parts.by_lead):
        assert {name: sum(row.counts[name] for row in rows) for name in whole} == whole


def test_what_does_not_reconcile_is_named(scenario: Scenario) -> None:
    scenario.register(2)
    right = scenario.engine.read.figures(scenario.campaign)

    wrong = Figures(**{**right.__dict__, "counts": {**right.counts, "open": 1, "struck_off": 5}})

    assert faults_of(right) == []
    assert {fault.partition(":")[0] for fault in faults_of(wrong)} == {
        "registered = excluded + done + open", "open = green + yellow + red", "struck off ≤ done"
    }  # fmt: skip


def test_figures_of_the_future_or_of_nothing_are_refused(scenario: Scenario) -> None:
    with pytest.raises(Invalid):
        scenario.engine.read.figures(scenario.campaign, as_of=at("2024-05-20 09:01"))
    with pytest.raises(NotFound):
        scenario.engine.read.figures("no_such_campaign")


def test_reports_count_as_due_when_their_time_has_come(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-31 09:00")
    before = scenario.engine.read.figures(scenario.campaign).reports

    scenario.clock.set(at("2024-05-31 12:01"))
    after = scenario.engine.read.figures(scenario.campaign).reports

    owing = len(scenario.engine.read.campaign(scenario.campaign).owers("areas+leads"))
    assert (before["due"], before["overdue"]) == (0, 0)
    assert (after["due"], after["overdue"], after["ahead"]) == (owing, owing, before["ahead"] - owing)


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(0, 0, "—"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 8, "12.50"), (1, 800, "0.13")]
)
def test_rates_have_two_decimals_half_up(part: int, whole: int, shown: str) -> None:
    assert percent(part, whole) == shown
