"""Invented registers for demonstrations and tests. Every firm is marked 演示; codes, phones and people are nobody's."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from forms.tables import credit_code
from forms.tables.template import register_xlsx

# What a working group looks after, found by a word in its name: industries and the trades that firms are named by.
_TRADES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "工业": (
        ("金属制品", ("五金加工厂", "铸件厂", "铝合金门窗厂")),
        ("塑料制品", ("塑料颗粒厂", "编织袋厂")),
        ("家具制造", ("木器加工厂", "板材厂")),
        ("食品加工", ("面粉加工坊", "榨油坊")),
    ),
    "农业": (
        ("畜禽养殖", ("养殖场", "肉牛养殖合作社")),
        ("屠宰", ("屠宰点", "肉品分割坊")),
        ("农产品加工", ("粉条加工坊", "花椒加工厂")),
    ),
    "建筑": (
        ("水泥预制", ("水泥预制厂", "涵管厂")),
        ("砂石料", ("砂石料厂", "采砂场")),
        ("石材加工", ("石材加工厂", "水泥雕工坊")),
    ),
    "服务": (
        ("汽车维修", ("汽修厂", "钣金喷漆店")),
        ("废旧回收", ("废品回收站", "废旧轮胎回收点")),
        ("餐饮", ("烧烤店", "快餐店")),
        ("洗涤", ("洗涤店", "洗车行")),
    ),
    "无证": (("无证照加工", ("豆制品作坊", "印刷作坊", "桶装水站")),),
}
_ANY_TRADE = (("其他加工", ("加工点", "作坊", "经营部")),)
_SHOP_NAMES = (
    "兴隆",
    "永盛",
    "宏达",
    "金鑫",
    "顺源",
    "华泰",
    "吉祥",
    "恒通",
    "祥和",
    "广源",
    "福临",
    "正大",
    "天成",
    "万通",
)
_STREETS = ("示范路", "样例街", "演示巷", "试点大道", "模拟村道")
_PERSONS = "甲乙丙丁戊己庚辛壬癸"
_KIND_SHARES = (("san", 0.55), ("luan", 0.5), ("wu", 0.4))
_PROBLEMS = {
    "san": ("不符合城镇总体规划和产业布局", "占用农用地建厂", "位于居民集中区"),
    "luan": ("未办理环评手续", "无营业执照经营", "违法建设厂房"),
    "wu": ("废水直排", "粉尘无组织排放", "露天喷漆无收集设施", "废渣随意堆放"),
}
_LOOKBACK = ("取缔不彻底，设备未清除", "停产整治不规范，擅自恢复生产", "限期搬迁不及时")
_LOOKBACK_SHARE = 0.15
_CENTRE = (103.21, 35.60)  # degrees; points are strewn over some kilometres around it

Group = Sequence[Any]  # (id, name) or (id, name, industries)


def register(rows: int, seed: int, areas: Sequence[tuple[str, str]], groups: Sequence[Group]) -> bytes:
    """An xlsx register of `rows` invented sites. `areas` are (id, name); the same seed gives the same bytes."""
    if rows < 0 or not areas or not groups:
        raise ValueError("a register needs at least one area and one group")
    return register_xlsx(_sites(rows, random.Random(seed), areas, groups))


def _sites(
    count: int, chance: random.Random, areas: Sequence[tuple[str, str]], groups: Sequence[Group]
) -> Iterator[dict[str, str]]:
    area_shares = [chance.uniform(0.5, 2.0) for _ in areas]
    group_shares = [0.2 if _is_unlicensed(group) else chance.uniform(0.6, 1.4) for group in groups]
    used: set[str] = set()
    for _ in range(count):
        area = chance.choices(areas, area_shares)[0][1]
        group = chance.choices(groups, group_shares)[0]
        yield _site(chance, area, group, used)


def _site(chance: random.Random, area: str, group: Group, used: set[str]) -> dict[str, str]:
    industry, trade = _trade(chance, group)
    short = area.removesuffix("街道").removesuffix("镇")
    name = _unused(f"{short}{chance.choice(_SHOP_NAMES)}{trade}", used)
    kinds = _kinds(chance)
    is_lookback = chance.random() < _LOOKBACK_SHARE
    problem = chance.choice(_LOOKBACK) if is_lookback else "；".join(chance.choice(_PROBLEMS[kind]) for kind in kinds)
    has_licence = chance.random() > (0.8 if _is_unlicensed(group) else 0.08)
    names_industry = len(group) > 2 and bool(group[2])
    return {
        "name": f"{name}（演示）",
        "credit_code": _credit_code(chance) if has_licence else "",
        "area": area,
        "address": f"{area}{chance.choice(_STREETS)}{chance.randint(1, 999)}号（演示）",
        "industry": industry,
        "group": "" if names_industry and chance.random() < 0.3 else str(group[1]),
        "source": "2023已销号回头看" if is_lookback else "2024新排查",
        "problem": problem,
        **{kind: "√" if kind in kinds else "" for kind, _ in _KIND_SHARES},
        "contact_name": f"演示{chance.choice(_PERSONS)}",
        "contact_phone": f"000-{chance.randint(0, 9_999_999):07d}",
        "longitude": f"{_CENTRE[0] + chance.gauss(0, 0.03):.6f}",
        "latitude": f"{_CENTRE[1] + chance.gauss(0, 0.02):.6f}",
    }


def _is_unlicensed(group: Group) -> bool:
    return "无证" in str(group[1])


def _trade(chance: random.Random, group: Group) -> tuple[str, str]:
    trades = next((trades for word, trades in _TRADES.items() if word in str(group[1])), _ANY_TRADE)
    industry, names = chance.choice(trades)
    if len(group) > 2 and group[2]:
        industry = str(chance.choice(list(group[2])))
    return industry, chance.choice(names)


def _kinds(chance: random.Random) -> list[str]:
    found = [kind for kind, share in _KIND_SHARES if chance.random() < share]
    return found or [chance.choice(_KIND_SHARES)[0]]


def _unused(name: str, used: set[str]) -> str:
    candidate, serial = name, 1
    while candidate in used:
        serial += 1
        candidate = f"{name}{serial}号"
    used.add(candidate)
    return candidate


def _credit_code(chance: random.Random) -> str:
    """Correct by its check characters, but of a registration authority (99) and a place (999999) that do not exist."""
    body = "".join(chance.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(8))
    first = f"99999999{body}{credit_code.body_check_character(body)}"
    return first + credit_code.check_character(first)
