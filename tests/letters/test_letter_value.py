"""The letter as a value: its number, its kinds, and the way to JSON and back."""

import json
from dataclasses import replace

import pytest
from letters_samples import CORRESPONDENCE_LETTER, DOCUMENT_LETTER, LONG_CORRESPONDENCE

from engine.domain.letter import (
    KINDS,
    LAYOUTS,
    Cell,
    Grid,
    Heading,
    Letter,
    Paragraph,
    Table,
    character_count,
    format_number,
    from_json,
    head_number,
    length_of,
    to_json,
)
from engine.domain.letter_kinds import GENRES, INTERNAL_GENRES
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


def test_every_kind_has_a_layout_and_a_genre_it_is_registered_as() -> None:
    genres = "决议、决定、命令、公报、公告、通告、意见、通知、通报、报告、请示、批复、议案、函、纪要"  # 条例 s. 8

    assert genres.split("、") == list(GENRES)
    assert {kind.genre for kind in KINDS.values()} <= {*GENRES, *INTERNAL_GENRES}
    assert {layout for kind in KINDS.values() for layout in kind.layouts} == set(LAYOUTS)
    assert len({kind.word for kind in KINDS.values()}) == len(KINDS)


def test_what_is_named_differently_from_its_genre_says_as_what_it_is_registered() -> None:
    unlike = [kind.key for kind in KINDS.values() if kind.genre not in GENRES or kind.key == "supervision_order"]

    assert unlike == ["supervision_order", "assignment", "acceptance_slip", "service_receipt", "bulletin"]
    assert all(KINDS[key].note_zh and KINDS[key].note_en for key in unlike)


SLIP_LETTER = replace(
    DOCUMENT_LETTER,
    kind="service_receipt",
    layout="slip",
    body=(
        Grid((7, 7, 7, 7), ((Cell("受送达人"), Cell("演示镇人民政府", 3)), (Cell("备注"), Cell("一\n二", 3, 4)))),
        Table(("甲",), (("1",),), is_wide=True),
    ),
    attendance=(("出席", ("演示员", "演示组长")), ("请假", ())),
    signer="组长　演示",
    corrects="演督〔2024〕22号",
)


def test_forms_attendance_signer_and_correction_survive_too() -> None:
    assert from_json(to_json(SLIP_LETTER)) == SLIP_LETTER


@pytest.mark.parametrize("secrecy", ["绝密★长期", "机密★6个月", "秘密★10年", "秘密", "内部", ""])
def test_copy_number_and_secrecy_stand_above_the_urgency_and_survive(secrecy: str) -> None:
    letter = replace(DOCUMENT_LETTER, copy_number="000001", secrecy=secrecy)

    assert letter.marks == tuple(filter(None, ("000001", secrecy, "特急")))
    assert from_json(to_json(letter)) == letter


def test_what_is_internal_needs_no_copy_number() -> None:
    assert replace(DOCUMENT_LETTER, secrecy="内部", urgency="").marks == ("内部",)


def test_a_letter_stored_before_there_were_forms_is_still_read() -> None:
    stored = json.loads(to_json(DOCUMENT_LETTER))
    for name in ("attendance", "signer", "corrects", "copy_number", "secrecy"):
        del stored[name]
    stored["body"].append({"type": "table", "columns": ["甲"], "rows": [["1"]], "caption": ""})

    expected = replace(DOCUMENT_LETTER, body=(*DOCUMENT_LETTER.body, Table(("甲",), (("1",),))))
    assert from_json(json.dumps(stored)) == expected


def test_characters_of_title_and_body_are_counted_without_white_space() -> None:
    body = (Heading(1, "一、要求"), Paragraph("按期 办结。"), Table(("序号",), (("1",),), caption="清单"))

    letter = replace(DOCUMENT_LETTER, title="关于\n督办的通知", body=body)

    assert character_count(letter) == 7 + 4 + 5 + 2 + 2 + 1


@pytest.mark.parametrize(("characters", "over"), [(3999, 0), (4000, 0), (4001, 1)])
def test_a_letter_above_four_thousand_characters_is_warned_of_and_not_stopped(characters: int, over: int) -> None:
    # 《整治形式主义为基层减负若干规定》2024
    letter = replace(DOCUMENT_LETTER, title="督办", body=(Paragraph("字" * (characters - 2)),))

    length = length_of(letter)

    assert (length.zh, length.en) == (
        f"正文 {characters:,} 字，上限 4,000 字",
        f"{characters:,} characters, at most 4,000",
    )
    assert [(problem.where, problem.severity) for problem in length.problems] == [("body", "warning")] * over
    assert all(f"超出 {over} 字" in problem.zh and f"{over} too many" in problem.en for problem in length.problems)


def test_a_bulletin_shows_its_issue_and_every_other_letter_its_number() -> None:
    bulletin = replace(DOCUMENT_LETTER, kind="bulletin", layout="minutes", number="演散乱污办简〔2024〕3号")

    assert head_number(bulletin) == "第3期"
    assert head_number(replace(bulletin, number="演散乱污办简〔2024〕×号")) == "第×期"
    assert head_number(DOCUMENT_LETTER) == DOCUMENT_LETTER.number


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"kind": "poem"}, "kind"),
        ({"layout": "postcard"}, "layout"),
        ({"title": " "}, "title"),
        ({"copy_number": "12345"}, "copy_number"),
        ({"copy_number": "１２３４５６"}, "copy_number"),
        ({"copy_number": "1234567"}, "copy_number"),
        ({"copy_number": "000001", "secrecy": "秘密*1年"}, "secrecy"),
        ({"copy_number": "000001", "secrecy": "绝密★"}, "secrecy"),
        ({"secrecy": "机密★1年"}, "copy_number"),
        ({"kind": "supervision_order", "layout": "order", "copy_number": "000001"}, "layout"),
        ({"signatory": ""}, "signatory"),
        ({"body": ()}, "body"),
        ({"layout": "minutes"}, "layout"),
        ({"body": (Table(("甲", "乙"), (("1",),)),)}, "body"),
        ({"body": (Grid((), ()),)}, "body"),
        ({"body": (Grid((20, 9), ()),)}, "body"),
        ({"body": (Grid((7, 7), ((Cell("甲"),),)),)}, "body"),
        ({"body": (Grid((7, 7), ((Cell("甲", 3),),)),)}, "body"),
        ({"body": (Grid((7,), ((Cell("甲", 1, 0),),)),)}, "body"),
    ],
)
def test_an_incomplete_letter_is_refused(change: dict[str, object], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(DOCUMENT_LETTER, **change)  # type: ignore[arg-type]

    assert [problem.where for problem in refused.value.problems] == [where]
