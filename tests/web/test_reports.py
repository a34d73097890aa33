"""Report obligations: the matrix of units and due dates, the list, and a unit's own."""

from collections.abc import Callable

import pytest
from scenario import NewScenario, Scenario, full_plan
from web_visitor import Browser

from engine.queries.reports import ReportFilter
from web.reports import matrix_of

SignIn = Callable[[str], Browser]


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    """With its report obligations, past the first Friday noon after 2024-05-20."""
    found = new_scenario(plan=full_plan())
    found.until("2024-05-24 12:01")
    return found


def test_the_matrix_shows_every_unit_and_date_in_words_and_shapes(scenario: Scenario, signed_in: SignIn) -> None:
    page = signed_in("ducha1").get("/reports").get_data(as_text=True)

    assert "matrix__cell--overdue" in page and "matrix__cell--ahead" in page and "matrix__cell--history" in page
    assert "未报" in page and "未到" in page
    assert "城郊镇" in page and "市工信局" in page
    assert "report-status__shape" in page


def test_the_totals_add_up(scenario: Scenario) -> None:
    found = scenario.engine.read.reports(scenario.supervisor, ReportFilter())

    assert sum(found.totals.values()) == found.page.total
    assert found.totals["overdue"] == 18


def test_a_status_narrows_to_a_list(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")

    overdue = browser.get("/reports?status=overdue").get_data(as_text=True)
    nonsense = browser.get("/reports?status=nonsense")

    assert "matrix__cell" not in overdue and overdue.count('scope="row"') == 18
    assert nonsense.status_code == 200


def test_a_unit_sees_its_own_reports_and_the_way_to_its_task(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")
    overdue = scenario.engine.read.reports(scenario.person("chengjiao1"), ReportFilter(status="overdue")).rows

    page = browser.get("/reports").get_data(as_text=True)
    own = browser.get(f"/reports/{overdue[0].report_id}").get_data(as_text=True)

    assert "市工信局" not in page
    assert len(overdue) == 1 and f"/tasks/{overdue[0].task_id}" in own and "去填报" in own


def test_a_foreign_report_is_not_found(scenario: Scenario, signed_in: SignIn) -> None:
    foreign = scenario.engine.read.reports(scenario.person("nanlong1"), ReportFilter()).rows[0]

    assert signed_in("chengjiao1").get(f"/reports/{foreign.report_id}").status_code == 404


def test_every_obligation_has_its_cell(scenario: Scenario) -> None:
    rows = scenario.engine.read.reports(scenario.supervisor, ReportFilter(status="overdue")).rows

    matrix = matrix_of(rows)

    assert len(matrix.columns) == 1
    assert [line.cells[0].report_id for line in matrix.lines if line.cells[0]] == [row.report_id for row in rows]
    assert all((line.overdue, line.late, line.on_time) == (1, 0, 0) for line in matrix.lines)
