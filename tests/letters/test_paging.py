"""What stays together across pages, tried for every length of letter around the end of a page."""

from dataclasses import replace

import pytest
from letters_samples import CASES, DOCUMENT_LETTER, LONG_CORRESPONDENCE

from engine.domain.letter import CORRESPONDENCE, DOCUMENT, Attachment, Heading, Letter, Paragraph, format_date
from forms.letters.errors import RenderFailed
from forms.letters.flow import BOTTOM, TOP, Picture, Text
from forms.letters.layout import Page, lay_out

LENGTHS = range(1, 34)


def _letter(layout: str, lines: int) -> Letter:
    body = tuple(Paragraph(f"第{at}段，按时办结。") for at in range(1, lines + 1))
    return replace(DOCUMENT_LETTER, layout=layout, body=body, copies_to=("市委办公室",))


def _texts(page: Page) -> list[str]:
    return ["".join(run.text for run in item.runs) for item in page.items if isinstance(item, Text)]


@pytest.mark.parametrize("layout", [DOCUMENT, CORRESPONDENCE])
@pytest.mark.parametrize("lines", LENGTHS)
def test_a_signature_never_stands_alone_on_a_page(layout: str, lines: int) -> None:
    # GB/T 9704-2012 7.3.5: adjust the spacing rather than leave the seal without text
    pages = lay_out(_letter(layout, lines))

    [signed] = [page for page in pages if format_date(DOCUMENT_LETTER.date) in _texts(page)]
    assert sum(text.endswith("段，按时办结。") for text in _texts(signed)) >= 1
    assert signed is pages[-1] or (layout, signed.number % 2, len(pages)) == (DOCUMENT, 1, signed.number + 1)
    assert any("第1段" in text for text in _texts(pages[0]))


def test_the_imprint_of_a_one_page_letter_stands_on_its_back_without_number() -> None:
    # 7.4, 7.5: the imprint stands on the back of the last leaf, here without any text
    first, second = lay_out(_letter(DOCUMENT, 1))

    assert "— 1 —" in _texts(first)
    assert _texts(second) == ["抄送：市委办公室。", DOCUMENT_LETTER.printed_by, "2024年6月3日印发"]


@pytest.mark.parametrize("layout", [DOCUMENT, CORRESPONDENCE])
@pytest.mark.parametrize("lines", LENGTHS)
def test_nothing_leaves_the_type_area_or_runs_into_the_imprint(layout: str, lines: int) -> None:
    pages = lay_out(_letter(layout, lines))

    for page in pages:
        items = [item for item in page.items if isinstance(item, Text) and item.tag != "footer" and item.block > 3]
        assert all(TOP < item.y < BOTTOM for item in items)
        copies = next((item.y for item in items if "".join(run.text for run in item.runs).startswith("抄送")), None)
        above = [item.y for item in items if item.block not in (9, 10)]
        assert copies is None or max(above, default=0.0) < copies - 6.0


@pytest.mark.parametrize("lines", LENGTHS)
def test_a_heading_never_ends_a_page(lines: int) -> None:
    body = (*_letter(DOCUMENT, lines).body, Heading(1, "一、要求"), Paragraph("照办。"), Paragraph("反馈。"))

    pages = lay_out(replace(DOCUMENT_LETTER, body=body))

    [page] = [page for page in pages if "一、要求" in _texts(page)]
    assert "照办。" in _texts(page)


@pytest.mark.parametrize("lines", range(1, 12))
def test_a_heading_and_a_caption_stay_with_their_table(lines: int) -> None:
    body = (*_letter(DOCUMENT, lines).body, Heading(1, "一、清单"), CASES, Paragraph("照办。"))

    pages = lay_out(replace(DOCUMENT_LETTER, body=body))

    [page] = [page for page in pages if "一、清单" in _texts(page)]
    assert {"逾期未办结事项", "序号", "YS-2024-0001"} <= set(_texts(page))


@pytest.mark.parametrize("lines", LENGTHS)
def test_a_seal_keeps_company_with_the_text_and_not_with_the_note_on_attachments_alone(lines: int) -> None:
    attachments = (Attachment("清单", (Paragraph("照办。"),)), Attachment("样式", (Paragraph("照填。"),)))

    pages = lay_out(replace(_letter(DOCUMENT, lines), attachments=attachments))

    [signed] = [page for page in pages if format_date(DOCUMENT_LETTER.date) in _texts(page)]
    # 7.3.3 keeps the only line of a text on the first page, where note and signature have no room.
    assert any(text.endswith("段，按时办结。") for text in _texts(signed)) or lines == 1
    assert any(text.startswith("附件：1.清单") for text in _texts(signed))
    assert len(pages) % 2 == 0


@pytest.mark.parametrize("rows", range(1, 24))
def test_the_imprint_never_takes_a_page_from_an_attachment_that_can_share(rows: int) -> None:
    attachment = Attachment("清单", (replace(CASES, rows=CASES.rows[:rows]),))

    pages = lay_out(replace(LONG_CORRESPONDENCE, attachments=(attachment,)))

    assert any(text.startswith("YS-2024-") for text in _texts(pages[-1]))
    assert any(text.startswith("抄送") for text in _texts(pages[-1]))


def test_a_cell_longer_than_a_page_is_continued() -> None:
    table = replace(CASES, rows=(("1", "YS-2024-0001", "演示", "演示镇", "问题很多。" * 400, "2024年6月20日"),))

    pages = lay_out(replace(DOCUMENT_LETTER, body=(table, Paragraph("完。"))))

    assert len(pages) > 2
    assert "".join(text for page in pages for text in _texts(page)).count("问") >= 400


def test_only_a_sample_carries_the_mark_and_the_empty_circle() -> None:
    def labels(letter: Letter) -> list[str]:
        pictures = [item for page in lay_out(letter) for item in page.items if isinstance(item, Picture)]
        return [picture.label for picture in pictures if picture.svg]

    short = _letter(CORRESPONDENCE, 2)

    assert labels(short) == ["演示样张", "印章位置", "扫码核验"]
    assert labels(replace(short, is_sample=False, verify_url="")) == []


def test_a_letter_of_more_than_five_hundred_pages_is_refused() -> None:
    with pytest.raises(RenderFailed, match="more than 500"):
        lay_out(replace(DOCUMENT_LETTER, body=(replace(CASES, rows=CASES.rows * 180),)))
