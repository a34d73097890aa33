"""Supervision items with the rungs they reached, report obligations, reminders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.escalation import SUMMONS
from engine.domain.task import TaskState
from engine.store.schema import (
    interviews,
    letter_cases,
    letter_services,
    letters,
    reminders,
    reports,
    rungs,
    supervision_items,
    task_groups,
    tasks,
)
from engine.store.transaction import Transaction

LOOKED_BACK = 12  # no ladder asks for more reds in a row

_ITEM = sa.select(supervision_items).where(supervision_items.c.item_id == sa.bindparam("item_id"))
_WATCHING = (
    sa.select(supervision_items)
    .where(supervision_items.c.task_id == sa.bindparam("task_id"), supervision_items.c.state.in_(("OPEN", "REFERRED")))
    .order_by(sa.case((supervision_items.c.state == "OPEN", 0), else_=1), supervision_items.c.opened_at.desc())
    .limit(1)
)


def add_item(tx: Transaction, values: Mapping[str, Any]) -> None:
    tx.execute(supervision_items.insert().values(**values))


def get_item(connection: Any, item_id: str) -> Mapping[str, Any] | None:
    return connection.execute(_ITEM, {"item_id": item_id}).mappings().first()


def open_item_of_task(tx: Transaction, task_id: str) -> Mapping[str, Any] | None:
    return (
        tx.execute(
            sa.select(supervision_items).where(
                supervision_items.c.task_id == task_id, supervision_items.c.state == "OPEN"
            )
        )
        .mappings()
        .first()
    )


def watching_item_of_task(tx: Transaction, task_id: str) -> Mapping[str, Any] | None:
    """The open item of the task, or the one that went on to accountability."""
    return tx.execute(_WATCHING, {"task_id": task_id}).mappings().first()


def open_item_of_case(tx: Transaction, case_id: str) -> str | None:
    """The item that was opened last, when the case has an open one."""
    return tx.execute(
        sa.select(supervision_items.c.item_id)
        .where(supervision_items.c.case_id == case_id, supervision_items.c.state == "OPEN")
        .order_by(supervision_items.c.opened_at.desc(), supervision_items.c.item_id.desc())
        .limit(1)
    ).scalar()


def open_item_of_report(tx: Transaction, report_id: str) -> Mapping[str, Any] | None:
    """The item that watches the task of a report that is late."""
    query = sa.select(supervision_items).where(
        supervision_items.c.report_id == report_id, supervision_items.c.state == "OPEN"
    )
    return tx.execute(query.order_by(supervision_items.c.opened_at.desc()).limit(1)).mappings().first()


def update_item(tx: Transaction, item_id: str, **values: Any) -> None:
    tx.execute(supervision_items.update().where(supervision_items.c.item_id == item_id).values(**values))


def add_rung(
    tx: Transaction,
    *,
    item_id: str,
    instrument: str,
    level: int,
    rule: str,
    reason: str = "",
    letter_id: str | None = None,
    ruling: Mapping[str, Any] | None = None,
) -> None:
    last = tx.execute(sa.select(sa.func.max(rungs.c.position)).where(rungs.c.item_id == item_id)).scalar()
    tx.execute(
        rungs.insert().values(
            item_id=item_id,
            position=(last or 0) + 1,
            instrument=instrument,
            level=level,
            at=tx.now,
            rule=rule,
            reason=reason,
            letter_id=letter_id,
            ruling=ruling,
        )
    )
    update_item(tx, item_id, level=level, level_at=tx.now)


def paper_of_rung() -> sa.ColumnElement[Any]:
    """The letter that a row of `rungs` stands for. A talk's summons goes out after the rung is reached, and rungs are
    append-only: it is the latest of the item's talks that has one."""
    summons = (
        sa.select(interviews.c.summons_id)
        .where(interviews.c.item_id == rungs.c.item_id, interviews.c.summons_id.is_not(None))
        .order_by(interviews.c.opened_at.desc(), interviews.c.interview_id.desc())
        .limit(1)
        .correlate(rungs)
        .scalar_subquery()
    )
    of_talk = sa.case((rungs.c.instrument == SUMMONS, summons), else_=sa.null())
    return sa.func.coalesce(rungs.c.letter_id, of_talk)


def last_rung(connection: Any, item_id: str) -> Mapping[str, Any] | None:
    """The rung that the item reached last."""
    query = sa.select(rungs).where(rungs.c.item_id == item_id).order_by(rungs.c.position.desc()).limit(1)
    return connection.execute(query).mappings().first()


def skip_reasons(tx: Transaction, instance_id: str, since: datetime) -> tuple[str, ...]:
    """What approvers wrote when they skipped a rung of this item since then, in order."""
    query = sa.select(tasks.c.variables).where(
        tasks.c.instance_id == instance_id, tasks.c.state == TaskState.COMPLETED, tasks.c.completed_at > since
    )
    found = tx.execute(query.order_by(tasks.c.completed_at, tasks.c.task_id)).scalars()
    return tuple(
        str(given["skip_reason"])
        for given in found
        if given and given.get("rung_decision") == "skip" and given.get("skip_reason")
    )


