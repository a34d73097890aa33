"""The pages of forecasts: a scenario by form, a run beside the server, one picture of two."""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import html
from markupsafe import escape
from scenario import PROCESSES, Scenario
from web_visitor import Browser

from engine.commands.model_publishing import DiscardModelDraft
from engine.commands.models import OpenModelDraft, SaveModelFiles
from engine.errors import Rejected
from engine.forecast.ground import Material, prepare
from engine.forecast.scenario import read_scenario
from web.studio.forecast_form import laid_over, typed
from web.studio.forecast_runs import MAX_OF_ONE, SILENT_SECONDS, Runs, write_json

SignedIn = Callable[[str], Browser]


@pytest.fixture
def runs(app: Flask, scenario: Scenario) -> Iterator[Runs]:
    found = app.extensions["duban.forecasts"] = Runs(scenario.config.secret_file.parent / "forecasts")
    yield found
    found.close()


def small(name: str, *, until: str = "2024-06-30") -> str:
    """The shipped scenario with three cases."""
    text = (PROCESSES / "forecasts" / "linxia_as_planned.toml").read_text()
    text = text.replace("count = 4400", "count = 3").replace("count = 600", "count = 0")
    return text.replace('name = "按方案推进"', f'name = "{name}"').replace("until = 2024-12-31", f"until = {until}")


def fields(page: str) -> dict[str, str]:
    """What stands in the form, as a browser would send it."""
    found = re.findall(r'<input class="input" id="[^"]*" name="([^"]*)" type="[^"]*" value="([^"]*)"', page)
    return dict(found)


def test_a_designer_supposes_something_and_looks_at_two_forecasts_side_by_side(
    signed_in: SignedIn, runs: Runs, scenario: Scenario
) -> None:
    designer = signed_in("sheji")
    assert "还没有推演" in designer.get("/studio/forecasts").text

    english = designer.get("/studio/forecasts/new?base=linxia_as_planned&lang=en").text
    assert fields(english)["name"] == "As planned"
    page = designer.get("/studio/forecasts/new?base=linxia_as_planned&lang=zh").text
    assert fields(page)["name"] == "按方案推进"
    material = scenario.engine.read.forecast_material("linxia_2024")
    shipped = read_scenario((PROCESSES / "forecasts" / "linxia_as_planned.toml").read_bytes(), material.a_day)
    ground = prepare(shipped, material)
    for name in ("按方案推进", "As planned"):  # a name that nobody touched stays in both languages
        kept, problems = laid_over(shipped, ground, typed(shipped, ground) | {"seed": "8", "name": name})
        assert (kept.name, kept.name_en, kept.seed, problems) == ("按方案推进", "As planned", 8, ())
    sent = fields(page) | {
        "base": "linxia_as_planned",
        "name": "三件<b>",
        "arrivals.0.count": "3",
        "arrivals.1.count": "0",
    }
    sent |= {"until": "2024-07-31", "phases.cleanup.ends_on": "2024-06-14", "effort.survey:survey_site": "1wh / 2wh"}
    first = designer.post("/studio/forecasts", sent).headers["Location"].rpartition("/")[2]
    runs.wait(first)
    pasted = designer.get("/studio/forecasts/new").text and designer.post("/studio/forecasts", {"toml": small("粘贴")})
    second = pasted.headers["Location"].rpartition("/")[2]
    runs.wait(second)

    one = designer.get(f"/studio/forecasts/{first}").text
    assert "三件&lt;b&gt;" in one and "<b>三件" not in one and '<svg class="chart"' in one
    two = designer.get(f"/studio/forecasts/compare?run={second}&run={first}").text
    assert "与“三件&lt;b&gt;”相比，“粘贴”" in two and "&amp;lt;" not in two
    assert "Who is overloaded" in designer.get(f"/studio/forecasts/compare?run={second}&run={first}&lang=en").text
    result = json.loads(designer.get(f"/studio/forecasts/{first}/result.json").data)
    assert (result["cases"], result["windows"]["cleanup"]) == (3, ["2024-05-15", "2024-06-14"])
    toml = designer.get(f"/studio/forecasts/{first}/scenario.toml").text
    assert '"survey:survey_site" = { "median" = "60m", "p90" = "120m" }' in toml
    assert "三件" in designer.get(f"/studio/forecasts/new?base=run.{first}").text

    designer.get("/studio/forecasts?lang=zh")
    designer.post(f"/studio/forecasts/{first}/removal")
    assert [run.run_id for run in runs.all()] == [second]
    assert designer.get(f"/studio/forecasts/{first}").status_code == 404


