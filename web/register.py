"""From a register file to cases: joins the reader in `forms` to the command in `engine`."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.commands.register import NewCase, RegisterCases
from engine.domain.actor import Actor
from engine.domain.campaign import Campaign
from engine.errors import Invalid, Problem, errors_of
from engine.runtime import Engine
from forms.tables.register import RegisterRow, read_register

PORTION = 2_000  # rows that are imported in one transaction when a file is imported in portions


class CampaignNames:
    """What the reader of a register asks a campaign: its areas, units by any name, groups by name or industry."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.area_ids = frozenset(unit.id for unit in campaign.areas)

    def unit_by_name(self, name: str) -> str | None:
        unit = self._campaign.unit_by_name(name)
        return unit.id if unit else None

    def group_by_name(self, name: str) -> str | None:
        wanted = name.strip()
        return next((group.id for group in self._campaign.groups if wanted in (group.id, group.name)), None)

    def group_for_industry(self, text: str) -> str | None:
        for group in self._campaign.groups:
            if any(industry in text or text in industry for industry in group.industries if text):
                return group.id
        return None


@dataclass(frozen=True)
class CheckedRegister:
    """A file without a fault: nothing is written yet. `fresh` rows are not in the ledger, `known` ones are."""

    campaign_id: str
    filename: str
    digest: str  # sha256 of the file
    rows: tuple[NewCase, ...] = field(repr=False)
    fresh: int
    known: int
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Portion:
    """What became of some rows of a register."""

    added: tuple[str, ...]
    known: int


def check_register(engine: Engine, campaign_id: str, content: bytes, filename: str, *, by: Actor) -> CheckedRegister:
    """Every row, against the campaign and against the ledger. Raises Invalid with a problem for each fault."""
    register = read_register(content, filename, CampaignNames(engine.read.campaign(campaign_id)))
    errors = errors_of(register.problems)
    if errors:
        raise Invalid("register_invalid", f"{len(errors)} problems in {filename}; nothing was imported.", errors)
    rows = tuple(_new_case(row) for row in register.rows)
    answer = engine.execute(RegisterCases(campaign_id, rows, filename, dry_run=True), by=by)
    return CheckedRegister(
        campaign_id, filename, register.digest, rows, answer["rows"], answer["known"], register.problems
    )


def import_register(
    engine: Engine, campaign_id: str, content: bytes, filename: str, *, by: Actor, dry_run: bool = False
) -> dict[str, object]:
    """All rows or none, in one transaction. Returns {"added", "known", "rows", "warnings"}; raises Invalid with a
    problem for each fault."""
    register = check_register(engine, campaign_id, content, filename, by=by)
    if dry_run:
        return {"added": [], "known": register.known, "rows": register.fresh, "warnings": list(register.warnings)}
    result = dict(engine.execute(RegisterCases(campaign_id, register.rows, filename), by=by))
    return {**result, "warnings": list(register.warnings)}


def import_portions(engine: Engine, register: CheckedRegister, *, by: Actor, size: int = PORTION) -> Iterator[Portion]:
    """`size` rows after the other, each portion in a transaction of its own with a key that the file gives it: broken
    off at any moment and begun again, every row is a case once.

    Raises Invalid when somebody registers a row's credit code meanwhile; what is in stays in.
    """
    registered = engine.read.registered(register.campaign_id)
    portions = [register.rows[first : first + size] for first in range(0, len(register.rows), size)]
    for number, rows in enumerate(portions, 1):
        if all(row.fingerprint in registered for row in rows):
            yield Portion((), len(rows))
            continue
        filename = register.filename if len(portions) == 1 else f"{register.filename} ({number}/{len(portions)})"
        answer = engine.execute(
            RegisterCases(register.campaign_id, rows, filename),
            by=by,
            operation_key=_portion_key(register, size, number),
        )
        yield Portion(tuple(answer["added"]), answer["known"])


def _portion_key(register: CheckedRegister, size: int, number: int) -> str:
    told = f"{register.campaign_id}\n{register.digest}\n{size}\n{number}"
    return f"import:{hashlib.sha256(told.encode()).hexdigest()}"


def _new_case(row: RegisterRow) -> NewCase:
    return NewCase(
        name=row.name,
        area_id=row.area_id,
        group_id=row.group_id,
        address=row.address,
        fingerprint=row.fingerprint,
        lead_id=row.lead_id,
        credit_code=row.credit_code,
        industry=row.industry,
        source=row.source,
        problem=row.problem,
        kinds=row.kinds,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        longitude=row.longitude,
        latitude=row.latitude,
        row=row.row,
    )