def open_notice(tx: Transaction, kind: str, *, case_id: str | None, item_id: str | None) -> str | None:
    """The number of a letter of this kind that is still open: sent and neither closed nor void. With an item: under it,
    or sent by hand about its case under no item; without one: about the case. The notice with which the process of a
    case begins its cleanup, unsigned and under no item, is no rung and counts for none."""
    of_case = letters.c.letter_id.in_(sa.select(letter_cases.c.letter_id).where(letter_cases.c.case_id == case_id))
    about = sa.and_(of_case, sa.or_(letters.c.item_id.is_not(None), letters.c.signed_by.is_not(None)))
    if item_id is not None:
        climbed = sa.select(rungs.c.letter_id).where(rungs.c.letter_id.is_not(None))
        of_item = climbed.where(rungs.c.item_id == item_id)
        items = supervision_items.alias()
        of_any = climbed.join(items, items.c.item_id == rungs.c.item_id).where(items.c.case_id == case_id)
        outside = sa.and_(about, letters.c.item_id.is_(None), letters.c.letter_id.not_in(of_any))
        about = sa.or_(letters.c.item_id == item_id, letters.c.letter_id.in_(of_item), outside)
    query = (
        sa.select(letters.c.number)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(letters.c.kind == kind, letter_services.c.state.not_in(("CLOSED", "VOID")), about)
        .order_by(letters.c.issued_at.desc(), letters.c.letter_id.desc())
        .limit(1)
    )
    return tx.execute(query).scalar()


def reds_in_a_row(scope: Any, item: Mapping[str, Any]) -> int:
    """How many times running the light has turned red, up to the item's own: for a case at the tasks of the item's
    unit, for a report at the reports of its kind that the unit owes. A task or report that was in time breaks it."""
    found = _reports_in_turn(item) if item["report_id"] else _tasks_in_turn(item)
    count = 0
    for due_at, done_at in scope.execute(found):
        if due_at > scope.now or (done_at is not None and done_at <= due_at):
            break
        count += 1
    return count


def _tasks_in_turn(item: Mapping[str, Any]) -> sa.Select[Any]:
    """(due, done) of the unit's tasks of the case, the latest due first, from the item's own task back."""
    own = sa.select(tasks.c.due_at).where(tasks.c.task_id == item["task_id"]).scalar_subquery()
    of_unit = sa.select(task_groups.c.task_id).where(task_groups.c.unit_id == item["unit_id"])
    return (
        sa.select(tasks.c.due_at, tasks.c.completed_at)
        .where(
            tasks.c.case_id == item["case_id"],
            tasks.c.task_id.in_(of_unit),
            tasks.c.state != TaskState.CANCELLED,
            tasks.c.due_at <= own,
        )
        .order_by(tasks.c.due_at.desc(), tasks.c.task_id.desc())
        .limit(LOOKED_BACK)
    )


def _reports_in_turn(item: Mapping[str, Any]) -> sa.Select[Any]:
    """(due, handed in) of the unit's reports of one kind, the latest due first, from the item's own report back.

    What was due before the campaign opened is history and nobody's fault: it breaks the row.
    """
    own = sa.select(reports.c.rule_key, reports.c.due_at).where(reports.c.report_id == item["report_id"]).subquery()
    return (
        sa.select(
            reports.c.due_at, sa.case((reports.c.state == "HISTORY", reports.c.due_at), else_=reports.c.submitted_at)
        )
        .join(own, sa.and_(reports.c.rule_key == own.c.rule_key, reports.c.due_at <= own.c.due_at))
        .where(reports.c.campaign_id == item["campaign_id"], reports.c.unit_id == item["unit_id"])
        .order_by(reports.c.due_at.desc())
        .limit(LOOKED_BACK)
    )


def responsible_unit(tx: Any, case: Mapping[str, Any]) -> str:
    """To whom a letter about the case goes: the unit whose late task is under supervision, else the lead unit."""
    item_id = open_item_of_case(tx, case["case_id"])
    item = get_item(tx, item_id) if item_id else None
    return str(item["unit_id"] if item else case["lead_id"])


def is_on_record(tx: Transaction, item_id: str, letter_id: str) -> bool:
    """Whether the item has reached a rung by this letter already."""
    query = sa.select(rungs.c.position).where(rungs.c.item_id == item_id, rungs.c.letter_id == letter_id)
    return tx.execute(query).first() is not None


def add_report(tx: Transaction, values: Mapping[str, Any]) -> None:
    tx.execute(reports.insert().values(**values))


def get_report(connection: Any, report_id: str) -> Mapping[str, Any] | None:
    return connection.execute(sa.select(reports).where(reports.c.report_id == report_id)).mappings().first()


def submit_report(
    tx: Transaction, report_id: str, *, by: str, at: Any, variables: dict[str, Any], figures: dict[str, Any]
) -> None:
    tx.execute(
        reports.update()
        .where(reports.c.report_id == report_id, reports.c.state == "OPEN")
        .values(state="SUBMITTED", submitted_at=at, submitted_by=by, variables=variables, figures=figures)
    )


def was_reminded_since(tx: Transaction, task_id: str, moment: datetime) -> bool:
    query = sa.select(reminders.c.reminder_id).where(reminders.c.task_id == task_id, reminders.c.at > moment)
    return tx.execute(query.limit(1)).first() is not None


def add_reminder(tx: Transaction, **values: Any) -> None:
    tx.execute(reminders.insert().values(reminder_id=tx.new_id(), at=tx.now, **values))
