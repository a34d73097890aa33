"""The rooms of those who keep the system: incidents, definitions, calendars, people and the demo's clock."""

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

import pytest
from scenario import PASSWORD, PROCESSES, Scenario, at
from web_visitor import Browser

from engine.commands.clock import StartDemo
from engine.commands.letters import IssueLetters
from engine.domain.actor import SYSTEM
from engine.domain.job import Job, JobResult
from engine.errors import Invalid
from engine.queries import Read
from engine.queries.models import ModelDraft
from engine.worker import Worker
from web.admin.demo_clock import leaps_from
from web.admin.upload import read_upload

SignIn = Callable[[str], Browser]
SURVEY = (PROCESSES / "survey" / "survey.bpmn").read_bytes()


def zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def upload(browser: Browser, address: str, *files: tuple[str, bytes], key: str = "") -> Any:
    browser.get("/definitions")
    sent = [(io.BytesIO(content), name) for name, content in files]
    return browser.post(address, {"files": sent, "key": key}, content_type="multipart/form-data")


# -- incidents ---------------------------------------------------------------------------------------------------------
def broken(job: Job, read: Read) -> JobResult:
    raise RuntimeError("打印机没有纸（演示）")


@pytest.fixture
def incident(scenario: Scenario) -> Scenario:
    """A letter whose document could not be made five times."""
    cases = scenario.register(1)
    scenario.worker = Worker(scenario.engine, {"letter": broken})
    scenario.engine.execute(
        IssueLetters(scenario.campaign, "notice", tuple(cases), reason="演示"), by=scenario.supervisor
    )
    scenario.until("2024-05-22 09:00")
    return scenario


