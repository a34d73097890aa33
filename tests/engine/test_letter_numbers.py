"""Letters: numbers without gap or double, and what happens to a letter after it went out."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from scenario import Scenario, at

from engine.commands.letter_service import ReceiveLetter
from engine.commands.letters import IssueLetters, VoidLetter
from engine.domain.job import JobResult
from engine.domain.service import DIRECT, Receipt
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.store.schema import counters, letters
from engine.worker import Worker

THREADS = 8


def issue(scenario: Scenario, *cases: str, **more: object) -> list[str]:
    command = IssueLetters(scenario.campaign, more.pop("kind", "notice"), cases, **more)  # type: ignore[arg-type]
    return list(scenario.engine.execute(command, by=scenario.supervisor))


def serials(scenario: Scenario) -> list[int]:
    return [row["serial"] for row in scenario.rows(sa.select(letters.c.serial).order_by(letters.c.serial))]


def test_a_letter_says_its_number_at_once_and_has_its_document_after_the_job(scenario: Scenario) -> None:
    [case] = scenario.register()

    [letter_id] = issue(scenario, case)
    fresh = scenario.engine.read.letter(scenario.supervisor, letter_id).row
    with pytest.raises(NotFound):
        scenario.engine.read.letter_document(scenario.supervisor, letter_id)
    scenario.work()

    document = scenario.engine.read.letter_document(scenario.supervisor, letter_id)
    assert (fresh.number, fresh.state, fresh.sha256) == ("临散乱污办督〔2024〕1号", "ISSUED", None)
    assert document.number == fresh.number and document.number.encode() in document.content


def test_several_cases_make_one_letter_each_or_one_for_their_unit(scenario: Scenario) -> None:
    cases, others = scenario.register(3), scenario.register(3)

    each = issue(scenario, *cases)
    together = issue(scenario, *others, bundle="unit")

    listed = [scenario.engine.read.letter(scenario.supervisor, letter_id).case_ids for letter_id in (*each, *together)]
    assert listed == [(cases[0],), (cases[1],), (cases[2],), tuple(others)]
    assert serials(scenario) == [1, 2, 3, 4]


def test_a_refused_letter_takes_no_number(scenario: Scenario) -> None:
    [case] = scenario.register()

    for wrong in ({"kind": "no such kind"}, {"layout": "no such layout"}):
        with pytest.raises(Invalid):
            issue(scenario, case, **wrong)
    with pytest.raises(NotFound):
        issue(scenario, case, "LINXIA2024-9999")
    issue(scenario, case)

    assert serials(scenario) == [1]


def test_eight_desks_at_once_take_numbers_without_gap_or_double(scenario: Scenario) -> None:
    cases = scenario.register(THREADS * 2)
    supervisor, campaign = scenario.supervisor, scenario.campaign

    def desk(number: int) -> None:
        for case in cases[number::THREADS]:
            scenario.engine.execute(IssueLetters(campaign, "notice", (case,)), by=supervisor)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(desk, range(THREADS)))

    assert serials(scenario) == list(range(1, THREADS * 2 + 1))
    assert scenario.rows(sa.select(counters.c.last_serial)) == [{"last_serial": THREADS * 2}]
    scenario.work()
    assert scenario.engine.read.violations() == ()


def test_workers_side_by_side_make_each_letter_once(scenario: Scenario) -> None:
    cases = scenario.register(12)
    issue(scenario, *cases)
    made: list[str] = []

    def handler(job: object, read: object) -> JobResult:
        made.append(job.job_id)  # type: ignore[attr-defined]
        return JobResult(document=f"%PDF {job.job_id}".encode(), pages=1)  # type: ignore[attr-defined]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Worker(scenario.engine, {"letter": handler}, batch=2).run_until_idle(), range(4)))

    assert len(made) == len(set(made)) == 12
    assert scenario.engine.read.violations() == ()


def test_a_void_keeps_its_number_and_the_next_letter_takes_the_next(scenario: Scenario) -> None:
    [case] = scenario.register()
    [first] = issue(scenario, case)

    with pytest.raises(Invalid):
        scenario.engine.execute(VoidLetter(first, " "), by=scenario.supervisor)
    scenario.engine.execute(VoidLetter(first, "主送单位有误（演示）"), by=scenario.supervisor)
    [second] = issue(scenario, case)
    scenario.work()

    shown = [scenario.engine.read.letter(scenario.supervisor, letter_id) for letter_id in (first, second)]
    assert [(page.row.number, page.row.state) for page in shown] == [
        ("临散乱污办督〔2024〕1号", "VOID"),
        ("临散乱污办督〔2024〕2号", "ISSUED"),
    ]
    assert shown[0].void_reason == "主送单位有误（演示）"
    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(
            ReceiveLetter(first, Receipt("张三（演示）", "收文员（演示）", DIRECT)), by=scenario.supervisor
        )
    assert refused.value.fields == {"number": "临散乱污办督〔2024〕1号", "state": "VOID"}
    assert scenario.engine.read.violations() == ()


def test_numbers_begin_anew_with_the_year(scenario: Scenario) -> None:
    first, second = scenario.register(2)
    issue(scenario, first)
    scenario.clock.set(at("2025-01-01 00:00"))
    issue(scenario, second)

    numbers = [row["number"] for row in scenario.rows(sa.select(letters.c.number).order_by(letters.c.year))]
    assert numbers == ["临散乱污办督〔2024〕1号", "临散乱污办督〔2025〕1号"]


def test_only_the_desk_issues_letters(scenario: Scenario) -> None:
    [case] = scenario.register()

    with pytest.raises(NotPermitted):
        scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.person("gxj1"))


def test_a_letter_prints_what_was_true_when_it_was_issued(scenario: Scenario) -> None:
    [case] = scenario.register(name="演示旧厂名（演示）")
    [letter_id] = issue(scenario, case)
    before = scenario.engine.read.letter_source(letter_id)

    scenario.complete("survey_site", case, name="演示新厂名（演示）", kinds=["wu"], is_illegal=True, proposed="close")
    scenario.complete("review_disposition", case, outcome="confirmed")

    assert scenario.engine.read.letter_source(letter_id) == before
    assert before.variables["cases"][0]["name"] == "演示旧厂名（演示）"
