"""Breaks titles and long signatures by sense, into lines that make a 梯形 or 菱形 (GB/T 9704-2012 7.3.1)."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from math import ceil
from typing import Final

from forms.letters.metrics import text_width

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
    加工店 加工厂 有限公司 经营部 门窗
"""
_WORDS: Final = tuple(_LEXICON.split())
_NOT_FIRST: Final = frozenset("的和与及、，。）》”’】〕等了")
_NOT_LAST: Final = frozenset("（《“‘【〔第和与及对向按把被将")
_SHORTEST_NAME: Final = 4
_TORN_WORD: Final = 40.0
_TORN_BRACKET: Final = 25.0
_BARRED: Final = 1000.0


def shape_lines(text: str, *, role: str, size: float, width: float, beside: str = "") -> list[str]:
    """The lines of a centred title; line feeds in `text` are the writer's own breaks and are kept.

    `size` and `width` in points. A line the writer made too long is broken again. Names that also stand in the text
    `beside` it are not torn.
    """
    return [line for part in text.split("\n") if part for line in _shape_one(part, role, width / size, beside)]


def _shape_one(text: str, role: str, room: float, beside: str) -> list[str]:
    count = ceil(text_width(text, role) / room - 1e-6)
    if count <= 1:
        return [text]
    penalties = _penalties(text, [*_WORDS, *_shared_phrases(text, beside)])
    for lines in range(count, len(text) + 1):
        candidates = [cuts for cuts in _cuts(text, lines) if _fits(text, cuts, role, room)]
        if candidates:
            best = min(candidates, key=lambda cuts: _cost(text, cuts, role, penalties))
            return _split(text, best)
    return list(text)


def _cuts(text: str, lines: int) -> Iterator[tuple[int, ...]]:
    """Places to cut into so many lines, near the even shares so that the search stays small."""
    share = len(text) / lines
    places = [
        at for at in range(1, len(text)) if any(abs(at - share * line) <= max(4, share / 3) for line in range(1, lines))
    ]
    return combinations(places, lines - 1) if lines <= 4 else iter([tuple(round(share * n) for n in range(1, lines))])


def _fits(text: str, cuts: tuple[int, ...], role: str, room: float) -> bool:
    return all(text_width(line, role) <= room for line in _split(text, cuts))


def _cost(text: str, cuts: tuple[int, ...], role: str, penalties: list[float]) -> float:
    widths = [text_width(line, role) for line in _split(text, cuts)]
    mean = sum(widths) / len(widths)
    uneven = sum((width - mean) ** 2 for width in widths)
    # Lines of one length make a block, an hourglass is barred: long over short, short over long, or a waist outwards.
    waist = any(widths[at] < min(widths[at - 1], widths[at + 1]) - 0.5 for at in range(1, len(widths) - 1))
    block = 6.0 if max(widths) - min(widths) < 1.0 else 0.0
    return uneven * 0.6 + block + (30.0 if waist else 0.0) + sum(penalties[cut] for cut in cuts)


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
            yield text[start:end]
        reached = end


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
        elif at > 0 and text[at - 1].isascii() and char in "年月日次个号条项家":
            costs[at] += _TORN_WORD
    return costs


def _split(text: str, cuts: tuple[int, ...]) -> list[str]:
    edges = (0, *cuts, len(text))
    return [text[start:end] for start, end in pairwise(edges)]
