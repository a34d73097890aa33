"""A campaign of any size, written past the engine in bulk: rows as the engine would leave them, but without the state
that a process needs to go on. For measuring what reads; never for what moves a case."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import SYSTEM
from engine.domain.campaign import Campaign
from engine.domain.task import Group
from engine.ids import CountingIds
from engine.store import bulk, offers, tallies
from engine.store import cases as case_store
from engine.store import schema as db
from engine.store.transaction import Transaction

CHUNK = 20_000
FIRST_ID = 10**12  # far from what a scenario counts
# process, element, name, role, place; how many of a hundred live tasks
WORK = (
    (("survey", "survey_site", "现场排查登记", "officer", "area"), 25),
    (("survey", "review_disposition", "审定处置方式", "supervisor", "office"), 10),
    (("cleanup", "close_checks", "落实两断三清", "officer", "lead"), 20),
    (("cleanup", "rectification_plan", "制定整改方案", "officer", "lead"), 10),
    (("improvement", "report_standard", "整治达标申报", "officer", "area"), 15),
    (("acceptance", "apply_acceptance", "申请验收销号", "officer", "lead"), 8),
    (("acceptance", "site_check", "现场核查", "acceptor", "office"), 7),
    (("lookback", "lookback_check", "现场回头看", "officer", "lead"), 5),
)


@dataclass
class _Office:
    """What rows are drawn from. `moments` are ends of working days around `now`: due dates repeat, as they do."""

    campaign: Campaign
    now: datetime
    definition_id: str
    people: dict[tuple[str, str], list[str]]
    draw: random.Random
    ids: CountingIds = field(default_factory=lambda: CountingIds(FIRST_ID))

    def due(self) -> tuple[datetime, datetime]:
        """(due, yellow from): one in six is late."""
        day = self.draw.choice(range(-8, 40))
        due = self.now.replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=day)
        return due, due - timedelta(days=self.draw.choice((3, 3, 5)), hours=18)

    def place(self, case: dict[str, Any], place: str) -> str:
        return {"area": case["area_id"], "lead": case["lead_id"], "office": self.campaign.office.unit}[place]


def fill(
    connection: sa.Connection,
    campaign: Campaign,
    *,
    cases: int,
    tasks: int,
    now: datetime,
    live: int | None = None,
    seed: int = 1,
) -> None:
    """So many cases and tasks, spread over the campaign's areas and working groups; the same seed gives the same rows.

    `live` tasks are open or claimed (half as many as there are cases, unless told), the rest are done. Two late
    tasks of three have a supervision item with its rungs. The campaign must be open and its people appointed.
    """
    office = _Office(campaign, now, _definition(connection), _people(connection), random.Random(seed))
    tx = Transaction(connection, now, office.ids, SYSTEM, b"")
    live = cases // 2 if live is None else live
    per_case, open_per_case = tasks / cases, live / cases
    done_tasks = open_tasks = 0.0
    serials = iter(range(1, cases + 1))
    while numbers := list(islice(serials, max(1, int(CHUNK / max(per_case, 1))))):
        rows = [_case(office, number) for number in numbers]
        bulk.insert(tx, db.cases, rows)
        tallies.added(tx, rows)
        _cooperating(tx, office, rows)
        bulk.insert(tx, db.instances, [_instance(office, row) for row in rows])
        made: list[dict[str, Any]] = []
        for row in rows:
            done_tasks += per_case
            open_tasks += open_per_case
            number, still = int(done_tasks), int(open_tasks)
            done_tasks, open_tasks = done_tasks - number, open_tasks - still
            made += [_task(office, row, serial, is_live=serial < still) for serial in range(max(number, still))]
        if made:
            bulk.insert(tx, db.tasks, [task for task, _ in map(_split, made)])
            bulk.insert(tx, db.task_groups, [row for task, group in map(_split, made) for row in group])
        _items(tx, office, [task for task, _ in map(_split, made)])
    while tallies.fold(tx):
        pass
    if not tx.is_sqlite:
        for table in (db.cases, db.case_units, db.tasks, db.task_groups, db.case_tallies, db.instances):
            connection.exec_driver_sql(f"ANALYZE {table.name}")


def _definition(connection: sa.Connection) -> str:
    query = sa.select(db.definitions.c.definition_id).where(db.definitions.c.key == "case_lifecycle")
    return str(connection.execute(query.order_by(db.definitions.c.version.desc())).scalars().first())


def _people(connection: sa.Connection) -> dict[tuple[str, str], list[str]]:
    """(role, unit) -> who holds it."""
    found: dict[tuple[str, str], list[str]] = {}
    held = db.memberships
    for row in connection.execute(sa.select(held).order_by(held.c.role, held.c.unit_id, held.c.person_id)):
        found.setdefault((row.role, row.unit_id), []).append(row.person_id)
    return found


def _case(office: _Office, number: int) -> dict[str, Any]:
    draw, plan = office.draw, office.campaign
    group = draw.choice(plan.groups)
    due, yellow = office.due()
    registered = office.now - timedelta(days=draw.randrange(20, 90), seconds=number % 1000)
    row: dict[str, Any] = {
        "case_id": f"BENCH-{number:08d}",
        "campaign_id": plan.id,
        "name": f"演示加工点{number}（演示）",
        "credit_code": None,
        "area_id": draw.choice(plan.areas).id,
        "lead_id": draw.choice(group.leads),
        "group_id": group.id,
        "address": f"演示路{number}号（演示）",
        "source": "register",
        "fingerprint": f"bench{number}",
        "state": "ACTIVE",
        "phase": "survey",
        "return_count": 1 if draw.random() < 0.05 else 0,
        "registered_at": registered,
        "due_at": due,
        "due_original_at": due,
        "yellow_at": yellow,
        "surveyed_at": None,
        "done_at": None,
        "lookback_at": None,
        "relapsed_at": None,
        "disposition": None,
    }
    if draw.random() < 0.8:
        row |= {"surveyed_at": registered + timedelta(days=5), "disposition": draw.choice(("close", "rectify"))}
        row["phase"] = draw.choice(("cleanup", "improvement", "acceptance"))
        fate = draw.random()
        if fate < 0.1:
            row |= {"state": "EXCLUDED", "disposition": None, "excluded_at": office.now}
        elif fate < 0.5:
            row |= {"state": "STRUCK_OFF", "phase": "lookback", "done_at": office.now, "struck_off_at": office.now}
            row["lookback_at"] = office.now if draw.random() < 0.3 else None
    return {**row, "ledger_rank": case_store.ledger_rank(row)}


def _cooperating(tx: Transaction, office: _Office, rows: list[dict[str, Any]]) -> None:
    plan = office.campaign
    units = {
        group.id: [unit for unit in dict.fromkeys(group.cooperates) if plan.unit(unit).kind != "area"]
        for group in plan.groups
    }
    found = [{"case_id": row["case_id"], "unit_id": unit} for row in rows for unit in units[row["group_id"]]]
    if found:
        bulk.insert(tx, db.case_units, found)


def _instance(office: _Office, case: dict[str, Any]) -> dict[str, Any]:
    return {
        "instance_id": f"I{case['case_id']}",
        "kind": "case",
        "definition_id": office.definition_id,
        "key": "case_lifecycle",
        "definition_ids": [office.definition_id],
        "business_key": case["case_id"],
        "campaign_id": case["campaign_id"],
        "case_id": case["case_id"],
        "state": "ACTIVE" if case["state"] == "ACTIVE" else "COMPLETED",
        "blob": b"bench",
        "revision": 1,
        "started_at": case["registered_at"],
    }


def _task(office: _Office, case: dict[str, Any], serial: int, *, is_live: bool) -> dict[str, Any]:
    draw = office.draw
    [(process, element, name, role, place)] = draw.choices([work for work, _ in WORK], [share for _, share in WORK])
    group = (role, office.place(case, place))
    due, yellow = office.due()
    task = {
        "task_id": office.ids.new(),
        "instance_id": f"I{case['case_id']}",
        "definition_id": office.definition_id,
        "campaign_id": case["campaign_id"],
        "case_id": case["case_id"],
        "token": f"{serial:032x}",
        "process_key": process,
        "element_id": element,
        "name": name,
        "subject": f"{case['case_id']} {case['name']}",
        "area_id": case["area_id"],
        "state": "OPEN" if is_live else "COMPLETED",
        "opened_at": case["registered_at"],
        "due_at": due if draw.random() < 0.95 else None,
        "group": group,
    }
    task |= {"due_original_at": task["due_at"], "yellow_at": yellow if task["due_at"] else None}
    holders = office.people.get(group)
    if holders and (not is_live or draw.random() < 0.1):
        task |= {"assignee_id": draw.choice(holders), "claimed_at": office.now}
        task["state"] = "CLAIMED" if is_live else "COMPLETED"
    if not is_live:
        done_at = office.now - timedelta(seconds=draw.randrange(5_000_000))
        task |= {"completed_at": done_at, "completed_by_id": task.get("assignee_id")}
    return task


def _split(made: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of a task and those of its groups."""
    role, unit_id = made["group"]
    task = {name: value for name, value in made.items() if name != "group"}
    return task, offers.rows(task, [Group(role, unit_id)])


