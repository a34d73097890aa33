"""移送问责 proposed by a person at the desk; what the ladder starts is in `commands.accountability`."""

from dataclasses import dataclass

from engine import plans
from engine.commands.accountability import LONGEST_REASON, begun_by_hand, case_named, reason_problems, start_matter
from engine.domain.actor import require_role
from engine.domain.instance import InstanceKind
from engine.errors import Invalid, Problem, Rejected
from engine.store import accountability as store
from engine.store import instances, people
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class ProposeReferral:
    """移送问责 by hand: of a unit, about a case or about its work. Its material is prepared and the chief approves it,
    as with one from the ladder. Returns the referral id."""

    campaign_id: str
    unit_id: str
    reason: str
    case_id: str | None = None


def propose_referral(command: ProposeReferral, tx: Transaction) -> str:
    """政府督查工作条例 s. 23. The reason begins the facts, which the material completes with its evidence. Raises
    Rejected while another referral of the unit for the case, or for its work, goes on."""
    require_role(tx.actor, "supervisor", "leader")
    plan = plans.campaign(tx, command.campaign_id)
    case, case_problems = case_named(tx, plan.id, command.case_id)
    problems = [*case_problems, *reason_problems(command.reason, LONGEST_REASON)]
    if not people.unit_exists(tx, command.unit_id) or command.unit_id == plan.office.unit:
        problems.append(Problem("unit_id", "请选择移送所涉单位。", "Choose the unit it is about."))
    if problems:
        raise Invalid("referral_invalid", "The referral cannot be proposed like this.", tuple(problems))
    unit_name = people.unit_name(tx, command.unit_id)
    store.lock_referrals(tx, command.unit_id)
    if store.live_referral(tx, plan.id, unit_id=command.unit_id, case_id=command.case_id) is not None:
        about = command.case_id or unit_name
        raise Rejected("referral_open", f"A referral of {unit_name} goes on already.", about=about, unit=unit_name)
    subject = (f"{case['name']} 移送{unit_name}" if case else f"移送{unit_name}")[:200]
    referral_id = tx.new_id()
    store.add(
        tx,
        "referrals",
        referral_id=referral_id,
        campaign_id=plan.id,
        item_id=None,
        case_id=command.case_id,
        unit_id=command.unit_id,
        subject=subject,
        state="PREPARING",
        opened_at=tx.now,
        grounds=[],
    )
    variables = begun_by_hand(plan, command.unit_id, case, subject) | {"referral_facts": command.reason.strip()}
    start_matter(tx, InstanceKind.ACCOUNTABILITY, referral_id, plan.id, command.case_id, variables, None)
    tx.record(
        "ReferralProposed",
        instance_id=instances.find(tx, InstanceKind.ACCOUNTABILITY, referral_id),
        case_id=command.case_id,
        campaign_id=plan.id,
        name=subject,
        referral=referral_id,
    )
    return referral_id
