"""How long the tasks of an element took and how many were late: on the page of the definition, in words and as heat."""

from collections.abc import Callable
from datetime import timedelta

from scenario import Scenario
from web_visitor import Browser

from engine.domain.job import ATTEMPTS, BACK_OFF_MINUTES, Job, JobResult
from engine.queries import Read
from engine.queries.diagrams import ElementCount
from engine.queries.element_times import ElementTime
from engine.worker import Worker
from web.admin.heat import heat, span

SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close"}


def test_time_and_lateness_of_a_step_stand_in_the_outline_and_on_the_drawing(
    scenario: Scenario, signed_in: Callable[[str], Browser]
) -> None:
    first, second, third, _ = scenario.register(4)
    start, due_at = scenario.now, scenario.task_of(first, "survey_site").due_at
    assert due_at is not None
    late = due_at + timedelta(minutes=1)
    for case, moment in ((first, start + timedelta(days=1)), (second, due_at), (third, late)):
        scenario.until(moment)
        scenario.complete("survey_site", case, **SURVEYED)

    newest = scenario.engine.read.definition("survey")
    times = scenario.engine.read.element_times(newest.definition_id)
    assert times["survey_site"] == ElementTime(done=3, median=due_at - start, due=3, late=1)
    assert "review_disposition" not in times and scenario.engine.read.element_times("none") == {}

    designer = signed_in("sheji")
    outline = designer.get("/definitions/survey").get_data(as_text=True)
    drawn = designer.get("/definitions/survey?view=late").get_data(as_text=True)
    assert "逾期 33%（1/3）" in outline and span(due_at - start) in outline
    assert "&#34;heat4&#34;" in drawn and "33% (1/3)" in drawn and 'aria-current="page">逾期率' in drawn
    assert (
        "heat"
        not in designer.get("/definitions/survey?view=%3Cb%3E").get_data(as_text=True).split("diagram-box")[1][:400]
    )
    assert "还没有这项数据" in designer.get("/definitions/cleanup?view=duration").get_data(as_text=True)


def test_a_job_that_failed_stands_at_its_element(scenario: Scenario, signed_in: Callable[[str], Browser]) -> None:
    [case] = scenario.register()
    scenario.complete("survey_site", case, **SURVEYED)
    scenario.complete("review_disposition", case, outcome="confirmed")
    for _ in range(ATTEMPTS):
        Worker(scenario.engine, {"letter": no_paper}).run_until_idle()
        scenario.clock.advance(timedelta(minutes=max(BACK_OFF_MINUTES)))

    counts = scenario.engine.read.definition("cleanup").counts
    drawn = signed_in("ducha1").get("/definitions/cleanup?view=incidents").get_data(as_text=True)
    designed = signed_in("sheji").get("/definitions/cleanup?view=incidents").get_data(as_text=True)

    assert {name: count.incidents for name, count in counts.items() if count.incidents} == {"send_notice": 1}
    assert "故障 1" in drawn and 'href="/incidents"' in drawn.split('id="diagram"')[1]
    assert "故障 1" in designed and 'href="/incidents"' not in designed
    assert scenario.engine.read.definition("survey").counts["survey_site"].incidents == 0


def no_paper(job: Job, read: Read) -> JobResult:
    raise OSError("没有纸了（演示）")


def test_heat_says_its_figure_and_shades_it_by_its_part_of_the_most() -> None:
    counts = {"a": ElementCount(live=2, late=1, passed=8), "b": ElementCount(passed=2), "c": ElementCount(live=1)}
    times = {
        "a": ElementTime(8, timedelta(hours=30), 4, 1),
        "b": ElementTime(2, timedelta(minutes=40), 0, 0),
    }

    def shown(view: str) -> dict[str, tuple[str, object]]:
        found = heat(view, counts, times)
        return {name: (badge["state"], badge.get("text", badge.get("count"))) for name, badge in found.items()}

    assert shown("standing") == {"a": ("late", 2), "b": ("done", 2), "c": ("open", 1)}
    assert shown("passed") == {"a": ("heat4", "8"), "b": ("heat1", "2")}
    assert shown("duration") == {"a": ("heat4", "1.2 天"), "b": ("heat1", "40 分钟")}
    assert shown("late") == {"a": ("heat4", "25% (1/4)")}
    assert (span(timedelta(hours=5)), span(timedelta(days=3))) == ("5 小时", "3 天")
