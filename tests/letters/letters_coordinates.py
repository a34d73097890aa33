"""Every coordinate that GB/T 9704-2012 gives, read out of finished PDFs and set beside the standard's millimetres."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from unicodedata import east_asian_width

from letters_measure import (
    MM,
    Box,
    MeasuredLine,
    groups,
    ink_rows,
    ink_span,
    line_with,
    lines_of,
    outlines_of,
    picture_of,
    rules_of,
)
from letters_samples import (
    CORRESPONDENCE_LETTER,
    DOCUMENT_LETTER,
    MARKED_CORRESPONDENCE,
    MARKED_DOCUMENT,
    MINUTES_LETTER,
    ORDER_LETTER,
    SLIP_LETTER,
    UPWARD_LETTER,
    WIDE_LETTER,
)

from engine.domain.letter import Letter, Paragraph, format_date
from forms.letters.render import render

TOP, BOTTOM, LEFT, RIGHT = 37.0, 262.0, 28.0, 184.0  # of the type area on a front; 5.2.1
LINE = 225 / 22
CELL = 156 / 28
EM = 16 * MM  # 3号
SMALL = 14 * MM  # 4号
MIDDLE = 0.38 * EM  # from a baseline up to the middle of a Han character
ON_GRID = 0.66 * LINE  # a title steps onto the grid, so that the text below it lies there


@dataclass(frozen=True)
class Row:
    layout: str
    element: str
    clause: str
    wanted: float
    found: float
    tolerance: float = 0.2

    @property
    def is_held(self) -> bool:
        return abs(self.found - self.wanted) <= self.tolerance

    def __str__(self) -> str:
        mark = "" if self.is_held else "  OFF"
        numbers = f"{self.wanted:8.2f} {self.found:8.2f} {self.tolerance:6.2f}"
        return f"{_padded(self.layout, 10)}{_padded(self.element, 52)}{_padded(self.clause, 18)}{numbers}{mark}"


def table(rows: list[Row]) -> str:
    head = f"{'layout':10}{'element':52}{'clause':18}{'standard':>8} {'found':>8} {'within':>6}"
    return "\n".join(["coordinates:", head, *map(str, rows)])


def all_rows() -> list[Row]:
    return [
        *_grid(),
        *_document(),
        *_marked(),
        *_upward(),
        *_correspondence(),
        *_order(),
        *_minutes(),
        *_slip(),
        *_turned(),
    ]


def _grid() -> Iterator[Row]:
    letter = replace(DOCUMENT_LETTER, body=tuple(Paragraph("督" * (26 + 28 * 4)) for _ in range(12)), is_sample=False)
    pages = lines_of(render(letter).pdf)
    for number, left in ((2, 26.0), (3, 28.0)):
        full = [line for line in pages[number - 1] if line.baseline < BOTTOM]
        side = "back" if number == 2 else "front"
        yield Row("every", f"left edge of the text, {side}", "5.2.1", left, min(line.x for line in full))
        yield Row("every", f"right edge of full lines, {side}", "5.2.1", left + 156, max(line.right for line in full))
    full = [line for line in pages[1] if line.baseline < BOTTOM]
    yield Row("every", "lines on a page", "5.2.3", 22, len(full), 0)
    yield Row("every", "characters on a line", "5.2.3", 28, max(len(line.text) for line in full), 0)
    yield Row("every", "middle of the first line", "5.2.1", TOP + LINE / 2, full[0].baseline - MIDDLE)
    yield Row("every", "middle of the last line", "5.2.1", BOTTOM - LINE / 2, full[-1].baseline - MIDDLE)
    steps = [after.baseline - before.baseline for before, after in pairwise(full)]
    yield Row("every", "shortest line step", "5.2.3", LINE, min(steps), 0.01)
    yield Row("every", "longest line step", "5.2.3", LINE, max(steps), 0.01)
    yield Row("every", "size of the text, points", "5.2.2", 16, full[0].size_of_first(), 0.05)


def _document() -> Iterator[Row]:
    pdf = render(DOCUMENT_LETTER).pdf
    pages, rules = lines_of(pdf), rules_of(pdf)
    first = pages[0]
    picture = picture_of(pdf, 1)
    yield from _mark_and_rule("文件格式", pdf, DOCUMENT_LETTER, 35.0, "7.2.4")
    urgency = first[0]
    yield Row("文件格式", "紧急程度 flush left", "7.2.3", LEFT, urgency.x)
    yield Row("文件格式", "紧急程度 on the first line", "7.2.3", TOP + LINE / 2, urgency.baseline - MIDDLE)
    title = [line for line in first if round(line.size_of_first()) == 22]
    red_rule = rules[0][0]
    title_top = title[0].baseline - 0.38 * 22 * MM - LINE / 2 - 0.1 * LINE * (len(title) - 1) / 2
    yield Row(
        "文件格式",
        "标题 below the red rule: two lines, on the grid",
        "7.3.1",
        2 * LINE,
        title_top - red_rule.bottom,
        ON_GRID,
    )
    for at, line in enumerate(title, start=1):
        yield Row("文件格式", f"标题 line {at} centred", "7.3.1", 106.0, (line.x + line.right) / 2)
    yield Row("文件格式", "标题 size, points", "7.3.1", 22, title[0].size_of_first(), 0.05)
    addressees = line_with(first, "各县（市、区）人民政府")
    yield Row("文件格式", "主送机关 flush left", "7.3.2", LEFT, addressees.x)
    yield Row("文件格式", "正文 two characters in", "7.3.3", LEFT + 2 * CELL, line_with(first, "为确保年度").x)
    yield from _page_numbers("文件格式", pdf, pages)
    yield from _sealed("文件格式", pdf, DOCUMENT_LETTER)
    back = rules[-1]
    yield Row("文件格式", "版记 on an even page (0: even)", "7.4", 0, len(pages) % 2, 0)
    yield Row("文件格式", "版记 last rule ends the type area", "7.4.1", BOTTOM, back[-1].bottom)
    for rule, wanted, name in zip(back, (0.35, 0.25, 0.35), ("first", "middle", "last"), strict=True):
        yield Row("文件格式", f"版记 {name} rule, strength", "7.4.1", wanted, rule.height, 0.01)
        yield Row("文件格式", f"版记 {name} rule, length", "7.4.1", 156, rule.width)
    copies, printed = line_with(pages[-1], "抄送："), line_with(pages[-1], "印发")
    yield Row("文件格式", "抄送 one character in", "7.4.2", 26 + SMALL, copies.x)
    yield Row("文件格式", "抄送 goes on behind the colon", "7.4.2", 26 + 4 * SMALL, line_with(pages[-1], "监委机关").x)
    yield Row("文件格式", "印发机关 one character in", "7.4.3", 26 + SMALL, printed.x)
    yield Row("文件格式", "印发日期 one character from the right", "7.4.3", 182 - SMALL, printed.right)
    assert ink_span(picture, red=True, top=red_rule.top, bottom=red_rule.bottom)


def _mark_and_rule(layout: str, pdf: bytes, letter: Letter, ink_top: float, clause: str) -> Iterator[Row]:
    picture = picture_of(pdf, 1)
    mark = groups(ink_rows(picture, red=True))[0]
    left, right = ink_span(picture, red=True, top=mark[0], bottom=mark[1])
    number = line_with(lines_of(pdf)[0], letter.number)
    rule = rules_of(pdf)[0][0]
    number_ink = [row for row in ink_rows(picture, red=False) if mark[1] < row < rule.top]
    yield Row(layout, "发文机关标志 below the type area's top", clause, ink_top, mark[0] - TOP)
    yield Row(layout, "发文机关标志 centred", clause, 106.0, (left + right) / 2, 0.5)
    yield Row(layout, "发文字号 two blank lines below the mark", "7.2.5", 2 * LINE, _line_top(number) - mark[1] - 0.1)
    yield Row(layout, "发文字号 centred", "7.2.5", 106.0, (number.x + number.right) / 2)
    yield Row(layout, "红色分隔线 below the number", "7.2.7", 4.0, rule.top - number_ink[-1] - 0.1)
    yield Row(layout, "红色分隔线 length", "7.2.7", 156.0, rule.width)
    yield Row(layout, "红色分隔线 left end", "7.2.7", LEFT, rule.left)


def _page_numbers(layout: str, pdf: bytes, pages: list[list[MeasuredLine]]) -> Iterator[Row]:
    for number in (1, 2):
        shown = line_with(pages[number - 1], f"— {number} —")
        dash = ink_rows(picture_of(pdf, number), red=False, left=shown.x + 0.3, right=shown.x + SMALL - 0.3)
        side = "front" if number == 1 else "back"
        yield Row(
            layout, f"页码 dash below the type area, {side}", "7.5", 7.0, min(r for r in dash if r > 264) - BOTTOM
        )
    front, back = line_with(pages[0], "— 1 —"), line_with(pages[1], "— 2 —")
    yield Row(layout, "页码 front, one character from the right", "7.5", RIGHT - SMALL, front.right)
    yield Row(layout, "页码 back, one character from the left", "7.5", 26 + SMALL, back.x)
    yield Row(layout, "页码 size, points", "7.5", 14, front.size_of_first(), 0.05)


def _sealed(layout: str, pdf: bytes, letter: Letter) -> Iterator[Row]:
    page, circle = _seal(pdf)
    lines = lines_of(pdf)[page]
    right = 182.0 if page % 2 else 184.0
    day = next(line for line in lines if line.text == format_date(letter.date))
    name = next(line for line in lines if line.text == letter.signatory and line.baseline > 60)
    above = max((line for line in lines if line.baseline < name.baseline - 1), key=lambda line: line.baseline)
    middle = (name.x + name.right) / 2
    yield Row(layout, "成文日期 four characters from the right", "7.3.5.1", right - 4 * CELL, day.right)
    yield Row(layout, "署名 centred over the date", "7.3.5.1", (day.x + day.right) / 2, middle)
    yield Row(layout, "印章 centre on name and date, across", "7.3.5.1", middle, circle.centre[0])
    text_middle = (name.baseline + day.baseline) / 2 - MIDDLE
    yield Row(layout, "印章 centre a little above name and date", "7.3.5.1", text_middle - 3.0, circle.centre[1], 2.5)
    yield Row(
        layout,
        "印章 top within a line of the text",
        "7.3.5.1",
        LINE / 2,
        circle.top - _line_top(above) - LINE,
        LINE / 2,
    )
    yield Row(layout, "印章 diameter", "国发〔1999〕25号", 42.0, circle.width, 0.5)


def _marked() -> Iterator[Row]:
    """份号, 密级和保密期限, 紧急程度 from the top downwards, each on a line of its own."""
    names = ("份号", "密级和保密期限", "紧急程度")
    first = lines_of(render(MARKED_DOCUMENT).pdf)[0]
    for at, (name, text, clause) in enumerate(
        zip(names, MARKED_DOCUMENT.marks, ("7.2.1", "7.2.2", "7.2.3"), strict=True)
    ):
        line = next(line for line in first if line.text == text)
        yield Row("文件格式", f"{name} flush left", clause, LEFT, line.x)
        yield Row("文件格式", f"{name} on line {at + 1}", clause, TOP + (at + 0.5) * LINE, line.baseline - MIDDLE)
        yield Row("文件格式", f"{name} size, points", clause, 16, line.size_of_first(), 0.05)
    lines, rules = lines_of(render(MARKED_CORRESPONDENCE).pdf)[0], rules_of(render(MARKED_CORRESPONDENCE).pdf)[0]
    ink = [
        row
        for row in ink_rows(picture_of(render(MARKED_CORRESPONDENCE).pdf, 1), red=False, left=20, right=50)
        if row > rules[1].bottom
    ]
    yield Row("信函格式", "份号 7/8 of a character below the rule", "10.1", 7 / 8 * EM, ink[0] - rules[1].bottom, 1.0)
    found = [line_with(lines, text) for text in MARKED_CORRESPONDENCE.marks]
    for name, line in zip(names, found, strict=True):
        yield Row("信函格式", f"{name} flush left", "10.1", LEFT, line.x)
    for name, (above, below) in zip(names[1:], pairwise(found), strict=True):
        yield Row("信函格式", f"{name} one line below", "10.1", LINE, below.baseline - above.baseline, 0.05)
    title = next(line for line in lines if round(line.size_of_first()) == 22)
    # Below the last element, not below the number beside the first.
    below = title.baseline - 0.38 * 22 * MM - LINE / 2 - (found[-1].baseline + 0.12 * EM)
    yield Row("信函格式", "标题 two lines below the last element, on the grid", "10.1", 2 * LINE, below, ON_GRID)


def _upward() -> Iterator[Row]:
    letter = replace(UPWARD_LETTER, signer="演示甲")
    first = lines_of(render(letter).pdf)[0]
    line = line_with(first, letter.number)
    yield Row("上行文", "发文字号 one character in", "7.2.5", LEFT + CELL, line.x)
    yield Row("上行文", "签发人 one character from the right", "7.2.6", RIGHT - CELL, line.right)
    fonts = {char.text: char.font for char in line.chars}
    yield Row(
        "上行文",
        "签发人 label in 仿宋, name in 楷体 (1: yes)",
        "7.2.6",
        1,
        (fonts["签"], fonts["甲"]) == ("fangsong", "kaiti"),
        0,
    )


def _correspondence() -> Iterator[Row]:
    pdf = render(CORRESPONDENCE_LETTER).pdf
    picture, rules, lines = picture_of(pdf, 1), rules_of(pdf)[0], lines_of(pdf)[0]
    mark = groups(ink_rows(picture, red=True))[0]
    upper, lower = rules[:2], rules[-2:]
    yield Row("信函格式", "发文机关标志 below the paper's edge", "10.1", 30.0, mark[0])
    yield Row("信函格式", "double rule below the mark", "10.1", 4.0, upper[0].top - mark[1] - 0.1)
    yield Row(
        "信函格式",
        "second double rule above the paper's edge",
        "10.1",
        20.0,
        297 - (lower[0].top + lower[1].bottom) / 2,
    )
    yield Row("信函格式", "upper: thick over thin (1: yes)", "10.1", 1, upper[0].height > upper[1].height, 0)
    yield Row("信函格式", "lower: thin over thick (1: yes)", "10.1", 1, lower[0].height < lower[1].height, 0)
    for name, rule in (("upper", upper[0]), ("lower", lower[1])):
        yield Row("信函格式", f"{name} double rule, left end", "10.1", 20.0, rule.left)
        yield Row("信函格式", f"{name} double rule, length", "10.1", 170.0, rule.width)
    number = line_with(lines, CORRESPONDENCE_LETTER.number)
    ink = [row for row in ink_rows(picture, red=False, left=120) if row > upper[1].bottom]
    yield Row("信函格式", "发文字号 flush right", "10.1", RIGHT, number.right)
    yield Row("信函格式", "发文字号 7/8 of a character below the rule", "10.1", 7 / 8 * EM, ink[0] - upper[1].bottom)
    yield Row("信函格式", "紧急程度 flush left", "10.1", LEFT, number.x)
    yield Row("信函格式", "page numbers on page 1", "10.1", 0, sum("— 1 —" in line.text for line in lines), 0)
    yield Row("信函格式", "抄送 on the last line, no rules above", "10.1", 4, len(rules), 0)
    yield from _sealed("信函格式", pdf, CORRESPONDENCE_LETTER)


def _order() -> Iterator[Row]:
    pdf = render(ORDER_LETTER).pdf
    picture, lines = picture_of(pdf, 1), lines_of(pdf)[0]
    mark = groups(ink_rows(picture, red=True))[0]
    left, right = ink_span(picture, red=True, top=mark[0], bottom=mark[1])
    number = next(line for line in lines if line.text == ORDER_LETTER.number)
    body = line_with(lines, "演示镇人民政府：")
    yield Row("命令格式", "发文机关标志 below the type area's top", "10.2", 20.0, mark[0] - TOP)
    yield Row("命令格式", "发文机关标志 centred", "10.2", 106.0, (left + right) / 2, 0.5)
    yield Row("命令格式", "令号 two blank lines below the mark", "10.2", 2 * LINE, _line_top(number) - mark[1] - 0.1)
    yield Row("命令格式", "令号 centred", "10.2", 106.0, (number.x + number.right) / 2)
    ink = [row for row in ink_rows(picture, red=False) if row < number.baseline + 3]
    yield Row(
        "命令格式", "正文 two lines below the number, on the grid", "10.2", 2 * LINE, _line_top(body) - ink[-1], ON_GRID
    )
    [[stamp], _] = outlines_of(pdf)
    day = next(line for line in lines if line.text == format_date(ORDER_LETTER.date))
    post = line_with(lines, "演示领导小组组长")
    post_end = max(char.right for char in post.chars if char.font == "fangsong")
    yield Row("命令格式", "签名章 four characters from the right", "7.3.5.3", RIGHT - 4 * CELL, stamp.right)
    yield Row("命令格式", "职务 two characters before the 签名章", "7.3.5.3", stamp.left - 2 * CELL, post_end, 0.3)
    yield Row(
        "命令格式", "职务 level with the middle of the 签名章", "7.3.5.3", stamp.centre[1], post.baseline - MIDDLE
    )
    yield Row("命令格式", "成文日期 four characters from the right", "7.3.5.3", RIGHT - 4 * CELL, day.right)
    yield Row("命令格式", "red rules", "10.2", 0, sum(rule.width > 100 for rule in rules_of(pdf)[0]), 0)


def _minutes() -> Iterator[Row]:
    pdf = render(MINUTES_LETTER).pdf
    yield from _mark_and_rule("纪要格式", pdf, MINUTES_LETTER, 35.0, "10.3")
    second = lines_of(pdf)[1]
    present = line_with(second, "出席：")
    last_body = line_with(second, "书面报告")
    name = next(line for line in second if line.text == MINUTES_LETTER.signatory and line.size_of_first() > 15)
    day = next(line for line in second if line.text == format_date(MINUTES_LETTER.date))
    yield Row("纪要格式", "出席 one blank line below the text", "10.3", 2 * LINE, present.baseline - last_body.baseline)
    yield Row("纪要格式", "出席 two characters in", "10.3", 26 + 2 * CELL, present.x)
    yield Row("纪要格式", "names go on behind the colon", "10.3", 26 + 5 * CELL, line_with(second, "负责人、演示丁").x)
    fonts = {char.text: char.font for char in present.chars}
    yield Row(
        "纪要格式",
        "出席 in 黑体, names in 仿宋 (1: yes)",
        "10.3",
        1,
        (fonts["席"], fonts["甲"]) == ("heiti", "fangsong"),
        0,
    )
    yield Row("纪要格式", "署名 two characters from the right", "7.3.5.2", 182 - 2 * CELL, name.right)
    yield Row("纪要格式", "成文日期 two characters right of the name", "7.3.5.2", name.x + 2 * CELL, day.x)
    yield Row("纪要格式", "seals", "10.3", 0, sum(len(page) for page in outlines_of(pdf)), 0)


def _slip() -> Iterator[Row]:
    pdf = render(SLIP_LETTER).pdf
    lines, rules = lines_of(pdf)[0], rules_of(pdf)[0]
    title = next(line for line in lines if line.text == SLIP_LETTER.title)
    across = [rule for rule in rules if rule.width > 100]
    yield Row("单证", "title centred", "-", 106.0, (title.x + title.right) / 2)
    yield Row("单证", "number flush right", "-", RIGHT, line_with(lines, SLIP_LETTER.number).right)
    yield Row("单证", "form as wide as the type area", "5.2.1", 156.0, across[0].width)
    yield Row("单证", "rules across", "-", 8, len({round(rule.top, 1) for rule in across}), 0)
    plain = render(replace(SLIP_LETTER, is_sample=False)).pdf
    yield Row("单证", "rows of red ink", "-", 0, len(ink_rows(picture_of(plain, 1), red=True)), 0)


def _turned() -> Iterator[Row]:
    pdf = render(WIDE_LETTER).pdf
    lines, rules = lines_of(pdf), rules_of(pdf)
    for number, side, left in ((3, "front: 订口", 28.0), (4, "back: 切口", 26.0)):
        heads = [char for line in lines[number - 1] for char in line.chars if char.font == "heiti"]
        header = min(char.x for char in heads if char.text in "序")
        rows = [char.x for line in lines[number - 1] for char in line.chars if char.font == "fangsong"]
        yield Row("横排表", f"header left of the rows, {side} (1: yes)", "7.3.7", 1, header < min(rows), 0)
        long = [rule for rule in rules[number - 1] if rule.height > 100]
        yield Row(
            "横排表", f"table over the height of the type area, {side}", "7.3.7", 225.0, max(r.height for r in long)
        )
        inside = min(rule.left for rule in long) >= left - 0.2 and max(rule.right for rule in long) <= left + 156.2
        yield Row("横排表", f"table inside the type area, {side} (1: yes)", "5.2.1", 1, inside, 0)
        yield Row(
            "横排表",
            f"页码 stays where it is, {side}",
            "7.5",
            1,
            any(f"— {number} —" in line.text for line in lines[number - 1]),
            0,
        )


def _padded(text: str, width: int) -> str:
    """A Han character takes two places in a terminal."""
    return text + " " * (width - sum(2 if east_asian_width(char) in "WFA" else 1 for char in text))


def _seal(pdf: bytes) -> tuple[int, Box]:
    """The page, from 0, and the edges of the circle."""
    [found] = [(at, box) for at, boxes in enumerate(outlines_of(pdf)) for box in boxes]
    return found


def _line_top(line: MeasuredLine) -> float:
    """Where the grid line begins that the text stands on."""
    return line.baseline - MIDDLE - LINE / 2
