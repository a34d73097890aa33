"""A letter set in the fonts of the office: their file is embedded, their widths rule, and the lines keep their step."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from letters_measure import lines_of
from letters_samples import CORRESPONDENCE_LETTER, DOCUMENT_LETTER
from pdfminer.high_level import extract_pages
from pdfminer.layout import LTChar, LTContainer

from engine.domain.letter import Paragraph, to_json
from forms.letters import fonts
from forms.letters.errors import MissingGlyph
from forms.letters.flow import LINE
from forms.letters.render import render

# Names that occur in the office's papers and that 仿宋 of GB 2312 lacks; the last two are of CJK extension B.
RARE = "珺翀昇玥喆堃彧垚镕㎡𠅤𪚥"


def test_rare_characters_come_from_the_fallback_without_a_change_of_the_line_step() -> None:
    body = tuple(Paragraph(("督办" * 7 + RARE) * 4) for _ in range(9))

    pages = lines_of(render(replace(DOCUMENT_LETTER, body=body)).pdf)

    lines = [line for line in pages[1] if 37 < line.baseline < 262 and round(line.size_of_first()) == 16]
    inside = [after.baseline - before.baseline for before, after in pairwise(lines[:6])]
    assert inside == [pytest.approx(LINE, abs=0.01)] * len(inside)
    fonts_of = {char.text: char.font for page in pages for line in page for char in line.chars}
    assert {fonts_of[char] for char in RARE} == {"fallback"}
    assert fonts_of["督"] == "fangsong"


def test_a_missing_glyph_stops_the_letter_with_every_such_character_named() -> None:
    letter = replace(DOCUMENT_LETTER, title="关于\ue001的通知", contact="\ue002", copies_to=("\ue003局",))

    with pytest.raises(MissingGlyph) as stopped:
        render(letter)

    assert stopped.value.characters == ("\ue001", "\ue002", "\ue003")
    assert all(name in stopped.value.problems[0].zh for name in ("U+E001", "U+E002", "U+E003"))


def test_the_fonts_of_the_office_are_embedded_and_measured(tmp_path: Path) -> None:
    # Given: files named as offices name them; the one for the text is TrueType and of other widths.
    _renamed(fonts.roles()["xiaobiaosong"], tmp_path / "方正小标宋简体.otf", "FZXBSJW--GB1-0")
    _narrowed(fonts.roles()["fallback"], tmp_path / "仿宋_GB2312.ttf", "FangSong_GB2312")
    _renamed(
        fonts.roles()["fallback"], tmp_path / "宋体.ttf", "SimSun"
    )  # other heights than 仿宋: digits keep the line
    (tmp_path / "黑体.ttf").write_bytes(b"broken")

    # When: in a fresh process, as after a restart.
    done = subprocess.run(
        [sys.executable, "-m", "forms.letters.press", str(1 << 30)],
        input=f"letter {to_json(CORRESPONDENCE_LETTER)}\n".encode(),
        capture_output=True,
        env={**os.environ, "DUBAN_FONTS": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
    )
    head, _, content = done.stdout.partition(b"\n")
    assert json.loads(head)["pages"] == 1

    # Then
    with pikepdf.open(io.BytesIO(content)) as pdf:
        embedded = {str(font.BaseFont).split("+")[1]: font for font in pdf.pages[0].Resources.Font.values()}
        assert {"FZXBSJW--GB1-0", "FangSong_GB2312"} <= set(embedded)
        assert not {"FandolSong-Bold", "FandolFang-Regular"} & set(embedded)
        [text_font] = embedded["FangSong_GB2312"].DescendantFonts
        assert {round(float(width)) for widths in list(text_font.W)[1::2] for width in widths} == {900}
    assert "FandolHei-Regular" in embedded  # the broken file is not used
    [page] = extract_pages(io.BytesIO(content))
    rows = {round(char.matrix[5], 1) for char in _chars(page) if "SimSun" in char.fontname and round(char.size) == 16}
    own = {round(char.matrix[5], 1) for char in _chars(page) if "FangSong" in char.fontname}
    assert rows
    assert rows <= own


def _chars(container: LTContainer) -> Iterator[LTChar]:
    for item in container:
        if isinstance(item, LTChar):
            yield item
        elif isinstance(item, LTContainer):
            yield from _chars(item)


def _renamed(source: Path, target: Path, name: str) -> None:
    with TTFont(source, lazy=True) as font:
        font["name"].setName(name, 6, 3, 1, 0x409)
        font["name"].setName(name, 6, 1, 0, 0)
        font.save(target)


def _narrowed(source: Path, target: Path, name: str) -> None:
    with TTFont(source, lazy=True) as font:
        narrow = round(font["head"].unitsPerEm * 0.9)
        font["hmtx"].metrics = {glyph: (narrow, side) for glyph, (_, side) in font["hmtx"].metrics.items()}
        font["name"].setName(name, 6, 3, 1, 0x409)
        font["name"].setName(name, 6, 1, 0, 0)
        font.save(target)
