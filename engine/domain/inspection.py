"""What the Regulation on government inspection (政府督查工作条例, 国务院令第733号) asks of a plan and of a conclusion.

Whether two plans inspect the same unit twice is decided here, from values; no rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from engine.errors import Problem

KINDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {  # s. 14
        "comprehensive": ("综合督查", "comprehensive"),
        "special": ("专项督查", "special"),
        "event": ("事件调查", "inquiry into an event"),
        "daily": ("日常督办", "daily supervision"),
        "clue": ("线索核查", "check of a clue"),
    }
)
METHODS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {  # s. 12
        "self_check": ("要求督查对象自查、说明情况", "self-check and statement"),
        "hearing": ("听取督查对象汇报", "hearing its report"),
        "visit": ("开展检查、访谈、暗访", "checks, interviews, unannounced visits"),
        "meeting": ("组织座谈、听证、统计、评估", "meetings, hearings, statistics, assessment"),
        "files": ("调阅、复制与督查事项有关的资料", "reading and copying papers"),
        "clues": ("通过信函、电话、媒体等渠道收集线索", "clues by letter, telephone and media"),
        "talk": ("约谈督查对象负责人或者相关责任人", "a talk with those who answer for it"),
        "internet": ("运用现代信息技术手段开展“互联网+督查”", "internet and inspection"),
    }
)
LONGEST: Final = 2000
LONGEST_PERIOD: Final = timedelta(days=366)  # ours: a date further off is a slip of the pen


@dataclass(frozen=True)
class Plan:
    """督查方案 as it is handed in. `items` and `unit_ids` without doubles; the period in civil days, both included."""

    title: str
    basis: str
    kind: str
    methods: tuple[str, ...]
    scope: str
    items: tuple[str, ...]
    unit_ids: tuple[str, ...]
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True)
class Overlap:
    """Another plan inspects the same unit about the same item at the same time."""

    plan_id: str
    title: str
    unit_ids: tuple[str, ...]
    items: tuple[str, ...]
    starts_on: date
    ends_on: date


def problems_of(plan: Plan) -> tuple[Problem, ...]:
    """What is missing; s. 15: a plan says its object, content, form, time and method."""
    found = []
    for where, words, zh in (
        ("title", plan.title, "请填写督查方案名称。"),
        ("basis", plan.basis, "请填写依据：本级政府决定或者行政首长指示（条例第十一条）。"),
        ("scope", plan.scope, "请填写督查范围。"),
    ):
        if not words.strip():
            found.append(Problem(where, zh, f"The plan has no {where}."))
        elif len(words) > (LONGEST if where != "title" else 200):
            found.append(Problem(where, "内容过长。", f"The {where} is too long."))
    if plan.kind not in KINDS:
        found.append(Problem("kind", "请选择督查类型（条例第十四条）。", "Choose the kind (s. 14)."))
    if not plan.methods or set(plan.methods) - set(METHODS):
        found.append(Problem("methods", "请选择督查方式（条例第十二条）。", "Choose the methods (s. 12)."))
    if not plan.items:
        found.append(Problem("items", "请逐行填写督查事项。", "List the items, one a line."))
    elif any(len(item) > 200 for item in plan.items):
        found.append(Problem("items", "每个督查事项不超过200字。", "An item has at most 200 characters."))
    if not plan.unit_ids:
        found.append(Problem("unit_ids", "请选择督查对象。", "Choose the units to be inspected."))
    if plan.starts_on is None:
        found.append(Problem("starts_on", "请填写开始日期。", "Give the first day."))
    if plan.ends_on is None:
        found.append(Problem("ends_on", "请填写结束日期。", "Give the last day."))
    if plan.starts_on and plan.ends_on and plan.starts_on > plan.ends_on:
        found.append(Problem("ends_on", "结束日期不能早于开始日期。", "The last day lies before the first."))
    return tuple(found)


def check_days(plan: Plan, *, first_day: date, today: date) -> tuple[Problem, ...]:
    """Not before the campaign, which begins on `first_day`; begun within a year of `today`, over within another."""
    found, latest = [], today + LONGEST_PERIOD
    if plan.starts_on and not first_day <= plan.starts_on <= latest:
        zh = f"开始日期应在 {first_day.isoformat()} 至 {latest.isoformat()} 之间。"
        found.append(Problem("starts_on", zh, f"The first day lies between {first_day} and {latest}."))
    elif plan.starts_on and plan.ends_on and plan.ends_on - plan.starts_on > LONGEST_PERIOD:
        found.append(Problem("ends_on", "督查时段不超过一年。", "An inspection lasts a year at most."))
    return tuple(found)


def overlap(plan: Plan, other: Plan, *, plan_id: str) -> Overlap | None:
    """s. 15: no duplicate and no multi-headed inspection. Units, items and days must all meet; two items meet when one
    names the other. `plan_id` is that of `other`."""
    if not (plan.starts_on and plan.ends_on and other.starts_on and other.ends_on):
        return None
    if plan.starts_on > other.ends_on or other.starts_on > plan.ends_on:
        return None
    shared_units = tuple(unit_id for unit_id in other.unit_ids if unit_id in plan.unit_ids)
    shared_items = tuple(item for item in other.items if any(_meet(item, mine) for mine in plan.items))
    if not shared_units or not shared_items:
        return None
    return Overlap(plan_id, other.title, shared_units, shared_items, other.starts_on, other.ends_on)


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text area: trimmed, none empty, none twice."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def overlap_problem(found: Iterable[Overlap]) -> Problem:
    titles = "、".join(f"《{each.title}》（{each.starts_on}至{each.ends_on}）" for each in found)
    return Problem(
        "overlap_reason",
        f"与{titles}的对象、事项和时间重叠。条例第十五条不得重复督查、多头督查；确需进行的，请写明理由。",
        f"Overlaps with {titles} in units, items and time. Section 15 forbids inspecting twice: give the reason if it "
        "must go on.",
    )


def _meet(one: str, other: str) -> bool:
    first, second = ("".join(char for char in item.casefold() if char.isalnum()) for item in (one, other))
    return bool(first and second) and (first in second or second in first)
