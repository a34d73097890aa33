"""What was reviewed is what is signed: template and values stay, and whoever signs is told what has changed since."""

import pytest
import sqlalchemy as sa
import versions
from scenario import Scenario, at

from engine.commands.definitions import Deploy
from engine.commands.drafts import Arrangement, ReviseDraft, StartDraft, WithdrawDraft
from engine.commands.letters import IssueLetters
from engine.commands.tasks import CompleteTask
from engine.domain.actor import SYSTEM
from engine.domain.drafting import Wording
from engine.domain.reviewed import Change
from engine.errors import Invalid
from engine.queries.draft_changes import ChangedLetter, DraftChanges
from engine.store.schema import draft_letters, letters
from web.bootstrap import compose_letter

TEMPLATE = "listed_supervision.html.j2"  # of a kind that says of no case that it is late
SIGNED = {"sign_opinion": "同意，发（演示）", "signer_post": "领导小组办公室主任"}
WORDS = Wording("关于限期办结演示事项的督办函", ("你单位承办的事项已经超期（演示）。",))


@pytest.fixture
def backend() -> str:
    """Nothing here is for the dialect to decide."""
    return "sqlite"


@pytest.fixture
def case(scenario: Scenario) -> str:
    return scenario.register()[0]


@pytest.fixture
def draft_id(scenario: Scenario, case: str) -> str:
    command = StartDraft(scenario.campaign, "listed_supervision", (case,))
    return str(scenario.engine.execute(command, by=scenario.supervisor))


def send(scenario: Scenario) -> None:
    task = scenario.task_of(None, "draft_letter")
    if task.assignee_id is None:
        scenario.claim(task, scenario.supervisor)
    scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)


def review(scenario: Scenario) -> None:
    scenario.complete("review_letter", None, by=scenario.person("ducha2"), review_opinion="已核（演示）")


def sign(scenario: Scenario) -> None:
    scenario.complete("sign_by_leader", None, by=scenario.person("lingdao"), **SIGNED)


def publish_template(scenario: Scenario) -> None:
    files = versions.files("letters")
    files[TEMPLATE] = files[TEMPLATE].replace("整改过程全程".encode(), "（新模板）整改过程全程".encode())
    scenario.engine.execute(Deploy("letters", files), by=SYSTEM)


def printed(scenario: Scenario, draft_id: str) -> str:
    [row] = scenario.rows(sa.select(letters.c.letter_id).where(letters.c.draft_id == draft_id))
    return str(compose_letter(scenario.engine.read.letter_source(row["letter_id"])).body)


def changes(scenario: Scenario, draft_id: str) -> DraftChanges:
    return scenario.engine.read.draft_changes(scenario.person("lingdao"), draft_id)


def test_the_letter_says_what_was_reviewed_whatever_case_and_template_say_at_the_signature(
    scenario: Scenario, case: str, draft_id: str
) -> None:
    send(scenario)
    shown = scenario.engine.read.draft_source(scenario.person("lingdao"), draft_id, 1)
    scenario.survey(case)
    publish_template(scenario)
    scenario.clock.set(at("2024-05-23 10:00"))

    review(scenario)
    still = scenario.engine.read.draft_source(scenario.person("lingdao"), draft_id, 1)
    sign(scenario)

    [row] = scenario.rows(sa.select(letters).where(letters.c.draft_id == draft_id))
    source = scenario.engine.read.letter_source(row["letter_id"])
    signer = f"领导小组办公室主任 {scenario.person('lingdao').name}"
    listing = {"term": "六个月", "until": "2024-11-23"}  # from the day of the letter on
    of_day = {"today": "2024-05-23", "signer": signer, "listing": listing}
    assert source.variables == {**shown.variables, **of_day}
    assert (source.template, still.template) == (shown.template, shown.template)
    assert "原定时限为2024年5月27日" in printed(scenario, draft_id) and "新模板" not in printed(scenario, draft_id)
    assert scenario.engine.read.violations() == ()


def test_who_signs_is_told_field_by_field_what_has_changed(scenario: Scenario, case: str, draft_id: str) -> None:
    send(scenario)
    before = changes(scenario, draft_id)
    scenario.survey(case)
    publish_template(scenario)

    found = changes(scenario, draft_id)

    unit = scenario.engine.read.draft(scenario.supervisor, draft_id).letters[0].units[0]
    assert not before
    assert found == DraftChanges(
        letters=(
            ChangedLetter(
                1,
                unit,
                (
                    Change(case, "整治要求", "what has to be done", "限期办理", "两断三清"),
                    Change(case, "原定时限", "original due date", "2024-05-27", "2024-06-28"),
                    Change(case, "所处阶段", "phase it is in", "排查摸底", "清理整治"),
                ),
                has_own_words=False,
            ),
        ),
        template=(1, 2),
        total=1,
    )


