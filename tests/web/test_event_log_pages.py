"""The event log as a download, and a diagram in words with what stands at it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree
from scenario import Scenario
from web_visitor import Browser

from engine.errors import NotFound, NotPermitted
from web.cli.main import duban

SignIn = Callable[[str], Browser]


def test_a_designer_takes_the_log_of_a_process_and_it_goes_on_record(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register(1)
    scenario.survey(case)
    browser = signed_in("sheji")
    browser.get("/definitions/case_lifecycle")

    taken = browser.post("/definitions/case_lifecycle/event-log", {"format": "xes"})
    begun_later = browser.post("/definitions/case_lifecycle/event-log", {"format": "csv", "since": "2024-05-21"})
    other = browser.post("/definitions/supervision/event-log", {"format": "ocel", "names": "1"})

    names = etree.fromstring(taken.data).xpath("//*[local-name()='trace']/*[@key='concept:name']/@value")
    assert (taken.status_code, names) == (200, [case])
    assert "attachment" in taken.headers["Content-Disposition"] and "linxia_2024-case_lifecycle.xes" in str(
        taken.headers
    )
    assert len(begun_later.get_data(as_text=True).splitlines()) == 1
    assert other.status_code == 403  # names are for the audit administrator
    assert [fact["detail"]["format"] for fact in scenario.facts("EventLogExported")] == ["xes", "csv"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"format": "xls"}, "没有“xls”这种格式"),
        ({"format": "csv", "since": "昨天<b>"}, "“昨天&lt;b&gt;”不是日期"),
        ({"format": "csv"}, "没有从这个流程开始的实例"),
        ({"format": "csv", "since": "2024-06-02", "until": "2024-06-01"}, "止日 2024-06-01 早于起日 2024-06-02"),
    ],
)
def test_a_form_that_cannot_be_read_comes_back_with_what_was_typed(
    scenario: Scenario, signed_in: SignIn, sent: dict[str, str], said: str
) -> None:
    browser = signed_in("sheji")
    browser.get("/definitions/survey")

    response = browser.post("/definitions/survey/event-log", sent)

    page = response.get_data(as_text=True)
    assert response.status_code == 422 and said in page
    assert all(f'value="{value.replace("<b>", "&lt;b&gt;")}"' in page for value in [*sent.values()][1:])
    assert scenario.facts("EventLogExported") == []


def test_only_those_who_may_take_a_log_are_offered_it(scenario: Scenario, signed_in: SignIn) -> None:
    offered = {
        login: "event-log" in signed_in(login).get("/definitions/survey").get_data(as_text=True)
        for login in ("sheji", "xitong", "ducha1", "lingdao")
    }
    officer = signed_in("chengjiao1")

    assert offered == {"sheji": True, "xitong": True, "ducha1": True, "lingdao": False}
    assert officer.post("/definitions/survey/event-log", {"format": "csv"}).status_code == 403


def test_a_diagram_is_told_in_words_with_what_stands_where(scenario: Scenario, signed_in: SignIn) -> None:
    [case, _] = scenario.register(2)
    [instance] = [fact["instance_id"] for fact in scenario.facts("InstanceStarted", case)]

    told = signed_in("sheji").get("/definitions/survey/1/words").get_data(as_text=True)
    own = signed_in("chengjiao1").get(f"/diagrams/instances/{instance}/words").get_data(as_text=True)
    foreign = signed_in("chengbei1").get(f"/diagrams/instances/{instance}/words")

    assert told.count('id="survey.survey_site"') == 1 and "2 个在办" in told
    assert "退回重查" in told and "<svg" in told
    for page in (told, own):
        assert "属地 承办人 <code" in page and ">officer@area</code>" in page
        assert "“排查摸底”阶段结束前、5个工作日内，以较晚者为准 <code" in page
    assert all(f'id="{target}"' in told for target in re.findall(r'href="#(survey\.[^"]+)"', told))
    assert own.index("正在这里") > own.index('id="survey.survey_site"') and "已经过" in own
    assert foreign.status_code == 404
    assert signed_in("sheji").get("/definitions/survey/9/words").status_code == 404


def test_the_command_line_writes_a_new_file_or_none(scenario: Scenario, tmp_path: Path) -> None:
    scenario.register(1)
    taken = tmp_path / "log.csv"

    first = _run(scenario, "linxia_2024", "--format", "csv", "--out", str(taken))
    again = _run(scenario, "linxia_2024", "--format", "csv", "--out", str(taken))
    nowhere = _run(scenario, "nowhere", "--out", str(tmp_path / "none.xes"))
    named = _run(scenario, "linxia_2024", "--out", str(tmp_path / "named.xes"), "--named-for", "ducha1")

    assert first.exit_code == 0 and len(taken.read_text("utf-8").splitlines()) > 3
    assert isinstance(again.exception, FileExistsError)
    assert isinstance(nowhere.exception, NotFound) and isinstance(named.exception, NotPermitted)
    assert sorted(file.name for file in tmp_path.glob("*.xes")) == []


def _run(scenario: Scenario, *words: str) -> Result:
    settings = {"DUBAN_SECRET_FILE": str(scenario.config.secret_file)}
    return CliRunner().invoke(duban, ["--database", scenario.config.database_url, "export-log", *words], env=settings)