def test_a_draft_is_forecast_beside_the_published_version_before_anybody_publishes_it(
    signed_in: SignedIn, runs: Runs, scenario: Scenario
) -> None:
    designer = signed_in("sheji")
    scenario.engine.execute(OpenModelDraft("survey", "<i>快查"), by=scenario.person("sheji"))
    scenario.engine.execute(OpenModelDraft("letter_approval", "不相干"), by=scenario.person("sheji"))
    draft_id = next(row.draft_id for row in scenario.engine.read.model_drafts() if row.key == "survey")
    diagram = (PROCESSES / "survey" / "survey.bpmn").read_bytes()

    def save(content: bytes | None) -> None:
        revision = scenario.engine.read.model_draft(draft_id).revision
        changes = {"survey.bpmn": content}
        scenario.engine.execute(SaveModelFiles(draft_id, revision, changes, ""), by=scenario.person("sheji"))

    # Without the review of the disposition: whatever the scenario says of that step is left out.
    save(diagram.replace(b"review_disposition", b"look_again").replace('name="审定处置方式"'.encode(), b'name="x"'))
    form = designer.get(f"/studio/forecasts/new?base=linxia_as_planned&draft={draft_id}").text
    assert "不相干" not in form and "&lt;i&gt;快查" in form
    assert re.search(f'name="model" value="{draft_id}"[^>]* checked', form)
    sent = {"toml": small("小", until="2024-05-31"), "model": draft_id, "both": "1"}

    page = designer.post("/studio/forecasts", sent).headers["Location"]
    run_id = page.rpartition("/")[2]
    told = designer.get(page).text
    for run in runs.all():
        runs.wait(run.run_id)

    assert "没有用：survey:review_disposition" in told and "用草稿“&lt;i&gt;快查”第 2 次保存的流程推演" in told
    changed, published = runs.all()
    assert (changed.run_id, changed.draft and changed.draft.against) == (run_id, published.run_id)
    assert (published.name, changed.name, published.draft) == ("小", "小（草稿：<i>快查）", None)
    places = [{stay.place for stay in runs.result(run.run_id).stays} for run in (published, changed)]
    assert ["survey:review_disposition" in found for found in places] == [True, False]
    assert ["survey:look_again" in found for found in places] == [False, True]
    beside = f"/studio/forecasts/compare?run={published.run_id}&amp;run={run_id}"
    assert beside in designer.get(page).text
    assert "与“小”相比，“小（草稿：&lt;i&gt;快查）”" in designer.get(beside.replace("&amp;", "&")).text
    assert re.search(f'value="{draft_id}"[^>]* checked', designer.get(f"/studio/forecasts/new?base=run.{run_id}").text)

    for content, said in ((diagram.replace(b"</bpmn:process>", b""), "XML"), (None, "草稿里没有流程图 survey.bpmn")):
        save(content)
        designer.get("/studio/forecasts/new")
        refused = designer.post("/studio/forecasts", sent)
        assert (refused.status_code, said in refused.text, "name = &#34;小&#34;" in refused.text) == (422, True, True)
        assert re.search(f'value="{draft_id}"[^>]* checked', refused.text)
    supervisor, leader = signed_in("ducha1"), signed_in("lingdao")
    for reader in (supervisor, leader):  # the picture of a forecast and what it ran on, not the draft itself
        seen = (f"/studio/forecasts/{run_id}/survey.bpmn", f"/studio/forecasts/{run_id}/scenario.toml")
        assert [reader.get(address).status_code for address in seen] == [200, 200]
        draft = (f"/studio/drafts/{draft_id}/publish", f"/studio/api/drafts/{draft_id}/files/survey.bpmn")
        assert [reader.get(address).status_code for address in draft] == [403, 403]
    assert "快查" not in supervisor.get(f"/studio/forecasts/new?draft={draft_id}").text
    assert supervisor.post("/studio/forecasts", sent).status_code == 409

    command = DiscardModelDraft(draft_id, "不改了")
    scenario.engine.execute(command, by=scenario.person("sheji"))
    typed = fields(designer.get("/studio/forecasts/new?base=linxia_as_planned").text) | {"waiting.default": "37m"}
    gone = designer.post("/studio/forecasts", typed | {"base": "linxia_as_planned", "model": draft_id, "both": "1"})
    assert (gone.status_code, "可能已经发布或作废" in gone.text) == (409, True)
    assert fields(gone.text) == typed
    assert len(runs.all()) == 2


