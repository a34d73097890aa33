"""送达回证 of a letter as a job or a page prints it: the words of the slip out of what is recorded of its service."""

from collections.abc import Mapping
from typing import Any

from engine import plans
from engine.domain import service as rules
from engine.domain.actor import Actor
from engine.domain.calendar import SHANGHAI, civil_date
from engine.domain.letter import KINDS
from engine.errors import Rejected
from engine.queries.letter_service import ReceiptRow, chosen, deliveries_of, file_of, receipt_of
from engine.queries.letter_sources import LetterSource
from engine.store import service as store
from engine.store.transaction import Reader

SLIP = "service_receipt"
MANNER_WORDS = {
    rules.SYSTEM: "督办系统签收",
    rules.DIRECT: "直接送达",
    rules.LEFT: "留置送达",
    rules.POST: "邮寄送达",
    rules.ELECTRONIC: "电子送达",
}


def service_receipt(reader: Reader, actor: Actor, letter_id: str, unit_id: str = "") -> LetterSource:
    """What the composer needs for the 送达回证 of a letter. It has no number of its own: it bears the letter's.

    `unit_id` says which addressee, as in `letter_service`. Raises NotFound for a foreign letter and Rejected while that
    addressee has not been served.
    """
    row = chosen(deliveries_of(reader, actor, letter_id), actor, unit_id)
    files = store.files(reader, letter_id, row["unit_id"])
    found = receipt_of(reader, row, tuple(file_of(file) for file in files if file["round"] == store.RECEIPT_ROUND))
    if found is None:
        raise Rejected(
            "letter_not_served", f"{row['number']} has not been served yet.", number=row["number"], state=row["state"]
        )
    receipt, plan = found.receipt, plans.campaign(reader, row["campaign_id"])
    assert receipt.signed_at is not None
    _, content = plans.file_of(reader, "letters", f"{SLIP}.html.j2")
    signed_on = civil_date(receipt.signed_at)
    unit = row["unit"]
    return LetterSource(
        letter_id=letter_id,
        kind=SLIP,
        layout=KINDS[SLIP].layout,
        number=row["number"],
        template=content.decode(),
        template_name=f"{SLIP}.html.j2",
        variables={
            "campaign": {
                "title": plan.title,
                "office": plan.office.organ_name,
                "organ": plan.office.organ_name,
                "organ_code": plan.office.organ_code,
            },
            "unit": {"name": unit},
            "cases": [],
            "today": signed_on.isoformat(),
            "issuer": plan.office.organ_name,
            "service": _slip_words(row, unit, found),
        },
        organ=plan.office.organ_name,
        addressee=unit,
        issued_on=signed_on,
        contact="",
        printed_by=plan.office.organ_name,
    )


def _slip_words(row: Mapping[str, Any], unit: str, found: ReceiptRow) -> dict[str, str]:
    receipt = found.receipt
    assert receipt.signed_at is not None
    notes = [receipt.note]
    if receipt.tracking_no:
        notes.append(f"邮件号：{receipt.tracking_no}")
    if receipt.consent:
        notes.append(f"电子送达同意记录：{receipt.consent}")
    moment = receipt.signed_at.astimezone(SHANGHAI)
    return {
        "paper": row["printed_title"],
        "number": row["number"],
        "recipient": unit,
        "address": receipt.place,
        "method": MANNER_WORDS[receipt.manner],
        "receiver": "" if receipt.manner == rules.LEFT else receipt.person,
        "post": "" if receipt.manner == rules.LEFT else receipt.post,
        "at": f"{moment.year}年{moment.month}月{moment.day}日{moment.hour}时{moment.minute:02}分",
        "refusal": f"{receipt.person}（{receipt.post}）拒收：{receipt.refusal}" if receipt.refusal else "",
        "witness": f"{receipt.witness}，{receipt.witness_post}" if receipt.witness else "",
        "photos": "；".join(f"{file.filename}（SHA-256 {file.sha256[:16]}）" for file in found.files),
        "servers": "" if receipt.manner == rules.SYSTEM else found.entered_by,
        "remark": "；".join(note for note in notes if note),
    }
