"""The letter as a value: its number, its kinds, and the way to JSON and back."""

from dataclasses import replace

import pytest
from letters_samples import CORRESPONDENCE_LETTER, DOCUMENT_LETTER, LONG_CORRESPONDENCE

from engine.domain.letter import (
    KINDS,
    LAYOUTS,
    Heading,
    Letter,
    Paragraph,
    Table,
    character_count,
    format_number,
    from_json,
    to_json,
)
from engine.errors import Invalid


@pytest.mark.parametrize("letter", [DOCUMENT_LETTER, CORRESPONDENCE_LETTER, LONG_CORRESPONDENCE])
def test_a_letter_survives_the_way_to_json_and_back(letter: Letter) -> None:
    assert from_json(to_json(letter)) == letter
    assert to_json(from_json(to_json(letter))) == to_json(letter)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"kind": "notice"}', to_json(DOCUMENT_LETTER)[:-9]])
def test_other_text_is_not_taken_for_a_letter(text: str) -> None:
    with pytest.raises(Invalid):
        from_json(text)


def test_a_number_has_square_brackets_a_full_year_and_no_leading_zeros() -> None:
    # GB/T 9704-2012 7.2.5
    assert format_number("临散乱污办督", 2024, 1) == "临散乱污办督\u30142024\u30151号"
    assert format_number("临散乱污办督函", 2024, 120) == "临散乱污办督函〔2024〕120号"


@pytest.mark.parametrize(("year", "serial"), [(2024, 0), (2024, -1), (24, 1)])
def test_a_number_needs_a_full_year_and_a_serial_from_one(year: int, serial: int) -> None:
    with pytest.raises(ValueError, match="letter number"):
        format_number("临散乱污办督", year, serial)


def test_every_kind_has_a_layout_and_a_statutory_genre() -> None:
    genres = "决议、决定、命令、公报、公告、通告、意见、通知、通报、报告、请示、批复、议案、函、纪要"  # 条例 s. 8

    assert all(f"、{kind.genre}、" in f"、{genres}、" for kind in KINDS.values())
    assert {kind.layout for kind in KINDS.values()} <= set(LAYOUTS)
    assert len({kind.word for kind in KINDS.values()}) == len(KINDS)


def test_characters_of_title_and_body_are_counted_without_white_space() -> None:
    body = (Heading(1, "一、要求"), Paragraph("按期 办结。"), Table(("序号",), (("1",),), caption="清单"))

    letter = replace(DOCUMENT_LETTER, title="关于\n督办的通知", body=body)

    assert character_count(letter) == 7 + 4 + 5 + 2 + 2 + 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"kind": "poem"}, "kind"),
        ({"layout": "postcard"}, "layout"),
        ({"title": " "}, "title"),
        ({"signatory": ""}, "signatory"),
        ({"body": ()}, "body"),
        ({"body": (Table(("甲", "乙"), (("1",),)),)}, "body"),
    ],
)
def test_an_incomplete_letter_is_refused(change: dict[str, object], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(DOCUMENT_LETTER, **change)  # type: ignore[arg-type]

    assert [problem.where for problem in refused.value.problems] == [where]
