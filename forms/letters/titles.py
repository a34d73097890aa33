"""Breaks titles and long signatures by sense, into lines that make a 梯形 or 菱形 (GB/T 9704-2012 7.3.1)."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise, product
from math import ceil, floor, inf
from typing import Final

from forms.letters.metrics import char_width

# Words that stand in the titles of such letters and must not be torn; longer words cover what lies inside them.
_LEXICON: Final = """
    工作领导小组 领导小组 办公室 指挥部 人民政府 自治区 自治州 街道办事处 委员会 管理局
    生态环境局 住房城乡建设局 散乱污 企业 综合整治 清理整治 专项整治 专项行动 排查摸底
    整治提升 验收销号 回头看 环境问题 环境污染 污染防治 突出问题 关于 进一步 限期 整改
    落实 督办 督查 督导 通知 通报 催办 约谈 移送 问责 追责 整改情况 进展情况
    工作情况 有关 事项 问题 线索 报送 报告 办理 办结 逾期 未办结 按期 完成 推进
    加快 加强 工作 任务 方案 责任 单位 清单 情况 进行 开展 实施 重点 年度 民生
    实事 项目 建设 改造 供水 管网 小区 城区 城市 农村 乡镇 街道 部门 场所 经营
    无证 违法 查处 关停 取缔 搬迁 提升 反馈 材料 附件 汇总表 统计表 台账 名单 目录
    加工店 加工厂 有限公司 经营部 门窗 存在问题 存在 办理进度 办理情况 进度 整治事项 重点整治
    排污口 挂牌督办 督办令 督办函 督办通知 约谈纪要 会议纪要 人民政府办公室 综合执法 市场监管局
    民生实事项目 民生实事 生活污水 建筑垃圾 畜禽养殖 废弃物 未按要求 要求 主要负责人 负责人 违规 倾倒
    大气污染 水污染 土壤污染 安全生产 安全隐患 隐患 基层减负 乡村振兴 营商环境 招商引资 信访 投诉 举报
"""
_WORDS: Final = tuple(_LEXICON.split())
_NOT_FIRST: Final = frozenset("的和与及、，。）》”’】〕等了")
_NOT_LAST: Final = frozenset("（《“‘【〔第和与及对向按把被将")
# What a phrase that the text repeats may end in without being part of a name.
_GENERIC: Final = ("整治", "事项", "问题", "工作", "情况", "督办", "的")
_MOST_LINES: Final = 4  # that are weighed; what is longer is cut evenly
_SHORTEST_NAME: Final = 4
_TORN_WORD: Final = 40.0
_TORN_BRACKET: Final = 45.0
_ILL_SHAPED: Final = 60.0  # a block or an hourglass; rather a line more
_AFTER_PAUSE: Final = -8.0
_BEFORE_REMARK: Final = -12.0  # a remark in brackets at the end likes a line of its own
_BARRED: Final = 1000.0


def shape_lines(text: str, *, role: str, size: float, width: float, beside: str = "") -> list[str]:
    """The lines of a centred title; line feeds in `text` are the writer's own breaks and are kept.

    `size` and `width` in points. A line the writer made too long is broken again. Names that also stand in the text
    `beside` it are not torn.
    """
    return [line for part in text.split("\n") if part for line in _shape_one(part, role, width / size, beside)]


def _shape_one(text: str, role: str, room: float, beside: str) -> list[str]:
    reached = [0.0, *accumulate(char_width(char, role) for char in text)]
    count = ceil(reached[-1] / room - 1e-6)
    if count <= 1:
        return [text]
    penalties = _penalties(text, [*_WORDS, *_shared_phrases(text, beside)])
    found: list[tuple[float, tuple[int, ...]]] = []
    for lines in range(count, len(text) + 1):
        costs = [
            (_cost(widths, cuts, penalties), cuts)
            for cuts in _cuts(len(text), lines)
            if max(widths := _widths(reached, cuts)) <= room
        ]
        found += [min(costs)] if costs else []
        if found and (found[-1][0] < _ILL_SHAPED or lines > count):
            break
    return _split(text, min(found)[1]) if found else list(text)


def _cuts(length: int, lines: int) -> Iterator[tuple[int, ...]]:
    """Places to cut into so many lines, near the even shares so that the search stays small."""
    share = length / lines
    if lines > _MOST_LINES:
        return iter([tuple(round(share * n) for n in range(1, lines))])
    reach = max(4, share * 0.45)
    return product(*(_near(share * line, reach, length) for line in range(1, lines)))


def _near(place: float, reach: float, length: int) -> range:
    return range(max(1, ceil(place - reach)), min(length - 1, floor(place + reach)) + 1)


def _widths(reached: Sequence[float], cuts: tuple[int, ...]) -> list[float]:
    """Of the lines; infinite where two cuts stand in the wrong order."""
    edges = (0, *cuts, len(reached) - 1)
    return [reached[end] - reached[start] if end > start else inf for start, end in pairwise(edges)]


def _cost(widths: Sequence[float], cuts: tuple[int, ...], penalties: Sequence[float]) -> float:
    mean = sum(widths) / len(widths)
    uneven = sum((width - mean) ** 2 for width in widths)
    # Lines of one length make a block, an hourglass is barred: long over short, short over long, or a waist outwards.
    waist = any(widths[at] < min(widths[at - 1], widths[at + 1]) - 0.5 for at in range(1, len(widths) - 1))
    block = max(widths) - min(widths) < 1.0
    return uneven * 0.6 + (_ILL_SHAPED if block or waist else 0.0) + sum(penalties[cut] for cut in cuts)


def _shared_phrases(text: str, beside: str) -> Iterator[str]:
    """The longest pieces of the title that the text repeats word for word: names of places, firms and campaigns."""
    reached = 0
    for start in range(len(text)):
        end = max(reached, start + _SHORTEST_NAME)
        if text[start:end] not in beside:
            continue
        while end < len(text) and text[start : end + 1] in beside:
            end += 1
        if end > reached:
            yield _name_in(text[start:end])
        reached = end


def _name_in(phrase: str) -> str:
    """The phrase without the general words it ends in."""
    for word in _GENERIC:
        if phrase.endswith(word) and len(phrase) - len(word) >= _SHORTEST_NAME:
            return _name_in(phrase.removesuffix(word))
    return phrase


def _penalties(text: str, words: Sequence[str]) -> list[float]:
    """What it costs to break before each character."""
    costs = [0.0] * (len(text) + 1)
    for word in words:
        start = text.find(word)
        while start >= 0:
            for at in range(start + 1, start + len(word)):
                costs[at] += _TORN_WORD
            start = text.find(word, start + 1)
    depth = 0
    for at, char in enumerate(text):
        if depth:
            costs[at] += _TORN_BRACKET
        depth += (char in "《“（〔") - (char in "》”）〕")
        is_inside_latin = at > 0 and char.isascii() and text[at - 1].isascii()
        if char in _NOT_FIRST or (at > 0 and text[at - 1] in _NOT_LAST) or is_inside_latin:
            costs[at] += _BARRED
        elif at > 0 and text[at - 1].isdigit():
            costs[at] += _TORN_WORD
        elif at > 0 and text[at - 1] == "、" and not depth:
            costs[at] += _AFTER_PAUSE
    if text.endswith("）") and (remark := text.rfind("（")) > 0:
        costs[remark] += _BEFORE_REMARK
    return costs


def _split(text: str, cuts: tuple[int, ...]) -> list[str]:
    edges = (0, *cuts, len(text))
    return [text[start:end] for start, end in pairwise(edges)]
