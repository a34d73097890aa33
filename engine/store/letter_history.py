"""Which letters went out about a supervision item before, for the letters that tell its story."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.store.paper_tables import letter_services, letters


def letters_of_item(connection: Any, campaign_id: str, item_id: str) -> Sequence[Mapping[str, Any]]:
    """Every letter of the item that is not void, oldest first: number, kind, issued_on, received_at, state."""
    query = (
        sa.select(
            letters.c.number,
            letters.c.kind,
            letters.c.issued_on,
            letter_services.c.received_at,
            letter_services.c.state,
        )
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(
            letters.c.campaign_id == campaign_id,  # along the index of the campaign's letters
            letters.c.item_id == item_id,
            letter_services.c.state != "VOID",
        )
        .order_by(letters.c.issued_at, letters.c.number)
    )
    return connection.execute(query).mappings().all()
