"""The ladder of a campaign at work: which rung an item reaches and by whose rule, and what becomes of open items when a
table changes. What the desk sends beside it: `letter_rungs`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import plans, rulings
from engine.bpmn.step import Decided, OpenedJob
from engine.domain.actor import require_role
from engine.domain.deadline import Deadline
from engine.domain.escalation import REFERRAL, WAIT, answer_of
from engine.domain.instance import InstanceKind, InstanceRow, InstanceState
from engine.domain.lights import reached_percent
from engine.errors import Rejected
from engine.store import batches, cases, instances, jobs, standing, supervision, tasks
from engine.store.transaction import Transaction

REPLANNERS = ("designer", "publisher", "sysadmin")
MEASURES = ("remind", "letter", "start_process")  # which jobs reach a rung
NEXT_RUNG = "next_rung_due"  # the timer of the shipped diagram that an item waits at between two rungs
PORTION = 50_000  # items of one batch


# -- the process asks --------------------------------------------------------------------------------------------------
def note_rulings(tx: Transaction, row: InstanceRow, decisions: tuple[Decided, ...]) -> None:
    """Keep what the ladder said with the item: the page explains the next rung by it, and the rung takes it along."""
    for decided in decisions:
        if "rung" in decided.outputs and supervision.get_item(tx.connection, row.business_key) is not None:
            supervision.update_item(tx, row.business_key, ruling=_ruling(tx, row, decided))


def _ruling(tx: Transaction, row: InstanceRow, decided: Decided) -> rulings.Ruling:
    last = supervision.last_rung(tx, row.business_key)
    return {
        "stood_on": last["instrument"] if last is not None else "",
        "definition_id": decided.definition_id or plans.definition_of(tx, row.definition_ids, "supervision"),
        "decision": decided.decision_id,
        "rule_id": decided.rule_id,
        "inputs": dict(decided.inputs),
        "answer": answer_of(decided.outputs),
        "calendar": plans.calendar_version(tx),
        "at": tx.now.isoformat(),
    }


def record_measure(
    tx: Transaction, row: InstanceRow, opened: OpenedJob, variables: Mapping[str, Any], letter_id: str | None
) -> None:
    """A job of the supervision process that is a rung as soon as it is there: the reminder, a letter, a talk. The job
    of a referral may wait for one by hand, and come to nothing: its rung is recorded when it is proposed."""
    if opened.kind in MEASURES and opened.inputs.get("process") != InstanceKind.ACCOUNTABILITY:
        record_rung(tx, row, variables, letter_id)


def record_rung(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any], letter_id: str | None = None) -> None:
    """The item of a supervision instance has reached the rung that its table named last."""
    item = supervision.get_item(tx.connection, row.business_key)
    if item is None:
        return
    if letter_id is not None and supervision.is_on_record(tx, item["item_id"], letter_id):
        return  # nothing climbs: the desk was here before
    last = supervision.last_rung(tx, item["item_id"])
    if variables.get("instrument") == REFERRAL and last is not None and last["instrument"] == REFERRAL:
        return  # proposed again after it was declined: the item stands where it stood
    ruling = item["ruling"]
    instrument, level = str(variables.get("instrument")), int(variables["rung"])
    supervision.add_rung(
        tx,
        item_id=row.business_key,
        instrument=instrument,
        level=level,
        rule=_rule_words(tx, row, ruling),
        reason=_why_skipped(tx, row, item, ruling, level),
        letter_id=letter_id,
        ruling=ruling,
    )
    tx.record("RungReached", **row.about, rung=instrument)


def _rule_words(tx: Transaction, row: InstanceRow, ruling: Mapping[str, Any] | None) -> str:
    """`ladders@3/luohe_ladder#luohe_ladder_summons`: folder and version, table, row. What was decided by an edition
    that did not note its rulings, and waited for approval since, names the version of its process."""
    if not ruling:
        known = plans.definition(tx, plans.definition_of(tx, row.definition_ids, "supervision"))
        return f"{known.key}@{known.version}"
    found = plans.definition(tx, ruling["definition_id"])
    return f"{found.key}@{found.version}/{ruling['decision']}#{ruling['rule_id']}"


def _why_skipped(
    tx: Transaction, row: InstanceRow, item: Mapping[str, Any], ruling: Mapping[str, Any] | None, level: int
) -> str:
    """越级理由: what the approvers wrote since the last rung; where the table itself leaves rungs out, its words."""
    written = supervision.skip_reasons(tx, row.instance_id, item["level_at"] or item["opened_at"])
    if written:
        return "；".join(written)
    if not ruling:
        left_out = rulings.ladder(tx, row.campaign_id).skipped(item["level"], level)
        return "阶梯表规定" if left_out else ""
    table = plans.table_of(tx, ruling["definition_id"], ruling["decision"])
    if not rulings.ladder_in(table).skipped(item["level"], level):
        return ""
    found = table.rule(ruling["rule_id"])
    return f"阶梯表规定：{found[1].description}" if found and found[1].description else "阶梯表规定"


def arm(tx: Transaction, instance_id: str, campaign_id: str, start_at: datetime, term: str) -> Deadline | None:
    """The item's wait for its next rung ends so long after `start_at`, now at the earliest. None when it does not
    wait."""
    due = plans.timetable(tx, campaign_id, start_at).after(term)
    for timer in jobs.open_timers(tx, instance_id):
        if timer["element_id"] == NEXT_RUNG:
            record = {**(timer["deadline"] or {}), **due.to_json(), "expression": "after(next_after)"}
            record |= {"names": {"next_after": term}, "evaluated_at": start_at.isoformat()}
            record["basis"] = (timer["deadline"] or {}).get("basis", "")
            jobs.set_due(tx, timer["job_id"], max(due.due_at, tx.now), record)
            return due
    return None


# -- a table changes ---------------------------------------------------------------------------------------------------
def replan_after(tx: Transaction, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[str, ...]:
    """Batches that judge every open item anew whose campaign names a changed table. Returns their ids.

    `before` and `after` are the files of the tables by name. What was reached stays; what comes next is judged anew.
    """
    changed = {name.removesuffix(".dmn") for name, content in after.items() if before.get(name) != content}
    started = []
    for campaign_id in standing.open_campaigns(tx):
        rules = plans.campaign(tx, campaign_id).rules
        named = [role for role in ("ladder", "lights") if rules[role] in changed]
        if named:
            subjects = standing.to_replan(tx, campaign_id, with_cases="lights" in named)
            for first in range(0, len(subjects), PORTION):
                started.append(_start(tx, campaign_id, named, subjects[first : first + PORTION]))
    return tuple(started)


def _start(tx: Transaction, campaign_id: str, named: list[str], subjects: list[str]) -> str:
    words = {"ladder": "督办阶梯", "lights": "亮灯规则"}
    reason = f"{'、'.join(words[role] for role in named)}有新版本，未办结事项重新判定"
    parameters = {"campaign": campaign_id}
    batch_id = batches.add(tx, kind="replan", parameters=parameters, reason=reason, subjects=subjects)
    batches.arm(tx, batch_id)
    tx.record("BatchStarted", operation="replan", total=len(subjects), batch=batch_id, reason=reason)
    return batch_id


def replan_item(tx: Transaction, instance_id: str, given: Mapping[str, Any]) -> tuple[str, str]:
    """One open instance judged by the tables as they are now: the lights of its case and tasks; for a supervision
    item also the time to its next rung. Returns what was done, zh and en."""
    require_role(tx.actor, *REPLANNERS)
    row = instances.lock(tx, instance_id)
    if row.state is not InstanceState.ACTIVE:
        raise Rejected("instance_over", f"{row.business_key} is over.", instance=instance_id)
    relit = _relight_case(tx, row) if row.kind is InstanceKind.CASE and row.case_id else 0
    relit += _relight_tasks(tx, row)
    moved = _replan_wait(tx, row) if row.kind is InstanceKind.SUPERVISION else ("", "")
    zh = f"重新判定：{f'亮灯变动 {relit} 项' if relit else '亮灯不变'}{moved[0]}"
    return zh, f"judged anew: {f'{relit} lights changed' if relit else 'lights as before'}{moved[1]}"


def _relight_case(tx: Transaction, row: InstanceRow) -> int:
    case = cases.get(tx, str(row.case_id))
    if case is None or case["due_at"] is None or case["done_at"] is not None or not case["deadline"]:
        return 0
    lighting = plans.lighting(
        tx,
        row.campaign_id,
        datetime.fromisoformat(case["deadline"]["evaluated_at"]),
        case["due_at"],
        reported=reached_percent(plans.campaign(tx, row.campaign_id).progress, case),
    )
    if lighting["lights_id"] == case["lights_id"]:
        return 0
    cases.update(tx, case["case_id"], **lighting)
    if lighting["yellow_at"] == case["yellow_at"]:
        return 0
    told = {name: value.isoformat() if value else None for name, value in (("yellow_at", lighting["yellow_at"]),)}
    tx.record("LightReplanned", **row.about, name=case["name"], changes=told)
    return 1


def _relight_tasks(tx: Transaction, row: InstanceRow) -> int:
    changed = 0
    for task in standing.live_tasks(tx, row.instance_id):
        lighting = plans.lighting(tx, row.campaign_id, task["opened_at"], task["due_at"])
        if lighting["lights_id"] != task["lights_id"]:
            tasks.relight(tx, task["task_id"], lighting)
            changed += lighting["yellow_at"] != task["yellow_at"]
    return changed


def _replan_wait(tx: Transaction, row: InstanceRow) -> tuple[str, str]:
    """How long the rung it stands on waits is the table's; the table is asked again when that is over, at once when
    it is over already or when the table knows the rung no more."""
    item = supervision.get_item(tx.connection, row.business_key)
    ruling = item["ruling"] if item is not None else None
    if item is None or item["state"] != "OPEN" or not ruling:
        return "", ""
    waits = [timer for timer in jobs.open_timers(tx, row.instance_id) if timer["element_id"] == NEXT_RUNG]
    if not waits:
        return "；正在签批的一级仍按原版本", "; the rung that waits for approval keeps its version"
    last = supervision.last_rung(tx, item["item_id"])
    if last is None or ruling["answer"]["act"] == WAIT:
        _arm_now(tx, waits[0])
        return "；立即重新查表", "; the table is asked at once"
    known = rulings.rung_again(tx, row.campaign_id, last["instrument"], last["ruling"])
    if known is None or not known.next_after:
        _arm_now(tx, waits[0])
        return "；新阶梯没有这一级，立即重新查表", "; the new ladder has no such rung, it is asked at once"
    if arm(tx, row.instance_id, row.campaign_id, last["at"], known.next_after) is None:
        return "", ""
    supervision.update_item(tx, item["item_id"], level=known.level)
    tx.record("ItemReplanned", **row.about, name=item["name"], term=known.next_after)
    return f"；下一级在{known.next_after}后", f"; the next rung is {known.next_after} later"


def _arm_now(tx: Transaction, timer: Mapping[str, Any]) -> None:
    jobs.set_due(tx, timer["job_id"], tx.now, timer["deadline"])
