"""The PDF itself: its text, its fonts, its sameness, and what it refuses to fetch or to print."""

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
import weasyprint
from letters_measure import text_of_pdf
from letters_samples import DOCUMENT_LETTER, LONG_CORRESPONDENCE, RARE_NAMES

from engine.domain.letter import Paragraph, texts_of
from forms.letters import fonts
from forms.letters.errors import MissingGlyph
from forms.letters.render import FontFetcher, render
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


def test_every_font_is_embedded_and_one_of_the_house(document: RenderedLetter) -> None:
    names = set()
    with pikepdf.open(io.BytesIO(document.pdf)) as pdf:
        for page in pdf.pages:
            for font in page.Resources.Font.values():
                [descendant] = font.DescendantFonts
                descriptor = descendant.FontDescriptor
                assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
                assert "/ToUnicode" in font
                names.add(str(font.BaseFont).split("+")[1])

    assert names == {f"Duban-{role}" for role in fonts.ROLES}


def test_the_pdf_says_what_it_is_and_bears_no_wall_clock(document: RenderedLetter) -> None:
    with pikepdf.open(io.BytesIO(document.pdf)) as pdf:
        assert str(pdf.docinfo.Title) == DOCUMENT_LETTER.title
        assert str(pdf.docinfo.Author) == DOCUMENT_LETTER.signatory
        assert "演示样张" in str(pdf.docinfo.Keywords)
        assert not {"/CreationDate", "/ModDate"} & set(pdf.docinfo.keys())
        assert str(pdf.Root.Lang) == "zh-CN"
        assert bool(pdf.Root.MarkInfo.Marked)
        assert "/StructTreeRoot" in pdf.Root
        assert [str(intent.S) for intent in pdf.Root.OutputIntents] == ["/GTS_PDFA1"]
        metadata = pdf.Root.Metadata.read_bytes().decode()
    assert 'pdfaid:part="2"' in metadata
    assert 'pdfaid:conformance="U"' in metadata


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


@pytest.mark.parametrize(
    "content",
    [
        '<link rel="attachment" href="{secret}">',
        '<img src="{secret}">',
        '<style>@import "{secret}";</style>',
        '<p style="background:url({secret})">x',
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
