"""Places every element of a letter on its pages in millimetres, as GB/T 9704-2012 asks for each layout.

Answers with pages of texts, bars and pictures; how they become a PDF is `render`'s business. Clauses cited are of
GB/T 9704-2012.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from engine.domain.letter import (
    CORRESPONDENCE,
    SLIP,
    Attachment,
    Block,
    Grid,
    Heading,
    Letter,
    Table,
    texts_of,
)
from forms.letters import artwork, metrics
from forms.letters.ending import SEAL_PLACE, attachment_note, attendance, signature, text_pieces
from forms.letters.errors import RenderFailed
from forms.letters.flow import (
    BOTTOM,
    HEIGHT,
    LINE,
    Item,
    Picture,
    Piece,
    Sheet,
    Text,
    baseline_in_line,
    close,
    make_room,
    moved,
    pour,
)
from forms.letters.flow import turned_sheet as new_turned_sheet
from forms.letters.foot import Imprint, imprint_of, page_number, verification_code
from forms.letters.grids import grid_pieces
from forms.letters.head import clean_title, head_of, title_lines
from forms.letters.metrics import clean
from forms.letters.tables import table_pieces
from forms.letters.typeset import BODY_SIZE, CELL, Measure, Span, body_line

__all__ = ["MAX_PAGES", "SEAL_PLACE", "Page", "lay_out"]

MAX_PAGES: Final = 500
SAMPLE_MARK: Final = "演示样张"
_SHORT_NOTE: Final = 8  # lines


@dataclass(frozen=True)
class Page:
    """One side of paper, `left` millimetres from its edge to the type area; `turned` lies on its side."""

    number: int
    items: tuple[Item, ...]
    left: float = 28.0
    turned: tuple[Item, ...] = ()


def lay_out(letter: Letter) -> list[Page]:
    """The pages in order. Raises MissingGlyph, and RenderFailed for a letter of more than `MAX_PAGES` pages."""
    metrics.check_glyphs(_all_texts(letter))
    head, top = head_of(letter)
    if top > BOTTOM - 2 * LINE:
        raise RenderFailed(
            "its head and title leave no room for text on the first page", "版头和标题太长，首页排不下正文，请缩短标题"
        )
    imprint = imprint_of(letter)
    sheets = _sheets(letter, top, imprint)
    bare = _place_imprint(sheets, imprint)
    if letter.layout == CORRESPONDENCE:
        bare.add(1)  # 10.1: no page number on the first page of a 信函
    if letter.layout == SLIP and len(sheets) == 1:
        bare.add(1)
    _check_length(sheets)
    _check_room(sheets, imprint)

    pages = []
    for number, sheet in enumerate(sheets, start=1):
        left = 28.0 if number % 2 else 26.0  # 5.2.1: 订口 28 mm; the back of a leaf mirrors the front
        items: list[Item] = [Picture(0, 0, 210, 297, artwork.sample_mark(), SAMPLE_MARK)] if letter.is_sample else []
        if number == 1:
            items += [moved(item, left, 0.0) for item in head]
        items += [] if sheet.is_turned else sheet.items(left)
        if number == len(sheets):
            items += [moved(item, left, BOTTOM - imprint.height) for item in imprint.items]
            items += [verification_code(letter.verify_url, number, left)] if letter.verify_url else []
        items += [] if number in bare else [page_number(number, left)]
        pages.append(Page(number, tuple(items), left, tuple(sheet.items(0.0)) if sheet.is_turned else ()))
    return pages


def _sheets(letter: Letter, top: float, imprint: Imprint) -> list[Sheet]:
    """Text, signature and attachments, without what stands on every page."""
    blocks = _Blocks()
    addressees = _addressees(letter)
    sheets: list[Sheet] = []
    ending = signature(letter)
    after = [*attachment_note(letter), *attendance(letter)]
    if len(after) <= _SHORT_NOTE and not letter.attendance:
        # A seal keeps company with the text itself, not with 附件说明 alone.
        ending, after = [*after, *ending], []
    for is_turned, part in _stretches(_upright_end(letter.body) if not after else letter.body):
        pieces = _body(part, blocks, is_turned=is_turned)
        if not sheets:
            # 7.3.3: the text begins on the first page.
            sheets = pour([*addressees, *([] if is_turned else pieces)], Sheet(top=top, kept=len(addressees) + 1))
            sheets += pour(pieces, new_turned_sheet()) if is_turned else []
        else:
            sheets += pour(pieces, new_turned_sheet() if is_turned else Sheet())
    sheets = [*sheets, *pour(after)] if sheets[-1].is_turned else [*sheets[:-1], *pour(after, sheets[-1])]
    close(sheets, ending, reserve=(lambda _: 0.0) if letter.attachments else imprint.reserve_on)
    for number, attachment in enumerate(letter.attachments, start=1):
        sheets += _attachment_sheets(attachment, number if len(letter.attachments) > 1 else None, blocks)
        _check_length(sheets)
    return sheets


def _place_imprint(sheets: list[Sheet], imprint: Imprint) -> set[int]:
    """Makes the last sheet the one for the imprint; answers with the numbers of pages that bear no number.

    7.4: the imprint stands on the last page, the back of a leaf. 7.5: a page with nothing but the imprint is not
    numbered, nor is a blank one before it.
    """
    bare: set[int] = set()
    if not imprint.items:
        return bare
    if len(sheets) % 2 == 0 or not imprint.is_ruled:
        is_filled = make_room(sheets, reserve=imprint.reserve)
        bare |= set() if is_filled else {len(sheets)}
    if imprint.is_ruled and len(sheets) % 2:
        sheets.append(Sheet())
        bare.add(len(sheets))
    return bare


def _check_length(sheets: Sequence[Sheet]) -> None:
    if len(sheets) > MAX_PAGES:
        raise RenderFailed(f"it would have more than {MAX_PAGES} pages", f"全文超过 {MAX_PAGES} 页，请分作几件公文")


def _check_room(sheets: Sequence[Sheet], imprint: Imprint) -> None:
    """A signature, a note or an imprint longer than a page would run off the paper."""
    for number, sheet in enumerate(sheets, start=1):
        if sheet.end > sheet.bottom + 0.1:
            raise RenderFailed(
                f"the end of its text is longer than page {number}: shorten names, note or attachments",
                f"第 {number} 页排不下落款、附注或附件说明，请缩短",
            )
    if imprint.height > HEIGHT:
        raise RenderFailed("the list of who receives copies is longer than a page", "抄送机关超过一页，请缩短")


class _Blocks:
    """Hands out block numbers, so that the lines of one paragraph stay one paragraph in the PDF."""

    def __init__(self) -> None:
        self._last = 10

    def new(self) -> int:
        self._last += 1
        return self._last


def _addressees(letter: Letter) -> list[Piece]:
    if not letter.addressees:
        return []
    # 7.3.2: one blank line below the title, flush left, continued flush left, ending in a colon.
    return text_pieces([Span(clean("、".join(letter.addressees)).rstrip("：") + "：", "fangsong")], Measure(), 4)


def _stretches(blocks: Sequence[Block]) -> Iterator[tuple[bool, list[Block]]]:
    """The blocks by whether their pages are turned."""
    for is_turned, part in groupby(blocks, key=lambda block: isinstance(block, Table) and block.is_wide):
        yield is_turned, list(part)


def _upright_end(body: Sequence[Block]) -> list[Block]:
    """A signature may not stand alone on a page: a wide table that would end the text is set upright."""
    blocks = list(body)
    for at in range(len(blocks) - 1, -1, -1):
        block = blocks[at]
        if not (isinstance(block, Table) and block.is_wide):
            break
        blocks[at] = replace(block, is_wide=False)
    return blocks


def _body(body: Sequence[Block], blocks: _Blocks, *, is_turned: bool = False) -> list[Piece]:
    pieces: list[Piece] = []
    for block in body:
        number = blocks.new()
        if isinstance(block, Table):
            pieces += table_pieces(block, number, is_turned=is_turned)
        elif isinstance(block, Grid):
            pieces += grid_pieces(block, number)
        else:
            pieces += _paragraph(block, number)
    return pieces


def _paragraph(block: Block, number: int) -> list[Piece]:
    lines = text_pieces(_spans(block), Measure(indent=2 * CELL), number)
    # A heading on a line of its own never ends a page; one that runs into its text may.
    if not isinstance(block, Heading) or block.level > 2 or len(lines) != 1 or _is_sentence(block):
        return lines
    tagged = [
        replace(item, tag="h2" if block.level == 1 else "h3") for item in lines[0].items if isinstance(item, Text)
    ]
    return [replace(lines[0], items=tuple(tagged), keeps_with_next=True)]


def _spans(block: Block) -> list[Span]:
    """7.3.3: 一、 in 黑体, （一） in 楷体, the rest in 仿宋."""
    text = clean(texts_of(block)[0])
    if isinstance(block, Heading) and block.level == 1 and not _is_sentence(block):
        return [Span(text, "heiti")]
    if isinstance(block, Heading) and block.level == 2:
        end = text.find("。") + 1 or len(text)
        return [Span(text[:end], "kaiti"), Span(text[end:], "fangsong")]
    return [Span(text, "fangsong")]


def _is_sentence(heading: Heading) -> bool:
    """A heading has no stop at its end; 一、请于……办结。 is text that is numbered."""
    return heading.level == 1 and heading.text.endswith(("。", "；", "："))


def _attachment_sheets(attachment: Attachment, number: int | None, blocks: _Blocks) -> list[Sheet]:
    """7.3.7: a new page; 附件 and its number in 黑体 on the first line, the title centred on the third.

    A wide table that comes first takes label and title along onto its turned page.
    """
    sheets: list[Sheet] = []
    for is_turned, part in _stretches(attachment.blocks):
        above: list[Piece] = []
        if not sheets:
            label = Text(
                0, baseline_in_line(0), BODY_SIZE, body_line(f"附件{number or ''}", "heiti").runs, blocks.new()
            )
            title, count = title_lines(attachment.title, 0.0, block=blocks.new(), tag="h2", is_turned=is_turned)
            above = [Piece((label,)), Piece(), Piece(tuple(title)), *[Piece()] * count]
        sheets += pour(
            [*above, *_body(part, blocks, is_turned=is_turned)], new_turned_sheet() if is_turned else Sheet()
        )
    return sheets


def _all_texts(letter: Letter) -> list[tuple[str, str]]:
    """Every string that is printed, with the role that sets it."""
    blocks = [*letter.body, *(block for attachment in letter.attachments for block in attachment.blocks)]
    titles = [letter.title, *(attachment.title for attachment in letter.attachments)]
    plain = [letter.number, *letter.addressees, letter.signatory, letter.contact, *letter.copies_to, letter.printed_by]
    plain += [attachment.title for attachment in letter.attachments] + [letter.signer]
    plain += [name for _, names in letter.attendance for name in names]
    plain.append(letter.copy_number)
    bold = [letter.secrecy, letter.urgency, *(label for label, _ in letter.attendance)]
    return [
        *((clean_title(title), "xiaobiaosong") for title in (letter.mark, *titles)),
        *((clean(text), "fangsong") for text in plain),
        *((clean(text), "fangsong") for block in blocks for text in texts_of(block)),
        *((clean(text), "heiti") for text in bold),
    ]
