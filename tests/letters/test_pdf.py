"""The PDF itself: its text, its fonts, its structure, its sameness, and what it refuses to print."""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
import weasyprint
from fontTools.ttLib import TTFont
from letters_measure import ROLE_OF_FONT, name_of_font, text_of_pdf
from letters_samples import CASES, DOCUMENT_LETTER, LETTERS, LONG_CORRESPONDENCE, RARE_NAMES
from PIL import Image, ImageCms

from engine.domain.letter import Letter, Paragraph, texts_of
from forms.letters import fonts
from forms.letters.errors import MissingGlyph, RenderFailed
from forms.letters.render import FontFetcher, print_html, render
from forms.letters.rendered import RenderedLetter


def test_the_text_can_be_read_back_whole(document: RenderedLetter) -> None:
    read = text_of_pdf(document.pdf)

    whole = [
        DOCUMENT_LETTER.number,
        DOCUMENT_LETTER.mark,
        DOCUMENT_LETTER.title,
        "各县（市、区）人民政府、市直有关单位：",
    ]
    whole += [*RARE_NAMES, "2024年6月3日印发", "抄送：市委办公室，", f"（{DOCUMENT_LETTER.contact}）"]
    # A page number may stand between two lines of a paragraph.
    for number in range(1, document.pages + 1):
        read = read.replace(f"—{number}—", "", 1)
    whole += [text for block in DOCUMENT_LETTER.body for text in texts_of(block)]
    for text in whole:
        assert text.replace(" ", "") in read.replace("\f", ""), text
    assert "样张" not in read
    assert "印章" not in read


def test_every_font_is_embedded_under_its_own_name(document: RenderedLetter) -> None:
    names = set()
    with pikepdf.open(io.BytesIO(document.pdf)) as pdf:
        for font in pdf.pages[0].Resources.Font.values():
            [descendant] = font.DescendantFonts
            descriptor = descendant.FontDescriptor
            assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
            assert "/ToUnicode" in font
            assert descendant.BaseFont == descriptor.FontName == font.BaseFont
            names.add(name_of_font(str(font.BaseFont)))

    assert names == set(ROLE_OF_FONT)


def test_the_pdf_says_what_it_is_and_bears_no_wall_clock(document: RenderedLetter) -> None:
    with pikepdf.open(io.BytesIO(document.pdf)) as pdf:
        assert str(pdf.docinfo.Title) == DOCUMENT_LETTER.title
        assert str(pdf.docinfo.Author) == DOCUMENT_LETTER.signatory
        assert "演示样张" in str(pdf.docinfo.Keywords)
        assert not {"/CreationDate", "/ModDate"} & set(pdf.docinfo.keys())
        with pdf.open_metadata() as told:
            assert told["dc:title"] == DOCUMENT_LETTER.title
            assert told["dc:creator"] == [DOCUMENT_LETTER.signatory]
            assert told["pdf:Keywords"] == str(pdf.docinfo.Keywords)


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.layout)
def test_the_pdf_has_the_structure_of_an_archive(letter: Letter) -> None:
    # ISO 19005-2 level U: 6.1.3 identifier, 6.2.3 output intent, 6.2.11 fonts and 6.2.11.7 Unicode, 6.5, 6.6, 6.8
    content = render(letter).pdf

    assert b"/Encrypt" not in content
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert len(pdf.trailer.ID) == 2
        assert not {"/OpenAction", "/AA", "/Names", "/AcroForm", "/OCProperties"} & set(pdf.Root.keys())
        [intent] = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        assert intent.DestOutputProfile.N == 3
        profile = ImageCms.ImageCmsProfile(io.BytesIO(intent.DestOutputProfile.read_bytes()))
        told = pdf.Root.Metadata.read_bytes().decode()
        assert 'pdfaid:part="2"' in told
        assert 'pdfaid:conformance="U"' in told
        assert str(pdf.Root.Lang) == "zh-CN"
        assert bool(pdf.Root.MarkInfo.Marked)
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        for page in pdf.pages:
            assert "/Annots" not in page
            assert not any(page.Resources[kind].keys() for kind in ("/XObject", "/Pattern", "/Shading"))
            assert all(share == 1 for state in page.Resources.ExtGState.values() for share in state.values())

    # The colours are those of everybody's sRGB.
    plain = Image.new("RGB", (3, 1))
    plain.putdata([(230, 0, 18), (0, 128, 255), (89, 89, 89)])
    seen = ImageCms.profileToProfile(plain, profile, ImageCms.createProfile("sRGB"))
    assert all(abs(a - b) <= 1 for a, b in zip(seen.tobytes(), plain.tobytes(), strict=True))


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.layout)
def test_every_character_is_drawn_by_a_glyph_that_its_font_has(letter: Letter) -> None:
    # 6.2.11.8: no reference to .notdef; the width in the PDF is that of the font program
    with pikepdf.open(io.BytesIO(render(letter).pdf)) as pdf:
        fonts_of_letter = pdf.pages[0].Resources.Font
        used: dict[str, set[int]] = {}
        for page in pdf.pages:
            name = ""
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    name = str(operands[0])
                elif str(operator) == "TJ":
                    used.setdefault(name, set()).update(_codes(operands[0]))
        assert used
        for name, codes in used.items():
            [descendant] = fonts_of_letter[name].DescendantFonts
            told = _widths_told(descendant)
            assert codes == set(told)
            assert 0 not in codes
            assert _widths_in_program(descendant, codes) == told


