"""Places read out of the PDF against the millimetres of GB/T 9704-2012; the clauses cited are its."""

import pytest
from letters_measure import MeasuredLine, groups, ink_rows, ink_span, line_with, lines_of, picture_of
from letters_samples import (
    CORRESPONDENCE_LETTER,
    DOCUMENT_LETTER,
    MARKED_CORRESPONDENCE,
    MARKED_DOCUMENT,
    OFFICE,
)

from forms.letters.flow import BOTTOM, LINE, TOP
from forms.letters.render import render
from forms.letters.rendered import RenderedLetter

CELL = 156 / 28
EM = 16 * 25.4 / 72  # 3号
CLOSING = "，。、；：？！）》”"


def _near(expected: float, within: float = 0.2) -> object:
    return pytest.approx(expected, abs=within)


def _text_lines(lines: list[MeasuredLine]) -> list[MeasuredLine]:
    """Lines of the type area, without head and page number."""
    return [line for line in lines if TOP < line.baseline < BOTTOM]


# --- every page ---------------------------------------------------------------------------------------------------


def test_text_stands_on_22_lines_between_37_and_262_millimetres(document: RenderedLetter) -> None:
    # 5.2.1, 5.2.3: a type area of 225 mm with 22 lines; the Han character in the middle of its line
    [_, second, *_] = lines_of(document.pdf)

    for line in _text_lines(second):
        steps = (line.baseline - 0.38 * EM - TOP) / LINE - 0.5
        assert steps == _near(round(steps), within=0.01)
        assert 0 <= round(steps) < 22


def test_a_full_page_holds_22_lines_of_28_characters(long_correspondence: RenderedLetter) -> None:
    first, second, *_ = lines_of(long_correspondence.pdf)

    full = [line for line in _text_lines(first) if line.x == _near(28.0) and line.right == _near(184.0)]
    assert max(line.baseline for line in _text_lines(first)) == _near(TOP + 21.5 * LINE + 0.38 * EM)
    assert all(len(line.text) >= 26 for line in full)
    assert [len(line.text) for line in _text_lines(second) if line.text.startswith("各承办单位要把")] == [26] * 6


def test_full_lines_are_flush_within_a_fifth_of_a_millimetre(document: RenderedLetter) -> None:
    checked = 0
    for number, page in enumerate(lines_of(document.pdf), start=1):
        left = 28.0 if number % 2 else 26.0
        for before, line in zip(_text_lines(page), _text_lines(page)[1:], strict=False):
            goes_on = line.x == _near(left) and before.size_of_first() == _near(16.0, 0.1)
            if goes_on and before.x in (_near(left), _near(left + 2 * CELL)) and before.text[-1] not in CLOSING:
                assert before.right == _near(left + 156.0)
                checked += 1
    assert checked >= 8


def test_pages_mirror_left_and_right(document: RenderedLetter) -> None:
    # 5.2.1: 订口 28 mm on the left of a front, on the right of a back
    for number, page in enumerate(lines_of(document.pdf)[:3], start=1):
        assert min(line.x for line in _text_lines(page)) == _near(28.0 if number % 2 else 26.0)


def test_the_page_number_stands_outside_seven_millimetres_below_the_type_area(document: RenderedLetter) -> None:
    # 7.5: 4号, dashes on both sides, one character in from the outer edge
    em = 14 * 25.4 / 72
    *numbered, imprint = lines_of(document.pdf)
    assert "—" not in "".join(line.text for line in imprint)
    for number, page in enumerate(numbered, start=1):
        footer = page[-1]
        assert footer.text == f"— {number} —"
        assert {char.font for char in footer.chars} == {"songti"}
        if number % 2:
            assert footer.right == _near(184.0 - em)
        else:
            assert footer.x == _near(26.0 + em)
        picture = picture_of(document.pdf, number)
        dash = ink_rows(picture, red=False, left=footer.x + 0.3, right=footer.x + em - 0.3)
        assert next(row for row in dash if row > 264) == _near(BOTTOM + 7.0)


# --- 文件格式 ------------------------------------------------------------------------------------------------------


def test_the_mark_begins_35_millimetres_below_the_type_area(document: RenderedLetter) -> None:
    # 7.2.4
    mark, rule = groups(ink_rows(picture_of(document.pdf, 1), red=True))[:2]
    left, right = ink_span(picture_of(document.pdf, 1), red=True, top=mark[0], bottom=mark[1])

    assert mark[0] == _near(TOP + 35.0)
    assert (left + right) / 2 == _near(106.0, within=0.5)
    assert rule[1] - rule[0] == _near(0.6)


