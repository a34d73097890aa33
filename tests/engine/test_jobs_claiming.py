"""Who gets which job: by batch and by id, in order, one at a time, and at what price when nothing is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import Scenario, fake_letter

from engine.commands.jobs import ClaimJob, ClaimJobs, CompleteJob, DispatchJobs, GiveBackJobs, RunJob
from engine.commands.letters import IssueLetters
from engine.domain.actor import SYSTEM
from engine.domain.job import ATTEMPTS, BACK_OFF_MINUTES, LEASE_SECONDS, Job, JobResult
from engine.queries import Read
from engine.store.schema import incidents, jobs, letter_documents
from engine.worker import Worker

STATES = sa.select(jobs.c.state, sa.func.count().label("count")).where(jobs.c.kind == "letter").group_by(jobs.c.state)
LETTERS = sa.select(jobs).where(jobs.c.kind == "letter").order_by(jobs.c.job_id)


def issue(scenario: Scenario, count: int) -> list[str]:
    """So many letter jobs. Returns the ids of the letters."""
    cases = scenario.register(count)
    command = IssueLetters(scenario.campaign, "notice", tuple(cases))
    return list(scenario.engine.execute(command, by=scenario.supervisor))


def arm(scenario: Scenario, count: int) -> None:
    """So many timers far in the future, beside those there are."""
    with scenario.raw() as connection:
        connection.execute(
            jobs.insert(),
            [
                {
                    "job_id": f"far-{number:06d}",
                    "kind": "timer",
                    "name": "far",
                    "payload": {},
                    "state": "OPEN",
                    "due_at": scenario.now + timedelta(days=30, seconds=number),
                    "attempts_left": ATTEMPTS,
                    "created_at": scenario.now,
                    "fence": 0,
                }
                for number in range(count)
            ],
        )
        connection.execute(sa.text("ANALYZE"))


@contextmanager
def statements(scenario: Scenario) -> Iterator[list[tuple[str, Any]]]:
    """Every statement with its parameters, as the database gets it."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        heard.append((statement, parameters))

    sa.event.listen(scenario.engine.database.engine, "before_cursor_execute", hear)
    yield heard
    sa.event.remove(scenario.engine.database.engine, "before_cursor_execute", hear)


def plan_of(scenario: Scenario, statement: str, parameters: Any) -> str:
    """How the database goes about it."""
    word = "EXPLAIN QUERY PLAN" if scenario.engine.database.is_sqlite else "EXPLAIN"
    with scenario.engine.database.engine.connect() as connection:
        return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{word} {statement}", parameters))


LOOKS = {
    "is due": lambda scenario: scenario.engine.read.work_is_due(),
    "claim": lambda scenario: scenario.engine.execute(ClaimJobs(), by=SYSTEM),
    "is to dispatch": lambda scenario: scenario.engine.read.work_is_to_dispatch(),
    "dispatch": lambda scenario: scenario.engine.execute(DispatchJobs(), by=SYSTEM),
    "next": lambda scenario: scenario.engine.read.next_due_at(),
}


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_due_is_found_by_the_partial_index(scenario: Scenario, look: str) -> None:
    arm(scenario, 3000)
    scenario.engine.watch_clock()

    with statements(scenario) as heard:
        LOOKS[look](scenario)

    plans = [plan_of(scenario, *one) for one in heard if "jobs" in one[0]]
    assert [plan for plan in plans if "ix_jobs_due" in plan]
    assert not [plan for plan in plans if "SCAN jobs\n" in f"{plan}\n" or "Seq Scan on jobs" in plan]


def test_a_tick_with_nothing_due_looks_and_writes_nothing(scenario: Scenario) -> None:
    arm(scenario, 300)
    scenario.work()  # the first look of the minute is over

    with statements(scenario) as heard:
        assert scenario.worker.run_once() == 0

    texts = [statement for statement, _ in heard]
    assert not [one for one in texts if one.startswith(("BEGIN IMMEDIATE", "UPDATE", "INSERT", "DELETE", "WITH"))]
    assert len([one for one in texts if one.startswith("SELECT")]) == 2  # the demo's offset, and what is due


def test_a_batch_comes_in_the_order_of_the_due_instants_with_an_attempt_taken(scenario: Scenario) -> None:
    scenario.register(3)
    scenario.clock.advance(timedelta(days=30))

    claimed = scenario.engine.execute(ClaimJobs(4), by=SYSTEM)

    assert [(job.due_at, job.job_id) for job in claimed] == sorted((job.due_at, job.job_id) for job in claimed)
    assert {(job.attempts_left, job.fence) for job in claimed} == {(ATTEMPTS - 1, 1)}
    assert len(claimed) == 4
    others = scenario.engine.execute(ClaimJobs(100), by=SYSTEM)
    assert {job.job_id for job in claimed} & {job.job_id for job in others} == set()


