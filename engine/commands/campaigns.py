"""Opens a campaign from its plan and registers its cases."""

from dataclasses import dataclass, field
from typing import Any

from engine import plans
from engine.bpmn.expressions import evaluate
from engine.commands.progress import deadline_record, plain_changes, start_instance
from engine.domain import campaign as campaign_plans
from engine.domain.actor import Actor, require_role
from engine.domain.case import CaseState
from engine.domain.deadline import Deadline
from engine.domain.instance import InstanceKind
from engine.domain.obligation import Obligation, report_due_dates, split_past
from engine.errors import Invalid, Problem, Rejected
from engine.store import cases, people, supervision
from engine.store import plans as store
from engine.store.transaction import Transaction

SOURCES = ("survey", "lookback")
SURVEY_DUE = 'latest(phase_end("survey"), after("5wd"))'


@dataclass(frozen=True)
class OpenCampaign:
    """`content` is the campaign's TOML. What the plan made due before now loads as history and alarms nobody."""

    content: bytes = field(repr=False)


@dataclass(frozen=True)
class NewCase:
    """One site to register. `fingerprint` names the row: the same row twice is one case."""

    name: str
    area_id: str
    group_id: str
    address: str
    fingerprint: str
    lead_id: str | None = None
    credit_code: str | None = None
    industry: str = ""
    source: str = "survey"
    problem: str = ""
    kinds: tuple[str, ...] = ()
    contact_name: str = ""
    contact_phone: str = ""
    longitude: float | None = None
    latitude: float | None = None
    row: int | None = None


@dataclass(frozen=True)
class RegisterCases:
    """All or nothing. `dry_run` checks everything and writes nothing."""

    campaign_id: str
    rows: tuple[NewCase, ...] = field(repr=False)
    filename: str = ""
    dry_run: bool = False


def open_campaign(command: OpenCampaign, tx: Transaction) -> dict[str, Any]:
    """Returns {"campaign", "history", "reports"}: how many obligations loaded as history and how many lie ahead."""
    require_role(tx.actor, "sysadmin", "supervisor")
    plan = campaign_plans.load(command.content)
    if store.campaign_content(tx.connection, plan.id) is not None:
        raise Rejected("campaign_open", f"Campaign {plan.id} is open already.", campaign=plan.id)
    store.add_campaign(tx, campaign_id=plan.id, title=plan.title, content=command.content)
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


def register_cases(command: RegisterCases, tx: Transaction) -> dict[str, Any]:
    """Returns {"added": [numbers], "known": n}. Raises Invalid with every problem, each at its row."""
    require_role(tx.actor, "supervisor", "sysadmin", "officer", "head")
    plan = plans.campaign(tx, command.campaign_id)
    store.lock_campaign(tx, command.campaign_id)
    known = cases.known_fingerprints(tx, command.campaign_id)
    fresh = [row for row in command.rows if row.fingerprint not in known]
    problems = _row_problems(tx, plan, fresh) + _foreign_rows(tx.actor, plan, fresh)
    if problems:
        raise Invalid("register_invalid", f"{len(problems)} problems in the register; nothing was imported.", problems)
    result: dict[str, Any] = {"added": [], "known": len(command.rows) - len(fresh), "rows": len(fresh)}
    if command.dry_run or not fresh:
        return result
    prefix = command.campaign_id.replace("_", "").upper()
    for serial, row in zip(store.take_case_serials(tx, command.campaign_id, len(fresh)), fresh, strict=True):
        case_id = f"{prefix}-{serial:04d}"
        _add_case(tx, plan, case_id, row)
        result["added"].append(case_id)
    tx.record("RegisterImported", campaign_id=command.campaign_id, filename=command.filename or "—", added=len(fresh))
    return result


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


