"""责任倒查: who held a case when, by unit and post, with its letters and rungs beside. Derived from tasks and facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor
from engine.domain.calendar import civil_date
from engine.domain.instance import InstanceKind
from engine.domain.task import LIVE, TaskState
from engine.errors import NotFound
from engine.store.access import known_referrals, known_rungs, may_see_case, visible_letters
from engine.store.schema import (
    cases,
    facts,
    instances,
    letter_cases,
    letter_services,
    letters,
    memberships,
    supervision_items,
    task_groups,
    tasks,
    units,
)
from engine.store.schema import rungs as rung_rows
from engine.store.supervision import paper_of_rung
from engine.store.transaction import Reader

HOLDING = ("TaskClaimed", "TaskReleased", "TaskCompleted", "TaskReturned", "TaskCancelled")


@dataclass(frozen=True)
class Holder:
    """One person had the task from `since` to `until` (None: still). `post`: roles as role@unit name."""

    person: str
    post: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class HeldTask:
    """One step of the case. `late_workdays` against the original due date, 0 when in time; `waited_workdays` from
    opening to the first claim."""

    task_id: str
    name: str
    process_key: str
    state: str
    units: tuple[str, ...]
    opened_at: datetime
    due_original_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    completed_by: str | None
    waited_workdays: int
    late_workdays: int
    holders: tuple[Holder, ...]


@dataclass(frozen=True)
class Paper:
    """A letter or a rung, as it stands beside the tasks in time. `number` is empty where no paper went out."""

    at: datetime
    instrument: str | None
    letter_id: str | None
    number: str
    kind: str | None
    unit: str
    received_at: datetime | None
    reason: str


@dataclass(frozen=True)
class UnitShare:
    unit: str
    tasks: int
    late: int
    late_workdays: int


@dataclass(frozen=True)
class Responsibility:
    case_id: str
    name: str
    campaign_id: str
    area: str
    lead: str
    as_of: datetime
    tasks: tuple[HeldTask, ...]
    papers: tuple[Paper, ...]
    shares: tuple[UnitShare, ...]


def responsibility(reader: Reader, actor: Actor, case_id: str) -> Responsibility:
    """Raises NotFound for a foreign case. Referrals are left out for whom they do not concern."""
    if not may_see_case(reader.connection, actor, case_id):
        raise NotFound("case_unknown", f"There is no case {case_id}.", case=case_id)
    names = {row.unit_id: row.name for row in reader.execute(sa.select(units.c.unit_id, units.c.name))}
    case = reader.execute(sa.select(cases).where(cases.c.case_id == case_id)).mappings().one()
    held = _tasks(reader, actor, case_id, names)
    return Responsibility(
        case_id=case_id,
        name=case["name"],
        campaign_id=case["campaign_id"],
        area=names[case["area_id"]],
        lead=names[case["lead_id"]],
        as_of=reader.now,
        tasks=held,
        papers=tuple(sorted(_papers(reader, actor, case_id, names), key=lambda paper: (paper.at, paper.number))),
        shares=_shares(held),
    )


def _tasks(reader: Reader, actor: Actor, case_id: str, names: Mapping[str, str]) -> tuple[HeldTask, ...]:
    found = list(
        reader.execute(
            sa.select(tasks)
            .join(instances, instances.c.instance_id == tasks.c.instance_id)
            .where(tasks.c.case_id == case_id, known_referrals(actor), tasks.c.state != TaskState.CANCELLED)
            .order_by(tasks.c.opened_at, tasks.c.task_id)
        ).mappings()
    )
    offered: dict[str, list[str]] = {}
    for row in reader.execute(
        sa.select(task_groups.c.task_id, task_groups.c.unit_id)
        .where(task_groups.c.task_id.in_([row["task_id"] for row in found]))
        .order_by(task_groups.c.unit_id)
    ):
        offered.setdefault(row.task_id, []).append(names[row.unit_id])
    posts, told = _posts(reader, names), _told(reader, case_id)
    return tuple(
        _held(reader, row, tuple(dict.fromkeys(offered.get(row["task_id"], ()))), told.get(row["task_id"], []), posts)
        for row in found
    )


def _told(reader: Reader, case_id: str) -> dict[str, list[Any]]:
    """task id -> what was recorded of its holders, oldest first."""
    told: dict[str, list[Any]] = {}
    for fact in reader.execute(
        sa.select(facts.c.at, facts.c.kind, facts.c.person_id, facts.c.person, facts.c.detail)
        .where(facts.c.case_id == case_id, facts.c.kind.in_(HOLDING))
        .order_by(facts.c.fact_id)
    ):
        told.setdefault(str(fact.detail.get("task")), []).append(fact)
    return told


def _held(
    reader: Reader, row: Mapping[str, Any], offered: tuple[str, ...], told: list[Any], posts: Mapping[str, str]
) -> HeldTask:
    holders = tuple(_holders(told, row, posts))
    end = row["completed_at"] or reader.now
    claimed = holders[0].since if holders else end
    due = row["due_original_at"]
    return HeldTask(
        task_id=row["task_id"],
        name=row["name"],
        process_key=row["process_key"],
        state=row["state"],
        units=offered,
        opened_at=row["opened_at"],
        due_original_at=due,
        due_at=row["due_at"],
        completed_at=row["completed_at"],
        completed_by=holders[-1].person if row["completed_at"] and holders else None,
        waited_workdays=_workdays(reader, row["opened_at"], claimed),
        late_workdays=_workdays(reader, due, end) if due is not None and end > due else 0,
        holders=holders,
    )


def _holders(told: list[Any], row: Mapping[str, Any], posts: Mapping[str, str]) -> Iterator[Holder]:
    """From claim to release, completion or withdrawal."""
    claimed = None
    for fact in told:
        if fact.kind == "TaskClaimed":
            claimed = fact
        elif claimed is not None:
            yield Holder(claimed.person, posts.get(claimed.person_id, ""), claimed.at, fact.at)
            claimed = None
    if claimed is not None:
        until = None if row["state"] in LIVE else row["completed_at"]
        yield Holder(claimed.person, posts.get(claimed.person_id, ""), claimed.at, until)


def _posts(reader: Reader, names: Mapping[str, str]) -> dict[str, str]:
    """person id -> role@unit name, as it is today."""
    found: dict[str, list[str]] = {}
    for row in reader.execute(sa.select(memberships).order_by(memberships.c.role, memberships.c.unit_id)):
        found.setdefault(row.person_id, []).append(f"{row.role}@{names[row.unit_id]}")
    return {person_id: " ".join(held) for person_id, held in found.items()}


def _papers(reader: Reader, actor: Actor, case_id: str, names: Mapping[str, str]) -> Iterator[Paper]:
    """Every rung of the case's items that the actor may know of, then the letters that stand for no rung."""
    on_rungs: set[str] = set()
    for row in reader.execute(
        sa.select(rung_rows, supervision_items.c.unit_id, letters.c.number, letters.c.kind)
        .add_columns(letter_services.c.received_at, letters.c.letter_id.label("paper"))
        .select_from(rung_rows)
        .join(supervision_items, supervision_items.c.item_id == rung_rows.c.item_id)
        .outerjoin(letters, letters.c.letter_id == paper_of_rung())
        .outerjoin(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(supervision_items.c.case_id == case_id, known_rungs(actor))
    ):
        on_rungs.add(row.paper or "")
        yield Paper(
            row.at,
            row.instrument,
            row.paper,
            row.number or "",
            row.kind,
            names[row.unit_id],
            row.received_at,
            row.reason,
        )
    for row in reader.execute(
        sa.select(letters, letter_services.c.received_at)
        .join(letter_cases, letter_cases.c.letter_id == letters.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(letter_cases.c.case_id == case_id, sa.or_(letters.c.kind != "referral", visible_letters(actor)))
    ):
        if row.letter_id not in on_rungs:
            yield Paper(
                row.issued_at, None, row.letter_id, row.number, row.kind, names[row.unit_id], row.received_at, ""
            )


def _shares(held: tuple[HeldTask, ...]) -> tuple[UnitShare, ...]:
    """The latest unit first; a task counts for the first unit that was asked."""
    counted: dict[str, list[int]] = {}
    for task in held:
        if task.units and task.process_key not in (InstanceKind.SUPERVISION, InstanceKind.ACCOUNTABILITY):
            sums = counted.setdefault(task.units[0], [0, 0, 0])
            sums[0] += 1
            sums[1] += task.late_workdays > 0
            sums[2] += task.late_workdays
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1][2], entry[0]))
    return tuple(UnitShare(unit, *sums) for unit, sums in ranked)


def _workdays(reader: Reader, start: datetime, end: datetime) -> int:
    first, last = civil_date(start), civil_date(end)
    return plans.calendar(reader).workdays_between(first, last) if last > first else 0