def test_a_job_is_claimed_by_its_id_once(scenario: Scenario) -> None:
    issue(scenario, 1)
    [(job_id, kind)] = scenario.engine.execute(DispatchJobs(), by=SYSTEM)

    first = scenario.engine.execute(ClaimJob(job_id), by=SYSTEM)
    second = scenario.engine.execute(ClaimJob(job_id), by=SYSTEM)

    assert (kind, first.job_id, first.attempts_left, first.fence) == ("letter", job_id, ATTEMPTS - 1, 1)
    assert second is None
    assert scenario.engine.execute(ClaimJob("no such job"), by=SYSTEM) is None
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    again = scenario.engine.execute(ClaimJob(job_id), by=SYSTEM)
    assert (again.fence, again.attempts_left) == (2, ATTEMPTS - 2)


def test_an_id_is_handed_out_once_and_again_when_it_was_lost(scenario: Scenario) -> None:
    issue(scenario, 3)

    handed = scenario.engine.execute(DispatchJobs(2, seconds=300), by=SYSTEM)
    rest = scenario.engine.execute(DispatchJobs(2, seconds=300), by=SYSTEM)

    assert (len(handed), len(rest), len({*handed, *rest})) == (2, 1, 3)
    assert scenario.engine.read.work_is_due() and not scenario.engine.read.work_is_to_dispatch()
    assert scenario.engine.execute(DispatchJobs(), by=SYSTEM) == []
    scenario.clock.advance(timedelta(seconds=301))
    assert scenario.engine.read.work_is_to_dispatch()
    assert scenario.engine.execute(DispatchJobs(), by=SYSTEM) == [*handed, *rest]


def test_a_job_left_by_a_dead_worker_is_handed_out_again_and_given_up_at_last(scenario: Scenario) -> None:
    issue(scenario, 1)

    for _ in range(ATTEMPTS):
        [(job_id, _kind)] = scenario.engine.execute(DispatchJobs(seconds=60), by=SYSTEM)
        assert scenario.engine.execute(ClaimJob(job_id), by=SYSTEM) is not None
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    assert scenario.engine.execute(DispatchJobs(), by=SYSTEM) == []
    assert [row["state"] for row in scenario.rows(LETTERS)] == ["FAILED"]
    assert [incident.kind for incident in scenario.engine.read.incidents(SYSTEM)] == ["letter"]


def test_a_held_job_is_nobodys(scenario: Scenario) -> None:
    issue(scenario, 1)
    with scenario.raw() as connection:
        connection.execute(jobs.update().values(held_at=scenario.now))
    [row] = scenario.rows(LETTERS)

    claimed = [
        scenario.engine.execute(command, by=SYSTEM)
        for command in (ClaimJobs(), ClaimJob(row["job_id"]), DispatchJobs())
    ]

    assert claimed == [[], None, []]
    assert not scenario.engine.read.work_is_due()


def test_what_is_given_back_has_lost_no_attempt(scenario: Scenario) -> None:
    issue(scenario, 2)
    [first, second] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)

    given = scenario.engine.execute(GiveBackJobs(((first.job_id, first.fence), (second.job_id, 99))), by=SYSTEM)

    assert given == 1  # the other was not this worker's
    assert [(row["state"], row["attempts_left"]) for row in scenario.rows(LETTERS)] == [
        ("OPEN", ATTEMPTS), ("LEASED", ATTEMPTS - 1)
    ]  # fmt: skip
    late = JobResult(document=b"%PDF late", pages=1, title="late")
    assert scenario.engine.execute(CompleteJob(first.job_id, first.fence, late), by=SYSTEM) is False


def test_a_worker_gives_back_what_its_lease_has_no_time_for(scenario: Scenario) -> None:
    issue(scenario, 3)

    def slow(job: Job, read: Read) -> JobResult:
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS * 0.6))
        return fake_letter(job, read)

    claimed = Worker(scenario.engine, {"letter": slow}).run_once()

    assert claimed == 3
    assert [(row["state"], row["attempts_left"]) for row in scenario.rows(LETTERS)] == [
        ("DONE", ATTEMPTS - 1), ("OPEN", ATTEMPTS), ("OPEN", ATTEMPTS)
    ]  # fmt: skip


# -- order -------------------------------------------------------------------------------------------------------------
def test_the_timers_of_an_instance_fire_in_their_order_though_several_workers_have_them(scenario: Scenario) -> None:
    scenario.register()
    scenario.clock.advance(timedelta(days=30))
    [first, second] = [job for job in scenario.engine.execute(ClaimJobs(), by=SYSTEM) if job.kind == "timer"]

    assert scenario.engine.execute(RunJob(second.job_id, second.fence), by=SYSTEM) is False
    assert scenario.engine.execute(ClaimJobs(), by=SYSTEM) == []  # the later one waits while the earlier is worked
    assert scenario.engine.execute(ClaimJob(second.job_id), by=SYSTEM) is None
    assert scenario.engine.execute(RunJob(first.job_id, first.fence), by=SYSTEM) is True
    scenario.work()

    fired = [fact["detail"]["job"] for fact in scenario.facts("TimerFired")]
    assert fired[:2] == [first.job_id, second.job_id]
    [row] = scenario.rows(sa.select(jobs.c.attempts_left).where(jobs.c.job_id == second.job_id))
    assert row["attempts_left"] == ATTEMPTS - 1  # only the claim that did it counts


