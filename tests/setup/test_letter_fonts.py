"""Which file plays which role, and that a character nobody can draw is noticed before it is printed."""

import shutil
from pathlib import Path

import pytest

from forms.letters import fonts


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUBAN_FONTS", str(tmp_path))
    return tmp_path


def test_every_role_has_a_free_font() -> None:
    found = fonts.roles()

    assert tuple(found) == fonts.ROLES
    assert {role: path.name for role, path in found.items()} == {
        "fangsong": "FandolFang-Regular.otf",
        "xiaobiaosong": "FandolSong-Bold.otf",
        "kaiti": "FandolKai-Regular.otf",
        "heiti": "FandolHei-Regular.otf",
        "songti": "FandolSong-Regular.otf",
        "fallback": "BabelStoneHan.ttf",
    }


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("方正小标宋简体.ttf", "xiaobiaosong"),
        ("FZXBSJW.TTF", "xiaobiaosong"),
        ("仿宋_GB2312.ttf", "fangsong"),
        ("仿宋体.otf", "fangsong"),
        ("simkai.ttf", "kaiti"),
        ("黑体.ttf", "heiti"),
        ("宋体.ttf", "songti"),
    ],
)
def test_a_font_of_the_office_wins(own_folder: Path, name: str, role: str) -> None:
    (own_folder / name).touch()

    assert fonts.roles()[role] == own_folder / name
    assert fonts.unrecognised_files() == []


def test_files_that_no_role_takes_are_named(own_folder: Path) -> None:
    for name in ("宋体.ttc", "宋体.ttf", "隶书.ttf", ".gitkeep"):
        (own_folder / name).touch()

    assert fonts.unrecognised_files() == [own_folder / "宋体.ttc", own_folder / "隶书.ttf"]


@pytest.mark.parametrize("role", fonts.ROLES)
def test_rare_names_and_brackets_can_be_drawn(role: str) -> None:
    assert fonts.missing_glyphs("临夏市〔2024〕1号 喆堃瑀䶮𬭎 ①—“”\u3000\n\u200b", role) == set()


def test_what_no_font_draws_is_named() -> None:
    assert fonts.missing_glyphs("督办\ue123\x07函", "fangsong") == {"\ue123", "\x07"}


def test_a_rare_character_is_left_to_the_fallback() -> None:
    assert [fonts.is_in_role(char, "fangsong") for char in "督䶮"] == [True, False]


def test_a_broken_font_is_named_with_what_to_do(own_folder: Path) -> None:
    (own_folder / "仿宋.ttf").write_bytes(b"not a font at all")

    with pytest.raises(fonts.FontsMissing, match=r"仿宋\.ttf cannot be read.*put a sound"):
        fonts.missing_glyphs("督", "fangsong")


def test_a_replaced_font_is_read_again(own_folder: Path) -> None:
    fandol = fonts.roles()["fangsong"]
    own = own_folder / "仿宋.otf"
    own.write_bytes(b"broken")
    with pytest.raises(fonts.FontsMissing):
        fonts.is_in_role("督", "fangsong")

    shutil.copyfile(fandol, own)

    assert fonts.is_in_role("督", "fangsong")


def test_missing_fonts_are_listed_by_role(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "FONTS_HOME", tmp_path / "nowhere")

    with pytest.raises(fonts.FontsMissing, match=r"No font file for fangsong, xiaobiaosong.*make setup"):
        fonts.roles()
