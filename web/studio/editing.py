"""What the editors of tables, forms and letters have in common: the file one is on, and a new file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.models import SaveModelFiles
from engine.domain.actor import BUILDING_ROLES
from engine.errors import Invalid, NotFound, Problem
from engine.queries.models import ModelDraft
from web.errors import said
from web.request import actor, engine, notify, see, text
from web.studio.file_titles import file_titles
from web.studio.starters import SUFFIXES, starter

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")


@dataclass(frozen=True)
class EditorPage:
    """One tab. `name` is the file that is shown, "" while the folder has none; `typed` a new name that was refused.

    `titles`: what people call each file."""

    draft: ModelDraft
    tab: str
    names: tuple[str, ...]
    name: str
    may_edit: bool
    titles: Mapping[str, str]
    typed: str = ""
    problem: str = ""

    @property
    def text(self) -> str:
        """The file as text; what is no UTF-8 is shown as far as it can be read, and the checks say so."""
        return self.draft.files[self.name].decode("utf-8-sig", "replace") if self.name else ""


def editor_page(draft_id: str, tab: str, *, typed: str = "", problem: str = "") -> EditorPage:
    """The tab with the file of `?file=`, or its first. Raises NotFound for a file that the draft does not hold."""
    draft = engine().read.model_draft(draft_id)
    names = tuple(sorted(name for name in draft.files if name.endswith(SUFFIXES[tab])))
    wanted = text("file")
    if wanted and wanted not in names:
        raise NotFound("file_unknown", f"The draft holds no {tab} file {wanted[:80]!r}.", file=wanted[:80])
    name = wanted or (names[0] if names else "")
    may_edit = draft.is_open and actor().has_role(*BUILDING_ROLES)
    return EditorPage(draft, tab, names, name, may_edit, file_titles(tab, draft.files), typed, problem)


def add_file(draft_id: str, tab: str, address: str, known: Mapping[str, object] | None = None) -> BaseResponse | str:
    """A new file with a starter in it, then its editor at the endpoint `address`. What is wrong with the name, if
    something is; `known` are the only names there may be."""
    typed = request.form.get("name", "").strip()
    draft = engine().read.model_draft(draft_id)
    name = typed.removesuffix(SUFFIXES[tab])
    if problem := _name_problem(name, tab, draft.files, known):
        return said(problem)
    file = name + SUFFIXES[tab]
    made = SaveModelFiles(draft_id, draft.revision, {file: starter(tab, name)}, f"+ {file}")
    try:
        engine().execute(made, by=actor())
    except Invalid as refused:
        return said(refused.problems[0])
    notify("model_file_added", file=file)
    return see(url_for(address, draft_id=draft_id, file=file))


def _name_problem(
    name: str, tab: str, files: Mapping[str, bytes], known: Mapping[str, object] | None
) -> Problem | None:
    if known is not None and name not in known:
        return Problem("name", "请从列表里选择函件种类。", "Choose a kind of letter from the list.")
    if not NAME.fullmatch(name):
        zh = "名称以字母开头，只用字母、数字和下划线，最长 60 个字符。"
        return Problem("name", zh, "A name begins with a letter and holds letters, digits and _, at most 60.")
    file = name + SUFFIXES[tab]
    if file in files:
        return Problem(
            "name", f"草稿里已有 {file}，请换一个名称。", f"The draft has {file} already; take another name."
        )
    return None


def with_policy(html: str, directive: str) -> Response:
    """A page under the house's content policy with one directive of its own, such as `img-src 'self' data:`."""
    from web.app import POLICY  # which imports this module's blueprints

    name = directive.partition(" ")[0]
    kept = [part for part in POLICY.split("; ") if part.partition(" ")[0] != name]
    policy = "; ".join((*kept, directive))
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": policy})
