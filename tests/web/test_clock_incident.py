"""The page of incidents tells what to do about a clock that was set, and lets a person confirm it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from scenario import Scenario
from web_visitor import Browser

from engine.domain.actor import SYSTEM

SignIn = Callable[[str], Browser]


@pytest.fixture
def jumped(scenario: Scenario) -> Scenario:
    scenario.register()
    scenario.work()
    scenario.clock.jump(timedelta(days=3))
    scenario.work()
    return scenario


def test_a_jump_is_told_with_what_to_do_and_can_only_be_confirmed(jumped: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("xitong")
    page = browser.get("/incidents").get_data(as_text=True)
    [found] = jumped.engine.read.incidents(SYSTEM)

    assert "时钟跳变" in page and "请核对这台机器的日期和时间" in page and "时钟无误，恢复定时" in page
    assert 'value="noted"' not in page
    response = browser.post(f"/incidents/{found.incident_id}/resolution", {"resolution": "confirm"})
    jumped.work()

    assert response.status_code == 303
    assert len(jumped.facts("TimerFired")) == 1
    assert "已确认时钟" in browser.get("/incidents?resolved=1").get_data(as_text=True)


def test_a_step_back_is_only_taken_note_of(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.work()
    scenario.clock.jump(-timedelta(hours=2))
    scenario.work()

    page = signed_in("xitong").get("/incidents").get_data(as_text=True)

    assert "没有定时事项会重复触发" in page and 'value="noted"' in page and 'value="confirm"' not in page