def test_the_number_stands_two_lines_below_the_mark_and_the_rule_four_millimetres_below_it(
    document: RenderedLetter,
) -> None:
    # 7.2.5, 7.2.7
    picture = picture_of(document.pdf, 1)
    mark, rule = groups(ink_rows(picture, red=True))[:2]
    number_ink = [row for row in ink_rows(picture, red=False) if mark[1] < row < rule[0]]
    number = line_with(lines_of(document.pdf)[0], DOCUMENT_LETTER.number)

    assert number_ink[0] - mark[1] == _near(2 * LINE + (LINE - EM) / 2, within=0.8)
    assert rule[0] - (number_ink[-1] + 0.1) == _near(4.0)
    assert (number.x + number.right) / 2 == _near(106.0)
    assert ink_span(picture, red=True, top=rule[0], bottom=rule[1]) == (_near(28.0), _near(184.0))


def test_the_title_stands_about_two_lines_below_the_rule(document: RenderedLetter) -> None:
    # 7.3.1: 2号, centred; then one blank line and the addressees, flush left (7.3.2)
    lines = lines_of(document.pdf)[0]
    title = [line for line in lines if line.chars[0].font == "xiaobiaosong"][1:]
    rule = groups(ink_rows(picture_of(document.pdf, 1), red=True))[1]
    addressees = line_with(lines, "各县（市、区）人民政府")

    assert [round(line.size_of_first()) for line in title] == [22, 22]
    assert all((line.x + line.right) / 2 == _near(106.0) for line in title)
    assert 1.6 * LINE < title[0].baseline - 0.88 * 22 * 25.4 / 72 - rule[1] < 2.6 * LINE
    assert addressees.x == _near(28.0)
    assert 1.5 * LINE < addressees.baseline - title[-1].baseline < 2.2 * LINE


def test_the_urgency_stands_top_left(document: RenderedLetter) -> None:
    # 7.2.3
    urgency = lines_of(document.pdf)[0][0]

    assert (urgency.text, urgency.chars[0].font) == ("特急", "heiti")
    assert urgency.x == _near(28.0)
    assert urgency.baseline == _near(TOP + LINE / 2 + 0.38 * EM)


def test_copy_number_secrecy_and_urgency_stand_below_one_another() -> None:
    # 7.2.1 to 7.2.3: figures, then 黑体; 10.1: the same below the rule of a 信函
    for letter in (MARKED_DOCUMENT, MARKED_CORRESPONDENCE):
        number, secrecy, urgency = (line_with(lines_of(render(letter).pdf)[0], text) for text in letter.marks)

        assert number.baseline < secrecy.baseline < urgency.baseline
        assert number.text.startswith(letter.copy_number) and number.size_of_first() == _near(16, within=0.05)
        assert {line.chars[0].font for line in (secrecy, urgency)} == {"heiti"}


def test_levels_of_headings_have_their_faces(document: RenderedLetter) -> None:
    # 7.3.3
    first = lines_of(document.pdf)[0]

    assert {char.font for char in line_with(first, "一、主要问题").chars} == {"heiti"}
    heading = line_with(first, "（一）责任落实不到位。个别")
    assert {char.font for char in heading.chars[:11]} == {"kaiti"}
    assert heading.chars[11].font == "fangsong"


def test_the_date_stands_four_characters_from_the_right_and_the_name_over_its_middle(
    document: RenderedLetter, correspondence: RenderedLetter
) -> None:
    # 7.3.5.1
    for letter, day in ((document, "2024年6月3日"), (correspondence, "2024年6月27日")):
        assert letter.seal_box is not None
        last = lines_of(letter.pdf)[letter.seal_box.page - 1]
        date = next(line for line in last if line.text == day)
        name = next(line for line in last if line.text == "演示市人民政府督查室" and line.baseline > 60)

        assert date.right == _near(184.0 - 4 * CELL)
        assert (name.x + name.right) / 2 == _near((date.x + date.right) / 2)
        assert date.baseline - name.baseline == _near(LINE)


def test_a_long_name_is_broken_and_keeps_its_place(long_correspondence: RenderedLetter) -> None:
    second = lines_of(long_correspondence.pdf)[1]
    date = line_with(second, "2024年12月30日")
    name = [line for line in second if line.text and line.text in OFFICE and line.baseline > 200]

    assert "".join(line.text for line in name) == OFFICE
    assert date.right == _near(182.0 - 4 * CELL)
    for line in name:
        assert (line.x + line.right) / 2 == _near((date.x + date.right) / 2)
        assert line.right < 182.0


def test_the_seal_circle_is_empty_and_within_a_line_of_the_text(correspondence: RenderedLetter) -> None:
    # 7.3.5.1: name and date a little below the middle of the seal, its top within one line of the text
    lines = lines_of(correspondence.pdf)[0]
    date = next(line for line in lines if line.text == "2024年6月27日")
    body_end = line_with(lines, "予以通报").baseline - 0.38 * EM + LINE / 2
    red = [row for row in ink_rows(picture_of(correspondence.pdf, 1), red=True) if 60 < row < 270]
    left, right = ink_span(picture_of(correspondence.pdf, 1), red=True, top=red[0], bottom=red[-1])

    assert red[-1] - red[0] == _near(42.0, within=0.5)
    assert 0 <= red[0] - body_end <= LINE
    assert (left + right) / 2 == _near((date.x + date.right) / 2, within=0.4)
    assert 0 < (date.baseline - LINE / 2 - 0.38 * EM) - (red[0] + red[-1]) / 2 < 6


