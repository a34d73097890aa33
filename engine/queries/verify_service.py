"""Where a letter stands must follow from what is recorded of it: receipts, replies and reviews."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.store import service as store
from engine.store.schema import (
    letter_deliveries,
    letter_receipts,
    letter_replies,
    letter_reviews,
    letter_services,
    letters,
)
from engine.store.transaction import Reader


def letters_stand_where_their_records_say(reader: Reader) -> list[str]:
    """State, receipt, rounds, lateness and due date with each addressee against receipt, replies and reviews; and the
    letter as a whole against its addressees."""
    receipts, replies, reviews = (
        _by_delivery(reader, table) for table in (letter_receipts, letter_replies, letter_reviews)
    )
    numbers = {row.letter_id: row.number for row in reader.execute(sa.select(letters.c.letter_id, letters.c.number))}
    found, of_letter = [], defaultdict(list)
    for row in reader.execute(sa.select(letter_deliveries).order_by(letter_deliveries.c.letter_id)).mappings():
        key = (row["letter_id"], row["unit_id"])
        of_letter[row["letter_id"]].append(row)
        wrong = _differences(row, next(iter(receipts[key]), None), replies[key], reviews[key])
        found += [f"letter {numbers[row['letter_id']]} with {row['unit_id']}: {words}" for words in wrong]
    for service in reader.execute(sa.select(letter_services)).mappings():
        number, rows = numbers[service["letter_id"]], of_letter[service["letter_id"]]
        wanted = store.summary(rows) if rows else {"state": "of no addressee"}
        if service["state"] == "VOID":  # what it was before stands with the addressees
            wanted = {name: value for name, value in wanted.items() if name.startswith(("received", "repl"))}
        found += [
            f"letter {number}: {name} is {service[name]}, its addressees say {value}"
            for name, value in wanted.items()
            if service.get(name) != value
        ]
    return found


def _differences(
    row: Mapping[str, Any], receipt: Mapping[str, Any] | None, replies: list[Any], reviews: list[Any]
) -> list[str]:
    last, said = (replies[-1] if replies else None), (reviews[-1] if reviews else None)
    wanted = {
        "received_at": receipt["signed_at"] if receipt else None,
        "received_by": receipt["person"] if receipt else None,
        "rounds": len(replies),
        "late_replies": sum(reply["is_late"] for reply in replies),
        "replied_at": last["replied_at"] if last else None,
        "reply": last["text"] if last else None,
    }
    found = [f"{name} is {row[name]}, the records say {value}" for name, value in wanted.items() if row[name] != value]
    if [reply["round"] for reply in replies] != list(range(1, len(replies) + 1)):
        found.append("its replies are not numbered 1, 2, 3 …")
    deadline, due = row["deadline"], "reply_due_at" if receipt else "receipt_due_at"
    if deadline is not None and datetime.fromisoformat(deadline["due_at"]) != row[due]:
        found.append(f"{due} is {row[due]}, its derivation says {deadline['due_at']}")
    stands = _state(receipt, last, said)
    if row["state"] not in ("CLOSED", stands):
        found.append(f"it is {row['state']}, the records say {stands}")
    return found


def _state(receipt: Mapping[str, Any] | None, last: Any, said: Any) -> str:
    if receipt is None:
        return "ISSUED"
    if last is None:
        return "SERVED" if receipt["manner"] == "left" else "RECEIVED"
    if said is None or said["round"] < last["round"]:
        return "REPLIED"
    return "RETURNED" if said["verdict"] == "RETURNED" else "CLOSED"


def _by_delivery(reader: Reader, table: sa.Table) -> Mapping[tuple[str, str], list[Mapping[str, Any]]]:
    found: Mapping[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in reader.execute(sa.select(table).order_by(*table.primary_key)).mappings():
        found[row["letter_id"], row["unit_id"]].append(row)
    return found


SERVICE: dict[str, Callable[[Reader], list[str]]] = {
    "letters_stand_where_their_records_say": letters_stand_where_their_records_say,
}