def _items(tx: Transaction, office: _Office, tasks: list[dict[str, Any]]) -> None:
    """A supervision item with some rungs for two of three late tasks."""
    late = [
        task
        for task in tasks
        if task["state"] in ("OPEN", "CLAIMED") and task["due_at"] and task["due_at"] < office.now
    ]
    items = [_item(office, task) for task in late if office.draw.random() < 0.66]
    if items:
        bulk.insert(tx, db.supervision_items, items)
        bulk.insert(tx, db.rungs, [rung for item in items for rung in _rungs(office, item)])


def _item(office: _Office, task: dict[str, Any]) -> dict[str, Any]:
    return {
        "item_id": office.ids.new(),
        "campaign_id": task["campaign_id"],
        "case_id": task["case_id"],
        "task_id": task["task_id"],
        "unit_id": office.campaign.office.unit,
        "name": task["subject"],
        "reason": "overdue",
        "due_original_at": task["due_original_at"],
        "level": office.draw.randrange(4),
        "level_at": office.now,
        "state": "OPEN",
        "opened_at": task["due_at"],
    }


def _rungs(office: _Office, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for position, instrument in enumerate(("reminder", "urge", "notice", "supervision_letter")[: item["level"] + 1]):
        yield {
            "item_id": item["item_id"],
            "position": position,
            "instrument": instrument,
            "level": position,
            "at": office.now,
            "rule": "supervision@1/escalation_ladder",
        }
