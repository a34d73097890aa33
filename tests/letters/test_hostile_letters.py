"""Letters that nobody writes in good faith, or by mistake: printed, or refused with a reason, within limits."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from letters_measure import text_of_pdf
from letters_samples import CASES, CORRESPONDENCE_LETTER, DOCUMENT_LETTER, SLIP_LETTER

from engine.domain.letter import Attachment, Cell, Grid, Heading, Letter, Paragraph, Table
from engine.errors import Invalid
from forms.letters.compose import compose_for
from forms.letters.errors import MissingGlyph, RenderFailed
from forms.letters.isolate import SECONDS, Press, Presses
from forms.letters.render import render
from forms.letters.rendered import RenderedLetter
from forms.letters.sample import sample_variables

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    """With the memory of operation, 1 GB; its 30 s are judged as CPU time, as the machine may be busy with others."""
    with Press(seconds=240) as press:
        press.render(CORRESPONDENCE_LETTER)
        yield press


@pytest.fixture(autouse=True)
def within_thirty_seconds(press: Press) -> Iterator[None]:
    begun = _cpu_seconds(press)
    yield
    assert _cpu_seconds(press) - begun < SECONDS


def _cpu_seconds(press: Press) -> float:
    """What the warm child has used so far; letters that are refused do not end it."""
    assert press.child_id is not None
    told = Path(f"/proc/{press.child_id}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _table(rows: int) -> Table:
    cells = (
        (str(at), f"YS-2024-{at:04}", f"演示第{at}加工店", "演示镇示例村", "无环评手续，废气直排", "2024年6月20日")
        for at in range(1, rows + 1)
    )
    return replace(CASES, rows=tuple(cells))


def test_a_long_table_is_printed_whole(press: Press) -> None:
    letter = replace(DOCUMENT_LETTER, attachments=(Attachment("督办事项清单", (_table(700),)),))

    rendered = press.render(letter)

    read = text_of_pdf(rendered.pdf)
    assert rendered.pages > 50
    assert all(f"YS-2024-{at:04}" in read for at in (1, 350, 700))
    assert press.render(CORRESPONDENCE_LETTER).pages == 1


@pytest.mark.parametrize("rows", [750, 5000])
def test_a_table_beyond_what_can_be_printed_in_time_is_refused_before(press: Press, rows: int) -> None:
    letter = replace(DOCUMENT_LETTER, attachments=(Attachment("督办事项清单", (_table(rows),)),))

    with pytest.raises(RenderFailed, match="at most 12000") as refused:
        press.render(letter)

    assert "several letters" in refused.value.reason
    assert "最多 12000 段" in refused.value.problems[0].zh
    assert press.render(CORRESPONDENCE_LETTER).pages == 1


HOSTILE = {
    "a paragraph of a megabyte": replace(DOCUMENT_LETTER, body=(Paragraph("督办" * (MEGABYTE // 6)),)),
    "a word of a megabyte": replace(DOCUMENT_LETTER, body=(Paragraph("a" * MEGABYTE),)),
    "ten thousand attachments": replace(
        DOCUMENT_LETTER, attachments=tuple(Attachment(f"清单{at}", (Paragraph("照办。"),)) for at in range(10_000))
    ),
    "fifty thousand headings": replace(DOCUMENT_LETTER, body=tuple(Heading(1, "一、督办") for _ in range(50_000))),
    "a title of a hundred thousand characters": replace(DOCUMENT_LETTER, title="关于督办的通知" * 15_000),
    "a note longer than a page": replace(DOCUMENT_LETTER, contact="联系人：演示员。" * 400),
    "copies to five thousand units": replace(DOCUMENT_LETTER, copies_to=("演示镇人民政府",) * 5000),
    "a name of ten thousand characters": replace(DOCUMENT_LETTER, signatory="演示局" * 3000),
    "three hundred columns": replace(
        DOCUMENT_LETTER, body=(Table(columns=("督",) * 300, rows=(("办",) * 300,) * 5), Paragraph("完。"))
    ),
    "a cell of a megabyte": replace(
        DOCUMENT_LETTER, body=(replace(CASES, rows=(("1", "2", "督办" * (MEGABYTE // 6), "4", "5", "6"),)),)
    ),
    "a form of ten thousand rows": replace(
        SLIP_LETTER, body=(Grid((6, 22), ((Cell("栏目"), Cell("内容", lines=99)),) * 10_000),)
    ),
}


@pytest.mark.parametrize("letter", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_letter_beyond_measure_is_refused_with_a_reason(press: Press, letter: Letter) -> None:
    with pytest.raises(RenderFailed) as refused:
        press.render(letter)

    assert "seconds" not in refused.value.reason
    assert not refused.value.reason.startswith(("Recursion", "Index", "Value", "Key", "Type", "Memory"))
    assert any(word in refused.value.reason for word in ("pages", "page", "room", "columns"))


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("督\u200b办\u200d\ufeff事项", "督办事项"),  # zero width
        ("\u202e督办\u202c\u2066事项\u2069", "督办事项"),  # turns the direction of reading round
        ("督办\ufe0f事\u00ad项", "督办事项"),  # selector, soft hyphen
    ],
)
def test_what_cannot_be_seen_is_not_printed(hidden: str, shown: str) -> None:
    letter = render(replace(CORRESPONDENCE_LETTER, body=(Paragraph(f"{hidden}完。"),)))

    assert f"{shown}完。" in text_of_pdf(letter.pdf)


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\ue000", "\U000e0001"])
def test_a_sign_that_no_font_draws_stops_the_letter_and_is_named(press: Press, sign: str) -> None:
    letter = replace(CORRESPONDENCE_LETTER, body=(Paragraph(f"督办{sign}事项。"),))

    if sign == "\U000e0001":  # a language tag is invisible: nothing of it is printed
        assert press.render(letter).pages == 1
        return
    with pytest.raises(MissingGlyph) as stopped:
        press.render(letter)
    assert stopped.value.characters == (sign,)


def test_a_letter_beyond_its_memory_fails_alone() -> None:
    with Press(memory_bytes=640 * MEGABYTE, seconds=240) as small:
        first = small.render(CORRESPONDENCE_LETTER)

        with pytest.raises(RenderFailed, match=r"memory|ended with status"):
            small.render(replace(DOCUMENT_LETTER, body=(_table(700),)))

        assert small.render(CORRESPONDENCE_LETTER) == first


@pytest.mark.parametrize("tag", ["p", "table", "grid", "attachment", "ol"])
def test_tags_nested_ten_thousand_deep_are_refused(tag: str) -> None:
    template = f"<title>督办</title><p>照办。</p>{f'<{tag}>' * 5000}督办{f'</{tag}>' * 5000}"

    with pytest.raises(Invalid) as refused:
        compose_for("urge", template, sample_variables(), number="", date=CORRESPONDENCE_LETTER.date)

    assert refused.value.problems


def test_one_bad_letter_does_not_hold_up_a_batch() -> None:
    good = [replace(CORRESPONDENCE_LETTER, number=f"演督函〔2024〕{at}号") for at in range(1, 7)]
    letters = [*good[:3], replace(CORRESPONDENCE_LETTER, contact="\U0010fffd"), *good[3:]]

    with Presses(2) as presses:
        outcomes = list(presses.render_all(letters))

        assert len(presses.child_ids) == 2
    assert isinstance(outcomes[3], MissingGlyph)
    expected = [render(letter) for letter in good]
    assert [outcome for outcome in outcomes if isinstance(outcome, RenderedLetter)] == expected