def test_only_the_first_timer_of_an_instance_is_handed_out(scenario: Scenario) -> None:
    scenario.register(2)
    scenario.clock.advance(timedelta(days=30))

    handed = scenario.engine.execute(DispatchJobs(), by=SYSTEM)

    instances = [
        row["instance_id"]
        for job_id, _ in handed
        for row in scenario.rows(sa.select(jobs.c.instance_id).where(jobs.c.job_id == job_id))
    ]
    assert len(instances) == len(set(instances)) == 2


# -- poison ------------------------------------------------------------------------------------------------------------
def test_one_poisoned_job_among_three_hundred_ends_as_an_incident_and_the_others_are_done(scenario: Scenario) -> None:
    poisoned, *others = issue(scenario, 300)

    def handler(job: Job, read: Read) -> JobResult:
        if job.payload["letter_id"] == poisoned:
            raise ValueError("poison")
        return fake_letter(job, read)

    worker = Worker(scenario.engine, {"letter": handler})
    worker.run_until_idle()
    after_one_round = {row["state"]: row["count"] for row in scenario.rows(STATES)}
    for minutes in BACK_OFF_MINUTES:
        scenario.clock.advance(timedelta(minutes=minutes))
        worker.run_until_idle()

    assert after_one_round == {"DONE": 299, "OPEN": 1}
    assert {row["state"]: row["count"] for row in scenario.rows(STATES)} == {"DONE": 299, "FAILED": 1}
    assert {row["letter_id"] for row in scenario.rows(sa.select(letter_documents.c.letter_id))} == set(others)
    [incident] = scenario.engine.read.incidents(SYSTEM)
    assert incident.message == "ValueError: poison"


class Killed(BaseException):
    """Ends the worker where it stands, as a signal would: nothing catches it, nothing is noted."""


def test_a_job_that_kills_its_worker_takes_no_other_with_it(scenario: Scenario) -> None:
    poisoned, *others = issue(scenario, 40)

    def handler(job: Job, read: Read) -> JobResult:
        if job.payload["letter_id"] == poisoned:
            raise Killed
        return fake_letter(job, read)

    for _ in range(ATTEMPTS + 2):
        with pytest.raises(Killed) if _is_left(scenario, poisoned) else _quiet():
            Worker(scenario.engine, {"letter": handler}).run_until_idle()
        Worker(scenario.engine, {"letter": handler}).run_until_idle()
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    assert {row["state"]: row["count"] for row in scenario.rows(STATES)} == {"DONE": 39, "FAILED": 1}
    assert {row["letter_id"] for row in scenario.rows(sa.select(letter_documents.c.letter_id))} == set(others)
    [incident] = scenario.rows(sa.select(incidents.c.message))
    assert incident["message"] == "the worker died while it had the job"


@contextmanager
def _quiet() -> Iterator[None]:
    yield


def _is_left(scenario: Scenario, letter_id: str) -> bool:
    [row] = [row for row in scenario.rows(LETTERS) if row["payload"]["letter_id"] == letter_id]
    return row["attempts_left"] > 0 and row["state"] != "FAILED"


# -- stopped -----------------------------------------------------------------------------------------------------------
def test_a_worker_stopped_past_its_lease_in_the_middle_of_a_job_has_no_effect(scenario: Scenario) -> None:
    [letter] = issue(scenario, 1)
    quick = Worker(scenario.engine, {"letter": fake_letter})

    def stopped(job: Job, read: Read) -> JobResult:
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
        assert quick.run_until_idle() == 1  # while this one stood still
        return JobResult(document=b"%PDF of the one who slept", pages=9, title="late")

    slow = Worker(scenario.engine, {"letter": stopped})
    outcome = [slow.do(job) for job in scenario.engine.execute(ClaimJobs(), by=SYSTEM)]

    assert outcome == ["lost"]
    assert scenario.engine.read.letter_document(scenario.supervisor, letter).content.startswith(b"%PDF-1.7")
    assert len(scenario.facts("LetterRendered")) == 1
    assert [(row["state"], row["fence"]) for row in scenario.rows(LETTERS)] == [("DONE", 2)]


def test_a_worker_stopped_between_claim_and_timer_does_not_fire_it_again(scenario: Scenario) -> None:
    scenario.register()
    scenario.clock.set(scenario.engine.read.next_due_at())
    slow, quick = Worker(scenario.engine, {}), Worker(scenario.engine, {})
    stopped_with = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    quick.run_until_idle()
    outcome = [slow.do(job) for job in stopped_with]

    assert outcome == ["lost"]
    assert len(scenario.facts("TimerFired")) == len(scenario.facts("ReminderSent")) == 1
