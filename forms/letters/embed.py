"""Puts the fonts of a letter into its PDF: cut down to what is printed, named, and with the way back to the text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pydyf

from forms.letters.metrics import Face, face
from forms.letters.objects import packed
from forms.letters.subset import cut, table


@dataclass(frozen=True)
class Embedded:
    """A font in the PDF: `code_of` leads from a character to its code in a content stream, four hexadecimal digits."""

    reference: bytes
    code_of: Mapping[str, str]


def embed(pdf: pydyf.PDF, role: str, characters: Iterable[str]) -> Embedded:
    """Adds the font of the role. Every character must be one that it draws."""
    drawn = face(role)
    ordered = sorted(set(characters))
    done = cut(drawn.path, (drawn.glyph(char) for char in ordered))
    codes = {char: _code(drawn, char, done.glyph_of) for char in ordered}
    widths: dict[int, float] = {}
    meaning: dict[int, str] = {}
    for char, code in codes.items():
        widths[code] = drawn.width(char) * 1000
        meaning.setdefault(code, char)

    name = f"{_tag(ordered)}+{drawn.name}"
    descendant = _descendant(pdf, drawn, name, done.program, widths)
    to_unicode = packed(_to_unicode(meaning))
    pdf.add_object(to_unicode)
    font = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/Type0",
            "BaseFont": f"/{name}",
            "Encoding": "/Identity-H",
            "DescendantFonts": pydyf.Array([descendant.reference]),
            "ToUnicode": to_unicode.reference,
        }
    )
    pdf.add_object(font)
    return Embedded(font.reference, {char: f"{code:04x}" for char, code in codes.items()})


def _code(drawn: Face, char: str, glyph_of: Mapping[int, int]) -> int:
    """ISO 32000-1 9.7.4.2: CIDs choose the glyphs of a CID-keyed font, elsewhere the glyph numbers do."""
    identity = drawn.character_id(char)
    return glyph_of[drawn.glyph(char)] if identity is None else identity


def _descendant(
    pdf: pydyf.PDF, drawn: Face, name: str, program: bytes, widths: Mapping[int, float]
) -> pydyf.Dictionary:
    if drawn.is_truetype:
        kind, key = "/CIDFontType2", "FontFile2"
        file = packed(program, {"Length1": len(program)})
    else:
        kind, key = "/CIDFontType0", "FontFile3"
        file = packed(table(program, b"CFF "), {"Subtype": "/CIDFontType0C"})
    pdf.add_object(file)
    descriptor = pydyf.Dictionary(
        {
            "Type": "/FontDescriptor",
            "FontName": f"/{name}",
            "Flags": 4,
            "FontBBox": pydyf.Array(list(drawn.box)),
            "ItalicAngle": 0,
            "Ascent": round(drawn.ascent * 1000),
            "Descent": -round(drawn.descent * 1000),
            "CapHeight": round(drawn.ascent * 1000),
            "StemV": 80,
            key: file.reference,
        }
    )
    pdf.add_object(descriptor)
    values = {
        "Type": "/Font",
        "Subtype": kind,
        "BaseFont": f"/{name}",
        "CIDSystemInfo": pydyf.Dictionary(
            {"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Identity"), "Supplement": 0}
        ),
        "FontDescriptor": descriptor.reference,
        "DW": 1000,
        "W": pydyf.Array([part for code in sorted(widths) for part in (code, f"[{widths[code]:g}]")]),
    }
    if drawn.is_truetype:
        values["CIDToGIDMap"] = "/Identity"
    descendant = pydyf.Dictionary(values)
    pdf.add_object(descendant)
    return descendant


def _to_unicode(meaning: Mapping[int, str]) -> bytes:
    """ISO 32000-1 9.10.3: how a reader gets from codes back to the text."""
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <ffff>",
        "endcodespacerange",
    ]
    codes = sorted(meaning)
    for start in range(0, len(codes), 100):  # a block may hold a hundred lines
        part = codes[start : start + 100]
        lines.append(f"{len(part)} beginbfchar")
        lines += [f"<{code:04x}> <{meaning[code].encode('utf-16-be').hex()}>" for code in part]
        lines.append("endbfchar")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode()


def _tag(characters: Iterable[str]) -> str:
    """Six capitals that differ when the subset differs, and only then."""
    number = 0
    for char in characters:
        number = (number * 1_000_003 + ord(char)) % 26**6
    letters = ""
    for _ in range(6):
        number, rest = divmod(number, 26)
        letters += chr(ord("A") + rest)
    return letters
