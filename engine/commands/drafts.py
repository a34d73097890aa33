"""Letters before their number: a draft is started, its words and arrangements are changed, it is withdrawn.

The way from here to the signature is the process `letter_approval`; people go it through their tasks, and its last step
numbers the letters (`letter_rows`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import plans, routes
from engine.bpmn.state import seal
from engine.commands.draft_checks import (
    Arrangement,
    check,
    check_kind,
    check_ladder,
    check_single,
    countersigners_of,
    refuse,
    too_many,
)
from engine.commands.instances import reason_of
from engine.commands.letter_matters import check_matters
from engine.commands.letter_service import locked
from engine.commands.letter_targets import Target, check_bundle, chosen_cases, targets_of
from engine.commands.progress import cancel_step, load_execution, start_instance
from engine.commands.tasks import ClaimTask, claim_task
from engine.domain.actor import may_work_on, require_role
from engine.domain.drafting import (
    BUNDLES,
    CHANGEABLE,
    OPEN,
    Consent,
    DraftState,
    Standing,
    Wording,
    check_wording,
    correcting,
)
from engine.domain.instance import InstanceKind, InstanceRow, InstanceState, check_active
from engine.domain.letter import KINDS
from engine.domain.letter_marks import NO_MARKS, Marks
from engine.errors import NotFound, Problem, Rejected
from engine.store import cases, drafts, instances, paper, tasks
from engine.store.access import may_see_instance
from engine.store.transaction import Transaction

MAX_UNITS = 200
MAX_CASES = 200


@dataclass(frozen=True)
class StartDraft:
    """About cases: one letter a case, a unit, or one to all units (`bundle`). Without cases: to `unit_ids`, one each
    (`unit`) or one to all (`joint`), in the words of `wording`. Returns the draft id."""

    campaign_id: str
    kind: str
    case_ids: tuple[str, ...] = ()
    unit_ids: tuple[str, ...] = ()
    bundle: str = "unit"
    arrangement: Arrangement = field(default_factory=Arrangement)
    wording: Wording | None = None


@dataclass(frozen=True)
class ReviseDraft:
    """The words of these letters of the draft (positions from 1); every version is kept. `made_from`: the draft as the
    writer saw it, None to write over whatever stands."""

    draft_id: str
    positions: tuple[int, ...]
    wording: Wording
    made_from: Standing | None = None


@dataclass(frozen=True)
class ArrangeDraft:
    """`made_from` as for `ReviseDraft`."""

    draft_id: str
    arrangement: Arrangement
    made_from: Standing | None = None


@dataclass(frozen=True)
class WithdrawDraft:
    draft_id: str
    reason: str


@dataclass(frozen=True)
class CorrectLetter:
    """更正: a draft of a new letter that takes the place of one that went out. Returns the draft id."""

    letter_id: str
    reason: str


def start_draft(command: StartDraft, tx: Transaction) -> str:
    require_role(tx.actor, "supervisor", "leader")
    check_kind(command.kind)
    targets = _targets(tx, command)
    if command.wording is not None:
        refuse(check_wording(command.wording))
    elif not command.case_ids:
        refuse((Problem("text", "没有关联事项的公文，请填写标题和正文。", "Without cases, write title and text."),))
    draft_id = _open(
        tx,
        campaign_id=command.campaign_id,
        kind=command.kind,
        arrangement=command.arrangement,
        targets=targets,
        subject=_subject(tx, command.kind, targets, command.wording),
    )
    if command.wording is not None:
        for position in range(1, len(targets) + 1):
            drafts.add_text(tx, draft_id, position, command.wording)
    return draft_id


def revise_draft(command: ReviseDraft, tx: Transaction) -> None:
    """Raises Rejected where somebody else saved since these words were begun; the same words again change nothing."""
    _, draft = _changeable(tx, command.draft_id)
    known = {one["position"] for one in drafts.letters_of(tx, command.draft_id)}
    if not command.positions or not set(command.positions) <= known:
        raise NotFound("draft_letter_unknown", "The draft has no such letter.", draft=command.draft_id)
    refuse(check_wording(command.wording))
    newest = drafts.wordings_of(tx, command.draft_id)
    changed = [at for at in dict.fromkeys(command.positions) if newest.get(at) != command.wording]
    if changed:
        _check_unchanged(tx, draft, command.made_from, changed)
    for position in changed:
        drafts.add_text(tx, command.draft_id, position, command.wording)
    if changed:
        _record(tx, "DraftRevised", draft)


def arrange_draft(command: ArrangeDraft, tx: Transaction) -> None:
    row, draft = _changeable(tx, command.draft_id)
    if _is_arranged(draft, command.arrangement):
        return
    _check_unchanged(tx, draft, command.made_from)
    planned = drafts.letters_of(tx, command.draft_id)
    targets = [(tuple(one["unit_ids"]), tuple(one["case_ids"])) for one in planned]
    check(tx, draft["campaign_id"], draft["kind"], command.arrangement, targets, draft["corrects_id"])
    if draft["corrects_id"] is None:
        check_ladder(tx, draft["kind"], command.arrangement, targets)
    drafts.update(tx, command.draft_id, **_columns(command.arrangement))
    execution, moment = load_execution(tx, row)
    execution.set_variables({"countersigners": list(command.arrangement.countersigners)}, moment)
    instances.save(tx, row, seal(execution.dump(), tx.secret), state=InstanceState.ACTIVE)
    _record(tx, "DraftRevised", draft)


def withdraw_draft(command: WithdrawDraft, tx: Transaction) -> None:
    """By its writer or by a leader, at any time before the signature."""
    reason = reason_of(command.reason)
    row, draft = _locked(tx, command.draft_id)
    if draft["written_by_id"] != tx.actor.person_id:
        require_role(tx.actor, "leader")
    if draft["state"] not in OPEN:
        raise _in_state(draft)
    execution, moment = load_execution(tx, row)
    cancel_step(tx, row, execution, execution.cancel(moment))
    withdrawn(tx, row, reason)


def withdrawn(tx: Transaction, row: InstanceRow, reason: str) -> None:
    """The process of a draft was ended by hand: so is the draft."""
    draft = drafts.get(tx, row.business_key)
    drafts.update(tx, row.business_key, state=DraftState.WITHDRAWN, note=reason, closed_at=tx.now)
    _record(tx, "DraftWithdrawn", draft, reason=reason)


def correct_letter(command: CorrectLetter, tx: Transaction) -> str:
    require_role(tx.actor, "supervisor", "leader")
    reason = reason_of(command.reason)
    locked(tx, command.letter_id)
    old = paper.get_letter(tx, command.letter_id)
    assert old is not None
    known = drafts.correction_of(tx, command.letter_id)
    if known is not None or drafts.open_correction_of(tx, command.letter_id) is not None:
        by = known[1] if known else "—"
        raise Rejected("letter_corrected", f"{old['number']} has been corrected already.", number=old["number"], by=by)
    if old["kind"] == "referral":  # a draft is open to the whole office, a referral is not
        raise Rejected("letter_not_correctable", f"{old['number']} is restricted.", number=old["number"])
    unit_ids = tuple(unit_id for unit_id, _ in drafts.addressees_of(tx, command.letter_id)) or (old["unit_id"],)
    wording = Wording.from_json(old["wording"])
    case_ids = tuple(paper.case_ids_of(tx, command.letter_id))
    draft_id = _open(
        tx,
        campaign_id=old["campaign_id"],
        kind=old["kind"],
        arrangement=Arrangement(
            layout=old["layout"],
            reply_term=old["reply_term"],
            reason=str(old["variables"].get("reason") or ""),
            countersigners=countersigners_of(tx, command.letter_id),
            consent=Consent.from_json(old["consent"]),
            marks=Marks.from_json(old["marks"]),
        ),
        targets=[(unit_ids, case_ids)],
        subject=f"更正 {old['number']}",
        corrects_id=command.letter_id,
        note=reason,
    )
    if wording is not None:
        drafts.add_text(tx, draft_id, 1, correcting(wording, old["number"], reason))
    return draft_id


# -- opening -----------------------------------------------------------------------------------------------------------
def _open(
    tx: Transaction,
    *,
    campaign_id: str,
    kind: str,
    arrangement: Arrangement,
    targets: Sequence[Target],
    subject: str,
    corrects_id: str | None = None,
    note: str = "",
) -> str:
    """Writes the draft, starts its process and gives the first task to the writer, where it is offered to them."""
    check(tx, campaign_id, kind, arrangement, targets, corrects_id)
    if corrects_id is None:  # what it corrects is the open notice of the rung, and closes when this goes out
        check_matters(tx, campaign_id, kind, (case_id for _, listed in targets for case_id in listed))
        check_ladder(tx, kind, arrangement, targets)
        check_single(tx, kind, targets)
    draft_id = tx.new_id()
    values = {
        "draft_id": draft_id,
        "campaign_id": campaign_id,
        "kind": kind,
        "subject": subject[:200],
        "corrects_id": corrects_id,
        "note": note,
        "state": DraftState.DRAFT,
        "written_at": tx.now,
        "written_by_id": tx.actor.person_id,
        "written_by": tx.actor.name,
        **_columns(arrangement),
    }
    drafts.add(tx, values, targets)
    office = plans.campaign(tx, campaign_id).office
    route = routes.route_of(tx, campaign_id, kind)
    instance_id = start_instance(
        tx,
        key=routes.process_of(tx, campaign_id),
        kind=InstanceKind.LETTER,
        business_key=draft_id,
        campaign_id=campaign_id,
        case_id=None,  # a unit that sees the case must not see what is being decided about it
        variables={
            "draft": draft_id,
            "kind": kind,
            "kind_name": KINDS[kind].zh,
            "name": subject[:200],
            "campaign": campaign_id,
            "office": office.unit,
            "letters": len(targets),
            "countersigners": list(arrangement.countersigners),
            "signer_post": route.signer_post,
        },
    )
    drafts.update(tx, draft_id, instance_id=instance_id)
    tx.record(
        "DraftStarted",
        campaign_id=campaign_id,
        instance_id=instance_id,
        kind_name=KINDS[kind].zh,
        subject=subject,
        draft=draft_id,
    )
    for task_id in drafts.open_tasks(tx, instance_id):
        if may_work_on(tx.actor, tasks.get(tx, task_id)[0]):
            claim_task(ClaimTask(task_id), tx)
    return draft_id


def _targets(tx: Transaction, command: StartDraft) -> list[Target]:
    if command.case_ids:
        refuse(check_bundle(command.bundle, BUNDLES))
        refuse(too_many("case_ids", len(command.case_ids), MAX_CASES, "件", "cases"))
        return targets_of(tx, chosen_cases(tx, command.campaign_id, command.case_ids), command.bundle)
    refuse(check_bundle(command.bundle, ("unit", "joint")))
    unit_ids = tuple(dict.fromkeys(command.unit_ids))
    if not unit_ids:
        refuse((Problem("unit_ids", "请至少选择一个主送单位。", "Choose at least one unit to address."),))
    refuse(too_many("unit_ids", len(unit_ids), MAX_UNITS, "个单位", "units"))
    found = drafts.units_by_id(tx, unit_ids)
    unknown = [unit_id for unit_id in unit_ids if unit_id not in found]
    if unknown:
        listed = "、".join(unknown)
        refuse((Problem("unit_ids", f"没有“{listed}”这个单位。", f"There is no unit {listed}."),))
    if plans.campaign(tx, command.campaign_id).office.unit in unit_ids:
        refuse((Problem("unit_ids", "不能向本机关发文，请改选单位。", "The office does not write to itself."),))
    ordered = tuple(unit_id for unit_id in found if unit_id in unit_ids)
    return [(ordered, ())] if command.bundle == "joint" else [((unit_id,), ()) for unit_id in ordered]


def _subject(tx: Transaction, kind: str, targets: Sequence[Target], wording: Wording | None) -> str:
    name = KINDS[kind].zh
    if wording is not None:
        return f"{name}：{wording.title.replace(chr(10), '')}"
    case_ids = [case_id for _, listed in targets for case_id in listed]
    row = cases.get(tx, case_ids[0])
    first = f"{name}：{case_ids[0]} {row['name'] if row else ''}"
    return first if len(case_ids) == 1 else f"{first} 等{len(case_ids)}件"


# -- shared ------------------------------------------------------------------------------------------------------------
def _columns(wanted: Arrangement) -> dict[str, Any]:
    return {
        "layout": wanted.layout,
        "reply_term": wanted.reply_term,
        "reason": wanted.reason.strip(),
        "countersigners": list(wanted.countersigners),
        "consent": wanted.consent.to_json() if wanted.consent else None,
        "marks": wanted.marks.to_json() if wanted.marks != NO_MARKS else None,
    }


def _is_arranged(draft: dict[str, Any], wanted: Arrangement) -> bool:
    """Like this already; the usual layout of the kind may be named or not."""
    usual = KINDS[draft["kind"]].layout
    columns = _columns(wanted)
    now = {name: draft[name] for name in columns} | {"layout": draft["layout"] or usual}
    return now == {**columns, "layout": columns["layout"] or usual}


def _locked(tx: Transaction, draft_id: str) -> tuple[InstanceRow, dict[str, Any]]:
    """The process instance, locked, and the draft as it stands then. Raises NotFound for one that is not seen."""
    instance_id = drafts.get(tx, draft_id)["instance_id"]
    if not may_see_instance(tx.connection, tx.actor, instance_id):
        raise NotFound("draft_unknown", f"There is no draft {draft_id}.", draft=draft_id)
    row = instances.lock(tx, instance_id)
    check_active(row)
    return row, dict(drafts.get(tx, draft_id))


def _changeable(tx: Transaction, draft_id: str) -> tuple[InstanceRow, dict[str, Any]]:
    """Raises Rejected for a draft that is being decided, or that a colleague has in hand."""
    require_role(tx.actor, "supervisor", "leader")
    row, draft = _locked(tx, draft_id)
    if draft["state"] not in CHANGEABLE:
        raise _in_state(draft)
    for task_id in drafts.open_tasks(tx, row.instance_id):
        task = tasks.get(tx, task_id)[0]
        if task.assignee_id not in (None, tx.actor.person_id):
            raise Rejected(
                "task_claimed",
                f"Cannot change the draft: it is claimed by {task.assignee_name}.",
                task=task.name,
                by=task.assignee_name,
                at=task.claimed_at.isoformat() if task.claimed_at else None,
            )
    return row, draft


def _check_unchanged(
    tx: Transaction, draft: dict[str, Any], made_from: Standing | None, positions: Sequence[int] = ()
) -> None:
    """Raises Rejected where the arrangement, or the words at `positions`, are no longer those that the writer saw."""
    if made_from is None:
        return
    now = drafts.standing(tx, draft)
    seen = made_from.versions
    if made_from.arranged != now.arranged or any(seen[at - 1 : at] != now.versions[at - 1 : at] for at in positions):
        raise Rejected(
            "draft_changed",
            f"Draft {draft['draft_id']} was saved since it was opened here.",
            draft=draft["draft_id"],
            subject=draft["subject"],
        )


def _in_state(draft: dict[str, Any]) -> Rejected:
    return Rejected(
        "draft_state",
        f"Draft {draft['draft_id']} is {draft['state']}.",
        draft=draft["draft_id"],
        subject=draft["subject"],
        state=draft["state"],
    )


def _record(tx: Transaction, kind: str, draft: Any, **detail: Any) -> None:
    tx.record(
        kind,
        campaign_id=draft["campaign_id"],
        instance_id=draft["instance_id"],
        subject=draft["subject"],
        draft=draft["draft_id"],
        **detail,
    )
