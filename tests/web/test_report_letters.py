"""Letters about late reports, ticked on the desk."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, full_plan
from web_visitor import Browser

from engine.store.schema import letters, reports

SignIn = Callable[[str], Browser]


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    found = new_scenario(plan=full_plan())
    found.until("2024-05-24 12:01")
    return found


def overdue(scenario: Scenario, count: int) -> list[str]:
    query = sa.select(reports.c.report_id).where(reports.c.state == "OPEN", reports.c.due_at < scenario.now)
    return [row["report_id"] for row in scenario.rows(query.order_by(reports.c.report_id).limit(count))]


def test_late_reports_are_ticked_looked_at_and_urged(scenario: Scenario, signed_in: SignIn) -> None:
    browser, chosen = signed_in("ducha1"), overdue(scenario, 2)
    desk = browser.get("/desk").get_data(as_text=True)
    shown = browser.get("/desk/reports/letters/new?kind=urge&" + "&".join(f"report={one}" for one in chosen))

    response = browser.post(
        "/desk/reports/letters", {"report": chosen, "kind": "urge", "_operation": browser.hidden("_operation")}
    )

    assert desk.count('name="report"') == 18
    assert 'formaction="/desk/reports/letters/new"' in desk
    assert "对逾期报送签发催办单" in shown.get_data(as_text=True)
    assert response.status_code == 303
    assert len(scenario.rows(sa.select(letters.c.letter_id))) == 2
    assert "已签发 2 份" in browser.get(response.headers["Location"]).get_data(as_text=True)


def test_a_refused_letter_keeps_what_was_typed(scenario: Scenario, signed_in: SignIn) -> None:
    browser, [report] = signed_in("ducha1"), overdue(scenario, 1)
    browser.get(f"/desk/reports/letters/new?kind=notice&report={report}")

    skipped = browser.post("/desk/reports/letters", {"report": [report], "kind": "notice", "reply_term": "5wd"})
    long = browser.post("/desk/reports/letters", {"report": [report], "kind": "urge", "reason": "长" * 501})

    assert (skipped.status_code, long.status_code) == (422, 422)
    page = skipped.get_data(as_text=True)
    assert "请填写越级理由" in page and '<option value="5wd" selected>' in page
    assert "不超过 500 字" in long.get_data(as_text=True) and "长长长" in long.get_data(as_text=True)


def test_nothing_ticked_and_foreign_hands_are_refused(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/desk")

    assert browser.get("/desk/reports/letters/new").status_code == 422
    assert browser.post("/desk/reports/letters", {"kind": "urge"}).status_code == 422
    assert browser.get("/desk/reports/letters/new?report=nowhere").status_code == 404
    assert browser.post("/desk/reports/letters", {"report": ["nowhere"], "kind": "urge"}).status_code == 404
    assert signed_in("gxj1").get("/desk/reports/letters/new").status_code == 403