def test_a_writer_who_gets_it_back_renews_it(scenario: Scenario, case: str, draft_id: str) -> None:
    send(scenario)
    scenario.survey(case)
    publish_template(scenario)
    task = scenario.task_of(None, "review_letter")
    scenario.claim(task, scenario.person("ducha2"))
    scenario.engine.execute(
        CompleteTask(task.task_id, {"outcome": "returned", "return_reason": "内容已变（演示）"}),
        by=scenario.person("ducha2"),
    )

    told, renewed = changes(scenario, draft_id), scenario.engine.read.draft_source(scenario.supervisor, draft_id, 1)
    send(scenario)
    after = changes(scenario, draft_id)
    review(scenario)
    sign(scenario)

    assert (told.is_returned, bool(told), bool(after)) == (True, True, False)
    assert "新模板" in renewed.template and renewed.variables["cases"][0]["phase"] == "清理整治"
    assert "原定时限为2024年6月28日" in printed(scenario, draft_id) and "新模板" in printed(scenario, draft_id)


def test_days_overdue_are_counted_to_the_signature_from_the_due_date_that_was_reviewed(
    scenario: Scenario, case: str
) -> None:
    scenario.survey(case)
    due = scenario.engine.read.case(scenario.supervisor, case).row.due_at
    assert due is not None
    scenario.until(due)
    scenario.advance("2wd")
    command = StartDraft(scenario.campaign, "supervision_letter", (case,), arrangement=Arrangement(reason="演示"))
    draft_id = scenario.engine.execute(command, by=scenario.supervisor)
    send(scenario)
    then = scenario.engine.read.draft_source(scenario.supervisor, draft_id, 1).variables["cases"][0]["overdue_days"]
    scenario.advance("3wd")

    now = scenario.engine.read.draft_source(scenario.supervisor, draft_id, 1).variables

    assert (now["cases"][0]["overdue_days"], now["today"]) == (then + 3, f"{scenario.now:%Y-%m-%d}")
    assert not changes(scenario, draft_id)


def test_the_writers_own_words_are_said_to_follow_nothing(scenario: Scenario, case: str, draft_id: str) -> None:
    scenario.engine.execute(ReviseDraft(draft_id, (1,), WORDS), by=scenario.supervisor)
    send(scenario)
    scenario.survey(case)

    [letter] = changes(scenario, draft_id).letters

    assert letter.has_own_words


def test_what_its_writer_signs_at_once_keeps_nothing_aside(scenario: Scenario, case: str) -> None:
    draft_id = scenario.engine.execute(StartDraft(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    scenario.survey(case)
    publish_template(scenario)

    send(scenario)

    kept = scenario.rows(sa.select(draft_letters.c.definition_id, draft_letters.c.variables))
    assert kept == [{"definition_id": None, "variables": None}]
    [row] = scenario.rows(sa.select(letters.c.variables).where(letters.c.draft_id == draft_id))
    assert row["variables"]["cases"][0]["phase"] == "清理整治"
    assert not changes(scenario, draft_id)


# -- who may be written to, looked at again ----------------------------------------------------------------------------
def start(scenario: Scenario, kind: str, *case_ids: str) -> str:
    return str(scenario.engine.execute(StartDraft(scenario.campaign, kind, case_ids), by=scenario.supervisor))


def test_a_case_has_one_open_draft_of_a_kind_and_the_refusal_names_it(
    scenario: Scenario, case: str, draft_id: str
) -> None:
    [other] = scenario.register()

    with pytest.raises(Invalid) as refused:
        start(scenario, "listed_supervision", other, case)

    assert (refused.value.code, list(refused.value.fields["drafts"])) == ("draft_open", [draft_id])
    [problem] = refused.value.problems
    assert case in problem.zh and scenario.supervisor.name in problem.zh and "撤回" in problem.zh
    assert start(scenario, "notice", case) and start(scenario, "listed_supervision", other)
    scenario.engine.execute(WithdrawDraft(draft_id, "演示"), by=scenario.supervisor)
    assert start(scenario, "listed_supervision", case)


def test_a_draft_does_not_leave_its_writer_while_a_letter_of_its_kind_is_open(scenario: Scenario, case: str) -> None:
    start(scenario, "notice", case)
    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)

    with pytest.raises(Invalid) as refused:
        send(scenario)

    assert refused.value.code == "notice_open"


def test_what_was_excluded_meanwhile_is_neither_sent_on_nor_signed(
    scenario: Scenario, case: str, draft_id: str
) -> None:
    [other] = scenario.register()
    send(scenario)
    review(scenario)
    start(scenario, "listed_supervision", other)
    for one in (case, other):
        scenario.survey(one, "exclude")

    for act in (sign, send):
        with pytest.raises(Invalid) as refused:
            act(scenario)
        assert refused.value.code == "case_not_supervised"

    assert scenario.rows(sa.select(letters)) == []
