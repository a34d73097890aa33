"""Opens a campaign from its plan: its units, and the reports that it makes due."""

from dataclasses import dataclass, field
from typing import Any

from engine import plans, rulings
from engine.commands.progress import deadline_record, start_instance
from engine.domain import campaign as campaign_plans
from engine.domain.actor import require_role
from engine.domain.instance import InstanceKind
from engine.domain.obligation import Obligation, report_due_dates, split_past
from engine.errors import Invalid, Rejected
from engine.store import people, supervision
from engine.store import plans as store
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class OpenCampaign:
    """`content` is the campaign's TOML. What the plan made due before now loads as history and alarms nobody."""

    content: bytes = field(repr=False)


def open_campaign(command: OpenCampaign, tx: Transaction) -> dict[str, Any]:
    """Returns {"campaign", "history", "reports"}: how many obligations loaded as history and how many lie ahead.

    Raises Invalid for a plan that cannot be used, also when it names rules that are not deployed.
    """
    require_role(tx.actor, "sysadmin", "supervisor")
    plan = campaign_plans.load(command.content)
    if store.campaign_content(tx.connection, plan.id) is not None:
        raise Rejected("campaign_open", f"Campaign {plan.id} is open already.", campaign=plan.id)
    if problems := rulings.check_deployed(tx, plan):
        raise Invalid("campaign.invalid", "The campaign cannot be used", tuple(problems), campaign=plan.id)
    store.add_campaign(tx, campaign_id=plan.id, title=plan.title, content=command.content)
    store.changed(tx)
    for position, unit in enumerate(_parents_first(plan.units)):
        people.put_unit(
            tx,
            unit_id=unit.id,
            name=unit.name,
            kind=unit.kind,
            parent_id=unit.parent,
            aliases=list(unit.aliases),
            position=position,
        )
    history, ahead = split_past(report_due_dates(plan, plans.calendar(tx)), tx.now)
    for obligation in history:
        _add_report(tx, plan, obligation, "HISTORY")
    for obligation in ahead:
        report_id = _add_report(tx, plan, obligation, "OPEN")
        _start_report(tx, plan, obligation, report_id)
    tx.record("CampaignOpened", campaign_id=plan.id, title=plan.title)
    return {"campaign": plan.id, "history": len(history), "reports": len(ahead)}


# -- parts -------------------------------------------------------------------------------------------------------------
def _parents_first(units: tuple[Any, ...]) -> list[Any]:
    placed: dict[str, Any] = {}
    waiting = list(units)
    while waiting:
        ready = [unit for unit in waiting if unit.parent is None or unit.parent in placed]
        placed |= {unit.id: unit for unit in ready}
        waiting = [unit for unit in waiting if unit.id not in placed]
    return list(placed.values())


def _add_report(tx: Transaction, plan: Any, obligation: Obligation, state: str) -> str:
    rule = next(rule for rule in plan.reports if rule.key == obligation.rule_key)
    report_id = tx.new_id()
    supervision.add_report(
        tx,
        {
            "report_id": report_id,
            "campaign_id": plan.id,
            "rule_key": rule.key,
            "name": rule.name,
            "unit_id": obligation.unit_id,
            "due_at": obligation.deadline.due_at,
            "deadline": deadline_record(obligation.deadline, None, {}, rule.basis, tx.now),
            "state": state,
            "is_sealed": rule.sealed,
        },
    )
    return report_id


def _start_report(tx: Transaction, plan: Any, obligation: Obligation, report_id: str) -> None:
    rule = next(rule for rule in plan.reports if rule.key == obligation.rule_key)
    due = obligation.deadline
    opens = plans.timetable(tx, plan.id).before(due, "3wd")
    start_instance(
        tx,
        key=plan.processes.get("report", "report_obligation"),
        kind=InstanceKind.REPORT,
        business_key=report_id,
        campaign_id=plan.id,
        case_id=None,
        variables={
            "report_id": report_id,
            "report": report_id,
            "report_name": rule.name,
            "name": f"{rule.name}（{due.due_on.month}月{due.due_on.day}日）",
            "period": due.due_on.isoformat(),
            "sealed": rule.sealed,
            "unit": obligation.unit_id,
            "office": plan.office.unit,
            "campaign": plan.id,
            "due_at": due.due_at.isoformat(),
            "opens_at": opens.due_at.isoformat(),
        },
    )
