"""Lines of 28 cells with both edges flush, and nothing on the wrong side of a line end."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms.letters.metrics import char_width
from forms.letters.titles import shape_lines
from forms.letters.typeset import BODY_SIZE, CELL, TYPE_WIDTH, Line, Measure, Span, break_lines

CLOSING = "，。、；：？！）》”"
OPENING = "（《“"
TEXT = st.text(
    alphabet=st.sampled_from("整治任务办结年月" + CLOSING + OPENING + "0123456789abc%. "), min_size=1, max_size=200
)


def _lines(text: str, *, indent: float = 0.0) -> list[Line]:
    return break_lines([Span(text, "fangsong")], Measure(indent=indent))


def _end(line: Line) -> float:
    """Where the last character's cell ends; closing punctuation may have given up its blank half."""
    last = line.runs[-1]
    x = last.x
    for char in last.text[:-1]:
        x += char_width(char, last.role) * BODY_SIZE + last.spacing
    return x + char_width(last.text[-1], last.role) * BODY_SIZE


def test_a_full_line_holds_28_characters_and_the_first_26() -> None:
    # GB/T 9704-2012 5.2.3
    lines = _lines("督" * 100, indent=2 * CELL)

    assert [len(line.text) for line in lines] == [26, 28, 28, 18]


def test_full_lines_are_flush_with_the_right_edge() -> None:
    lines = _lines("根据2024年方案，3个场所应于6月20日前办结，截至27日进度为62%，" * 8, indent=2 * CELL)

    ends = [_end(line) - TYPE_WIDTH for line in lines[:-1] if line.text[-1] not in CLOSING]
    assert ends and all(abs(end) < 0.01 for end in ends)


@given(TEXT)
@settings(max_examples=150, deadline=None)
def test_no_text_is_lost_and_no_line_begins_or_ends_ill(text: str) -> None:
    lines = _lines(text, indent=2 * CELL)

    assert "".join(line.text for line in lines).replace(" ", "") == text.replace(" ", "")
    for before, after in pairwise(lines):
        # A run of punctuation longer than a line leaves no place to break; such text is not written.
        if not set(before.text) <= set(CLOSING + OPENING + "%. "):
            assert after.text[0] not in CLOSING
            assert before.text[-1] not in OPENING


@given(TEXT)
@settings(max_examples=150, deadline=None)
def test_no_ink_leaves_the_line(text: str) -> None:
    for line in _lines(text):
        slack = BODY_SIZE / 2 if line.text[-1] in CLOSING else 0.0
        assert _end(line) <= TYPE_WIDTH + slack + 0.06


def test_closing_punctuation_gives_up_its_blank_half_at_the_end_of_a_line() -> None:
    lines = _lines("督" * 28 + "。" + "办" * 10)

    assert [line.text for line in lines] == ["督" * 28 + "。", "办" * 10]


def test_numbers_and_words_are_not_torn() -> None:
    lines = _lines("督" * 26 + "2024年")

    assert [line.text for line in lines] == ["督" * 26, "2024年"]


def test_a_word_longer_than_a_line_is_cut_at_a_separator() -> None:
    address = "https://duban.example/verify/" + "ABCDEFG-" * 12

    lines = _lines(address)

    assert "".join(line.text for line in lines) == address
    assert len(lines) > 1
    assert lines[0].text[-1] in "-/"


def test_a_rare_character_goes_to_the_fallback_and_the_others_do_not() -> None:
    [line] = _lines("张䶮签收")

    assert [(run.text, run.role) for run in line.runs] == [("张", "fangsong"), ("䶮", "fallback"), ("签收", "fangsong")]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("关于做好验收工作的通知", ["关于做好验收工作的通知"]),
        (
            "关于进一步加快推进2024年度重点整治事项办理工作的督办通知",
            ["关于进一步加快推进2024年度", "重点整治事项办理工作的督办通知"],
        ),
        ("关于甲\n督办的通知", ["关于甲", "督办的通知"]),
    ],
)
def test_a_title_breaks_by_sense(title: str, expected: list[str]) -> None:
    assert shape_lines(title, role="xiaobiaosong", size=22.0, width=TYPE_WIDTH) == expected


def test_a_name_that_stands_in_the_text_is_not_torn_in_the_title() -> None:
    name = "演示十八里铺塑料颗粒厂"
    title = f"关于限期办结{name}整治事项的督办通知"

    lines = shape_lines(title, role="xiaobiaosong", size=22.0, width=TYPE_WIDTH, beside=f"{name}应于6月底前办结。")

    assert "".join(lines) == title
    assert any(name in line for line in lines)
