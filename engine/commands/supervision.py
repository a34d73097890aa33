"""Opens supervision items: each is a process instance of its own, beside the work it watches."""

from collections.abc import Mapping
from typing import Any

from engine.commands.progress import start_instance
from engine.domain.instance import InstanceKind, InstanceRow
from engine.store import supervision, tasks
from engine.store.transaction import Transaction


def start_supervision(
    tx: Transaction, row: InstanceRow, inputs: Mapping[str, Any], variables: Mapping[str, Any]
) -> str | None:
    """One item per late task: None when the task is done meanwhile or an item watches it already.

    `inputs["task"]` is the element id of the late task in `row`'s diagram.
    """
    task = tasks.live_of_element(tx, row.instance_id, str(inputs.get("task")))
    if task is None or supervision.open_item_of_task(tx, task["task_id"]) is not None:
        return None
    groups = tasks.groups(tx, task["task_id"])
    unit_id = groups[0].unit_id if groups else str(variables.get("unit") or variables.get("lead"))
    item_id = tx.new_id()
    report_id = variables.get("report_id") if row.kind is InstanceKind.REPORT else None
    name = f"{task['subject']} {task['name']}".strip()[:200]
    due = task["due_original_at"] or tx.now
    supervision.add_item(
        tx,
        {
            "item_id": item_id,
            "campaign_id": row.campaign_id,
            "case_id": row.case_id,
            "report_id": report_id,
            "task_id": task["task_id"],
            "unit_id": unit_id,
            "name": name,
            "reason": str(inputs.get("reason") or "overdue"),
            "due_original_at": due,
            "level": -1,
            "state": "OPEN",
            "opened_at": tx.now,
        },
    )
    tx.record(
        "SupervisionOpened",
        **row.about,
        name=name,
        item=item_id,
    )
    start_instance(
        tx,
        key="supervision",
        kind=InstanceKind.SUPERVISION,
        business_key=item_id,
        campaign_id=row.campaign_id,
        case_id=row.case_id,
        started_by_id=row.instance_id,
        variables={
            **{name: variables.get(name) for name in ("case", "name", "area", "lead", "office", "campaign")},
            "item": item_id,
            "item_name": name,
            "report": report_id,
            "is_report": row.kind is InstanceKind.REPORT,
            "unit": unit_id,
            "original_due": due.isoformat(),
            "last_rung": -1,
            "reason": str(inputs.get("reason") or "overdue"),
        },
    )
    return item_id
