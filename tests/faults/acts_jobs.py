"""What workers do: claim, hand out, give back, fire, run, complete, fail; and messages on their way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from act import SURVEYED, WHY, Act, first, registered
from laboratory import FILES, LAB_RESULT
from scenario import Scenario

from engine.clock import Reading
from engine.commands.clock_guard import NoteClock
from engine.commands.definitions import Deploy
from engine.commands.incidents import ResolveIncident
from engine.commands.job_operations import RetryJob, SkipJob
from engine.commands.jobs import ClaimJob, ClaimJobs, CompleteJob, DispatchJobs, FailJob, GiveBackJobs, RunJob
from engine.commands.letters import IssueLetters
from engine.commands.messages import ExpireMessages, SendMessage
from engine.domain.actor import SYSTEM, Actor
from engine.domain.job import ATTEMPTS, BACK_OFF_MINUTES, LEASE_SECONDS, Job, JobResult
from engine.store.schema import incidents, instances, jobs

LETTER = JobResult(document=b"%PDF the letter", pages=1, title="督办通知（演示）")
LEASES = sa.select(jobs.c.job_id, jobs.c.fence).where(jobs.c.state == "LEASED").order_by(jobs.c.job_id)
OPEN = sa.select(jobs.c.job_id).where(jobs.c.state == "OPEN").order_by(jobs.c.due_at, jobs.c.job_id)


def work_due(scenario: Scenario) -> None:
    """Two timers and two letters."""
    cases = scenario.register(2)
    command = IssueLetters(scenario.campaign, "notice", tuple(cases))
    scenario.engine.execute(command, by=scenario.supervisor)
    scenario.clock.set(scenario.rows(sa.select(sa.func.max(jobs.c.due_at).label("at")).where(first_timers()))[0]["at"])


def first_timers() -> Any:
    earliest = sa.select(sa.func.min(jobs.c.due_at)).where(jobs.c.kind == "timer").scalar_subquery()
    return sa.and_(jobs.c.kind == "timer", jobs.c.due_at == earliest)


def work_lapsed(scenario: Scenario) -> None:
    """One worker died with it, another never came for its last attempt."""
    work_due(scenario)
    leased(scenario)
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))


def leased(scenario: Scenario, limit: int = 20) -> list[Job]:
    return list(scenario.engine.execute(ClaimJobs(limit), by=SYSTEM))


def all_leased(scenario: Scenario) -> None:
    work_due(scenario)
    leased(scenario)


def timer_leased(scenario: Scenario) -> None:
    scenario.register()
    scenario.clock.set(scenario.engine.read.next_due_at())
    leased(scenario)


def reminder_leased(scenario: Scenario) -> None:
    timer_leased(scenario)
    run_leased(scenario)
    [job] = leased(scenario)
    assert job.kind == "remind"


def start_process_leased(scenario: Scenario) -> None:
    """The survey is overdue: its timer has fired, and the job that opens the supervision is leased."""
    scenario.register()
    scenario.until("2024-05-27 17:59")
    scenario.clock.set(scenario.engine.read.next_due_at())
    leased(scenario)
    run_leased(scenario)
    [job] = leased(scenario)
    assert job.kind == "start_process"


def letter_leased(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.complete("survey_site", case, **SURVEYED)
    scenario.complete("review_disposition", case, outcome="confirmed")
    [job] = leased(scenario)
    assert job.kind == "letter"


def last_attempt_leased(scenario: Scenario) -> None:
    letter_leased(scenario)
    for _ in range(ATTEMPTS - 1):
        scenario.engine.execute(FailJob(*the_lease(scenario), "no paper"), by=SYSTEM)
        scenario.clock.advance(timedelta(minutes=max(BACK_OFF_MINUTES)))
        while first(scenario, LEASES.with_only_columns(sa.func.count().label("n")).order_by(None))["n"] == 0:
            for job in leased(scenario):
                if job.kind != "letter":
                    scenario.engine.execute(RunJob(job.job_id, job.fence), by=SYSTEM)


def letter_failed(scenario: Scenario) -> None:
    last_attempt_leased(scenario)
    scenario.engine.execute(FailJob(*the_lease(scenario), "no paper"), by=SYSTEM)


def reminder_failed(scenario: Scenario) -> None:
    """Tried once, and waiting to be tried again."""
    reminder_leased(scenario)
    scenario.engine.execute(FailJob(*the_lease(scenario), "no ink"), by=SYSTEM)


def reminder_given_up(scenario: Scenario) -> None:
    reminder_failed(scenario)
    for _ in range(ATTEMPTS - 1):
        scenario.clock.advance(timedelta(minutes=max(BACK_OFF_MINUTES)))
        for job in leased(scenario):
            scenario.engine.execute(FailJob(job.job_id, job.fence, "no ink"), by=SYSTEM)


def clock_jumped(scenario: Scenario) -> None:
    scenario.register()
    scenario.engine.execute(note_jump(scenario), by=SYSTEM)


def note_jump(scenario: Scenario) -> NoteClock:
    """As a machine of another name that has just seen its clock being set a day ahead."""
    off = timedelta(days=1)
    return NoteClock(Reading(scenario.now + off, 5000.0, "another start", "another"), off)


def sample_sent(scenario: Scenario) -> None:
    """The case waits for the laboratory."""
    scenario.engine.execute(Deploy("case_lifecycle", FILES), by=SYSTEM)
    scenario.register()


def message_leased(scenario: Scenario) -> None:
    sample_sent(scenario)
    command, sender = send(scenario)
    scenario.engine.execute(command, by=sender)
    [job] = leased(scenario)
    assert job.kind == "publish_message"


def message_old(scenario: Scenario) -> None:
    scenario.register()
    message = SendMessage("m0", "nobody_waits", "X", expires_at=scenario.now + timedelta(minutes=1))
    scenario.engine.execute(message, by=SYSTEM)
    scenario.clock.advance(timedelta(minutes=2))


def the_lease(scenario: Scenario) -> tuple[str, int]:
    [job] = scenario.rows(LEASES)
    return job["job_id"], job["fence"]


def run_leased(scenario: Scenario) -> None:
    scenario.engine.execute(RunJob(*the_lease(scenario)), by=SYSTEM)


def system(command: Callable[[Scenario], Any]) -> Callable[[Scenario], tuple[Any, Actor]]:
    return lambda scenario: (command(scenario), SYSTEM)


def give_back(scenario: Scenario) -> tuple[Any, Actor]:
    return GiveBackJobs(tuple((row["job_id"], row["fence"]) for row in scenario.rows(LEASES))), SYSTEM


def resolve(resolution: str) -> Callable[[Scenario], tuple[Any, Actor]]:
    def ask(scenario: Scenario) -> tuple[Any, Actor]:
        found = first(scenario, sa.select(incidents.c.incident_id))
        return ResolveIncident(found["incident_id"], resolution), scenario.person("xitong")

    return ask


def retry(scenario: Scenario) -> tuple[Any, Actor]:
    failed = first(scenario, sa.select(jobs.c.job_id).where(jobs.c.state == "FAILED"))
    return RetryJob(failed["job_id"], WHY), scenario.person("xitong")


def skip(scenario: Scenario) -> tuple[Any, Actor]:
    waiting = first(scenario, OPEN.where(jobs.c.kind == "remind"))
    return SkipJob(waiting["job_id"], WHY), scenario.person("xitong")


def send(scenario: Scenario) -> tuple[Any, Actor]:
    key = first(scenario, sa.select(instances.c.business_key))["business_key"]
    return SendMessage("m1", LAB_RESULT, key), scenario.person("xitong")


run = system(lambda scenario: RunJob(*the_lease(scenario)))

JOBS = (
    Act("claim what is due", work_due, system(lambda _: ClaimJobs()), key=None),
    Act("claim what a dead worker left", work_lapsed, system(lambda _: ClaimJobs()), key=None),
    Act("claim a job by its id", work_due, system(lambda s: ClaimJob(first(s, OPEN)["job_id"])), key=None),
    Act("hand out ids", work_due, system(lambda _: DispatchJobs()), key=None),
    Act("hand out what was left behind", work_lapsed, system(lambda _: DispatchJobs()), key=None),
    Act("give jobs back", all_leased, give_back),
    Act("fire a timer", timer_leased, run),
    Act("send a reminder", reminder_leased, run),
    Act("open a supervision", start_process_leased, run),
    Act("deliver a message", message_leased, run),
    Act("keep the document of a letter", letter_leased, system(lambda s: CompleteJob(*the_lease(s), LETTER))),
    Act("note a failure", letter_leased, system(lambda s: FailJob(*the_lease(s), "no paper"))),
    Act("give a job up", last_attempt_leased, system(lambda s: FailJob(*the_lease(s), "no paper"))),
    Act("retry an incident", letter_failed, resolve("retry")),
    Act("skip an incident", reminder_given_up, resolve("skip")),
    Act("confirm the date", clock_jumped, resolve("confirm")),
    Act("retry a job", letter_failed, retry),
    Act("skip a job", reminder_failed, skip),
    Act("send a message", sample_sent, send),
    Act("send a message that nobody waits for", registered, system(lambda _: SendMessage("m2", "nobody_waits", "X"))),
    Act("drop old messages", message_old, system(lambda _: ExpireMessages())),
)
