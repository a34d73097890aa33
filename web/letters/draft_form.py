"""What the form of a draft sent: its words, its arrangement, what stood beside them, and from what they were made."""

from flask import request
from werkzeug.datastructures import MultiDict

from engine.commands.drafts import Arrangement
from engine.domain.drafting import Consent, Standing, Wording, tidy
from engine.domain.letter_marks import Marks, secrecy_of
from engine.domain.whole_number import whole_number
from web.request import actor


def arrangement_of(values: MultiDict[str, str]) -> Arrangement:
    """What a form says of layout, term, reason, countersigners, consent and marks; an empty consent is none."""
    given = [values.get(name, "").strip() for name in ("consent_by", "consent_number", "consent_on")]
    return Arrangement(
        layout=values.get("layout") or None,
        reply_term=values.get("reply_term") or None,
        reason=values.get("reason", "").strip(),
        countersigners=tuple(dict.fromkeys(values.getlist("countersigners"))),
        consent=Consent(*given) if any(given) else None,
        marks=Marks(
            copy_number=values.get("copy_number", "").strip(),
            secrecy=secrecy_of(values.get("secrecy", ""), values.get("secrecy_term", "")),
            urgency=values.get("urgency", "").strip(),
        ),
    )


def operation_key(act: str) -> str | None:
    """A second press of the same button gets the answer of the first."""
    key = request.form.get("_operation", "")[:40]
    return f"{act}:{actor().person_id}:{key}"[:100] if key else None


def typed() -> tuple[int, Wording]:
    at = whole_number(request.form.get("at", "1"))
    return 1 if at is None else at, tidy(request.form.get("title", ""), request.form.get("text", ""))


def typed_arrangement() -> Arrangement | None:
    """None where the form has no fields for it."""
    return arrangement_of(request.form) if "_arranged" in request.form else None


def beside() -> dict[str, object]:
    """What was typed and ticked beside the words."""
    return {
        "note": request.form.get("draft_note", ""),
        "is_for_all": request.form.get("scope") == "all",
        "arrangement": typed_arrangement(),
    }


def made_from() -> Standing | None:
    """The draft as the page showed it that this form stood on."""
    return Standing.parse(request.form.get("made_from", ""))
