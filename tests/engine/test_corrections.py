"""Corrections: a new letter takes the place of one that went out; when it is void, the earlier one stands again."""

import pytest
import sqlalchemy as sa
from accountability_acts import receipt
from scenario import Scenario

from engine.commands.accountability import FileObjection
from engine.commands.drafts import CorrectLetter, ReviseDraft, StartDraft
from engine.commands.letter_service import ReceiveLetter, ReplyLetter
from engine.commands.letters import IssueLetters, VoidLetter
from engine.commands.tasks import CompleteTask
from engine.domain.drafting import Wording, wording_of
from engine.errors import Rejected
from engine.store.schema import letter_deliveries, letters
from web.bootstrap import compose_letter


@pytest.fixture
def backend() -> str:
    """Nothing here is for the dialect to decide."""
    return "sqlite"


def corrected(scenario: Scenario, old: str, reason: str = "时限写错（演示）") -> str:
    """The writer signs corrections of a notice alone."""
    draft_id = scenario.engine.execute(CorrectLetter(old, reason), by=scenario.supervisor)
    finish_draft(scenario)
    [row] = letters_of(scenario, draft_id)
    return str(row["letter_id"])


def finish_draft(scenario: Scenario) -> None:
    task = scenario.task_of(None, "draft_letter")
    scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)


def letters_of(scenario: Scenario, draft_id: str) -> list[dict[str, object]]:
    return scenario.rows(sa.select(letters).where(letters.c.draft_id == draft_id).order_by(letters.c.serial))


def void(scenario: Scenario, letter_id: str) -> None:
    scenario.engine.execute(VoidLetter(letter_id, "更正有误（演示）"), by=scenario.supervisor)


def stands(scenario: Scenario, letter_id: str) -> dict[str, object]:
    wanted = ("state", "set_aside", "closing_reason", "reply_due_at")
    query = sa.select(*(letter_deliveries.c[name] for name in wanted)).where(letter_deliveries.c.letter_id == letter_id)
    [row] = scenario.rows(query)
    return {**row, "letter": scenario.engine.read.letter(scenario.supervisor, letter_id).row.state}


def issued(scenario: Scenario) -> str:
    [case] = scenario.register()
    [letter_id] = scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    return str(letter_id)


def test_a_correction_is_a_new_letter_and_the_old_one_says_by_which(scenario: Scenario) -> None:
    old = issued(scenario)

    draft_id = scenario.engine.execute(CorrectLetter(old, "时限写错（演示）"), by=scenario.supervisor)
    with pytest.raises(Rejected):  # while one is being written
        scenario.engine.execute(CorrectLetter(old, "再更正（演示）"), by=scenario.supervisor)
    finish_draft(scenario)
    scenario.work()

    [new] = letters_of(scenario, draft_id)
    before, after = (scenario.engine.read.letter(scenario.supervisor, one) for one in (old, new["letter_id"]))
    assert (before.row.number, before.row.state, before.corrected_by) == (
        "临散乱污办督〔2024〕1号",
        "CLOSED",
        (new["letter_id"], "临散乱污办督〔2024〕2号"),
    )
    assert (after.row.state, after.corrects) == ("ISSUED", (old, "临散乱污办督〔2024〕1号"))
    assert compose_letter(scenario.engine.read.letter_source(new["letter_id"])).corrects == before.row.number
    with pytest.raises(Rejected):
        scenario.engine.execute(CorrectLetter(old, "又更正（演示）"), by=scenario.supervisor)
    assert scenario.engine.read.violations() == ()


def test_a_void_correction_replaces_nothing_and_may_be_followed_by_another(scenario: Scenario) -> None:
    old, read = issued(scenario), scenario.engine.read
    draft_id = scenario.engine.execute(CorrectLetter(old, "时限写错（演示）"), by=scenario.supervisor)
    finish_draft(scenario)
    [wrong] = letters_of(scenario, draft_id)

    scenario.engine.execute(VoidLetter(wrong["letter_id"], "更正有误（演示）"), by=scenario.supervisor)
    between = read.letter(scenario.supervisor, old)
    again_id = scenario.engine.execute(CorrectLetter(old, "再更正（演示）"), by=scenario.supervisor)
    finish_draft(scenario)
    [right] = letters_of(scenario, again_id)

    after = read.letter(scenario.supervisor, old)
    assert (between.corrected_by, between.row.corrected_by, between.may_correct) == (None, None, True)
    assert after.corrected_by == (right["letter_id"], "临散乱污办督〔2024〕3号")
    assert (after.row.corrected_by, after.may_correct) == ("临散乱污办督〔2024〕3号", False)
    with pytest.raises(Rejected):
        scenario.engine.execute(CorrectLetter(old, "又更正（演示）"), by=scenario.supervisor)
    scenario.work()
    assert read.violations() == ()


