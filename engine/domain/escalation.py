"""The rungs of the ladder and the rules that no table may change (domain handbook E)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """One instrument of supervision. `level` orders them; `letter_kind` is None where no paper goes out."""

    level: int
    instrument: str
    letter_kind: str | None


LADDER = (
    Rung(0, "reminder", None),
    Rung(1, "urge", "urge"),
    Rung(2, "notice", "notice"),
    Rung(3, "supervision_letter", "supervision_letter"),
    Rung(4, "summons", "summons"),
    Rung(5, "circular", "circular"),
    Rung(6, "referral", "referral"),
)
INSTRUMENTS = tuple(rung.instrument for rung in LADDER)


def rung_of(instrument: str) -> Rung | None:
    return next((rung for rung in LADDER if rung.instrument == instrument), None)


def skips(last_level: int, level: int) -> bool:
    """Whether going from `last_level` to `level` leaves a rung out; then a reason must be on record (越级理由)."""
    return level > last_level + 1
