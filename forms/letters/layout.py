"""Places every element of a letter on its pages in millimetres, as GB/T 9704-2012 asks: 文件格式 and 信函格式.

Answers with pages of texts, bars and pictures; how they become a PDF is `render`'s business. Clauses cited are of
GB/T 9704-2012.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.domain.letter import CORRESPONDENCE, Attachment, Block, Heading, Letter, Table, format_date, texts_of
from forms.letters import artwork, metrics
from forms.letters.errors import RenderFailed
from forms.letters.flow import (
    BLANK,
    BOTTOM,
    LINE,
    WIDTH,
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
from forms.letters.foot import imprint_of, page_number, verification_code
from forms.letters.head import clean_title, head_of, title_lines
from forms.letters.metrics import MM_PER_POINT, clean
from forms.letters.tables import table_pieces
from forms.letters.titles import shape_lines
from forms.letters.typeset import BODY_SIZE, BODY_SPACING, CELL, Line, Measure, Span, body_line, break_lines

MAX_PAGES: Final = 200
_CELL: Final = CELL * MM_PER_POINT


@dataclass(frozen=True)
class Page:
    number: int
    items: tuple[Item, ...]


def lay_out(letter: Letter) -> list[Page]:
    """The pages in order. Raises MissingGlyph, and RenderFailed for a letter of more than `MAX_PAGES` pages."""
    metrics.check_glyphs(_all_texts(letter))
    head, top = head_of(letter)
    imprint = imprint_of(letter)
    blocks = _Blocks()

    addressees = _addressees(letter)
    text = [*addressees, *_body(letter.body, blocks), *_attachment_note(letter)]
    sheets = pour(text, top=top, kept=len(addressees) + 1)  # 7.3.3: the text begins on the first page
    close(sheets, _signature(letter), reserve=0.0 if letter.attachments else imprint.reserve)
    for number, attachment in enumerate(letter.attachments, start=1):
        sheets += _attachment_sheets(attachment, number if len(letter.attachments) > 1 else None, blocks)
    # 7.5: a page that holds nothing but the imprint bears no number.
    is_imprint_alone = not make_room(sheets, reserve=imprint.reserve)
    if len(sheets) > MAX_PAGES:
        raise RenderFailed(f"it would have {len(sheets)} pages, more than {MAX_PAGES}")

    pages = []
    for number, sheet in enumerate(sheets, start=1):
        left = 28.0 if number % 2 else 26.0  # 5.2.1: 订口 28 mm; the back of a leaf mirrors the front
        items: list[Item] = [Picture(0, 0, 210, 297, artwork.sample_mark(), "演示样张")] if letter.is_sample else []
        if number == 1:
            items += [moved(item, left, 0.0) for item in head]
        items += sheet.items(left)
        if number == len(sheets):
            items += [moved(item, left, BOTTOM - imprint.height) for item in imprint.items]
            items += [verification_code(letter.verify_url, number, left)] if letter.verify_url else []
        # 10.1: no page number on the first page of a 信函.
        is_bare = (is_imprint_alone and number == len(sheets)) or (number == 1 and letter.layout == CORRESPONDENCE)
        items += [] if is_bare else [page_number(number, left)]
        pages.append(Page(number, tuple(items)))
    return pages


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
    return _lines([Span(clean("、".join(letter.addressees)) + "：", "fangsong")], Measure(), 4)


def _body(body: Sequence[Block], blocks: _Blocks) -> list[Piece]:
    pieces: list[Piece] = []
    for block in body:
        number = blocks.new()
        if isinstance(block, Table):
            pieces += table_pieces(block, number)
        else:
            lines = _lines(_spans(block), Measure(indent=2 * CELL), number)
            # A heading on a line of its own never ends a page; one that runs into its text may.
            is_heading = isinstance(block, Heading) and block.level <= 2 and len(lines) == 1
            pieces += [replace(line, keeps_with_next=is_heading) for line in lines]
    return pieces


def _spans(block: Block) -> list[Span]:
    """7.3.3: 一、 in 黑体, （一） in 楷体, the rest in 仿宋."""
    text = clean(texts_of(block)[0])
    if isinstance(block, Heading) and block.level == 1:
        return [Span(text, "heiti")]
    if isinstance(block, Heading) and block.level == 2:
        end = text.find("。") + 1 or len(text)
        return [Span(text[:end], "kaiti"), Span(text[end:], "fangsong")]
    return [Span(text, "fangsong")]


def _lines(spans: Sequence[Span], measure: Measure, block: int) -> list[Piece]:
    broken = break_lines([span for span in spans if span.text], measure)
    return [Piece((Text(0, baseline_in_line(0), BODY_SIZE, line.runs, block),)) for line in broken]


def _attachment_note(letter: Letter) -> list[Piece]:
    """7.3.4: one blank line below the text, two characters in, titles without a stop and hanging behind the number."""
    pieces: list[Piece] = [BLANK] if letter.attachments else []
    for at, attachment in enumerate(letter.attachments, start=1):
        prefix = ("附件：" if at == 1 else "") + (f"{at}." if len(letter.attachments) > 1 else "")
        indent = (2 if at == 1 else 5) * CELL
        number_width = metrics.text_width(f"{at}.", "fangsong") * BODY_SIZE if len(letter.attachments) > 1 else 0.0
        measure = Measure(indent=indent, hanging=5 * CELL + number_width)
        pieces += _lines([Span(prefix + clean(attachment.title.replace("\n", "")), "fangsong")], measure, 5)
    return pieces


def _signature(letter: Letter) -> list[Piece]:
    """7.3.5.1, with a seal: date four characters from the right, name centred over it, seal within a line of text."""
    date = body_line(format_date(letter.date))
    date_x = WIDTH - 4 * _CELL - date.width * MM_PER_POINT
    centre = date_x + date.width * MM_PER_POINT / 2
    room = 2 * (WIDTH - centre) / MM_PER_POINT / (BODY_SIZE + BODY_SPACING) * BODY_SIZE
    names = [
        body_line(name) for name in shape_lines(clean(letter.signatory), role="fangsong", size=BODY_SIZE, width=room)
    ]
    lines = [_centred(name, centre, 6) for name in names] + [_centred(date, centre, 7)]
    blank = Piece(items=_seal(letter, centre, len(names)))
    pieces = [blank, Piece(), *lines]
    if letter.contact:
        contact = _lines([Span(f"（{clean(letter.contact)}）", "fangsong")], Measure(indent=2 * CELL), 8)
        # A note that would run into the seal below a one-line name stands one line lower.
        is_in_seal = max(_right_edge(piece) for piece in contact) > centre - artwork.SEAL_DIAMETER * 0.4
        pieces += [Piece()] if is_in_seal and len(names) == 1 else []
        pieces += contact
    return pieces


def _seal(letter: Letter, centre: float, names: int) -> tuple[Item, ...]:
    """Only ever the empty circle of a sample. Name and date lie a little below its centre."""
    if not letter.is_sample:
        return ()
    radius = artwork.SEAL_DIAMETER / 2
    middle_of_text = LINE * (2 + (names + 1) / 2)
    top = min(middle_of_text - 3.0 - radius, 0.9 * LINE)
    return (Picture(centre - radius, top, 2 * radius, 2 * radius, artwork.seal_circle(), "印章位置"),)


def _attachment_sheets(attachment: Attachment, number: int | None, blocks: _Blocks) -> list[Sheet]:
    """7.3.7: a new page; 附件 and its number in 黑体 on the first line, the title centred on the third."""
    label = Text(0, baseline_in_line(0), BODY_SIZE, body_line(f"附件{number or ''}", "heiti").runs, blocks.new())
    title, count = title_lines(attachment.title, 0.0, block=blocks.new(), tag="h2")
    lines = [Piece((label,)), Piece(), Piece(tuple(title))] + [Piece()] * count
    return pour(lines + _body(attachment.blocks, blocks))


def _all_texts(letter: Letter) -> list[tuple[str, str]]:
    """Every string that is printed, with the role that sets it."""
    blocks = [*letter.body, *(block for attachment in letter.attachments for block in attachment.blocks)]
    titles = [letter.title, *(attachment.title for attachment in letter.attachments)]
    plain = [letter.number, *letter.addressees, letter.signatory, letter.contact, *letter.copies_to, letter.printed_by]
    plain += [attachment.title for attachment in letter.attachments]
    return [
        *((clean_title(title), "xiaobiaosong") for title in (letter.mark, *titles)),
        *((clean(text), "fangsong") for text in plain),
        *((clean(text), "fangsong") for block in blocks for text in texts_of(block)),
        (clean(letter.urgency), "heiti"),
    ]


def _centred(line: Line, centre: float, block: int) -> Piece:
    return Piece((Text(centre - line.width * MM_PER_POINT / 2, baseline_in_line(0), BODY_SIZE, line.runs, block),))


def _right_edge(piece: Piece) -> float:
    return max(item.x + _line_width(item) for item in piece.items if isinstance(item, Text))


def _line_width(text: Text) -> float:
    last = text.runs[-1]
    return (last.x + metrics.text_width(last.text, last.role) * text.size) * MM_PER_POINT
