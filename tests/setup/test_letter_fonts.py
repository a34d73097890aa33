"""Which file plays which role, and that a character nobody can draw is noticed before it is printed."""

import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from forms.letters import fonts

LATIN = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


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
    (own_folder / name).symlink_to(fonts.roles()["fallback"])

    assert fonts.roles()[role] == own_folder / name
    assert (fonts.unrecognised_files(), fonts.unfit_files()) == ([], {})


def test_a_font_is_also_known_by_the_family_that_it_names(own_folder: Path) -> None:
    own = own_folder / "font-07.otf"
    with TTFont(fonts.roles()["kaiti"]) as font:
        for identifier in (1, 4, 6, 16):
            font["name"].setName("FZXBSJW" if identifier == 6 else "方正小标宋简体", identifier, 3, 1, 0x409)
        font.save(own)

    assert fonts.roles()["xiaobiaosong"] == own


def test_files_that_no_role_takes_are_named(own_folder: Path) -> None:
    (own_folder / "宋体.ttf").symlink_to(fonts.roles()["songti"])
    (own_folder / "隶书.ttf").symlink_to(fonts.roles()["fangsong"])
    for name in ("宋体.ttc", ".gitkeep"):
        (own_folder / name).touch()

    assert fonts.unrecognised_files() == [own_folder / "宋体.ttc", own_folder / "隶书.ttf"]


def test_a_font_that_may_not_be_embedded_is_not_used(own_folder: Path) -> None:
    own = own_folder / "黑体.otf"
    with TTFont(fonts.roles()["heiti"]) as font:
        font["OS/2"].fsType = 2
        font.save(own)

    assert fonts.roles()["heiti"].name == "FandolHei-Regular.otf"
    assert fonts.unfit_files() == {own: "its licence forbids embedding (OS/2 fsType)"}


def test_a_font_without_han_characters_is_not_used(own_folder: Path) -> None:
    (own_folder / "simhei.ttf").symlink_to(LATIN)

    assert fonts.roles()["heiti"].name == "FandolHei-Regular.otf"
    assert list(fonts.unfit_files().values()) == ["it does not draw Han characters such as 的"]


@pytest.mark.parametrize("role", fonts.ROLES)
def test_rare_names_and_brackets_can_be_drawn(role: str) -> None:
    assert fonts.missing_glyphs("临夏市〔2024〕1号 喆堃瑀䶮𬭎 ①—“”\u3000\n\u200b", role) == set()


def test_what_no_font_draws_is_named() -> None:
    assert fonts.missing_glyphs("督办\ue123\x07函", "fangsong") == {"\ue123", "\x07"}


def test_a_rare_character_is_left_to_the_fallback() -> None:
    assert [fonts.is_in_role(char, "fangsong") for char in "督䶮"] == [True, False]


@pytest.mark.parametrize("damage", ["not a font at all", "cut off", "empty"])
def test_a_broken_font_is_named_and_not_used(own_folder: Path, damage: str) -> None:
    own, free = own_folder / "仿宋.otf", fonts.roles()["fangsong"]
    own.write_bytes({"not a font at all": b"1234" * 99, "cut off": free.read_bytes()[:200_000], "empty": b""}[damage])

    assert fonts.roles()["fangsong"] == free
    assert [(path, fault[:29]) for path, fault in fonts.unfit_files().items()] == [
        (own, "it cannot be read as a font ("),
    ]


def test_a_replaced_font_is_read_again(own_folder: Path) -> None:
    fandol = fonts.roles()["fangsong"]
    own = own_folder / "仿宋.otf"
    own.write_bytes(b"broken")
    assert fonts.roles()["fangsong"] == fandol

    shutil.copyfile(fandol, own)

    assert fonts.roles()["fangsong"] == own


def test_missing_fonts_are_listed_by_role(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "FONTS_HOME", tmp_path / "nowhere")

    with pytest.raises(fonts.FontsMissing, match=r"No font file for fangsong, xiaobiaosong.*make setup"):
        fonts.roles()
