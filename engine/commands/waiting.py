"""When a message event begins to wait: its row, by which key it is found, and whether its message lies here already."""

from engine.bpmn.step import OpenedWait
from engine.domain.instance import InstanceRow
from engine.domain.message import awaited_key
from engine.store import jobs, messages
from engine.store.transaction import Transaction


def open_wait(tx: Transaction, row: InstanceRow, wait: OpenedWait) -> None:
    key = awaited_key(wait.element.correlation, wait.names)
    messages.open_wait(tx, row.instance_id, wait.token, wait.message, key)
    deliver_stored(tx, row, wait.message, key)


def deliver_stored(tx: Transaction, row: InstanceRow, name: str, key: str | None) -> None:
    """A job brings what was sent before anybody waited."""
    messages.share_name(tx, name)
    if messages.is_stored(tx, name, row.business_key, key):
        add_delivery(tx, row.instance_id, name)


def add_delivery(tx: Transaction, instance_id: str, name: str) -> None:
    """Which message it brings is decided when it runs: the oldest that fits what still waits then."""
    jobs.add(
        tx,
        kind="publish_message",
        instance_id=instance_id,
        name=name,
        payload={"message": name, "is_stored": True},
        due_at=tx.now,
    )
