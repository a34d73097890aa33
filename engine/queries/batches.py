"""Batches with their progress, and jobs that failed: what waits for whoever keeps the system."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.batch import MAX_ITEMS, BatchState, ItemState
from engine.domain.job import JobState
from engine.errors import NotFound
from engine.queries.instance_page import InstanceJob, job_row
from engine.queries.instances import seen_by
from engine.queries.paging import PER_PAGE, Page, like, page_of
from engine.store.access import known_work
from engine.store.schema import batch_items, instances, jobs
from engine.store.schema import batches as rows
from engine.store.transaction import Reader


@dataclass(frozen=True)
class BatchRow:
    """The four counts add up to `total`."""

    batch_id: str
    kind: str
    parameters: Mapping[str, Any]
    reason: str
    state: BatchState
    total: int
    done: int
    failed: int
    pending: int
    skipped: int
    created_at: datetime
    created_by: str
    ended_at: datetime | None

    @property
    def percent(self) -> int:
        return (self.total - self.pending) * 100 // max(self.total, 1)


@dataclass(frozen=True)
class BatchItem:
    """`subject` is an instance or a job, `case_id` and `instance_id` what it belongs to where that is still known.
    `error` of a failed item: code, fields and problems."""

    position: int
    subject_id: str
    instance_id: str | None
    business_key: str | None
    case_id: str | None
    state: ItemState
    message_zh: str
    message_en: str
    error: Mapping[str, Any] | None
    done_at: datetime | None


@dataclass(frozen=True)
class BatchList:
    rows: tuple[BatchRow, ...]
    page: Page


@dataclass(frozen=True)
class BatchPage:
    row: BatchRow
    items: tuple[BatchItem, ...]
    page: Page
    state: str


@dataclass(frozen=True)
class JobFilter:
    """`state`: FAILED, or waiting for its next attempt (RETRYING), or HELD; empty for all of these."""

    state: str = ""
    kind: str = ""
    text: str = ""
    page: int = 1


@dataclass(frozen=True)
class JobList:
    filter: JobFilter
    rows: tuple[InstanceJob, ...]
    page: Page
    kinds: tuple[str, ...]


def batches(reader: Reader, page_number: int = 1) -> BatchList:
    """The newest first."""
    page = page_of(reader.execute, sa.select(rows.c.batch_id), page_number)
    found = reader.execute(
        sa.select(rows).order_by(rows.c.created_at.desc(), rows.c.batch_id.desc()).limit(PER_PAGE).offset(page.offset)
    ).all()
    counts = _counts(reader, [row.batch_id for row in found])
    return BatchList(tuple(_row(row, counts.get(row.batch_id, {})) for row in found), page)


def batch(reader: Reader, batch_id: str, *, state: str = "", page_number: int = 1) -> BatchPage:
    """One page of its items in their order, of one state or of all. Raises NotFound."""
    row = _batch(reader, batch_id)
    query = _items(batch_id)
    if state:
        query = query.where(batch_items.c.state == state)
    page = page_of(reader.execute, query, page_number)
    found = reader.execute(query.order_by(batch_items.c.position).limit(PER_PAGE).offset(page.offset)).mappings()
    return BatchPage(row, tuple(_item(item) for item in found), page, state)


def all_items(reader: Reader, batch_id: str) -> tuple[BatchItem, ...]:
    """Every item in its order, for a file. Raises NotFound."""
    _batch(reader, batch_id)
    found = reader.execute(_items(batch_id).order_by(batch_items.c.position)).mappings()
    return tuple(_item(item) for item in found)


def jobs_of(reader: Reader, actor: Actor, wanted: JobFilter) -> JobList:
    """Jobs that failed, that wait for another attempt, or that are held: the longest due first."""
    query, kinds = _troubled(reader, actor, wanted)
    page = page_of(reader.execute, query.with_only_columns(jobs.c.job_id), wanted.page)
    found = reader.execute(query.order_by(jobs.c.due_at, jobs.c.job_id).limit(PER_PAGE).offset(page.offset))
    return JobList(wanted, tuple(job_row(row, row["suspended_at"]) for row in found.mappings()), page, kinds)


def job_ids(reader: Reader, actor: Actor, wanted: JobFilter) -> tuple[str, ...]:
    """Every job the filter finds; one more than a batch may have when there are too many."""
    query, _ = _troubled(reader, actor, wanted)
    found = reader.execute(query.with_only_columns(jobs.c.job_id).order_by(jobs.c.job_id).limit(MAX_ITEMS + 1))
    return tuple(found.scalars())


def job(reader: Reader, actor: Actor, job_id: str) -> InstanceJob | None:
    """None when there is no such job, or not one that the actor may see."""
    query = sa.select(jobs, instances.c.case_id, instances.c.suspended_at).outerjoin(instances)
    row = reader.execute(query.where(jobs.c.job_id == job_id, _seen(actor))).mappings().first()
    return job_row(row, row["suspended_at"]) if row is not None else None


def _seen(actor: Actor) -> sa.ColumnElement[bool]:
    seen = sa.or_(
        sa.true() if actor.has_role("sysadmin") or actor.sees_all else sa.false(),
        jobs.c.instance_id.in_(sa.select(instances.c.instance_id).where(seen_by(actor))),
    )
    return sa.and_(seen, known_work(actor, jobs.c.instance_id))


def _troubled(reader: Reader, actor: Actor, wanted: JobFilter) -> tuple[sa.Select[Any], tuple[str, ...]]:
    """The jobs that the filter finds, and of which kinds there are any in their state."""
    query = sa.select(jobs, instances.c.case_id, instances.c.suspended_at).outerjoin(instances).where(_seen(actor))
    query = query.where(_TROUBLE.get(wanted.state, sa.or_(*_TROUBLE.values())))
    kinds = tuple(reader.execute(query.with_only_columns(jobs.c.kind).distinct().order_by(jobs.c.kind)).scalars())
    if wanted.kind:
        query = query.where(jobs.c.kind == wanted.kind)
    if wanted.text:
        pattern = like(wanted.text)
        query = query.where(
            sa.or_(
                instances.c.case_id.like(pattern, escape="\\"),
                instances.c.business_key.like(pattern, escape="\\"),
                jobs.c.name.like(pattern, escape="\\"),
                jobs.c.job_id == wanted.text,
            )
        )
    return query, kinds


_TROUBLE = {
    "FAILED": jobs.c.state == JobState.FAILED,
    "RETRYING": sa.and_(jobs.c.state == JobState.OPEN, jobs.c.last_error.is_not(None), jobs.c.held_at.is_(None)),
    "HELD": sa.and_(jobs.c.state == JobState.OPEN, jobs.c.held_at.is_not(None)),
}


def _items(batch_id: str) -> sa.Select[Any]:
    of_job = jobs.c.job_id == batch_items.c.subject_id
    of_instance = instances.c.instance_id == sa.func.coalesce(jobs.c.instance_id, batch_items.c.subject_id)
    return (
        sa.select(
            batch_items.c.position,
            batch_items.c.subject_id,
            instances.c.instance_id,
            instances.c.business_key,
            instances.c.case_id,
            batch_items.c.state,
            batch_items.c.message_zh,
            batch_items.c.message_en,
            batch_items.c.error,
            batch_items.c.done_at,
        )
        .select_from(batch_items.outerjoin(jobs, of_job).outerjoin(instances, of_instance))
        .where(batch_items.c.batch_id == batch_id)
    )


def _item(row: Mapping[str, Any]) -> BatchItem:
    return BatchItem(**{**row, "state": ItemState(row["state"])})


def _batch(reader: Reader, batch_id: str) -> BatchRow:
    row = reader.execute(sa.select(rows).where(rows.c.batch_id == batch_id)).first()
    if row is None:
        raise NotFound("batch_unknown", f"There is no batch {batch_id}.", batch=batch_id)
    return _row(row, _counts(reader, [batch_id]).get(batch_id, {}))


def _counts(reader: Reader, batch_ids: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    query = sa.select(batch_items.c.batch_id, batch_items.c.state, sa.func.count())
    counted = query.where(batch_items.c.batch_id.in_(batch_ids)).group_by(batch_items.c.batch_id, batch_items.c.state)
    for batch_id, state, count in reader.execute(counted):
        found.setdefault(batch_id, {})[state] = count
    return found


def _row(row: Any, counts: Mapping[str, int]) -> BatchRow:
    return BatchRow(
        batch_id=row.batch_id,
        kind=row.kind,
        parameters=row.parameters,
        reason=row.reason,
        state=BatchState(row.state),
        total=row.total,
        done=counts.get(ItemState.DONE, 0),
        failed=counts.get(ItemState.FAILED, 0),
        pending=counts.get(ItemState.PENDING, 0),
        skipped=counts.get(ItemState.SKIPPED, 0),
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
    )
