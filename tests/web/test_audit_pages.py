"""The audit administrator's pages: who may open them, what they find, what they export, and the day's sheet."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from scenario import Scenario, at
from web_visitor import Browser

from engine.commands.audit import SealFacts, TakeCheckpoint, TakeCheckpointNow
from engine.domain.actor import SYSTEM
from engine.store.schema import facts
from web.app import pages
from web.audit import pages as audit_pages
from web.metrics import exposition

ADDRESSES = ("/audit/facts", "/audit/days", "/audit/days/2024-05-20")
SignIn = Callable[[str], Browser]


def sealed(scenario: Scenario) -> None:
    while scenario.engine.execute(SealFacts(), by=SYSTEM):
        pass


def close_the_day(scenario: Scenario) -> None:
    """Two cases on 20 May; their day closed a second after midnight."""
    scenario.register(2)
    sealed(scenario)
    scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)
    scenario.clock.set(at("2024-05-21 00:00:01"))
    scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)


@pytest.mark.parametrize("login", ["chengjiao1", "ducha1", "lingdao", "xitong", "anquan", "sheji"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_but_the_audit_administrator_opens_them(signed_in: SignIn, login: str, address: str) -> None:
    browser = signed_in(login)

    assert browser.get(address).status_code == 403
    assert browser.post("/audit/facts/export", {"format": "csv"}).status_code in (403, 405)
    assert "/audit/facts" not in browser.get("/", follow_redirects=True).get_data(as_text=True)


def test_the_record_shows_every_fact_as_a_sentence_with_its_place(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    sealed(scenario)
    [fact] = scenario.facts("CaseRegistered")

    page = signed_in("shenji").get(f"/audit/facts?case={case}").get_data(as_text=True)

    assert f"登记入册：{fact['detail']['name']}" in page
    assert f"事实 {fact['fact_id']}" in page and "SHA-256" in page
    assert f'<span class="code">{case}</span>' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=21.05.2024", "日期写作 2024-06-21"),
        ("since=2024-06-02&until=2024-06-01", "起始日期晚于截止日期"),
        ("kind=NoSuchFact", "没有这种事项"),
        ("until=0001-01-01", "日期写作 2024-06-21"),
    ],
)
def test_a_filter_that_cannot_be_read_is_kept_and_explained(signed_in: SignIn, query: str, said: str) -> None:
    response = signed_in("shenji").get(f"/audit/facts?person=督查&{query}")
    page = response.get_data(as_text=True)

    assert response.status_code == 422 and said in page
    assert 'value="督查"' in page


def test_filters_narrow_by_kind_person_and_day(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(2)
    scenario.clock.advance(timedelta(days=1))
    scenario.register(1)
    browser = signed_in("shenji")

    def count(query: str) -> int:
        found = re.search(r"共 (\d+)", browser.get(f"/audit/facts?{query}").get_data(as_text=True))
        return int(found[1]) if found else 0

    assert count("kind=CaseRegistered") == 3
    assert count("kind=CaseRegistered&until=2024-05-20") == 2
    assert count("kind=CaseRegistered&since=2024-05-21&until=2024-05-21") == 1
    assert count("kind=CaseRegistered&person=督查员甲") == 3
    assert count("kind=CaseRegistered&person=100%25") == 0


def test_an_export_carries_positions_and_is_itself_on_record(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(2)
    sealed(scenario)
    browser = signed_in("shenji")
    browser.get("/audit/facts?kind=CaseRegistered")

    table = browser.post("/audit/facts/export", {"kind": "CaseRegistered", "format": "csv"})
    lines = browser.post("/audit/facts/export", {"kind": "CaseRegistered", "format": "jsonl"})

    rows = list(csv.DictReader(io.StringIO(table.data.decode("utf-8-sig"))))
    told = [json.loads(line) for line in lines.data.decode().splitlines()]
    kept = scenario.facts("CaseRegistered")
    chain = {row["fact_id"]: row for row in scenario.rows(sa.text("SELECT * FROM fact_chain"))}
    assert [row["链上序号"] for row in rows] == [str(chain[fact["fact_id"]]["position"]) for fact in kept]
    assert [(each["fact_id"], each["sha256"], each["sm3"]) for each in told] == [
        (fact["fact_id"], chain[fact["fact_id"]]["sha256"], chain[fact["fact_id"]]["sm3"]) for fact in kept
    ]
    assert all("detail" not in each for each in told) and told[0]["sentence"].startswith("登记入册：")
    assert [fact["detail"] for fact in scenario.facts("RecordExported")] == [
        {"format": "csv", "count": 2, "filters": {"kind": "CaseRegistered"}},
        {"format": "jsonl", "count": 2, "filters": {"kind": "CaseRegistered"}},
    ]
    assert "导出事实记录 2 条（csv）" in browser.get("/audit/facts?kind=RecordExported").get_data(as_text=True)


def test_a_cell_that_could_be_a_formula_is_only_text(scenario: Scenario, signed_in: SignIn) -> None:
    with scenario.raw() as connection:
        row = {"at": scenario.now, "kind": "ClockSet", "person_id": "x", "person": "=1+1", "detail": {"moment": "x"}}
        connection.execute(facts.insert().values(**row))
    browser = signed_in("shenji")
    browser.get("/audit/facts")

    table = browser.post("/audit/facts/export", {"person": "=1+1", "format": "csv"})

    assert list(csv.reader(io.StringIO(table.data.decode("utf-8-sig"))))[1][3] == "'=1+1"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"format": "xlsx"}, "请选择 CSV 或 JSONL 格式"),
        ({"format": "csv", "person": "查无此人"}, "没有可导出的事实"),
        ({"format": "csv", "since": "tomorrow"}, "日期写作"),
    ],
)
def test_an_export_that_cannot_be_made_says_why_and_leaves_no_fact(
    scenario: Scenario, signed_in: SignIn, sent: dict[str, str], said: str
) -> None:
    browser = signed_in("shenji")
    browser.get("/audit/facts")

    response = browser.post("/audit/facts/export", sent)

    assert response.status_code == 422 and said in response.get_data(as_text=True)
    assert scenario.facts("RecordExported") == []


def test_the_sheet_of_a_day_vouches_for_its_checkpoint(scenario: Scenario, signed_in: SignIn) -> None:
    close_the_day(scenario)
    last = scenario.engine.read.last_checkpoint()
    of_day = len(scenario.rows(sa.select(facts.c.fact_id)))
    browser = signed_in("shenji")

    page = browser.get("/audit/days/2024-05-20").get_data(as_text=True)
    listed = browser.get("/audit/days").get_data(as_text=True)

    shown = re.sub(r"<[^>]+>", "", page)
    assert "第 2 号校验点" in shown and "每日" in shown and f"链上第 1 至 {last.position} 条事实" in shown
    for value in (last.sha256, last.sm3, last.mac):
        assert value in shown
    assert f"{of_day}" in shown and "审计管理员：" in shown
    assert "/audit/days/2024-05-20" in listed and "第 2 号" in listed


def test_a_day_without_its_checkpoint_says_so(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register()
    browser = signed_in("shenji")

    today = browser.get("/audit/days/2024-05-20").get_data(as_text=True)
    scenario.clock.set(at("2024-05-22 09:00"))
    later = signed_in("shenji").get("/audit/days/2024-05-20").get_data(as_text=True)

    assert "当日尚未结束" in today and "当日没有日校验点" in later
    assert "还没有校验点" in signed_in("shenji").get("/audit/days").get_data(as_text=True)


@pytest.mark.parametrize("day", ["2024-05-99", "tomorrow", "2030-01-01", "0001-01-01"])
def test_a_day_that_is_not_there_is_not_found(signed_in: SignIn, day: str) -> None:
    assert signed_in("shenji").get(f"/audit/days/{day}").status_code == 404


def test_no_two_kinds_of_the_filter_have_one_name() -> None:
    with pages().test_request_context():
        names = [name for _, name in audit_pages._kinds()]

    assert [name for name in names if names.count(name) > 1] == []


def test_the_field_of_the_list_leads_to_the_day(signed_in: SignIn) -> None:
    browser = signed_in("shenji")

    assert browser.get("/audit/days/go?day=2024-05-20").headers["Location"] == "/audit/days/2024-05-20"
    for none in ("x", "2030-01-01", "9999-12-31"):
        assert browser.get(f"/audit/days/go?day={none}").headers["Location"] == "/audit/days"


def test_the_age_of_the_last_checkpoint_is_a_figure_for_operators(scenario: Scenario) -> None:
    assert b"duban_checkpoint_age_seconds" not in exposition(scenario.engine)
    sealed(scenario)
    scenario.engine.execute(TakeCheckpointNow(), by=SYSTEM)
    scenario.clock.advance(timedelta(minutes=90))

    assert b"duban_checkpoint_age_seconds 5400.0" in exposition(scenario.engine)
