"""Which cases a supervisor's letter may speak about: none that is over, none that waits for the office itself, and none
is called late that is not."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from engine import plans
from engine.commands.letter_rungs import check_open, lock_items
from engine.domain.case import OVER
from engine.domain.letter import KINDS
from engine.domain.letter_kinds import SAYS_LATE, SUPERVISING
from engine.errors import Invalid, Problem
from engine.store import cases, people, supervision, tasks
from engine.store.transaction import Transaction


def check_matters(tx: Transaction, campaign_id: str, kind: str, case_ids: Iterable[str]) -> None:
    """Raises Invalid with a problem for each case that the letter may not be about."""
    if kind not in SUPERVISING:
        return
    office = plans.campaign(tx, campaign_id).office.unit
    found = (_problem(tx, kind, office, case_id) for case_id in dict.fromkeys(case_ids))
    if problems := tuple(problem for problem in found if problem is not None):
        raise Invalid("case_not_supervised", f"{KINDS[kind].en} cannot go out like this.", problems)


def check_planned(
    tx: Transaction, draft: Mapping[str, Any], planned: Iterable[Mapping[str, Any]]
) -> dict[str, str | None]:
    """Looks again at a draft that goes on or is signed, for the cases went on meanwhile. Returns case id -> open item,
    locked. A correction speaks of what was. Raises Invalid."""
    items = lock_items(tx, [case_id for one in planned for case_id in one["case_ids"]])
    if draft["corrects_id"] is None:
        check_matters(tx, draft["campaign_id"], draft["kind"], items)
        check_open(tx, kind=draft["kind"], items=items)
    return items


def _problem(tx: Transaction, kind: str, office: str, case_id: str) -> Problem | None:
    case = cases.get(tx, case_id)
    assert case is not None, case_id
    item_id = supervision.open_item_of_case(tx, case_id)
    item = supervision.get_item(tx, item_id) if item_id is not None else None
    if item is not None and item["unit_id"] == office:
        return _own(tx, case, office, tasks.get(tx, item["task_id"])[0].name)
    if case["state"] in OVER:
        return _over(case)
    if item is not None or kind not in SAYS_LATE:
        return None
    pressing = [row for row in tasks.live_of_case(tx, case_id) if _has_come(tx.now, kind, row)]
    if pressing and all(row["unit_id"] == office for row in pressing):
        return _own(tx, case, office, pressing[0]["name"])
    if pressing or (case["done_at"] is None and _has_come(tx.now, kind, case)):
        return None
    return _in_time(kind, case)


def _has_come(now: datetime, kind: str, row: Mapping[str, Any]) -> bool:
    """Due; an urging slip goes out from yellow on (domain handbook E, level 1)."""
    marks = (row["due_at"], row["yellow_at"]) if kind == "urge" else (row["due_at"],)
    return any(mark is not None and mark <= now for mark in marks)


def _own(tx: Transaction, case: Mapping[str, Any], office: str, task: str) -> Problem:
    name = people.unit_name(tx, office)
    zh = f"{_named(case)} 待办的“{task}”是{name}自己的任务，不能向本机关发文：请在任务中办理，或者改派人员。"
    en = f'{_named(case)} waits for "{task}", a task of the office itself, which does not write to itself: do the task.'
    return Problem("case", zh, en)


def _over(case: Mapping[str, Any]) -> Problem:
    zh, en = OVER[case["state"]]
    return Problem(
        "case", f"{_named(case)} {zh}，不再发文督办：请去掉这一件。", f"{_named(case)} is {en}: leave it out."
    )


def _in_time(kind: str, case: Mapping[str, Any]) -> Problem:
    what = "到期或者临近到期" if kind == "urge" else "逾期"
    zh = f"{_named(case)} 没有{what}的任务，{KINDS[kind].zh}所说的超期不属实：请去掉这一件，或者改用督办通知。"
    en = f"Nothing of {_named(case)} is late, which this kind of letter says: leave it out, or send a notice."
    return Problem("case", zh, en)


def _named(case: Mapping[str, Any]) -> str:
    return f"{case['case_id']} {case['name']}"
