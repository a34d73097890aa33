"""Rebuilds the cases of a campaign from the facts alone, as they stood at any instant."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import SYSTEM, Actor
from engine.domain.case import CaseState
from engine.store.access import visible_cases
from engine.store.schema import cases, facts
from engine.store.transaction import Reader

INSTANTS = (
    "surveyed_at",
    "excluded_at",
    "disposed_at",
    "closed_by_law_at",
    "applied_at",
    "done_at",
    "struck_off_at",
    "lookback_at",
    "relapsed_at",
    "due_at",
    "due_original_at",
    "yellow_at",
)
_CHANGING = (
    "CaseRegistered",
    "MilestoneReached",
    "PhaseEntered",
    "TaskReturned",
    "DueChanged",
    "LightReplanned",
    "InstanceCancelled",
    "OperationUndone",
)


def cases_at(reader: Reader, campaign_id: str, moment: datetime, actor: Actor = SYSTEM) -> list[dict[str, Any]]:
    """One dict a case registered by `moment`, in the order of their numbers; the columns that facts change."""
    rebuilt: dict[str, dict[str, Any]] = {}
    registered = reader.execute(
        sa.select(cases.c.case_id)
        .where(cases.c.campaign_id == campaign_id, cases.c.registered_at <= moment, visible_cases(actor))
        .order_by(cases.c.case_id)
    ).scalars()
    for case_id in registered:
        rebuilt[case_id] = {
            "case_id": case_id,
            "state": str(CaseState.ACTIVE),
            "phase": "survey",
            "disposition": None,
            "return_count": 0,
            **dict.fromkeys(INSTANTS),
        }
    told = reader.execute(
        sa.select(facts.c.case_id, facts.c.kind, facts.c.detail)
        .where(
            facts.c.campaign_id == campaign_id,
            facts.c.at <= moment,
            facts.c.kind.in_(_CHANGING),
        )
        .order_by(facts.c.fact_id)
    )
    for fact in told:
        row = rebuilt.get(fact.case_id)
        if row is None:
            continue
        for name, value in (fact.detail.get("changes") or {}).items():
            if name in row:
                row[name] = datetime.fromisoformat(value) if name in INSTANTS and value is not None else value
    return list(rebuilt.values())
