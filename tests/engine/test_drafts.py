"""Letters before their number: drafts, review, countersigning, signature; who may be directed."""

from datetime import date

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, at, quiet_plan

from engine.commands.drafts import (
    ArrangeDraft,
    Arrangement,
    ReviseDraft,
    StartDraft,
    WithdrawDraft,
)
from engine.commands.instances import CancelInstance
from engine.commands.letters import IssueLetters
from engine.commands.tasks import ClaimTask, CompleteTask, SendBackTask
from engine.domain.drafting import Consent, Wording
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.queries.work import LiveTask
from engine.store.schema import draft_texts, letter_drafts, letters
from web.bootstrap import compose_letter

WORDS = Wording("关于限期办结演示事项的督办函", ("你单位承办的事项已经超期（演示）。", "1.请立即办理。"))
SIGNED = {"sign_opinion": "同意，发（演示）", "signer_post": "领导小组办公室主任"}


def start(scenario: Scenario, *case_ids: str, kind: str = "listed_supervision", **more: object) -> str:
    command = StartDraft(scenario.campaign, kind, tuple(case_ids), **more)  # type: ignore[arg-type]
    return str(scenario.engine.execute(command, by=scenario.supervisor))


def state(scenario: Scenario, draft_id: str) -> str:
    [row] = scenario.rows(sa.select(letter_drafts.c.state).where(letter_drafts.c.draft_id == draft_id))
    return str(row["state"])


def do(scenario: Scenario, element_id: str, login: str, **variables: object) -> None:
    """Claim, unless it is theirs already, and complete the step of this name that is offered to the person."""
    actor = scenario.person(login)
    [task] = [
        task
        for task in scenario.tasks()
        if task.element_id == element_id and any(actor.is_member(role, unit) for role, unit in task.groups)
    ]
    if task.assignee_id is None:
        scenario.engine.execute(ClaimTask(task.task_id), by=actor)
    scenario.engine.execute(CompleteTask(task.task_id, dict(variables)), by=actor)


def send(scenario: Scenario) -> None:
    do(scenario, "draft_letter", "ducha1", draft_note="演示")


def review(scenario: Scenario) -> None:
    do(scenario, "review_letter", "ducha2", review_opinion="已核（演示）")


def sign(scenario: Scenario) -> None:
    do(scenario, "sign_by_leader", "lingdao", **SIGNED)


def of_drafts(scenario: Scenario) -> list[LiveTask]:
    return [task for task in scenario.tasks() if task.case_id is None]


def letters_of(scenario: Scenario, draft_id: str) -> list[dict[str, object]]:
    return scenario.rows(sa.select(letters).where(letters.c.draft_id == draft_id).order_by(letters.c.serial))


def test_a_draft_goes_from_its_writer_over_a_reviewer_to_the_signer_who_dates_and_numbers_it(
    scenario: Scenario,
) -> None:
    [case] = scenario.register()

    draft_id = start(scenario, case)
    states = [state(scenario, draft_id)]
    send(scenario)
    states.append(state(scenario, draft_id))
    review(scenario)
    states.append(state(scenario, draft_id))
    scenario.clock.set(at("2024-05-22 23:30"))
    sign(scenario)
    states.append(state(scenario, draft_id))

    assert states == ["DRAFT", "REVIEWING", "SIGNING", "SIGNED"]
    [letter] = letters_of(scenario, draft_id)
    assert (letter["number"], letter["issued_on"], letter["signed_by"], letter["opinion"]) == (
        "临散乱污办挂督〔2024〕1号",
        date(2024, 5, 22),
        f"领导小组办公室主任 {scenario.person('lingdao').name}",
        "同意，发（演示）",
    )
    scenario.work()

    assert not scenario.facts("IncidentRaised")
    assert scenario.engine.read.violations() == ()


def test_the_writer_does_not_review_or_sign_the_own_draft(scenario: Scenario) -> None:
    [case] = scenario.register()
    start(scenario, case)
    send(scenario)

    task = scenario.task_of(None, "review_letter")
    with pytest.raises(NotPermitted) as refused:
        scenario.engine.execute(ClaimTask(task.task_id), by=scenario.supervisor)

    assert refused.value.code == "separation"


def test_what_is_sent_back_goes_to_the_writer_with_the_reason(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case)
    send(scenario)
    task = scenario.task_of(None, "review_letter")
    reviewer = scenario.claim(task, scenario.person("ducha2"))

    scenario.engine.execute(SendBackTask(task.task_id, "依据不足（演示）"), by=reviewer)

    assert state(scenario, draft_id) == "RETURNED"
    assert scenario.facts("TaskReturned")[-1]["detail"]["reason"] == "依据不足（演示）"
    scenario.engine.execute(ReviseDraft(draft_id, (1,), WORDS), by=scenario.supervisor)
    send(scenario)
    assert state(scenario, draft_id) == "REVIEWING"


