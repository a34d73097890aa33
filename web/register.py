"""From a register file to cases: joins the reader in `forms` to the command in `engine`."""

from engine.commands.campaigns import NewCase, RegisterCases
from engine.domain.actor import Actor
from engine.domain.campaign import Campaign
from engine.errors import Invalid, Problem
from engine.runtime import Engine
from forms.tables.register import Register, read_register


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


def read_for(engine: Engine, campaign_id: str, content: bytes, filename: str) -> Register:
    """Never raises for what is in the file: see `Register.problems`."""
    return read_register(content, filename, CampaignNames(engine.read.campaign(campaign_id)))


def import_register(
    engine: Engine, campaign_id: str, content: bytes, filename: str, *, by: Actor, dry_run: bool = False
) -> dict[str, object]:
    """All rows or none. Returns {"added", "known", "rows", "warnings"}; raises Invalid with a problem for each
    fault."""
    register = read_for(engine, campaign_id, content, filename)
    errors = tuple(problem for problem in register.problems if problem.severity == "error")
    if errors:
        raise Invalid("register_invalid", f"{len(errors)} problems in {filename}; nothing was imported.", errors)
    rows = tuple(
        NewCase(
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
        for row in register.rows
    )
    result = dict(engine.execute(RegisterCases(campaign_id, rows, filename, dry_run), by=by))
    warnings: list[Problem] = [problem for problem in register.problems if problem.severity != "error"]
    return {**result, "warnings": warnings}
