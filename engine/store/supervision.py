"""Supervision items with the rungs they reached, report obligations, reminders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.store.schema import letter_services, reminders, reports, rungs, supervision_items
from engine.store.transaction import Transaction

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
        )
    )
    update_item(tx, item_id, level=level, level_at=tx.now)


def responsible_unit(tx: Any, case: Mapping[str, Any]) -> str:
    """To whom a letter about the case goes: the unit whose late task is under supervision, else the lead unit."""
    item_id = open_item_of_case(tx, case["case_id"])
    item = get_item(tx, item_id) if item_id else None
    return str(item["unit_id"] if item else case["lead_id"])


def letter_at_or_above(tx: Transaction, item_id: str, level: int) -> str | None:
    """The latest letter that already went out under the item at this rung or a higher one, and was not voided."""
    return tx.execute(
        sa.select(rungs.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == rungs.c.letter_id)
        .where(rungs.c.item_id == item_id, rungs.c.level >= level, letter_services.c.state != "VOID")
        .order_by(rungs.c.position.desc())
        .limit(1)
    ).scalar()


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
