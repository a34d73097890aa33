"""What became of a message."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine.domain.actor import Actor, require_role
from engine.domain.message import MessageState
from engine.errors import NotFound
from engine.store.schema import messages
from engine.store.transaction import Reader


@dataclass(frozen=True)
class MessageRow:
    """`instance_id` is set once it is delivered."""

    message_id: str
    name: str
    business_key: str | None
    correlation_key: str | None
    state: MessageState
    sent_at: datetime
    sent_by: str
    expires_at: datetime
    delivered_at: datetime | None
    instance_id: str | None


_COLUMNS = tuple(messages.c[name] for name in MessageRow.__dataclass_fields__)


def message(reader: Reader, actor: Actor, message_id: str) -> MessageRow:
    """For those who may send one. Raises NotFound, NotPermitted."""
    require_role(actor, "sysadmin", "supervisor")
    row = reader.execute(sa.select(*_COLUMNS).where(messages.c.message_id == message_id)).mappings().first()
    if row is None:
        raise NotFound("message_unknown", f"There is no message {message_id}.", message_id=message_id)
    return MessageRow(**{**row, "state": MessageState(row["state"])})
