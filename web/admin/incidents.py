"""Incidents: what the machine could not do, why, and what a person decides about it."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.incidents import ResolveIncident
from engine.queries.incidents import IncidentRow
from web.permission import needs
from web.request import actor, engine, notify, see, text

blueprint = Blueprint("incidents", __name__)
RESOLVERS: Final = ("sysadmin", "supervisor")


@dataclass(frozen=True)
class IncidentsPage:
    rows: tuple[IncidentRow, ...]
    shows_resolved: bool

    @property
    def open_count(self) -> int:
        return sum(row.resolved_at is None for row in self.rows)


@blueprint.get("/incidents")
@needs(*RESOLVERS)
def incidents() -> str:
    shows_resolved = text("resolved") == "1"
    rows = engine().read.incidents(actor(), include_resolved=shows_resolved)
    return render_template("admin/incidents.html", page=IncidentsPage(rows, shows_resolved))


@blueprint.post("/incidents/<incident_id>/resolution")
@needs(*RESOLVERS)
def resolve(incident_id: str) -> BaseResponse:
    resolution = request.form.get("resolution", "")
    engine().execute(ResolveIncident(incident_id, resolution), by=actor())
    notify(f"incident_{resolution}")
    return see(url_for("incidents.incidents"))
