"""Cases: the ledger rows that a campaign drives to zero."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.domain.case import CaseState
from engine.store import prepared, tallies
from engine.store.prepared import Prepared
from engine.store.schema import case_units, cases, supervision_items, task_groups, tasks
from engine.store.transaction import Transaction

_ADD = cases.insert()
_ADD_UNIT = case_units.insert()
_GET = sa.select(cases).where(cases.c.case_id == sa.bindparam("case_id"))
_PHASE = Prepared(sa.select(cases.c.phase).where(cases.c.case_id == sa.bindparam("case_id")))
_COUNTED = (
    sa.select(cases.c.campaign_id, *(cases.c[name] for name in sorted(tallies.COUNTED)))
    .where(cases.c.case_id == sa.bindparam("case_id"))
    .with_for_update()
)


def add(tx: Transaction, values: Mapping[str, Any], cooperating: Iterable[str]) -> None:
    add_all(tx, (values,), (cooperating,))


def add_all(tx: Transaction, rows: Sequence[Mapping[str, Any]], cooperating: Iterable[Iterable[str]]) -> None:
    """The only way in which cases begin: with their place in the ledger, their counters and, for each, its cooperating
    units."""
    if not rows:
        return
    tx.execute(_ADD, [{**values, "ledger_rank": ledger_rank(values)} for values in rows])
    tallies.added(tx, rows)
    units = [
        {"case_id": values["case_id"], "unit_id": unit_id}
        for values, unit_ids in zip(rows, cooperating, strict=True)
        for unit_id in dict.fromkeys(unit_ids)
    ]
    if units:
        tx.execute(_ADD_UNIT, units)


def known_fingerprints(tx: Transaction, campaign_id: str) -> set[str]:
    return set(tx.execute(sa.select(cases.c.fingerprint).where(cases.c.campaign_id == campaign_id)).scalars())


def known_credit_codes(tx: Transaction, campaign_id: str) -> dict[str, str]:
    """credit code -> case number, of firms already in the register."""
    rows = tx.execute(
        sa.select(cases.c.credit_code, cases.c.case_id).where(
            cases.c.campaign_id == campaign_id, cases.c.credit_code.is_not(None)
        )
    )
    return {row.credit_code: row.case_id for row in rows}


def get(connection: Any, case_id: str) -> Mapping[str, Any] | None:
    return connection.execute(_GET, {"case_id": case_id}).mappings().first()


def unit_ids_of(tx: Transaction, case: Mapping[str, Any]) -> set[str]:
    """The units that have to do with the case: its area, its lead, those that cooperate, and all that had an item or a
    task of it."""
    case_id = case["case_id"]
    offered = sa.select(task_groups.c.unit_id).join(tasks, tasks.c.task_id == task_groups.c.task_id)
    found = sa.union(
        sa.select(case_units.c.unit_id).where(case_units.c.case_id == case_id),
        sa.select(supervision_items.c.unit_id).where(supervision_items.c.case_id == case_id),
        offered.where(tasks.c.case_id == case_id),
    )
    return {case["area_id"], case["lead_id"], *tx.execute(found).scalars()}


def phase_of(tx: Transaction, case_id: str) -> str | None:
    (row,) = tx.rows(_PHASE, {"case_id": case_id})
    return row["phase"]


def provisional(tx: Transaction) -> list[Mapping[str, Any]]:
    """Open cases whose due date stands on a calendar not yet published."""
    query = sa.select(cases).where(
        cases.c.state == CaseState.ACTIVE, cases.c.done_at.is_(None), cases.c.deadline.is_not(None)
    )
    found = tx.execute(query.order_by(cases.c.case_id)).mappings()
    return [row for row in found if (row["deadline"] or {}).get("provisional")]


def update(tx: Transaction, case_id: str, **values: Any) -> None:
    """The only way in which a case changes: the counters of the figures and its place in the ledger change with it."""
    if tallies.COUNTED & values.keys():
        before = tx.execute(_COUNTED, {"case_id": case_id}).mappings().one()
        after = {**before, **values}
        tallies.moved(tx, before, after)
        values["ledger_rank"] = ledger_rank(after)
    if values:
        tx.run(prepared.update(cases, "case_id", tuple(values)), {"of_row": case_id, **values})


def ledger_rank(row: Mapping[str, Any]) -> int:
    """Open cases before finished ones, those with a due date before those without; see the column."""
    is_open = row["state"] == CaseState.ACTIVE and row.get("done_at") is None
    return (0 if is_open else 2) + (row.get("due_at") is None)


def ledger_rank_column() -> sa.ColumnElement[int]:
    """`ledger_rank` of a row of `cases`, in SQL."""
    is_open = sa.and_(cases.c.state == CaseState.ACTIVE, cases.c.done_at.is_(None))
    return sa.case((is_open, 0), else_=2) + sa.case((cases.c.due_at.is_(None), 1), else_=0)