def test_a_leader_sees_two_ways_of_the_campaign_side_by_side(signed_in: SignedIn, runs: Runs) -> None:
    leader = signed_in("lingdao")
    for scenario in ("linxia_as_planned", "linxia_cleanup_two_weeks_shorter"):
        text = (PROCESSES / "forecasts" / f"{scenario}.toml").read_text()
        text = text.replace("count = 4400", "count = 12").replace("count = 600", "count = 0")
        leader.get("/studio/forecasts/new")
        leader.post("/studio/forecasts", {"toml": text.replace("until = 2024-12-31", "until = 2024-07-31")})
    shorter, planned = runs.all()
    for run in (shorter, planned):
        runs.wait(run.run_id)
    results = [json.loads(runs.file(run.run_id, "result.json")) for run in (planned, shorter)]

    page = leader.get(f"/studio/forecasts/compare?run={shorter.run_id}&run={planned.run_id}").text

    assert [(result["name"], result["cases"]) for result in results] == [("按方案推进", 12), ("清理整治缩短两周", 12)]
    assert "清理整治阶段提前14天结束（2024年6月28日改为2024年6月14日）" in page
    assert "与“按方案推进”相比，“清理整治缩短两周”" in page and "清理整治改到6月14日" in page
    shown = dict(lines_of(page, "一眼看清"))
    late, letters = ([figure(result) for result in results] for figure in (late_of, letters_of))
    assert shown["到7月31日办结的问题"][:2] == [str(result["finished"]) for result in results]
    assert [value.partition(" 个")[0] for value in shown["逾期问题"][:2]] == [str(count) for count in late]
    assert shown["发文（件）"] == [*map(str, letters), changed(letters[1] - letters[0])]
    assert shown["逾期问题"][2] == changed(late[1] - late[0])
    assert len(shown) == 7 and all(len(cells) == 3 for cells in shown.values())
    english = leader.get(f"/studio/forecasts/compare?run={shorter.run_id}&run={planned.run_id}&lang=en").text
    assert "The clean-up ends 14 days earlier (2024-06-14 instead of 2024-06-28)" in english
    assert "At a glance" in english and "survey:review_disposition&#34;" not in english


def late_of(result: dict[str, Any]) -> int:
    return int(result["late_cases"]["late"])


def letters_of(result: dict[str, Any]) -> int:
    return sum(result["letters"].values())


def changed(by: int) -> str:
    return "＝ 不变" if not by else f"▲ 多 {by}" if by > 0 else f"▼ 少 {-by}"


