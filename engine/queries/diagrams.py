"""Process definitions with their versions and live counts, and where one instance stands on its diagrams."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine import plans
from engine.bpmn.elements import Element, read_elements
from engine.domain.actor import Actor
from engine.domain.task import LIVE, TaskState
from engine.errors import NotFound
from engine.queries.pinned import running_by_definition
from engine.store.access import is_climb_discreet, known_visits, visible_instances
from engine.store.schema import definitions as rows
from engine.store.schema import incidents, instances, jobs, tasks, visits
from engine.store.transaction import Reader


@dataclass(frozen=True)
class DefinitionRow:
    """The newest version of one key. `running` counts active instances that go by any version, called or
    not."""

    key: str
    name: str
    version: int
    deployed_at: datetime
    deployed_by: str
    running: int
    open_tasks: int
    is_process: bool


@dataclass(frozen=True)
class VersionRow:
    version: int
    definition_id: str
    deployed_at: datetime
    deployed_by: str
    running: int
    open_tasks: int


@dataclass(frozen=True)
class ElementCount:
    """`incidents`: open ones of jobs that began here."""

    live: int = 0
    late: int = 0
    passed: int = 0
    incidents: int = 0


@dataclass(frozen=True)
class DefinitionPage:
    """`elements` is the diagram as an outline; `counts` by element id, over instances pinned to this version."""

    key: str
    name: str
    version: int
    definition_id: str
    versions: tuple[VersionRow, ...]
    files: tuple[tuple[str, int], ...]
    elements: tuple[Element, ...]
    counts: Mapping[str, ElementCount]


@dataclass(frozen=True)
class Token:
    """Where the instance stands: `state` is open or late."""

    element_id: str
    state: str
    label: str


@dataclass(frozen=True)
class Diagram:
    """One of the diagrams an instance walks through. `is_active` when a token stands in it now."""

    process_key: str
    definition_id: str
    version: int
    name: str
    is_active: bool
    tokens: tuple[Token, ...]
    passed: tuple[str, ...]


def definitions(reader: Reader) -> tuple[DefinitionRow, ...]:
    newest = sa.select(rows.c.key, sa.func.max(rows.c.version).label("version")).group_by(rows.c.key).subquery()
    by_definition = running_by_definition(reader)
    running: Counter[str] = Counter()
    for row in reader.execute(sa.select(rows.c.definition_id, rows.c.key)):
        running[row.key] += by_definition[row.definition_id]
    waiting = dict(
        reader.execute(
            sa.select(tasks.c.process_key, sa.func.count()).where(tasks.c.state.in_(LIVE)).group_by(tasks.c.process_key)
        ).all()
    )
    found = reader.execute(
        sa.select(rows)
        .join(newest, sa.and_(newest.c.key == rows.c.key, newest.c.version == rows.c.version))
        .order_by(rows.c.key)
    ).all()
    return tuple(
        DefinitionRow(
            row.key,
            row.name,
            row.version,
            row.deployed_at,
            row.deployed_by,
            running[row.key],
            waiting.get(row.key, 0),
            f"{row.key}.bpmn" in plans.definition(reader, row.definition_id).files,
        )
        for row in found
    )


def definition(reader: Reader, key: str, version: int | None = None) -> DefinitionPage:
    """The version asked for, or the newest. Raises NotFound."""
    found = reader.execute(sa.select(rows).where(rows.c.key == key).order_by(rows.c.version.desc())).all()
    chosen = next((row for row in found if version in (None, row.version)), None)
    if chosen is None:
        raise NotFound("definition_unknown", f"There is no process {key} version {version}.", key=key, version=version)
    files = plans.definition(reader, chosen.definition_id).files
    bpmn = files.get(f"{key}.bpmn")
    running = running_by_definition(reader)
    return DefinitionPage(
        key=key,
        name=chosen.name,
        version=chosen.version,
        definition_id=chosen.definition_id,
        versions=tuple(
            VersionRow(
                row.version,
                row.definition_id,
                row.deployed_at,
                row.deployed_by,
                running[row.definition_id],
                _count(reader, tasks, tasks.c.definition_id == row.definition_id, tasks.c.state.in_(LIVE)),
            )
            for row in found
        ),
        files=tuple(sorted((name, len(content)) for name, content in files.items())),
        elements=read_elements(bpmn) if bpmn else (),
        counts=_element_counts(reader, chosen.definition_id, key),
    )


def definition_file(reader: Reader, definition_id: str, name: str) -> bytes:
    """A file byte for byte as it was deployed. Raises NotFound."""
    known = reader.execute(sa.select(rows.c.definition_id).where(rows.c.definition_id == definition_id)).first()
    content = plans.definition(reader, definition_id).files.get(name) if known else None
    if content is None:
        raise NotFound("file_unknown", f"There is no file {name} in {definition_id}.", file=name)
    return content


def definition_files(reader: Reader, key: str) -> Mapping[str, bytes]:
    """Every file of the newest version, {} when nothing is deployed under `key`."""
    newest = reader.execute(
        sa.select(rows.c.definition_id).where(rows.c.key == key).order_by(rows.c.version.desc()).limit(1)
    ).scalar()
    return plans.definition(reader, newest).files if newest else {}


def instance_diagrams(reader: Reader, actor: Actor, instance_id: str) -> tuple[Diagram, ...]:
    """Root first, then the called processes it has entered. Raises NotFound."""
    row = reader.execute(
        sa.select(instances.c.definition_ids).where(instances.c.instance_id == instance_id, visible_instances(actor))
    ).first()
    if row is None:
        raise NotFound("instance_unknown", f"There is no process instance {instance_id}.", instance=instance_id)
    tokens = {} if is_climb_discreet(reader.connection, actor, instance_id) else _tokens(reader, instance_id)
    passed: dict[str, dict[str, None]] = {}
    for visit in reader.execute(
        sa.select(visits.c.process_key, visits.c.element_id)
        .where(visits.c.instance_id == instance_id, known_visits(actor))
        .order_by(visits.c.visit_id)
    ):
        passed.setdefault(visit.process_key, {})[visit.element_id] = None
    found = []
    for position, definition_id in enumerate(row.definition_ids):
        known = plans.definition(reader, definition_id)
        mine = tuple(tokens.get(known.key, ()))
        if position == 0 or mine or known.key in passed:
            name = reader.execute(sa.select(rows.c.name).where(rows.c.definition_id == definition_id)).scalar_one()
            found.append(
                Diagram(
                    known.key, definition_id, known.version, name, bool(mine), mine, tuple(passed.get(known.key, ()))
                )
            )
    return tuple(found)


def _tokens(reader: Reader, instance_id: str) -> dict[str, list[Token]]:
    found: dict[str, list[Token]] = {}
    for row in reader.execute(
        sa.select(tasks.c.process_key, tasks.c.element_id, tasks.c.name, tasks.c.due_at).where(
            tasks.c.instance_id == instance_id, tasks.c.state.in_(LIVE)
        )
    ):
        state = "late" if row.due_at is not None and row.due_at < reader.now else "open"
        found.setdefault(row.process_key, []).append(Token(row.element_id, state, row.name))
    for row in reader.execute(
        sa.select(jobs.c.process_key, jobs.c.element_id, jobs.c.name, jobs.c.state, jobs.c.kind).where(
            jobs.c.instance_id == instance_id, jobs.c.state.in_(("OPEN", "LEASED", "FAILED")), jobs.c.token.is_not(None)
        )
    ):
        if row.kind != "timer" or row.process_key in ("lookback", "supervision", "report_obligation"):
            found.setdefault(row.process_key, []).append(
                Token(row.element_id, "late" if row.state == "FAILED" else "open", row.name)
            )
    return found


def _element_counts(reader: Reader, definition_id: str, key: str) -> dict[str, ElementCount]:
    live: dict[str, list[int]] = {}
    late = sa.func.coalesce(sa.func.sum(sa.case((tasks.c.due_at < reader.now, 1), else_=0)), 0)
    for row in reader.execute(
        sa.select(tasks.c.element_id, sa.func.count(), late)
        .where(tasks.c.definition_id == definition_id, tasks.c.state.in_(LIVE))
        .group_by(tasks.c.element_id)
    ):
        live[row[0]] = [row[1], row[2]]
    done = dict(
        reader.execute(
            sa.select(tasks.c.element_id, sa.func.count())
            .where(tasks.c.definition_id == definition_id, tasks.c.state == TaskState.COMPLETED)
            .group_by(tasks.c.element_id)
        ).all()
    )
    broken = _open_incidents(reader, definition_id, key)
    return {
        element_id: ElementCount(*live.get(element_id, (0, 0)), done.get(element_id, 0), broken.get(element_id, 0))
        for element_id in live.keys() | done.keys() | broken.keys()
    }


def _open_incidents(reader: Reader, definition_id: str, key: str) -> dict[str, int]:
    """By element; of instances that go by this version, their own process or one they call. Few are ever open."""
    query = (
        sa.select(incidents.c.element_id, instances.c.definition_ids)
        .join(jobs, jobs.c.job_id == incidents.c.job_id)
        .join(instances, instances.c.instance_id == incidents.c.instance_id)
        .where(incidents.c.resolved_at.is_(None), jobs.c.process_key == key)
    )
    return Counter(row.element_id for row in reader.execute(query) if definition_id in row.definition_ids)


def _count(reader: Reader, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
    return int(reader.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one())
