"""`duban letters`: every kind on paper from one command, and the words that a designer may use."""

import io
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner
from letters_golden import TEMPLATES
from PIL import Image

from engine.domain.letter import KINDS
from engine.errors import Invalid
from forms.letters.contact_sheet import contact_sheet
from web.cli.main import duban


def test_samples_of_a_kind_are_written_in_each_of_its_layouts_with_a_sheet_of_all_pages(tmp_path: Path) -> None:
    words = ["letters", "samples", "--out", str(tmp_path / "new"), "--templates", str(TEMPLATES)]
    done = CliRunner().invoke(duban, [*words, "--kind", "urge", "--kind", "service_receipt"])

    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "contact-sheet.png",
        "service_receipt-slip.pdf",
        "urge-correspondence.pdf",
        "urge-document.pdf",
    ]
    assert "service_receipt-slip.pdf: 送达回证，1页，正文 " in done.output
    pages = [len(pikepdf.open(path).pages) for path in sorted((tmp_path / "new").glob("*.pdf"))]
    with Image.open(tmp_path / "new" / "contact-sheet.png") as sheet:
        assert sheet.width // sum(pages) == 507  # A4 at 60 dots an inch, and a gap, on one row


def test_a_template_that_cannot_be_used_is_named_and_the_others_are_written(tmp_path: Path) -> None:
    for kind in ("urge", "notice"):
        (tmp_path / f"{kind}.html.j2").write_text((TEMPLATES / f"{kind}.html.j2").read_text())
    (tmp_path / "urge.html.j2").write_text("<title>催办</title>\n<p>{{ nobody }}</p>")
    words = ["letters", "samples", "--out", str(tmp_path), "--templates", str(tmp_path)]

    done = CliRunner().invoke(duban, [*words, "--kind", "urge", "--kind", "notice"])

    assert done.exit_code == 1
    assert "urge.html.j2:2: 没有变量“nobody”" in done.stderr
    assert sorted(path.name for path in tmp_path.glob("*.pdf")) == ["notice-correspondence.pdf", "notice-document.pdf"]


def test_a_folder_without_the_template_is_said_in_one_line(tmp_path: Path) -> None:
    words = ["letters", "samples", "--out", str(tmp_path), "--templates", str(tmp_path), "--kind", "urge"]

    done = CliRunner().invoke(duban, words)

    assert isinstance(done.exception, FileNotFoundError)
    assert done.exception.filename == str(tmp_path / "urge.html.j2")  # main() makes one line of it


def test_the_list_of_words_says_what_each_means() -> None:
    done = CliRunner().invoke(duban, ["letters", "words"])

    assert done.exit_code == 0
    assert "cases[].number\t事项编号\tnumber of the case" in done.output.splitlines()


def test_a_sheet_puts_six_pages_on_a_row() -> None:
    sheet = contact_sheet([_blank(pages=5), _blank(pages=2)])

    with Image.open(io.BytesIO(sheet)) as picture:
        assert picture.size == (6 * (497 + 10), 2 * (702 + 10))


def test_what_is_no_pdf_makes_no_sheet() -> None:
    with pytest.raises(Invalid, match="cannot draw"):
        contact_sheet([b"not a PDF"])


def test_every_kind_has_a_template_to_show() -> None:
    assert {path.name.removesuffix(".html.j2") for path in TEMPLATES.glob("*.j2")} == set(KINDS)


def _blank(*, pages: int) -> bytes:
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(595.276, 841.89))
        written = io.BytesIO()
        pdf.save(written)
    return written.getvalue()
