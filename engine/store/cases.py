"""Cases: the ledger rows that a campaign drives to zero."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from engine.domain.case import CaseState
from engine.store.schema import case_units, cases
from engine.store.transaction import Transaction


def add(tx: Transaction, values: Mapping[str, Any], cooperating: Iterable[str]) -> None:
    tx.execute(cases.insert().values(**values))
    rows = [{"case_id": values["case_id"], "unit_id": unit_id} for unit_id in dict.fromkeys(cooperating)]
    if rows:
        tx.execute(case_units.insert(), rows)


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
    return connection.execute(sa.select(cases).where(cases.c.case_id == case_id)).mappings().first()


def provisional(tx: Transaction) -> list[Mapping[str, Any]]:
    """Open cases whose due date stands on a calendar not yet published."""
    query = sa.select(cases).where(
        cases.c.state == CaseState.ACTIVE, cases.c.done_at.is_(None), cases.c.deadline.is_not(None)
    )
    found = tx.execute(query.order_by(cases.c.case_id)).mappings()
    return [row for row in found if (row["deadline"] or {}).get("provisional")]


def update(tx: Transaction, case_id: str, **values: Any) -> None:
    if values:
        tx.execute(cases.update().where(cases.c.case_id == case_id).values(**values))
