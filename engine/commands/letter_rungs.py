"""What a letter means for the ladder: which items it is about, whether a rung would be left out, and the climb."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine import routes, rulings
from engine.commands.ladders import arm
from engine.domain.escalation import BY_DESK
from engine.domain.instance import InstanceKind
from engine.domain.letter import KINDS
from engine.domain.letter_kinds import SUPERVISING
from engine.errors import Invalid, Problem
from engine.store import instances, standing_rungs, supervision
from engine.store.transaction import Transaction


def lock_items(tx: Transaction, case_ids: Iterable[str]) -> dict[str, str | None]:
    """case id -> its open item, the item's instance locked: its ladder may be climbing at this moment. Of a case
    without an item its own instance is locked: two letters about it wait for each other."""
    listed = list(dict.fromkeys(case_ids))
    for case_id in sorted(listed):
        if supervision.open_item_of_case(tx, case_id) is None:
            lock_case(tx, case_id)
    found = [supervision.open_item_of_case(tx, case_id) for case_id in listed]
    for item_id in sorted(item_id for item_id in found if item_id is not None):
        instance_id = instances.find(tx, InstanceKind.SUPERVISION, item_id)
        if instance_id is not None:
            instances.lock(tx, instance_id)
    return {case_id: supervision.open_item_of_case(tx, case_id) for case_id in listed}


def lock_case(tx: Transaction, case_id: str) -> None:
    instance_id = instances.find(tx, InstanceKind.CASE, case_id)
    if instance_id is not None:
        instances.lock(tx, instance_id)


def check_alone(tx: Transaction, campaign_id: str, kind: str) -> None:
    """条例 s. 22: who signs which kind is settled beforehand, in the table letter_route. Raises Invalid."""
    if kind not in KINDS or routes.route_of(tx, campaign_id, kind).is_direct:
        return
    name = KINDS[kind]
    raise Invalid(
        "needs_signing",
        f"{name.en} is signed by somebody else: send it for signing.",
        (
            Problem(
                "kind",
                f"{name.zh}须经核稿、签发，请点“送签”。",
                f"A {name.en.lower()} is reviewed and signed by others: send it for signing.",
            ),
        ),
        letter_kind=kind,
    )


def check_skips(tx: Transaction, *, kind: str, reason: str, items: Mapping[str, str | None]) -> None:
    """No rung is left out in silence: whoever skips one says why (越级理由). And no second notice of the same rung goes
    out while one is open. `items` maps what people call it to its open item; what has none is a case, by its number.
    Raises Invalid."""
    problems = _open_notices(tx, kind, items)
    for name, item_id in () if reason.strip() else items.items():
        if left_out := _left_out(tx, kind, item_id):
            zh = f"{name} 越级督办（未用：{'、'.join(left_out)}），请填写越级理由。"
            problems.append(Problem("reason", zh, f"{name} would skip a rung: give the reason."))
    if problems:
        is_skip = any(problem.where == "reason" for problem in problems)
        code = "skip_reason_missing" if is_skip else "notice_open"
        raise Invalid(code, f"{KINDS[kind].en} cannot go out like this.", tuple(problems))


def check_open(tx: Transaction, *, kind: str, items: Mapping[str, str | None]) -> None:
    """As `check_skips`, for a letter whose reason was looked at before. Raises Invalid."""
    if problems := _open_notices(tx, kind, items):
        raise Invalid("notice_open", f"{KINDS[kind].en} cannot go out like this.", tuple(problems))


def climb(tx: Transaction, *, kind: str, reason: str, item_id: str | None, letter_id: str) -> None:
    """The item reaches the rung that this letter stands for, unless it is there or above it already; the time to the
    next rung runs from now. A letter of a lower rung is only a letter."""
    item = supervision.get_item(tx, item_id) if item_id else None
    rung = rulings.ladder(tx, item["campaign_id"]).of_letter(kind) if item is not None else None
    if item is None or rung is None or rung.level <= _position(tx, item):
        return
    supervision.add_rung(
        tx,
        item_id=item["item_id"],
        instrument=rung.instrument,
        level=rung.level,
        rule=BY_DESK,
        reason=reason.strip(),
        letter_id=letter_id,
    )
    tx.record("RungReached", case_id=item["case_id"], campaign_id=item["campaign_id"], rung=rung.instrument)
    instance_id = instances.find(tx, InstanceKind.SUPERVISION, item["item_id"])
    if instance_id is not None and rung.next_after:
        arm(tx, instance_id, item["campaign_id"], tx.now, rung.next_after)


def lock_climbed(tx: Transaction, letter_id: str) -> None:
    """The instances of the open items that the letter may stand for a rung of: before the letter, as their ladders
    do."""
    for item_id in standing_rungs.open_items_of_letter(tx, letter_id):
        instance_id = instances.find(tx, InstanceKind.SUPERVISION, item_id)
        if instance_id is not None:
            instances.lock(tx, instance_id)


def stand(tx: Transaction, letter_id: str) -> None:
    """Its open items stand where their letters put them, now that this one was taken back or stands again."""
    for item_id in standing_rungs.open_items_of_letter(tx, letter_id):
        item = supervision.get_item(tx, item_id)
        assert item is not None
        level = rulings.reached_level(tx, rulings.ladder(tx, item["campaign_id"]), item_id)
        if level != item["level"]:
            supervision.update_item(tx, item_id, level=level)


def _open_notices(tx: Transaction, kind: str, items: Mapping[str, str | None]) -> list[Problem]:
    found = []
    for name, item_id in items.items():
        item = supervision.get_item(tx, item_id) if item_id is not None else None
        if item is None and kind not in SUPERVISING:
            continue  # an assignment slip urges nobody: there may be several
        case_id = item["case_id"] if item is not None else name
        number = supervision.open_notice(tx, kind, case_id=case_id, item_id=item_id)
        if number is not None:
            zh = f"{name} 已有未办结的{KINDS[kind].zh}（{number}），同一级不重复发文：请等回复，或者改用上一级文种。"
            en = f"{name} has an open letter of this rung ({number}): wait for its reply, or use the next rung."
            found.append(Problem("case", zh, en))
    return found


def _left_out(tx: Transaction, kind: str, item_id: str | None) -> list[str]:
    """The names of the rungs between where the item stands and what the letter stands for."""
    item = supervision.get_item(tx, item_id) if item_id else None
    if item is None:
        return []
    ladder = rulings.ladder(tx, item["campaign_id"])
    rung = ladder.of_letter(kind)
    return [each.name for each in ladder.skipped(_position(tx, item), rung.level)] if rung else []


def _position(tx: Transaction, item: Mapping[str, Any]) -> int:
    """On the ladder as it is numbered now."""
    ladder = rulings.ladder(tx, item["campaign_id"])
    return int(rulings.inputs_of(tx, ladder, item, {})["last_rung"])
