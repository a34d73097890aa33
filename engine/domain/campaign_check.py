"""Does a plan agree with itself? Each fault of a campaign file with its place and what to do; oddities are warnings."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.domain import calendar
from engine.domain.obligation import OWERS, ReportRule
from engine.domain.toml_table import Problems
from engine.domain.unit import DISCIPLINE, KINDS, Unit, has_foreign_run, plain_name
from engine.errors import Invalid

if TYPE_CHECKING:
    from engine.domain.campaign import Campaign, Phase

UTILITIES = {"power": ("断电", "power"), "water": ("断水", "water"), "gas": ("停气", "gas")}
KEY = re.compile(r"[a-z][a-z0-9_]*")


def check(campaign: "Campaign", problems: Problems) -> None:
    """Report everything in which the parts of a campaign contradict each other."""
    _keys(campaign, problems)
    _unit_names(campaign, problems)
    _unit_tree(campaign, problems)
    _phases(campaign.phases, problems)
    for rule in campaign.reports:
        _report(rule, campaign, problems)
    _groups(campaign, problems)
    _references(campaign, problems)
    if not problems.errors:
        _coverage(campaign, problems)


def _keys(campaign: "Campaign", problems: Problems) -> None:
    families: dict[str, Iterable[str]] = {
        "phases": [phase.key for phase in campaign.phases],
        "units": [unit.id for unit in campaign.units],
        "groups": [group.id for group in campaign.groups],
        "reports": [rule.key for rule in campaign.reports],
        "dispositions": [term.key for term in campaign.dispositions],
    }
    for family, keys in families.items():
        for key, times in Counter(keys).items():
            if times > 1:
                zh, en = (
                    f"“{key}”用了{times}次，请改用不同的标识。",
                    f'"{key}" is used {times} times; choose another key.',
                )
                problems.error(f"{family}.{key}", zh, en)
            if not KEY.fullmatch(key):
                zh = f"标识“{key}”只能用小写字母、数字和下划线，且以字母开头。"
                problems.error(f"{family}.{key}", zh, f'Key "{key}": use small letters, digits, underscores only.')


def _unit_names(campaign: "Campaign", problems: Problems) -> None:
    owners: dict[str, str] = {}
    for unit in campaign.units:
        for name in (unit.name, *unit.aliases):
            where = f"units.{unit.id}.{'name' if name == unit.name else 'aliases'}"
            if has_foreign_run(name):
                problems.error(
                    where,
                    f"单位名称“{name}”含有网址或成串的字母、数字，疑为混入的广告，请按正式名称改正。",
                    f'The unit name "{name}" holds a URL or a run of Latin letters or digits; write its official name.',
                )
            plain = plain_name(name)
            other = owners.setdefault(plain, unit.id)
            if other != unit.id or plain in campaign.collectives:
                taken = other if other != unit.id else "collectives"
                zh = f"名称“{name}”已属于“{taken}”，一个名称只能指一个单位，请删去一处。"
                problems.error(where, zh, f'The name "{name}" already belongs to "{taken}"; delete it in one place.')


def _unit_tree(campaign: "Campaign", problems: Problems) -> None:
    units = {unit.id: unit for unit in campaign.units}
    roots = [unit.id for unit in campaign.units if unit.kind == "root"]
    if len(roots) != 1:
        zh = f'应当有且只有一个 kind = "root" 的单位，现有{len(roots)}个。'
        problems.error("units", zh, f'Exactly one unit must have kind = "root"; there are {len(roots)}.')
    bodies = [unit.id for unit in campaign.units if unit.kind == DISCIPLINE]
    if len(bodies) > 1:
        zh = f'最多一个 kind = "{DISCIPLINE}" 的单位，现有{len(bodies)}个。'
        problems.error("units", zh, f'At most one unit has kind = "{DISCIPLINE}"; there are {len(bodies)}.')
    if not any(unit.kind == "area" for unit in campaign.units):
        problems.error("units", '没有任何镇街（kind = "area"）。', 'There is no area (kind = "area").')
    for unit in campaign.units:
        if unit.kind not in KINDS:
            zh, en = f"类别“{unit.kind}”不存在，可用：{'、'.join(KINDS)}。", f"Kinds are: {', '.join(KINDS)}."
            problems.error(f"units.{unit.id}.kind", zh, en)
        if (unit.parent is None) != (unit.kind == "root") or (unit.parent and unit.parent not in units):
            zh = f"上级“{unit.parent or ''}”不对：除 root 外，每个单位都要写明一个已有单位为上级。"
            en = f'Parent "{unit.parent or ""}": every unit but the root needs an existing unit as parent.'
            problems.error(f"units.{unit.id}.parent", zh, en)
        elif _goes_round(unit, units):
            zh, en = "上级关系成环，请改正。", "The chain of parents runs in a circle; correct it."
            problems.error(f"units.{unit.id}.parent", zh, en)


def _goes_round(unit: Unit, units: dict[str, Unit]) -> bool:
    seen = {unit.id}
    while unit.parent and unit.parent in units:
        if unit.parent in seen:
            return True
        unit = units[unit.parent]
        seen.add(unit.id)
    return False


def _phases(phases: tuple["Phase", ...], problems: Problems) -> None:
    if not phases:
        problems.error("phases", "没有任何阶段，请至少写一个 [[phases]]。", "There is no phase; write [[phases]].")
    for phase in phases:
        where = f"phases.{phase.key}"
        if phase.starts_on and phase.ends_on < phase.starts_on:
            zh = f"结束日期 {phase.ends_on} 早于开始日期 {phase.starts_on}。"
            problems.error(f"{where}.ends_on", zh, f"It ends on {phase.ends_on}, before {phase.starts_on}, its start.")
        if phase.deliverable_due and phase.deliverable_due < (phase.starts_on or date.min):
            zh = f"成果时限 {phase.deliverable_due} 早于本阶段开始日期 {phase.starts_on}。"
            en = f"The deliverable is due {phase.deliverable_due}, before the phase starts."
            problems.error(f"{where}.deliverable_due", zh, en)
    for earlier, later in pairwise(phases):
        where = f"phases.{later.key}.starts_on"
        if later.ends_on < earlier.ends_on or (later.starts_on or date.min) < (earlier.starts_on or date.min):
            zh = f"“{later.name}”排在“{earlier.name}”之后，日期却在其前，请调整顺序或日期。"
            en = f'"{later.key}" stands after "{earlier.key}" but is dated before it; change the order or the dates.'
            problems.error(where, zh, en)
        elif later.starts_on is None:
            zh, en = "只有第一个阶段可以没有开始日期，请填写。", "Only the first phase may lack a first day; give it."
            problems.error(where, zh, en)
        elif later.starts_on <= earlier.ends_on:
            zh, en = f"与“{earlier.name}”的时间重叠。", f'It overlaps with "{earlier.key}".'
            problems.warn(where, zh, en)


def _report(rule: ReportRule, campaign: "Campaign", problems: Problems) -> None:
    where = f"reports.{rule.key}"
    if rule.by not in OWERS:
        problems.error(f"{where}.by", f"报送单位只能是：{'、'.join(OWERS)}。", f"It can be: {', '.join(OWERS)}.")
    if bool(rule.dates) == bool(rule.weekly):
        problems.error(where, "请写明 dates 或 weekly 之一。", "Give either dates or weekly.")
    if (rule.clock or rule.weekly) and rule.clock != "24:00":
        _clock(rule, problems)
    if rule.weekly and not 1 <= rule.weekly.weekday <= 7:
        problems.error(f"{where}.weekly.weekday", "1 是周一，7 是周日。", "1 is Monday, 7 is Sunday.")
    phase = next((phase for phase in campaign.phases if phase.key == rule.phase), None)
    if phase is None:
        keys = [phase.key for phase in campaign.phases]
        problems.error(f"{where}.phase", f"阶段只能是：{'、'.join(keys)}。", f"Phases are: {', '.join(keys)}.")
        return
    days = rule.dates if rule.weekly is None else (rule.weekly.first, rule.weekly.last)
    for day in days:
        if not (phase.starts_on or date.min) <= day <= phase.closes_on or day == date.min:
            span = f"{phase.starts_on or '……'} — {phase.closes_on}"
            zh = f"{day} 不在“{phase.name}”阶段之内（{span}），请改正日期或阶段。"
            problems.error(where, zh, f"{day} lies outside phase {phase.key} ({span}); correct the date or the phase.")


def _clock(rule: ReportRule, problems: Problems) -> None:
    try:
        calendar.clock_time(rule.clock)
    except Invalid as error:
        problems.error(f"reports.{rule.key}.time", error.problems[0].zh, error.problems[0].en)


def _groups(campaign: "Campaign", problems: Problems) -> None:
    for group in campaign.groups:
        where = f"groups.{group.id}"
        if not group.leads and not any(problem.where == f"{where}.leads" for problem in problems.errors):
            problems.error(f"{where}.leads", "没有牵头单位，请填写。", "No unit leads it; give at least one.")
        for cut in group.cuts:
            if cut not in UTILITIES:
                known = ", ".join(UTILITIES)
                problems.error(f"{where}.cuts", f"“{cut}”不存在，可用：{known}。", f'No "{cut}". Known are: {known}.')
        for unit_id in set(group.leads) & set(group.cooperates):
            name = next(unit.name for unit in campaign.units if unit.id == unit_id)
            zh, en = f"“{name}”既牵头又配合。", f'"{name}" both leads and cooperates.'
            problems.warn(f"{where}.cooperates", zh, en)


def _references(campaign: "Campaign", problems: Problems) -> None:
    for phase in campaign.phases:
        if campaign.processes.get(phase.key) != phase.process:
            zh = f"[processes] 中“{phase.key}”与 [[phases]] 的 process 不一致，请删去一处。"
            en = f'"{phase.key}" differs between [processes] and [[phases]]; delete one.'
            problems.error(f"processes.{phase.key}", zh, en)
    if "case" not in campaign.processes:
        zh, en = "请写明 case：一件事项走哪个流程。", "Give case: the process that one case runs through."
        problems.error("processes.case", zh, en)
    lists = {term.key for term in campaign.lists}
    for term in campaign.dispositions:
        if term.of and term.of not in lists:
            zh, en = f"[[lists]] 中没有“{term.of}”。", f'There is no "{term.of}" under [[lists]].'
            problems.error(f"dispositions.{term.key}.list", zh, en)


def _coverage(campaign: "Campaign", problems: Problems) -> None:
    """A group that may cut a utility should have the unit that supplies it: the plan's own gaps, as warnings."""
    suppliers = {cut: {unit.id for unit in campaign.units if cut in unit.supplies} for cut in UTILITIES}
    for group in campaign.groups:
        for cut in group.cuts:
            zh, en = UTILITIES[cut]
            if suppliers[cut].isdisjoint(group.units):
                whole = "" if suppliers[cut] else "整个方案都没有这样的单位；"
                problems.warn(
                    f"groups.{group.id}.cuts",
                    f"“{group.name}”可以{zh}，但成员中没有能够{zh}的单位。{whole}请另行商定由谁执行。",
                    f"{group.name_en or group.id} may cut {en}, but none of its units supplies it"
                    f"{'' if suppliers[cut] else ', nor does any unit of the plan'}; agree on who does it.",
                )