def _row_problems(tx: Transaction, plan: Any, rows: list[NewCase]) -> tuple[Problem, ...]:
    areas = {unit.id for unit in plan.areas}
    groups = {group.id for group in plan.groups}
    codes = cases.known_credit_codes(tx, plan.id)
    found = []
    for row in rows:
        where = f"row {row.row}" if row.row else row.name
        if row.area_id not in areas:
            found.append(Problem(where, f"没有镇街“{row.area_id}”。", f"There is no area {row.area_id}."))
        if row.group_id not in groups:
            found.append(Problem(where, f"没有专责组“{row.group_id}”。", f"There is no working group {row.group_id}."))
        if row.source not in SOURCES:
            found.append(Problem(where, f"没有来源“{row.source}”。", f"There is no source {row.source}."))
        if row.credit_code and row.credit_code in codes:
            listed = codes[row.credit_code]
            found.append(
                Problem(
                    f"{where} 统一社会信用代码",
                    f"统一社会信用代码 {row.credit_code} 已在册（{listed}）。",
                    f"Credit code {row.credit_code} is registered already ({listed}).",
                )
            )
        elif row.credit_code:
            codes[row.credit_code] = where
    return tuple(found)


def _foreign_rows(actor: Actor, plan: Any, rows: list[NewCase]) -> tuple[Problem, ...]:
    """Officers and heads register in their own area, or what their own unit's working group answers for."""
    if actor.is_system or actor.has_role("supervisor", "sysadmin"):
        return ()
    groups = {group.id for group in plan.groups if actor.units & set(group.units)}
    return tuple(
        Problem(
            f"row {row.row}" if row.row else row.name,
            f"“{row.name}”不在您的辖区，也不属于您单位的专责组，请由所在镇街登记。",
            f"{row.name} lies outside your area and your working groups; its own area registers it.",
        )
        for row in rows
        if row.area_id not in actor.areas and (actor.areas or row.group_id not in groups)
    )


def _add_case(tx: Transaction, plan: Any, case_id: str, row: NewCase) -> None:
    group = plan.group(row.group_id)
    lead_id = row.lead_id if row.lead_id in group.leads else group.leads[0]
    due = _survey_due(tx, plan.id)
    timing = {
        "due_at": due.due_at,
        "due_original_at": due.due_at,
        "yellow_at": plans.yellow_from(tx, plan.id, tx.now, due.due_at),
    }
    cases.add(
        tx,
        {
            "case_id": case_id,
            "campaign_id": plan.id,
            "name": row.name,
            "credit_code": row.credit_code,
            "area_id": row.area_id,
            "lead_id": lead_id,
            "group_id": row.group_id,
            "address": row.address,
            "industry": row.industry,
            "source": row.source,
            "problem": row.problem,
            "contact_name": row.contact_name,
            "contact_phone": row.contact_phone,
            "longitude": row.longitude,
            "latitude": row.latitude,
            "fingerprint": row.fingerprint,
            "kinds": list(row.kinds),
            "state": CaseState.ACTIVE,
            "phase": "survey",
            "registered_at": tx.now,
            **timing,
            "deadline": deadline_record(due, SURVEY_DUE, {}, "", tx.now),
        },
        # 配合单位“各镇街道”: each area cooperates in its own cases, which it sees anyway,
        # not in those of its neighbours.
        [unit_id for unit_id in group.cooperates if plan.unit(unit_id).kind != "area"],
    )
    tx.record("CaseRegistered", case_id=case_id, campaign_id=plan.id, name=row.name, changes=plain_changes(timing))
    start_instance(
        tx,
        key=plan.processes.get("case", "case_lifecycle"),
        kind=InstanceKind.CASE,
        business_key=case_id,
        campaign_id=plan.id,
        case_id=case_id,
        variables={
            "case": case_id,
            "name": row.name,
            "campaign": plan.id,
            "area": row.area_id,
            "lead": lead_id,
            "office": plan.office.unit,
            "group": row.group_id,
            "is_lookback": row.source == "lookback",
            "address": row.address,
            "industry": row.industry,
            "problem": row.problem,
            "kinds": list(row.kinds),
            "contact_name": row.contact_name,
            "contact_phone": row.contact_phone,
        },
    )


def _survey_due(tx: Transaction, campaign_id: str) -> Deadline:
    """A site found after the survey's end still gets five working days: a new find is not late on the day it is
    found."""
    due = evaluate(SURVEY_DUE, {}, plans.timetable(tx, campaign_id).functions())
    assert isinstance(due, Deadline)
    return due
