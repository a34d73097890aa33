"""Registers cases: every row checked first, all rows or none, each with its number, its process and its deadlines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from engine import plans
from engine.bpmn.expressions import evaluate
from engine.commands.progress import deadline_record, plain_changes
from engine.commands.starts import FIRST_PHASE, Starts
from engine.domain.actor import Actor, require_role
from engine.domain.campaign import Campaign, Group
from engine.domain.case import CaseState
from engine.domain.deadline import Deadline
from engine.domain.instance import InstanceKind
from engine.domain.lights import reached_percent
from engine.errors import Invalid, Problem
from engine.store import bulk, cases
from engine.store import plans as store
from engine.store.transaction import Transaction

SOURCES = ("survey", "lookback")
SURVEY_DUE = 'latest(phase_end("survey"), after("5wd"))'
TOGETHER = 2_000  # cases whose rows are held in memory and written at once


@dataclass(frozen=True, slots=True)
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


def register_cases(command: RegisterCases, tx: Transaction) -> dict[str, Any]:
    """Returns {"added": [numbers], "known": n}. Raises Invalid with every problem, each at its row."""
    require_role(tx.actor, "supervisor", "sysadmin", "officer", "head")
    plan = plans.campaign(tx, command.campaign_id)
    store.lock_campaign(tx, command.campaign_id)
    known = cases.known_fingerprints(tx, command.campaign_id)
    fresh = list({row.fingerprint: row for row in reversed(command.rows) if row.fingerprint not in known}.values())[
        ::-1
    ]
    problems = _row_problems(tx, plan, fresh) + _foreign_rows(tx.actor, plan, fresh)
    if problems:
        raise Invalid("register_invalid", f"{len(problems)} problems in the register; nothing was imported.", problems)
    result: dict[str, Any] = {"added": [], "known": len(command.rows) - len(fresh), "rows": len(fresh)}
    if command.dry_run or not fresh:
        return result
    prefix = command.campaign_id.replace("_", "").upper()
    serials = store.take_case_serials(tx, command.campaign_id, len(fresh))
    result["added"] = [f"{prefix}-{serial:04d}" for serial in serials]
    _open_cases(tx, plan, list(zip(result["added"], fresh, strict=True)))
    tx.record("RegisterImported", campaign_id=command.campaign_id, filename=command.filename or "—", added=len(fresh))
    return result


# -- checks ------------------------------------------------------------------------------------------------------------
def _row_problems(tx: Transaction, plan: Campaign, rows: list[NewCase]) -> tuple[Problem, ...]:
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


def _foreign_rows(actor: Actor, plan: Campaign, rows: list[NewCase]) -> tuple[Problem, ...]:
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


# -- rows --------------------------------------------------------------------------------------------------------------
def _open_cases(tx: Transaction, plan: Campaign, numbered: Sequence[tuple[str, NewCase]]) -> None:
    with bulk.gathered(tx) as gathering:
        key = plan.processes.get("case", "case_lifecycle")
        starts = Starts(gathering, key=key, kind=InstanceKind.CASE, campaign_id=plan.id)
        timing = timing_of(gathering, plan)
        cooperating = {group.id: cooperating_units(plan, group) for group in plan.groups}
        for some in _portions(numbered):
            listed = [case_row(gathering, plan, timing, case_id, row) for case_id, row in some]
            cases.add_all(gathering, listed, [cooperating[row.group_id] for _, row in some])
            for case in listed:
                _start(gathering, plan, starts, case)
            gathering.write()


def _portions(numbered: Sequence[tuple[str, NewCase]]) -> Iterator[list[tuple[str, NewCase]]]:
    rest = iter(numbered)
    while some := list(islice(rest, TOGETHER)):
        yield some


def timing_of(tx: Transaction, plan: Campaign) -> dict[str, Any]:
    """A site found after the survey's end still gets five working days: a new find is not late on the day it is
    found."""
    due = evaluate(SURVEY_DUE, {}, plans.timetable(tx, plan.id).functions())
    assert isinstance(due, Deadline)
    return {
        "due_at": due.due_at,
        "due_original_at": due.due_at,
        **plans.lighting(tx, plan.id, tx.now, due.due_at, reported=reached_percent(plan.progress, {})),
        "deadline": deadline_record(due, SURVEY_DUE, {}, "", tx.now),
    }


def case_row(tx: Transaction, plan: Campaign, timing: dict[str, Any], case_id: str, row: NewCase) -> dict[str, Any]:
    leads = plan.group(row.group_id).leads
    return {
        "case_id": case_id,
        "campaign_id": plan.id,
        "name": row.name,
        "credit_code": row.credit_code,
        "area_id": row.area_id,
        "lead_id": row.lead_id if row.lead_id in leads else leads[0],
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
        "phase": FIRST_PHASE,
        "registered_at": tx.now,
        **timing,
    }


def cooperating_units(plan: Campaign, group: Group) -> list[str]:
    """配合单位“各镇街道”: each area cooperates in its own cases, which it sees anyway, not in those of its
    neighbours."""
    return [unit_id for unit_id in group.cooperates if plan.unit(unit_id).kind != "area"]


def _start(tx: Transaction, plan: Campaign, starts: Starts, case: dict[str, Any]) -> None:
    timing = {name: case[name] for name in ("due_at", "due_original_at", "yellow_at")}
    tx.record(
        "CaseRegistered",
        case_id=case["case_id"],
        campaign_id=plan.id,
        name=case["name"],
        changes=plain_changes(timing),
    )
    starts.start(business_key=case["case_id"], case_id=case["case_id"], variables=variables_of(plan, case))


def variables_of(plan: Campaign, case: dict[str, Any]) -> dict[str, Any]:
    """What the process of a case begins with."""
    return {
        "case": case["case_id"],
        "name": case["name"],
        "campaign": plan.id,
        "area": case["area_id"],
        "lead": case["lead_id"],
        "office": plan.office.unit,
        "group": case["group_id"],
        "is_lookback": case["source"] == "lookback",
        "address": case["address"],
        "industry": case["industry"],
        "problem": case["problem"],
        "kinds": case["kinds"],
        "contact_name": case["contact_name"],
        "contact_phone": case["contact_phone"],
    }
