"""What happens to a letter after it went out: read, served, replied to in rounds, reviewed, closed."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa
from scenario import Scenario, at

from engine.commands.letter_review import AcceptReply, CloseLetter, ReturnReply
from engine.commands.letter_service import AttachToReceipt, AttachToReply, NoteReading, ReceiveLetter, ReplyLetter
from engine.commands.letters import IssueLetters, VoidLetter
from engine.domain.actor import Actor
from engine.domain.evidence import EvidenceFile
from engine.domain.service import DIRECT, LEFT, MOST_FILES, Receipt
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.queries.letters import LetterFilter
from engine.store.schema import letter_readings, letter_services

SIGNED = Receipt("李四（演示）", "收文员（演示）")
PHOTO = EvidenceFile("files", "留置现场（演示）.jpg", "image/jpeg", b"a picture")
LEFT_THERE = Receipt("李四（演示）", "收文员（演示）", LEFT, refusal="拒绝签字（演示）", place="工信局收发室（演示）")


def issue(scenario: Scenario, *cases: str, **more: object) -> str:
    command = IssueLetters(scenario.campaign, "notice", cases or tuple(scenario.register()), **more)  # type: ignore[arg-type]
    return str(scenario.engine.execute(command, by=scenario.supervisor)[0])


def page(scenario: Scenario, letter_id: str, login: str = "ducha1"):  # type: ignore[no-untyped-def]
    return scenario.engine.read.letter_service(scenario.person(login), letter_id)


def do(scenario: Scenario, command: object, login: str) -> object:
    return scenario.engine.execute(command, by=scenario.person(login))


# -- reading -----------------------------------------------------------------------------------------------------------
def test_reading_is_recorded_once_a_person_and_is_no_receipt(scenario: Scenario) -> None:
    letter_id = issue(scenario)
    first_at = scenario.now

    assert page(scenario, letter_id, "gxj1").is_unread_by_me
    noted = [do(scenario, NoteReading(letter_id), login) for login in ("gxj1", "gxj1", "gxj2", "ducha1")]

    found = page(scenario, letter_id)
    names = {scenario.person(login).name for login in ("gxj1", "gxj2")}
    assert noted == [True, False, True, False]
    assert {reading.person for reading in found.readings} == names
    assert {(reading.role, reading.at) for reading in found.readings} <= {("officer", first_at), ("head", first_at)}
    assert (found.stands.state, found.receipt, found.stands.waits_for) == ("ISSUED", None, "receipt")
    assert not page(scenario, letter_id, "gxj1").is_unread_by_me
    assert len(scenario.facts("LetterRead")) == 2


def test_a_stranger_neither_reads_nor_is_noted(scenario: Scenario) -> None:
    letter_id = issue(scenario)

    with pytest.raises(NotFound):
        do(scenario, NoteReading(letter_id), "swj1")
    with pytest.raises(NotFound):
        page(scenario, letter_id, "swj1")

    assert scenario.rows(sa.select(letter_readings)) == []


# -- receipt -----------------------------------------------------------------------------------------------------------
def test_before_receipt_only_the_signing_is_due(scenario: Scenario) -> None:
    letter_id = issue(scenario, reply_term="3wd")  # Monday 2024-05-20 09:00

    found = page(scenario, letter_id)

    assert (found.reply_term, found.stands.due_at, found.stands.waits_for) == ("3wd", at("2024-05-21 18:00"), "receipt")
    assert scenario.rows(sa.select(letter_services.c.reply_due_at)) == [{"reply_due_at": None}]
    variables = scenario.engine.read.letter_source(letter_id).variables
    assert variables["reply_within"] == "收到本文之日起3个工作日内" and "reply_due" not in variables


def test_the_time_to_reply_runs_from_receipt_and_says_how(scenario: Scenario) -> None:
    letter_id = issue(scenario, reply_term="3wd")
    scenario.until("2024-05-24 09:00")  # Friday

    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")

    found = page(scenario, letter_id)
    assert (found.stands.state, found.stands.waits_for, found.stands.due_at) == (
        "RECEIVED",
        "reply",
        at("2024-05-29 18:00"),
    )
    assert found.deadline is not None
    assert found.deadline["start_at"] == at("2024-05-24 09:00").astimezone(UTC).isoformat()
    assert found.deadline["rule"] == 'after("3wd")' and found.deadline["calendar_version"]
    assert found.deadline["derivation"][0][0].startswith("2024年5月24日（周五）起算")
    assert found.receipt.deadline == found.deadline
    assert (found.receipt.receipt, found.receipt.entered_by) == (
        replace(SIGNED, signed_at=at("2024-05-24 09:00")),
        scenario.person("gxj1").name,
    )


@pytest.mark.parametrize(
    ("moment", "light", "is_late"),
    [("2024-05-29 17:59", "yellow", False), ("2024-05-29 18:00", "yellow", False), ("2024-05-29 18:01", "red", True)],
)
def test_a_reply_is_late_after_its_due_instant(scenario: Scenario, moment: str, light: str, is_late: bool) -> None:
    letter_id = issue(scenario, reply_term="3wd")
    scenario.until("2024-05-24 09:00")
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")
    scenario.clock.set(at(moment))

    before = page(scenario, letter_id)
    late = scenario.engine.read.late_letters(scenario.supervisor).rows
    do(scenario, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")

    after = page(scenario, letter_id)
    assert (before.stands.light, bool(late)) == (light, is_late)
    assert (after.rounds[0].is_late, after.late_replies) == (is_late, int(is_late))
    assert scenario.engine.read.violations() == ()


def test_paper_is_entered_by_the_office_with_its_own_time(scenario: Scenario) -> None:
    letter_id = issue(scenario, reply_term="3wd")
    issued_at = scenario.now
    scenario.until("2024-05-24 09:00")
    paper = replace(SIGNED, manner=DIRECT)

    for wrong in (scenario.now + timedelta(minutes=1), issued_at - timedelta(minutes=1)):
        with pytest.raises(Invalid) as refused:
            do(scenario, ReceiveLetter(letter_id, replace(paper, signed_at=wrong)), "ducha1")
        assert [problem.where for problem in refused.value.problems] == ["signed_at"]
    with pytest.raises(NotPermitted):
        do(scenario, ReceiveLetter(letter_id, paper), "gxj1")
    with pytest.raises(NotPermitted):
        do(scenario, ReceiveLetter(letter_id, SIGNED), "ducha1")
    do(scenario, ReceiveLetter(letter_id, replace(paper, signed_at=at("2024-05-21 10:00"))), "ducha1")

    found = page(scenario, letter_id)
    assert found.stands.due_at == at("2024-05-24 18:00")  # three working days from the 21st, not from the entry
    assert (found.receipt.entered_at, found.receipt.entered_by) == (scenario.now, scenario.supervisor.name)


def test_a_letter_is_signed_for_once(scenario: Scenario) -> None:
    letter_id = issue(scenario)
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")

    with pytest.raises(Rejected):
        do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")


def test_left_behind_is_served_and_not_signed_for(scenario: Scenario) -> None:
    letter_id = issue(scenario, reply_term="3wd")

    with pytest.raises(Invalid):
        do(scenario, ReceiveLetter(letter_id, LEFT_THERE), "ducha1")
    do(scenario, AttachToReceipt(letter_id, (PHOTO, PHOTO)), "ducha1")  # kept from the form that was refused
    do(scenario, ReceiveLetter(letter_id, LEFT_THERE, (PHOTO,)), "ducha1")

    found = page(scenario, letter_id)
    assert (found.stands.state, found.stands.waits_for, found.stands.due_at) == (
        "SERVED",
        "reply",
        at("2024-05-23 18:00"),
    )
    assert [file.filename for file in found.receipt.files] == [PHOTO.filename]
    file_id = found.receipt.files[0].file_id
    assert scenario.engine.read.letter_file(scenario.person("gxj1"), file_id)[1] == PHOTO.content
    with pytest.raises(NotFound):
        scenario.engine.read.letter_file(scenario.person("swj1"), file_id)
    words = scenario.engine.read.service_receipt(scenario.supervisor, letter_id).variables["service"]
    assert (words["method"], words["receiver"], words["refusal"], words["servers"]) == (
        "留置送达", "", "李四（演示）（收文员（演示））拒收：拒绝签字（演示）", scenario.supervisor.name,
    )  # fmt: skip
    assert (len(scenario.facts("LetterLeft")), scenario.facts("LetterReceived")) == (1, [])  # who refuses signs nothing
    do(scenario, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")
    assert scenario.engine.read.violations() == ()


def test_there_is_no_slip_before_service(scenario: Scenario) -> None:
    letter_id = issue(scenario)

    with pytest.raises(Rejected) as refused:
        scenario.engine.read.service_receipt(scenario.supervisor, letter_id)

    assert refused.value.code == "letter_not_served"


# -- replies in rounds -------------------------------------------------------------------------------------------------
def test_a_reply_is_returned_with_a_reason_and_a_new_term_until_it_does(scenario: Scenario) -> None:
    letter_id = issue(scenario, reply_term="3wd")
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")
    do(scenario, AttachToReply(letter_id, (PHOTO,)), "gxj1")
    do(scenario, ReplyLetter(letter_id, "第一次（演示）"), "gxj1")
    scenario.until("2024-05-27 10:00")

    with pytest.raises(Invalid) as refused:
        do(scenario, ReturnReply(letter_id, "no such reason", " "), "ducha1")
    do(scenario, ReturnReply(letter_id, "materials", "缺整改后照片（演示）", "2wd"), "ducha1")
    returned = page(scenario, letter_id)
    do(scenario, ReplyLetter(letter_id, "第二次（演示）"), "gxj2")
    do(scenario, AcceptReply(letter_id, "情况属实（演示）"), "ducha1")

    found = page(scenario, letter_id)
    assert [problem.where for problem in refused.value.problems] == ["return_reason", "opinion"]
    assert (returned.stands.state, returned.stands.waits_for, returned.stands.due_at) == (
        "RETURNED",
        "reply",
        at("2024-05-29 18:00"),
    )
    assert [(one.number, one.text, len(one.files), one.due_at) for one in found.rounds] == [
        (1, "第一次（演示）", 1, at("2024-05-23 18:00")),
        (2, "第二次（演示）", 0, at("2024-05-29 18:00")),
    ]
    assert [(one.review.verdict, one.review.reason) for one in found.rounds] == [
        ("RETURNED", "materials"), ("ACCEPTED", None)
    ]  # fmt: skip
    assert (found.stands.state, found.closing_reason, found.late_replies) == ("CLOSED", "回复已审核通过", 0)
    told = [fact.kind for fact in reversed(scenario.engine.read.letter(scenario.supervisor, letter_id).facts)]
    assert [kind for kind in told if kind != "LetterRendered"] == [
        "LetterIssued", "LetterReceived", "LetterReplied", "LetterReplyReturned", "LetterReplied",
        "LetterReplyAccepted", "LetterClosed",
    ]  # fmt: skip
    assert scenario.engine.read.violations() == ()


def test_each_does_their_own_part_and_nobody_both(scenario: Scenario) -> None:
    letter_id = issue(scenario)

    with pytest.raises(Rejected):
        do(scenario, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")
    with pytest.raises(NotPermitted):
        do(scenario, ReplyLetter(letter_id, "代为回复（演示）"), "ducha1")
    with pytest.raises(Rejected):
        do(scenario, AcceptReply(letter_id), "ducha1")
    with pytest.raises(Invalid):
        do(scenario, ReplyLetter(letter_id, " "), "gxj1")
    with pytest.raises(Invalid):
        do(scenario, ReplyLetter(letter_id, "长" * 4001), "gxj1")
    do(scenario, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")
    for command in (AcceptReply(letter_id), ReturnReply(letter_id, "materials", "（演示）"), CloseLetter(letter_id)):
        with pytest.raises(NotPermitted):
            do(scenario, command, "gxj1")
    with pytest.raises(Rejected):
        do(scenario, CloseLetter(letter_id), "ducha1")  # a reply is reviewed, not passed over
    with pytest.raises(Rejected):
        do(scenario, ReplyLetter(letter_id, "再来一次（演示）"), "gxj1")


def test_who_replied_does_not_review(scenario: Scenario) -> None:
    """A supervisor who also works for the addressed unit."""
    from engine.commands.people import AddPerson
    from engine.domain.actor import SYSTEM

    letter_id = issue(scenario)
    unit = scenario.engine.read.letter(scenario.supervisor, letter_id).row.unit_id
    office = scenario.engine.read.campaign(scenario.campaign).office.unit
    both = (("officer", unit), ("supervisor", office))
    scenario.engine.execute(AddPerson("both", "两边兼职（演示）", "x" * 60, both), by=SYSTEM)
    do(scenario, ReceiveLetter(letter_id, SIGNED), "both")
    do(scenario, ReplyLetter(letter_id, "已落实（演示）"), "both")

    with pytest.raises(NotPermitted) as refused:
        do(scenario, AcceptReply(letter_id), "both")

    found = page(scenario, letter_id, "both")
    assert refused.value.code == "own_reply"
    assert (found.is_own_reply, found.may_review, page(scenario, letter_id).may_review) == (True, False, True)


def test_files_of_a_reply_are_few_and_kept_once(scenario: Scenario) -> None:
    letter_id = issue(scenario)
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")
    files = tuple(replace(PHOTO, content=bytes([number])) for number in range(MOST_FILES))

    do(scenario, AttachToReply(letter_id, files), "gxj1")
    with pytest.raises(Invalid) as refused:
        do(scenario, ReplyLetter(letter_id, "已落实（演示）", (PHOTO,)), "gxj1")
    do(scenario, ReplyLetter(letter_id, "已落实（演示）", files), "gxj1")

    assert [problem.where for problem in refused.value.problems] == ["files"]
    assert len(page(scenario, letter_id).rounds[0].files) == MOST_FILES


def test_closing_without_the_reply_that_was_asked_for_needs_a_reason(scenario: Scenario) -> None:
    letter_id = issue(scenario)
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")

    with pytest.raises(Invalid):
        do(scenario, CloseLetter(letter_id), "ducha1")
    do(scenario, CloseLetter(letter_id, "事项已并入另案（演示）"), "ducha1")

    assert page(scenario, letter_id).closing_reason == "事项已并入另案（演示）"


# -- whose turn --------------------------------------------------------------------------------------------------------
def test_a_letter_waits_for_whoever_has_to_act(scenario: Scenario) -> None:
    letter_id = issue(scenario)

    def turns() -> list[list[str]]:
        read = scenario.engine.read
        return [
            [row.waits_for for row in read.waiting_letters(scenario.person(login)).rows]
            for login in ("gxj1", "ducha1", "swj1")
        ]

    seen = [turns()]
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")
    seen.append(turns())
    do(scenario, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")
    seen.append(turns())
    do(scenario, AcceptReply(letter_id), "ducha1")
    seen.append(turns())

    assert seen == [[["receipt"], [], []], [["reply"], [], []], [[], ["review"], []], [[], [], []]]


@pytest.mark.parametrize(
    ("moment", "is_late"), [("2024-05-21 17:59", False), ("2024-05-21 18:00", False), ("2024-05-21 18:01", True)]
)
def test_a_letter_that_nobody_signs_for_is_late_on_the_desk(scenario: Scenario, moment: str, is_late: bool) -> None:
    letter_id = issue(scenario)
    scenario.clock.set(at(moment))

    found = scenario.engine.read.late_letters(scenario.supervisor).rows

    assert [row.letter_id for row in found] == ([letter_id] if is_late else [])
    assert scenario.engine.read.late_letters(scenario.person("swj1")).rows == ()


def test_a_void_letter_waits_for_nobody(scenario: Scenario) -> None:
    letter_id = issue(scenario)
    do(scenario, ReceiveLetter(letter_id, SIGNED), "gxj1")
    do(scenario, ReplyLetter(letter_id, "已落实（演示）"), "gxj1")
    do(scenario, ReturnReply(letter_id, "untrue", "与现场不符（演示）"), "ducha1")

    do(scenario, VoidLetter(letter_id, "错发（演示）"), "ducha1")

    assert scenario.engine.read.waiting_letters(scenario.person("gxj1")).rows == ()
    assert scenario.engine.read.violations() == ()


# -- completion closes -------------------------------------------------------------------------------------------------
def test_a_letter_over_several_cases_closes_with_the_last_of_them(scenario: Scenario) -> None:
    first, second = scenario.register(2)
    scenario.survey(first)
    scenario.survey(second)
    scenario.until("2024-06-28 18:01")  # both are late, each has an open item
    letter_id = issue(scenario, first, second, bundle="unit", reason="越级（演示）")

    scenario.clean_up(first)
    scenario.work()
    between = page(scenario, letter_id).stands.state
    scenario.clean_up(second)
    scenario.work()

    found = page(scenario, letter_id)
    assert (between, found.stands.state, found.closing_reason) == ("ISSUED", "CLOSED", "所列2件事项均已办结")
    assert scenario.engine.read.violations() == ()


def test_a_case_that_was_never_late_holds_its_letter_open_until_it_is_done(scenario: Scenario) -> None:
    first, second = scenario.register(2)
    scenario.survey(first)
    scenario.until("2024-06-28 18:01")  # the second is late with its survey, the first with its cleanup
    third = scenario.register(1)[0]
    letter_id = issue(scenario, first, third, bundle="unit", reason="越级（演示）")

    scenario.clean_up(first)
    scenario.work()
    between = page(scenario, letter_id).stands.state
    scenario.survey(third, "exclude")
    scenario.work()

    assert second != third
    assert (between, page(scenario, letter_id).stands.state) == ("ISSUED", "CLOSED")


# -- several addressees ------------------------------------------------------------------------------------------------
def test_each_addressee_of_one_letter_signs_and_replies_for_itself(scenario: Scenario) -> None:
    industry, commerce = scenario.register(1), scenario.register(1, group="services")
    [letter_id] = scenario.engine.execute(
        IssueLetters(scenario.campaign, "notice", (*industry, *commerce), bundle="joint"), by=scenario.supervisor
    )
    units = [one.unit_id for one in page(scenario, letter_id).addressees]
    first, second = (f"{unit}1" for unit in units)

    with pytest.raises(Invalid) as unclear:
        do(scenario, ReceiveLetter(letter_id, replace(SIGNED, manner=DIRECT)), "ducha1")
    do(scenario, ReceiveLetter(letter_id, SIGNED), first)
    do(scenario, ReplyLetter(letter_id, "第一家已办（演示）"), first)
    with pytest.raises(NotPermitted):
        do(scenario, ReplyLetter(letter_id, "代别家回复（演示）", unit_id=units[1]), first)
    do(scenario, AcceptReply(letter_id, unit_id=units[0]), "ducha1")
    between = scenario.engine.read.letter(scenario.supervisor, letter_id).row
    do(scenario, ReceiveLetter(letter_id, SIGNED), second)
    do(scenario, ReplyLetter(letter_id, "第二家已办（演示）"), second)

    seen = [(one.unit_id, one.state) for one in page(scenario, letter_id).addressees]
    assert [problem.where for problem in unclear.value.problems] == ["unit"]
    assert (between.state, between.received_at) == ("ISSUED", None)  # as the least advanced of them
    assert seen == [(units[0], "CLOSED"), (units[1], "REPLIED")]
    assert [one.unit_id for one in page(scenario, letter_id, second).addressees] == [units[1]]
    assert scenario.engine.read.violations() == ()
    do(scenario, AcceptReply(letter_id, unit_id=units[1]), "ducha1")
    assert scenario.engine.read.letter(scenario.supervisor, letter_id).row.state == "CLOSED"


def test_the_addressees_of_one_letter_learn_nothing_of_each_other(scenario: Scenario) -> None:
    industry, commerce = scenario.register(1), scenario.register(1, group="services")
    letter_id = issue(scenario, *industry, *commerce, bundle="joint")
    scenario.work()
    units = [(one.unit_id, one.unit) for one in page(scenario, letter_id).addressees]
    words = dict(zip((unit_id for unit_id, _ in units), ("第一家", "第二家"), strict=True))
    for unit_id, own in words.items():
        do(scenario, NoteReading(letter_id), f"{unit_id}1")
        do(scenario, ReceiveLetter(letter_id, Receipt(f"{own}收文人（演示）", f"{own}（演示）")), f"{unit_id}1")
        do(scenario, ReplyLetter(letter_id, f"{own}已办（演示）"), f"{unit_id}1")
        do(scenario, ReturnReply(letter_id, "untrue", f"{own}不实（演示）", "3wd", unit_id=unit_id), "ducha1")
    last = units[1][0]
    do(scenario, CloseLetter(letter_id, "第二家办结（演示）", unit_id=last), "ducha1")

    read = scenario.engine.read
    done = ["LetterRead", "LetterReceived", "LetterReplied", "LetterReplyReturned"]
    told = {unit_id: [*done, *(["LetterClosed"] if unit_id == last else [])] for unit_id, _ in units}
    for unit_id, own in words.items():
        name, [other] = scenario.person(f"{unit_id}1").name, [one for one in words.values() if one != own]
        for reader in (scenario.person(f"{unit_id}1"), scenario.person(f"{unit_id}2")):
            seen, service = read.letter(reader, letter_id), read.letter_service(reader, letter_id)
            [listed] = [row for row in read.letters(reader, LetterFilter()).rows if row.letter_id == letter_id]
            histories = [told_of(scenario, reader, case_id) for case_id in (*industry, *commerce)]
            assert any(histories) and other not in str((seen, service, listed, histories))
            assert (seen.reply, seen.replied_by, seen.row.received_by) == (
                f"{own}已办（演示）",
                name,
                listed.received_by,
            )
            assert listed.received_by == f"{own}收文人（演示）"
            assert [one.person for one in service.readings] == [name]
            assert [fact.kind for fact in reversed(seen.facts)] == ["LetterIssued", "LetterRendered", *told[unit_id]]
    recorded = [fact for fact in reversed(read.letter(scenario.supervisor, letter_id).facts) if "unit" in fact.detail]
    assert [(fact.detail["unit"], fact.detail["unit_name"], fact.kind) for fact in recorded] == [
        (*unit, kind) for unit in units for kind in told[unit[0]]
    ]
    assert read.violations() == ()


def told_of(scenario: Scenario, reader: Actor, case_id: str) -> tuple[object, ...]:
    """What the case's page tells; nothing where it is not theirs."""
    try:
        return scenario.engine.read.case(reader, case_id).facts
    except NotFound:
        return ()
