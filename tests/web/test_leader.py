"""The leader's page: figures that reconcile, are dated, and lead to what they count."""

from collections.abc import Callable
from datetime import date

import pytest
from scenario import Scenario
from web_visitor import Browser

from engine.domain.campaign import Phase
from web.leader import _elapsed, _ranking

SignIn = Callable[[str], Browser]


@pytest.fixture
def played(scenario: Scenario) -> Scenario:
    """Four sites: one excluded, one accepted and struck off, one in cleanup, one not yet surveyed."""
    excluded, accepted, cleaning, _ = scenario.register(4)
    scenario.survey(excluded, "exclude")
    scenario.survey(accepted)
    scenario.survey(cleaning)
    scenario.clean_up(accepted)
    scenario.accept(accepted)
    scenario.work()
    return scenario


def test_the_identities_are_printed_and_hold(played: Scenario, signed_in: SignIn) -> None:
    page = signed_in("lingdao").get("/leader").get_data(as_text=True)

    assert "<b>排查 3</b> = 剔除 1 + 列入整治 2" in page
    assert "<b>列入整治 2</b> = 关停取缔 2 + 整治提升 0 + 整合搬迁 0 + 待定 0" in page
    assert "<b>登记 4</b> = 剔除 1 + 办结 1 + 未办结 2" in page
    assert "各项合计与总数一致" in page
    assert "50.00%" in page


def test_every_number_leads_to_what_it_counts(played: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("lingdao")
    page = browser.get("/leader").get_data(as_text=True)

    for address in (
        "/cases?campaign=linxia_2024&amp;light=red",
        "/cases?campaign=linxia_2024&amp;disposition=close",
        "/cases?campaign=linxia_2024&amp;area=chengjiao",
        "/letters?campaign=linxia_2024&amp;kind=notice",
        "/reports?campaign=linxia_2024&amp;status=overdue",
        "/desk?campaign=linxia_2024",
    ):
        assert address in page
        assert browser.get(address.replace("&amp;", "&")).status_code == 200


def test_the_figures_of_an_earlier_day_are_those_of_that_day(played: Scenario, signed_in: SignIn) -> None:
    played.until("2024-05-22 09:00")
    played.register(2)
    browser = signed_in("lingdao")

    then = browser.get("/leader?as_of=2024-05-21").get_data(as_text=True)
    now = browser.get("/leader").get_data(as_text=True)

    assert "<b>登记 4</b>" in then and "2024年5月21日 23:59" in then
    assert "<b>登记 6</b>" in now


@pytest.mark.parametrize("as_of", ["2024-13-01", "yesterday", "2031-01-01", "9999-12-31"])
def test_a_day_that_is_none_or_lies_ahead_is_refused(as_of: str, played: Scenario, signed_in: SignIn) -> None:
    assert signed_in("lingdao").get(f"/leader?as_of={as_of}").status_code == 422


def test_an_officer_has_no_leaders_page(scenario: Scenario, signed_in: SignIn) -> None:
    assert signed_in("chengjiao1").get("/leader").status_code == 403


def test_an_unknown_campaign_is_not_found(scenario: Scenario, signed_in: SignIn) -> None:
    assert signed_in("lingdao").get("/leader?campaign=nowhere").status_code == 404


@pytest.mark.parametrize(
    ("today", "elapsed"),
    [
        # 清理整治 2024-05-15 … 2024-06-28: 32 working days, 2024-06-10 being 端午节
        (date(2024, 5, 14), "0.00"),
        (date(2024, 5, 15), "3.13"),
        (date(2024, 6, 27), "96.88"),
        (date(2024, 6, 28), "100.00"),
        (date(2024, 6, 29), "100.00"),
    ],
)
def test_time_elapsed_is_counted_in_working_days(today: date, elapsed: str, scenario: Scenario) -> None:
    phase: Phase = next(one for one in scenario.engine.read.campaign("linxia_2024").phases if one.key == "cleanup")

    assert _elapsed(phase, today, scenario.engine.read.calendar()) == elapsed


def test_units_with_the_same_count_share_a_place() -> None:
    ranked = _ranking((("a", "甲", 3), ("b", "乙", 2), ("c", "丙", 2), ("d", "丁", 1)))

    assert [unit.place for unit in ranked] == [1, 2, 2, 4]
