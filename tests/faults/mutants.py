"""The engine with one protection taken away, and whom to put on the stage so that it is missed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from play import EVERYBODY, letters_wait, slips_go_out, surveys_fall_due
from scenario import Scenario
from slips import SLIP

from engine import worker as worker_rules
from engine.commands import HANDLERS
from engine.commands.jobs import RunJob, run_job
from engine.domain.actor import Actor
from engine.domain.job import LEASE_SECONDS
from engine.store import claims, instances, jobs, operations, paper, signatures
from engine.store.prepared import Prepared
from engine.store.schema import jobs as job_rows
from engine.store.schema import letter_signatures

JOBS_ONLY = frozenset({"workers"})


def without_the_fence(scenario: Scenario) -> Iterator[None]:
    """Whoever ever had a job may bring back its result.

    Four layers stand behind the fence, and would each hide that it is gone: a worker gives back what it is late with,
    a letter that has a document is not told to be made again, a document has a primary key, and so has what verifies
    it. They go too.
    """

    def get_leased(tx: Any, job_id: str, fence: int) -> Any:
        return tx.execute(sa.select(job_rows).where(job_rows.c.job_id == job_id)).mappings().first()

    def finish(tx: Any, job_id: str, fence: int) -> None:
        tx.execute(job_rows.update().where(job_rows.c.job_id == job_id).values(state="DONE", done_at=tx.now))

    def add_document(tx: Any, letter_id: str, *content: Any, **about: Any) -> None:
        if not has_document(tx, letter_id):
            really_add(tx, letter_id, *content, **about)

    def add_signature(tx: Any, letter_id: str, *about: Any) -> None:
        signed = sa.select(letter_signatures.c.letter_id).where(letter_signatures.c.letter_id == letter_id)
        if tx.execute(signed).first() is None:
            really_sign(tx, letter_id, *about)

    has_document, really_add, really_sign = paper.has_document, paper.add_document, signatures.add
    with (
        instead(jobs, get_leased=get_leased, finish=finish),
        instead(paper, has_document=lambda *_: False, add_document=add_document),
        instead(signatures, add=add_signature),
        instead(worker_rules, LEASE_SECONDS=10**9),
    ):
        yield


def without_compare_and_set(scenario: Scenario) -> Iterator[None]:
    """Two workers are handed what they have both seen to be due, under one and the same lease."""

    def claim_due(tx: Any, limit: int, lease_seconds: int = LEASE_SECONDS) -> Any:
        seen = sa.select(job_rows).where(job_rows.c.state.in_(("OPEN", "LEASED")), job_rows.c.due_at <= tx.now)
        rows = tx.execute(seen.order_by(job_rows.c.due_at, job_rows.c.job_id).limit(limit)).mappings().all()
        for row in rows:
            leased = {"state": "LEASED", "lease_until": tx.now + timedelta(seconds=lease_seconds)}
            tx.execute(job_rows.update().where(job_rows.c.job_id == row["job_id"]).values(**leased))
        return [claims._job(row) for row in rows]

    with instead(claims, claim_due=claim_due):
        yield


def without_one_transaction(scenario: Scenario) -> Iterator[None]:
    """The job is ticked off in one transaction and has its effect in the next."""
    effects: dict[tuple[str, int], Any] = {}

    def tick_off(command: RunJob, tx: Any) -> bool:
        job = jobs.get_leased(tx, command.job_id, command.fence)
        if job is None:
            return False
        jobs.finish(tx, command.job_id, command.fence)
        effects[command.job_id, command.fence] = job
        return True

    class InTwo(type(scenario.engine)):  # type: ignore[misc]
        def execute(self, command: Any, *, by: Actor, operation_key: str | None = None) -> Any:
            if type(command) is not RunJob:
                return super().execute(command, by=by, operation_key=operation_key)
            HANDLERS[RunJob] = tick_off
            try:
                was_ours = super().execute(command, by=by)
            finally:
                HANDLERS[RunJob] = run_job
            if not was_ours:
                return False
            leased = effects[command.job_id, command.fence]
            with instead(jobs, get_leased=lambda *_: leased, finish=lambda *_: None):
                return super().execute(command, by=by)

    ours = scenario.engine.__class__
    scenario.engine.__class__ = InTwo
    try:
        yield
    finally:
        scenario.engine.__class__ = ours


def without_operation_keys(scenario: Scenario) -> Iterator[None]:
    """What was asked twice is done twice."""
    with instead(operations, answered=lambda *_: (False, None), save=lambda *_: None):
        yield


def with_leases_that_never_lapse(scenario: Scenario) -> Iterator[None]:
    """What a dead worker had stays with it."""
    with instead(claims, lapsed=lambda *_: []):
        yield


def with_a_stale_state(scenario: Scenario) -> Iterator[None]:
    """The state of an instance is remembered from before, and written back whatever it has become."""
    remembered: dict[str, Any] = {}
    lock_of_task = instances.lock_of_task

    def lock(tx: Any, task_id: str) -> Any:
        row = lock_of_task(tx, task_id)
        return remembered.setdefault(row.instance_id, row)

    blind = job_rows.metadata.tables["instances"]
    anyhow = Prepared(
        blind.update()
        .where(blind.c.instance_id == sa.bindparam("of_instance"))
        .values({name: sa.bindparam(name) for name in ("blob", "revision", "state", "ended_at")})
    )
    with instead(instances, lock_of_task=lock, _SAVE=anyhow):
        yield


@dataclass(frozen=True)
class Mutant:
    """`remove` takes the protection away while it is entered; the rest says under what play that shows soonest."""

    remove: Callable[[Scenario], Iterator[None]]
    story: Callable[[Scenario], None] = letters_wait
    cast: frozenset[str] = JOBS_ONLY
    deaths: float = 0.0
    stops: float = 0.0
    kind: str = "notice"  # of the letters that the supervisor writes

    @property
    def name(self) -> str:
        return self.remove.__name__

    @contextmanager
    def on(self, scenario: Scenario) -> Iterator[None]:
        yield from self.remove(scenario)


MUTANTS = (
    Mutant(without_the_fence, stops=0.15),
    Mutant(without_compare_and_set, stops=0.05),
    Mutant(without_one_transaction, deaths=0.03),
    Mutant(without_operation_keys, slips_go_out, frozenset({"supervisor"}), deaths=0.1, kind=SLIP),
    Mutant(with_leases_that_never_lapse, deaths=0.03),
    Mutant(with_a_stale_state, surveys_fall_due, EVERYBODY),
)


@contextmanager
def instead(module: Any, **names: Any) -> Iterator[None]:
    """Other functions in a module's place: the one thing that the rest of the tests never does."""
    before = {name: getattr(module, name) for name in names}
    for name, value in names.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
