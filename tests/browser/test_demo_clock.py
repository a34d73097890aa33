"""The demo's clock moved past Friday noon: reports that did not come are late, reminders climb the ladder."""

import time
from collections.abc import Callable

from browser_person import NewPerson, Person


def set_clock(person: Person, moment: str) -> None:
    person.go("/demo-clock")
    person.page.get_by_label("到", exact=True).fill(moment)
    person.page.locator("form").filter(has_text="拨到这里").evaluate("form => { form.noValidate = true }")
    person.press("拨到这里")


def look_until(person: Person, is_so: Callable[[], bool]) -> None:
    """Reload while the server's worker does what fell due."""
    give_up = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up, person.said
        person.page.wait_for_timeout(500)
        person.page.reload()


def test_after_friday_noon_the_missing_reports_are_late(new_person: NewPerson) -> None:
    supervisor, officer = new_person("ducha1"), new_person("chengjiao1")
    supervisor.go("/reports?view=list&status=overdue")
    assert supervisor.main.get_by_role("row").filter(has_text="6月14日").count() == 0

    supervisor.go("/demo-clock")
    supervisor.press("到周五中午报送截止后")
    assert "2024年6月14日 12:01" in supervisor.said

    supervisor.go("/reports?view=list&status=overdue")
    look_until(
        supervisor, lambda: supervisor.main.get_by_role("row").filter(has_text="2024年6月14日 12:00").count() == 18
    )
    officer.go("/inbox?box=groups&light=red")
    assert "清理整治工作进展" in officer.main.get_by_role("table").inner_text()

    set_clock(supervisor, "2024-06-17T18:30")
    supervisor.go("/desk?unit=chengjiao&text=6月14日")
    look_until(supervisor, lambda: "催办单" in supervisor.main.get_by_role("table", name="逾期任务").inner_text())
    assert "〔2024〕" in supervisor.main.get_by_role("table", name="逾期任务").inner_text()


def test_the_clock_goes_forward_only(new_person: NewPerson) -> None:
    supervisor = new_person("ducha1")

    set_clock(supervisor, "2024-06-01T09:00")

    assert "只能向前拨" in supervisor.said
