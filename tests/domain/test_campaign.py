"""The Linxia 2024 plan as data: every fact of the document, and what a faulty campaign file is told."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from engine.domain import calendar, campaign
from engine.domain.calendar import SHANGHAI, WorkCalendar
from engine.domain.campaign import Campaign
from engine.domain.obligation import report_due_dates, split_past
from engine.domain.unit import has_foreign_run
from engine.errors import Invalid, Problem

PROCESSES = Path(__file__).parents[2] / "processes"
PLAN = (PROCESSES / "campaigns" / "linxia_2024.toml").read_text(encoding="utf-8")
NOON, CLOSE = "12:00", "18:00"


@cache
def office() -> WorkCalendar:
    return WorkCalendar(calendar.load(path.read_bytes()) for path in sorted((PROCESSES / "calendars").glob("*.toml")))


@cache
def linxia() -> Campaign:
    return campaign.load(PLAN.encode())


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def problems_of(*changes: tuple[str, str]) -> dict[str, Problem]:
    """What a plan is told, by place, after replacing the first occurrence of each text."""
    text = PLAN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(Invalid) as caught:
        campaign.load(text.encode())
    return {problem.where: problem for problem in caught.value.problems}


def test_three_phases_with_their_windows_and_deliverables() -> None:
    assert linxia().windows == {
        "survey": (None, date(2024, 4, 30)),
        "cleanup": (date(2024, 5, 15), date(2024, 6, 28)),
        "improvement": (date(2024, 7, 1), date(2024, 9, 30)),
    }
    assert [(phase.key, phase.deliverable[:3], phase.deliverable_due) for phase in linxia().phases] == [
        ("survey", "附件2", date(2024, 5, 10)),
        ("cleanup", "月度工", date(2024, 6, 28)),
        ("improvement", "附件4", date(2024, 9, 30)),
    ]
    assert linxia().document.written_on == date(2024, 5, 31)
    assert linxia().document.index_no == "11622901013956984P/2024-00021"


@pytest.mark.parametrize(
    ("day", "key"),
    [
        (date(2024, 4, 30), "survey"),
        (date(2024, 5, 1), None),
        (date(2024, 5, 14), None),
        (date(2024, 5, 15), "cleanup"),
        (date(2024, 6, 28), "cleanup"),
        (date(2024, 6, 29), None),
        (date(2024, 7, 1), "improvement"),
        (date(2024, 9, 30), "improvement"),
        (date(2024, 10, 1), None),
    ],
)
def test_the_phase_of_a_day(day: date, key: str | None) -> None:
    phase = linxia().phase_on(day)

    assert (phase.key if phase else None) == key


def test_four_towns_and_seven_subdistricts() -> None:
    names = [unit.name for unit in linxia().areas]

    assert names == [
        "城郊镇", "枹罕镇", "南龙镇", "折桥镇",
        "城南街道", "城北街道", "东关街道", "西关街道", "八坊街道", "红园街道", "东区街道",
    ]  # fmt: skip


def test_six_groups_with_their_leads_and_cooperating_units() -> None:
    areas = {unit.id for unit in linxia().areas}

    groups = {
        group.id: (group.leads, [unit for unit in group.cooperates if unit not in areas]) for group in linxia().groups
    }

    assert groups == {
        "industry": (("gxj",), ["sthj", "zrzyj", "scjgj", "yjj", "xfdd", "dlgs"]),
        "agriculture": (("nyncj",), ["sthj", "scjgj", "zrzyj", "yjj", "xfdd"]),
        "building": (("zrzyj",), ["zjj", "gxj", "sthj", "scjgj", "yjj", "xfdd"]),
        "services": (("swj", "scjgj"), ["sthj", "cgj", "jtj", "gxj", "zrzyj", "yjj", "xfdd"]),
        "unlicensed": (("scjgj", "shuiwuj"), ["zjj", "gxj", "nyncj", "yjj", "xfdd"]),
        "enforcement": (("gaj",), ["zrzyj", "scjgj", "zjj", "gxj", "yjj", "xfdd"]),
    }
    assert all(areas <= set(group.cooperates) for group in linxia().groups)
    assert [unit.id for unit in linxia().leads] == ["gxj", "nyncj", "zrzyj", "swj", "scjgj", "shuiwuj", "gaj"]


@pytest.mark.parametrize(
    ("name", "unit_id"),
    [
        ("市水务局", "shuiwuj"),
        ("市水务水电局", "shuiwuj"),
        ("市农业农村局", "nyncj"),
        ("市农村农业局", "nyncj"),
        ("市市场监督管理局", "scjgj"),
        (" 市 工信局 ", "gxj"),
        ("市“散乱污”领导小组办公室(市工信局)", "office"),
        ("市“散乱污”领导小组办公室（市工信局）", "office"),
        ("城南街道办", "chengnan"),
        ("各镇街道", None),
        ("市教育局", None),
    ],
)
def test_a_unit_is_known_by_every_name_the_plan_gives_it(name: str, unit_id: str | None) -> None:
    unit = linxia().unit_by_name(name)

    assert (unit.id if unit else None) == unit_id


@pytest.mark.parametrize("name", ["各镇街道", "各镇（街道）", "各镇(街道)", "各镇、街道", "各镇、街道办", "四镇七街道"])
def test_a_collective_name_is_eleven_units(name: str) -> None:
    assert linxia().units_by_name(name) == linxia().areas


def test_a_single_or_unknown_name_is_one_unit_or_none() -> None:
    assert [unit.id for unit in linxia().units_by_name("市水务局")] == ["shuiwuj"]
    assert linxia().units_by_name("市教育局") == ()


def test_thirteen_departments_and_eleven_areas_are_members() -> None:
    assert len(linxia().members) == 24
    assert "dlgs" not in linxia().members


def test_the_office_issues_letters_under_its_own_code() -> None:
    office_of = linxia().office

    assert (office_of.unit, office_of.host, office_of.organ_code) == ("office", "gxj", "临散乱污办")
    assert "演示" in office_of.contact and "演示" in office_of.phone
    assert linxia().unit("office").parent == "leading_group"


def test_five_closure_checks_three_kinds_and_two_lists() -> None:
    assert [term.name for term in linxia().closure_checks] == ["断水", "断电", "清除原料", "清除产品", "清除设备"]
    assert {"san", "luan", "wu"} <= {term.key for term in linxia().definitions}
    assert [term.name for term in linxia().lists] == ["违法问题查处", "生态环境问题整改"]


def test_every_phase_of_a_case_names_its_process() -> None:
    assert linxia().processes == {
        "survey": "survey",
        "cleanup": "cleanup",
        "improvement": "improvement",
        "acceptance": "acceptance",
        "lookback": "lookback",
        "case": "case_lifecycle",
        "supervision": "supervision",
        "accountability": "accountability",
        "report": "report_obligation",
    }
    assert linxia().rules == {"ladder": "escalation_ladder", "lights": "lights", "disposition": "disposition"}


def test_every_report_of_the_plan_on_its_day_and_hour() -> None:
    counted = Counter((rule, due.due_at) for rule, _, due in report_due_dates(linxia(), office()))

    fridays = ("05-17", "05-24", "05-31", "06-07", "06-14", "06-21", "06-28")
    assert counted == {
        ("contact_list", shanghai("2024-04-30 18:00")): 24,
        ("annex2", shanghai("2024-05-10 18:00")): 18,
        **{("weekly_progress", shanghai(f"2024-{day} 12:00")): 18 for day in fridays},
        ("monthly_summary", shanghai("2024-06-28 18:00")): 18,
        ("annex3", shanghai("2024-06-28 18:00")): 18,
        ("annex4", shanghai("2024-09-30 18:00")): 18,
    }
    assert {rule.key for rule in linxia().reports if rule.sealed} == {"annex2", "annex4"}


def test_reports_come_earliest_first_with_their_basis_and_their_period() -> None:
    obligations = report_due_dates(linxia(), office())

    assert obligations == sorted(obligations, key=lambda obligation: obligation.deadline.due_at)
    first_weekly = next(row for row in obligations if row.rule_key == "weekly_progress")
    assert (first_weekly.unit_id, first_weekly.deadline.basis) == ("chengjiao", "方案四（二）")
    assert first_weekly.deadline.start_at == shanghai("2024-05-15 08:30")
    assert len(set((row.rule_key, row.unit_id, row.deadline.due_at) for row in obligations)) == len(obligations)


@pytest.mark.parametrize(("seconds", "past"), [(-1, 24), (0, 24), (1, 42)])
def test_what_was_due_before_the_opening_is_history(seconds: int, past: int) -> None:
    opened = datetime(2024, 5, 10, 10, 0, tzinfo=UTC) + timedelta(seconds=seconds)

    history, ahead = split_past(report_due_dates(linxia(), office()), opened)

    assert (len(history), len(ahead)) == (past, 222 - past)


def test_the_plan_shows_its_own_gaps_as_warnings() -> None:
    warnings = {problem.where: problem for problem in linxia().warnings}

    assert set(warnings) == {
        "leading_group.members", "groups.enforcement.cooperates", "groups.industry.cuts", "groups.agriculture.cuts",
    }  # fmt: skip
    power = [problem.zh for problem in linxia().warnings if "断电" in problem.zh]
    assert power == ["“农业“散乱污”问题清理整治专责组”可以断电，但成员中没有能够断电的单位。请另行商定由谁执行。"]
    assert all(problem.severity == "warning" for problem in linxia().warnings)


def test_an_advertisement_in_place_of_a_unit_is_refused() -> None:
    found = problems_of(('name = "市商务局"', 'name = "市36500365体育在线投注APP"'))

    assert "疑为混入的广告" in found["units.swj.name"].zh
    assert "没有名为“市商务局”的单位" in found["groups.services.leads"].zh


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("市商务局", False),
        ("市政务服务中心（市大数据局）", False),
        ("第3工作组", False),
        ("市12345热线", True),
        ("www.example.cn", True),
        ("市局http://x", True),
        ("市ＡＰＰ局", True),
    ],
)
def test_names_with_runs_of_latin_letters_or_digits_are_refused(name: str, refused: bool) -> None:
    assert has_foreign_run(name) is refused


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ('leads = ["市公安局"]', 'leads = ["市公安厅"]', "groups.enforcement.leads", "没有名为“市公安厅”的单位"),
        ('leads = ["市公安局"]', "leads = []", "groups.enforcement.leads", "没有牵头单位"),
        ('host = "市工信局"', 'host = "市工业局"', "office.host", "没有名为“市工业局”的单位"),
        ('aliases = ["市水务水电局"]', 'aliases = ["市工信局"]', "units.shuiwuj.aliases", "已属于“gxj”"),
        ('aliases = ["市水务水电局"]', 'aliases = ["各镇、街道"]', "units.shuiwuj.aliases", "已属于“collectives”"),
        ('id = "gaj"', 'id = "gxj"', "units.gxj", "用了2次"),
        ('id = "gaj"', 'id = "公安"', "units.公安", "小写字母"),
        ('kind = "root"', 'kind = "area"', "units", "root"),
        ('kind = "office"', 'kind = "bureau"', "units.office.kind", "类别“bureau”不存在"),
        ('parent = "leading_group"', 'parent = "nobody"', "units.office.parent", "上级“nobody”不对"),
        ('parent = "leading_group"', 'parent = "office"', "units.office.parent", "成环"),
        ("starts_on = 2024-05-15", "starts_on = 2024-07-15", "phases.cleanup.ends_on", "早于开始日期"),
        ("ends_on = 2024-04-30", "ends_on = 2024-07-30", "phases.cleanup.starts_on", "调整顺序或日期"),
        ("starts_on = 2024-05-15\n", "", "phases.cleanup.starts_on", "只有第一个阶段"),
        ("deliverable_due = 2024-09-30", "deliverable_due = 2024-06-30", "phases.improvement.deliverable_due", "早于"),
        ("starts_on = 2024-05-15", 'starts_on = "5月15日"', "phases.cleanup.starts_on", "应当是日期"),
        ("starts_on = 2024-05-15", "starts_on = 2024-05-15T09:00:00", "phases.cleanup.starts_on", "应当是日期"),
        ("starts_on = 2024-05-15", "start_on = 2024-05-15", "phases.cleanup.start_on", "没有“start_on”这一项"),
        ("dates = [2024-05-10]", "dates = [2024-05-11]", "reports.annex2", "不在“排查摸底”阶段之内"),
        ("dates = [2024-05-10]", "dates = []", "reports.annex2", "dates 或 weekly"),
        ("dates = [2024-05-10]", 'dates = ["5月10日"]', "reports.annex2.dates", "只能写日期"),
        ('phase = "improvement"', 'phase = "improve"', "reports.annex4.phase", "survey、cleanup、improvement"),
        ('by = "members"', 'by = "everybody"', "reports.contact_list.by", "areas+leads"),
        ('time = "12:00"', 'time = "中午"', "reports.weekly_progress.time", "“中午”不是时刻"),
        ('time = "12:00"\n', "", "reports.weekly_progress.time", "不是时刻"),
        ("weekly = { weekday = 5 }", "weekly = { weekday = 8 }", "reports.weekly_progress.weekly.weekday", "1 是周一"),
        ('cuts = ["power", "water", "gas"]', 'cuts = ["phone"]', "groups.industry.cuts", "“phone”不存在"),
        ('list = "illegal"', 'list = "legal"', "dispositions.close.list", "没有“legal”"),
        ('case = "case_lifecycle"\n', "", "processes.case", "case"),
        ('case = "case_lifecycle"', 'case = "c"\nsurvey = "s"', "processes.survey", "不一致"),
        ('lights = "lights"\n', "", "rules.lights", "缺少“lights”"),
        ('receipt = "1wd"', 'receipt = "1"', "rules.receipt", "请写明数字和单位"),
        ('organ_code = "临散乱污办"', 'organ_code = ""', "office.organ_code", "不能为空"),
        ('id = "linxia_2024"', "id = 5", "id", "应当是文字"),
        ('of = "areas"', 'of = "all"', "collectives.各镇街道.of", "areas"),
        ("sealed = true", 'sealed = "yes"', "reports.annex2.sealed", "true 或 false"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_the_way_out(old: str, new: str, where: str, words: str) -> None:
    found = problems_of((old, new))

    assert where in found
    assert words in found[where].zh


def test_all_faults_are_told_at_once() -> None:
    found = problems_of(
        ("ends_on = 2024-04-30", 'ends_on = "四月底"'), ('id = "gaj"', "id = 7"), ("[document]", "[papers]")
    )

    assert {"phases.survey.ends_on", "units.7.id", "document", "papers"} <= set(found)


@pytest.mark.parametrize("junk", ["", "id = ", "[[phases]]", "units = 3", "office = []"])
def test_junk_is_no_campaign(junk: str) -> None:
    with pytest.raises(Invalid):
        campaign.load(junk.encode())
