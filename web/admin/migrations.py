"""Moving running instances to another version of their process: the plan first, then a batch."""

from dataclasses import dataclass, field
from typing import Final

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.batches import StartBatch
from engine.domain.whole_number import whole_number
from engine.errors import Invalid, NotFound, Problem
from engine.queries.diagrams import DefinitionPage
from engine.queries.migration import PlannedInstance
from web.admin.instances import KEEPERS
from web.permission import needs
from web.request import actor, engine, notify, see

blueprint = Blueprint("migrations", __name__)
MIGRATORS: Final = ("sysadmin", "publisher")
PLANNED: Final = 100  # instances that are tried on the page; the batch says it of each


@dataclass(frozen=True)
class Wish:
    """`renamed` is one `old=new` a line, as it was typed."""

    from_version: int
    to_version: int
    renamed: str = ""
    reason: str = ""

    @property
    def mapping(self) -> dict[str, str]:
        """Raises Invalid for a line that is no pair."""
        found: dict[str, str] = {}
        for number, line in enumerate(self.renamed.splitlines(), 1):
            old, mark, new = (part.strip() for part in line.partition("="))
            if line.strip() and not (old and mark and new):
                raise Invalid(
                    "mapping_wrong",
                    f"line {number} is no pair",
                    (
                        Problem(
                            "renamed",
                            f"第 {number} 行不是“旧编号=新编号”。",
                            f"Line {number} is not old=new.",
                        ),
                    ),
                )
            if line.strip():
                found[old] = new
        return found


@dataclass(frozen=True)
class MigrationPage:
    """`planned` are the first instances, tried without writing; `total` is how many run on the old version."""

    found: DefinitionPage
    wish: Wish
    total: int = 0
    planned: tuple[PlannedInstance, ...] = ()
    problems: tuple[Problem, ...] = ()
    versions: tuple[int, ...] = field(default=())
    may_open: bool = False  # the instances

    @property
    def staying(self) -> int:
        return sum(not one.moves for one in self.planned)

    @property
    def may_start(self) -> bool:
        return bool(self.total) and not any(problem.where != "reason" for problem in self.problems)


@blueprint.get("/definitions/<key>/migration")
@needs(*MIGRATORS)
def plan(key: str) -> str | tuple[str, int]:
    found: DefinitionPage = engine().read.definition(key)
    if len(found.versions) == 1:
        return render_template("admin/migration.html", page=MigrationPage(found, Wish(1, 1), versions=(1,)))
    newest = found.versions[0].version
    older = next((row.version for row in found.versions if row.version != newest), newest)
    wish = Wish(
        _number(request.args.get("from", str(older))),
        _number(request.args.get("to", str(newest))),
        request.args.get("renamed", "")[:10_000],
    )
    return _shown(found, wish)


@blueprint.post("/definitions/<key>/migration")
@needs(*MIGRATORS)
def start(key: str) -> BaseResponse | tuple[str, int]:
    found: DefinitionPage = engine().read.definition(key)
    sent = request.form
    wish = Wish(
        _number(sent.get("from", "")),
        _number(sent.get("to", "")),
        sent.get("renamed", "")[:10_000],
        sent.get("reason", "").strip(),
    )
    try:
        wanted = engine().read.succession(key, wish.from_version, wish.to_version, wish.mapping)
        parameters = {
            "from": wanted.old.definition_id,
            "to": wanted.new.definition_id,
            "mapping": wish.mapping,
        }
        subjects = engine().read.migration_subjects(wanted.old.definition_id)
        token = sent.get("_operation", "")[:64]
        batch_id = engine().execute(
            StartBatch("migrate", subjects, parameters, wish.reason),
            by=actor(),
            operation_key=f"migrate {token}" if token else None,
        )
    except Invalid as refused:
        page, _ = _shown(found, wish, refused.problems)
        return page, 422
    notify("batch_started", n=len(subjects))
    return see(url_for("batches.batch", batch_id=batch_id))


def _shown(found: DefinitionPage, wish: Wish, problems: tuple[Problem, ...] = ()) -> tuple[str, int]:
    """With what the first instances would do. A plan that cannot be made says why, and nothing can be started."""
    versions = tuple(row.version for row in found.versions)
    subjects: tuple[str, ...] = ()
    planned: tuple[PlannedInstance, ...] = ()
    try:
        wanted = engine().read.succession(found.key, wish.from_version, wish.to_version, wish.mapping)
        subjects = engine().read.migration_subjects(wanted.old.definition_id)
        planned = tuple(_planned(found.key, wish, subject) for subject in subjects[:PLANNED])
    except Invalid as refused:
        problems = tuple(dict.fromkeys((*problems, *refused.problems)))
    page = MigrationPage(found, wish, len(subjects), planned, problems, versions, may_open=actor().has_role(*KEEPERS))
    status = 422 if any(problem.where != "reason" for problem in problems) else 200
    return render_template("admin/migration.html", page=page), status


def _planned(key: str, wish: Wish, instance_id: str) -> PlannedInstance:
    found = engine().read.migration_plan(key, wish.from_version, wish.to_version, wish.mapping, instance_id)
    one: PlannedInstance = found.instances[0]
    return one


def _number(text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise NotFound("definition_unknown", f"There is no version {text}.", version=text)
    return number