def test_an_incident_says_what_happened_and_is_retried(incident: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("xitong")
    page = browser.get("/incidents").get_data(as_text=True)
    found = incident.engine.read.incidents(SYSTEM)[0]

    response = browser.post(f"/incidents/{found.incident_id}/resolution", {"resolution": "retry"})

    assert "打印机没有纸（演示）" in page
    assert 'value="skip"' not in page  # the letter's number hangs on the job
    assert response.status_code == 303
    assert incident.engine.read.incidents(SYSTEM) == ()
    assert "没有异常" in browser.get("/incidents").get_data(as_text=True)
    assert "已重试" in browser.get("/incidents?resolved=1").get_data(as_text=True)


def test_an_incident_is_resolved_once(incident: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/incidents")
    found = incident.engine.read.incidents(SYSTEM)[0]
    browser.post(f"/incidents/{found.incident_id}/resolution", {"resolution": "noted"})

    again = browser.post(f"/incidents/{found.incident_id}/resolution", {"resolution": "retry"})
    nonsense = browser.post("/incidents/none/resolution", {"resolution": "retry"})

    assert again.status_code == 409 and nonsense.status_code == 404


def test_an_officer_sees_no_incidents(scenario: Scenario, signed_in: SignIn) -> None:
    assert signed_in("chengjiao1").get("/incidents").status_code == 403


# -- definitions -------------------------------------------------------------------------------------------------------
def test_a_definition_shows_diagram_outline_counts_and_files(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(2)
    browser = signed_in("ducha1")

    listed = browser.get("/definitions").get_data(as_text=True)
    page = browser.get("/definitions/survey").get_data(as_text=True)

    assert 'href="/definitions/survey"' in listed and "上传流程" not in listed
    assert "/definitions/survey/1/files/survey.bpmn" in page
    assert "survey_site" in page and "officer@area" in page
    assert "&#34;count&#34;: 2" in page
    assert browser.get("/definitions/survey/1/files/survey.bpmn").data == SURVEY


def test_what_does_not_exist_is_not_found(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("sheji")

    for address in (
        "/definitions/nowhere",
        "/definitions/survey?version=9",
        "/definitions/survey?version=x",
        "/definitions/survey/1/files/nothing.form",
        "/definitions/survey/9/files/survey.bpmn",
    ):
        assert browser.get(address).status_code == 404


def drafted(scenario: Scenario, key: str = "survey") -> ModelDraft:
    [draft_id] = [row.draft_id for row in scenario.engine.read.model_drafts() if row.key == key]
    return scenario.engine.read.model_draft(draft_id)


def test_an_upload_becomes_a_draft_that_only_a_second_person_publishes(scenario: Scenario, signed_in: SignIn) -> None:
    designer, publisher = signed_in("sheji"), signed_in("fabu")
    before = dict(scenario.engine.read.definition_files("survey"))
    changed, again = SURVEY.replace(b"3wd", b"5wd"), SURVEY.replace(b"3wd", b"4wd")

    response = upload(designer, "/definitions", ("survey.bpmn", changed), key="survey")

    draft = drafted(scenario)
    assert (response.status_code, response.headers["Location"]) == (303, f"/studio/drafts/{draft.draft_id}/publish")
    page = designer.get(response.headers["Location"]).get_data(as_text=True)
    assert "存为草稿，尚未发布" in page and "提交发布" in page and "5wd" in page
    assert dict(draft.files) == {**before, "survey.bpmn": changed} and draft.title == "排查摸底"
    assert scenario.engine.read.definition("survey").version == 1

    assert upload(designer, "/definitions", ("survey.bpmn", again), key="survey").status_code == 303  # one's own
    assert drafted(scenario).files["survey.bpmn"] == again and drafted(scenario).revision == 3
    covering = upload(publisher, "/definitions", ("survey.bpmn", SURVEY), key="survey")
    assert covering.status_code == 409
    said = covering.get_data(as_text=True)
    assert "也改了 survey.bpmn" in said and f"/studio/drafts/{draft.draft_id}/history#upload" in said
    assert drafted(scenario).files["survey.bpmn"] == again

    beside = upload(designer, "/definitions", ("survey_site.form", before["survey_site.form"] + b"\n"), key="survey")
    assert beside.status_code == 303 and drafted(scenario).revision == 4
    submission = f"/studio/drafts/{draft.draft_id}/submission"
    assert designer.post(submission, {"revision": "4"}).status_code == 303
    late = upload(designer, "/definitions", ("survey.bpmn", changed), key="survey")
    assert late.status_code == 409 and "提交审核" in late.get_data(as_text=True)
    publication = f"/studio/drafts/{draft.draft_id}/publication"
    assert designer.post(publication, {"revision": "4"}).status_code == 403
    assert publisher.post(publication, {"revision": "4"}).status_code == 303
    found = scenario.engine.read.definition("survey")
    assert found.version == 2 and "survey_site.form" in {name for name, _ in found.files}
    assert "不是现行版本" in designer.get("/definitions/survey?version=1").get_data(as_text=True)


def test_a_publisher_who_uploads_does_not_publish_it(scenario: Scenario, signed_in: SignIn) -> None:
    publisher = signed_in("fabu")

    upload(publisher, "/definitions", ("survey.bpmn", SURVEY.replace(b"3wd", b"5wd")))
    draft_id = drafted(scenario).draft_id
    assert publisher.post(f"/studio/drafts/{draft_id}/submission", {"revision": "2"}).status_code == 303

    assert publisher.post(f"/studio/drafts/{draft_id}/publication", {"revision": "2"}).status_code == 403
    assert scenario.engine.read.definition("survey").version == 1


def test_the_same_bytes_make_no_draft(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("fabu")

    response = upload(browser, "/definitions", ("survey.bpmn", SURVEY))

    assert "没有产生新版本" in browser.get(response.headers["Location"]).get_data(as_text=True)
    assert scenario.engine.read.definition("survey").version == 1
    assert scenario.engine.read.model_drafts() == ()


def test_checking_only_changes_nothing(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("sheji")

    good = upload(browser, "/definitions/check", ("survey.bpmn", SURVEY.replace(b"3wd", b"5wd")), key="survey")
    bad = upload(browser, "/definitions/check", ("survey.bpmn", SURVEY.replace(b'survey_site"', b'nothing"', 1)))
    unplanned = SURVEY.replace(b'phase_end("survey")', b'phase_end("nophase")')
    warned = upload(browser, "/definitions/check", ("survey.bpmn", unplanned), key="survey").get_data(as_text=True)

    assert good.status_code == 200 and "检查通过" in good.get_data(as_text=True)
    assert bad.status_code == 422 and "problem-list__where" in bad.get_data(as_text=True)
    assert "没有哪个行动方案有阶段“nophase”" in warned
    assert scenario.engine.read.definition("survey").version == 1


BAD = (
    (
        "survey.bpmn",
        SURVEY.replace(b"<bpmn:definitions", b'<!DOCTYPE x [<!ENTITY a "b">]><bpmn:definitions', 1),
        "survey.bpmn",
    ),
    ("survey.bpmn", SURVEY.replace(b"bpmn:userTask", b"bpmn:scriptTask", 2), "survey.bpmn:"),
    ("survey.bpmn", b"\x00\xff" * 400, "survey.bpmn"),
    ("survey_site.form", b"{not json", "survey_site.form"),
    ("disposition.dmn", b"<definitions/>", "disposition.dmn"),
    ("rectify.toml", b"name = [", ""),
)


def test_a_bad_file_is_kept_as_a_draft_that_says_what_is_wrong(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("sheji")

    for name, content, where in BAD:
        response = upload(browser, "/definitions", (name, content), key="survey")
        page = browser.get(response.headers["Location"]).get_data(as_text=True)
        assert response.status_code == 303 and f'problem-list__where">{where}' in page, name
        draft = drafted(scenario)
        assert draft.files[name] == content
        if where:
            assert (
                browser.post(
                    f"/studio/drafts/{draft.draft_id}/submission", {"revision": str(draft.revision)}
                ).status_code
                == 422
            )

    assert scenario.engine.read.definition("survey").version == 1


def test_a_zip_of_the_folder_becomes_one_draft(scenario: Scenario, signed_in: SignIn) -> None:
    folder = PROCESSES / "survey"
    files = {
        f"survey/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    files["survey/survey.bpmn"] = SURVEY.replace(b"3wd", b"4wd")
    files["__MACOSX/survey/._survey.bpmn"] = b"litter"

    response = upload(signed_in("sheji"), "/definitions", ("survey.zip", zipped(files)))

    draft = drafted(scenario)
    assert response.headers["Location"] == f"/studio/drafts/{draft.draft_id}/publish"
    assert {f"survey/{name}": content for name, content in draft.files.items()} == {
        name: content for name, content in files.items() if name.startswith("survey/")
    }


def test_a_letter_template_is_drafted_under_the_key_of_its_folder(scenario: Scenario, signed_in: SignIn) -> None:
    template = (PROCESSES / "letters" / "urge.html.j2").read_bytes()
    browser = signed_in("sheji")

    response = upload(browser, "/definitions", ("urge.html.j2", template + b"\n"), key="letters")
    upload(browser, "/definitions", ("urge.html.j2", b"<p>{{ secrets }}</p>"), key="letters")

    assert response.status_code == 303
    draft = drafted(scenario, "letters")
    assert draft.title == "公文模板" and len(draft.files) > 1
    page = browser.get(f"/studio/drafts/{draft.draft_id}/publish").get_data(as_text=True)
    assert 'problem-list__where">urge.html.j2' in page
    assert scenario.engine.read.definition("letters").version == 1


def test_a_folder_nobody_knows_is_a_draft_of_its_own(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("sheji")
    new = SURVEY.replace(b'process id="survey"', b'process id="fire"').replace(
        b'bpmnElement="survey"', b'bpmnElement="fire"'
    )

    response = upload(browser, "/definitions", ("fire.bpmn", new))
    reserved = upload(browser, "/definitions", ("calendars.bpmn", new))

    assert response.status_code == 303 and dict(drafted(scenario, "fire").files) == {"fire.bpmn": new}
    assert reserved.status_code == 422 and "另有用途" in reserved.get_data(as_text=True)


def test_who_does_not_build_uploads_nothing(scenario: Scenario, signed_in: SignIn) -> None:
    for login in ("ducha1", "xitong"):
        browser = signed_in(login)
        assert upload(browser, "/definitions", ("survey.bpmn", SURVEY)).status_code == 403
        assert upload(browser, "/definitions/check", ("survey.bpmn", SURVEY)).status_code == 403
        assert 'id="upload"' not in browser.get("/definitions/survey").get_data(as_text=True)


def bomb() -> bytes:
    return zipped({"survey/survey.bpmn": b"0" * 20_000_000})


def flipped(method: int) -> bytes:
    """A zip whose directory is sound and whose one file has its first pressed bytes turned round."""
    name, packed = "survey/survey.bpmn", io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as folder:
        folder.writestr(name, SURVEY)
    content = bytearray(packed.getvalue())
    begin = 30 + len(name) + (9 if method == zipfile.ZIP_LZMA else 0)  # behind the properties that zipfile reads
    content[begin : begin + 12] = bytes(byte ^ 0xFF for byte in content[begin : begin + 12])
    return bytes(content)


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ([], "files"),
        ([("notes.txt", b"x")], "notes.txt"),
        ([("one.form", b"{}")], "files"),
        ([("big.bpmn", b"x" * 2_000_001)], "big.bpmn"),
        ([("a.zip", b"PK\x03\x04 damaged")], "a.zip"),
        ([("a.zip", bomb())], "a.zip"),
        ([("a.zip", flipped(zipfile.ZIP_DEFLATED))], "survey/survey.bpmn"),
        ([("a.zip", flipped(zipfile.ZIP_BZIP2))], "survey/survey.bpmn"),
        ([("a.zip", flipped(zipfile.ZIP_LZMA))], "survey/survey.bpmn"),
        ([("a.zip", zipped({"../../etc/x.bpmn": b"x"}))], "a.zip"),
        ([("a.zip", zipped({f"{n}.form": b"{}" for n in range(101)}))], "files"),
        ([("bad name!.bpmn", b"x")], "bad name!.bpmn"),
    ],
)
def test_an_upload_that_cannot_be_read_says_which_file(sent: list[tuple[str, bytes]], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_upload(sent)

    assert where in [problem.where for problem in refused.value.problems]


def test_a_zip_that_is_refused_names_what_is_wrong_inside() -> None:
    with pytest.raises(Invalid) as refused:
        read_upload([("a.zip", zipped({"ok.form": b"{}", "../\u202e<b>" + "x" * 100: b"x"}))])

    [problem] = refused.value.problems
    named = "../�<b>" + "x" * 73 + "…"
    assert (problem.where, problem.zh) == ("a.zip", f"文件内部路径“{named}”不合法，已拒绝")
    assert problem.en == f'the file holds a part with a forbidden path, "{named}", and was refused'


def test_an_upload_knows_its_process_from_its_diagram_or_its_folder() -> None:
    assert read_upload([("C:\\work\\cleanup.bpmn", b"x")]).key == "cleanup"
    assert (
        read_upload([("a.zip", zipped({"letters/urge.html.j2": b"x", "letters/notice.html.j2": b"x"}))]).key
        == "letters"
    )
    assert set(read_upload([("a.zip", zipped({"survey/tests/a.toml": b"x", "survey/survey.bpmn": b"x"}))]).files) == {
        "tests/a.toml",
        "survey.bpmn",
    }


def test_an_upload_keeps_the_folder_of_tests_and_takes_no_other_process() -> None:
    alone = read_upload([("tests/a.toml", b"x")], "survey")
    packed = read_upload([("a.zip", zipped({"tests/a.toml": b"x", "tests/b.toml": b"y"}))], "survey")
    with pytest.raises(Invalid) as refused:
        read_upload([("a.zip", zipped({"cleanup/x.form": b"{}"})), ("b.form", b"1"), ("b.form", b"2")], "survey")

    assert (set(alone.files), set(packed.files)) == ({"tests/a.toml"}, {"tests/a.toml", "tests/b.toml"})
    assert [problem.where for problem in refused.value.problems] == ["a.zip", "b.form"]


# -- calendars ---------------------------------------------------------------------------------------------------------
def publish(browser: Browser, content: bytes) -> Any:
    browser.get("/calendars")
    return browser.post(
        "/calendars", {"calendar": (io.BytesIO(content), "2024.toml")}, content_type="multipart/form-data"
    )


def test_the_calendars_show_holidays_and_swapped_days(scenario: Scenario, signed_in: SignIn) -> None:
    page = signed_in("ducha1").get("/calendars").get_data(as_text=True)

    assert "端午节" in page and "6月10日" in page and "调休上班" in page
    assert 'type="file"' not in page


def test_a_calendar_is_loaded_and_says_how_many_deadlines_it_moved(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(1)
    content = (PROCESSES / "calendars" / "2024.toml").read_bytes().replace(b'version = "2024.1"', b'version = "2024.2"')
    browser = signed_in("xitong")

    response = publish(browser, content)

    assert response.status_code == 303
    page = browser.get(response.headers["Location"]).get_data(as_text=True)
    assert "2024 年节假日安排已载入，重算时限" in page and "2024.2" in page


@pytest.mark.parametrize("content", [b"", b"year = ", b"year = 2024\n", b"\xff\xfe", b"x" * 200_001])
def test_a_bad_calendar_is_refused(content: bytes, scenario: Scenario, signed_in: SignIn) -> None:
    response = publish(signed_in("xitong"), content)

    assert response.status_code == 422
    assert "error-summary" in response.get_data(as_text=True)


# -- people ------------------------------------------------------------------------------------------------------------
NEW = {
    "name": "新来的（演示）",
    "login": "xinlai",
    "password": "a long enough one",
    "role": ["officer", "", ""],
    "unit": ["chengjiao", "", ""],
}


def test_a_person_is_added_and_can_sign_in(scenario: Scenario, signed_in: SignIn, browser: Browser) -> None:
    admin = signed_in("anquan")
    admin.get("/people")

    response = admin.post("/people", dict(NEW))

    assert response.status_code == 303
    assert "新来的（演示）" in admin.get("/people?text=xinlai").get_data(as_text=True)
    assert browser.sign_in("xinlai", "a long enough one").status_code == 303


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"login": "chengjiao1"}, "已被使用"),
        ({"login": "新来"}, "登录名只能用字母"),
        ({"name": ""}, "请填写姓名"),
        ({"password": "short"}, "密码至少 8 位"),
        ({"role": ["", "", ""], "unit": ["", "", ""]}, "请至少选择一个角色和单位"),
        ({"unit": ["", "", ""]}, "成对填写"),
        ({"unit": ["nowhere", "", ""]}, "没有单位 nowhere"),
        ({"role": ["sysadmin", "auditor", ""], "unit": ["office", "office", ""]}, "error-summary"),
    ],
)
def test_a_person_who_cannot_be_added(
    changed: dict[str, Any], said: str, scenario: Scenario, signed_in: SignIn
) -> None:
    admin = signed_in("xitong")
    admin.get("/people")

    response = admin.post("/people", {**NEW, **changed})

    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert said in page and NEW["password"] not in page and PASSWORD not in page
    assert len([person for person in scenario.engine.read.persons() if person.login == "xinlai"]) == 0


def test_the_auditor_looks_and_the_supervisor_does_not(scenario: Scenario, signed_in: SignIn) -> None:
    auditor = signed_in("shenji")

    assert "新增人员" not in auditor.get("/people").get_data(as_text=True)
    assert auditor.post("/people", dict(NEW)).status_code == 403
    assert signed_in("ducha1").get("/people").status_code == 403


# -- the demo's clock --------------------------------------------------------------------------------------------------
@pytest.fixture
def demo(scenario: Scenario) -> Scenario:
    scenario.engine.execute(StartDemo(at("2024-06-13 09:30"), scenario.clock.now()), by=SYSTEM)
    return scenario


def test_outside_a_demo_there_is_no_clock(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")

    assert browser.get("/demo-clock").status_code == 404
    assert "/demo-clock" not in browser.get("/desk").get_data(as_text=True)
    assert browser.post("/demo-clock", {"moment": "2024-06-21T12:01"}).status_code == 404


def test_the_clock_goes_forward_only(demo: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/demo-clock")

    back = browser.post("/demo-clock", {"moment": "2024-06-12T12:00"})
    nonsense = browser.post("/demo-clock", {"moment": "soon"})
    far = browser.post("/demo-clock", {"moment": "2030-01-01T00:00"})
    forward = browser.post("/demo-clock", {"moment": "2024-06-21T12:01"})

    assert [back.status_code, nonsense.status_code, far.status_code] == [422, 422, 422]
    assert "只能向前拨" in back.get_data(as_text=True)
    assert forward.status_code == 303
    assert demo.engine.read.now() == at("2024-06-21 12:01").astimezone(UTC)
    assert "2024年6月21日 12:01" in browser.get("/demo-clock").get_data(as_text=True)


def test_the_quick_buttons_lead_to_working_days_and_friday_noon(scenario: Scenario) -> None:
    calendar = scenario.engine.read.calendar()

    thursday = leaps_from(at("2024-06-13 09:30"), calendar, None)
    friday_noon = leaps_from(at("2024-06-14 12:01"), calendar, None)
    before_holiday = leaps_from(at("2024-06-07 18:30"), calendar, at("2024-06-11 18:00"))

    assert [leap.value for leap in thursday] == ["2024-06-14T08:30", "2024-06-14T12:01", "2024-06-20T09:30"]
    assert friday_noon[1].value == "2024-06-21T12:01"
    # 2024-06-10 is 端午节: the next working day is the Tuesday
    assert [leap.value for leap in before_holiday][:2] == ["2024-06-11T18:01", "2024-06-11T08:30"]
