"""What a letter says of an earlier one on the same matter: its number, its dates and what came of it."""

from collections.abc import Mapping
from typing import Any, Final

from engine.domain.calendar import civil_date
from engine.domain.letter_kinds import KINDS

RESULTS: Final = {  # what came of it, by the state it is in; a void letter is not told of
    "ISSUED": "未签收",
    "SERVED": "已留置送达，未回复",
    "RECEIVED": "已签收，未回复",
    "REPLIED": "已回复",
    "RETURNED": "回复不合要求，已退回",
    "CLOSED": "已办结",
}


def earlier_letter(row: Mapping[str, Any]) -> dict[str, Any]:
    """`row`: number, kind, issued_on, received_at, state, and corrected_number where another letter took its place."""
    corrected = row.get("corrected_number")
    words = {
        "number": row["number"],
        "kind": KINDS[row["kind"]].zh,
        "issued_on": row["issued_on"].isoformat(),
        "result": f"已由{corrected}更正" if corrected else RESULTS[row["state"]],
    }
    if row["received_at"]:
        words["received_on"] = civil_date(row["received_at"]).isoformat()
    return words
