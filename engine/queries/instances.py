"""Process instances for whoever keeps the system: the list that may be searched, and which of it an operation means."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.batch import MAX_ITEMS
from engine.domain.instance import InstanceKind, InstanceState
from engine.domain.job import JobState
from engine.domain.task import LIVE
from engine.domain.whole_number import whole_number
from engine.errors import NotFound
from engine.queries.paging import PER_PAGE, Page, like, page_of
from engine.store.access import visible_instances
from engine.store.schema import cases, definitions, incidents, instances, jobs, reports, supervision_items, tasks, units
from engine.store.transaction import Reader

SUSPENDED = "SUSPENDED"  # of an active instance; beside the states of InstanceState a choice of the filter


@dataclass(frozen=True)
class InstanceFilter:
    """`text`: part of a business key, a case number or an instance id. `state`: of InstanceState, or SUSPENDED.
    `trouble`: "1" for those with an open incident or a failed job. `version` as it stands in the address."""

    text: str = ""
    kind: str = ""
    key: str = ""
    version: str = ""
    state: str = ""
    trouble: str = ""
    page: int = 1


@dataclass(frozen=True)
class ListedInstance:
    """`subject` is the number of its case, or what else it is about. `incidents` counts open ones and failed jobs."""

    instance_id: str
    kind: InstanceKind
    key: str
    name: str
    version: int
    business_key: str
    case_id: str | None
    subject: str
    state: InstanceState
    suspended_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    open_tasks: int
    incidents: int

    @property
    def is_live(self) -> bool:
        return self.state is InstanceState.ACTIVE

    @property
    def shown_state(self) -> str:
        return SUSPENDED if self.suspended_at is not None else str(self.state)


@dataclass(frozen=True)
class InstanceList:
    """`keys` are the definitions that have instances, with their newest name; `versions` those of the one chosen."""

    filter: InstanceFilter
    rows: tuple[ListedInstance, ...]
    page: Page
    keys: tuple[tuple[str, str], ...]
    versions: tuple[int, ...]


@dataclass(frozen=True)
class Consequences:
    """What an operation on these instances would meet: counts, not promises; others work meanwhile."""

    active: int = 0
    suspended: int = 0
    ended: int = 0
    unknown: int = 0
    tasks: int = 0
    timers: int = 0
    jobs: int = 0
    items: int = 0
    open_cases: int = 0

    def __add__(self, other: "Consequences") -> "Consequences":
        return Consequences(*(one + two for one, two in zip(_counts(self), _counts(other), strict=True)))


_TASKS = (
    sa.select(sa.func.count())
    .where(tasks.c.instance_id == instances.c.instance_id, tasks.c.state.in_(LIVE))
    .correlate(instances)
    .scalar_subquery()
)
_FAILED = (
    sa.select(sa.func.count())
    .where(jobs.c.instance_id == instances.c.instance_id, jobs.c.state == JobState.FAILED)
    .correlate(instances)
    .scalar_subquery()
)
# Of a failed job the job itself is counted, whatever somebody noted about its incident.
_INCIDENTS = (
    sa.select(sa.func.count())
    .where(
        incidents.c.instance_id == instances.c.instance_id,
        incidents.c.resolved_at.is_(None),
        sa.or_(
            incidents.c.job_id.is_(None),
            incidents.c.job_id.not_in(sa.select(jobs.c.job_id).where(jobs.c.state == JobState.FAILED)),
        ),
    )
    .correlate(instances)
    .scalar_subquery()
)
LISTED = sa.select(
    instances.c.instance_id,
    instances.c.kind,
    instances.c.key,
    definitions.c.name,
    definitions.c.version,
    instances.c.business_key,
    instances.c.case_id,
    supervision_items.c.name.label("item_name"),
    reports.c.name.label("report_name"),
    units.c.name.label("unit_name"),
    instances.c.state,
    instances.c.suspended_at,
    instances.c.started_at,
    instances.c.ended_at,
    _TASKS.label("open_tasks"),
    (_FAILED + _INCIDENTS).label("incidents"),
).select_from(
    instances.join(definitions, definitions.c.definition_id == instances.c.definition_id)
    .outerjoin(supervision_items, supervision_items.c.item_id == instances.c.business_key)
    .outerjoin(reports, reports.c.report_id == instances.c.business_key)
    .outerjoin(units, units.c.unit_id == reports.c.unit_id)
)


def instances_of(reader: Reader, actor: Actor, wanted: InstanceFilter) -> InstanceList:
    """One page, the newest first: ids are made in the order of time."""
    matching = _matching(actor, wanted)
    ids = sa.select(instances.c.instance_id).join_from(instances, definitions).where(*matching)
    page = page_of(reader.execute, ids, wanted.page)
    found = reader.execute(
        LISTED.where(*matching).order_by(instances.c.instance_id.desc()).limit(PER_PAGE).offset(page.offset)
    ).mappings()
    return InstanceList(wanted, tuple(listed(row) for row in found), page, _keys(reader), _versions(reader, wanted.key))


def instance_ids(reader: Reader, actor: Actor, wanted: InstanceFilter) -> tuple[str, ...]:
    """Every instance the filter finds, the oldest first; one more than a batch may have when there are too many."""
    query = sa.select(instances.c.instance_id).join_from(instances, definitions).where(*_matching(actor, wanted))
    found = reader.execute(query.order_by(instances.c.started_at, instances.c.instance_id).limit(MAX_ITEMS + 1))
    return tuple(found.scalars())


def listed(row: Any) -> ListedInstance:
    plain = {name: row[name] for name in ListedInstance.__dataclass_fields__ if name != "subject"}
    report = f"{row['report_name']} {row['unit_name']}" if row["report_name"] else None
    subject = row["case_id"] or row["item_name"] or report or row["business_key"]
    return ListedInstance(
        **{**plain, "kind": InstanceKind(row["kind"]), "state": InstanceState(row["state"])}, subject=subject
    )


def seen_by(actor: Actor) -> sa.ColumnElement[bool]:
    """Whoever keeps the system sees that an instance is there; everybody else those of their cases."""
    return sa.true() if actor.has_role("sysadmin") else visible_instances(actor)


def resolve_instance(reader: Reader, actor: Actor, named: str) -> str:
    """The instance id of an id or of a business key, for the command line. Raises NotFound."""
    query = (
        sa.select(instances.c.instance_id)
        .where(sa.or_(instances.c.instance_id == named, instances.c.business_key == named), seen_by(actor))
        .order_by(sa.case((instances.c.kind == InstanceKind.CASE, 0), else_=1), instances.c.instance_id)
    )
    found = reader.execute(query.limit(1)).scalar()
    if found is None:
        raise NotFound("instance_unknown", f"There is no process instance {named}.", instance=named)
    return str(found)


# -- before an operation -----------------------------------------------------------------------------------------------
def consequences(reader: Reader, actor: Actor, ids: tuple[str, ...]) -> Consequences:
    """Of all these instances together; those that are not there, or not for this actor to see, are `unknown`."""
    found = Consequences()
    for start in range(0, len(ids), 500):
        found += _consequences(reader, actor, ids[start : start + 500])
    return found


def _consequences(reader: Reader, actor: Actor, ids: tuple[str, ...]) -> Consequences:
    meant = sa.and_(instances.c.instance_id.in_(ids), seen_by(actor))
    states = reader.execute(
        sa.select(instances.c.state, instances.c.suspended_at.is_not(None).label("is_suspended"), sa.func.count())
        .where(meant)
        .group_by(instances.c.state, instances.c.suspended_at.is_not(None))
    ).all()
    active = sum(row[2] for row in states if row.state == InstanceState.ACTIVE and not row.is_suspended)
    suspended = sum(row[2] for row in states if row.state == InstanceState.ACTIVE and row.is_suspended)
    ended = sum(row[2] for row in states if row.state != InstanceState.ACTIVE)
    live = sa.select(instances.c.instance_id).where(meant, instances.c.state == InstanceState.ACTIVE)
    waiting = sa.and_(jobs.c.instance_id.in_(live), jobs.c.state.in_((JobState.OPEN, JobState.LEASED, JobState.FAILED)))
    own_cases = sa.select(instances.c.case_id).where(
        meant, instances.c.state == InstanceState.ACTIVE, instances.c.kind == InstanceKind.CASE
    )
    return Consequences(
        active=active,
        suspended=suspended,
        ended=ended,
        unknown=len(ids) - active - suspended - ended,
        tasks=_count(reader, tasks, tasks.c.instance_id.in_(live), tasks.c.state.in_(LIVE)),
        timers=_count(reader, jobs, waiting, jobs.c.kind == "timer"),
        jobs=_count(reader, jobs, waiting, jobs.c.kind != "timer"),
        items=_count(reader, supervision_items, _watching(live), supervision_items.c.state == "OPEN"),
        open_cases=_count(
            reader, cases, cases.c.case_id.in_(own_cases), cases.c.state == "ACTIVE", cases.c.done_at.is_(None)
        ),
    )


def _watching(live: sa.Select[Any]) -> sa.ColumnElement[bool]:
    """Items that watch a live task of these instances, and those which are such an instance themselves."""
    watched = sa.select(tasks.c.task_id).where(tasks.c.instance_id.in_(live), tasks.c.state.in_(LIVE))
    own = sa.select(instances.c.business_key).where(
        instances.c.instance_id.in_(live), instances.c.kind == InstanceKind.SUPERVISION
    )
    return sa.or_(supervision_items.c.task_id.in_(watched), supervision_items.c.item_id.in_(own))


def _counts(found: Consequences) -> tuple[int, ...]:
    return tuple(getattr(found, name) for name in Consequences.__dataclass_fields__)


def _count(reader: Reader, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
    return int(reader.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one())


def _matching(actor: Actor, wanted: InstanceFilter) -> list[sa.ColumnElement[bool]]:
    found = [seen_by(actor)]
    if wanted.text:
        pattern = like(wanted.text)
        found.append(
            sa.or_(
                instances.c.business_key.like(pattern, escape="\\"),
                instances.c.case_id.like(pattern, escape="\\"),
                instances.c.instance_id == wanted.text,
            )
        )
    if wanted.kind:
        found.append(instances.c.kind == wanted.kind)
    if wanted.key:
        found.append(instances.c.key == wanted.key)
    if wanted.version:
        version = whole_number(wanted.version)
        found.append(sa.false() if version is None else definitions.c.version == version)
    if wanted.state == SUSPENDED:
        found.append(instances.c.suspended_at.is_not(None))
    elif wanted.state == InstanceState.ACTIVE:
        found += [instances.c.state == InstanceState.ACTIVE, instances.c.suspended_at.is_(None)]
    elif wanted.state:
        found.append(instances.c.state == wanted.state)
    if wanted.trouble:
        open_ones = sa.select(incidents.c.instance_id).where(
            incidents.c.resolved_at.is_(None), incidents.c.instance_id.is_not(None)
        )
        failed = sa.select(jobs.c.instance_id).where(jobs.c.state == JobState.FAILED, jobs.c.instance_id.is_not(None))
        found.append(sa.or_(instances.c.instance_id.in_(open_ones), instances.c.instance_id.in_(failed)))
    return found


def _keys(reader: Reader) -> tuple[tuple[str, str], ...]:
    newest = sa.select(definitions.c.key, sa.func.max(definitions.c.version).label("version")).group_by(
        definitions.c.key
    )
    latest = newest.subquery()
    found = reader.execute(
        sa.select(definitions.c.key, definitions.c.name)
        .join(latest, sa.and_(latest.c.key == definitions.c.key, latest.c.version == definitions.c.version))
        .where(sa.exists().where(instances.c.key == definitions.c.key))
        .order_by(definitions.c.key)
    )
    return tuple((row.key, row.name) for row in found)


def _versions(reader: Reader, key: str) -> tuple[int, ...]:
    query = sa.select(definitions.c.version).where(definitions.c.key == key).order_by(definitions.c.version.desc())
    return tuple(reader.execute(query).scalars())
