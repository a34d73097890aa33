"""`verify` finds what was broken past the engine: one planted damage for each thing that it checks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario

from engine.commands.accountability import ArrangeInterview
from engine.commands.drafts import StartDraft
from engine.commands.letter_review import ReturnReply
from engine.commands.letter_service import ReceiveLetter, ReplyLetter
from engine.commands.letters import IssueLetters
from engine.domain.drafting import Wording
from engine.domain.service import Receipt
from engine.queries.verify import CHECKS
from engine.queries.verify_guards import commits_are_durable
from engine.store import schema as db
from engine.store.transaction import Reader

Damage = Callable[[Any], object]


@contextmanager
def unguarded(scenario: Scenario) -> Iterator[Any]:
    """A raw connection before which the triggers and the unique index of open items have fallen."""
    with scenario.raw() as connection:
        if connection.dialect.name == "sqlite":
            for name in (
                connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type='trigger'")).scalars().all()
            ):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            for table in db.metadata.tables:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.exec_driver_sql("DROP INDEX uq_supervision_items_open")
        yield connection


def three_cases(scenario: Scenario) -> None:
    """One case struck off, one late with its ladder begun, one excluded; letters with their documents."""
    done, late, excluded = scenario.register(3)
    scenario.survey(done)
    scenario.clean_up(done)
    scenario.accept(done)
    scenario.survey(late)
    scenario.survey(excluded, "exclude")
    scenario.until("2024-06-28 18:01")
    scenario.engine.execute(
        IssueLetters(scenario.campaign, "notice", (late,), reason="越级（演示）"), by=scenario.supervisor
    )
    scenario.work()
    answer_one(scenario, late)
    scenario.engine.execute(ArrangeInterview(scenario.campaign, "gxj", "进度滞后（演示）"), by=scenario.supervisor)
    wording = Wording("关于演示的通知", ("请遵照执行（演示）。",))
    draft = StartDraft(scenario.campaign, "notice", unit_ids=("zrzyj",), bundle="joint", wording=wording)
    scenario.engine.execute(draft, by=scenario.supervisor)
    assert scenario.engine.read.violations() == ()


def answer_one(scenario: Scenario, case_id: str) -> None:
    """One letter of the case signed for, replied to and returned."""
    read, office = scenario.engine.read, scenario.supervisor
    letter_id = next(letter.letter_id for letter in read.case(office, case_id).letters if letter.state == "ISSUED")
    unit = scenario.person(f"{read.letter(office, letter_id).row.unit_id}1")
    scenario.engine.execute(ReceiveLetter(letter_id, Receipt("李四（演示）", "收文员（演示）")), by=unit)
    scenario.engine.execute(ReplyLetter(letter_id, "已落实（演示）"), by=unit)
    scenario.engine.execute(ReturnReply(letter_id, "materials", "缺照片（演示）"), by=office)


@pytest.fixture
def story(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=three_cases)


def first(connection: Any, table: sa.Table, *where: Any) -> Any:
    return connection.execute(sa.select(table).where(*where).order_by(*table.primary_key)).mappings().first()


def withdraw_a_live_task(connection: Any) -> None:
    task = first(connection, db.tasks, db.tasks.c.state == "OPEN")
    connection.execute(db.tasks.update().where(db.tasks.c.task_id == task["task_id"]).values(state="CANCELLED"))


def forget_a_timer(connection: Any) -> None:
    timer = first(connection, db.jobs, db.jobs.c.kind == "timer", db.jobs.c.state == "OPEN")
    connection.execute(db.jobs.update().where(db.jobs.c.job_id == timer["job_id"]).values(state="DONE"))


def forget_a_wait(connection: Any) -> None:
    connection.execute(db.waits.delete())


def change_a_state(connection: Any) -> None:
    running = first(connection, db.instances, db.instances.c.state == "ACTIVE")
    blob = bytearray(running["blob"])
    blob[len(blob) // 2] ^= 1
    row = db.instances.c.instance_id == running["instance_id"]
    connection.execute(db.instances.update().where(row).values(blob=bytes(blob)))


def end_a_running_instance(connection: Any) -> None:
    task = first(connection, db.tasks, db.tasks.c.state == "OPEN")
    row = db.instances.c.instance_id == task["instance_id"]
    connection.execute(db.instances.update().where(row).values(state="COMPLETED"))


def tell_a_completion_twice(connection: Any) -> None:
    fact = dict(first(connection, db.facts, db.facts.c.kind == "TaskCompleted"))
    del fact["fact_id"]
    connection.execute(db.facts.insert().values(**fact))


def keep_a_completion_quiet(connection: Any) -> None:
    fact = first(connection, db.facts, db.facts.c.kind == "TaskCompleted")
    connection.execute(db.fact_chain.delete().where(db.fact_chain.c.fact_id == fact["fact_id"]))
    connection.execute(db.facts.delete().where(db.facts.c.fact_id == fact["fact_id"]))


def take_a_number_for_nothing(connection: Any) -> None:
    connection.execute(db.counters.update().values(last_serial=db.counters.c.last_serial + 1))


def skip_a_number(connection: Any) -> None:
    letter = first(connection, db.letters)
    row = db.letters.c.letter_id == letter["letter_id"]
    connection.execute(db.letters.update().where(row).values(serial=99, number="演示〔2024〕99号"))


def lose_every_letter_of_an_organ(connection: Any) -> None:
    connection.execute(db.counters.insert().values(organ_code="另一机关", year=2024, last_serial=3))


def change_a_document(connection: Any) -> None:
    connection.execute(db.blobs.update().values(content=b"%PDF another"))


def lose_a_document(connection: Any) -> None:
    connection.execute(db.letter_signatures.delete())
    connection.execute(db.letter_documents.delete())


def withdraw_the_job_of_a_letter(connection: Any) -> None:
    lose_a_document(connection)
    connection.execute(db.jobs.update().where(db.jobs.c.kind == "letter").values(state="CANCELLED"))


def fail_in_silence(connection: Any) -> None:
    job = first(connection, db.jobs, db.jobs.c.state == "DONE")
    connection.execute(db.jobs.update().where(db.jobs.c.job_id == job["job_id"]).values(state="FAILED"))


def watch_a_task_twice(connection: Any) -> None:
    item = first(connection, db.supervision_items, db.supervision_items.c.state == "OPEN")
    connection.execute(db.supervision_items.insert().values(**{**item, "item_id": "twin"}))


def rewrite_a_case(connection: Any) -> None:
    connection.execute(db.cases.update().where(db.cases.c.disposition == "close").values(disposition="rectify"))


def rewrite_history(connection: Any) -> None:
    fact = first(connection, db.facts, db.facts.c.kind == "MilestoneReached")
    row = db.facts.c.fact_id == fact["fact_id"]
    detail = {**fact["detail"], "changes": {**fact["detail"]["changes"], "surveyed_at": "2024-01-01T00:00:00+00:00"}}
    connection.execute(db.facts.update().where(row).values(detail=detail))


def say_that_another_did_it(connection: Any) -> None:
    sealed = first(connection, db.fact_chain)
    row = db.facts.c.fact_id == sealed["fact_id"]
    connection.execute(db.facts.update().where(row).values(person="别人（演示）"))


def make_a_checkpoint_by_hand(connection: Any) -> None:
    connection.execute(db.checkpoints.update().where(db.checkpoints.c.number == 1).values(mac="0" * 64))


def finish_an_excluded_case(connection: Any) -> None:
    excluded = db.cases.c.state == "EXCLUDED"
    connection.execute(db.cases.update().where(excluded).values(done_at=db.cases.c.excluded_at))
    connection.execute(db.case_tallies.update().where(db.case_tallies.c.state == "EXCLUDED").values(is_done=True))


def forget_a_counter(connection: Any) -> None:
    row = first(connection, db.case_tallies)
    connection.execute(db.case_tallies.delete().where(db.case_tallies.c.tally_id == row["tally_id"]))


def offer_a_task_that_is_over(connection: Any) -> None:
    connection.execute(db.task_groups.update().where(db.task_groups.c.state.is_(None)).values(state="OPEN"))


def move_a_case_in_the_ledger(connection: Any) -> None:
    connection.execute(db.cases.update().where(db.cases.c.state == "EXCLUDED").values(ledger_rank=0))


def lose_the_triggers(connection: Any) -> None:
    """`unguarded` has done it."""


def fire_a_timer_twice(connection: Any) -> None:
    fact = dict(first(connection, db.facts, db.facts.c.kind == "TimerFired"))
    del fact["fact_id"]
    connection.execute(db.facts.insert().values(**fact))


def unfire_a_timer(connection: Any) -> None:
    fact = first(connection, db.facts, db.facts.c.kind == "TimerFired")
    row = db.jobs.c.job_id == fact["detail"]["job"]
    connection.execute(db.jobs.update().where(row).values(state="CANCELLED"))


def complete_before_opening(connection: Any) -> None:
    task = first(connection, db.tasks, db.tasks.c.state == "COMPLETED")
    row = db.tasks.c.task_id == task["task_id"]
    connection.execute(db.tasks.update().where(row).values(completed_at=task["opened_at"] - timedelta(days=1)))


def hold_what_has_fired(connection: Any) -> None:
    fact = first(connection, db.facts, db.facts.c.kind == "TimerFired")
    connection.execute(
        db.incidents.insert().values(
            incident_id="a hold",
            kind="clock",
            element_id="forward",
            message="",
            raised_at=fact["at"] - timedelta(seconds=1),
        )
    )


def sign_in_another_name(connection: Any) -> None:
    connection.execute(db.letter_receipts.update().values(person="另一人（演示）"))


def forget_that_a_reply_was_late(connection: Any) -> None:
    connection.execute(db.letter_replies.update().values(is_late=True))


def lose_a_review(connection: Any) -> None:
    connection.execute(db.letter_reviews.delete())


def move_the_time_to_reply(connection: Any) -> None:
    row = first(connection, db.letter_services, db.letter_services.c.reply_due_at.is_not(None))
    moved = row["reply_due_at"] + timedelta(days=1)
    letter = db.letter_services.c.letter_id == row["letter_id"]
    connection.execute(db.letter_services.update().where(letter).values(reply_due_at=moved))


def call_a_letter_received(connection: Any) -> None:
    connection.execute(
        db.letter_services.update().where(db.letter_services.c.state == "ISSUED").values(state="RECEIVED")
    )


def lose_the_digests_of_a_document(connection: Any) -> None:
    row = first(connection, db.letter_signatures)
    connection.execute(db.letter_signatures.delete().where(db.letter_signatures.c.letter_id == row["letter_id"]))


def give_a_document_the_digest_of_another(connection: Any) -> None:
    row = first(connection, db.letter_signatures)
    same = db.letter_signatures.c.letter_id == row["letter_id"]
    connection.execute(db.letter_signatures.update().where(same).values(sha256="0" * 64))


def correct_a_letter_twice(connection: Any) -> None:
    corrected = first(connection, db.letters)["letter_id"]
    others = db.letters.c.letter_id != corrected
    assert connection.execute(db.letters.update().where(others).values(corrects_id=corrected)).rowcount > 1


def cancel_behind_its_row(connection: Any, kind: str) -> None:
    found = connection.execute(db.instances.update().where(db.instances.c.kind == kind).values(state="CANCELLED"))
    assert found.rowcount == 1


def keep_a_cancelled_talk_waiting(connection: Any) -> None:
    cancel_behind_its_row(connection, "interview")


def keep_a_draft_of_a_cancelled_approval(connection: Any) -> None:
    cancel_behind_its_row(connection, "letter")


PLANTED: list[tuple[str, Damage]] = [
    ("tokens_match_rows", withdraw_a_live_task),
    ("tokens_match_rows", forget_a_timer),
    ("tokens_match_rows", forget_a_wait),
    ("tokens_match_rows", change_a_state),
    ("ended_instances_hold_nothing", end_a_running_instance),
    ("completions_are_single", tell_a_completion_twice),
    ("completions_are_single", keep_a_completion_quiet),
    ("numbers_have_no_gaps", take_a_number_for_nothing),
    ("numbers_have_no_gaps", skip_a_number),
    ("numbers_have_no_gaps", lose_every_letter_of_an_organ),
    ("documents_are_whole", change_a_document),
    ("letters_have_a_document_or_a_job", lose_a_document),
    ("letters_have_a_document_or_a_job", withdraw_the_job_of_a_letter),
    ("failed_jobs_have_an_incident", fail_in_silence),
    ("one_open_item_per_task", watch_a_task_twice),
    ("facts_rebuild_the_cases", rewrite_a_case),
    ("facts_rebuild_the_cases", rewrite_history),
    ("figures_reconcile", finish_an_excluded_case),
    ("counters_equal_a_full_count", forget_a_counter),
    ("counters_equal_a_full_count", rewrite_a_case),
    ("offers_repeat_their_tasks", offer_a_task_that_is_over),
    ("cases_have_their_rank", move_a_case_in_the_ledger),
    ("cancelled_matters_are_over", keep_a_cancelled_talk_waiting),
    ("cancelled_matters_are_over", keep_a_draft_of_a_cancelled_approval),
    ("letters_stand_where_their_records_say", sign_in_another_name),
    ("letters_stand_where_their_records_say", forget_that_a_reply_was_late),
    ("letters_stand_where_their_records_say", lose_a_review),
    ("letters_stand_where_their_records_say", move_the_time_to_reply),
    ("letters_stand_where_their_records_say", call_a_letter_received),
    ("documents_have_their_digests", lose_the_digests_of_a_document),
    ("documents_have_their_digests", give_a_document_the_digest_of_another),
    ("letters_have_one_correction", correct_a_letter_twice),
    ("guards_are_in_place", lose_the_triggers),
    ("record_is_chained", say_that_another_did_it),
    ("record_is_chained", make_a_checkpoint_by_hand),
    ("timers_fire_once", fire_a_timer_twice),
    ("timers_fire_once", unfire_a_timer),
    ("time_runs_forward", complete_before_opening),
    ("nothing_fires_while_held", hold_what_has_fired),
]


@pytest.mark.parametrize(("invariant", "damage"), PLANTED, ids=[damage.__name__ for _, damage in PLANTED])
def test_planted_damage_is_found(story: Scenario, invariant: str, damage: Damage) -> None:
    with unguarded(story) as connection:
        damage(connection)

    found = story.engine.read.violations()

    assert invariant in {violation.invariant for violation in found}, found
    assert all(violation.what for violation in found)


def test_every_check_has_a_damage_that_it_finds() -> None:
    assert {invariant for invariant, _ in PLANTED} | {"commits_are_durable"} == set(CHECKS)


def test_a_connection_that_may_lose_commits_is_found(story: Scenario) -> None:
    with story.engine.database.read() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        reader = Reader(connection, story.now, b"")
        assert commits_are_durable(reader) == []
    with story.engine.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA recursive_triggers=0" if is_sqlite else "SET synchronous_commit = off")

        assert len(commits_are_durable(Reader(connection, story.now, b""))) == 1


def test_the_constraints_of_a_database_are_missed_when_they_are_gone(story: Scenario) -> None:
    with story.raw() as connection:
        connection.exec_driver_sql("DROP INDEX uq_supervision_items_open")

    found = story.engine.read.violations()

    assert [violation.what for violation in found] == [
        "table supervision_items has lost its unique index uq_supervision_items_open"
    ]
