"""Runs of numbers: forty letters in one action while others issue, void and fail: no gap, no double, one run."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import sqlalchemy as sa
from scenario import Scenario

from engine.commands.drafts import StartDraft
from engine.commands.letters import IssueLetters, VoidLetter
from engine.commands.tasks import CompleteTask
from engine.domain.drafting import Wording
from engine.errors import Invalid
from engine.queries.drafts import Run
from engine.queries.letters import LetterFilter
from engine.store.schema import counters, jobs, letters

FORTY = 40


def numbers(scenario: Scenario, **wanted: object) -> list[int]:
    query = sa.select(letters.c.serial).where(letters.c.kind == "notice").order_by(letters.c.serial)
    for name, value in wanted.items():
        query = query.where(letters.c[name] == value)
    return [row["serial"] for row in scenario.rows(query)]


def test_forty_letters_in_one_action_have_consecutive_numbers_while_others_issue_void_and_fail(
    scenario: Scenario,
) -> None:
    cases = scenario.register(FORTY + 12)
    together, others = cases[:FORTY], cases[FORTY:]
    draft_id = scenario.engine.execute(
        StartDraft(scenario.campaign, "notice", tuple(together), bundle="case"), by=scenario.supervisor
    )
    [task] = [task for task in scenario.tasks() if task.element_id == "draft_letter"]
    second = scenario.person("ducha2")

    def desk(case: str) -> str | None:
        """Issues, voids every third, and has every fourth refused after its number was taken back."""
        at = others.index(case)
        if at % 4 == 3:
            with pytest.raises(Invalid):
                scenario.engine.execute(
                    IssueLetters(scenario.campaign, "notice", (case,), reply_term="no term"), by=second
                )
            return None
        [letter_id] = scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=second)
        if at % 3 == 0:
            scenario.engine.execute(VoidLetter(letter_id, "演示"), by=second)
        return str(letter_id)

    def sign(_: str) -> None:
        scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)

    acts = [(desk, case) for case in others]
    acts.insert(5, (sign, ""))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda act: act[0](act[1]), acts))

    run = numbers(scenario, run_id=draft_id)
    assert len(run) == FORTY
    assert all(after == before + 1 for before, after in pairwise(run))
    issued = FORTY + sum(at % 4 != 3 for at in range(len(others)))
    assert numbers(scenario) == list(range(1, issued + 1))
    assert scenario.rows(sa.select(counters.c.last_serial)) == [{"last_serial": issued}]


def test_the_progress_of_a_run_counts_documents(scenario: Scenario) -> None:
    cases = scenario.register(3)
    issued = scenario.engine.execute(IssueLetters(scenario.campaign, "notice", tuple(cases)), by=scenario.supervisor)
    [run_id] = {row["run_id"] for row in scenario.rows(sa.select(letters.c.run_id))}

    before = scenario.engine.read.letter_run(run_id)
    with scenario.raw() as connection:
        gone = jobs.c.payload["letter_id"].as_string() == issued[1]
        connection.execute(jobs.update().where(gone).values(state="FAILED"))
    scenario.work()

    assert before == Run(total=3, made=0, failed=0)
    assert scenario.engine.read.letter_run(run_id) == Run(total=3, made=2, failed=1)


def test_a_run_is_issued_whole_or_not_at_all(scenario: Scenario) -> None:
    """The last of three is refused: two numbers that were taken before it are free again."""
    cases = scenario.register(3)
    draft_id = scenario.engine.execute(
        StartDraft(scenario.campaign, "notice", tuple(cases), bundle="case"), by=scenario.supervisor
    )
    [task] = [task for task in scenario.tasks() if task.element_id == "draft_letter"]
    with scenario.raw() as connection:
        connection.execute(sa.text("UPDATE draft_letters SET unit_ids = '[\"nowhere\"]' WHERE position = 3"))

    with pytest.raises(Invalid):
        scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)

    assert numbers(scenario) == [] and scenario.rows(sa.select(counters.c.last_serial)) == []
    with scenario.raw() as connection:
        connection.execute(sa.text("UPDATE draft_letters SET unit_ids = '[\"gxj\"]' WHERE position = 3"))
    scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)
    assert numbers(scenario, draft_id=draft_id) == [1, 2, 3]


def test_one_letter_to_many_units_lists_them_all_and_each_sees_it(scenario: Scenario) -> None:
    units = ("gxj", "sthj", "swj")
    wording = Wording("关于演示事项的通知", ("请抓紧办理（演示）。",))
    scenario.engine.execute(
        StartDraft(scenario.campaign, "notice", unit_ids=units, bundle="joint", wording=wording),
        by=scenario.supervisor,
    )
    [task] = [task for task in scenario.tasks() if task.element_id == "draft_letter"]
    scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)

    [letter] = scenario.rows(sa.select(letters.c.letter_id, letters.c.number))
    for login in ("gxj1", "sthj1", "swj1"):
        seen = scenario.engine.read.letters(scenario.person(login), LetterFilter())
        assert [(row.number, row.more_addressees) for row in seen.rows] == [(letter["number"], 2)]
    assert scenario.engine.read.letters(scenario.person("zjj1"), LetterFilter()).rows == ()
    source = scenario.engine.read.letter_source(letter["letter_id"])
    assert source.addressees == ("市工信局", "州生态环境局临夏市分局", "市商务局")