def _codes(shown: Iterable[object]) -> Iterator[int]:
    """The glyphs of a TJ operand, which also holds what moves them together or apart."""
    for part in shown:
        if isinstance(part, pikepdf.String):
            raw = bytes(part)
            yield from (int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2))


def _widths_told(descendant: pikepdf.Dictionary) -> dict[int, int]:
    """ISO 32000-1 9.7.4.3: a code, then the widths from there on."""
    told: dict[int, int] = {}
    parts = list(descendant.W)
    for first, widths in zip(parts[::2], parts[1::2], strict=True):
        told |= {int(first) + at: round(float(width)) for at, width in enumerate(widths)}
    return told


def _widths_in_program(descendant: pikepdf.Dictionary, codes: set[int]) -> dict[int, int]:
    """Read with fontTools from what is embedded."""
    descriptor = descendant.FontDescriptor
    program = descriptor.get("/FontFile2") or descriptor.FontFile3
    font = TTFont(io.BytesIO(program.read_bytes()))
    order = font.getGlyphOrder()
    return {code: round(font["hmtx"][order[code]][0] * 1000 / font["head"].unitsPerEm) for code in codes}


def test_readers_hear_headings_paragraphs_tables_and_pictures_in_order() -> None:
    # ISO 32000-1 14.8; rules and page numbers are not read out. The tags of WeasyPrint 70.0 are made page by page: a
    # table that goes on is one more table with its headings, and what is no text has an element without meaning.
    with pikepdf.open(io.BytesIO(render(LONG_CORRESPONDENCE).pdf)) as pdf:
        texts = _texts_of_marks(pdf)
        [root] = pdf.Root.StructTreeRoot.K
        elements = [kid for kid in root.K if kid.S != "/NonStruct"]
        tables = [kid for kid in elements if kid.S == "/Table"]
        rows = [row for table in tables for body in table.K for row in body.K]
        headers = [row for row in rows if row.K[0].S == "/TH"]
        told = [row for row in rows if row.K[0].S == "/TD"]
        title = next(kid for kid in elements if kid.S == "/H1")
        everything = "".join(_heard(kid, texts) for kid in elements)

        assert root.S == "/Document"
        assert _heard(title, texts) == LONG_CORRESPONDENCE.title
        assert {"/H1", "/H2", "/P", "/Table", "/Figure"} == {str(kid.S) for kid in elements}
        assert [[_heard(cell, texts) for cell in row.K] for row in headers] == [list(CASES.columns)] * len(tables)
        assert [[_heard(cell, texts) for cell in row.K] for row in told] == [list(row) for row in CASES.rows]
        for table in tables:
            (header, *below) = [row for body in table.K for row in body.K]
            assert [list(cell.A.Headers) for row in below for cell in row.K] == [
                [heading.ID] for _ in below for heading in header.K
            ]
        assert "— 2 —" not in everything
        assert [str(kid.Alt) for kid in elements if kid.S == "/Figure"].count("印章位置") == 1
        numbered = sum(f"— {at} —" in "".join(marks.values()) for at, marks in enumerate(texts.values(), start=1))
        assert numbered == len(pdf.pages) - 1  # 10.1: no number on the first page of a 信函
        assert sum(len(marks) for marks in texts.values()) == sum(_marks_of(kid) for kid in root.K) + numbered


