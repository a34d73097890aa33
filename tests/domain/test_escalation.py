"""What holds for every ladder, whatever table an office writes (domain handbook E)."""

from typing import Any

import pytest

from engine.domain.escalation import (
    MEASURES,
    NOT_YET,
    Ladder,
    Rung,
    answer_of,
    check_answer,
    check_ladder,
    ladder_of,
    position_of,
)
from engine.errors import Invalid, Problem

NAMES = ("act", "rung", "instrument", "letter", "approval", "signer", "reply", "next_after", "rung_name", "rung_reason")


def row(*values: Any) -> dict[str, Any]:
    return dict(zip(NAMES, values, strict=True))


URGE = row("climb", 0, "urge", "urge", "supervisor", "督查员", "2wd", "2wd", "催办单", "请抓紧办理。")
NOTICE = row("climb", 1, "notice", "notice", "leader", "主任", "3wd", "3wd", "督办通知", "限期办理。")
REFERRAL = row("climb", 2, "referral", "referral", "leader", "组长", "", "30d", "移送问责", "提请移送问责。")
WAITING = row("wait", 0, "urge", "", "", "", "", "1wd", "催办单", "")
ROWS = (URGE, NOTICE, REFERRAL)


def small(question: dict[str, Any]) -> dict[str, Any]:
    """Three rungs one after another; the second only from the third day on."""
    last = question["last_rung"]
    if last == 0 and question["overdue_workdays"] < 3:
        return answer_of(WAITING)
    return answer_of(ROWS[last + 1])


def test_the_rungs_are_the_rows_that_climb_lowest_first() -> None:
    ladder = ladder_of([REFERRAL, WAITING, NOTICE, URGE, {**NOTICE, "rung_name": "报送用"}])

    assert [rung.instrument for rung in ladder.rungs] == ["urge", "notice", "referral"]
    assert ladder.at(1) == Rung(1, "notice", "notice", "督办通知", "leader", "主任", "3wd", "3wd")
    assert (ladder.of("notice"), ladder.of_letter("notice"), ladder.at(7)) == (ladder.at(1), ladder.at(1), None)


@pytest.mark.parametrize(("level", "left_out"), [(0, ()), (1, ("urge",)), (2, ("urge", "notice"))])
def test_a_rung_left_out_is_named_one_before_on_and_after(level: int, left_out: tuple[str, ...]) -> None:
    assert tuple(rung.instrument for rung in ladder_of(ROWS).skipped(NOT_YET, level)) == left_out


def test_an_item_goes_on_where_it_stood_when_the_rungs_are_numbered_anew() -> None:
    longer = Ladder((Rung(0, "reminder", None), Rung(1, "urge", "urge"), Rung(2, "site_visit", "notice")))

    assert position_of(longer, level=0, instrument="urge") == 1
    assert position_of(longer, level=0, instrument="unknown") == 0
    assert position_of(longer, level=NOT_YET, instrument="urge") == NOT_YET
    assert position_of(longer, level=0, instrument="urge", reached=2) == 2


def test_rows_of_earlier_editions_climb_and_use_the_letter_of_their_instrument() -> None:
    old = {"rung": 1, "last_rung": 1, "instrument": "urge", "approval": "none", "reply": "2wd", "next_after": "2wd"}
    reminder = {"rung": 0, "instrument": "reminder", "next_after": "1wd"}

    assert {name: answer_of(old)[name] for name in ("act", "letter", "last_rung", "signer")} == {
        "act": "climb", "letter": "urge", "last_rung": 1, "signer": ""
    }  # fmt: skip
    assert answer_of(reminder)["letter"] == ""


@pytest.mark.parametrize(("rung", "is_refused"), [(0, True), (1, True), (2, False)])
def test_a_ladder_only_goes_up(rung: int, is_refused: bool) -> None:
    answer = answer_of({**NOTICE, "rung": rung})

    if is_refused:
        with pytest.raises(Invalid, match="only goes up"):
            check_answer(answer, 1)
    else:
        check_answer(answer, 1)


def test_a_sound_table_has_no_problems() -> None:
    assert check_ladder("t.dmn", (*ROWS, WAITING), small) == ()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "has no rung"),
        ((URGE, NOTICE), "highest rung must be the referral"),
        (({**URGE, "instrument": "telepathy"}, NOTICE, REFERRAL), "No instrument 'telepathy'"),
        (({**URGE, "letter": "postcard"}, NOTICE, REFERRAL), "No letter kind 'postcard'"),
        (({**URGE, "letter": ""}, NOTICE, REFERRAL), "does not say which letter"),
        ((URGE, {**NOTICE, "letter": "urge"}, REFERRAL), "stands on two rungs (letter)"),
        ((URGE, {**NOTICE, "approval": "mayor"}, REFERRAL), "Approval 'mayor'"),
        ((URGE, {**NOTICE, "next_after": "10"}, REFERRAL), "next_after"),
        ((URGE, {**NOTICE, "reply": "soon"}, REFERRAL), "reply"),
        (({**URGE, "act": "jump"}, NOTICE, REFERRAL), "must be climb or wait"),
    ],
)
def test_a_faulty_table_is_told_what_is_wrong(rows: tuple[dict[str, Any], ...], said: str) -> None:
    def decide(question: dict[str, Any]) -> dict[str, Any]:
        return answer_of(rows[min(question["last_rung"] + 1, len(rows) - 1)] if rows else URGE)

    problems = check_ladder("t.dmn", rows, decide)

    assert any(said in problem.en for problem in problems), problems
    assert {problem.where for problem in problems} == {"t.dmn"}
    assert all(problem.zh for problem in problems)


def test_a_table_that_has_no_answer_for_some_day_says_which() -> None:
    def decide(question: dict[str, Any]) -> dict[str, Any]:
        if question["overdue_workdays"] == 7:
            raise Invalid("decision.invalid", "no row", (Problem("t", "没有一行适用", "No row fits 7"),))
        return small(question)

    assert [problem.en for problem in check_ladder("t.dmn", (*ROWS, WAITING), decide)] == ["No row fits 7"]


def test_waiting_that_moves_the_item_is_refused() -> None:
    with pytest.raises(Invalid, match="Waiting keeps the rung"):
        check_answer(answer_of({**WAITING, "rung": 1}), 0)


def test_a_measure_stands_once_in_the_list() -> None:
    assert len(set(MEASURES)) == len(MEASURES)
