"""Inspections by the Regulation on government inspection: the plan, its approval, the conclusion fed back to a unit."""

from dataclasses import dataclass

from engine import plans
from engine.domain.accountability import OBJECTION_TERM
from engine.domain.actor import require_role
from engine.domain.calendar import civil_date
from engine.domain.inspection import Plan, check_days, overlap_problem, problems_of
from engine.errors import Invalid, NotFound, NotPermitted, Problem, Rejected
from engine.store import inspections as store
from engine.store import people
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class DraftInspection:
    """督查方案. Where another plan inspects the same unit about the same item at the same time, only with a reason,
    which stays on record. Returns the plan id."""

    campaign_id: str
    plan: Plan
    overlap_reason: str = ""


@dataclass(frozen=True)
class ApproveInspection:
    """By a leader who did not draft it (条例 s. 11: the items are the chief's to settle)."""

    plan_id: str


@dataclass(frozen=True)
class ConcludeInspection:
    """督查结论, fed back to one unit at this instant: from now on it has thirty days to object. Returns its id."""

    plan_id: str
    unit_id: str
    findings: str
    evidence: str
    opinion: str
    demands: str = ""


def draft_inspection(command: DraftInspection, tx: Transaction) -> str:
    require_role(tx.actor, "supervisor", "leader")
    campaign = plans.campaign(tx, command.campaign_id)
    problems = list(problems_of(command.plan))
    problems += check_days(command.plan, first_day=campaign.first_day, today=civil_date(tx.now))
    problems += [
        Problem("unit_ids", f"没有“{unit_id}”这个单位。", f"There is no unit {unit_id!r}.")
        for unit_id in command.plan.unit_ids
        if not people.unit_exists(tx, unit_id)
    ]
    if not problems and not command.overlap_reason.strip():
        found = store.overlaps(tx, command.plan)
        problems += [overlap_problem(found)] if found else []
    if problems:
        raise Invalid("inspection_invalid", "The plan cannot be filed like this.", tuple(problems))
    plan_id = tx.new_id()
    store.add_plan(tx, plan_id, command.campaign_id, command.plan, command.overlap_reason.strip()[:500])
    tx.record("InspectionDrafted", campaign_id=command.campaign_id, name=command.plan.title.strip(), plan=plan_id)
    return plan_id


def approve_inspection(command: ApproveInspection, tx: Transaction) -> None:
    require_role(tx.actor, "leader")
    row = store.lock_plan(tx, command.plan_id)
    if row is None:
        raise NotFound("inspection_unknown", f"There is no plan {command.plan_id}.", plan=command.plan_id)
    if row["drafted_by_id"] == tx.actor.person_id:
        raise NotPermitted(
            "inspection_own", f"{tx.actor.name} drafted this plan: somebody else approves it.", person=tx.actor.name
        )
    if row["state"] != "DRAFT":
        raise Rejected("inspection_state", f"{row['title']} is {row['state']}.", name=row["title"], state=row["state"])
    store.update_plan(tx, command.plan_id, state="APPROVED", approved_by_id=tx.actor.person_id, approved_at=tx.now)
    tx.record("InspectionApproved", campaign_id=row["campaign_id"], name=row["title"], plan=command.plan_id)


def conclude_inspection(command: ConcludeInspection, tx: Transaction) -> str:
    require_role(tx.actor, "supervisor", "leader")
    row = store.lock_plan(tx, command.plan_id)
    unit_ids = store.units_of(tx, command.plan_id)
    if row is None or command.unit_id not in unit_ids:
        raise NotFound("inspection_unknown", f"There is no plan {command.plan_id} for it.", plan=command.plan_id)
    concluded = store.concluded_units(tx, command.plan_id)
    if row["state"] != "APPROVED" or command.unit_id in concluded:
        raise Rejected("inspection_state", f"{row['title']} is {row['state']}.", name=row["title"], state=row["state"])
    if problems := _conclusion_problems(command):
        raise Invalid("conclusion_invalid", "The conclusion cannot be fed back like this.", problems)
    conclusion_id = tx.new_id()
    deadline = plans.timetable(tx, row["campaign_id"]).after(OBJECTION_TERM)
    store.add_conclusion(
        tx,
        conclusion_id=conclusion_id,
        plan_id=command.plan_id,
        unit_id=command.unit_id,
        findings=command.findings.strip(),
        evidence=command.evidence.strip(),
        opinion=command.opinion.strip(),
        demands=command.demands.strip(),
        objection_deadline=deadline.to_json(),
    )
    if set(unit_ids) <= {*concluded, command.unit_id}:
        store.update_plan(tx, command.plan_id, state="CONCLUDED")
    tx.record("InspectionConcluded", campaign_id=row["campaign_id"], name=row["title"], unit=command.unit_id)
    return conclusion_id


def _conclusion_problems(command: ConcludeInspection) -> tuple[Problem, ...]:
    """s. 16: clear facts, sufficient evidence, an objective and fair judgment."""
    found = []
    for where, words, zh in (
        ("findings", command.findings, "请写明查明的事实（事实清楚）。"),
        ("evidence", command.evidence, "请列明证据（证据充分）。"),
        ("opinion", command.opinion, "请写明结论意见（客观公正）。"),
    ):
        if len(words.strip()) < 2:
            found.append(Problem(where, zh, f"The conclusion has no {where}."))
    for where, words in (*vars(command).items(),):
        if len(words) > 4000:
            found.append(Problem(where, "不超过4000字。", "At most 4,000 characters."))
    return tuple(found)