def test_the_imprint_ends_with_the_type_area_of_the_last_page(document: RenderedLetter) -> None:
    # 7.4: first and last rule 0.35 mm, the one between 0.25 mm, as wide as the type area; 4号, one character in
    picture = picture_of(document.pdf, 4)
    black = groups(ink_rows(picture, red=False, left=26.2, right=30.0))
    rules = [group for group in black if group[0] > 200 and group[1] - group[0] < 0.6]
    lines = lines_of(document.pdf)[3]
    copies, printed = line_with(lines, "抄送："), line_with(lines, "印发")
    em = 14 * 25.4 / 72

    assert len(rules) == 3
    assert rules[-1][1] == _near(BOTTOM)
    assert ink_span(picture, red=False, top=rules[0][0], bottom=rules[0][1] + 0.1) == (_near(26.0), _near(182.0))
    assert copies.x == _near(26.0 + em)
    assert printed.x == _near(26.0 + em)
    assert printed.right == _near(182.0 - em)
    assert round(copies.size_of_first()) == 14


# --- 信函格式 ------------------------------------------------------------------------------------------------------


def test_a_correspondence_has_its_mark_and_double_rules_in_place(correspondence: RenderedLetter) -> None:
    # 10.1
    picture = picture_of(correspondence.pdf, 1)
    red = groups(ink_rows(picture, red=True, left=20.5, right=70.0))
    mark = groups(ink_rows(picture, red=True))[0]
    thick, thin = red[1], red[2]
    thin_below, thick_below = red[-2], red[-1]

    assert mark[0] == _near(30.0)
    assert thick[0] - mark[1] == _near(4.0, within=0.3)
    assert thick[1] - thick[0] > thin[1] - thin[0]
    assert thick_below[1] - thick_below[0] > thin_below[1] - thin_below[0]
    assert (thin_below[0] + thick_below[1]) / 2 == _near(277.0)
    for top, bottom in (thick, thick_below):
        assert ink_span(picture, red=True, top=top, bottom=bottom) == (_near(20.0), _near(190.0))


def test_the_number_of_a_correspondence_stands_right_below_the_first_rule(correspondence: RenderedLetter) -> None:
    # 10.1: flush right, 7/8 of a character below; the urgency flush left at the same height
    picture = picture_of(correspondence.pdf, 1)
    thin = groups(ink_rows(picture, red=True, left=20.5, right=70.0))[2]
    number = line_with(lines_of(correspondence.pdf)[0], CORRESPONDENCE_LETTER.number)
    ink = [row for row in ink_rows(picture, red=False, left=120) if row > thin[1]]

    assert ink[0] - thin[1] == _near(7 / 8 * EM, within=0.3)
    assert number.right == _near(184.0)
    assert number.text.startswith("加急")
    assert number.x == _near(28.0)


def test_a_correspondence_has_no_page_number_on_page_one_and_no_imprint_rules(
    correspondence: RenderedLetter, long_correspondence: RenderedLetter
) -> None:
    # 10.1
    pages = lines_of(long_correspondence.pdf)
    only = lines_of(correspondence.pdf)[0]

    assert "—" not in "".join(line.text for line in pages[0])
    assert [page[-1].text for page in pages[1:]] == [f"— {number} —" for number in range(2, len(pages) + 1)]
    assert only[-1].text == "抄送：市人民政府办公室，市财政局。"
    assert "印发" not in only[-1].text
    assert not [row for row in ink_rows(picture_of(correspondence.pdf, 1), red=False, left=28.2, right=32) if row > 230]


def test_a_table_repeats_its_header_on_every_page(long_correspondence: RenderedLetter) -> None:
    pages = lines_of(long_correspondence.pdf)
    with_rows = [page for page in pages if any("YS-2024-" in line.text for line in page)]

    assert len(with_rows) > 1
    assert all(any(line.text == "序号编号名称地点问题时限" for line in page) for page in with_rows)
    assert sum(line.text.count("YS-2024-") for page in pages for line in page) == 40


def test_attachments_begin_new_pages_with_their_label(long_correspondence: RenderedLetter) -> None:
    # 7.3.7: 附件1 in 黑体 on the first line, the title centred on the third
    labelled = [page for page in lines_of(long_correspondence.pdf) if page[0].text in ("附件1", "附件2")]

    assert [page[0].text for page in labelled] == ["附件1", "附件2"]
    for page in labelled:
        assert page[0].chars[0].font == "heiti"
        assert page[0].baseline == _near(TOP + LINE / 2 + 0.38 * EM)
        assert page[1].baseline - 0.38 * 22 * 25.4 / 72 == _near(TOP + 2.5 * LINE)
    note = lines_of(long_correspondence.pdf)[1]
    assert line_with(note, "附件：1.督办事项清单").x == _near(26.0 + 2 * CELL)
    assert line_with(note, "2.整改情况反馈表").x == _near(26.0 + 5 * CELL)
