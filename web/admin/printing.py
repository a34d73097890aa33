"""The PDF of a process for paper: of a version, and of a draft before it is one."""

from flask import Blueprint, Response

from engine.digests import sha256_of_files
from engine.domain.actor import BUILDING_ROLES
from engine.errors import NotFound
from forms.letters.isolate import print_isolated
from web.admin.definitions import READERS
from web.format import actor_name, day, moment
from web.i18n import t
from web.pdf import show_pdf
from web.permission import needs
from web.printouts import About, printout_of
from web.request import engine, text
from web.turns import PRINTOUTS

blueprint = Blueprint("printing", __name__)


@blueprint.get("/definitions/<key>/<int:version>/words.pdf")
@needs(*READERS)
def definition(key: str, version: int) -> Response:
    """`?paper=A4` or A3; without it the smaller one on which the diagram can be read."""
    found = engine().read.definition(key, version)
    files = {name: engine().read.definition_file(found.definition_id, name) for name, _ in found.files}
    deployed = next(row for row in found.versions if row.version == version)
    facts = (
        (t("printout.key"), key),
        (t("definitions.version"), str(version)),
        (t("definitions.deployed"), f"{day(deployed.deployed_at)} {actor_name(deployed.deployed_by)}"),
    )
    about = About(found.name, f"{key} · {t('definitions.version_n', version=version)}", sha256_of_files(files), facts)
    return _pdf(key, files, about, f"{found.name} {t('definitions.version_n', version=version)}.pdf")


@blueprint.get("/studio/drafts/<draft_id>/words.pdf")
@needs(*BUILDING_ROLES, "sysadmin")
def draft(draft_id: str) -> Response:
    """As it was last saved, marked as a draft on every page."""
    found = engine().read.model_draft(draft_id)
    saved = t("studio.saved_by", n=found.revision, by=found.changed_by, at=moment(found.changed_at))
    based = t("studio.changes_version", version=found.base_version) if found.base_version else t("studio.new_folder")
    head = t("printout.draft", key=found.key, n=found.revision)
    facts = ((t("printout.key"), found.key), (t("printout.is_draft"), based), ("", saved))
    about = About(found.title, head, sha256_of_files(found.files), facts)
    return _pdf(found.key, dict(found.files), about, f"{found.title} {head}.pdf")


def _pdf(key: str, files: dict[str, bytes], about: About, filename: str) -> Response:
    """Raises NotFound, DocumentRefused, PrintFailed; Rejected while another is being printed."""
    if f"{key}.bpmn" not in files:
        raise NotFound("file_unknown", f"{key} has no diagram.", file=f"{key}.bpmn")
    with PRINTOUTS.take():
        made = print_isolated(printout_of(files[f"{key}.bpmn"], files, about, text("paper").upper()))
    return show_pdf(made.pdf, filename, sha256=made.sha256)