def _texts_of_marks(pdf: pikepdf.Pdf) -> dict[int, dict[int, str]]:
    """For every page, by object number, what is written under each mark."""
    found: dict[int, dict[int, str]] = {}
    for page in pdf.pages:
        meaning = {name: _meaning(font) for name, font in page.Resources.Font.items()}
        marks = found.setdefault(page.objgen[0], {})
        mark, font = None, ""
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) == "BDC" and "/MCID" in operands[1]:
                mark = int(operands[1].MCID)
                marks[mark] = ""
            elif str(operator) == "EMC":
                mark = None
            elif str(operator) == "Tf":
                font = str(operands[0])
            elif str(operator) == "TJ" and mark is not None:
                marks[mark] += "".join(meaning[font][f"{code:04x}"] for code in _codes(operands[0]))
    return found


def _meaning(font: pikepdf.Dictionary) -> dict[str, str]:
    pairs = re.findall(r"<([0-9a-f]{4})> <([0-9a-f]+)>", font.ToUnicode.read_bytes().decode())
    return {code: bytes.fromhex(value).decode("utf-16-be") for code, value in pairs}


def _heard(element: pikepdf.Dictionary, texts: dict[int, dict[int, str]]) -> str:
    parts = []
    for kid in element.get("/K", []):
        if isinstance(kid, int):
            parts.append(texts[element.Pg.objgen[0]][kid])
        elif kid.get("/Type") == "/MCR":
            parts.append(texts[kid.Pg.objgen[0]][int(kid.MCID)])
        else:
            parts.append(_heard(kid, texts))
    return "".join(parts)


def _marks_of(element: pikepdf.Dictionary) -> int:
    kids = list(element.get("/K", []))
    return sum(1 if isinstance(kid, int) or kid.get("/Type") == "/MCR" else _marks_of(kid) for kid in kids)


def test_the_same_letter_makes_the_same_bytes(document: RenderedLetter) -> None:
    again = render(replace(DOCUMENT_LETTER))

    assert (again.pdf, again.sha256, again.pages) == (document.pdf, document.sha256, document.pages)
    assert render(replace(DOCUMENT_LETTER, number="演督〔2024〕24号")).sha256 != document.sha256


def test_a_character_no_font_draws_stops_the_letter() -> None:
    body = (Paragraph("请\U000e0fffA\u0007联系。"),)

    with pytest.raises(MissingGlyph) as stopped:
        render(replace(DOCUMENT_LETTER, body=body, contact="\U0010fffd"))

    assert stopped.value.characters == ("\u0007", "\U000e0fff", "\U0010fffd")
    assert "U+E0FFF" in stopped.value.problems[0].zh


def test_markup_in_the_words_of_a_letter_stays_words() -> None:
    hostile = '</i><script>1</script><img src="file:///etc/passwd">&amp;'

    letter = render(replace(LONG_CORRESPONDENCE, body=(Paragraph(hostile),), attachments=(), title="关于<b>的函"))

    read = text_of_pdf(letter.pdf)
    assert "<script>1</script>" in read
    assert "关于<b>的函" in read


def test_a_page_that_runs_over_stops_the_letter() -> None:
    assert print_html(['<p class="l fangsong">督办</p>'])

    with pytest.raises(RenderFailed, match="onto another"):
        print_html(['<div>督办</div><div style="break-before:page">督办</div>'])


@pytest.mark.parametrize(
    "content",
    [
        '<link rel="attachment" href="{secret}">',
        '<img src="{secret}">',
        '<style>@import "{secret}";</style>',
        '<p style="background:url({secret})">x',
        '<img src="data:image/svg+xml,%3Csvg/%3E">',
        '<img src="http://127.0.0.1:9/x.png">',
    ],
)
def test_nothing_but_the_fonts_of_the_house_is_fetched(content: str, tmp_path: Path) -> None:
    # Threat 8 (E40): file and network access through the renderer
    secret = tmp_path / "secret.txt"
    secret.write_text("top secret")
    fetcher = FontFetcher([path.as_uri() for path in fonts.roles().values()])

    page = weasyprint.HTML(string=content.replace("{secret}", secret.as_uri()), url_fetcher=fetcher)

    with pytest.raises(weasyprint.urls.FatalURLFetchingError):
        page.write_pdf()


def test_a_registered_font_may_be_fetched() -> None:
    address = fonts.roles()["fangsong"].as_uri()

    response = FontFetcher([address]).fetch(address)

    assert response.read(4) == b"OTTO"
    response.close()
