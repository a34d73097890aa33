"""Cuts a font file down to the glyphs of one letter with HarfBuzz, through its C interface.

Knows font files and glyph numbers only. HarfBuzz comes with the system (libharfbuzz0b, libharfbuzz-subset0).
"""

import ctypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from forms.letters.fonts import FontsMissing

# hb_subset_flags_t and hb_subset_sets_t, HarfBuzz 6.0: hb-subset.h
_NO_HINTING: Final = 0x01
_NOTDEF_OUTLINE: Final = 0x40
_DROP_TABLES: Final = 3
# What a PDF viewer does not read of an embedded font; GSUB would also pull in glyphs that nobody asked for.
_NEEDLESS: Final = (b"GSUB", b"GPOS", b"GDEF", b"BASE", b"VORG", b"vhea", b"vmtx", b"DSIG", b"name", b"post", b"kern")

_POINTERS: Final = (
    "hb_blob_create",
    "hb_face_create",
    "hb_face_reference_blob",
    "hb_blob_get_data",
)
_SUBSET_POINTERS: Final = (
    "hb_subset_input_create_or_fail",
    "hb_subset_input_glyph_set",
    "hb_subset_input_set",
    "hb_subset_plan_create_or_fail",
    "hb_subset_plan_execute_or_fail",
    "hb_subset_plan_old_to_new_glyph_mapping",
)


@dataclass(frozen=True)
class Cut:
    """`program` is a font file; `glyph_of` leads from the old glyph numbers to those in it."""

    program: bytes
    glyph_of: Mapping[int, int]


def cut(path: Path, glyphs: Iterable[int]) -> Cut:
    """The font with `.notdef` and these glyphs. Raises FontsMissing without HarfBuzz, or for a file it cannot cut."""
    harfbuzz, subset = _libraries()
    wanted = sorted(set(glyphs))
    order = subset.hb_subset_input_create_or_fail()
    plan = result = None
    try:
        chosen = ctypes.c_void_p(subset.hb_subset_input_glyph_set(ctypes.c_void_p(order)))
        for glyph in wanted:
            harfbuzz.hb_set_add(chosen, glyph)
        dropped = ctypes.c_void_p(subset.hb_subset_input_set(ctypes.c_void_p(order), _DROP_TABLES))
        for tag in _NEEDLESS:
            harfbuzz.hb_set_add(dropped, int.from_bytes(tag, "big"))
        subset.hb_subset_input_set_flags(ctypes.c_void_p(order), _NO_HINTING | _NOTDEF_OUTLINE)
        plan = subset.hb_subset_plan_create_or_fail(_face(path), ctypes.c_void_p(order))
        result = subset.hb_subset_plan_execute_or_fail(ctypes.c_void_p(plan)) if plan else None
        if not result:
            raise FontsMissing("font_unreadable", f"The font file {path} cannot be cut down.", path=str(path))
        return Cut(_content(result), _numbers(plan, wanted))
    finally:
        if result:
            harfbuzz.hb_face_destroy(ctypes.c_void_p(result))
        if plan:
            subset.hb_subset_plan_destroy(ctypes.c_void_p(plan))
        subset.hb_subset_input_destroy(ctypes.c_void_p(order))


def table(program: bytes, tag: bytes) -> bytes:
    """One table of an OpenType file. Raises KeyError when it has none of that name."""
    for at in range(12, 12 + 16 * int.from_bytes(program[4:6], "big"), 16):
        if program[at : at + 4] == tag:
            start, size = (int.from_bytes(program[at + 8 + 4 * n : at + 12 + 4 * n], "big") for n in (0, 1))
            return program[start : start + size]
    raise KeyError(tag)


def _numbers(plan: int, glyphs: Iterable[int]) -> dict[int, int]:
    harfbuzz, subset = _libraries()
    mapping = ctypes.c_void_p(subset.hb_subset_plan_old_to_new_glyph_mapping(ctypes.c_void_p(plan)))
    return {glyph: harfbuzz.hb_map_get(mapping, glyph) for glyph in glyphs}


def _content(face: int) -> bytes:
    harfbuzz, _ = _libraries()
    blob = ctypes.c_void_p(harfbuzz.hb_face_reference_blob(ctypes.c_void_p(face)))
    try:
        size = ctypes.c_uint()
        start = harfbuzz.hb_blob_get_data(blob, ctypes.byref(size))
        return ctypes.string_at(start, size.value)
    finally:
        harfbuzz.hb_blob_destroy(blob)


@cache
def _face(path: Path) -> ctypes.c_void_p:
    """Open as long as the process lives; HarfBuzz keeps a copy of the file."""
    harfbuzz, _ = _libraries()
    content = path.read_bytes()
    blob = ctypes.c_void_p(harfbuzz.hb_blob_create(content, len(content), 0, None, None))  # 0: duplicate
    try:
        return ctypes.c_void_p(harfbuzz.hb_face_create(blob, 0))
    finally:
        harfbuzz.hb_blob_destroy(blob)


@cache
def _libraries() -> tuple[Any, Any]:
    try:
        harfbuzz = ctypes.CDLL("libharfbuzz.so.0")
        subset = ctypes.CDLL("libharfbuzz-subset.so.0")
    except OSError as error:
        raise FontsMissing(
            "harfbuzz_missing",
            f"Letters need HarfBuzz ({error}): apt-get install libharfbuzz0b libharfbuzz-subset0.",
        ) from error
    for library, names in ((harfbuzz, _POINTERS), (subset, _SUBSET_POINTERS)):
        for name in names:
            getattr(library, name).restype = ctypes.c_void_p
    harfbuzz.hb_blob_create.argtypes = [ctypes.c_char_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    harfbuzz.hb_map_get.restype = ctypes.c_uint
    subset.hb_subset_plan_create_or_fail.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return harfbuzz, subset
