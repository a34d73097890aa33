"""The tab of the diagram: the editor for who may change the draft, the drawing alone for everybody else."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, url_for

from engine.domain.actor import BUILDING_ROLES
from engine.queries.models import ModelDraft
from web.permission import needs
from web.request import actor, engine

blueprint = Blueprint("studio_diagram", __name__)
READERS: Final = (*BUILDING_ROLES, "sysadmin")


@dataclass(frozen=True)
class DiagramPage:
    """`file` is the diagram of the folder, "" while it has none."""

    draft: ModelDraft
    file: str
    may_edit: bool
    may_comment: bool
    tab: str = "diagram"

    @property
    def address(self) -> str:
        """Where the XML is, byte for byte."""
        return url_for("studio_api.file", draft_id=self.draft.draft_id, name=self.file)

    @property
    def text(self) -> str:
        """The XML for who has no scripts; what is no UTF-8 is shown as far as it can be read."""
        return self.draft.files[self.file].decode("utf-8-sig", "replace")


@blueprint.get("/studio/drafts/<draft_id>/diagram")
@needs(*READERS)
def diagram(draft_id: str) -> str:
    draft = engine().read.model_draft(draft_id)
    is_builder = actor().has_role(*BUILDING_ROLES)
    page = DiagramPage(
        draft, _diagram_of(draft), may_edit=draft.is_open and is_builder, may_comment=is_builder and not draft.is_over
    )
    return render_template("studio/diagram.html", page=page)


def _diagram_of(draft: ModelDraft) -> str:
    """The file that bears the folder's key, or else the first diagram in it."""
    names = sorted(name for name in draft.files if name.endswith(".bpmn"))
    own = f"{draft.key}.bpmn"
    return own if own in names else next(iter(names), "")