def test_every_version_of_the_words_is_kept_and_the_newest_is_printed(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case)
    second = Wording(WORDS.title, (*WORDS.lines, "2.请查明原因。"))

    for wording in (WORDS, WORDS, second):  # the same words again are no version
        scenario.engine.execute(ReviseDraft(draft_id, (1,), wording), by=scenario.supervisor)
    send(scenario)
    with pytest.raises(Rejected):
        scenario.engine.execute(ReviseDraft(draft_id, (1,), WORDS), by=scenario.supervisor)
    review(scenario)
    sign(scenario)

    kept = scenario.rows(sa.select(draft_texts.c.version, draft_texts.c.lines).order_by(draft_texts.c.version))
    assert kept == [
        {"version": 1, "lines": list(WORDS.lines)},
        {"version": 2, "lines": list(second.lines)},
    ]
    [letter] = letters_of(scenario, draft_id)
    assert scenario.engine.read.letter_source(letter["letter_id"]).wording == second


@pytest.mark.parametrize(
    ("wording", "where"),
    [
        (Wording("", ("正文",)), "title"),
        (Wording("标题", ()), "text"),
        (Wording("题" * 201, ("正文",)), "title"),
        (Wording("标题", ("字" * 20_001,)), "text"),
    ],
)
def test_words_that_cannot_be_printed_are_refused(scenario: Scenario, wording: Wording, where: str) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case)

    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(ReviseDraft(draft_id, (1,), wording), by=scenario.supervisor)

    assert [problem.where for problem in refused.value.problems] == [where]


def test_units_countersign_side_by_side_and_one_that_disagrees_stops_it(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case, arrangement=Arrangement(countersigners=("gxj", "sthj")))
    send(scenario)
    review(scenario)
    assert state(scenario, draft_id) == "COUNTERSIGNING"
    assert sorted({unit for task in of_drafts(scenario) for _, unit in task.groups}) == ["gxj", "sthj"]

    do(scenario, "countersign_letter", "gxj1", countersign_result="agree", countersign_post="科长")
    do(
        scenario,
        "countersign_letter",
        "sthj1",
        countersign_result="disagree",
        countersign_reason="数字有出入（演示）",
        countersign_post="科长",
    )

    assert state(scenario, draft_id) == "RETURNED"
    send(scenario)
    review(scenario)
    for login in ("gxj1", "sthj1"):
        do(scenario, "countersign_letter", login, countersign_result="agree", countersign_post="科长")
    assert state(scenario, draft_id) == "SIGNING"
    sign(scenario)
    assert len(letters_of(scenario, draft_id)) == 1


def test_the_countersigners_that_are_asked_are_those_of_the_last_arrangement(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case)

    scenario.engine.execute(
        ArrangeDraft(draft_id, Arrangement(countersigners=("swj",), reply_term="10wd")), by=scenario.supervisor
    )
    send(scenario)
    review(scenario)

    assert {unit for task in of_drafts(scenario) for _, unit in task.groups} == {"swj"}


def test_a_kind_that_others_sign_is_not_issued_from_the_desk(scenario: Scenario) -> None:
    [case] = scenario.register()

    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(
            IssueLetters(scenario.campaign, "supervision_letter", (case,), reason="演示"), by=scenario.supervisor
        )

    assert (refused.value.code, refused.value.problems[0].where) == ("needs_signing", "kind")
    assert "送签" in refused.value.problems[0].zh


