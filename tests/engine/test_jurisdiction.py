"""What each role may see: its own area or unit, everything for watchers, no case text for administrators."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from scenario import Scenario

from engine.commands.letters import IssueLetters
from engine.commands.people import AddPerson
from engine.commands.tasks import AttachEvidence, ClaimTask, EvidenceFile
from engine.domain.actor import ADMIN_ROLES, SYSTEM, Actor
from engine.errors import NotFound, NotPermitted
from engine.queries.cases import CaseFilter
from engine.queries.desk import DeskFilter
from engine.queries.letters import LetterFilter
from engine.store.schema import evidence, instances, supervision_items

WATCHERS = ("ducha1", "lingdao", "jijian")
BUILDERS_AND_ADMINISTRATORS = ("sheji", "fabu", "xitong", "anquan", "shenji")
SEES_THE_CASE = {
    "chengjiao1": True,  # its area
    "gxj1": True,  # its lead unit
    "sthj1": True,  # cooperates in the industry group
    "baohan1": False,  # another area, although 各镇街道 cooperate: each in its own
    "swj1": False,  # leads another group
    "yanshou1": True,  # checks sites for the office
    **dict.fromkeys(WATCHERS, True),
    **dict.fromkeys(BUILDERS_AND_ADMINISTRATORS, False),
}


@pytest.fixture
def case(scenario: Scenario) -> str:
    """One case of Chengjiao in the industry group, led by gxj, with evidence, a letter and a supervision item."""
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(task)
    photo = EvidenceFile("photos", "门头（演示）.jpg", "image/jpeg", b"a picture")
    scenario.engine.execute(AttachEvidence(task.task_id, (photo,)), by=clerk)
    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    scenario.until("2024-05-27 18:01")
    return case


def questions(scenario: Scenario, case: str) -> dict[str, Callable[[Actor], object]]:
    """Every question that names one thing of the case."""
    read = scenario.engine.read
    [piece] = scenario.rows(sa.select(evidence.c.evidence_id))
    [item] = scenario.rows(sa.select(supervision_items.c.item_id))
    [running] = scenario.rows(sa.select(instances.c.instance_id).where(instances.c.kind == "case"))
    task = scenario.task_of(case, "survey_site")
    return {
        "case": lambda actor: read.case(actor, case),
        "task": lambda actor: read.task(actor, task.task_id),
        "evidence": lambda actor: read.task_evidence(actor, piece["evidence_id"]),
        "diagrams": lambda actor: read.diagrams(actor, running["instance_id"]),
        "item": lambda actor: read.item(actor, item["item_id"]),
    }


@pytest.mark.parametrize("login", SEES_THE_CASE)
def test_a_case_is_shown_to_those_who_work_on_it_or_watch_and_not_found_by_others(
    scenario: Scenario, case: str, login: str
) -> None:
    actor = scenario.person(login)
    found = {}

    for name, ask in questions(scenario, case).items():
        try:
            ask(actor)
            found[name] = True
        except NotFound:
            found[name] = False

    assert found == dict.fromkeys(found, SEES_THE_CASE[login])


@pytest.mark.parametrize("login", SEES_THE_CASE)
def test_lists_counts_and_exports_hold_what_the_person_may_see(scenario: Scenario, case: str, login: str) -> None:
    actor, read = scenario.person(login), scenario.engine.read
    expected = [case] if SEES_THE_CASE[login] else []

    ledger = read.cases(actor, CaseFilter())
    desk = read.desk(actor, DeskFilter())

    assert [row.case_id for row in ledger.rows] == expected and ledger.page.total == len(expected)
    assert [row.case_id for row in read.case_export(actor, CaseFilter())] == expected
    assert read.figures(scenario.campaign, actor=actor).counts["registered"] == len(expected)
    assert [row.case_id for row in desk.rows] == expected
    assert sum(count for _, _, count in desk.by_unit) == len(expected)


@pytest.mark.parametrize(
    ("login", "is_shown"),
    [("gxj1", True), ("ducha1", True), ("lingdao", True), ("chengjiao1", False), ("swj1", False), ("shenji", False)],
)
def test_a_letter_is_shown_to_its_addressee_and_to_the_office(
    scenario: Scenario, case: str, login: str, is_shown: bool
) -> None:
    actor, read = scenario.person(login), scenario.engine.read
    [row] = read.letters(scenario.supervisor, LetterFilter(kind="notice")).rows

    assert [shown.letter_id for shown in read.letters(actor, LetterFilter(kind="notice")).rows] == [
        row.letter_id
    ] * is_shown
    for ask in (
        lambda: read.letter(actor, row.letter_id),
        lambda: read.letter_document(actor, row.letter_id),
        lambda: read.letter_by_number(actor, row.number),
    ):
        if is_shown:
            ask()
        else:
            with pytest.raises(NotFound):
                ask()


@pytest.mark.parametrize("login", [login for login, sees in SEES_THE_CASE.items() if not sees])
def test_a_foreign_task_is_not_found_by_commands_either(scenario: Scenario, case: str, login: str) -> None:
    task = scenario.task_of(case, "survey_site")

    with pytest.raises(NotFound):
        scenario.engine.execute(ClaimTask(task.task_id), by=scenario.person(login))


def test_a_new_role_counts_at_the_next_look(scenario: Scenario, case: str) -> None:
    person_id = scenario.engine.execute(
        AddPerson("xin1", "新来的（演示）", "x", (("officer", "chengjiao"), ("officer", "swj"))), by=SYSTEM
    )

    actor = scenario.engine.read.actor(person_id)

    assert scenario.engine.read.case(actor, case).row.case_id == case
    assert actor.units == {"chengjiao", "swj"} and actor.areas == {"chengjiao"}


@pytest.mark.parametrize("pair", [(one, other) for one in ADMIN_ROLES for other in ADMIN_ROLES if one < other])
def test_nobody_holds_two_of_the_three_administrator_roles(scenario: Scenario, pair: tuple[str, str]) -> None:
    # GB/T 22239-2019 8.1.10: system, security and audit administrators are different people
    with pytest.raises(NotPermitted):
        scenario.engine.execute(AddPerson("x1", "某（演示）", "x", tuple((role, "office") for role in pair)), by=SYSTEM)

    assert scenario.engine.read.login("x1") is None


def test_officers_add_nobody(scenario: Scenario) -> None:
    with pytest.raises(NotPermitted):
        scenario.engine.execute(AddPerson("x1", "某（演示）", "x", (("leader", "office"),)), by=scenario.person("gxj1"))