def test_a_void_letter_may_be_followed_by_its_correction_and_stays_void(scenario: Scenario) -> None:
    old = issued(scenario)
    scenario.engine.execute(VoidLetter(old, "主送有误（演示）"), by=scenario.supervisor)

    scenario.engine.execute(CorrectLetter(old, "重发（演示）"), by=scenario.supervisor)
    finish_draft(scenario)

    row = scenario.engine.read.letter(scenario.supervisor, old).row
    assert (row.state, row.corrected_by) == ("VOID", "临散乱污办督〔2024〕2号")


def test_the_earlier_letter_stands_where_it_stood_when_its_correction_is_void(scenario: Scenario) -> None:
    old, unit = issued(scenario), scenario.person("gxj1")
    scenario.engine.execute(ReceiveLetter(old, receipt()), by=unit)
    before = stands(scenario, old)
    new = corrected(scenario, old)
    aside = stands(scenario, old)

    void(scenario, new)

    due = before["reply_due_at"]
    assert (aside["state"], aside["set_aside"], aside["letter"]) == ("CLOSED", "RECEIVED", "CLOSED")
    assert stands(scenario, old) == {
        "state": "RECEIVED", "set_aside": None, "closing_reason": None, "reply_due_at": due, "letter": "RECEIVED"
    }  # fmt: skip
    [told] = scenario.facts("LetterStandsAgain")
    assert (told["detail"]["number"], told["detail"]["by_number"]) == (
        "临散乱污办督〔2024〕1号",
        "临散乱污办督〔2024〕2号",
    )
    scenario.engine.execute(ReplyLetter(old, "已办理（演示）"), by=unit)
    scenario.work()
    assert scenario.engine.read.violations() == ()


def test_what_was_void_or_closed_before_its_correction_stays_so(scenario: Scenario) -> None:
    old = issued(scenario)
    void(scenario, old)
    new = corrected(scenario, old)

    void(scenario, new)

    assert stands(scenario, old)["letter"] == "VOID"
    assert scenario.facts("LetterStandsAgain") == []


def test_a_chain_of_corrections_is_taken_back_link_by_link(scenario: Scenario) -> None:
    first = issued(scenario)
    second = corrected(scenario, first)
    third = corrected(scenario, second, "再更正（演示）")

    seen = [[stands(scenario, one)["letter"] for one in (first, second, third)]]
    for letter_id in (third, second):
        void(scenario, letter_id)
        seen.append([stands(scenario, one)["letter"] for one in (first, second, third)])

    assert seen == [["CLOSED", "CLOSED", "ISSUED"], ["CLOSED", "ISSUED", "VOID"], ["ISSUED", "VOID", "VOID"]]
    assert scenario.engine.read.violations() == ()


def test_a_correction_of_edited_words_says_once_what_it_corrects(scenario: Scenario) -> None:
    [case] = scenario.register()
    command = StartDraft(scenario.campaign, "notice", (case,), wording=Wording("改写的通知", ("请抓紧办理（演示）。",)))
    scenario.engine.execute(command, by=scenario.supervisor)
    finish_draft(scenario)
    [first] = scenario.rows(sa.select(letters))
    ending = "（更正原因：时限写错（演示）），原件自本件印发之日起停止执行。"

    second = corrected(scenario, first["letter_id"])
    draft_id = scenario.engine.execute(CorrectLetter(second, "又写错（演示）"), by=scenario.supervisor)
    drafted = scenario.engine.read.draft_source(scenario.supervisor, draft_id, 1).wording
    cut = Wording("改写的通知", ("请立即办理（演示）。",))
    scenario.engine.execute(ReviseDraft(draft_id, (1,), cut), by=scenario.supervisor)
    finish_draft(scenario)
    [third] = letters_of(scenario, draft_id)

    said = [
        wording_of(compose_letter(scenario.engine.read.letter_source(one))).lines
        for one in (second, str(third["letter_id"]))
    ]
    again = f"本件更正临散乱污办督〔2024〕2号{ending.replace('时限写错', '又写错')}"
    assert said[0] == ("请抓紧办理（演示）。", f"本件更正{first['number']}{ending}")
    assert drafted is not None and drafted.lines == ("请抓紧办理（演示）。", again)
    assert said[1] == (*cut.lines, again)  # the writer took it out, the paper says it


def test_a_correction_that_a_review_withdraws_brings_nothing_back(scenario: Scenario) -> None:
    """The unit was right: what it objected to does not come back in the words of the letter before."""
    old = issued(scenario)
    new = corrected(scenario, old)
    scenario.engine.execute(ReceiveLetter(new, receipt()), by=scenario.person("gxj1"))
    scenario.engine.execute(FileObjection("事实有误（演示）", letter_id=new), by=scenario.person("gxj1"))
    found = {"objection_result": "withdrawn", "objection_findings": "经核属实（演示）"}

    scenario.complete("decide_objection", None, by=scenario.person("lingdao"), **found)

    assert (stands(scenario, new)["letter"], stands(scenario, old)["letter"]) == ("VOID", "CLOSED")
    assert scenario.facts("LetterVoided")[-1]["detail"]["reason"] == "复核撤销"
    assert scenario.engine.read.violations() == ()
