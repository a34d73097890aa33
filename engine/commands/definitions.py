"""Deploys a process folder. The same bytes are the same version; a version never changes; running instances stay.

By the operator on the machine; everybody else changes a model draft, which a second person publishes.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engine import plans, rulings
from engine.bpmn.check import Known, check
from engine.bpmn.elements import called_keys, process_name, read_elements
from engine.commands.ladders import replan_after
from engine.domain.actor import PLACES, ROLES, require_operator
from engine.domain.case import MILESTONES
from engine.domain.job import SERVICE_KINDS
from engine.domain.letter import KINDS
from engine.errors import EngineError, Invalid, Problem, errors_of
from engine.store import definitions
from engine.store.plans import changed
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class Beside:
    """What else is deployed in the same go: process keys, and the user tasks that `separateFrom` may name."""

    keys: frozenset[str] = frozenset()
    user_tasks: frozenset[str] = frozenset()
    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tasks: Mapping[str, frozenset[str]] = field(default_factory=dict)  # the user tasks of each process

    @staticmethod
    def of(folders: Iterable[tuple[str, Mapping[str, bytes]]]) -> "Beside":
        """Of folders as (key, files); a diagram that cannot be read gives nothing here and its problems in the
        check."""
        keys, tasks, calls = set(), {}, {}
        for key, files in folders:
            if f"{key}.bpmn" in files:
                keys.add(key)
            with suppress(EngineError, ValueError):
                bpmn = files.get(f"{key}.bpmn")
                tasks[key] = user_tasks(bpmn)
                calls[key] = calls_of(bpmn)
        return Beside(frozenset(keys), frozenset().union(*tasks.values()), calls, tasks)


@dataclass(frozen=True)
class Deploy:
    """`files`: every file of the folder by name, `tests/` included. `key` is the folder's name.

    `checked` carries problems that only forms can know (its own check of `.form` files and templates).
    """

    key: str
    files: Mapping[str, bytes] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    beside: "Beside | None" = None


def deploy(command: Deploy, tx: Transaction) -> dict[str, Any]:
    """Returns {"definition_id", "key", "version", "is_new", "newest"}: bytes that were deployed before make no version,
    so that deploying everything after an upgrade takes back nothing that the office published since.

    Raises Invalid with every error the check found.
    """
    require_operator(tx.actor)
    definitions.lock_key(tx, command.key)
    known = definitions.find(tx, command.key, command.files)
    if known is None:
        return make_version(command, tx)
    check_deployable(command, tx)
    newest = definitions.newest_version(tx, command.key)
    return {"definition_id": known[0], "key": command.key, "version": known[1], "is_new": False, "newest": newest}


def make_version(command: Deploy, tx: Transaction) -> dict[str, Any]:
    """Returns what `deploy` returns. Raises Invalid with every error the check found. The key is locked; who may do
    this is the caller's question: the operator, or a second person who publishes a draft."""
    check_deployable(command, tx)
    before = plans.tables(tx) if command.key == plans.TABLES_KEY else {}
    bpmn = command.files.get(f"{command.key}.bpmn")
    definition_id, version = definitions.add(
        tx,
        key=command.key,
        name=(process_name(bpmn) if bpmn else None) or command.key,
        files=command.files,
    )
    changed(tx)
    tx.record("DefinitionDeployed", key=command.key, version=version)
    if command.key == plans.TABLES_KEY:
        replan_after(tx, before, plans.tables(tx))
    return {
        "definition_id": definition_id,
        "key": command.key,
        "version": version,
        "is_new": True,
        "newest": version,
    }


def check_deployable(command: Deploy, tx: Transaction) -> None:
    """Raises Invalid with every error that forbids the deployment."""
    errors = errors_of(problems_of(command, tx))
    if errors:
        raise Invalid("deploy_refused", f"{command.key} cannot be deployed.", errors, key=command.key)


def problems_of(command: Deploy, tx: Transaction) -> list[Problem]:
    """Everything that speaks against deploying this beside what is deployed, warnings included."""
    problems = list(command.problems)
    if f"{command.key}.bpmn" in command.files:
        problems += check(
            command.files,
            known_to(_deployed(tx), command.beside or Beside(), Beside.of([(command.key, command.files)])),
        )
    elif is_tables(command.files):
        problems += rulings.check_tables(command.files)
    elif not any(name.endswith(".j2") for name in command.files):
        problems.append(
            Problem(
                command.key,
                f"缺少 {command.key}.bpmn：文件夹名须与流程编号一致。",
                f"{command.key}.bpmn is missing: the folder must be named like its process.",
            )
        )
    return problems


def is_tables(files: Mapping[str, bytes]) -> bool:
    """Whether this is a folder of decision tables alone, as campaigns name them in their rules."""
    return bool(files) and all(name.endswith(".dmn") for name in files)


def _deployed(tx: Transaction) -> Beside:
    keys = definitions.latest_keys(tx.connection)
    newest = [plans.definition(tx, str(definitions.latest_id(tx.connection, key))) for key in keys]
    return Beside.of((found.key, found.files) for found in newest)


@lru_cache(maxsize=64)
def user_tasks(bpmn: bytes | None) -> frozenset[str]:
    """The ids of the user tasks of a diagram."""
    found = read_elements(bpmn) if bpmn else ()
    return frozenset(element.element_id for element in found if element.type == "userTask")


@lru_cache(maxsize=64)
def calls_of(bpmn: bytes | None) -> frozenset[str]:
    """The keys of the processes that a diagram calls."""
    return frozenset(called_keys(bpmn) if bpmn else ())


def known_to(*beside: Beside, phases: frozenset[str] | None = None) -> Known:
    """What a diagram may refer to; `phases` are those of all plans, None where nobody knows them."""
    return Known(
        process_keys=frozenset().union(*(found.keys for found in beside)),
        user_tasks=frozenset().union(*(found.user_tasks for found in beside)),
        calls={key: called for found in beside for key, called in found.calls.items()},
        tasks={key: tasks for found in beside for key, tasks in found.tasks.items()},
        job_kinds=frozenset(SERVICE_KINDS),
        roles=frozenset(ROLES),
        places=frozenset(PLACES),
        milestones=frozenset(MILESTONES),
        letter_kinds=frozenset(KINDS),
        phases=phases,
    )
