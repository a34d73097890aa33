"""Process instances for whoever keeps the system: the list, one instance with all that is known of it, jobs in
trouble."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from flask import Blueprint, render_template

from engine.commands.batch_kinds import KINDS
from engine.domain.instance import InstanceKind, InstanceState
from engine.errors import EngineError
from engine.queries.batches import JobFilter, JobList
from engine.queries.instance_page import InstancePage, Known
from engine.queries.instances import SUSPENDED, InstanceFilter, InstanceList
from web.diagrams import Drawing, drawn, standing
from web.errors import sentence
from web.permission import needs
from web.request import actor, engine, page_number, text

blueprint = Blueprint("instances", __name__)
KEEPERS: Final = ("sysadmin", "supervisor")
NARROWING: Final = ("text", "kind", "key", "version", "state", "trouble")
STATES: Final = (InstanceState.ACTIVE, SUSPENDED, InstanceState.COMPLETED, InstanceState.CANCELLED)
ON_MANY: Final = ("suspend", "resume", "cancel", "set_variable")
ON_JOBS: Final = ("retry_job", "skip_job")
SHORT: Final = 80


@dataclass(frozen=True)
class Value:
    """A variable for people: `text` in one line, or `lines` of JSON where one does not do. `is_one`: every live token
    has the same."""

    name: str
    texts: tuple[str, ...]

    @property
    def is_one(self) -> bool:
        return len(self.texts) == 1

    @property
    def is_long(self) -> bool:
        return any("\n" in each for each in self.texts)


@dataclass(frozen=True)
class ListPage:
    found: InstanceList
    operations: tuple[str, ...]
    kept: Mapping[str, str]  # the filter, for the form that means everything it finds
    states: tuple[str, ...] = STATES
    kinds: tuple[str, ...] = tuple(InstanceKind)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kept)


@dataclass(frozen=True)
class View:
    found: InstancePage
    drawings: tuple[Drawing, ...]
    values: tuple[Value, ...]
    operations: tuple[str, ...]
    may_set: bool
    may_undo: bool
    may_see_case: bool

    @property
    def damage(self) -> str:
        return sentence(self.found.damage) if isinstance(self.found.damage, EngineError) else ""

    @property
    def may_move(self) -> bool:
        return self.may_undo and self.found.row.is_live and self.found.row.suspended_at is None

    @property
    def may_act(self) -> tuple[str, ...]:
        """The operations that fit its state."""
        row = self.found.row
        if not row.is_live:
            return ()
        unfit = {"suspend"} if row.suspended_at is not None else {"resume"}
        return tuple(kind for kind in self.operations if kind not in unfit)


@dataclass(frozen=True)
class JobsPage:
    found: JobList
    operations: tuple[str, ...]
    states: tuple[str, ...] = ("FAILED", "RETRYING", "HELD")

    @property
    def is_narrowed(self) -> bool:
        wanted = self.found.filter
        return bool(wanted.text or wanted.kind or wanted.state)


@blueprint.get("/instances")
@needs(*KEEPERS)
def instances() -> str:
    wanted = instance_filter()
    kept = {name: value for name, value in asdict(wanted).items() if name in NARROWING and value}
    page = ListPage(engine().read.instances(actor(), wanted), _allowed(ON_MANY), kept)
    return render_template("admin/instances.html", page=page)


@blueprint.get("/instances/<instance_id>")
@needs(*KEEPERS)
def instance(instance_id: str) -> str:
    found: InstancePage = engine().read.instance(actor(), instance_id)
    page = View(
        found=found,
        drawings=drawn(standing(instance_id)),
        values=tuple(_value(known) for known in found.variables),
        operations=_allowed(ON_MANY),
        may_set=actor().has_role(*KINDS["set_variable"].roles),
        may_undo=actor().has_role("sysadmin"),
        may_see_case=actor().sees_cases,
    )
    return render_template("admin/instance.html", page=page)


@blueprint.get("/jobs")
@needs(*KEEPERS)
def jobs() -> str:
    """Failed ones stay here until they are done or skipped, whatever was noted about their incident."""
    wanted = JobFilter(text("state"), text("kind"), text("text")[:100], page_number())
    page = JobsPage(engine().read.jobs(actor(), wanted), _allowed(ON_JOBS))
    return render_template("admin/jobs.html", page=page)


def instance_filter() -> InstanceFilter:
    """As the address has it."""
    return InstanceFilter(**{name: text(name)[:100] for name in NARROWING}, page=page_number())


def _allowed(kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind for kind in kinds if actor().has_role(*KINDS[kind].roles))


def _value(known: Known) -> Value:
    return Value(known.name, tuple(_shown(value) for value in known.values))


def _shown(value: Any) -> str:
    """A text as it is; anything else as JSON, over several lines where it is long."""
    if isinstance(value, str) and value:
        return value
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= SHORT else json.dumps(value, ensure_ascii=False, indent=2)