@pytest.mark.parametrize("kind", ["summons", "minutes", "referral", "service_receipt"])
def test_what_has_a_process_of_its_own_is_not_drafted_by_hand(scenario: Scenario, kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        start(scenario, kind=kind, unit_ids=("gxj",), wording=WORDS)

    assert [problem.where for problem in refused.value.problems] == ["kind"]
    assert scenario.rows(sa.select(letter_drafts)) == []


def test_a_kind_that_its_writer_signs_is_numbered_when_the_draft_is_sent(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case, kind="urge")

    send(scenario)

    [letter] = letters_of(scenario, draft_id)
    assert (letter["number"], letter["signed_by"], state(scenario, draft_id)) == (
        "临散乱污办催〔2024〕1号",
        scenario.supervisor.name,
        "SIGNED",
    )


def test_a_withdrawn_draft_takes_no_number_and_closes_its_tasks(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case)
    send(scenario)

    with pytest.raises(NotPermitted):
        scenario.engine.execute(WithdrawDraft(draft_id, "不发了（演示）"), by=scenario.person("ducha2"))
    with pytest.raises(Invalid):
        scenario.engine.execute(WithdrawDraft(draft_id, " "), by=scenario.supervisor)
    scenario.engine.execute(WithdrawDraft(draft_id, "不发了（演示）"), by=scenario.supervisor)

    assert state(scenario, draft_id) == "WITHDRAWN"
    assert of_drafts(scenario) == []
    assert letters_of(scenario, draft_id) == []
    with pytest.raises(Rejected):
        scenario.engine.execute(WithdrawDraft(draft_id, "再撤（演示）"), by=scenario.supervisor)
    assert scenario.engine.read.violations() == ()


def test_a_draft_whose_process_is_cancelled_is_withdrawn(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case)
    [row] = scenario.rows(sa.select(letter_drafts.c.instance_id))

    scenario.engine.execute(CancelInstance(row["instance_id"], "演示"), by=scenario.supervisor)

    assert state(scenario, draft_id) == "WITHDRAWN"


def test_the_unit_concerned_does_not_see_what_is_being_decided_about_it(scenario: Scenario) -> None:
    [case] = scenario.register()
    draft_id = start(scenario, case)

    with pytest.raises(NotFound):
        scenario.engine.read.draft(scenario.person("gxj1"), draft_id)
    with pytest.raises(NotPermitted):
        scenario.engine.execute(StartDraft(scenario.campaign, "urge", (case,)), by=scenario.person("gxj1"))


# -- who may direct whom (若干规定 2024 item 1; 条例 s. 16) ---------------------------------------------------
CONSENT = Consent("市政府", "演示〔2024〕8号", "2024-05-19")
TO_TOWNS = {"unit_ids": ("nanlong", "zheqiao"), "bundle": "joint", "wording": WORDS}


@pytest.fixture
def strict(new_scenario: NewScenario) -> Scenario:
    """A campaign whose office has no standing consent of the government."""
    head, _, rest = quiet_plan().partition(b"[office.consent]")
    return new_scenario(plan=head + rest[rest.index(b"[leading_group]") :])


def test_the_office_does_not_direct_a_town_by_itself_and_is_told_the_way_out(strict: Scenario) -> None:
    with pytest.raises(Invalid) as refused:
        start(strict, kind="notice", **TO_TOWNS)

    [problem] = refused.value.problems
    assert problem.where == "consent"
    assert "南龙镇、折桥镇" in problem.zh and "经市政府同意" in problem.zh and "政府办公室" in problem.zh
    assert strict.rows(sa.select(letter_drafts.c.draft_id)) == []


def test_with_the_consent_on_record_it_goes_and_the_text_says_so(strict: Scenario) -> None:
    draft_id = start(strict, kind="notice", arrangement=Arrangement(consent=CONSENT), **TO_TOWNS)

    do(strict, "draft_letter", "ducha1")

    [letter] = letters_of(strict, draft_id)
    composed = compose_letter(strict.engine.read.letter_source(letter["letter_id"]))
    assert letter["consent"] == CONSENT.to_json()
    assert composed.addressees == ("南龙镇", "折桥镇")
    assert composed.body[0].text == f"经市政府同意（2024年5月19日，演示〔2024〕8号），{WORDS.lines[0]}"


def test_a_department_is_directed_without_anybodys_consent(strict: Scenario) -> None:
    draft_id = start(strict, kind="notice", unit_ids=("gxj", "sthj"), bundle="unit", wording=WORDS)

    do(strict, "draft_letter", "ducha1")

    assert [(letter["unit_id"], letter["serial"], letter["consent"]) for letter in letters_of(strict, draft_id)] == [
        ("gxj", 1, None),
        ("sthj", 2, None),
    ]


@pytest.mark.parametrize(
    ("consent", "where"),
    [
        (Consent("", "8号", "2024-05-19"), ["consent_by"]),
        (Consent("市政府", " ", "2024-05-19"), ["consent_number"]),
        (Consent("市政府", "8号", "2024-05-21"), ["consent_on"]),  # tomorrow
        (Consent("市政府", "8号", "五月"), ["consent_on"]),
        (Consent("市政府", "8号", "0001-01-01"), ["consent_on"]),
        (Consent("市政府", "8号", "2022-12-31"), ["consent_on"]),  # a year before the campaign's is still plausible
    ],
)
def test_a_consent_names_who_which_and_when(strict: Scenario, consent: Consent, where: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        start(strict, kind="notice", arrangement=Arrangement(consent=consent), **TO_TOWNS)

    assert [problem.where for problem in refused.value.problems] == where


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"kind": "no such kind"}, "kind"),
        ({"unit_ids": ()}, "unit_ids"),
        ({"unit_ids": ("nowhere",)}, "unit_ids"),
        ({"unit_ids": ("office",)}, "unit_ids"),
        ({"bundle": "case"}, "bundle"),
        ({"wording": None}, "text"),
        ({"arrangement": Arrangement(layout="no such layout")}, "layout"),
        ({"arrangement": Arrangement(reply_term="soon")}, "reply_term"),
        ({"arrangement": Arrangement(reason="长" * 501)}, "reason"),
        ({"arrangement": Arrangement(countersigners=("nowhere",))}, "countersigners"),
        ({"kind": "circular"}, "countersigners"),  # letter_route.dmn: must be countersigned
    ],
)
def test_what_cannot_become_a_letter_is_refused_where_it_is_wrong(
    scenario: Scenario, more: dict[str, object], where: str
) -> None:
    wanted = {"kind": "notice", "unit_ids": ("gxj",), "bundle": "joint", "wording": WORDS} | more

    with pytest.raises(Invalid) as refused:
        start(scenario, **wanted)  # type: ignore[arg-type]

    assert [problem.where for problem in refused.value.problems] == [where]
