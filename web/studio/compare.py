"""Any two states of a process folder side by side: saves of a draft and published versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.domain.actor import BUILDING_ROLES
from engine.domain.whole_number import whole_number
from engine.errors import NotFound
from engine.queries.models import ModelDraft
from engine.queries.versions import PublishedVersion
from web.i18n import t
from web.permission import needs
from web.request import engine, notify, see, text
from web.studio.changes import FileChanges, Marks, changes_of, marks_of

blueprint = Blueprint("studio_compare", __name__)
READERS: Final = (*BUILDING_ROLES, "sysadmin")


@dataclass(frozen=True)
class Side:
    """One state. `code` stands in the address: v3 is a version, r5 a save. `diagram` is the drawn file, "" for none,
    and `address` is where its XML is."""

    code: str
    name: str
    files: Mapping[str, bytes]
    diagram: str
    address: str


@dataclass(frozen=True)
class Drawing:
    address: str
    label: str
    marks: Marks


@dataclass(frozen=True)
class Comparison:
    """`drawings`: the older and the newer diagram where they differ and both sides have one."""

    before: Side
    after: Side
    files: tuple[FileChanges, ...]
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True)
class DraftComparePage:
    draft: ModelDraft
    choices: tuple[tuple[str, str], ...]
    found: Comparison
    tab: str = "compare"


@dataclass(frozen=True)
class VersionsPage:
    before: PublishedVersion
    after: PublishedVersion
    choices: tuple[tuple[str, str], ...]
    found: Comparison


@blueprint.get("/studio/drafts/<draft_id>/compare")
@needs(*READERS)
def draft(draft_id: str) -> str:
    """`?before=v3&after=r5`; without them what the draft began from, and the draft as it stands."""
    read = engine().read
    found = read.model_draft(draft_id)
    versions = dict(read.published_versions(found.key))
    begun = f"v{found.base_version}" if found.base_version in versions else "r1"
    before = _side(found, versions, text("before") or begun)
    after = _side(found, versions, text("after") or f"r{found.revision}")
    choices = (
        *((f"r{save.revision}", _save_name(save.revision)) for save in read.model_saves(draft_id)),
        *((f"v{version}", _version_name(version)) for version in versions),
    )
    return render_template("studio/compare.html", page=DraftComparePage(found, choices, _compared(before, after)))


@blueprint.get("/studio/compare/<before_id>/<after_id>")
@needs(*READERS)
def versions(before_id: str, after_id: str) -> str:
    """Two published versions, as a rule of one folder."""
    read = engine().read
    before, after = read.published_version(before_id), read.published_version(after_id)
    keys = dict.fromkeys((before.key, after.key))
    choices = tuple(
        (each_id, _version_name(version) if len(keys) == 1 else f"{key} · {_version_name(version)}")
        for key in keys
        for version, each_id in read.published_versions(key)
    )
    found = _compared(_published(before), _published(after))
    return render_template("studio/compare_versions.html", page=VersionsPage(before, after, choices, found))


@blueprint.get("/studio/compare")
@needs(*READERS)
def choose() -> BaseResponse:
    """The form that chooses two versions leads to their page. Who chose none is led to where versions are listed."""
    if not text("before") and not text("after"):
        notify("compare_chooses", "info")
        return see(url_for("definitions.definitions"))
    return see(url_for("studio_compare.versions", before_id=text("before") or "-", after_id=text("after") or "-"))


def _side(found: ModelDraft, versions: Mapping[int, str], code: str) -> Side:
    """Raises NotFound for a code that is no save and no version."""
    kind, number = code[:1], whole_number(code[1:])
    if kind == "v" and number is not None and number in versions:
        return _published(engine().read.published_version(versions[number]))
    if kind == "r" and number is not None:
        files = engine().read.model_save(found.draft_id, number).files
        drawn = _drawn(found.key, files)
        address = url_for("studio_api.file", draft_id=found.draft_id, name=drawn or "-", revision=number)
        return Side(code, _save_name(int(number)), files, drawn, address)
    raise NotFound("model_save_unknown", f"There is no save {code[:20]!r}.", revision=code[:20])


def _published(found: PublishedVersion) -> Side:
    drawn = _drawn(found.key, found.files)
    address = url_for("definitions.file", key=found.key, version=found.version, name=drawn or "-")
    return Side(f"v{found.version}", _version_name(found.version), found.files, drawn, address)


def _compared(before: Side, after: Side) -> Comparison:
    return Comparison(before, after, changes_of(before.files, after.files), _drawings(before, after))


def _drawings(before: Side, after: Side) -> tuple[Drawing, ...]:
    if not before.diagram or not after.diagram:
        return ()
    old, new = before.files[before.diagram], after.files[after.diagram]
    if old == new:
        return ()
    marks = marks_of(old, new, after.diagram)
    return tuple(
        Drawing(side.address, t("compare.diagram_of", name=side.name), each)
        for side, each in zip((before, after), marks, strict=True)
    )


def _drawn(key: str, files: Mapping[str, bytes]) -> str:
    """The file that bears the folder's key, or else the first diagram in it."""
    names = sorted(name for name in files if name.endswith(".bpmn"))
    return f"{key}.bpmn" if f"{key}.bpmn" in names else next(iter(names), "")


def _save_name(revision: int) -> str:
    return t("compare.save_n", n=revision)


def _version_name(version: int) -> str:
    return t("compare.version_n", n=version)
