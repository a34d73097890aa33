"""The invariants that must hold of any database, after any crash (assurance I1-I6, I14, I15). Each check lists
what breaks it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from engine import plans
from engine.bpmn.execution import Execution
from engine.bpmn.state import unseal
from engine.domain.instance import InstanceState
from engine.domain.job import JobState
from engine.domain.task import LIVE, TaskState
from engine.errors import EngineError
from engine.queries.figures import figures
from engine.queries.replay import INSTANTS, cases_at
from engine.queries.verify_copies import COPIES
from engine.queries.verify_guards import GUARDS
from engine.queries.verify_letters import LETTERS
from engine.queries.verify_service import SERVICE
from engine.store.schema import (
    blobs,
    campaigns,
    cases,
    counters,
    facts,
    incidents,
    instances,
    jobs,
    letter_documents,
    letters,
    supervision_items,
    tasks,
    waits,
)
from engine.store.transaction import Reader


@dataclass(frozen=True)
class Violation:
    invariant: str
    what: str


def violations(reader: Reader) -> tuple[Violation, ...]:
    """Empty when all is well. Reads every live instance, so it takes a while on a large database."""
    return tuple(Violation(name, what) for name, check in CHECKS.items() for what in check(reader))


def tokens_match_rows(reader: Reader) -> list[str]:
    """I3: every live token of an instance has its task, job or wait, and the other way round."""
    found = []
    held = _held_tokens(reader)
    for row in reader.execute(
        sa.select(instances.c.instance_id, instances.c.definition_ids, instances.c.blob).where(
            instances.c.state == InstanceState.ACTIVE
        )
    ):
        model = plans.model(reader, tuple(row.definition_ids))
        try:
            live = Execution.load(model, unseal(row.blob, reader.secret)).tokens()
        except EngineError as error:
            found.append(f"instance {row.instance_id}: {error}")
            continue
        wanted, there = {token.token for token in live}, held.get(row.instance_id, set())
        if wanted != there:
            found.append(
                f"instance {row.instance_id}: {len(wanted - there)} tokens without row, "
                f"{len(there - wanted)} rows without token"
            )
    return found


def _held_tokens(reader: Reader) -> dict[str, set[str]]:
    """instance id -> the tokens that its live tasks, pending jobs and waits stand for."""
    held: dict[str, set[str]] = {}
    for query in (
        sa.select(tasks.c.instance_id, tasks.c.token).where(tasks.c.state.in_(LIVE)),
        sa.select(jobs.c.instance_id, jobs.c.token).where(
            jobs.c.token.is_not(None), jobs.c.state.in_((JobState.OPEN, JobState.LEASED, JobState.FAILED))
        ),
        sa.select(waits.c.instance_id, waits.c.token),
    ):
        for instance_id, token in reader.execute(query):
            held.setdefault(instance_id, set()).add(token)
    return held


def ended_instances_hold_nothing(reader: Reader) -> list[str]:
    """I3: no task, timer or message is waited for in an instance that is over."""
    ended = sa.select(instances.c.instance_id).where(instances.c.state != InstanceState.ACTIVE)
    live_tasks = sa.select(tasks.c.task_id).where(tasks.c.instance_id.in_(ended), tasks.c.state.in_(LIVE))
    live_jobs = sa.select(jobs.c.job_id).where(
        jobs.c.instance_id.in_(ended),
        jobs.c.token.is_not(None),
        jobs.c.state.in_((JobState.OPEN, JobState.LEASED, JobState.FAILED)),
    )
    live_waits = sa.select(waits.c.message).where(waits.c.instance_id.in_(ended))
    return [
        f"{what} {name} is live in an ended instance"
        for what, query in (("task", live_tasks), ("job", live_jobs), ("message", live_waits))
        for name in reader.execute(query).scalars()
    ]


def completions_are_single(reader: Reader) -> list[str]:
    """I2: one fact for each completed task, a completion or a return, no more, no fewer."""
    done = reader.execute(sa.select(tasks.c.task_id).where(tasks.c.state == TaskState.COMPLETED)).scalars()
    told = dict.fromkeys(done, 0)
    closing = facts.c.kind.in_(("TaskCompleted", "TaskReturned"))
    for detail in reader.execute(sa.select(facts.c.detail).where(closing)).scalars():
        told[detail["task"]] = told.get(detail["task"], 0) + 1
    return [f"task {task_id} was completed {count} times" for task_id, count in sorted(told.items()) if count != 1]


def numbers_have_no_gaps(reader: Reader) -> list[str]:
    """I6: count = highest = distinct, for each organ and year, and the counter agrees."""
    taken = reader.execute(
        sa.select(
            letters.c.organ_code,
            letters.c.year,
            sa.func.count(),
            sa.func.max(letters.c.serial),
            sa.func.count(letters.c.serial.distinct()),
        ).group_by(letters.c.organ_code, letters.c.year)
    )
    found = {(row[0], row[1]): tuple(row[2:]) for row in taken}
    counted = {(row.organ_code, row.year): row.last_serial for row in reader.execute(sa.select(counters))}
    faults = []
    for organ, year in sorted(found.keys() | counted.keys()):
        count, highest, distinct = found.get((organ, year), (0, 0, 0))
        last = counted.get((organ, year), 0)
        if not count == highest == distinct == last:
            faults.append(f"{organ}〔{year}〕: {count} letters, highest {highest}, distinct {distinct}, counter {last}")
    return faults


def documents_are_whole(reader: Reader) -> list[str]:
    """I7: the bytes of every letter and of every piece of evidence still have the hash they were kept under."""
    found = []
    for row in reader.execute(sa.select(blobs.c.sha256, blobs.c.content)):
        if hashlib.sha256(row.content).hexdigest() != row.sha256:
            found.append(f"blob {row.sha256} does not have its hash")
    return found


def letters_have_a_document_or_a_job(reader: Reader) -> list[str]:
    """I13: what was issued is made, is being made, or stands as an incident."""
    made = set(reader.execute(sa.select(letter_documents.c.letter_id)).scalars())
    waiting = {
        payload.get("letter_id")
        for payload in reader.execute(
            sa.select(jobs.c.payload).where(
                jobs.c.kind == "letter", jobs.c.state.in_((JobState.OPEN, JobState.LEASED, JobState.FAILED))
            )
        ).scalars()
    }
    return [
        f"letter {letter_id} has neither document nor job"
        for letter_id in reader.execute(sa.select(letters.c.letter_id)).scalars()
        if letter_id not in made | waiting
    ]


def failed_jobs_have_an_incident(reader: Reader) -> list[str]:
    """I14: nothing fails in silence."""
    query = sa.select(jobs.c.job_id).where(
        jobs.c.state == JobState.FAILED,
        jobs.c.job_id.not_in(sa.select(incidents.c.job_id).where(incidents.c.job_id.is_not(None))),
    )
    return [f"job {job_id} failed without an incident" for job_id in reader.execute(query).scalars()]


def one_open_item_per_task(reader: Reader) -> list[str]:
    query = (
        sa.select(supervision_items.c.task_id)
        .where(supervision_items.c.state == "OPEN")
        .group_by(supervision_items.c.task_id)
        .having(sa.func.count() > 1)
    )
    return [f"task {task_id} has two open supervision items" for task_id in reader.execute(query).scalars()]


def facts_rebuild_the_cases(reader: Reader) -> list[str]:
    """The ledger and the record of facts tell the same story."""
    found = []
    for campaign_id in reader.execute(sa.select(campaigns.c.campaign_id)).scalars().all():
        rows = {
            row["case_id"]: row
            for row in reader.execute(sa.select(cases).where(cases.c.campaign_id == campaign_id)).mappings()
        }
        for rebuilt in cases_at(reader, campaign_id, reader.now):
            row = rows[rebuilt["case_id"]]
            for name in ("state", "phase", "disposition", "return_count", *INSTANTS):
                if row[name] != rebuilt[name]:
                    found.append(f"case {rebuilt['case_id']}: {name} is {row[name]}, the facts say {rebuilt[name]}")
    return found


def figures_reconcile(reader: Reader) -> list[str]:
    return [
        fault
        for campaign_id in reader.execute(sa.select(campaigns.c.campaign_id)).scalars().all()
        for fault in figures(reader, campaign_id).faults
    ]


CHECKS: dict[str, Callable[[Reader], list[str]]] = {
    "tokens_match_rows": tokens_match_rows,
    "ended_instances_hold_nothing": ended_instances_hold_nothing,
    "completions_are_single": completions_are_single,
    "numbers_have_no_gaps": numbers_have_no_gaps,
    "documents_are_whole": documents_are_whole,
    "letters_have_a_document_or_a_job": letters_have_a_document_or_a_job,
    "failed_jobs_have_an_incident": failed_jobs_have_an_incident,
    "one_open_item_per_task": one_open_item_per_task,
    "facts_rebuild_the_cases": facts_rebuild_the_cases,
    "figures_reconcile": figures_reconcile,
    **COPIES,
    **SERVICE,
    **LETTERS,
    **GUARDS,
}