def lines_of(page: str, caption: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of one table: what stands at the head, and the texts of the cells."""
    table = next(one for one in html.fromstring(page).iter("table") if one.findtext("caption") == caption)
    for row in table.iterfind(".//tbody/tr"):
        head, *cells = (" ".join(cell.text_content().split()) for cell in row)
        yield head, cells


FAULTS = [
    ({"toml": "x = " + "1" * 5_000}, "读不了的日期或数字"),
    ({"name": ""}, "请给情景取名"),
    ({"seed": "１"}, "请填写 0 到 1000000 之间的整数"),
    ({"until": "yesterday"}, "请填写日期"),
    ({"until": "2024-04-01"}, "三年以内"),
    ({"arrivals.0.count": "99999999999999999999"}, "之间的整数"),
    ({"arrivals.0.count": "0", "arrivals.1.count": "0"}, "问题总数应在 1 到"),
    ({"staff.officer@area": "-1"}, "请填写 0 到 500"),
    ({"phases.cleanup.ends_on": "2024-05-01"}, "阶段的开始不能晚于结束"),
    ({"effort.default": "5 / 3 / 1 / 2"}, "时长请写成文字"),
    ({"effort.default": "2wd / 1wd"}, "median ≤ p90"),
    ({"toml": "x ="}, "不是有效的 TOML"),
    (
        {"toml": "name = 'x'\ncampaign = 'other'\nuntil = 2024-09-01\n[[arrivals]]\non = 2024-08-01\ncount = 1"},
        "other",
    ),
    ({"toml": "#" * 200_001}, "超过 200 KB"),
]


def test_a_faulty_form_comes_back_with_everything_that_was_typed(signed_in: SignedIn, runs: Runs) -> None:
    designer = signed_in("sheji")
    good = fields(designer.get("/studio/forecasts/new").text) | {"waiting.default": "37m"}

    for changed, said in FAULTS:
        answer = designer.post("/studio/forecasts", good | changed)

        assert (answer.status_code, said in answer.text) == (422, True), changed
        assert 'value="37m"' in answer.text
        assert all(str(escape(value)) in answer.text for value in changed.values()), changed
    assert runs.all() == ()


def test_only_those_who_plan_may_forecast_and_nobody_reads_other_files(
    signed_in: SignedIn, browser: Browser, runs: Runs
) -> None:
    assert browser.get("/studio/forecasts").status_code == 303
    assert signed_in("chengjiao1").get("/studio/forecasts").status_code == 403
    leader = signed_in("lingdao")
    assert leader.get("/studio/forecasts").status_code == 200
    for address in ("x", "20240101-00000000", "..%2f..%2fduban.secret", "20240101-00000000/result.json"):
        assert leader.get(f"/studio/forecasts/{address}").status_code == 404
    assert leader.get("/studio/forecasts/new?base=..%2fcampaigns%2flinxia_2024").status_code == 404
    assert leader.get("/studio/forecasts/new?base=run.20240101-00000000").status_code == 404
    folder = runs.folder / "20240520-0000000a"  # of a campaign that is over
    folder.mkdir(parents=True)
    about = {"name": "x", "name_en": "x", "campaign": "other", "by": "x", "begun_at": datetime.now(UTC).isoformat()}
    write_json(folder / "request.json", about)
    write_json(folder / "state.json", {"state": "DONE"})
    (folder / "scenario.toml").write_text(small("x").replace("linxia_2024", "other"))
    assert leader.get("/studio/forecasts/new?base=run.20240520-0000000a").status_code == 404
    assert leader.get("/studio/forecasts/compare?run=x&run=x").status_code == 303
    assert leader.client.post("/studio/forecasts", data={"name": "x"}).status_code in (400, 403)


def test_a_running_forecast_is_cancelled_a_silent_one_is_called_broken_and_a_third_must_wait(
    signed_in: SignedIn, runs: Runs, scenario: Scenario, tmp_path: Path
) -> None:
    def running(number: int) -> str:
        run_id = f"20240520-{number:08x}"
        (runs.folder / run_id).mkdir(parents=True)
        about = {"name": f"第{number}个", "name_en": f"no {number}", "campaign": "linxia_2024", "by": "演示"}
        about["by_id"] = scenario.person("sheji").person_id
        write_json(runs.folder / run_id / "request.json", about | {"begun_at": datetime.now(UTC).isoformat()})
        write_json(
            runs.folder / run_id / "state.json", {"state": "RUNNING", "over": 7, "total": 50, "day": "2024-06-01"}
        )
        return run_id

    first, second = running(1), running(2)
    leader, admin = signed_in("lingdao"), signed_in("xitong")
    assert "cancellation" not in leader.get(f"/studio/forecasts/{first}").text + leader.get("/studio/forecasts").text
    refused = [leader.post(f"/studio/forecasts/{first}/{act}") for act in ("cancellation", "removal")]
    assert [answer.status_code for answer in refused] == [403, 403] and "演示开始的" in refused[0].text
    assert not (runs.folder / first / "cancel").exists()
    listed = admin.get("/studio/forecasts").text
    assert f"{second}/cancellation" in listed and "/studio/forecasts/new" not in listed
    assert admin.post(f"/studio/forecasts/{second}/cancellation").headers["Location"].endswith("/studio/forecasts")
    assert admin.get(f"/studio/forecasts/{second}").status_code == 403
    designer = signed_in("sheji")

    page = designer.get(f"/studio/forecasts/{first}").text
    assert "已走完 7 / 50 个问题" in page and 'http-equiv="refresh"' in page
    designer.post(f"/studio/forecasts/{first}/cancellation")
    assert (runs.folder / first / "cancel").exists()
    assert designer.post(f"/studio/forecasts/{first}/removal").status_code == 409
    typed = fields(designer.get("/studio/forecasts/new").text) | {"waiting.default": "37m"}
    refused = designer.post("/studio/forecasts", typed | {"toml": small("第三个")})
    assert (refused.status_code, "已有 2 个推演在运行" in refused.text) == (409, True)
    assert fields(refused.text) == typed and "第三个" in refused.text
    assert designer.post("/studio/forecasts", typed).status_code == 409

    old = (datetime.now(UTC) - timedelta(seconds=SILENT_SECONDS + 5)).timestamp()
    os.utime(runs.folder / second / "state.json", (old, old))
    assert "已中断" in designer.get("/studio/forecasts").text
    assert designer.post(f"/studio/forecasts/{second}/cancellation").status_code == 409


def test_what_cannot_begin_leaves_nothing_behind_and_nobody_fills_all_the_room(runs: Runs, scenario: Scenario) -> None:
    person = scenario.person("sheji")
    planned = read_scenario(small("小").encode(), 420.0)
    faulty = Material({"survey": {"x.toml": b"", "x.toml/y.toml": b""}}, b"", ())

    with pytest.raises(OSError):
        runs.start(planned, faulty, by=person, at=datetime.now(UTC))

    assert list(runs.folder.iterdir()) == []
    begun = runs.start(planned, scenario.engine.read.forecast_material("linxia_2024"), by=person, at=datetime.now(UTC))
    assert [run.run_id for run in runs.all()] == [begun]
    runs.discard(begun)
    assert (runs.all(), list(runs.folder.iterdir())) == ((), [])
    for number in range(MAX_OF_ONE):
        folder = runs.folder / f"20240520-{number:08x}"
        folder.mkdir()
        about = {"name": "x", "name_en": "x", "campaign": "linxia_2024", "by": "x", "by_id": person.person_id}
        write_json(folder / "request.json", about | {"begun_at": datetime.now(UTC).isoformat()})
        write_json(folder / "state.json", {"state": "DONE"})
    with pytest.raises(Rejected) as refused:
        runs.check_room(1, person)
    assert refused.value.code == "forecasts_kept_own"
    runs.check_room(1, scenario.person("lingdao"))


def test_what_goes_wrong_in_a_run_is_told_where_it_went_wrong(signed_in: SignedIn, runs: Runs) -> None:
    designer = signed_in("sheji")
    designer.get("/studio/forecasts/new")
    text = small("无答复").replace("proposed = ", "nothing = ")
    run_id = designer.post("/studio/forecasts", {"toml": text}).headers["Location"].rpartition("/")[2]
    runs.wait(run_id)

    page = designer.get(f"/studio/forecasts/{run_id}").text

    assert "未能完成" in page and "survey:decide_disposition" in page
    assert designer.get(f"/studio/forecasts/{run_id}/result.json").status_code == 404
