"""Jobs: retries with back-off, incidents that a person resolves, and leases that protect from a second effect."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from scenario import Scenario, fake_letter

from engine.commands.incidents import ResolveIncident
from engine.commands.jobs import ClaimJobs, CompleteJob, FailJob, RunJob
from engine.commands.letters import IssueLetters
from engine.domain.actor import SYSTEM
from engine.domain.job import ATTEMPTS, BACK_OFF_MINUTES, LEASE_SECONDS, Job, JobResult
from engine.errors import NotPermitted, Rejected
from engine.queries import Read
from engine.store.schema import jobs, letter_documents
from engine.worker import Worker

LETTER_JOBS = sa.select(jobs.c.state, jobs.c.attempts_left, jobs.c.due_at, jobs.c.last_error).where(
    jobs.c.kind == "letter"
)


def broken(job: Job, read: Read) -> JobResult:
    raise OSError("打印机卡纸 the press is jammed")


@pytest.fixture
def letter(scenario: Scenario) -> str:
    """A letter from the desk, issued, its job not yet done."""
    [case] = scenario.register()
    command = IssueLetters(scenario.campaign, "notice", (case,))
    [letter_id] = scenario.engine.execute(command, by=scenario.supervisor)
    return str(letter_id)


def claim(scenario: Scenario) -> Job:
    [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    return job


def fail_until_given_up(scenario: Scenario) -> None:
    for _ in range(ATTEMPTS):
        Worker(scenario.engine, {"letter": broken}).run_until_idle()
        scenario.clock.advance(timedelta(minutes=max(BACK_OFF_MINUTES)))


def test_a_failed_job_is_tried_again_after_longer_and_longer_waits(scenario: Scenario, letter: str) -> None:
    worker = Worker(scenario.engine, {"letter": broken})
    waits = []

    for _ in range(ATTEMPTS - 1):
        worker.run_until_idle()
        [row] = scenario.rows(LETTER_JOBS)
        waits.append((row["due_at"] - scenario.now) / timedelta(minutes=1))
        scenario.clock.set(row["due_at"])

    assert waits == list(BACK_OFF_MINUTES[: ATTEMPTS - 1])
    assert (row["state"], row["attempts_left"], row["last_error"]) == (
        "OPEN", 1, "OSError: 打印机卡纸 the press is jammed"
    )  # fmt: skip


def test_a_job_is_not_tried_before_its_next_attempt(scenario: Scenario, letter: str) -> None:
    Worker(scenario.engine, {"letter": broken}).run_until_idle()

    scenario.clock.advance(timedelta(minutes=BACK_OFF_MINUTES[0], seconds=-1))
    assert scenario.work() == 0
    scenario.clock.advance(timedelta(seconds=1))
    assert scenario.work() == 1


def test_a_job_without_attempts_becomes_an_incident(scenario: Scenario, letter: str) -> None:
    fail_until_given_up(scenario)

    [incident] = scenario.engine.read.incidents(SYSTEM)
    assert (incident.kind, incident.message) == ("letter", "OSError: 打印机卡纸 the press is jammed")
    assert (incident.may_retry, incident.may_skip, incident.resolved_at) == (True, False, None)
    assert [row["state"] for row in scenario.rows(LETTER_JOBS)] == ["FAILED"]
    assert scenario.work() == 0
    assert scenario.engine.read.violations() == ()


def test_a_retried_incident_prints_the_same_number(scenario: Scenario, letter: str) -> None:
    number = scenario.engine.read.letter(scenario.supervisor, letter).row.number
    fail_until_given_up(scenario)
    [incident] = scenario.engine.read.incidents(SYSTEM)

    scenario.engine.execute(ResolveIncident(incident.incident_id, "retry"), by=scenario.supervisor)
    scenario.work()

    assert scenario.engine.read.letter_document(scenario.supervisor, letter).number == number
    assert scenario.engine.read.incidents(SYSTEM) == ()
    [resolved] = scenario.engine.read.incidents(SYSTEM, include_resolved=True)
    assert (resolved.resolution, resolved.resolved_by) == ("retry", scenario.supervisor.name)
    with pytest.raises(Rejected):
        scenario.engine.execute(ResolveIncident(incident.incident_id, "retry"), by=scenario.supervisor)


def test_a_letter_is_not_skipped_because_a_number_hangs_on_it(scenario: Scenario, letter: str) -> None:
    fail_until_given_up(scenario)
    [incident] = scenario.engine.read.incidents(SYSTEM)

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(ResolveIncident(incident.incident_id, "skip"), by=scenario.supervisor)

    assert refused.value.code == "cannot_skip"
    assert scenario.engine.read.incidents(SYSTEM) == (incident,)


def test_a_skipped_job_lets_the_process_go_on(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.clock.set(scenario.engine.read.next_due_at())
    scenario.engine.execute(RunJob(*_lease(claim(scenario))), by=SYSTEM)  # the timer: the reminder is due
    for _ in range(ATTEMPTS):
        job = claim(scenario)
        assert job.kind == "remind"
        scenario.engine.execute(FailJob(job.job_id, job.fence, "no paper"), by=SYSTEM)
        scenario.clock.advance(timedelta(minutes=max(BACK_OFF_MINUTES)))
    [incident] = scenario.engine.read.incidents(SYSTEM)

    scenario.engine.execute(ResolveIncident(incident.incident_id, "skip"), by=scenario.supervisor)

    assert incident.may_skip and incident.case_id == case
    assert scenario.facts("ReminderSent") == []
    assert scenario.engine.read.violations() == ()


def test_only_a_supervisor_or_the_system_administrator_resolves_incidents(scenario: Scenario, letter: str) -> None:
    fail_until_given_up(scenario)
    [incident] = scenario.engine.read.incidents(SYSTEM)

    with pytest.raises(NotPermitted):
        scenario.engine.execute(ResolveIncident(incident.incident_id, "retry"), by=scenario.person("gxj1"))
    scenario.engine.execute(ResolveIncident(incident.incident_id, "retry"), by=scenario.person("xitong"))


def test_a_leased_job_is_nobody_elses_until_the_lease_is_over(scenario: Scenario, letter: str) -> None:
    first = claim(scenario)

    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS))
    assert scenario.engine.execute(ClaimJobs(), by=SYSTEM) == []
    scenario.clock.advance(timedelta(seconds=1))
    second = claim(scenario)

    assert (second.job_id, second.fence, second.attempts_left) == (
        first.job_id,
        first.fence + 1,
        first.attempts_left - 1,
    )


def test_who_lost_the_lease_has_no_second_effect(scenario: Scenario, letter: str) -> None:
    slow = claim(scenario)
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    quick = claim(scenario)

    result = fake_letter(quick, scenario.engine.read)
    late = JobResult(document=b"%PDF from the slow one", pages=9, title="late")
    assert scenario.engine.execute(CompleteJob(*_lease(slow), late), by=SYSTEM) is False
    assert scenario.engine.execute(CompleteJob(*_lease(quick), result), by=SYSTEM) is True
    assert scenario.engine.execute(CompleteJob(*_lease(slow), late), by=SYSTEM) is False
    scenario.engine.execute(FailJob(*_lease(slow), "too late"), by=SYSTEM)

    assert scenario.engine.read.letter_document(scenario.supervisor, letter).content == result.document
    assert len(scenario.rows(sa.select(letter_documents))) == 1
    assert [(row["state"], row["last_error"]) for row in scenario.rows(LETTER_JOBS)] == [("DONE", None)]


def test_a_timer_whose_lease_was_lost_fires_once(scenario: Scenario) -> None:
    scenario.register()
    scenario.clock.set(scenario.engine.read.next_due_at())
    slow = claim(scenario)
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    quick = claim(scenario)

    done = [scenario.engine.execute(RunJob(*_lease(job)), by=SYSTEM) for job in (quick, slow, quick)]

    assert done == [True, False, False]
    assert len(scenario.facts("TimerFired")) == 1


def test_a_job_whose_worker_always_dies_becomes_an_incident(scenario: Scenario, letter: str) -> None:
    for _ in range(ATTEMPTS):
        claim(scenario)
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    assert scenario.engine.execute(ClaimJobs(), by=SYSTEM) == []

    [incident] = scenario.engine.read.incidents(SYSTEM)
    assert incident.message == "the worker died while it had the job"
    assert scenario.engine.read.violations() == ()


def test_one_poisoned_job_does_not_hold_up_the_others(scenario: Scenario) -> None:
    cases = scenario.register(5)
    command = IssueLetters(scenario.campaign, "notice", tuple(cases))
    poisoned, *others = scenario.engine.execute(command, by=scenario.supervisor)

    def handler(job: Job, read: Read) -> JobResult:
        if job.payload["letter_id"] == poisoned:
            raise ValueError("poison")
        return fake_letter(job, read)

    Worker(scenario.engine, {"letter": handler}, batch=1).run_until_idle()

    made = {row["letter_id"] for row in scenario.rows(sa.select(letter_documents.c.letter_id))}
    assert made == set(others)


def test_a_job_without_a_handler_does_not_count_as_done(scenario: Scenario, letter: str) -> None:
    assert Worker(scenario.engine, {}).run_until_idle() == 1

    [row] = scenario.rows(LETTER_JOBS)
    assert (row["state"], row["last_error"]) == ("OPEN", "LookupError: no handler for jobs of kind letter")


def test_what_the_worker_does_for_the_house_keeps_no_job_waiting_when_it_fails(scenario: Scenario, letter: str) -> None:
    with scenario.raw() as connection:
        connection.execute(sa.text("ALTER TABLE messages RENAME TO messages_away"))

    assert scenario.work() == 1

    assert [row["state"] for row in scenario.rows(LETTER_JOBS)] == ["DONE"]


def _lease(job: Job) -> tuple[str, int]:
    return job.job_id, job.fence
