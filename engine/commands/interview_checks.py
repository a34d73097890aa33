"""Whether a unit may be asked to a talk about a case: what is wrong with it, in the words of the form."""

from collections.abc import Mapping
from typing import Any

from engine.domain.case import OVER
from engine.errors import Problem
from engine.store import accountability as store
from engine.store import cases, people
from engine.store.transaction import Transaction


def talk_problems(tx: Transaction, case: Mapping[str, Any], unit_id: str) -> list[Problem]:
    """Why this unit may not be summoned about this case, which was locked: two who ask wait for each other."""
    if over := OVER.get(case["state"]):
        zh = f"{case['name']}{over[0]}，不再约谈：请改填在办的事项，或者不填。"
        return [Problem("case_id", zh, f"{case['name']} is {over[1]}: name a case that is under way, or none.")]
    name = people.unit_name(tx, unit_id)
    if unit_id not in cases.unit_ids_of(tx, case):
        zh = f"{name}不是{case['name']}的属地、牵头、配合或者承办单位：请改选单位，或者不填事项编号。"
        en = f"{name} has nothing to do with {case['name']}: choose another unit, or name no case."
        return [Problem("unit_id", zh, en)]
    if subject := store.live_interview(tx, unit_id, case["case_id"]):
        zh = f"就该事项约谈{name}正在办理（{subject}），不再另提：请在约谈列表中继续办理。"
        en = f"A talk with {name} about this case is under way already ({subject}): go on with that one."
        return [Problem("unit_id", zh, en)]
    return []
