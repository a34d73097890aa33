"""What an instance would be at another version of one of its definitions: for the plan and for the act alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine import plans
from engine.bpmn.definition import Definition
from engine.bpmn.elements import called_keys, read_elements
from engine.bpmn.migration import CannotMigrate, Migrated, Note, Versions, migrate
from engine.bpmn.state import unseal
from engine.bpmn.step import Moment
from engine.domain.instance import InstanceRow
from engine.domain.task import Group, groups_of
from engine.errors import Invalid, NotFound, Problem, Rejected
from engine.store import definitions, standing
from engine.store.transaction import Scope


@dataclass(frozen=True)
class Succession:
    """From which version to which of one process. `mapping`: elements that have another id now, old to new."""

    old: Definition
    new: Definition
    mapping: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.old.key


def succession(scope: Scope, from_id: str, to_id: str, mapping: Mapping[str, str]) -> Succession:
    """Raises NotFound for a definition that is not deployed, Invalid for what cannot follow on each other."""
    found = Succession(_definition(scope, from_id), _definition(scope, to_id), dict(mapping))
    problems = tuple(_problems(found))
    if problems:
        raise Invalid("migration_invalid", "This migration cannot be planned.", problems)
    return found


def successors(scope: Scope, definition_ids: tuple[str, ...], wanted: Succession) -> tuple[str, ...]:
    """The definitions of an instance after it has moved: those it has stay, a process that only the new version calls
    comes in its newest. Raises Rejected for an instance that has not the old version among its own."""
    if wanted.old.definition_id not in definition_ids:
        raise Rejected(
            "not_at_version",
            f"The instance does not run on {wanted.key} version {wanted.old.version}.",
            key=wanted.key,
            version=wanted.old.version,
        )
    own = {_definition(scope, definition_id).key: definition_id for definition_id in definition_ids}
    own[wanted.key] = wanted.new.definition_id
    found: dict[str, str] = {}
    queue = [_definition(scope, definition_ids[0]).key]
    while queue:
        key = queue.pop(0)
        if key in found:
            continue
        definition_id = own.get(key) or definitions.latest_id(scope.connection, key)
        if definition_id is None:
            raise Rejected("process_not_deployed", f"Process {key} is not deployed.", key=key)
        found[key] = definition_id
        queue += called_keys(_diagram(_definition(scope, definition_id)))
    return tuple(found.values())


@dataclass(frozen=True)
class Successor:
    """What becomes of one instance. `groups`: by new token, to whom a task is offered whose element says so otherwise
    now."""

    migrated: Migrated
    groups: Mapping[str, tuple[Group, ...]]
    notes: tuple[Note, ...]


def successor(scope: Scope, secret: bytes, row: InstanceRow, wanted: Succession) -> Successor:
    """The instance at the new version; nothing is written. Raises CannotMigrate, Rejected."""
    after = successors(scope, row.definition_ids, wanted)
    versions = Versions(
        plans.model(scope, row.definition_ids), plans.model(scope, after), wanted.key, dict(wanted.mapping)
    )
    opened = standing.opened(scope.connection, row.instance_id)
    moments = {token: _moment(scope, row.campaign_id, at) for token, at in opened.items()}
    migrated = migrate(versions, unseal(row.blob, secret), moments, _moment(scope, row.campaign_id, scope.now))
    groups = _groups(migrated)
    offered = tuple(_offered(migrated, token, found) for token, found in groups.items())
    _check_separations(scope, row.instance_id, versions)
    return Successor(migrated, groups, (*migrated.notes, *offered))


def _groups(migrated: Migrated) -> dict[str, tuple[Group, ...]]:
    """Raises CannotMigrate where nobody could do a task any more."""
    found, problems = {}, []
    for kept in migrated.kept:
        if kept.kind != "user" or kept.old.candidate_groups == kept.new.candidate_groups:
            continue
        groups = groups_of(kept.new.candidate_groups, migrated.execution.variables(kept.new_token))
        found[kept.new_token] = groups
        if not groups:
            named = ", ".join(kept.new.candidate_groups)
            problems.append(
                Problem(
                    f"{kept.new.process_key}:{kept.new.element_id}",
                    f"按新版的办理角色（{named}），这项任务没有可办理的单位。",
                    f"the groups of the new version ({named}) name no unit that could do this task.",
                )
            )
    if problems:
        raise CannotMigrate(tuple(problems))
    return found


def _offered(migrated: Migrated, token: str, groups: tuple[Group, ...]) -> Note:
    element = next(kept.new for kept in migrated.kept if kept.new_token == token)
    title, listed = element.name or element.element_id, ", ".join(sorted(map(str, groups)))
    return Note(f"“{title}”：办理角色已按新版改为 {listed}。", f'"{title}": offered to {listed} now.')


def _check_separations(scope: Scope, instance_id: str, versions: Versions) -> None:
    """Who did something is kept from checking it by the element's id, and what is done keeps the id it was done under.

    Raises CannotMigrate where that id is gone, so that somebody could check their own work.
    """
    there = {element.element_id for element in versions.new.all_elements if element.process_key == versions.key}
    apart = {
        element_id
        for element in versions.old.all_elements
        for key, element_id in versions.old.separated(element.process_key, element.separate_from).values()
        if key in ("", versions.key)
    }
    own = {element.element_id for element in versions.old.all_elements if element.process_key == versions.key}
    gone = sorted((apart & own) - there)
    done = standing.finished_elements(scope.connection, instance_id, versions.key, gone) if gone else []
    if done:
        raise CannotMigrate(
            tuple(
                Problem(
                    f"{versions.key}:{element_id}",
                    f"“{name}”（{element_id}）已有人办结，新版没有这个编号，回避规则会失效。请在新版保留原编号。",
                    f'"{name}" ({element_id}) has been done, and the new version has no such id: the separation of '
                    "duties would be lost. Keep the id in the new version.",
                )
                for element_id, name in done
            )
        )


def _moment(scope: Scope, campaign_id: str, at: datetime) -> Moment:
    return Moment(now=at, functions=plans.timetable(scope, campaign_id, at).functions())


def _definition(scope: Scope, definition_id: str) -> Definition:
    try:
        return plans.definition(scope, definition_id)
    except KeyError as error:
        raise NotFound(
            "definition_unknown", f"There is no definition {definition_id}.", definition=definition_id
        ) from error


def _diagram(definition: Definition) -> bytes:
    return definition.files.get(f"{definition.key}.bpmn", b"")


def _problems(wanted: Succession) -> Iterator[Problem]:
    old, new = wanted.old, wanted.new
    if old.key != new.key or old.definition_id == new.definition_id or not (_diagram(old) and _diagram(new)):
        yield Problem("to", "请选择同一流程的另一个版本。", "Choose another version of the same process.")
        return
    for definition, named in ((old, wanted.mapping.keys()), (new, wanted.mapping.values())):
        there = {element.element_id for element in read_elements(_diagram(definition))}
        for element_id in sorted(set(named) - there):
            yield Problem(
                "mapping",
                f"{definition.key} 第{definition.version}版中没有环节 {element_id}。",
                f"{definition.key} version {definition.version} has no element {element_id}.",
            )
    if len(set(wanted.mapping.values())) < len(wanted.mapping):
        yield Problem("mapping", "两个环节不能对应到同一个新环节。", "Two elements cannot become the same one.")
