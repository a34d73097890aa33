"""What happens when somebody sets the computer's clock: forward, back, while the system runs and while it does not."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, at, fake_letter

from engine.clock import SetClock
from engine.commands.clock import SetDemoClock, StartDemo
from engine.commands.incidents import ResolveIncident
from engine.commands.jobs import ClaimJob, ClaimJobs
from engine.commands.letters import IssueLetters
from engine.domain.actor import SYSTEM
from engine.domain.job import LEASE_SECONDS
from engine.errors import NotPermitted, Rejected
from engine.queries.incidents import IncidentRow
from engine.runtime import Engine
from engine.store.schema import incidents, jobs, letter_documents, settings
from engine.worker import Worker

HOLD = sa.select(settings.c.value).where(settings.c.name == "clock.hold")
Another = Callable[[SetClock], Engine]
OPEN_TIMERS = sa.select(jobs.c.job_id).where(jobs.c.kind == "timer", jobs.c.state == "OPEN")


@pytest.fixture
def another(scenario: Scenario) -> Iterator[Another]:
    """Further processes on the same database."""
    opened: list[Engine] = []

    def make(clock: SetClock) -> Engine:
        opened.append(Engine(scenario.config.database_url, secret=scenario.engine.secret, clock=clock))
        return opened[-1]

    yield make
    for engine in opened:
        engine.close()


def jump(scenario: Scenario, step: timedelta) -> None:
    """The clock is set and a worker looks."""
    scenario.work()
    scenario.clock.jump(step)
    scenario.work()


def told(scenario: Scenario) -> list[IncidentRow]:
    return list(scenario.engine.read.incidents(SYSTEM, include_resolved=True))


@pytest.mark.parametrize("step", [timedelta(minutes=10, seconds=1), timedelta(hours=1), timedelta(days=366)])
def test_a_clock_that_jumps_forward_fires_nothing_and_raises_one_incident(scenario: Scenario, step: timedelta) -> None:
    scenario.register(3)
    before = len(scenario.rows(OPEN_TIMERS))

    jump(scenario, step)
    scenario.work()

    assert scenario.facts("TimerFired") == []
    assert len(scenario.rows(OPEN_TIMERS)) == before
    [incident] = told(scenario)
    assert (incident.kind, incident.may_confirm, incident.raised_at) == ("clock", True, at("2024-05-20 09:00"))
    assert "2024-05-20 09:00:00" in incident.message and "跳到" in incident.message and "jumped" in incident.message
    assert len(scenario.rows(HOLD)) == 1


def test_nobody_claims_a_timer_between_the_jump_and_its_notice(scenario: Scenario) -> None:
    scenario.register()
    scenario.work()
    [timer, *_] = scenario.rows(OPEN_TIMERS)

    scenario.clock.jump(timedelta(days=366))

    assert scenario.engine.execute(ClaimJobs(), by=SYSTEM) == []
    assert scenario.engine.execute(ClaimJob(timer["job_id"]), by=SYSTEM) is None
    assert len(scenario.rows(HOLD)) == 1


def test_letters_go_on_while_the_timers_are_held(scenario: Scenario) -> None:
    cases = scenario.register(2)
    jump(scenario, timedelta(days=30))

    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", tuple(cases)), by=scenario.supervisor)
    scenario.work()

    assert len(scenario.rows(sa.select(letter_documents.c.letter_id))) == 2
    assert scenario.facts("TimerFired") == []


def test_a_person_confirms_the_date_and_the_timers_go_on(scenario: Scenario) -> None:
    scenario.register()
    jump(scenario, timedelta(days=3))
    [incident] = told(scenario)

    with pytest.raises(NotPermitted):
        scenario.engine.execute(ResolveIncident(incident.incident_id, "confirm"), by=scenario.person("gxj1"))
    with pytest.raises(Rejected):
        scenario.engine.execute(ResolveIncident(incident.incident_id, "noted"), by=scenario.supervisor)
    scenario.engine.execute(ResolveIncident(incident.incident_id, "confirm"), by=scenario.supervisor)
    scenario.work()

    assert len(scenario.facts("TimerFired")) == 1  # due on 05-22 at 18:00; the clock shows 05-23
    assert [(row.resolution, row.resolved_by) for row in told(scenario)] == [("confirm", scenario.supervisor.name)]
    assert scenario.rows(HOLD) == []
    assert scenario.engine.read.violations() == ()


def test_the_hold_lifts_by_itself_when_the_clock_is_right_again(scenario: Scenario) -> None:
    scenario.register()
    jump(scenario, timedelta(days=366))
    scenario.clock.advance(timedelta(minutes=30))

    jump(scenario, -timedelta(days=366) + timedelta(minutes=2))

    assert [(row.kind, row.resolution) for row in told(scenario)] == [("clock", "corrected")]
    assert scenario.rows(HOLD) == []
    assert scenario.facts("TimerFired") == []
    scenario.until("2024-05-22 18:00")
    assert len(scenario.facts("TimerFired")) == 1


def test_a_clock_that_comes_back_half_the_way_leaves_the_hold(scenario: Scenario) -> None:
    scenario.register()
    jump(scenario, timedelta(days=366))

    jump(scenario, -timedelta(days=300))

    assert sorted((row.kind, row.may_confirm, row.resolution) for row in told(scenario)) == [
        ("clock", False, None), ("clock", True, None)
    ]  # fmt: skip
    assert scenario.facts("TimerFired") == []


# -- back --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", [timedelta(hours=2), timedelta(days=1), timedelta(days=366)])
def test_a_clock_that_goes_back_fires_nothing_twice_and_is_told_once(scenario: Scenario, step: timedelta) -> None:
    scenario.register()
    scenario.until("2024-05-22 18:00")
    fired = scenario.facts("TimerFired")

    jump(scenario, -step)
    scenario.clock.advance(step)
    scenario.work()

    assert len(fired) == 1 and scenario.facts("TimerFired") == fired
    [incident] = told(scenario)
    assert (incident.kind, incident.may_confirm) == ("clock", False)
    assert "退回" in incident.message and "went back" in incident.message
    scenario.engine.execute(ResolveIncident(incident.incident_id, "noted"), by=scenario.supervisor)
    assert scenario.engine.read.violations() == ()


def test_a_second_back_changes_no_order_and_tells_nobody(scenario: Scenario) -> None:
    scenario.register()
    before = scenario.engine.read.now()

    jump(scenario, -timedelta(seconds=1))
    scenario.register()

    assert scenario.engine.read.now() == before
    assert told(scenario) == []
    instants = [row["at"] for row in scenario.facts("CaseRegistered")]
    assert instants == sorted(instants)


def test_a_lease_taken_by_a_wrong_clock_does_not_last_a_year(scenario: Scenario) -> None:
    cases = scenario.register()
    jump(scenario, timedelta(days=366))
    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", tuple(cases)), by=scenario.supervisor)
    [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)  # and its worker dies

    jump(scenario, -timedelta(days=366))
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    assert [again.job_id for again in scenario.engine.execute(ClaimJobs(), by=SYSTEM)] == [job.job_id]


# -- several processes -------------------------------------------------------------------------------------------------
def test_several_workers_that_see_one_jump_make_one_hold_and_one_incident(scenario: Scenario, another: Another) -> None:
    scenario.register()
    workers = [Worker(another(scenario.clock), {"letter": fake_letter}) for _ in range(3)]
    for worker in workers:
        worker.run_once()

    scenario.clock.jump(timedelta(days=366))
    for worker in workers:
        worker.run_once()

    assert len(told(scenario)) == 1
    assert scenario.facts("TimerFired") == []
    [incident] = told(scenario)
    scenario.engine.execute(ResolveIncident(incident.incident_id, "confirm"), by=scenario.supervisor)
    late = another(scenario.clock)
    late.watch_clock()
    assert scenario.rows(HOLD) == []  # who begins afterwards knows it was confirmed


def test_a_process_that_slept_through_jump_and_confirmation_does_not_hold_again(
    scenario: Scenario, another: Another
) -> None:
    sleeper = another(scenario.clock)
    sleeper.watch_clock()
    scenario.register()
    jump(scenario, timedelta(days=3))
    [incident] = told(scenario)
    scenario.engine.execute(ResolveIncident(incident.incident_id, "confirm"), by=scenario.supervisor)

    sleeper.execute(ClaimJobs(), by=SYSTEM)

    assert scenario.rows(HOLD) == []
    assert len(told(scenario)) == 1


def test_a_jump_while_nobody_ran_is_noticed_at_the_next_start_of_the_program(
    scenario: Scenario, another: Another
) -> None:
    scenario.register()
    scenario.work()
    scenario.engine.close()

    scenario.clock.advance(timedelta(hours=5))  # an honest night
    scenario.clock.jump(timedelta(days=30))
    restarted = another(scenario.clock)
    Worker(restarted, {}).run_until_idle()

    assert len(scenario.rows(HOLD)) == 1
    assert scenario.facts("TimerFired") == []


def test_an_honest_downtime_is_no_jump(scenario: Scenario, another: Another) -> None:
    scenario.register()
    scenario.work()

    scenario.clock.advance(timedelta(days=3))
    Worker(another(scenario.clock), {}).run_until_idle()

    assert scenario.rows(HOLD) == [] and told(scenario) == []
    assert len(scenario.facts("TimerFired")) == 1


def test_after_a_restart_of_the_machine_nobody_can_know_and_nothing_is_held(
    scenario: Scenario, another: Another
) -> None:
    scenario.register()
    scenario.work()

    started_anew = SetClock(at("2024-05-23 09:00"), boot="another")
    Worker(another(started_anew), {}).run_until_idle()

    assert scenario.rows(HOLD) == [] and told(scenario) == []
    assert len(scenario.facts("TimerFired")) == 1


def test_the_hold_lasts_until_every_machine_that_jumped_is_back(scenario: Scenario, another: Another) -> None:
    scenario.register()
    other = SetClock(scenario.now, host="other")
    far = Worker(another(other), {})
    far.run_once()
    jump(scenario, timedelta(days=366))
    other.jump(timedelta(days=366))
    far.run_once()

    jump(scenario, -timedelta(days=366))
    far.run_until_idle()
    half = (len(scenario.rows(HOLD)), scenario.facts("TimerFired"))
    other.jump(-timedelta(days=366))
    far.run_until_idle()

    assert half == (1, [])
    assert scenario.rows(HOLD) == [] and scenario.facts("TimerFired") == []
    assert [row.resolution for row in told(scenario)] == ["corrected"]


# -- what is no jump ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("moment", ["2024-02-28 23:50", "2024-02-29 23:50", "2024-12-31 23:50"])
def test_a_leap_day_and_a_new_year_are_no_jump(new_scenario: NewScenario, moment: str) -> None:
    scenario = new_scenario(moment=moment)

    for _ in range(5):
        scenario.clock.advance(timedelta(minutes=5))
        scenario.work()

    assert told(scenario) == [] and scenario.rows(HOLD) == []


def test_the_clock_of_a_demo_moves_without_alarm(scenario: Scenario) -> None:
    scenario.register()
    wall = scenario.now
    scenario.engine.execute(StartDemo(at("2024-05-20 09:00"), wall), by=SYSTEM)
    scenario.work()

    scenario.engine.execute(SetDemoClock(at("2024-05-22 18:00"), wall), by=SYSTEM)
    scenario.work()

    assert scenario.rows(sa.select(incidents)) == []
    assert len(scenario.facts("TimerFired")) == 1
