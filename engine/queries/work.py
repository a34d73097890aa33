"""Every live task of a campaign with the groups it waits for: for those who plan work, not for a page."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine.domain.task import LIVE
from engine.store.schema import instances, reports, task_groups, tasks
from engine.store.transaction import Reader


@dataclass(frozen=True)
class LiveTask:
    """`what` names the thing the task is about the same way in every run; `groups` are (role, unit id), sorted."""

    task_id: str
    what: str
    element_id: str
    case_id: str | None
    assignee_id: str | None
    opened_at: datetime
    due_at: datetime | None
    groups: tuple[tuple[str, str], ...]


def live_tasks(reader: Reader, campaign_id: str) -> tuple[LiveTask, ...]:
    """In the order they were opened."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in reader.execute(
        sa.select(task_groups)
        .join(tasks, tasks.c.task_id == task_groups.c.task_id)
        .where(tasks.c.campaign_id == campaign_id, tasks.c.state.in_(LIVE))
    ):
        groups.setdefault(row.task_id, []).append((row.role, row.unit_id))
    found = reader.execute(
        sa.select(
            tasks, instances.c.kind, reports.c.rule_key, reports.c.unit_id, reports.c.due_at.label("report_due_at")
        )
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .outerjoin(reports, reports.c.report_id == instances.c.business_key)
        .where(tasks.c.campaign_id == campaign_id, tasks.c.state.in_(LIVE))
        .order_by(tasks.c.opened_at, tasks.c.task_id)
    )
    return tuple(
        LiveTask(
            row.task_id,
            row.case_id or f"{row.rule_key}/{row.unit_id}/{row.report_due_at}",
            row.element_id,
            row.case_id,
            row.assignee_id,
            row.opened_at,
            row.due_at,
            tuple(sorted(groups.get(row.task_id, ()))),
        )
        for row in found
    )
